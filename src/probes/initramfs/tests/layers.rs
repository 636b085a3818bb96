//! What sets up the layers below the root, and what these tools read.
use super::*;
use isctpl_checks::facts::{Layer, Location};

fn layers(facts: &Initramfs) -> Vec<(Layer, &str)> {
    let starters = facts.starters.as_deref().unwrap();
    starters.iter().map(|starter| (starter.layer, starter.at.path.split_once('!').unwrap().1)).collect()
}

const RAID_RULE: &str = "# rules\nSUBSYSTEM!=\"block\", GOTO=\"end\"\n\
    ACTION==\"add|change\", IMPORT{program}=\"/sbin/mdadm --incremental --export $devnode\"\nLABEL=\"end\"\n";
const LVM_RULE: &str = "ENV{LVM_VG_NAME_COMPLETE}==\"?*\", RUN+=\"/sbin/lvm vgchange -aay --autoactivation event x\"\n";

#[test]
fn udev_and_the_scripts_of_an_order_run_what_they_name() {
    let image = initramfs_tools(&ipconfig(""))
        .program("usr/lib/systemd/systemd-udevd", "x")
        .file("usr/lib/udev/rules.d/64-md-raid-assembly.rules", RAID_RULE)
        .file("usr/lib/udev/rules.d/69-lvm.rules", LVM_RULE)
        .file(
            "usr/lib/udev/rules.d/60-multipath.rules",
            "IMPORT{cmdline}=\"multipath\"\nIMPORT{program}=\"/sbin/multipath -u %k\"\n",
        )
        .file("usr/lib/udev/rules.d/64-btrfs.rules", "IMPORT{builtin}=\"btrfs ready $devnode\"\n")
        // A file of /etc hides the one of the same name.
        .link("etc/udev/rules.d/64-btrfs.rules", "/dev/null")
        .program("scripts/local-block/multipath", "#!/bin/sh\n# /sbin/multipath\n/sbin/multipath -v 0\n")
        .file("scripts/local-block/ORDER", "/scripts/local-block/multipath \"$@\"\n")
        // Its ORDER does not name it.
        .program("scripts/local-top/cryptroot", "#!/bin/sh\ncrypttab_foreach_entry setup_mapping\n")
        .program("scripts/init-bottom/overlayroot", "#!/bin/sh\nmount -t overlay x y\n")
        .file("scripts/init-bottom/ORDER", "/scripts/init-bottom/overlayroot \"$@\"\n");
    let facts = facts_of(&image.finish());
    assert_eq!(
        layers(&facts),
        [
            (Layer::Overlay, "scripts/init-bottom/overlayroot"),
            (Layer::Multipath, "scripts/local-block/multipath"),
            (Layer::Raid, "usr/lib/udev/rules.d/64-md-raid-assembly.rules"),
            (Layer::Lvm, "usr/lib/udev/rules.d/69-lvm.rules"),
        ]
    );
    let raid = facts.starters.unwrap().into_iter().find(|starter| starter.layer == Layer::Raid).unwrap();
    assert_eq!(raid.at, Location::line("/boot/initrd.img!usr/lib/udev/rules.d/64-md-raid-assembly.rules", 3));
}

/// dracut's lvm_scan lies in every image of its module, and its rule runs it.
#[test]
fn a_program_is_run_by_what_calls_it() {
    let scan = "#!/bin/sh\nlvm vgchange -ay --sysinit\n";
    let image = || dracut().program("usr/sbin/lvm_scan", scan).program("usr/lib/systemd/systemd-udevd", "x");
    let rule = "RUN+=\"/sbin/initqueue --settled --onetime --unique /sbin/lvm_scan\"\n";
    let ruled = image().file("etc/udev/rules.d/64-lvm.rules", rule);
    assert_eq!(layers(&facts_of(&ruled.finish())), [(Layer::Lvm, "etc/udev/rules.d/64-lvm.rules")]);
    assert_eq!(layers(&facts_of(&image().finish())), []);
}

#[test]
fn nothing_reads_rules_where_there_is_no_udev() {
    let image = initramfs_tools(&ipconfig("")).file("usr/lib/udev/rules.d/69-lvm.rules", LVM_RULE);
    assert_eq!(layers(&facts_of(&image.finish())), []);
}

#[test]
fn a_generator_and_units_that_start_set_up_layers() {
    let system = "usr/lib/systemd/system";
    let image = |condition: &str| {
        dracut()
            .program("usr/lib/systemd/system-generators/systemd-cryptsetup-generator", program(None, &[], None))
            .link(&format!("{system}/basic.target.wants/multipathd.service"), "../multipathd.service")
            .file(
                &format!("{system}/multipathd.service"),
                format!("[Unit]\n{condition}\n[Service]\nExecStart=/sbin/multipathd -d -s\n"),
            )
    };
    let found = |condition: &str| {
        let facts = facts_of(&image(condition).finish());
        layers(&facts).into_iter().map(|(layer, _)| layer).collect::<Vec<_>>()
    };
    assert_eq!(found(""), [Layer::Crypt, Layer::Multipath]);
    assert_eq!(found("ConditionPathExists=/etc/multipath.conf"), [Layer::Crypt]);
}

#[test]
fn tables_of_the_image_are_read_and_keys_looked_for() {
    let image = initramfs_tools(&ipconfig(""))
        .file("cryptroot/crypttab", "root UUID=5d0b8a4e /cryptroot/keyfiles/root.key luks,keyscript=decrypt_derived\nswap /dev/sda2 /gone luks\nasked /dev/sda4 none luks\n")
        .file("cryptroot/keyfiles/root.key", "tell-nobody")
        .file("etc/mdadm/mdadm.conf", "AUTO -all\nARRAY /dev/md/0 UUID=b1a2c3d4:e5f60718:293a4b5c:6d7e8f90\n");
    let facts = facts_of(&image.finish());
    let keys: Vec<_> = facts.crypttab.iter().map(|entry| (entry.name.as_str(), entry.key_present)).collect();
    assert_eq!(keys, [("root", Some(true)), ("swap", None), ("asked", None)]);
    assert_eq!(facts.md_arrays[0].value.device.as_deref(), Some("/dev/md/0"));
    assert_eq!(facts.md_named_only.as_ref().map(|only| only.value.as_str()), Some("AUTO -all"));
    assert!(!format!("{facts:?}").contains("tell-nobody"));
}
