#![allow(clippy::unwrap_used)]

use super::*;
use crate::procedures::prepare::repairs::sample::Tree;
use isctpl_checks::facts::{BootEntry, Chosen, Fact, FileRef, Initramfs, Kernel, Located, Location};
use std::collections::BTreeMap;

const HOOK: &str = "/usr/share/initramfs-tools/hooks/iscsi";
/// Of open-iscsi 2.0.874 and of 2.1.8.
const OLD_HOOK: &str = "if [ ! -e /etc/iscsi/iscsi.initramfs ]; then\n\texit 0\nfi\n";
const NEW_HOOK: &str = "if [ x\"$NO_ISCSI_IN_INITRAMFS\" = x\"yes\" ] ; then\n\texit 0\nfi\n\
                        if [ -r /etc/iscsi/iscsi.initramfs ] ; then\n\tcp /etc/iscsi/iscsi.initramfs $DESTDIR/etc\nfi\n";

fn facts(tools: &[&str], image: Initramfs) -> Facts {
    let mut facts = Facts::default();
    facts.loader.tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
    let file = |path: &str| FileRef { path: Some(path.to_owned()), ..FileRef::default() };
    facts.loader.entries = vec![BootEntry {
        kernel: Some(file("/boot/vmlinuz")),
        initrds: vec![file("/boot/ucode"), file("/boot/initrd")],
        ..BootEntry::default()
    }];
    facts.loader.chosen = Fact::Known(Chosen::default());
    facts.images = vec![Initramfs { path: "/boot/initrd".to_owned(), ..image }];
    facts
}

fn kernel_with(option: &str) -> Kernel {
    let config = BTreeMap::from([(option.to_owned(), "y".to_owned())]);
    Kernel {
        path: "/boot/vmlinuz".to_owned(),
        config: Some(Located::new(config, Location::file("/boot/config"))),
        ..Kernel::default()
    }
}

