//! Entries that start something else than Linux, and those that are tried twice.

use super::*;
use isctpl_checks::facts::Start;

/// Each command's own source says what it does: `grub-core/commands/{reboot,halt,minicmd}.c`,
/// `grub-core/commands/efi/efifwsetup.c`, `grub-core/loader/{multiboot,xen,efi/chainloader}.c`.
#[test]
fn an_entry_says_what_it_starts() {
    for (commands, starts) in [
        ("fwsetup", Some(Start::FirmwareSetup)),
        ("reboot", Some(Start::Reboot)),
        ("halt", Some(Start::PowerOff)),
        ("exit", Some(Start::Firmware)),
        ("chainloader /EFI/Microsoft/Boot/bootmgfw.efi", Some(Start::Loader)),
        ("multiboot2 /xen-4.17.gz placeholder\n module2 /vmlinuz root=/dev/x\n module2 /initrd", Some(Start::Xen)),
        ("multiboot /boot/xen.gz\n module /vmlinuz\n module /initrd", Some(Start::Xen)),
        ("xen_hypervisor /xen\n xen_module /vmlinuz", Some(Start::Xen)),
        ("multiboot /memtest.mb", Some(Start::Multiboot)),
        // Debian's `20_memtest86+`, and what Ubuntu's live images have.
        ("linux   /memtest86+x64.efi console=ttyS0,115200", Some(Start::MemoryTest)),
        ("linux16 ($root)/boot/memtest86+.bin", Some(Start::MemoryTest)),
        ("configfile (hd0,1)/boot/grub/grub.cfg", Some(Start::Menu)),
        ("set x=1", None),
        // What is loaded last is started.
        ("linux /v\n chainloader /c", Some(Start::Loader)),
    ] {
        let menu = menu(&format!("menuentry x {{\n {commands}\n}}\n"), &Disk::default());
        assert_eq!((menu.entries[0].starts, &menu.entries[0].kernel), (starts, &None), "{commands}");
    }
    let linux = menu("menuentry x {\n chainloader /c\n linux /v\n}\n", &Disk::default());
    assert_eq!((linux.entries[0].starts, linux.entries[0].kernel.is_some()), (None, true));
}

/// As `30_uefi-firmware` of GRUB 2.12 asks before it defines its entry.
#[test]
fn a_question_to_the_firmware_starts_nothing() {
    let text = "if [ \"$grub_platform\" = \"efi\" ]; then\n\tfwsetup --is-supported\n\tif [ \"$?\" = 0 ]; then\n\
                \t\tmenuentry 'UEFI Firmware Settings' { fwsetup; }\n\tfi\nfi\nmenuentry x { linux /v; }\nset default=x\n";
    let menu = menu(text, &Disk::default());
    assert_eq!(menu.entries.len(), 2);
    assert_eq!(chosen(text, &Disk::default()), "x");
}

#[test]
fn what_ends_before_the_menu_is_told() {
    for command in ["exit", "reboot", "linux /v; boot"] {
        let text = format!("{command}\nmenuentry x {{ linux /v; }}\n");
        assert!(chosen(&text, &Disk::default()).contains("before a menu is shown"), "{command}");
    }
    let maybe = "if [ $grub_platform = pc ]; then exit; fi\nmenuentry x { linux /v; }\n";
    assert!(chosen(maybe, &Disk::default()).starts_with("unknown"));
}

/// What `00_header` and `10_linux` of Ubuntu 24.04 write where `GRUB_FORCE_PARTUUID` is set.
const INITRDLESS: &str = r#"
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${initrdfail}" = 2 ]; then
   set initrdfail=
