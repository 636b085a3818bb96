//! With `--root DIR` every command for the root changes DIR alone.

use super::cases;
use super::jail::{Jail, contents};
use isctpl_checks::{Reach, RunsIn};
use std::fs;
use std::path::Path;

/// Makes what a command names, in a system that has it not.
fn furnish(root: &Path, command: &str) {
    for word in command.split(|c: char| c.is_whitespace() || "'\"><;|=".contains(c)) {
        let known = ["/etc/", "/boot/", "/root/", "/var/", "/tmp", "/home/"].iter().any(|top| word.starts_with(top));
        if !known || word.contains(['*', '$', '\\', '(', '[']) {
            continue;
        }
        let path = root.join(&word[1..]);
        if path.exists() {
            continue;
        }
        if matches!(word, "/tmp" | "/var/tmp" | "/boot/efi") || word.ends_with(".d") {
            fs::create_dir_all(&path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "what was there\n").unwrap();
        }
    }
}

#[test]
fn every_command_acts_on_the_root_alone() {
    let Some(jail) = Jail::new("every_command_acts_on_the_root_alone") else { return };
    let (host, root) = (jail.host(), jail.root());
    for system in [&host, &root] {
        fs::create_dir_all(system.join("var/tmp")).unwrap();
        fs::create_dir_all(system.join("boot")).unwrap();
        fs::create_dir_all(system.join("etc/initramfs-tools/conf.d")).unwrap();
        fs::create_dir_all(system.join("etc/dracut.conf.d")).unwrap();
        fs::create_dir_all(system.join("etc/iscsi")).unwrap();
        fs::write(system.join("etc/kept"), "kept").unwrap();
        // An absolute link leads to the host where the root is not `/` to who follows it.
        std::os::unix::fs::symlink("/etc", system.join("tmp/link")).unwrap();
        fs::write(system.join("tmp/file"), "left").unwrap();
    }
    let (mut for_root, mut for_machine, mut changed_root) = (0, 0, 0);
    let broken = cases::all().into_iter().map(|(check, findings)| (check.id.to_owned(), findings));
    for (case, findings) in broken.chain(cases::captured()) {
        for remedy in findings.iter().map(|finding| &finding.remedy) {
            for (plain, typed) in remedy.plain_commands().iter().zip(remedy.typed(Reach::Mounted("/target"))) {
                furnish(&host, plain);
                furnish(&root, plain);
                let (host_before, root_before) = (contents(&host), contents(&root));
                let output = jail.run(&typed);
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                let name = format!("{case}: {typed}\n{said}");
                let changed = (contents(&host) != host_before, contents(&root) != root_before);
                match remedy.runs_in() {
                    RunsIn::Root => {
                        for_root += 1;
                        // What is mounted there stays, and find says so.
                        let mounted = said.contains("'/tmp/other': Device or resource busy");
                        assert!(mounted || output.status.success() && said.is_empty(), "{name}");
                        assert!(!changed.0, "changes the host: {name}");
                        changed_root += usize::from(changed.1);
                    }
                    RunsIn::Machine => {
                        for_machine += 1;
                        assert_eq!(typed, *plain, "{name}");
                        assert!(!changed.1, "changes the root: {name}");
                    }
                }
            }
        }
    }
    let log = fs::read_to_string(root.join("var/log/stubs")).unwrap();
    // depmod needs nothing but the files.
    assert!(!log.lines().any(|line| line.ends_with("LACKS") && !line.starts_with("depmod ")), "{log}");
    assert!(log.contains("update-grub\n") && log.contains("update-initramfs <-u>"), "{log}");
    assert!(for_machine > 15, "{for_machine} commands for the machine");
    // Some only look, sed finds nothing to edit in what stands here for a file, and captured machines ask for the
    // same once more.
    assert!(for_root > 90 && changed_root * 3 > for_root * 2, "{changed_root} of {for_root} change the root");
}
