//! What the kernel starts first, as `kernel_init`, `exec_binprm` and `load_script` of Linux have it.

use super::*;
use isctpl_checks::facts::{FirstProgram, HooksRun};

const SYSTEM: &str = "usr/lib/systemd/system";

fn first(archive: Archive) -> Vec<FirstProgram> {
    facts_of(&archive.finish()).first_programs
}

/// Why the kernel does not start `/init`.
fn refused(archive: Archive) -> Option<String> {
    first(archive).remove(0).refused
}

fn sh(archive: Archive) -> Archive {
    archive.program("bin/sh", program(None, &[], None))
}

#[test]
fn an_init_that_the_kernel_cannot_start_is_told_with_the_reason() {
    assert_eq!(refused(sh(Archive::new()).program("init", "#!/bin/sh\n")), None);
    assert_eq!(refused(Archive::new()).as_deref(), Some("is not in the initramfs"));
    assert_eq!(
        refused(Archive::new().link("init", "usr/lib/systemd/systemd")).as_deref(),
        Some("is a link to usr/lib/systemd/systemd, which is not in the initramfs")
    );
    assert_eq!(refused(Archive::new().program("init", "")).as_deref(), Some("is empty"));
    let plain = refused(sh(Archive::new()).file("init", "#!/bin/sh\n"));
    assert_eq!(plain.as_deref(), Some("may not be executed: its mode has no x"));
    assert_eq!(
        refused(Archive::new().program("init", "#!/bin/sh\n")).as_deref(),
        Some("needs /bin/sh to run it, which is not in the initramfs")
    );
    let binary = program(Some("/lib/ld-musl-x86_64.so.1"), &[], None);
    assert_eq!(
        refused(Archive::new().program("init", binary)).as_deref(),
        Some("needs /lib/ld-musl-x86_64.so.1 to run it, which is not in the initramfs")
    );
    // An interpreter may be a script; the kernel follows that five times.
    let scripts = sh(Archive::new()).program("init", "#! /one -x\n").program("one", "#!/bin/sh\n");
    assert_eq!(refused(scripts), None);
    let circle = refused(Archive::new().program("init", "#!/init\n")).unwrap();
    assert!(circle.ends_with("the kernel gives up"), "{circle}");
}

#[test]
fn what_the_kernel_tries_next_is_told_where_it_is_there() {
    let found = first(sh(Archive::new()).program("sbin/init", "#!/bin/sh\n"));
    let paths: Vec<&str> = found.iter().map(|program| program.path.as_str()).collect();
    assert_eq!(paths, ["/init", "/sbin/init", "/bin/sh"]);
}

/// dracut with systemd, without the files named.
fn with_systemd(left_out: &[&str]) -> HooksRun {
    let files = [
        ("usr/lib/dracut-lib.sh", ""),
        ("etc/initrd-release", "NAME=dracut\n"),
        ("usr/lib/systemd/system/initrd.target", "[Unit]\nWants=dracut-cmdline.service\n"),
        ("usr/lib/systemd/system/default.target", "[Unit]\n"),
        ("usr/lib/systemd/system/dracut-cmdline.service", "[Service]\nExecStart=-/bin/dracut-cmdline\n"),
        ("usr/lib/systemd/system/dracut-initqueue.service", "[Service]\nExecStart=-/bin/dracut-initqueue\n"),
    ];
    let archive = Archive::new()
        .program("usr/lib/systemd/systemd", program(None, &[], None))
        .link("init", "usr/lib/systemd/systemd");
    let archive = files
        .into_iter()
        .filter(|(path, _)| !left_out.iter().any(|left_out| path.ends_with(left_out)))
        .fold(archive, |archive, (path, text)| {
            archive.file(path, if text.is_empty() { "getarg() {\n:\n}\n" } else { text })
        });
    let wants = "etc/systemd/system/initrd.target.wants/dracut-initqueue.service";
    let target = match left_out.contains(&"masked") {
        true => "/dev/null",
        false => "/usr/lib/systemd/system/dracut-initqueue.service",
    };
    let mask = if left_out.contains(&"masked") { "etc/systemd/system/dracut-initqueue.service" } else { wants };
    first(archive.link(mask, target)).remove(0).hooks
}

#[test]
fn systemd_runs_the_hooks_of_dracut_by_its_units_alone() {
    let run = with_systemd(&[]);
    let HooksRun::By(at) = &run else { panic!("{run:?}") };
    assert!(at.path.ends_with(&format!("!{SYSTEM}/dracut-initqueue.service")), "{at}");
    let why = |left_out: &[&str]| match with_systemd(left_out) {
        HooksRun::ByNothing(why) => why,
        other => panic!("{left_out:?}: {other:?}"),
    };
    assert_eq!(why(&["initrd.target"]), "systemd starts initrd.target, which is not in the initramfs");
    assert_eq!(why(&["dracut-cmdline.service"]), "initrd.target starts no dracut-cmdline.service");
    assert_eq!(why(&["dracut-initqueue.service"]), "initrd.target starts no dracut-initqueue.service");
    assert_eq!(why(&["masked"]), "initrd.target starts no dracut-initqueue.service");
    assert!(why(&["initrd-release"]).starts_with("etc/initrd-release is not in the initramfs, and default.target"));
    // Without dracut's library there is nothing that its units would run.
    assert!(matches!(with_systemd(&["dracut-lib.sh"]), HooksRun::Unclear(_)));
}

#[test]
fn a_script_runs_the_hooks_by_the_call_of_its_generator() {
    let run = |text: &str| first(sh(Archive::new()).program("init", text)).remove(0).hooks;
    let HooksRun::By(at) = run("#!/bin/sh\n. /scripts/functions\nrun_scripts /scripts/local-top\n") else { panic!() };
    assert_eq!(at.line, 3);
    assert!(matches!(run("#!/bin/sh\n. /lib/dracut-lib.sh\nsource_hook cmdline\n"), HooksRun::By(_)));
    assert!(matches!(run("#!/bin/sh\n# run_scripts\nexec /bin/other\n"), HooksRun::Unclear(_)));
    assert!(matches!(first(sh(Archive::new()).link("init", "bin/sh")).remove(0).hooks, HooksRun::Unclear(_)));
}
