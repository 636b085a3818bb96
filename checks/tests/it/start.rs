//! What the start of the real root waits for: fstab and crypttab.

use super::machine::machine;
use isctpl_checks::{Outcome, Repair};
use serde_json::{Value, json};

const MISSING: &str = "handover-mount-device-missing";
const DELAYED: &str = "handover-start-delayed";
const GONE: &str = "UUID=0b4d2a55-61a8-4c56-9a53-2f0b6a3c7e10";

fn line(spec: &str, target: &str, kind: &str, options: &str, present: Value) -> Value {
    let options: Vec<&str> = options.split(',').collect();
    json!([{"op": "add", "path": "/storage/fstab/-", "value": {"spec": spec, "target": target, "kind": kind,
        "options": options, "present": present, "at": {"path": "/etc/fstab", "line": 9}}}])
}

fn says(base: &str, check: &str, patch: &Value) -> Outcome {
    machine(base).patch(patch).says(check)
}

/// Each line was given to systemd-fstab-generator of systemd 252 (Debian 12): those that it puts into
/// local-fs.target.requires fail the start, and no other. A line of the lab with an absent disk ended in emergency
/// mode, and with `_netdev` came up.
#[test]
fn only_what_local_fs_requires_ends_in_emergency_mode() {
    for (kind, options, fails) in [
        ("ext4", "defaults", true),
        ("ext4", "noauto,auto", true),
        ("ext4", "nofail,fail", true),
        ("ext4", "x-initrd.mount", true),
        ("ext4", "x-systemd.device-timeout=5s", true),
        ("ext4", "_netdev", false),
        ("ext4", "nofail", false),
        ("ext4", "noauto", false),
        ("ext4", "auto,noauto", false),
        ("ext4", "x-systemd.automount", false),
        ("ext4", "x-systemd.automount,noauto", false),
        ("ext4", "comment=systemd.automount", false),
        ("ocfs2", "defaults", false),
        ("nfs", "defaults", false),
        ("fuse.sshfs", "defaults", false),
        ("none", "bind", false),
    ] {
        let outcome = says("initramfs-tools-live", MISSING, &line(GONE, "/data", kind, options, json!(false)));
        assert_eq!(matches!(outcome, Outcome::Fail(_)), fails, "{kind} {options}: {outcome:?}");
    }
    // Ignored with a warning: "Mount point data is not a valid path".
    let outcome = says("initramfs-tools-live", MISSING, &line(GONE, "data", "ext4", "defaults", json!(false)));
    assert!(matches!(outcome, Outcome::Pass(_)), "{outcome:?}");
    // Into another unit's requires: which units that stops is not followed.
    let elsewhere = line(GONE, "/data", "ext4", "x-systemd.required-by=multi-user.target", json!(false));
    assert!(matches!(says("initramfs-tools-live", MISSING, &elsewhere), Outcome::Unknown { .. }));
    // The initramfs mounts /usr before systemd reads any option (initramfs-tools, init: mountfs /usr).
    let usr = line(GONE, "/usr", "ext4", "nofail", json!(false));
    assert!(matches!(says("initramfs-tools-live", MISSING, &usr), Outcome::Fail(_)));
}

#[test]
fn prepare_adds_nofail() {
    let outcome = says("initramfs-tools-live", MISSING, &line(GONE, "/data", "ext4", "defaults", json!(false)));
    let Outcome::Fail(findings) = outcome else { panic!("{outcome:?}") };
    let repair = Repair::MountOption { mount_point: "/data".to_owned(), option: "nofail".to_owned() };
    assert_eq!(findings[0].remedy.repairs(), [repair]);
}

