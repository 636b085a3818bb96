//! The files of docs/unattended: what can be checked of them without the installers that read them.

use crate::support::run;
use clap::Parser as _;
use isctpl::cli::{Cli, Command};
use saphyr_parser::{Event, Parser};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn read(name: &str) -> String {
    fs::read_to_string(docs().join(name)).unwrap()
}

/// Lines that end in a backslash go on in the next one.
fn joined(text: &str) -> String {
    text.replace("\\\n", " ")
}

/// The scripts of a kickstart.
fn kickstart_scripts(text: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("%pre") || line.starts_with("%post") {
            scripts.push(lines.by_ref().take_while(|line| *line != "%end").collect::<Vec<_>>().join("\n"));
        }
    }
    scripts
}

/// The command lists of an autoinstall file, each as one script.
fn autoinstall_scripts(text: &str) -> Vec<String> {
    let (mut scripts, mut last) = (Vec::new(), String::new());
    let mut list: Option<Vec<String>> = None;
    for event in Parser::new_from_str(text) {
        match event.unwrap().0 {
            Event::Scalar(value, ..) => match &mut list {
                Some(list) => list.push(value.into_owned()),
                None => last = value.into_owned(),
            },
            Event::SequenceStart(..) if last.ends_with("-commands") => list = Some(Vec::new()),
            Event::SequenceEnd => scripts.extend(list.take().map(|list| list.join("\n"))),
            _ => {}
        }
    }
    scripts
}

/// The commands of a preseed.
fn preseed_scripts(text: &str) -> Vec<String> {
    joined(text)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once("_command string ").map(|(_, script)| script.to_owned()))
        .collect()
}

/// Every command of isctpl in a script, as its command line understands it.
fn isctpl_commands(script: &str) -> Vec<Command> {
    script
        .split(['\n', ';'])
        .flat_map(|line| line.split("&&"))
        .map(|command| command.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.first().is_some_and(|program| program.rsplit('/').next() == Some("isctpl")))
        .map(|words| Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}")).command)
        .collect()
}

#[test]
fn every_build_logs_in_where_its_installer_does_not_and_ends_with_prepare_and_seal() {
    for (name, scripts, root, logs_in) in [
        ("unattended/anaconda.ks", kickstart_scripts as fn(&str) -> Vec<String>, "/mnt/sysroot", false),
        ("unattended/subiquity/user-data", autoinstall_scripts, "/target", true),
        ("unattended/debian.preseed", preseed_scripts, "/target", true),
    ] {
        let scripts = scripts(&read(name));
        for script in &scripts {
            let output = Process::new("sh").args(["-n", "-c", script]).output().unwrap();
            assert!(output.status.success(), "{name}: {}\n{script}", String::from_utf8_lossy(&output.stderr));
        }
        let login = ["modprobe iscsi_ibft", "iscsistart -N", "iscsistart -b"];
        let does = login.iter().all(|command| scripts[0].contains(command));
        assert_eq!(does, logs_in, "{name}");
        let commands = isctpl_commands(scripts.last().unwrap());
        let [Command::Prepare(prepare), Command::Seal(seal)] = commands.as_slice() else {
            panic!("{name}: {commands:?}")
        };
        assert!(prepare.yes && seal.yes && !seal.dry_run, "{name}");
        assert_eq!((prepare.source.root.as_path(), seal.root.as_path()), (Path::new(root), Path::new(root)), "{name}");
    }
}

/// The disk is named by portal, target and LUN, and by the same ones everywhere.
#[test]
fn no_build_takes_whatever_disk_comes_first() {
    let lun = "ip-192.0.2.10:3260-iscsi-iqn.2013-01.com.example:storage.1-lun-47";
    for name in ["anaconda.ks", "subiquity/user-data", "debian.preseed"] {
        let text = read(&format!("unattended/{name}"));
        assert_eq!(text.matches(lun).count(), 1, "{name}");
        assert!(!["/dev/sd", "/dev/vd", "/dev/nvme"].iter().any(|disk| text.contains(disk)), "{name}");
    }
}

#[test]
fn no_build_holds_a_password() {
    for name in ["anaconda.ks", "subiquity/user-data", "subiquity/meta-data", "debian.preseed"] {
        let text = read(&format!("unattended/{name}"));
        assert!(!text.contains("$6$") && !text.contains("$y$"), "{name}");
        for line in text.lines().filter(|line| line.contains("passw") && !line.trim_start().starts_with('#')) {
            assert!(
                line.ends_with(['!', '*']) || line.ends_with("\"!\"") || line.contains("make-user"),
                "{name}: {line}"
            );
        }
    }
}

/// What the installer of Debian 13 was seen to ask: `user-setup-ask` for root's password where the preseeded one is
/// `!`, and netcfg for the NIC before it can fetch a preseed.
#[test]
fn the_preseed_leaves_no_question_and_answers_none_too_late() {
    let text = read("unattended/debian.preseed");
    let value = text.lines().find_map(|line| line.strip_prefix("d-i passwd/root-password-crypted password "));
    assert_eq!(value, Some("*"));
    assert!(!text.contains("netcfg/"));
}

/// `finish.d/70iscsi_settings` of partman-iscsi 83 writes the target of the build's LUN into
/// /target/etc/iscsi/iscsi.initramfs, without the account of it.
#[test]
fn the_preseed_keeps_the_builds_target_out_of_the_new_system() {
    let login = &preseed_scripts(&read("unattended/debian.preseed"))[0];
    let removed = login.find("rm -f /lib/partman/finish.d/70iscsi_settings;");
    assert!(removed.is_some_and(|at| login.find("iscsistart -b").is_some_and(|login| at < login)), "{login}");
}

#[test]
fn answers_for_cloud_init_are_yaml() {
    let user_data = read("unattended/subiquity/user-data");
    assert!(user_data.starts_with("#cloud-config\n"));
    for name in ["user-data", "meta-data"] {
        for event in Parser::new_from_str(&read(&format!("unattended/subiquity/{name}"))) {
            event.unwrap();
        }
    }
}

/// The commands of the guide are commands, and iPXE takes the scripts that they write.
#[test]
fn the_guides_scripts_are_what_ipxe_takes() {
    let guide = joined(&read("unattended.md"));
    let commands: Vec<&str> = guide.lines().filter_map(|line| line.strip_prefix("    isctpl ")).collect();
    assert_eq!(commands.len(), 4, "{commands:?}");
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("secret"), "canary").unwrap();
    let lun = "--portal 192.0.2.10 --target iqn.2013-01.com.example:storage.1 --lun 47 --initiator iqn.2020-10.com.example:a \
               --username user --password-file secret";
    for command in commands {
        let command = command.replace("--instance-yaml instance.yaml --drive-yaml drive.yaml", lun);
        let mut isctpl = run::command(command.split_whitespace());
        isctpl.current_dir(directory.path());
        let answer = run::answer(isctpl);
        assert_eq!(answer.code, 0, "{command}\n{}{}", answer.out, answer.err);
    }
}
