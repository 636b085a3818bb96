#![allow(clippy::unwrap_used)]

mod scripts;
mod type2;

use super::found::is_recovery;
use super::*;
use isctpl_checks::facts::BootEntry;
use nix::sys::stat::Mode;
use std::fs;
use tempfile::TempDir;

/// A root made of files.
fn tree(files: &[(&str, &str)]) -> (TempDir, Root) {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path.trim_start_matches('/'));
        if text.is_empty() {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    let root = Root::open(dir.path()).unwrap();
    (dir, root)
}

const FSTAB: &str =
    "/dev/vg/root / ext4 defaults 0 1\nUUID=b00t /boot ext4 defaults 0 2\nUUID=E5-9 /boot/efi vfat umask=0077 0 1\n";
const CFG: &str = "set default=0\nset timeout=5\nmenuentry 'Linux' {\nsearch --no-floppy --fs-uuid --set=root b00t\n\
                   linux /vmlinuz root=/dev/vg/root ro iscsi_password=geheim\ninitrd /initrd.img\n}\n";

fn chosen(loader: &Loader) -> &str {
    loader.default_entry().map(|entry| entry.title.as_str()).unwrap_or_default()
}

#[test]
fn an_entry_is_found_below_the_mount_it_names() {
    let (_dir, root) = tree(&[
        ("/etc/fstab", FSTAB),
        ("/etc/default/grub", "GRUB_CMDLINE_LINUX=a\n"),
        ("/boot/grub/grub.cfg", CFG),
        ("/boot/vmlinuz", "kernel"),
        ("/boot/efi/EFI/Boot/bootx64.efi", "MZ"),
        ("/boot/efi/EFI/debian/grubx64.efi", "MZ"),
    ]);
    let loader = read(&root);
    assert_eq!(loader.problems, []);
    let entry = loader.default_entry().unwrap();
    let kernel = entry.kernel.as_ref().unwrap();
    assert_eq!((kernel.written.as_str(), kernel.path.as_deref(), kernel.size), ("/vmlinuz", Some("/boot/vmlinuz"), 6));
    assert_eq!(kernel.at, Some(Location::line("/boot/grub/grub.cfg", 5)));
    // It is not there, and /boot is: so it is missing, and not unknown.
    assert_eq!((entry.initrds[0].path.as_deref(), &entry.initrds[0].problem), (None, &None));
    assert_eq!(entry.cmdline.text(), "root=/dev/vg/root ro iscsi_password=(hidden)");
    assert_eq!(loader.timeout.as_ref().unwrap().value, 5);
    let esp = loader.esp.known().unwrap();
    assert_eq!((esp.mount_point.as_deref(), esp.visible), (Some("/boot/efi"), true));
    assert_eq!(
        (esp.fallback.join(" "), esp.loaders.join(" ")),
        ("EFI/Boot/bootx64.efi".into(), "EFI/debian/grubx64.efi".into())
    );
    assert!(!serde_json::to_string(&loader).unwrap().contains("geheim"));
}

#[test]
fn a_partition_that_cannot_be_looked_at_is_not_missing() {
    let (dir, root) = tree(&[("/etc/fstab", FSTAB), ("/boot/vmlinuz", "kernel")]);
    std::os::unix::fs::symlink("efi", dir.path().join("boot/efi")).unwrap();
    assert!(read(&root).esp.problem().is_some());
}

#[test]
fn what_is_not_mounted_is_unknown() {
    let (_dir, root) = tree(&[("/etc/fstab", FSTAB), ("/boot/efi", "")]);
    let loader = read(&root);
    let problem = loader.chosen.problem().unwrap();
    assert_eq!(problem.to_string(), "/boot: is a separate filesystem (/etc/fstab:2) and is not mounted here");
    let esp = loader.esp.known().unwrap();
    assert_eq!((esp.mount_point.as_deref(), esp.visible), (Some("/boot/efi"), false));
    let (_dir, root) = tree(&[("/etc/fstab", "/dev/vg/root / ext4 defaults 0 1\n")]);
    assert!(read(&root).chosen.problem().unwrap().what.contains("neither grub.cfg"));
    assert_eq!(read(&root).esp.known().unwrap(), &Esp::default());
}

