#![allow(clippy::unwrap_used)]

mod constructs;
mod limits;
mod starts;

use super::*;
use crate::formats::loader::bls;
use isctpl_checks::facts::{Location, Problem};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A disk with an environment block, BLS entries and files to read in.
#[derive(Default)]
struct Disk {
    grubenv: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    bls: Vec<(String, bls::Entry)>,
    unreadable: bool,
}

impl World for Disk {
    fn presence(&self, path: &str) -> Option<Presence> {
        if self.unreadable {
            return None;
        }
        let is_block = path == "(prefix)/grubenv" && !self.grubenv.is_empty();
        let file = self.files.get(path).map(|text| text.len() as u64).or(is_block.then_some(1024));
        Some(file.map_or(Presence::Absent, Presence::File))
    }

    fn names(&self, directory: &str) -> Option<Vec<String>> {
        let below = format!("{}/", directory.trim_end_matches('/'));
        let inner = self.files.keys().filter_map(|path| path.strip_prefix(&below)?.split('/').next());
        (!self.unreadable).then(|| inner.map(str::to_owned).collect())
    }

    fn environment(&self, path: &str) -> Result<Option<BTreeMap<String, String>>, Problem> {
        match self.unreadable {
            true => Err(Problem::new(path, "permission denied; run as root")),
            false => Ok((!self.grubenv.is_empty()).then(|| self.grubenv.clone())),
        }
    }

    fn source(&self, path: &str) -> Result<Option<(String, String)>, Problem> {
        Ok(self.files.get(path).map(|text| (text.clone(), path.to_owned())))
    }

    fn bls(&self, _: Option<&str>) -> Result<Vec<(String, bls::Entry)>, Problem> {
        Ok(self.bls.clone())
    }
}

fn disk(grubenv: &[(&str, &str)]) -> Disk {
    let grubenv = grubenv.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Disk { grubenv, ..Disk::default() }
}

fn menu(text: &str, disk: &Disk) -> Menu {
    evaluate(text, "/boot/grub/grub.cfg", disk)
}

/// The title that boots, or why that cannot be told.
fn chosen(text: &str, disk: &Disk) -> String {
    let menu = menu(text, disk);
    match choose(&menu) {
        Choice::Entry { index, .. } => menu.entries[index].title.clone(),
        Choice::Unknown { what, .. } => format!("unknown: {what}"),
    }
}

fn entries() -> String {
    "menuentry 'A' --id a {\n linux /vmlinuz-A ro\n}\n\
     submenu 'More' $menuentry_id_option 'more' {\n\
     \tmenuentry 'B' --class os $menuentry_id_option 'b' {\n linux /vmlinuz-B ro\n}\n\
     \tmenuentry 'C > D' $menuentry_id_option 'c' {\n linux /vmlinuz-C ro\n}\n\
     }\n\
     menuentry 'E' { linux /vmlinuz-E ro\n}\n"
        .to_owned()
}

const MKCONFIG: &str = r#"
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${saved_entry}"
fi

if [ x"${feature_menuentry_id}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi
export menuentry_id_option

function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
    save_env saved_entry
  fi
}
function load_video {
  if [ x$feature_all_video_module = xy ]; then
    insmod all_video
  else
    insmod efi_gop
  fi
}
if [ "${recordfail}" = 1 ] ; then
  set timeout=30
else
  if [ x$feature_timeout_style = xy ] ; then
    set timeout_style=menu
    set timeout=1
  else
    set timeout=2
  fi
fi
set linux_gfx_mode=
export linux_gfx_mode
menuentry 'GNU/Linux' --class gnu-linux --class os $menuentry_id_option 'gnulinux-simple-1111' {
	load_video
	insmod gzio
	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	set root='hd0,gpt2'
	if [ x$feature_platform_search_hint = xy ]; then
	  search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2 --hint-efi=hd0,gpt2 1111-2222
	else
	  search --no-floppy --fs-uuid --set=root 1111-2222
	fi
	echo	'Loading Linux ...'
	linux	/vmlinuz-6.1 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto edd=off console=ttyS0 
	initrd	/ucode.img /initrd.img-6.1
}
if [ "$grub_platform" = "efi" ]; then
	menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {
		fwsetup
	}
fi
if [ -f  ${config_directory}/custom.cfg ]; then
  source ${config_directory}/custom.cfg
elif [ -z "${config_directory}" -a -f  $prefix/custom.cfg ]; then
  source $prefix/custom.cfg
fi
"#;

