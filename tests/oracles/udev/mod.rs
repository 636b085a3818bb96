//! Rules of udev that name NICs, against udev: `udevadm test` names a NIC of a network of its own.

mod generate;

use super::compare::{Answer, Oracle};
use super::files::write_files;
use super::packages::{unpacked, version};
use super::shell::{Root, Shell, Shells};
use isctpl::probes::{GatherRequest, gather};
use isctpl_checks::facts::{NicMatch, Source};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The NIC: as a NIC of hardware, but without a driver.
const READY: &str =
    "ip link add san address 52:54:00:00:00:01 type veth peer name peer\nmount -t sysfs sysfs \"$0/sys\"";

const NIC: &str = "san";
const MAC: &str = "52:54:00:00:00:01";

/// The file that a case begins with.
const RULES: &str = "etc/udev/rules.d/70-a.rules";

fn write_tree(directory: &Path, case: &str) {
    fs::create_dir_all(directory.join("etc/udev/rules.d")).unwrap();
    // The lines of a case have ends of their own.
    write_files(directory, RULES, case);
}

fn start(unpacked: &Path, trees: &Path) -> Shell {
    let root = Root::new(unpacked);
    root.install(&unpacked.join("bin/udevadm"), "udevadm");
    root.install(&unpacked.join("bin/busybox"), "busybox");
    for name in ["sh", "rm", "find", "mkdir", "ln", "ip"] {
        symlink("busybox", root.path(&format!("usr/bin/{name}"))).unwrap();
    }
    for directory in ["sys", "etc", "trees"] {
        root.make(directory);
    }
    root.write("script", include_str!("udev.sh"));
    let ready = format!("{READY}\nmount --bind {} \"$0/trees\"\nmount -t proc proc \"$0/proc\"", trees.display());
    root.start(&ready, "/usr/bin/sh")
}

/// Whether a rule is for the NIC; `None` where its conditions are not understood.
fn is_for(of: &NicMatch) -> Option<bool> {
    let (not, only): (Vec<&str>, Vec<&str>) =
        of.names.iter().map(String::as_str).partition(|name| name.starts_with('!'));
    let by_name = not.iter().all(|name| !glob(&name.as_bytes()[1..], NIC.as_bytes()))
        && (only.is_empty() || only.iter().any(|name| glob(name.as_bytes(), NIC.as_bytes())));
    let by_mac = of.macs.is_empty() || of.macs.iter().any(|mac| mac == MAC);
    match by_name && by_mac && of.drivers.is_empty() {
        true => of.other.is_empty().then_some(true),
        false => Some(false),
    }
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        ([b'*', rest @ ..], text) => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        ([b'[', rest @ ..], [have, text @ ..]) => {
            let end = rest.iter().position(|byte| *byte == b']').unwrap();
            rest[..end].contains(have) && glob(&rest[end + 1..], text)
        }
        ([wanted, rest @ ..], [have, text @ ..]) => (*wanted == b'?' || wanted == have) && glob(rest, text),
        (_, []) => false,
    }
}

/// The name that isctpl says.
fn claimed(root: &Path) -> Result<Answer, String> {
    let request = GatherRequest { root: root.to_owned(), ..GatherRequest::default() };
    let facts = gather(&request, &|_| ()).map_err(|problem| problem.to_string())?.netconfig;
    if let Some(doubt) = facts.problems.iter().find(|problem| problem.source == Source::LinkFiles) {
        return Err(doubt.to_string());
    }
    // The last one that fits holds.
    for rename in facts.renames.iter().rev() {
        match is_for(&rename.matches) {
            Some(true) => return Ok(vec![rename.name.clone()]),
            Some(false) => {}
            None => return Err(format!("{}: {:?}", rename.at, rename.matches.other)),
        }
    }
    Ok(vec![NIC.to_owned()])
}

#[test]
fn udev_names_nics_as_isctpl_says() {
    const TEST: &str = "oracles::udev::udev_names_nics_as_isctpl_says";
    let Some(unpacked) = unpacked(TEST, &["udev", "libkmod2", "busybox"]) else { return };
    if !crate::support::is_root() {
        return crate::support::skip(TEST, "not root, which chroot needs");
    }
    let trees = tempfile::tempdir().unwrap();
    let number = AtomicUsize::new(0);
    let shells = Shells::new(|| start(&unpacked, trees.path()));
    let ask = |case: &str| {
        let number = number.fetch_add(1, Ordering::Relaxed).to_string();
        write_tree(&trees.path().join(&number), case);
        let answer = shells.ask(&number);
        fs::remove_dir_all(trees.path().join(&number)).unwrap();
        answer
    };
    let claim = |case: &str| {
        let root = tempfile::tempdir().unwrap();
        write_tree(root.path(), case);
        claimed(root.path())
    };
    Oracle {
        language: "udev(7): names of NICs",
        program: &format!("udev {}", version(&unpacked, "udev").unwrap()),
        kept: KEPT.iter().map(|case| case.lines().map(str::to_owned).collect()).collect(),
        between: "\n",
        cases: 1000,
        decided: 820,
        generate: &generate::lines,
        claimed: &claim,
        real: &ask,
    }
    .run();
}

/// Cases that have shown a disagreement.
const KEPT: [&str; 7] = [
    "SUBSYSTEM==\"net\", ATTR{address}==\"52:54:00:00:00:01\", name=\"eth7\"",
    "ATTR{address}==\"52:54:00:00:00:01\", NAME=\"eth7\"",
    "SUBSYSTEM==\"net\", NAME:=\"eth7\"\nSUBSYSTEM==\"net\", NAME=\"eth8\"",
    "SUBSYSTEM!=\"net\", GOTO=\"end\"\nGOTO=\"end\"\nNAME=\"eth7\"\nLABEL=\"end\"",
    "SUBSYSTEM==\"net\", ACTION==\"remove\", NAME=\"eth7\"",
    "SUBSYSTEM==\"net\", DRIVER==\"?*\", NAME=\"eth7\"",
    "SUBSYSTEM==\"net\", \\\n# a comment\n NAME=\"eth7\"",
];