#[test]
fn a_fifo_in_a_files_place_is_a_problem() {
    let (dir, root) = tree(&[("/boot/grub/grub.cfg", CFG), ("/boot/initrd.img", "")]);
    nix::unistd::mkfifo(&dir.path().join("boot/vmlinuz"), Mode::from_bits_truncate(0o600)).unwrap();
    let loader = read(&root);
    let entry = loader.default_entry().unwrap();
    assert_eq!(
        entry.kernel.as_ref().unwrap().problem.as_ref().unwrap().what,
        "is a device, FIFO or socket, not a file"
    );
    assert_eq!(entry.initrds[0].problem.as_ref().unwrap().what, "is a directory, not a file");
}

#[test]
fn a_btrfs_subvolume_is_seen_through() {
    let (_dir, root) = tree(&[
        ("/etc/fstab", "UUID=r00t / btrfs subvol=@ 0 0\n"),
        (
            "/boot/grub/grub.cfg",
            "menuentry x {\nsearch --fs-uuid --set=root r00t\nlinux /@/boot/vmlinuz ro\ninitrd ($root)/@/boot/i\n}\n",
        ),
        ("/boot/vmlinuz", "k"),
        ("/boot/i", "i"),
    ]);
    let loader = read(&root);
    let entry = loader.default_entry().unwrap();
    assert_eq!(entry.kernel.as_ref().unwrap().path.as_deref(), Some("/boot/vmlinuz"));
    assert_eq!(entry.initrds[0].path.as_deref(), Some("/boot/i"));
}

#[test]
fn a_stub_on_the_esp_leads_to_the_menu() {
    let stub = "search.fs_uuid b00t root\nset prefix=($root)'/grub'\nconfigfile $prefix/grub.cfg\n";
    let (_dir, root) =
        tree(&[("/etc/fstab", FSTAB), ("/boot/efi/EFI/ubuntu/grub.cfg", stub), ("/boot/grub/grub.cfg", CFG)]);
    let loader = read(&root);
    assert_eq!(chosen(&loader), "Linux");
    assert_eq!(loader.entries.len(), 1);
    assert_eq!(loader.entries[0].at, Some(Location::line("/boot/grub/grub.cfg", 3)));
    assert_eq!(loader.problems, []);
}

#[test]
fn red_hat_entries_follow_grubenv() {
    let bls = |version: &str| {
        format!(
            "title L {version}\nversion {version}\nlinux /vmlinuz-{version}\ninitrd /i-{version}\noptions $kernelopts\n"
        )
    };
    let (old, new) = (bls("5.14.0-70"), bls("5.14.0-427"));
    let mut env =
        "# GRUB Environment Block\nsaved_entry=m-5.14.0-70\nkernelopts=root=/dev/vg/root iscsi_password=geheim\n"
            .to_owned();
    env.push_str(&"#".repeat(1024 - env.len()));
    let (_dir, root) = tree(&[
        ("/boot/grub2/grub.cfg", "load_env\nset default=\"${saved_entry}\"\nblscfg\n"),
        ("/boot/grub2/grubenv", &env),
        ("/boot/loader/entries/m-5.14.0-70.conf", &old),
        ("/boot/loader/entries/m-5.14.0-427.conf", &new),
        ("/boot/vmlinuz-5.14.0-70", "k"),
    ]);
    let loader = read(&root);
    assert_eq!(
        loader.entries.iter().map(|entry| entry.title.as_str()).collect::<Vec<_>>(),
        ["L 5.14.0-427", "L 5.14.0-70"]
    );
    assert_eq!(chosen(&loader), "L 5.14.0-70");
    let entry = loader.default_entry().unwrap();
    assert_eq!(entry.cmdline.text(), "root=/dev/vg/root iscsi_password=(hidden)");
    assert_eq!(entry.kernel.as_ref().unwrap().path.as_deref(), Some("/boot/vmlinuz-5.14.0-70"));
    assert_eq!(loader.grubenv["kernelopts"], "root=/dev/vg/root iscsi_password=(hidden)");
    assert!(!serde_json::to_string(&loader).unwrap().contains("geheim"));
}

