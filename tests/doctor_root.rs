//! `doctor --root` over trees made from manifests: what the user sees, and one change at a time.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use support::run::{doctor, verdict};
use support::tree::Tree;

fn machine(changes: &str) -> tempfile::TempDir {
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    tree.add(changes, "changes").unpack()
}

/// The report with the temporary directory's name taken out.
fn seen(root: &tempfile::TempDir, args: &[&str]) -> String {
    doctor(root.path(), args).out.replace(root.path().to_str().unwrap(), "ROOT")
}

#[test]
fn a_healthy_root_boots() {
    let root = machine("");
    assert_eq!(verdict(root.path(), &[]), "boots");
    assert_eq!(doctor(root.path(), &[]).code, 0, "{}", doctor(root.path(), &[]).out);
}

/// Each change breaks one link, and exactly one critical check says so.
#[test]
fn one_change_gives_one_critical_finding() {
    let initrd = "/boot/initrd.img-6.1.0-50-amd64";
    let grub = |cmdline: &str| {
        format!(
            "f 0600 /boot/grub/grub.cfg\n| set default=\"0\"\n| menuentry 'Fixture Linux' {{\n| \tlinux \
             /vmlinuz-6.1.0-50-amd64 {cmdline}\n| \tinitrd /initrd.img-6.1.0-50-amd64\n| }}\nf 0644 /etc/default/grub\n| \
             GRUB_CMDLINE_LINUX=\"{}\"\n",
            cmdline.replace("root=/dev/mapper/ubuntu--vg-ubuntu--lv ro ", "")
        )
    };
    let cases: Vec<(String, &str)> = vec![
        (format!("- {initrd}\n"), "fails at loader: loader-initrd-missing"),
        ("- /boot/vmlinuz-6.1.0-50-amd64\n".to_owned(), "fails at loader: loader-kernel-missing"),
        (
            grub("root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_firmware ip=ibft"),
            "fails at login: login-interface-named-ibft",
        ),
        (format!("f 0644 {initrd}\n| nothing\n"), "fails at initramfs: initramfs-unreadable"),
    ];
    for (changes, wanted) in cases {
        let root = machine(&changes);
        assert_eq!(verdict(root.path(), &[]), wanted, "{changes}\n{}", doctor(root.path(), &["-v"]).out);
    }
}

/// The boot loads from the image alone: such a machine was seen to come up, and to miss what it loads later.
#[test]
fn modules_that_only_the_disk_lacks_are_a_warning() {
    let root = machine("- /usr/lib/modules/6.1.0-50-amd64\n");
    assert_eq!(verdict(root.path(), &[]), "boots");
    let report = doctor(root.path(), &[]);
    assert_eq!(report.code, 1, "{}", report.out);
    assert!(report.out.contains("warning kernel-modules-missing"), "{}", report.out);
}

/// A change inside the image: the same tree with one entry of the image taken away.
#[test]
fn what_the_image_lacks_is_named() {
    let kernel = "/usr/lib/modules/6.1.0-50-amd64/kernel";
    for (missing, wanted) in [
        (format!("{kernel}/drivers/scsi/iscsi_tcp.ko"), "fails at initramfs: initramfs-module-missing"),
        (format!("{kernel}/drivers/scsi/libiscsi.ko"), "fails at initramfs: initramfs-module-missing"),
        (format!("{kernel}/drivers/net/virtio_net.ko"), "fails at initramfs: initramfs-nic-driver-missing"),
        (format!("{kernel}/fs/ext4/ext4.ko"), "fails at initramfs: initramfs-filesystem-missing"),
        ("/usr/sbin/iscsistart".to_owned(), "fails at initramfs: initramfs-login-tool-missing"),
        ("/usr/sbin/lvm".to_owned(), "fails at initramfs: initramfs-lvm-missing"),
        ("/usr/lib/x86_64-linux-gnu/libopeniscsiusr.so.0".to_owned(), "fails at initramfs: initramfs-library-missing"),
    ] {
        let root = machine("");
        let mut image = Tree::load("images/initramfs-tools.tree");
        image.add(&format!("- {missing}\n"), "image");
        let bytes = support::image::build(&image, "zstd");
        std::fs::write(root.path().join("boot/initrd.img-6.1.0-50-amd64"), bytes).unwrap();
        assert_eq!(verdict(root.path(), &[]), wanted, "without {missing}\n{}", doctor(root.path(), &["-v"]).out);
    }
}

