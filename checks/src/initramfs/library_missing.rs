//! `initramfs-library-missing`: a program of the login lacks a shared library.

use crate::facts::{MissingLibrary, Problem};
use crate::{Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-library-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a program in the initramfs lacks a shared library",
    doc: Doc {
        finds: "A program or library in the initramfs needs a shared library (DT_NEEDED) or an interpreter that is \
                not in the initramfs. This is critical if a program that network, login or root depend on needs it, \
                directly or through other libraries. For other programs it is reported as info.",
        breaks: "The program does not start: `error while loading shared libraries`. This happens when a hook copies \
                 a program without copy_exec, or with inst_simple instead of inst.",
        fix: "Copy programs into the initramfs with copy_exec (initramfs-tools) or inst_multiple (dracut), which copy \
              the libraries too, and rebuild it.",
        references: &["ld.so(8)", "initramfs-tools(7), copy_exec", "dracut(8), inst"],
    },
    judge,
};

/// Programs without which the login or the mount of the root fails.
const LOGIN_PATH: [&str; 20] = [
    "iscsistart",
    "iscsid",
    "iscsiadm",
    "ipconfig",
    "dhclient",
    "dhcpcd",
    "NetworkManager",
    "systemd-networkd",
    "lvm",
    "dmsetup",
    "udevadm",
    "systemd-udevd",
    "kmod",
    "modprobe",
    "busybox",
    "sh",
    "bash",
    "dash",
    "mount",
    "systemd",
];

/// The most programs that one line names.
const SHOWN: usize = 3;

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    // A library that was not read is no library that is not there.
    image.whole()?;
    let (critical, other): (Vec<_>, Vec<_>) =
        image.missing_libraries.iter().partition(|library| on_login_path(library).is_some());
    if let Some(problem) = image.problems.iter().find(|problem| critical.is_empty() && is_of_login(problem)) {
        return Err(Outcome::unread(problem));
    }
    if image.missing_libraries.is_empty() {
        return Ok(Outcome::pass(format!("every program in {} finds its libraries", image.name())));
    }
    let of = |libraries: &[&MissingLibrary]| -> Vec<Evidence> {
        let line =
            |library: &&MissingLibrary| Evidence::new(format!("{}!{}", image.path, library.needed_by), needs(library));
        libraries.iter().map(line).collect()
    };
    let remedy = |libraries: &[&MissingLibrary]| {
        let text = "Copy the program with its libraries (copy_exec, inst), and rebuild the initramfs.";
        facts.rebuild_holding(ImageContents { programs: programs_of(libraries), ..ImageContents::default() }, text)
    };
    let mut findings = Vec::new();
    if let Some((first, program)) = critical.first().and_then(|first| Some((first, on_login_path(first)?))) {
        let (needed_by, library) = (base(&first.needed_by), &first.name);
        let through = if program == needed_by { String::new() } else { format!(" through {needed_by}") };
        findings.push(
            Finding::critical(format!(
                "{program} in the initramfs needs {library}{through}, which is not in the initramfs"
            ))
            .evidences(of(&critical))
            .remedy(remedy(&critical)),
        );
    }
    if let Some(first) = other.first() {
        let summary = format!(
            "{} that the boot does not need lack a library: {} is missing for {}",
            super::count::count(other.len(), "program"),
            first.name,
            base(&first.needed_by)
        );
        findings.push(Finding::info(summary).evidences(of(&other)).remedy(remedy(&[])));
    }
    Ok(Outcome::Fail(findings))
}

/// The programs that do not start for these, as paths in the root: copied again, they bring their libraries.
fn programs_of(libraries: &[&MissingLibrary]) -> Vec<String> {
    let programs = libraries.iter().flat_map(|library| match library.programs.as_slice() {
        [] => std::slice::from_ref(&library.needed_by),
        programs => programs,
    });
    let mut paths: Vec<String> = programs.map(|program| format!("/{}", program.trim_start_matches('/'))).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// The name of the program or library of the login that does not work without it.
fn on_login_path(missing: &MissingLibrary) -> Option<&str> {
    let name = base(&missing.needed_by);
    if LOGIN_PATH.contains(&name) {
        return Some(name);
    }
    let program = missing.programs.iter().map(|program| base(program)).find(|program| LOGIN_PATH.contains(program));
    program.or_else(|| is_library(name).then_some(name))
}

/// Whether a library is one that only programs of the login load.
fn is_library(name: &str) -> bool {
    name.starts_with("libopeniscsiusr.so") || name.starts_with("libsystemd-shared")
}

/// Whether it is a program or library of the login that could not be examined.
fn is_of_login(problem: &Problem) -> bool {
    let name = base(&problem.place);
    LOGIN_PATH.contains(&name) || is_library(name)
}

/// What is needed, and which programs load the one that needs it, those of the login first.
fn needs(missing: &MissingLibrary) -> String {
    let programs = missing.programs.iter().filter(|program| **program != missing.needed_by);
    let mut programs: Vec<&str> = programs.map(|program| base(program)).collect();
    programs.sort_by_key(|program| !LOGIN_PATH.contains(program));
    let shown = programs.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    let mut text = format!("needs {}", missing.name);
    if !shown.is_empty() {
        text = format!("{text}; loaded by {shown}");
    }
    match programs.len().checked_sub(SHOWN) {
        None | Some(0) => text,
        Some(more) => format!("{text} and {more} more"),
    }
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(needed_by: &str, programs: &[&str]) -> MissingLibrary {
        let programs = programs.iter().map(|&program| program.to_owned()).collect();
        MissingLibrary { name: "libx.so.1".to_owned(), needed_by: needed_by.to_owned(), programs }
    }

    #[test]
    fn a_library_counts_by_the_programs_that_load_it() {
        let library = "usr/lib/libkmod.so.2";
        assert_eq!(on_login_path(&missing("usr/sbin/iscsid", &["usr/sbin/iscsid"])), Some("iscsid"));
        assert_eq!(on_login_path(&missing(library, &["usr/bin/setfont", "usr/sbin/lvm"])), Some("lvm"));
        assert_eq!(on_login_path(&missing(library, &["usr/bin/setfont"])), None);
        // Facts of before there was a list of programs.
        assert_eq!(on_login_path(&missing("usr/sbin/iscsid", &[])), Some("iscsid"));
        assert_eq!(on_login_path(&missing("usr/lib/libopeniscsiusr.so.0", &[])), Some("libopeniscsiusr.so.0"));
    }

    #[test]
    fn a_line_names_the_programs_of_the_login_first() {
        assert_eq!(needs(&missing("usr/bin/a", &["usr/bin/a"])), "needs libx.so.1");
        assert_eq!(
            needs(&missing("usr/lib/b.so", &["bin/c", "bin/d", "bin/e", "bin/lvm"])),
            "needs libx.so.1; loaded by lvm, c, d and 1 more"
        );
    }
}