#[test]
fn systemd_boot_chooses_by_its_pattern() {
    let entry = |version: &str| format!("title L\nversion {version}\nlinux /m/{version}/linux\noptions ro\n");
    let (first, second) = (entry("6.1"), entry("6.9"));
    let files = [
        ("/etc/fstab", "UUID=E5 /efi vfat defaults 0 0\n"),
        ("/efi/EFI/BOOT/BOOTX64.EFI", "MZ #### LoaderInfo: systemd-boot 252 ####"),
        ("/efi/loader/entries/m-6.1.conf", &first),
        ("/efi/loader/entries/m-6.9.conf", &second),
        ("/efi/m/6.1/linux", "k"),
        ("/efi/loader/loader.conf", "timeout 3\ndefault m-6.1*\n"),
    ];
    let (_dir, root) = tree(&files);
    let loader = read(&root);
    let entry = loader.default_entry().unwrap();
    assert_eq!(entry.id.as_deref(), Some("m-6.1"));
    assert_eq!(entry.kernel.as_ref().unwrap().path.as_deref(), Some("/efi/m/6.1/linux"));
    assert_eq!(loader.chosen.known().unwrap().at, Some(Location::line("/efi/loader/loader.conf", 2)));
    let (_dir, root) = tree(files.get(..5).unwrap());
    assert_eq!(read(&root).default_entry().unwrap().id.as_deref(), Some("m-6.9"));
    let mut both = files.to_vec();
    both.push(("/boot/grub/grub.cfg", CFG));
    let (_dir, root) = tree(&both);
    let loader = read(&root);
    assert_eq!((loader.entries.len(), loader.default_entry().unwrap().id.as_deref()), (3, Some("m-6.1")));
}

#[test]
fn recovery_entries_are_told() {
    for (title, options, recovery) in [
        ("Linux (recovery mode)", "ro", true),
        ("Linux", "ro single", true),
        ("Linux", "ro systemd.unit=rescue.target", true),
        ("Linux", "ro rd.shell quiet", false),
    ] {
        let entry =
            BootEntry { title: title.to_owned(), cmdline: cmdline::parse(options, None), ..BootEntry::default() };
        assert_eq!(is_recovery(&entry), recovery, "{title} {options}");
    }
}

#[test]
fn a_configuration_without_entries_is_told_apart_from_one_that_is_elsewhere() {
    let none = |files: &[(&str, &str)]| {
        let (_dir, root) = tree(files);
        read(&root).no_entries.map(|none| format!("{} {}", none.at, none.value))
    };
    let cut = CFG.trim_end().trim_end_matches('}');
    assert_eq!(
        none(&[("/boot/grub/grub.cfg", cut)]).unwrap(),
        "/boot/grub/grub.cfg:3 ends inside the block that begins on line 3"
    );
    assert_eq!(
        none(&[("/boot/grub/grub.cfg", "set timeout=5\n")]).unwrap(),
        "/boot/grub/grub.cfg defines no menu entry"
    );
    assert_eq!(none(&[("/boot/grub/grub.cfg", CFG)]), None);
    // Nothing was mounted there, or the menu is where the stub leads.
    assert_eq!(
        none(&[("/etc/fstab", FSTAB), ("/boot/efi/EFI/debian/grub.cfg", "configfile $prefix/grub.cfg\n")]),
        None
    );
}