/// Devices in every spelling, on a running system whose nodes were not looked at: by what its disks say.
#[test]
fn every_spelling_is_looked_up() {
    let disk = json!([{"op": "add", "path": "/storage/devices/known/-", "value": {
        "name": "sdb1", "parent": "sdb", "part_uuid": "aa-01", "part_label": "data", "slaves": [],
        "signature": {"known": {"filesystem": {"kind": "ext4", "uuid": "ab-cd", "label": "my data"}}}}}]);
    for (spec, there) in [
        ("UUID=ab-cd", true),
        ("/dev/disk/by-uuid/ab-cd", true),
        ("LABEL=my data", true),
        ("PARTUUID=aa-01", true),
        ("PARTLABEL=data", true),
        ("/dev/sdb1", true),
        ("/dev/ubuntu-vg/ubuntu-lv", true),
        // systemd waits for the very link, which udev writes as blkid prints the UUID.
        ("UUID=AB-CD", false),
        ("UUID=ab-ce", false),
        ("LABEL=other", false),
        ("/dev/ubuntu-vg/data", false),
        ("/dev/mapper/ubuntu--vg-data", false),
        ("/dev/sdx1", false),
    ] {
        let outcome =
            machine("initramfs-tools-live").patch(&disk).patch(line(spec, "/data", "ext4", "rw", Value::Null));
        let outcome = outcome.says(MISSING);
        assert_eq!(matches!(outcome, Outcome::Pass(_)), there, "{spec}: {outcome:?}");
        assert_eq!(matches!(outcome, Outcome::Fail(_)), !there, "{spec}: {outcome:?}");
    }
    let other_type =
        machine("initramfs-tools-live").patch(&disk).patch(line("UUID=ab-cd", "/data", "xfs", "rw", Value::Null));
    assert!(matches!(other_type.says(MISSING), Outcome::Fail(_)));
    let same_family =
        machine("initramfs-tools-live").patch(&disk).patch(line("UUID=ab-cd", "/data", "ext3", "rw", Value::Null));
    assert!(matches!(same_family.says(MISSING), Outcome::Pass(_)));
}

/// A mounted root shows its own disk. What may lie on another one is unknown, and a failure once all disks of the
/// instance's machine were read.
#[test]
fn a_mounted_root_does_not_tell_of_other_disks() {
    let data = line(GONE, "/data", "ext4", "defaults", Value::Null);
    assert!(matches!(says("initramfs-tools-root", MISSING, &data), Outcome::Unknown { .. }));
    let seen = json!([
        {"op": "add", "path": "/storage/beside", "value": {"known": [{"name": "sda1", "parent": "sda", "slaves": [],
            "signature": {"known": {"filesystem": {"kind": "ext4", "uuid": "0b4d2a55", "label": null}}}}]}},
        {"op": "replace", "path": "/storage/fstab/1/spec", "value": "UUID=0b4d2a55"},
        {"op": "add", "path": "/scope/same_machine", "value": true},
    ]);
    let outcome = machine("initramfs-tools-root").patch(&seen).patch(&data).says(MISSING);
    assert!(matches!(outcome, Outcome::Fail(_)), "{outcome:?}");
    // A volume that the root's own group does not have is missing wherever the root is mounted.
    let volume = line("/dev/ubuntu-vg/data", "/data", "ext4", "defaults", Value::Null);
    let outcome = says("initramfs-tools-root", MISSING, &volume);
    assert!(matches!(outcome, Outcome::Fail(_)), "{outcome:?}");
    let file = line("/srv/disk.img", "/data", "ext4", "loop", json!(false));
    assert!(matches!(says("initramfs-tools-root", MISSING, &file), Outcome::Fail(_)));
}

/// crypttab, as systemd-cryptsetup-generator 252 reads it: into cryptsetup.target.requires goes what is neither
/// noauto, nofail nor `_netdev` (`netdev` is no option of it). What fstab mounts from it hangs on its device.
#[test]
fn an_encrypted_device_is_waited_for() {
    let crypttab = |options: &str, key: Value, present: bool| {
        let options: Vec<&str> = options.split(',').collect();
        json!([{"op": "add", "path": "/storage/crypttab", "value": [{"name": "data", "device": GONE, "key": key,
            "key_present": key.is_string(), "options": options, "present": present,
            "at": {"path": "/etc/crypttab", "line": 1}}]}])
    };
    let key = || json!("/etc/keys/data");
    for (options, key, present, fails) in [
        ("luks", key(), false, true),
        ("luks,netdev", key(), false, true),
        ("luks,nofail", key(), false, false),
        ("luks,noauto", key(), false, false),
        ("luks,_netdev", key(), false, false),
        ("luks", key(), true, false),
        ("luks", Value::Null, true, true),
        ("luks,nofail", Value::Null, true, false),
        ("luks,tpm2-device", Value::Null, true, false),
    ] {
        let outcome = says("initramfs-tools-live", DELAYED, &crypttab(options, key, present));
        assert_eq!(matches!(outcome, Outcome::Fail(_)), fails, "{options} {present}: {outcome:?}");
    }
    let mount = line("/dev/mapper/data", "/data", "ext4", "defaults", json!(false));
    for (options, present, fails) in [("luks", false, true), ("luks,noauto", false, true), ("luks", true, false)] {
        let machine = machine("initramfs-tools-live").patch(crypttab(options, key(), present)).patch(&mount);
        assert_eq!(matches!(machine.says(MISSING), Outcome::Fail(_)), fails, "{options} {present}");
    }
}

