//! What a script of GRUB's asks of the disk that it lies on.

use super::*;
use isctpl_checks::facts::Start;

const ENTRY: &str = "menuentry 'Linux' {\nlinux /vmlinuz root=/dev/vg/root ro\ninitrd /initrd.img\n}\n";

/// What `41_custom` of grub-mkconfig writes (`util/grub.d/41_custom.in`).
const CUSTOM: &str = "if [ -f  ${config_directory}/custom.cfg ]; then\n  source ${config_directory}/custom.cfg\n\
                      elif [ -z \"${config_directory}\" -a -f  $prefix/custom.cfg ]; then\n  source $prefix/custom.cfg\nfi\n";

const STUB: &str = "search.fs_uuid b00t root\nset prefix=($root)'/grub'\nconfigfile $prefix/grub.cfg\n";

/// By a stub on the ESP, so that `config_directory` names the device that fstab maps to /boot: nothing is read where
/// nothing lies, and what lies there is.
#[test]
fn a_custom_file_on_a_device_that_fstab_maps_is_there_or_not() {
    let config = format!("set default=0\n{ENTRY}{CUSTOM}");
    let files = [
        ("/etc/fstab", FSTAB),
        ("/boot/efi/EFI/ubuntu/grub.cfg", STUB),
        ("/boot/grub/grub.cfg", config.as_str()),
        ("/boot/vmlinuz", "k"),
        ("/boot/initrd.img", "i"),
    ];
    let (_dir, root) = tree(&files);
    let loader = read(&root);
    assert_eq!((loader.problems.as_slice(), chosen(&loader)), ([].as_slice(), "Linux"));
    let custom =
        [&files[..], &[("/boot/grub/custom.cfg", "set default=custom\nmenuentry custom {\nlinux /c\n}\n")]].concat();
    let (_dir, root) = tree(&custom);
    assert_eq!(chosen(&read(&root)), "custom");
}

/// As it is above, without a line of fstab: the directory is the one that the configuration was read from.
#[test]
fn a_custom_file_beside_the_configuration_is_there_or_not() {
    let config = format!("set default=0\n{ENTRY}{CUSTOM}");
    let stub = STUB.replace("/grub'", "/boot/grub'");
    let (_dir, root) = tree(&[("/boot/efi/EFI/debian/grub.cfg", &stub), ("/boot/grub/grub.cfg", &config)]);
    let loader = read(&root);
    assert_eq!((loader.problems.as_slice(), chosen(&loader)), ([].as_slice(), "Linux"));
}

/// A file of another disk may be there, and may do anything.
#[test]
fn a_file_on_a_device_that_nobody_knows_leaves_a_doubt() {
    for text in [
        format!("{ENTRY}source (hd1,gpt1)/more.cfg\n"),
        format!("search --set=other --label DATA\n{ENTRY}source ($other)/more.cfg\n"),
        format!("search --set=other --file /marker\nsource ($other)/more.cfg\n{ENTRY}"),
    ] {
        let (_dir, root) = tree(&[("/etc/fstab", FSTAB), ("/boot/grub/grub.cfg", &text), ("/boot/vmlinuz", "k")]);
        let problem = read(&root).chosen.problem().cloned().unwrap();
        assert!(problem.what.contains("not known where it is mounted"), "{problem}");
    }
    let maybe = format!("if [ -e (hd1,gpt1)/marker ]; then\nset default=x\nfi\n{ENTRY}");
    let (_dir, root) = tree(&[("/boot/grub/grub.cfg", &maybe)]);
    assert!(read(&root).chosen.problem().is_some());
}

#[test]
fn paths_below_the_prefix_and_by_variables_are_found_or_unknown() {
    let config = "set kdir=/boot\nmenuentry x {\nlinux $prefix/vmlinuz-x ro\ninitrd (prefix)/i $kdir/j\n}\n\
                  menuentry y {\nlinux $cmdpath/vmlinuz ro\ninitrd ($cmdpath)/i\n}\n";
    let (_dir, root) = tree(&[
        ("/boot/grub/grub.cfg", config),
        ("/boot/grub/vmlinuz-x", "k"),
        ("/boot/grub/i", "i"),
        ("/boot/j", "j"),
    ]);
    let loader = read(&root);
    let found = |entry: usize| {
        let entry = &loader.entries[entry];
        let files = entry.kernel.iter().chain(&entry.initrds);
        files.map(|file| (file.path.clone(), file.problem.is_some())).collect::<Vec<_>>()
    };
    let is = |path: &str| (Some(path.to_owned()), false);
    assert_eq!(found(0), [is("/boot/grub/vmlinuz-x"), is("/boot/grub/i"), is("/boot/j")]);
    // Neither there nor missing: nobody knows where the firmware started GRUB from.
    assert_eq!(found(1)[0], (None, true));
}

#[test]
fn an_entry_that_is_no_linux_entry_is_said_to_be_that() {
    let config = format!("set default=fw\n{ENTRY}menuentry Firmware --id fw {{\nfwsetup\n}}\n");
    let (_dir, root) = tree(&[("/boot/grub/grub.cfg", &config), ("/boot/vmlinuz", "k")]);
    let loader = read(&root);
    let entry = loader.default_entry().unwrap();
    assert_eq!((entry.linux, entry.starts, &entry.kernel), (false, Some(Start::FirmwareSetup), &None));
}

/// GRUB's paths on ZFS (dnode_get_fullpath() in grub-core/fs/zfs/zfs.c): `/DATASET@/FILE`, as Ubuntu's and Proxmox's
/// grub-mkconfig write them. Where the dataset is mounted no fstab says.
#[test]
fn a_path_in_a_dataset_of_zfs_is_found_or_in_doubt() {
    let config = |path: &str| {
        let search = "search --no-floppy --fs-uuid --set=root 6a1ffdd3b8d5a6d7";
        format!("menuentry 'Linux' {{\n{search}\nlinux {path} root=ZFS=rpool/ROOT/x ro\n}}\n")
    };
    let kernel = |path: &str, fstab: &str, file: &str| {
        let (_dir, root) = tree(&[("/boot/grub/grub.cfg", &config(path)), ("/etc/fstab", fstab), (file, "k")]);
        let kernel = read(&root).default_entry().unwrap().kernel.clone().unwrap();
        (kernel.path, kernel.problem.map(|problem| problem.place))
    };
    for (path, file) in [
        ("/BOOT/ubuntu_ab12@/vmlinuz-6", "/boot/vmlinuz-6"),
        ("/ROOT/pve-1@/boot/vmlinuz-6", "/boot/vmlinuz-6"),
        ("/@/kernels/6/vmlinuz", "/kernels/6/vmlinuz"),
        ("/@/kernels/6/vmlinuz", "/boot/kernels/6/vmlinuz"),
    ] {
        assert_eq!(kernel(path, "", file), (Some(file.to_owned()), None), "{path}");
    }
    let place = Some("/boot/grub/grub.cfg:3".to_owned());
    for path in ["/@/kernels/6/vmlinuz", "/ROOT/x@before-upgrade/boot/vmlinuz-6"] {
        assert_eq!(kernel(path, "", "/boot/vmlinuz-6"), (None, place.clone()), "{path}");
    }
    let btrfs = "UUID=b00t / btrfs subvol=@ 0 0\n";
    assert_eq!(kernel("/@/boot/vmlinuz-6", btrfs, "/boot/vmlinuz-6").0.as_deref(), Some("/boot/vmlinuz-6"));
    assert_eq!(kernel("/@/boot/vmlinuz-6", btrfs, "/boot/vmlinuz-7"), (None, None), "no ZFS, and not there");
}
