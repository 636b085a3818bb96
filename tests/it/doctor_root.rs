//! `doctor --root` over trees made from manifests: what the user sees, and one change at a time.

use crate::support::run::{doctor, verdict};
use crate::support::tree::Tree;

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

/// What `isctpl prepare` fixes says so before the fix by hand, with what the person told.
#[test]
fn what_prepare_fixes_names_its_command_first() {
    let broken = "f 0600 /boot/grub/grub.cfg\n| set default=\"0\"\n| menuentry 'Fixture Linux' {\n| \tlinux \
                  /vmlinuz-6.1.0-50-amd64 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_firmware ip=ibft\n| \tinitrd \
                  /initrd.img-6.1.0-50-amd64\n| }\nf 0644 /etc/default/grub\n| GRUB_CMDLINE_LINUX=\"iscsi_firmware \
                  ip=ibft\"\n";
    let with_grub =
        format!("{broken}f 0755 /usr/sbin/update-grub\n| #!/bin/sh\nf 0755 /usr/sbin/grub-mkconfig\n| #!/bin/sh\n");
    let told = ["--same-machine", "--portal", "100.97.0.10", "--san-subnet", "100.97.0.0/16", "--only", "login"];
    let root = machine(&with_grub);
    let report = seen(&root, &told);
    let command = "isctpl prepare --only login-interface-named-ibft --root ROOT --portal \
                   100.97.0.10:3260 --san-subnet 100.97.0.0/16 --same-machine";
    let lines: Vec<&str> = report.lines().map(str::trim_start).collect();
    let by =
        lines.iter().position(|line| *line == format!("fixed by  {command}")).unwrap_or_else(|| panic!("{report}"));
    assert!(lines[by + 1].starts_with("fix "), "{report}");
    let json = |args: &[&str], root: &tempfile::TempDir| -> serde_json::Value {
        let args: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
        serde_json::from_str::<serde_json::Value>(&seen(root, &args)).unwrap()["findings"][0]["remedy"]["fixed_by"]
            .clone()
    };
    assert_eq!(json(&told, &root), command);
    // Where the root has nothing that writes the loader's menu, no file fixes it.
    assert_eq!(json(&told, &machine(broken)), serde_json::Value::Null);
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
        let bytes = crate::support::image::build(&image, "zstd");
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
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../src/report/doctor-v1.schema.json")).unwrap();
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
        let written = crate::support::run::isctpl([
            "snapshot",
            "--root",
            root.path().to_str().unwrap(),
            "-o",
            file.to_str().unwrap(),
        ]);
        assert_eq!(written.code, 0, "{}", written.err);
        let spot = doctor(root.path(), &["--format", "json"]).json();
        let later =
            crate::support::run::isctpl(["doctor", "--format", "json", "--snapshot", file.to_str().unwrap()]).json();
        assert_eq!(later["mode"], "snapshot");
        for part in ["verdict", "chain", "checks", "counts", "root"] {
            assert_eq!(spot[part], later[part], "{part}");
        }
        // Only the commands differ: those on the spot act below the directory, and a snapshot's on the instance.
        assert_eq!(without_commands(&spot["findings"]), without_commands(&later["findings"]));
        let commands = |report: &serde_json::Value| report["findings"][0]["remedy"]["commands"].to_string();
        let directory = root.path().to_str().unwrap();
        assert_eq!(commands(&spot).contains(directory), !changes.is_empty());
        assert!(!commands(&later).contains(directory));
        // Pasted on the machine on which it is read, the report of a snapshot does nothing.
        let text = crate::support::run::isctpl(["doctor", "--snapshot", file.to_str().unwrap()]).out;
        let named = |line: &&str| line.contains("update-grub");
        assert!(text.lines().filter(named).all(|line| line.trim_start().starts_with("# ")), "{text}");
        let said = text.replace('\n', " ").contains("in a chroot of the instance's root");
        assert_eq!(said, !changes.is_empty(), "{text}");
    }
}