/// swap.target is wanted by sysinit.target, and not required: a minute and a half, or for ever where systemd is told.
#[test]
fn swap_delays_and_an_endless_wait_stops() {
    let swap = |options: &str| line(GONE, "none", "swap", options, json!(false));
    assert!(matches!(says("initramfs-tools-live", DELAYED, &swap("sw")), Outcome::Fail(_)));
    assert!(matches!(says("initramfs-tools-live", MISSING, &swap("sw")), Outcome::Pass(_)));
    for endless in
        ["sw,x-systemd.device-timeout=0", "sw,x-systemd.device-timeout=infinity", "sw,x-systemd.device-timeout=0s"]
    {
        assert!(matches!(says("initramfs-tools-live", MISSING, &swap(endless)), Outcome::Fail(_)), "{endless}");
    }
    for harmless in ["sw,nofail", "sw,noauto", "sw,_netdev"] {
        assert!(matches!(says("initramfs-tools-live", DELAYED, &swap(harmless)), Outcome::Pass(_)), "{harmless}");
    }
}

/// LVM's backup says what the root's volume is made of. Of a thin pool dm-thin-pool must be in the image; LVM 2.03.16
/// goes on without thin_check ("Check is skipped, please install recommended missing binary", dev_manager.c: ENOENT).
#[test]
fn layers_of_the_volume_need_their_modules() {
    let volume = |types: &[&str], on: &[&str]| json!({"types": types, "on": on});
    let with = |volumes: Value| {
        let group = json!({"ubuntu-vg": {"value": volumes, "at": {"path": "/etc/lvm/backup/ubuntu-vg", "line": 0}}});
        machine("initramfs-tools-root")
            .patch(json!([{"op": "add", "path": "/storage/volume_groups", "value": group}]))
            .says("initramfs-lvm-missing")
    };
    let thin = json!({"ubuntu-lv": volume(&["thin"], &["pool"]), "pool": volume(&["thin-pool"], &["tdata"]),
        "tdata": volume(&["striped"], &[])});
    for (volumes, fails) in [
        (json!({"ubuntu-lv": volume(&["striped"], &[])}), false),
        (json!({"ubuntu-lv": volume(&["linear"], &[]), "other": volume(&["thin"], &[])}), false),
        (thin, true),
        (json!({"ubuntu-lv": volume(&["cache"], &["fast"]), "fast": volume(&["cache-pool"], &[])}), true),
        (json!({"ubuntu-lv": volume(&["writecache"], &[])}), true),
        (json!({"ubuntu-lv": volume(&["striped"], &[]), "snap": volume(&["snapshot"], &["ubuntu-lv"])}), true),
    ] {
        let outcome = with(volumes);
        assert_eq!(matches!(outcome, Outcome::Fail(_)), fails, "{outcome:?}");
        assert_eq!(matches!(outcome, Outcome::Pass(_)), !fails, "{outcome:?}");
    }
    let unknown = with(json!({"ubuntu-lv": volume(&["vdo"], &[])}));
    assert!(matches!(unknown, Outcome::Unknown { .. }), "{unknown:?}");
}