fn dracut_image(modules: &[&str]) -> Initramfs {
    Initramfs { dracut_modules: modules.iter().map(|module| (*module).to_owned()).collect(), ..Initramfs::default() }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn the_generator_is_the_one_of_the_image_if_it_is_there() {
    let of = |tools: &[&str], image| generator(&facts(tools, image));
    assert_eq!(of(&["dracut", "update-initramfs"], dracut_image(&["iscsi"])), Some(Generator::Dracut));
    assert_eq!(of(&["update-initramfs"], dracut_image(&["iscsi"])), Some(Generator::InitramfsTools));
    assert_eq!(of(&["dracut"], Initramfs::default()), Some(Generator::Dracut));
    assert_eq!(of(&["grub-mkconfig"], dracut_image(&["iscsi"])), None);
}

#[test]
fn initramfs_tools_gets_what_its_configuration_lacks() {
    let tree = Tree::of(&[
        ("/etc/initramfs-tools/modules", "# mine\niscsi-tcp\nvirtio_net"),
        ("/etc/initramfs-tools/initramfs.conf", "MODULES=most\n# UMASK\nCOMPRESS=zstd\n"),
        ("/etc/initramfs-tools/conf.d/driver-policy", "# installer\nMODULES=\"dep\"\n"),
        ("/etc/initramfs-tools/conf.d/open-iscsi", "NO_ISCSI_IN_INITRAMFS=yes\n"),
        (
            "/etc/iscsi/iscsi.initramfs",
            "# the installer's\nISCSI_TARGET_NAME=\"iqn.2013-01.com.example:a\"\nISCSI_TARGET_IP=192.0.2.10\nISCSI_TARGET_PORT=3260\n",
        ),
        (HOOK, NEW_HOOK),
        ("/usr/bin/tool", ""),
    ]);
    let contents = ImageContents {
        modules: strings(&["iscsi_tcp", "iscsi_ibft", "iscsi_ibft"]),
        all_drivers: true,
        login_tools: true,
        lvm: true,
        programs: strings(&["/usr/bin/tool"]),
        directories: strings(&["/var/lib"]),
        owner_only: true,
        plain_compression: true,
        no_target: true,
    };
    let mut facts = facts(&["update-initramfs"], Initramfs::default());
    facts.kernels = vec![kernel_with("CONFIG_RD_XZ")];
    let repair = |draft: &mut Draft<'_>| build_image(draft, &facts, &contents);
    assert_eq!(tree.changes(repair).unwrap()["/etc/initramfs-tools/hooks/isctpl"].mode, Some(0o755));
    let texts = tree.texts(repair);
    let text = |name: &str| texts[&format!("/etc/initramfs-tools/{name}")].as_str();
    assert_eq!(text("modules"), "# mine\niscsi-tcp\nvirtio_net\niscsi_ibft\n");
    assert_eq!(text("initramfs.conf"), "MODULES=most\n# UMASK\nCOMPRESS=xz\n");
    assert_eq!(text("conf.d/driver-policy"), "# installer\nMODULES=\"most\"\n");
    assert_eq!(text("conf.d/open-iscsi"), "NO_ISCSI_IN_INITRAMFS=no\n");
    assert_eq!(text("conf.d/isctpl"), "UMASK=0077\n");
    assert!(text("hooks/isctpl").starts_with("#!/bin/sh\n"));
    assert!(text("hooks/isctpl").ends_with("\n\nmkdir -p \"${DESTDIR}/var/lib\"\ncopy_exec /usr/bin/tool\n"));
    let settings =
        "# the installer's\nISCSI_TARGET_NAME=\"\"\nISCSI_TARGET_IP=\"\"\nISCSI_TARGET_PORT=3260\nISCSI_AUTO=true\n";
    assert_eq!(texts["/etc/iscsi/iscsi.initramfs"], settings);
    assert_eq!(texts.len(), 7);
}

#[test]
fn an_older_hook_gets_the_file_that_it_wants() {
    let contents = ImageContents { login_tools: true, ..ImageContents::default() };
    let facts = facts(&["update-initramfs"], Initramfs::default());
    let repair = |draft: &mut Draft<'_>| build_image(draft, &facts, &contents);
    let texts = Tree::of(&[(HOOK, OLD_HOOK)]).texts(repair);
    assert_eq!(texts, BTreeMap::from([("/etc/iscsi/iscsi.initramfs".to_owned(), "ISCSI_AUTO=true\n".to_owned())]));
    assert!(Tree::of(&[(HOOK, NEW_HOOK)]).changes(repair).unwrap().is_empty());
    assert_eq!(Tree::of(&[]).changes(repair).unwrap_err().place, HOOK);
}

#[test]
fn what_is_not_understood_or_absent_is_refused() {
    let contents = ImageContents { all_drivers: true, ..ImageContents::default() };
    let facts = facts(&["update-initramfs"], Initramfs::default());
    let conf = "/etc/initramfs-tools/initramfs.conf";
    let refused = Tree::of(&[(conf, "A=1\n[ -e /x ] && MODULES=dep\n")])
        .changes(|draft| build_image(draft, &facts, &contents))
        .unwrap_err();
    assert_eq!(refused.place, format!("{conf}:2"));
    let contents = ImageContents { programs: strings(&["/usr/bin/gawk"]), ..ImageContents::default() };
    let refused = Tree::of(&[]).changes(|draft| build_image(draft, &facts, &contents)).unwrap_err();
    assert_eq!(refused.place, "/usr/bin/gawk");
}

#[test]
fn a_name_that_a_shell_takes_otherwise_is_refused() {
    const UNIT: &str = "/usr/lib/systemd/system/iscsid.service";
    let of = |contents: ImageContents, tool: &str| {
        let tree = Tree::of(&[
            ("/opt/my tools/check", ""),
            ("/opt/$HOME", ""),
            (UNIT, "[Service]\nExecStartPre=\"/opt/my tools/check\"\n"),
        ]);
        let mut facts = facts(&[tool], Initramfs::default());
        facts.loader.networks = strings(&["network-legacy"]);
        tree.changes(|draft| build_image(draft, &facts, &contents)).unwrap_err().place
    };
    for tool in ["update-initramfs", "dracut"] {
        for name in ["/opt/my tools/check", "/opt/$HOME"] {
            assert_eq!(of(ImageContents { programs: strings(&[name]), ..ImageContents::default() }, tool), name);
        }
        for name in ["/a\"b", "/var/../../../etc", "/a;b"] {
            assert_eq!(of(ImageContents { directories: strings(&[name]), ..ImageContents::default() }, tool), name);
        }
        assert_eq!(of(ImageContents { modules: strings(&["a$(b)"]), ..ImageContents::default() }, tool), "a$(b)");
    }
    let contents = ImageContents { login_tools: true, ..ImageContents::default() };
    assert_eq!(of(contents, "dracut"), "/opt/my tools/check");
}

const OWN: &str = "/etc/dracut.conf.d/90-isctpl.conf";
const REMARK: &str = "# Written by isctpl: puts into the initramfs what its login needs.\nhostonly=no\n";

#[test]
fn dracut_gets_one_file_of_its_own() {
    let tree = Tree::of(&[
        ("/etc/dracut.conf", "# none\n"),
        (
            "/etc/dracut.conf.d/10-mine.conf",
            "omit_dracutmodules+=\" iscsi plymouth \"\nomit_drivers+=\" iscsi-tcp \"\n",
        ),
        ("/usr/lib/dracut/dracut.conf.d/20-vendor.conf", "hostonly=\"yes\"\nomit_dracutmodules+=\" lvm nfs \"\n"),
        (
            "/usr/lib/systemd/system/iscsid.service",
            "[Service]\nExecStartPre=/lib/open-iscsi/startup-checks.sh\nExecStart=/usr/sbin/iscsid\n",
        ),
        ("/lib/open-iscsi/startup-checks.sh", "#!/bin/sh\n"),
    ]);
    let contents = ImageContents {
        modules: strings(&["iscsi_tcp"]),
        login_tools: true,
        lvm: true,
        directories: strings(&["/var/lib"]),
        ..ImageContents::default()
    };
    let mut facts = facts(&["dracut"], dracut_image(&["network-legacy"]));
    facts.loader.networks = strings(&["systemd-networkd", "network-legacy"]);
    let texts = tree.texts(|draft| build_image(draft, &facts, &contents));
    assert_eq!(
        texts[OWN],
        format!(
            "{REMARK}add_dracutmodules+=\" iscsi systemd-networkd lvm \"\nadd_drivers+=\" iscsi_tcp \"\n\
             install_items+=\" /var/lib /lib/open-iscsi/startup-checks.sh \"\n"
        )
    );
    assert_eq!(texts["/etc/dracut.conf.d/10-mine.conf"], "omit_dracutmodules+=\" plymouth \"\nomit_drivers+=\"  \"\n");
    assert_eq!(texts["/etc/dracut.conf.d/20-vendor.conf"], "hostonly=\"yes\"\nomit_dracutmodules+=\" nfs \"\n");
    assert_eq!(texts.len(), 3);
}

#[test]
fn dracut_keeps_the_network_that_is_there_and_adds_to_its_file() {
    let contents = ImageContents { programs: strings(&["/usr/bin/tool"]), ..ImageContents::default() };
    for (image, own, network) in [
        (&["network-legacy"][..], "", "network-legacy"),
        (&["network-manager"], "", "network-manager"),
        (&["network-manager"], "add_dracutmodules+=\" systemd-networkd \"\n", "systemd-networkd"),
    ] {
        let tree = Tree::of(&[("/usr/bin/tool", ""), ("/etc/dracut.conf.d/50.conf", own)]);
        let facts = facts(&["dracut"], dracut_image(image));
        let texts = tree.texts(|draft| build_image(draft, &facts, &contents));
        let module = if own.is_empty() { format!(" {network}") } else { String::new() };
        assert_eq!(
            texts[OWN],
            format!("{REMARK}add_dracutmodules+=\" iscsi{module} \"\ninstall_items+=\" /usr/bin/tool \"\n")
        );
        let more = ImageContents { modules: strings(&["e1000"]), ..ImageContents::default() };
        let texts = tree.texts(|draft| build_image(draft, &facts, &more));
        assert!(texts[OWN].ends_with("install_items+=\" /usr/bin/tool \"\nadd_drivers+=\" e1000 \"\n"));
    }
}

#[test]
fn no_network_at_all_is_refused() {
    let contents = ImageContents { login_tools: true, ..ImageContents::default() };
    let facts = facts(&["dracut"], Initramfs::default());
    assert_eq!(
        Tree::of(&[]).changes(|draft| build_image(draft, &facts, &contents)).unwrap_err().place,
        "/usr/lib/dracut/modules.d"
    );
}

#[test]
fn nothing_waits_for_swap() {
    let tree = Tree::of(&[
        ("/etc/initramfs-tools/conf.d/resume", "RESUME=UUID=1-2\n"),
        ("/etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet resume=/dev/sdb1\"\n"),
    ]);
    let mut facts = facts(&["update-initramfs", "update-grub"], Initramfs::default());
    facts.loader.entries[0].cmdline = crate::formats::cmdline::parse("quiet resume=/dev/sdb1", None);
    let texts = tree.texts(|draft| no_resume(draft, &facts));
    assert_eq!(texts["/etc/initramfs-tools/conf.d/resume"], "RESUME=none\n");
    assert_eq!(texts["/etc/default/grub"], "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n");
    let facts = self::facts(&["dracut"], Initramfs::default());
    let texts = Tree::of(&[]).texts(|draft| no_resume(draft, &facts));
    assert!(texts[OWN].ends_with("omit_dracutmodules+=\" resume \"\n"));
}