/// dracut.conf(5): the main file, then the others by name; one in /etc hides one of the same name in /usr/lib.
#[test]
fn what_dracut_keeps_out_is_told_by_line() {
    let (_dir, root) = tree(&[
        ("/etc/dracut.conf", "# omit_dracutmodules+=\" lvm \"\nomit_drivers=\" floppy \"\n"),
        ("/etc/dracut.conf.d/50-small.conf", "hostonly=yes\nomit_dracutmodules+=\" iscsi nfs \"\n"),
        ("/usr/lib/dracut/dracut.conf.d/50-small.conf", "omit_dracutmodules+=\" network \"\n"),
        ("/usr/lib/dracut/dracut.conf.d/90-late.conf", "omit_dracutmodules+=' iscsi dm '\nomit_drivers='libiscsi'\n"),
        ("/etc/dracut.conf.d/unread", "omit_dracutmodules+=\" lvm \"\n"),
    ]);
    let told: Vec<_> = dracut::omits(&root)
        .into_iter()
        .map(|omit| format!("{} {}: {}", omit.at, omit.key, omit.words.join(" ")))
        .collect();
    assert_eq!(
        told,
        [
            "/etc/dracut.conf.d/50-small.conf:2 omit_dracutmodules: iscsi nfs",
            "/usr/lib/dracut/dracut.conf.d/90-late.conf:1 omit_dracutmodules: dm",
            "/usr/lib/dracut/dracut.conf.d/90-late.conf:2 omit_drivers: libiscsi",
        ]
    );
}

#[test]
fn an_esp_that_cannot_be_looked_for_is_not_absent() {
    let (dir, root) = tree(&[("/etc/fstab", FSTAB), ("/boot", "")]);
    assert!(read(&root).esp.known().is_some());
    std::os::unix::fs::symlink("efi", dir.path().join("boot/efi")).unwrap();
    assert_eq!(read(&root).esp.problem().map(|problem| problem.place.as_str()), Some("/boot/efi"));
}

/// A link that leads to itself: the kernel does not say whether there is a file.
fn circle(dir: &TempDir, path: &str) {
    let path = dir.path().join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(path.file_name().unwrap(), &path).unwrap();
}

#[test]
fn a_stub_that_cannot_be_looked_at_may_choose_another_entry() {
    let stub = "/boot/efi/EFI/debian/grub.cfg";
    let (dir, root) = tree(&[("/boot/grub/grub.cfg", CFG)]);
    circle(&dir, stub);
    let loader = read(&root);
    assert_eq!((loader.chosen.problem().map(|problem| problem.place.as_str()), loader.entries.len()), (Some(stub), 1));
    assert!(loader.problems.iter().any(|problem| problem.place == stub));
    let (dir, root) = tree(&[("/boot/grub/grub.cfg", "set timeout=5\n")]);
    circle(&dir, stub);
    assert_eq!(read(&root).no_entries, None);
    // What comes after the menu changes nothing.
    let (dir, root) = tree(&[("/boot/grub/grub.cfg", CFG)]);
    circle(&dir, "/boot/grub2/grub.cfg");
    assert_eq!(chosen(&read(&root)), "Linux");
}

#[test]
fn entries_that_cannot_be_looked_at_are_not_none() {
    let (dir, root) = tree(&[
        ("/boot/grub2/grub.cfg", "blscfg\n"),
        ("/boot/efi/loader/entries/a.conf", "title L\nlinux /vmlinuz\noptions ro\n"),
    ]);
    assert_eq!(chosen(&read(&root)), "L");
    circle(&dir, "/boot/loader/entries");
    let loader = read(&root);
    assert!(loader.default_entry().is_none() && loader.chosen.problem().is_some() && loader.no_entries.is_none());
    assert!(loader.problems.iter().any(|problem| problem.to_string().contains("/boot/loader/entries")), "{loader:?}");
}

#[test]
fn a_tool_that_cannot_be_looked_at_is_told() {
    let (dir, root) = tree(&[("/boot/grub/grub.cfg", CFG), ("/usr/bin/dracut", "#!")]);
    circle(&dir, "/usr/sbin/dracut");
    circle(&dir, "/usr/sbin/update-initramfs");
    let loader = read(&root);
    assert_eq!(loader.tools, ["dracut"]);
    let told: Vec<_> = loader.problems.iter().map(|problem| (problem.place.as_str(), problem.source)).collect();
    assert_eq!(told, [("/usr/sbin/update-initramfs", Source::Other)]);
}