#[test]
fn the_report_answers_first_and_fits_80_columns() {
    let root = machine("- /boot/vmlinuz-6.1.0-50-amd64\n");
    let report = seen(&root, &[]);
    assert!(report.starts_with("FAILS at loader"), "{report}");
    for line in report.lines() {
        // Commands are there to be pasted, so they are never broken.
        assert!(line.len() <= 80 || line.starts_with("        "), "too long: {line}");
        assert!(line.is_ascii(), "a serial console cannot show: {line}");
    }
    insta::assert_snapshot!(report);
}

#[test]
fn monitoring_formats_agree_with_the_exit_code() {
    let root = machine("- /boot/vmlinuz-6.1.0-50-amd64\n");
    let nagios = doctor(root.path(), &["--format", "nagios"]);
    assert!(nagios.out.starts_with("ISCTPL CRITICAL - fails at loader"), "{}", nagios.out);
    assert_eq!(nagios.code, 2);
    let prometheus = doctor(root.path(), &["--format", "prometheus"]);
    assert!(prometheus.out.contains("isctpl_check_status{check=\"loader-kernel-missing\",link=\"loader\"} 2"));
    assert!(prometheus.out.contains("isctpl_boot_verdict{verdict=\"fails\"} 1"));
    assert_eq!(prometheus.code, 2);
}

#[test]
fn json_keeps_its_schema_whatever_is_judged() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../src/report/doctor-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let healthy = machine("");
    let broken = machine("- /boot/vmlinuz-6.1.0-50-amd64\n");
    for (root, args) in [
        (healthy.path(), &[][..]),
        (healthy.path(), &["--only", "template"]),
        (healthy.path(), &["--skip", "login,root"]),
        (broken.path(), &[]),
        (empty.path(), &[]),
        (std::path::Path::new("/"), &[]),
    ] {
        let report = doctor(root, &[&["--format", "json"], args].concat()).json();
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// Findings without the commands of their remedies.
fn without_commands(findings: &serde_json::Value) -> serde_json::Value {
    let mut findings = findings.clone();
    for finding in findings.as_array_mut().unwrap() {
        finding["remedy"].as_object_mut().unwrap().remove("commands");
    }
    findings
}

#[test]
fn a_snapshot_gives_the_same_verdict() {
    for changes in ["", "- /boot/vmlinuz-6.1.0-50-amd64\n"] {
        let root = machine(changes);
        let file = root.path().join("out.snapshot");
        let written =
            support::run::isctpl(["snapshot", "--root", root.path().to_str().unwrap(), "-o", file.to_str().unwrap()]);
        assert_eq!(written.code, 0, "{}", written.err);
        let spot = doctor(root.path(), &["--format", "json"]).json();
        let later = support::run::isctpl(["doctor", "--format", "json", "--snapshot", file.to_str().unwrap()]).json();
        assert_eq!(later["mode"], "snapshot");
        for part in ["verdict", "chain", "checks", "counts", "root"] {
            assert_eq!(spot[part], later[part], "{part}");
        }
        // Only the commands differ: those on the spot act below the directory, and a snapshot's on the instance.
        assert_eq!(without_commands(&spot["findings"]), without_commands(&later["findings"]));
    }
}

/// A LUN's volume is often mounted through a loop device where there is no device mapper: that shows
/// its filesystem, and contradicts no name.
#[test]
fn a_root_mounted_from_a_loop_device_boots() {
    if !support::is_root() || !support::has("mke2fs") {
        return support::skip("a_root_mounted_from_a_loop_device", "mounting needs root, and the filesystem mke2fs");
    }
    let tree = machine("");
    let place = tempfile::tempdir().unwrap();
    let image = place.path().join("volume");
    let target = place.path().join("target");
    std::fs::create_dir(&target).unwrap();
    let run = |program: &str, args: &[&std::ffi::OsStr]| {
        let output = std::process::Command::new(program).args(args).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    std::fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
    run(
        "mke2fs",
        &[
            "-q".as_ref(),
            "-F".as_ref(),
            "-t".as_ref(),
            "ext4".as_ref(),
            "-d".as_ref(),
            tree.path().as_ref(),
            image.as_ref(),
        ],
    );
    run("mount", &["-o".as_ref(), "loop,ro".as_ref(), image.as_ref(), target.as_ref()]);
    let said = (verdict(&target, &[]), doctor(&target, &["-v"]).out);
    run("umount", &[target.as_ref()]);
    assert_eq!(said.0, "boots", "{}", said.1);
}