/// udev's path_id writes target, portal and LUN into the link that root= names.
#[test]
fn a_root_by_path_is_that_of_the_firmware() {
    let base = machine("initramfs-tools-live").facts();
    let ibft = base.firmware.ibft().unwrap();
    let target = ibft.targets.iter().find(|target| target.is_valid()).unwrap();
    let (name, ip, port) = (target.name.clone().unwrap(), target.ip.unwrap(), target.port);
    for (path, fails) in [
        (format!("ip-{ip}:{port}-iscsi-{name}-lun-47-part2"), false),
        (format!("ip-{ip}:{port}-iscsi-{name}-lun-48-part2"), true),
        (format!("ip-{ip}:{port}-iscsi-{name}x-lun-47"), true),
        (format!("ip-{ip}:3261-iscsi-{name}-lun-47"), true),
        (format!("ip-10.9.9.9:{port}-iscsi-{name}-lun-47"), true),
    ] {
        let words = format!("root=/dev/disk/by-path/{path} ro iscsi_auto");
        let outcome = machine("initramfs-tools-live").cmdline(&words).says("login-target-mismatch");
        assert_eq!(matches!(outcome, Outcome::Fail(_)), fails, "{path}: {outcome:?}");
    }
    let words = format!("root=/dev/disk/by-path/ip-{ip}:{port}-iscsi-{name}-lun-47 ro iscsi_auto");
    let unknown = machine("initramfs-tools-root").cmdline(&words).says("login-target-mismatch");
    assert!(matches!(unknown, Outcome::Unknown { .. }), "{unknown:?}");
}

/// What names no device waits for none, whoever asks for it; and what lies on the root's own filesystem, or in its
/// volume group, is there with the root.
#[test]
fn what_comes_with_the_root_or_from_nowhere_is_no_doubt() {
    let root = |words: &str| machine("initramfs-tools-root").cmdline(words);
    let passes = |base: &str, patch: &Value| {
        let outcome = root(base).patch(patch).says(MISSING);
        (matches!(outcome, Outcome::Pass(_)), outcome)
    };
    let null = Value::Null;
    for options in ["x-systemd.required-by=a.service", "x-systemd.wanted-by=a.service,size=1M", "size=1M"] {
        let (there, outcome) = passes("root=UUID=ab-cd", &line("tmpfs", "/keys", "tmpfs", options, null.clone()));
        assert!(there, "{options}: {outcome:?}");
    }
    for (words, spec, there) in [
        ("root=UUID=ab-cd", "UUID=ab-cd", true),
        ("root=UUID=ab-cd", "/dev/disk/by-uuid/ab-cd", true),
        ("root=LABEL=system", "LABEL=system", true),
        ("root=UUID=ab-cd", "UUID=ab-ce", false),
        ("root=UUID=ab-cd", "LABEL=system", false),
    ] {
        let (passed, outcome) = passes(words, &line(spec, "/home", "btrfs", "subvol=@home", null.clone()));
        assert_eq!(passed, there, "{words} {spec}: {outcome:?}");
    }
    let backup = |lv: &str| {
        let volumes = json!({lv: {"types": ["striped"], "on": []}});
        let backup = json!({"value": volumes, "at": {"path": "/etc/lvm/backup/pve", "line": 1}});
        let entry = line("/dev/pve/data", "/srv", "ext4", "defaults", Value::Null)[0].clone();
        json!([entry, {"op": "add", "path": "/storage/volume_groups", "value": {"pve": backup}}])
    };
    let unknown = |patch: &Value, words: &str| match root(words).patch(patch).says(MISSING) {
        Outcome::Unknown { reason, .. } => reason,
        outcome => format!("{outcome:?}"),
    };
    assert!(passes("root=/dev/mapper/pve-root", &backup("data")).0);
    assert!(unknown(&backup("other"), "root=/dev/mapper/pve-root").contains("/etc/lvm/backup/pve"));
    let entry = line("/dev/pve/data", "/srv", "ext4", "defaults", Value::Null);
    assert!(unknown(&entry, "root=/dev/mapper/pve-root").contains("which volumes pve, the root's volume group, has"));
    assert!(unknown(&entry, "root=/dev/mapper/other-root").contains("which disks the machine has"));
}