/// A LUN's volume is often mounted through a loop device where there is no device mapper: that shows
/// its filesystem, and contradicts no name.
#[test]
fn a_root_mounted_from_a_loop_device_boots() {
    if !crate::support::is_root() || !crate::support::has("mke2fs") {
        return crate::support::skip(
            "a_root_mounted_from_a_loop_device",
            "mounting needs root, and the filesystem mke2fs",
        );
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

/// An overlay, as a container or an image builder mounts one, is a tree without its disk, like a plain directory.
#[test]
fn an_overlay_is_judged_like_a_plain_directory() {
    if !crate::support::is_root() {
        return crate::support::skip("an_overlay_is_judged_like_a_plain_directory", "mounting needs root");
    }
    let tree = machine("");
    let place = tempfile::tempdir().unwrap();
    let (empty, target) = (place.path().join("empty"), place.path().join("target"));
    std::fs::create_dir(&empty).unwrap();
    std::fs::create_dir(&target).unwrap();
    let plain = doctor(tree.path(), &["--format", "json"]).json();
    for mount in [
        "mount -t overlay overlay -o \"lowerdir=$1:$2\" \"$3\"",
        "mount -t tmpfs tmpfs \"$3\" && cp -a \"$1/.\" \"$3\"",
        "mount --bind \"$1\" \"$3\"",
    ] {
        // In a mount namespace of its own, so that nothing stays mounted.
        let mut shell = std::process::Command::new("unshare");
        shell.args(["--mount", "sh", "-ec", &format!("{mount}\nexec \"$4\" doctor --format json --root \"$3\""), "sh"]);
        shell.arg(tree.path()).arg(&empty).arg(&target).arg(env!("CARGO_BIN_EXE_isctpl"));
        let answer = crate::support::run::answer(shell);
        assert_eq!(answer.code, 0, "{mount}: {}", answer.err);
        let mounted = answer.json();
        assert_eq!(mounted["verdict"], plain["verdict"], "{mount}");
        assert_eq!(mounted["chain"], plain["chain"], "{mount}");
    }
}

/// ifupdown, started by systemd, with stanzas for these NICs.
fn with_stanzas(names: &[&str]) -> tempfile::TempDir {
    let stanzas: String = names.iter().map(|name| format!("| auto {name}\n| iface {name} inet dhcp\n")).collect();
    machine(&format!(
        "f 0644 /etc/network/interfaces\n| auto lo\n| iface lo inet loopback\n{stanzas}\
         f 0644 /usr/lib/systemd/system/networking.service\n| [Service]\n| ExecStart=/sbin/ifup -a\n| \
         ExecStop=/sbin/ifdown -a\n| [Install]\n| WantedBy=multi-user.target\n\
         l /etc/systemd/system/multi-user.target.wants/networking.service /usr/lib/systemd/system/networking.service\n"
    ))
}

#[test]
fn an_unknown_san_nic_is_told_in_the_first_line() {
    let root = with_stanzas(&["ens2f0", "ens2f1"]);
    let report = doctor(root.path(), &[]);
    assert_eq!(report.code, 3, "{}", report.out);
    let first = report.out.lines().next().unwrap();
    assert!(first.starts_with("UNKNOWN: boots unless ens2f0 or ens2f1 is the SAN NIC"), "{}", report.out);
    assert!(!report.out.contains("no network manager touches"), "{}", report.out);
    assert!(report.out.contains("handover-san-nic-reconfigured"), "{}", report.out);
    assert_eq!(doctor(root.path(), &["--san-nic", "ens2f0"]).code, 2);
    assert_eq!(doctor(root.path(), &["--san-nic", "unconfigured"]).code, 0);
    let json = doctor(root.path(), &["--format", "json"]).json();
    assert_eq!(json["verdict"]["boot"], "unknown");
    assert!(json["verdict"]["because"].as_str().unwrap().contains("boots unless ens2f0 or ens2f1"), "{json}");
}

#[test]
fn a_san_nic_that_nothing_bears_is_refused() {
    let root = with_stanzas(&["ens2f0", "ens2f1"]);
    for wrong in ["ens2fO", "no such nic", "52:54:00:00:00:77"] {
        let answer = doctor(root.path(), &["--san-nic", wrong]);
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{wrong}");
        assert!(answer.err.contains("ens2f0") && answer.err.lines().count() == 1, "{}", answer.err);
    }
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("snapshot");
    let taken = crate::support::run::answer(crate::support::run::command([
        "snapshot",
        "--root",
        root.path().to_str().unwrap(),
        "-o",
        file.to_str().unwrap(),
    ]));
    assert_eq!(taken.code, 0, "{}", taken.err);
    let judged = |nic: &str| {
        crate::support::run::answer(crate::support::run::command([
            "doctor",
            "--snapshot",
            file.to_str().unwrap(),
            "--san-nic",
            nic,
        ]))
        .code
    };
    assert_eq!([judged("ens2fO"), judged("ens2f0")], [3, 2]);
}
