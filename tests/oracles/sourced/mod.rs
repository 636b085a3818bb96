//! Files that set variables and are read by a shell, such as `/etc/default/grub`, against the shells that read them:
//! dash, bash, busybox's and klibc's.

mod generate;

use super::compare::{Answer, Oracle};
use super::packages::{unpacked, version};
use super::shell::Root;
use isctpl::formats::shell::{Shell, Variables};
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The variables that cases set.
const NAMES: [&str; 4] = ["A", "B", "C", "D"];

/// What another file sets, which cases read in.
const OTHER: &str = "A=other\n: ${D:=late}\n";

/// The shells in a root where nothing else can be run.
fn root(unpacked: &std::path::Path) -> Root {
    let root = Root::new(unpacked);
    root.install_own("dash");
    root.install_own("bash");
    root.install(&unpacked.join("bin/busybox"), "busybox");
    for library in fs::read_dir(unpacked.join("lib")).unwrap().flatten() {
        let name = library.file_name().to_string_lossy().into_owned();
        if name.starts_with("klibc-") {
            root.copy(&library.path(), &format!("lib/{name}"));
        }
    }
    root.copy(&unpacked.join("usr/lib/klibc/bin/sh"), "usr/bin/klibc");
    std::os::unix::fs::symlink("usr/bin", root.path("shells")).unwrap();
    root.make("empty");
    root.make("cases");
    root.write("etc/other", OTHER);
    root.write("all", include_str!("all.sh"));
    root.write("ask", include_str!("ask.sh"));
    root
}

/// What isctpl knows of the variables that a case sets.
fn known(case: &str) -> Vec<(&'static str, Result<String, String>)> {
    let mut variables = Variables::default();
    variables.read(case, "case", Shell::Any);
    let value = |name| match variables.certain(name) {
        Ok(setting) => Ok(setting.map(|setting| setting.value.clone()).unwrap_or_default()),
        Err(problem) => Err(problem.to_string()),
    };
    NAMES.into_iter().map(|name| (name, value(name))).collect()
}

/// What isctpl says: of the variable that is set last, for one who asks for that, and of the others as far as it
/// knows.
fn claimed(case: &str) -> Result<Answer, String> {
    let last = NAMES.into_iter().max_by_key(|name| case.rfind(&format!("{name}=")).map_or(0, |at| at + 1));
    let mut answer = Answer::new();
    for (name, value) in known(case) {
        match value {
            Ok(value) => answer.push(format!("{name}={value}")),
            Err(why) if Some(name) == last => return Err(why),
            Err(_) => {}
        }
    }
    Ok(answer)
}

/// What the shells say of the variables that isctpl knows, a line for all of them or for each.
fn told(said: &str, case: &str) -> Answer {
    let shells: Vec<(&str, &str)> =
        said.split('\u{3}').skip(1).map(|said| said.split_once('\u{1}').unwrap_or((said, ""))).collect();
    assert_eq!(shells.len(), 4, "{said}");
    let mut answer = Answer::new();
    for (index, (name, _)) in known(case).iter().enumerate().filter(|(_, (_, known))| known.is_ok()) {
        let of = |said: &str| said.split('\u{1}').nth(index).unwrap_or_default().to_owned();
        let first = of(shells[0].1);
        if shells.iter().all(|(_, said)| of(said) == first) {
            answer.push(first);
        } else {
            answer.extend(shells.iter().map(|(shell, said)| format!("{name} differs: {shell}: {}", of(said))));
        }
    }
    answer
}

#[test]
fn shells_set_what_isctpl_says() {
    const TEST: &str = "oracles::sourced::shells_set_what_isctpl_says";
    let Some(unpacked) = unpacked(TEST, &["busybox", "klibc-utils", "libklibc"]) else { return };
    if !crate::support::is_root() {
        return crate::support::skip(TEST, "not root, which chroot needs");
    }
    let root = root(&unpacked);
    let number = AtomicUsize::new(0);
    let ask = |case: &str| {
        let path = format!("cases/{}", number.fetch_add(1, Ordering::Relaxed));
        root.write(&path, case);
        let output = Command::new("chroot")
            .arg(root.path(""))
            .args(["/shells/dash", "/all", &format!("/{path}")])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        told(&String::from_utf8_lossy(&output.stdout), case)
    };
    let of = |package| version(&unpacked, package).unwrap();
    Oracle {
        language: "files of variables",
        program: &format!("dash, bash, busybox {}, klibc {}", of("busybox"), of("klibc-utils")),
        kept: KEPT.iter().map(|case| case.split_inclusive('\n').map(str::to_owned).collect()).collect(),
        between: "",
        cases: 2000,
        decided: 1340,
        generate: &generate::lines,
        claimed: &claimed,
        real: &ask,
    }
    .run();
}

/// Cases that have shown a disagreement.
const KEPT: [&str; 7] = [
    ". /nonexistent\nC=x=y\n",
    "local A=x\nD=\"=\"\n",
    "set -e\nA=[a]a\nC+=?\nC=!\n",
    "set -u\nA=${#C}\nB=1\n",
    "A=/dev/sda1\nB=\"${A#'/'*/}\"${A%%[0-9]}\n",
    "A=08\nB=$((A+1))\nC=1\n",
    "A=\nB=$((A+1))\nC=1\n",
];