#[test]
fn a_file_of_mkconfig_is_evaluated() {
    let menu = menu(MKCONFIG, &Disk::default());
    assert_eq!(menu.problems, []);
    assert_eq!(menu.timeout.value.as_deref(), Some("1"));
    let entry = &menu.entries[0];
    assert_eq!(entry.title, "GNU/Linux");
    assert_eq!(entry.id.as_deref(), Some("gnulinux-simple-1111"));
    assert_eq!(entry.options, "root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto edd=off console=ttyS0");
    assert_eq!(entry.search_uuid.as_deref(), Some("1111-2222"));
    assert_eq!(
        entry.kernel,
        Some(Named {
            device: Some("fs-uuid:1111-2222".into()),
            path: "/vmlinuz-6.1".into(),
            at: Some(Location::line("/boot/grub/grub.cfg", 58)),
        })
    );
    assert_eq!(
        entry.initrds.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
        ["/ucode.img", "/initrd.img-6.1"]
    );
    assert!(entry.unresolved.is_empty() && !entry.uncertain);
    assert_eq!(menu.entries[1].title, "UEFI Firmware Settings");
    assert!(menu.entries[1].uncertain && menu.entries[1].kernel.is_none());
    let Choice::Entry { index: 0, because, at } = choose(&menu) else { panic!("{:?}", choose(&menu)) };
    assert_eq!(
        because,
        "set default=\"${saved_entry}\", saved_entry is not set: it is empty, so GRUB boots the first entry"
    );
    assert_eq!(at, Some(Location::line("/boot/grub/grub.cfg", 12)));
}

/// What grub-mkconfig wrote in a booted instance, Debian 12: a submenu, hints for `search`, three entries that
/// boot Linux and one that does not.
#[test]
fn the_file_of_a_booted_instance_is_evaluated() {
    let menu = menu(include_str!("../../../../fixtures/captured/grub-mkconfig.cfg"), &Disk::default());
    assert_eq!(menu.problems, []);
    let linux: Vec<&Entry> = menu.entries.iter().filter(|entry| entry.kernel.is_some()).collect();
    let titles: Vec<&str> = linux.iter().map(|entry| entry.title.as_str()).collect();
    assert_eq!(
        titles,
        ["GNU/Linux", "GNU/Linux, with Linux 6.1.0-50-amd64", "GNU/Linux, with Linux 6.1.0-50-amd64 (recovery mode)"]
    );
    for entry in linux {
        assert_eq!(entry.search_uuid.as_deref(), Some("11111111-2222-3333-4444-555555555502"));
        assert!(entry.options.contains("iscsi_auto") && entry.unresolved.is_empty(), "{}", entry.options);
    }
    assert!(matches!(choose(&menu), Choice::Entry { index: 0, .. }), "{:?}", choose(&menu));
}

#[test]
fn the_environment_block_chooses() {
    let with = |environment| {
        let menu = menu(MKCONFIG, &disk(environment));
        choose(&menu)
    };
    let Choice::Entry { index: 0, because, .. } = with(&[("saved_entry", "gnulinux-simple-1111")]) else { panic!() };
    assert_eq!(because, "set default=\"${saved_entry}\", saved_entry is \"gnulinux-simple-1111\" in grubenv");
    let Choice::Unknown { .. } = with(&[("next_entry", "uefi-firmware")]) else { panic!() };
    let Choice::Entry { index: 0, because, .. } = with(&[("saved_entry", "gone")]) else { panic!() };
    assert!(because.contains("no entry is named \"gone\""), "{because}");
    let unreadable = Disk { unreadable: true, ..Disk::default() };
    assert!(chosen(MKCONFIG, &unreadable).starts_with("unknown"));
}

#[test]
fn a_default_is_a_number_a_title_an_id_or_a_path() {
    for (default, title) in [
        ("0", "A"),
        ("1", "B"),
        ("1>1", "C > D"),
        ("2", "E"),
        ("More>b", "B"),
        ("more>C >> D", "C > D"),
        ("more>c", "C > D"),
        ("E", "E"),
        ("7", "A"),
        ("more>nothing", "B"),
        ("", "A"),
    ] {
        let text =
            format!("menuentry_id_option=--id\nexport menuentry_id_option\nset default=\"{default}\"\n{}", entries());
        assert_eq!(chosen(&text, &Disk::default()), title, "{default}");
    }
    assert_eq!(chosen(&entries(), &Disk::default()), "A");
    assert!(chosen("set default=0\n", &Disk::default()).starts_with("unknown"));
}

#[test]
fn a_submenu_is_told_by_its_titles() {
    let menu = menu(&entries(), &Disk::default());
    let paths: Vec<Vec<&str>> =
        menu.entries.iter().map(|entry| entry.submenu.iter().map(|step| step.title.as_str()).collect()).collect();
    assert_eq!(paths, [vec![], vec!["More"], vec!["More"], vec![]]);
}