#[test]
fn what_systemd_boot_reads_and_cannot_be_looked_at_is_not_absent() {
    let entry = ("/boot/loader/entries/m-6.1.conf", "title L\nversion 6.1\nlinux /m/linux\noptions ro\n");
    let reason = |loader: &Loader| loader.chosen.problem().map(|problem| problem.place.clone());
    let (dir, root) = tree(&[entry]);
    assert_eq!(reason(&read(&root)), None);
    circle(&dir, "/boot/loader/loader.conf");
    assert_eq!(reason(&read(&root)).as_deref(), Some("/boot/loader/loader.conf"));
    // Unified images count unless the default is an entry.
    let (dir, root) = tree(&[entry, ("/efi/EFI/BOOT/BOOTX64.EFI", "MZ #### LoaderInfo: systemd-boot 252 ####")]);
    let images = "/efi/EFI/Linux";
    circle(&dir, images);
    assert_eq!(reason(&read(&root)).as_deref(), Some(images));
    assert!(read(&root).problems.iter().any(|problem| problem.place == images));
    fs::write(dir.path().join("boot/loader/loader.conf"), "default m-6.1\n").unwrap();
    assert_eq!(chosen(&read(&root)), "L");
}

#[test]
fn an_environment_block_that_cannot_be_looked_at_is_told_once() {
    let (dir, root) = tree(&[("/boot/grub/grub.cfg", &format!("load_env\n{CFG}"))]);
    circle(&dir, "/boot/grub/grubenv");
    let told = read(&root).problems.into_iter().filter(|problem| problem.place == "/boot/grub/grubenv");
    assert_eq!(told.count(), 1);
    let (dir, root) = tree(&[("/boot/grub/grub.cfg", CFG)]);
    circle(&dir, "/boot/grub/grubenv");
    assert_eq!(read(&root).problems.len(), 1);
}

#[test]
fn a_mount_point_that_cannot_be_looked_into_may_lack_its_mount() {
    let (dir, _) = tree(&[("/etc/fstab", FSTAB), ("/boot/lost", ""), ("/efi/EFI/debian/grub.cfg", CFG)]);
    let kernel = || {
        let loader = read(&Root::open(dir.path()).unwrap());
        let kernel = loader.default_entry().unwrap().kernel.clone().unwrap();
        kernel.problem.map(|problem| problem.to_string()).unwrap_or_default()
    };
    assert_eq!(kernel(), "/boot: is a separate filesystem (/etc/fstab:2) and is not mounted here");
    // More than are listed.
    for number in 0..=50_000 {
        fs::write(dir.path().join(format!("boot/lost/{number}")), "").unwrap();
    }
    assert!(kernel().starts_with("/boot/lost: "), "{}", kernel());
    fs::write(dir.path().join("boot/config"), "").unwrap();
    assert_eq!(kernel(), "");
}

#[test]
fn modules_of_dracut_that_lack_their_program_bring_up_no_network() {
    let module = |path: &'static str| (path, "#!");
    let all = [
        module("/usr/lib/dracut/modules.d/35network-legacy/module-setup.sh"),
        module("/usr/lib/dracut/modules.d/35network-manager/module-setup.sh"),
        module("/usr/lib/dracut/modules.d/01systemd-networkd/module-setup.sh"),
    ];
    let of = |programs: &[&'static str]| {
        let programs = programs.iter().map(|path| module(path));
        let (_dir, root) = tree(&all.iter().copied().chain(programs).collect::<Vec<_>>());
        read(&root).networks
    };
    assert_eq!(of(&[]), ["network-legacy"]);
    let networkd = "/usr/lib/systemd/systemd-networkd";
    assert_eq!(of(&[networkd]), ["systemd-networkd", "network-legacy"]);
    let both = ["/usr/sbin/NetworkManager", networkd];
    assert_eq!(of(&both), ["network-manager", "systemd-networkd", "network-legacy"]);
    let (dir, root) = tree(&all);
    circle(&dir, "/usr/sbin/NetworkManager");
    let told = read(&root);
    assert!(told.networks.is_empty() && told.problems.iter().any(|it| it.place == "/usr/sbin/NetworkManager"));
}