elif [ "${initrdfail}" = 1 ]; then
   set next_entry="${prev_entry}"
   set prev_entry=
   save_env prev_entry
   if [ "${next_entry}" ]; then
      set initrdfail=2
   fi
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="0"
fi
function initrdfail {
    if [ -n "${have_grubenv}" ]; then if [ -n "${partuuid}" ]; then
      if [ -z "${initrdfail}" ]; then
        set initrdfail=1
        if [ -n "${boot_once}" ]; then
          set prev_entry="${default}"
          save_env prev_entry
        fi
      fi
      save_env initrdfail
    fi; fi
}
set partuuid=aaaaaaaa-0000-4000-8000-000000000001
menuentry 'Ubuntu' --id u {
	if [ "${initrdfail}" = 1 ]; then
	  echo	'GRUB_FORCE_PARTUUID set, initrdless boot failed. Attempting with initrd.'
	  linux	/vmlinuz root=PARTUUID=aaaaaaaa-0000-4000-8000-000000000001 ro
	  initrd	/initrd.img
	else
	  echo	'GRUB_FORCE_PARTUUID set, attempting initrdless boot.'
	  linux	/vmlinuz root=PARTUUID=aaaaaaaa-0000-4000-8000-000000000001 ro panic=-1
	fi
	initrdfail
}
"#;

#[test]
fn a_first_try_without_an_initrd_is_followed_by_a_second_with_one() {
    let initrds = |text: &str, disk: &Disk| {
        let menu = menu(text, disk);
        let Choice::Entry { index, .. } = choose(&menu) else { panic!("{:?}", choose(&menu)) };
        (menu.second_try, menu.entries[index].initrds.len(), menu.entries[index].options.contains("panic"))
    };
    let block = disk(&[("other", "1")]);
    assert_eq!(initrds(INITRDLESS, &block), (true, 1, false));
    // At the second try the block says so already.
    assert_eq!(initrds(INITRDLESS, &disk(&[("initrdfail", "1")])), (false, 1, false));
    // An entry that is booted once is remembered for the second try.
    assert_eq!(initrds(INITRDLESS, &disk(&[("next_entry", "u")])), (true, 1, false));
    // Without a block nothing is noted, and every try is the first.
    assert_eq!(initrds(INITRDLESS, &Disk::default()), (false, 0, true));
    // A kernel that does not restart the machine stays where it is.
    assert_eq!(initrds(&INITRDLESS.replace("panic=-1", "panic=0"), &block), (false, 0, true));
    // A submenu does not see "partuuid", which is not exported, so that nothing is noted.
    let (head, entry) = INITRDLESS.split_once("menuentry").unwrap();
    assert_eq!(initrds(&format!("{head}submenu s {{\nmenuentry{entry}}}\n"), &block), (false, 0, true));
}

/// GRUB's parser reads what `blscfg` writes (`create_entry` in Red Hat's `blscfg.c`); that a backslash goes away and
/// quotes hold words together was seen in `grub-emu`.
#[test]
fn options_of_an_entry_of_the_loader_directory_are_words_of_a_script() {
    let entry = |options: &str, head: &str| {
        let text = format!("title t\nlinux /v\ninitrd /boot/i $tuned_initrd\n{options}\n");
        let disk = Disk { bls: vec![("/e.conf".into(), bls::parse(&text, "e.conf", "/e.conf").0)], ..Disk::default() };
        let mut menu = menu(&format!("{head}blscfg\n"), &disk);
        menu.entries.remove(0)
    };
    for (options, head, expected) in [
        (r"options root=LABEL=my\x20root ro", "", "root=LABEL=myx20root ro"),
        (r"options a='b c' d", "", "\"a=b c\" d"),
        ("options $kernelopts x", "kernelopts=\"root=/dev/x ro\"\n", "root=/dev/x ro x"),
        (r"options $kernelopts", "kernelopts='root=LABEL=a\\x20b'\n", "root=LABEL=ax20b"),
        // Without options of its own.
        ("# none", "set default_kernelopts=\"root=/dev/x ro\"\n", "root=/dev/x ro"),
        ("options $kernelopts", "set default_kernelopts=\"root=/dev/x ro\"\n", "root=/dev/x ro"),
        ("options $kernelopts", "", ""),
    ] {
        let entry = entry(options, head);
        assert_eq!((entry.options.as_str(), &entry.left_out), (expected, &None), "{options}");
    }
    for options in ["options a;b", "options a&b", "options a{b}", "options a'b", "options a$", r"options a=\$b"] {
        assert!(entry(options, "").left_out.is_some(), "{options}");
    }
    // Microcode comes first, from the directory of the initrd.
    let early: Vec<_> =
        entry("options x", "set early_initrd=ucode.img\n").initrds.into_iter().map(|i| i.path).collect();
    assert_eq!(early, ["/boot/ucode.img", "/boot/i"]);
}