#[test]
fn red_hat_entries_come_from_the_loader_directory() {
    let text = r#"
set pager=1
if [ -f ${config_directory}/grubenv ]; then
  load_env -f ${config_directory}/grubenv
elif [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
else
   set default="${saved_entry}"
fi
set root='hd0,msdos1'
search --no-floppy --fs-uuid --set=root --hint='hd0,msdos1'  aaaa-bbbb
if [ -z "${kernelopts}" ]; then
  set kernelopts="root=/dev/mapper/rl-root ro rd.iscsi.firmware=1 "
fi
insmod blscfg
blscfg
"#;
    let entry = |id: &str| {
        let text = format!(
            "title {id}\nlinux /vmlinuz-{id}\ninitrd /initramfs-{id}.img $tuned_initrd\noptions $kernelopts $tuned_params x=1\n"
        );
        (format!("/boot/loader/entries/{id}.conf"), bls::parse(&text, &format!("{id}.conf"), "x").0)
    };
    let mut disk = disk(&[("saved_entry", "m-5.14.0-70"), ("tuned_params", "skew_tick=1")]);
    disk.files.insert("(prefix)/grubenv".into(), String::new());
    disk.bls = vec![entry("m-5.14.0-427"), entry("m-5.14.0-70")];
    let menu = menu(text, &disk);
    let Choice::Entry { index: 1, .. } = choose(&menu) else { panic!("{:?}", choose(&menu)) };
    assert_eq!(menu.entries[1].options, "root=/dev/mapper/rl-root ro rd.iscsi.firmware=1 skew_tick=1 x=1");
    assert_eq!(menu.entries[1].initrds.len(), 1);
    assert_eq!(menu.entries[1].search_uuid.as_deref(), Some("aaaa-bbbb"));
    assert_eq!(
        menu.entries[0].kernel.as_ref().unwrap().at,
        Some(Location::line("/boot/loader/entries/m-5.14.0-427.conf", 2))
    );
}

#[test]
fn a_stub_leads_to_the_real_file() {
    let mut disk = Disk::default();
    disk.files.insert("(fs-uuid:aaaa)/boot/grub/grub.cfg".into(), entries());
    for stub in [
        "search.fs_uuid aaaa root lvmid/x/y hd0\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n",
        "search --no-floppy --root-dev-only --fs-uuid --set=dev aaaa\nset prefix=($dev)/boot/grub\nexport $prefix\nconfigfile $prefix/grub.cfg\n",
    ] {
        let menu = menu(stub, &disk);
        assert_eq!(menu.entries.len(), 4, "{:?}", menu.problems);
        assert_eq!(menu.entries[0].at, Some(Location::line("(fs-uuid:aaaa)/boot/grub/grub.cfg", 1)));
    }
    assert_eq!(menu("configfile /gone.cfg", &Disk::default()).problems.len(), 1);
}

#[test]
fn paths_name_their_device_in_every_form() {
    let text = "search --label --set=root BOOT\nmenuentry x {\n linux ($root)/@/boot/vmlinuz ro\n initrd (hd0,gpt2)/boot/i newc:x:/boot/j\n}\nmenuentry y {\n set root=hd1,1\n linux16 /v \"a=b c\" d=\\\"e\\\"\n}\nmenuentry z {\n linux $cmdpath/v ip=$net_default_ip\n}";
    let menu = menu(text, &Disk::default());
    let device = |file: &Named| file.device.clone().unwrap_or_default();
    assert_eq!(device(menu.entries[0].kernel.as_ref().unwrap()), "fs-label:BOOT");
    assert_eq!(menu.entries[0].kernel.as_ref().unwrap().path, "/@/boot/vmlinuz");
    assert_eq!(device(&menu.entries[0].initrds[0]), "hd0,gpt2");
    assert_eq!(menu.entries[0].initrds[1].path, "/boot/j");
    assert_eq!(menu.entries[1].options, "\"a=b c\" d=\\\"e\\\"");
    assert_eq!(device(menu.entries[1].kernel.as_ref().unwrap()), "hd1,1");
    assert_eq!(menu.entries[2].unresolved, ["cmdpath", "net_default_ip"]);
}

#[test]
fn what_hangs_on_an_open_condition_is_marked() {
    let text = "if [ \"$grub_platform\" = efi ]; then\nset k=/a\nelse\nset k=/b\nfi\nmenuentry x { linux $k ro\n}\nif loadfont u; then menuentry y { linux /c ro\n}\nfi\nset default=y";
    let menu = menu(text, &Disk::default());
    assert_eq!(menu.entries[0].unresolved, ["k"]);
    assert!(menu.entries[1].uncertain);
    assert!(matches!(choose(&menu), Choice::Unknown { .. }));
    let both = "menuentry x {\nif [ $grub_platform = efi ]; then linuxefi /v ro; initrdefi /i\nelse linux16 /v ro; initrd16 /i\nfi\n}";
    let same = self::menu(both, &Disk::default());
    assert_eq!((same.problems.len(), same.entries[0].initrds.len()), (0, 1));
    let other = self::menu(&both.replace("linux16 /v", "linux16 /w"), &Disk::default());
    assert_eq!(other.problems.len(), 1);
}

#[test]
fn conditions_are_decided_where_they_can_be() {
    let disk = disk(&[("a", "1")]);
    for (condition, truth) in [
        ("[ -s $prefix/grubenv ]", true),
        ("[ -e $prefix/none ]", false),
        ("[ \"${unset}\" ]", false),
        ("[ -z \"${unset}\" -a x = x ]", true),
        ("[ x = y -o 2 -gt 1 ]", true),
        ("! [ x = y ]", true),
        ("[ ! x = y ]", true),
        ("test x = x", true),
        ("false", false),
    ] {
        let text = format!("if {condition}; then set r=1; else set r=0; fi\nmenuentry x {{ linux /k$r\n}}");
        let menu = menu(&text, &disk);
        let expected = if truth { "/k1" } else { "/k0" };
        assert_eq!(menu.entries[0].kernel.as_ref().unwrap().path, expected, "{condition}");
    }
}

#[test]
fn what_is_malformed_is_said_with_its_line() {
    let menu = menu("menuentry 'a' {\n linux /a\n}\nfi\nmenuentry 'b' {\n linux /b\n", &Disk::default());
    assert_eq!(menu.entries.len(), 1, "GRUB runs nothing of the second, which has no end");
    assert_eq!(menu.problems[0].place, "/boot/grub/grub.cfg:4");
    assert_eq!(menu.problems.len(), 2);
}

#[test]
fn hostile_input_ends() {
    for text in [
        "if x; then ".repeat(20_000),
        format!("if a; then b {}", "; elif a; then b".repeat(20_000)),
        "submenu x { ".repeat(20_000),
        format!("set a=0123456789\n{}", "set a=$a$a\n".repeat(2000)),
        "! ".repeat(200_000),
        "${".repeat(200_000),
        "source $prefix/grub.cfg\n".to_owned(),
        "submenu x {\nsource $prefix/grub.cfg\n}\n".to_owned(),
        format!("set {}", "a=b\nif x; then set c=d; fi; set ".repeat(20_000)),
    ] {
        let mut disk = Disk::default();
        disk.files.insert("(prefix)/grub.cfg".into(), text.clone());
        menu(&text, &disk);
    }
}

#[test]
fn every_truncation_is_read() {
    for end in 0..MKCONFIG.len() {
        choose(&menu(MKCONFIG.get(..end).unwrap(), &Disk::default()));
    }
}

#[test]
fn a_block_that_the_file_ends_in_is_not_run() {
    let whole = "set default=1\nmenuentry 'A' {\n linux /a\n}\n";
    for rest in [
        "menuentry 'B' {\n linux /b\n",
        "if true; then\nmenuentry 'B' {\n linux /b\n}\n",
        "submenu 'S' {\nmenuentry 'B' {\n linux /b\n}\n",
    ] {
        let menu = menu(&format!("{whole}{rest}"), &Disk::default());
        let titles: Vec<_> = menu.entries.iter().map(|entry| entry.title.as_str()).collect();
        assert_eq!((titles, menu.unfinished.unwrap().line), (vec!["A"], 5), "{rest}");
    }
    assert_eq!(menu(whole, &Disk::default()).unfinished, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        choose(&menu(&String::from_utf8_lossy(&bytes), &Disk::default()));
    }

    #[test]
    fn any_words_are_read(words in proptest::collection::vec(
        prop_oneof![
            Just("if"), Just("then"), Just("else"), Just("elif"), Just("fi"), Just("{"), Just("}"), Just(";"),
            Just("menuentry"), Just("submenu"), Just("x"), Just("linux"), Just("initrd"), Just("["), Just("]"),
            Just("\n"), Just("set"), Just("default=$x"), Just("search"), Just("--set=root"), Just("blscfg"),
            Just("!"), Just("while"), Just("do"), Just("done"), Just("function"), Just("'a"), Just("\"$b"),
        ],
        0..120,
    )) {
        choose(&menu(&words.join(" "), &Disk::default()));
    }
}
