#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::formats::image::cpio::sample::Archive;
use crate::formats::image::elf::sample::program;
use isctpl_checks::facts::{Honoured, LoginKind, NetworkKind, RequestKind};
use proptest::prelude::*;
use std::io::{Cursor, Write};

fn facts_of(image: &[u8]) -> Initramfs {
    let mut facts = Initramfs { path: "/boot/initrd.img".to_owned(), size: image.len() as u64, ..Initramfs::default() };
    fill(Cursor::new(image), &mut facts, &mut |_| ());
    facts
}

fn zstd(archive: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(archive).unwrap();
    encoder.finish().unwrap()
}

fn gzip(archive: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(archive).unwrap();
    encoder.finish().unwrap()
}

fn damage(facts: &Initramfs) -> Vec<&str> {
    facts.damage.iter().map(|problem| problem.what.as_str()).collect()
}

const ISCSI: &str = "#!/bin/sh
. /scripts/functions
iscsistart -N
configure_networking
iscsistart -b
for x in $(cat /proc/cmdline); do
\tcase $x in
\tiscsi_auto) A=1 ;;
\tesac
done
";

const FUNCTIONS: &str = "configure_networking()\n{\n\tipconfig -t 2 -d \"$IP\"\n}\nunused()\n{\n\tgetarg netroot=\n}\n";

/// In the manner of initramfs-tools: an archive with microcode, then one that is compressed.
fn initramfs_tools(ipconfig: &[u8]) -> Archive {
    Archive::new()
        .directory(".")
        .link("bin", "usr/bin")
        .link("lib", "usr/lib")
        .link("lib64", "usr/lib64")
        .link("sbin", "usr/sbin")
        .program(
            "init",
            "#!/bin/sh\nfor x in $(cat /proc/cmdline); do\ncase $x in\nip=*)\n IP=${x#ip=}\n ;;\nesac\ndone\n",
        )
        .file("scripts/functions", FUNCTIONS)
        .program("scripts/local-top/iscsi", ISCSI)
        .program("scripts/local-top/unlisted", "#!/bin/sh\ngetarg iscsi_firmware\n")
        .file(
            "scripts/local-top/ORDER",
            "/scripts/local-top/iscsi \"$@\"\n[ -e /conf/param.conf ] && . /conf/param.conf\n",
        )
        .file("conf/initramfs.conf", "# MODULES: [ most | dep ]\nMODULES=most\n")
        .file("conf/conf.d/resume", "RESUME=UUID=0a0b\n")
        .file("conf/modules", "iscsi_tcp \niscsi-ibft\n")
        .file("etc/iscsi.initramfs", "ISCSI_AUTO=true\nISCSI_PASSWORD=\"hidden-from-all\"\n")
        .file("etc/initiatorname.iscsi", "## comment\nInitiatorName=iqn.2026-01.example:host\n")
        .program("usr/bin/ipconfig", ipconfig)
        .program("usr/sbin/iscsistart", program(Some("/lib64/ld-linux-x86-64.so.2"), &["libkmod.so.2"], None))
        .file("usr/lib64/ld-linux-x86-64.so.2", program(None, &[], None))
        .file("usr/lib/x86_64-linux-gnu/libkmod.so.2", program(None, &["liblzma.so.5"], None))
        .file("usr/lib/modules/6.1.0/kernel/drivers/scsi/iscsi_tcp.ko", "x")
        .file("lib/modules/6.1.0/kernel/drivers/firmware/iscsi-ibft.ko.xz", "x")
        .file("usr/lib/udev/rules.d/80-net-setup-link.rules", "x")
}

fn ipconfig(string: &str) -> Vec<u8> {
    let mut bytes = program(Some("/lib/klibc-x.so"), &[], None);
    bytes.extend_from_slice(string.as_bytes());
    bytes
}

#[test]
fn an_image_of_initramfs_tools_is_understood() {
    let mut image = Archive::new().file("kernel/x86/microcode/GenuineIntel.bin", [7; 100]).finish();
    image.extend(zstd(&initramfs_tools(&ipconfig("IPV4ROUTE%iSUBNET")).finish()));
    let facts = facts_of(&image);
    assert_eq!(damage(&facts), [""; 0]);
    assert_eq!(facts.segments.len(), 2);
    assert_eq!((facts.segments[0].compression.as_str(), facts.segments[0].entries), ("none", 1));
    assert_eq!(facts.segments[1].offset, facts.segments[0].packed);
    assert_eq!(facts.segments[1].offset + facts.segments[1].packed, image.len() as u64);
    assert_eq!(facts.module_versions.iter().collect::<Vec<_>>(), ["6.1.0"]);
    assert_eq!(facts.modules["iscsi_ibft"], "usr/lib/modules/6.1.0/kernel/drivers/firmware/iscsi-ibft.ko.xz");
    assert!(facts.modules.contains_key("iscsi_tcp") && !facts.files.contains_key(&facts.modules["iscsi_tcp"]));
    assert_eq!(facts.files["sbin"], EntryKind::Link("usr/sbin".to_owned()));
    let readers: Vec<_> = facts.readers.iter().map(|reader| (reader.token.as_str(), reader.at.to_string())).collect();
    assert_eq!(
        readers,
        [
            ("ip", "/boot/initrd.img!init:4".to_owned()),
            ("iscsi_auto", "/boot/initrd.img!scripts/local-top/iscsi:8".to_owned())
        ]
    );
    let network: Vec<_> = facts.network.iter().map(|network| (network.kind, network.at.line)).collect();
    assert_eq!(network, [(NetworkKind::Ipconfig, 3), (NetworkKind::IscsistartN, 3)]);
    assert_eq!((facts.login[0].kind, facts.login[0].at.line), (LoginKind::Iscsistart, 5));
    assert_eq!((facts.classless.len(), &facts.classless[0].honoured), (1, &Honoured::Yes));
    assert_eq!(facts.requests[0].kind, RequestKind::Firmware);
    assert_eq!(facts.secrets[0].to_string(), "/boot/initrd.img!etc/iscsi.initramfs:2");
    assert_eq!(facts.initiator_name.as_ref().unwrap().value, "iqn.2026-01.example:host");
    assert_eq!(facts.modules_policy.as_ref().unwrap().value, "most");
    assert_eq!(facts.resume.as_ref().unwrap().value, "UUID=0a0b");
    assert_eq!(facts.modules_listed.iter().collect::<Vec<_>>(), ["iscsi_ibft", "iscsi_tcp"]);
    assert_eq!(facts.link_files, ["usr/lib/udev/rules.d/80-net-setup-link.rules"]);
    assert!(!serde_json::to_string(&facts).unwrap().contains("hidden-from-all"));
    let missing: Vec<_> = facts.missing_libraries.iter().map(|m| (m.name.as_str(), m.needed_by.as_str())).collect();
    assert_eq!(
        missing,
        [("/lib/klibc-x.so", "usr/bin/ipconfig"), ("liblzma.so.5", "usr/lib/x86_64-linux-gnu/libkmod.so.2")]
    );
    assert_eq!(facts.missing_libraries[0].programs, ["usr/bin/ipconfig"]);
    assert_eq!(facts.missing_libraries[1].programs, ["usr/sbin/iscsistart"]);
}

#[test]
fn names_that_are_no_utf_8_are_told_apart() {
    let missing = |target: &[u8]| {
        let library = program(None, &[], None);
        let archive = Archive::new()
            .entry("usr/lib", 0o120_777, 1, target)
            .entry(b"usr/l\xfe", 0o040_755, 2, b"")
            .entry(b"usr/l\xff", 0o040_755, 2, b"")
            .entry(b"usr/l\xff/liba.so.1", 0o100_644, 1, &library)
            .file("ld.so", &library)
            .program("usr/bin/tool", program(Some("/ld.so"), &["liba.so.1"], None));
        facts_of(&archive.finish()).missing_libraries.len()
    };
    assert_eq!(missing(b"l\xff"), 0);
    assert_eq!(missing(b"l\xfe"), 1);
}

#[test]
fn the_database_of_iscsistart_needs_a_place() {
    let mut iscsistart = program(None, &[], None);
    iscsistart.extend_from_slice(b"/var/lib/iscsi/nodes\0");
    let image = |script: &str| {
        Archive::new()
            .program("usr/sbin/iscsistart", iscsistart.as_slice())
            .program("scripts/local-top/iscsi", script)
            .file("scripts/local-top/ORDER", "/scripts/local-top/iscsi\n")
    };
    let unplaced = |image: Archive| facts_of(&image.finish()).login_database_unplaced;
    let bare = "#!/bin/sh\n# mkdir is not here\niscsistart -b\n";
    let found = unplaced(image(bare)).unwrap();
    assert_eq!((found.value.as_str(), found.at.line), ("/var/lib/iscsi", 3));
    assert_eq!(unplaced(image("#!/bin/sh\n\tmkdir -p /var/lib\niscsistart -b\n")), None);
    assert_eq!(unplaced(image(bare).directory("var/lib")), None);
    assert_eq!(facts_of(&initramfs_tools(&ipconfig("")).finish()).login_database_unplaced, None);
}

#[test]
fn an_ipconfig_is_judged_by_what_it_contains() {
    let honoured = |string| {
        let image = initramfs_tools(&ipconfig(string)).finish();
        facts_of(&image).classless[0].honoured.clone()
    };
    assert!(matches!(honoured("IP-Config: %s"), Honoured::No(_)));
    assert!(matches!(honoured("something else"), Honoured::Unclear(_)));
    assert_eq!(honoured("IP-Config: Setting classless static route to %s"), Honoured::Yes);
}

const DHCLIENT_SCRIPT: &str = "#!/bin/sh
parse_option_121() {
    while [ $# -ne 0 ]; do
        shift
    done
}
parse_option_121 \"$new_classless_static_routes\"
";

const DHCLIENT_CONF: &str = "option classless-static-routes code 121 = array of unsigned integer 8;
request routers, classless-static-routes;
";

/// In the manner of dracut with network-legacy.
fn dracut() -> Archive {
    let system = "usr/lib/systemd/system";
    Archive::new()
        .link("bin", "usr/bin")
        .link("sbin", "usr/sbin")
        .link("lib", "usr/lib")
        .program("usr/lib/systemd/systemd", program(None, &[], None))
        .link("etc/systemd/system/default.target", "/lib/systemd/system/initrd.target")
        .file(&format!("{system}/initrd.target"), "[Unit]\nRequires=basic.target\nWants=dracut-mount.service\n")
        .file(&format!("{system}/basic.target"), "[Unit]\nRequires=sockets.target\n")
        .file(&format!("{system}/sockets.target"), "[Unit]\n")
        .link("etc/systemd/system/sockets.target.wants/iscsid.socket", "/lib/systemd/system/iscsid.socket")
        .file(&format!("{system}/iscsid.socket"), "[Socket]\nListenStream=@ISCSIADM\n")
        .file(
            &format!("{system}/iscsid.service"),
            "[Unit]\nRequires=helper.service\n[Service]\nExecStartPre=/lib/open-iscsi/startup-checks.sh\nExecStart=/sbin/iscsid -f\n",
        )
        .file(&format!("{system}/helper.service"), "[Service]\nExecStart=-+/usr/bin/helper \\\n  --now\n")
        .file(&format!("{system}/dracut-mount.service"), "[Service]\nExecStart=/usr/bin/absent\n")
        .file(&format!("{system}/dracut-mount.service.d/10-fix.conf"), "[Service]\nExecStart=\nExecStart=dracut-mount\n")
        .file(&format!("{system}/never.service"), "[Service]\nExecStart=/usr/bin/nowhere\n")
        .program("usr/sbin/iscsid", program(None, &[], None))
        .program("usr/bin/dracut-mount", "#!/bin/sh\n")
        .program("usr/sbin/iscsiroot", "#!/bin/sh\ngetargbool 0 rd.iscsi.firmware && iscsiadm -m fw -l -W 2> /dev/null\n")
        .program("usr/sbin/ifup", "#!/bin/sh\ndhclient --help | grep x\ndhclient \"$@\" -q\n")
        .program("usr/sbin/dhclient", program(None, &[], None))
        .program("usr/sbin/dhclient-script", DHCLIENT_SCRIPT)
        .program("usr/bin/mawk", program(None, &[], None))
        .link("usr/bin/awk", "/etc/alternatives/awk")
        .link("etc/alternatives/awk", "/usr/bin/mawk")
        .file("usr/lib/dracut-lib.sh", "getarg() {\n:\n}\n")
        .file("usr/lib/net-lib.sh", "ibft_to_cmdline() {\n awk -- 'BEGIN { exit (!and('\"$flags\"',1)) }'\n}\n")
        .file("usr/lib/dracut/hooks/cmdline/92-parse-ibft.sh", "getargbool 0 rd.iscsi.ibft -d \"ip=ibft\" && ibft_to_cmdline\n")
        .file("usr/lib/dracut/modules.txt", "systemd\niscsi\n")
        .file("usr/lib/dracut/build-parameter.txt", " --force --no-hostonly --add 'iscsi network-legacy'\n")
        .file("etc/dhclient.conf", DHCLIENT_CONF)
        .file("etc/cmdline.d/20-iscsi.conf", "rd.iscsi.firmware=1 rd.iscsi.password=tell-nobody\nnetroot=iscsi:me:tell-nobody@192.0.2.1::3260:1:iqn.2026-01.example:lun\n")
        .file("etc/iscsi/initiatorname.iscsi", "GenerateName=yes\n")
        .file("etc/iscsi/iscsid.conf", "#node.session.auth.password = commented\nnode.session.auth.password = tell-nobody\n")
        .file("var/lib/iscsi/nodes/iqn.x/192.0.2.1,3260,1/default", "node.session.auth.password_in = tell-nobody\n")
        .file("etc/lvm/lvm.conf", "devices {\n # filter = [ \"a|.*|\" ]\n global_filter = [ \"a|/dev/sda#|\", # first\n \"r|.*|\" ]\n}\n")
        .file("etc/lvm/devices/system.devices", "# LVM\nIDTYPE=sys_wwid IDNAME=naa.6001 DEVNAME=/dev/sda3 PVID=x\n")
}

#[test]
fn an_image_of_dracut_is_understood() {
    let facts = facts_of(&gzip(&dracut().finish()));
    assert_eq!(damage(&facts), [""; 0]);
    let missing: Vec<_> = facts
        .missing_unit_programs
        .iter()
        .map(|m| (m.unit.as_str(), m.program.as_str(), m.directive.as_str(), m.on_login_path, m.ignored_failure))
        .collect();
    assert_eq!(
        missing,
        [
            ("helper.service", "/usr/bin/helper", "ExecStart", true, true),
            ("iscsid.service", "/lib/open-iscsi/startup-checks.sh", "ExecStartPre", true, false)
        ]
    );
    let tokens: Vec<_> = facts.readers.iter().map(|reader| reader.token.as_str()).collect();
    assert_eq!(tokens, ["ip=ibft", "rd.iscsi.firmware", "rd.iscsi.ibft"]);
    assert_eq!(facts.network[0].kind, NetworkKind::DracutLegacy);
    assert_eq!(facts.network[0].at.to_string(), "/boot/initrd.img!usr/sbin/ifup:3");
    assert_eq!(facts.login[0].kind, LoginKind::DracutIscsid);
    assert!(matches!(&facts.classless[0].honoured, Honoured::No(why) if why.contains("one quoted word")));
    assert_eq!(facts.classless[0].at.to_string(), "/boot/initrd.img!usr/sbin/dhclient-script:7");
    assert_eq!(facts.classless[0].excerpt, "parse_option_121 \"$new_classless_static_routes\"");
    let awk = facts.awk_without_and.as_ref().unwrap();
    assert_eq!(
        (awk.value.as_str(), awk.at.to_string().as_str()),
        ("usr/bin/mawk", "/boot/initrd.img!usr/lib/net-lib.sh:2")
    );
    assert_eq!(facts.hostonly, Some(false));
    assert_eq!(facts.dracut_modules, ["systemd", "iscsi"]);
    assert_eq!(facts.own_cmdline[0].value.text(), "rd.iscsi.firmware=1 rd.iscsi.password=(hidden)");
    assert_eq!(facts.own_cmdline[1].value.text(), "netroot=iscsi:(hidden)@192.0.2.1::3260:1:iqn.2026-01.example:lun");
    let target = RequestKind::Target {
        name: Some("iqn.2026-01.example:lun".to_owned()),
        portals: vec!["192.0.2.1".to_owned()],
        initiator: None,
    };
    assert_eq!(
        facts.requests.iter().map(|request| &request.kind).collect::<Vec<_>>(),
        [&RequestKind::Firmware, &target]
    );
    assert_eq!((facts.initiator_name.is_none(), facts.initiator_generated), (true, true));
    let secrets: Vec<_> = facts.secrets.iter().map(|place| place.path.rsplit('!').next().unwrap()).collect();
    assert_eq!(
        secrets,
        [
            "etc/cmdline.d/20-iscsi.conf",
            "etc/cmdline.d/20-iscsi.conf",
            "etc/iscsi/iscsid.conf",
            "var/lib/iscsi/nodes/iqn.x/192.0.2.1,3260,1/default"
        ]
    );
    let global: Vec<_> = facts.lvm_global_filters.iter().map(|f| (f.value.as_str(), f.at.to_string())).collect();
    let at = "/boot/initrd.img!etc/lvm/lvm.conf:3".to_owned();
    assert_eq!(global, [("a|/dev/sda#|", at.clone()), ("r|.*|", at)]);
    assert_eq!(facts.lvm_filters, []);
    assert_eq!(facts.lvm_devices.as_ref().unwrap()[0].value, "naa.6001");
    assert!(!serde_json::to_string(&facts).unwrap().contains("tell-nobody"));
}

#[test]
fn a_dhclient_that_does_not_ask_gets_no_routes() {
    let honoured = |archive: Archive| facts_of(&archive.finish()).classless[0].honoured.clone();
    let unquoted = DHCLIENT_SCRIPT.replace('"', "");
    assert_eq!(honoured(dracut().program("usr/sbin/dhclient-script", unquoted)), Honoured::Yes);
    let asks_not = dracut().file("etc/dhclient.conf", "request routers;\n");
    assert!(matches!(honoured(asks_not), Honoured::No(why) if why.contains("does not request")));
}

#[test]
fn networkd_takes_routes_unless_told_otherwise() {
    let archive = || Archive::new().program("usr/lib/systemd/systemd-networkd", program(None, &[], None));
    let honoured = |archive: Archive| facts_of(&archive.finish()).classless[0].honoured.clone();
    assert_eq!(honoured(archive()), Honoured::Yes);
    let without = archive().file("etc/systemd/network/10-all.network", "[Match]\nName=*\n[DHCPv4]\nUseRoutes = no\n");
    assert!(matches!(honoured(without), Honoured::No(_)));
}

#[test]
fn libraries_are_looked_for_where_the_linker_looks() {
    let ld = "/lib64/ld-linux-x86-64.so.2";
    let mut foreign = program(None, &[], None);
    foreign[18] = 183;
    let archive = Archive::new()
        .directory("usr")
        .link("lib64", "usr/lib64")
        .file("usr/lib64/ld-linux-x86-64.so.2", program(None, &[], None))
        .file("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n")
        .file("etc/ld.so.conf.d/extra.conf", "# more\n/opt/extra\n")
        .program(
            "usr/bin/a",
            program(Some(ld), &["libown.so", "libextra.so", "libdeep.so", "libforeign.so"], Some("$ORIGIN/../own")),
        )
        .file("usr/own/libown.so", program(None, &["libtwice.so", "libextra.so"], None))
        .file("opt/extra/libextra.so", program(None, &[], None))
        .file("usr/lib64/glibc-hwcaps/x86-64-v3/libdeep.so", program(None, &[], None))
        .file("usr/lib64/libforeign.so", foreign)
        .file("usr/lib64/libplugin.so", program(None, &["libnobody.so"], None))
        .program("usr/bin/b", program(Some(ld), &["libdeep.so", "libdirect.so", "libalso.so"], None))
        .file("usr/lib64/libdirect.so", program(None, &["libnone.so"], None))
        .file("usr/lib64/libalso.so", program(None, &["libdirect.so"], None))
        .program("usr/bin/c", program(Some(ld), &["libalso.so"], None))
        .program("usr/bin/static", program(None, &[], None));
    let facts = facts_of(&archive.finish());
    let missing: Vec<_> = facts.missing_libraries.iter().map(|m| (m.name.as_str(), m.needed_by.as_str())).collect();
    assert_eq!(
        missing,
        [
            ("libforeign.so", "usr/bin/a"),
            ("libnone.so", "usr/lib64/libdirect.so"),
            ("libtwice.so", "usr/own/libown.so")
        ]
    );
    assert_eq!(facts.missing_libraries[1].programs, ["usr/bin/b", "usr/bin/c"]);
}

#[test]
fn hard_links_share_what_comes_with_one_of_them() {
    let image = Archive::new()
        .program("init", "#!/bin/sh\n")
        .hard_links(&["usr/sbin/first", "usr/sbin/second"], 0o100_755, b"#!/bin/sh\ngetarg rd.route\n")
        .finish();
    let facts = facts_of(&image);
    assert_eq!(facts.files["usr/sbin/first"], EntryKind::Program(26));
    assert_eq!(facts.readers.len(), 2);
}

#[test]
fn links_in_a_circle_lead_nowhere() {
    let image = Archive::new()
        .link("a", "b")
        .link("b", "a")
        .file("a/below", "lost")
        .link("self", "self/self")
        .link("up", "../../..")
        .program("up/init", "#!/bin/sh\n")
        .program("usr/bin/x", program(Some("/self/ld.so"), &["libx.so"], None))
        .finish();
    let facts = facts_of(&image);
    assert!(facts.files.contains_key("init") && !facts.files.contains_key("a/below"));
    assert_eq!(facts.missing_libraries.len(), 2);
}

#[test]
fn an_image_made_of_detours_does_not_keep_the_search_busy() {
    let detour = "d/../".repeat(800);
    let mut archive = Archive::new().directory("d");
    for number in 0..2_000 {
        archive = archive.link(&format!("link{number}"), &detour).file(&format!("link{number}/file"), "x");
    }
    let facts = facts_of(&archive.finish());
    assert!(facts.incomplete);
    assert!(facts.problems.iter().any(|problem| problem.what.contains("nested too deeply")));
}

#[test]
fn segments_follow_one_another_by_the_kernels_rule() {
    let one = Archive::new().file("one", "1").finish();
    let two = Archive::new().file("two", "2").finish();
    let names = |image: &[u8]| facts_of(image).files.into_keys().collect::<Vec<_>>();
    // Padding between, also to no multiple of four before a compressed stream.
    let image = [zstd(&one).as_slice(), &[0; 7], &gzip(&two), &[0; 30]].concat();
    let facts = facts_of(&image);
    assert_eq!(
        (damage(&facts).len(), facts.segments.len(), names(&image)),
        (0, 2, vec!["one".to_owned(), "two".to_owned()])
    );
    // Several archives in one stream, and archives that are not compressed one behind another.
    assert_eq!(names(&gzip(&[one.as_slice(), &two].concat())), ["one", "two"]);
    assert_eq!(facts_of(&[one.as_slice(), &[0; 512], &two].concat()).segments.len(), 1);
    // The last of two files of the same name counts.
    let again = Archive::new().program("one", "123").finish();
    assert_eq!(facts_of(&[one.as_slice(), &zstd(&again)].concat()).files["one"], EntryKind::Program(3));
}

#[test]
fn damage_is_told_with_its_offset_and_whose_it_is() {
    let one = Archive::new().file("one", "1").finish();
    let told = |image: &[u8]| {
        let facts = facts_of(image);
        (damage(&facts).join("; "), facts.incomplete)
    };
    assert_eq!(told(&[]).0, "the file is empty or contains only NUL bytes");
    assert_eq!(told(b"MZ\x90").0, "byte 0 starts neither a cpio archive nor a known compression");
    let packed = zstd(&one);
    let length = packed.len();
    let garbage = [packed.as_slice(), b"garbage"].concat();
    assert_eq!(
        told(&garbage),
        (format!("the file has garbage from byte {length} on: neither a cpio archive nor a known compression"), false)
    );
    let unaligned = [packed.as_slice(), &vec![0; 4 - length % 4 + 1], &one].concat();
    assert!(told(&unaligned).0.contains("does not begin at a multiple of four"));
    let (cut, ours) = told(&packed[..length - 4]);
    assert_eq!(cut, format!("the zstd stream at byte 0, near byte {}: the file ends inside the stream", length - 4));
    assert!(!ours);
    let unfinished = Archive::new().file("one", "1").unfinished();
    assert_eq!(told(&gzip(&unfinished)).0, "the gzip stream at byte 0 ends without the archive's trailer");
    assert_eq!(told(&unfinished), (String::new(), false), "the kernel takes that");
    assert!(told(&gzip(b"no archive")).0.starts_with("the gzip stream at byte 0 has garbage"));
    let (lzo, ours) = told(b"\x89LZO\0\r\n\x1a\n rest");
    assert_eq!((lzo.as_str(), ours), ("the segment at byte 0: isctpl does not support lzo compression", true));
    assert!(
        told(&gzip(&one[..100])).0.starts_with("inside the gzip stream at byte 0: the archive is cut off at byte 100")
    );
}

#[test]
fn an_image_is_listed_in_order_with_names_as_they_are() {
    let archive = Archive::new().entry(b"caf\xe9", 0o100_600, 1, b"12345").link("l", "to").finish();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[archive.as_slice(), &zstd(&Archive::new().directory("d").finish())].concat()).unwrap();
    file.rewind().unwrap();
    let mut entries = Vec::new();
    let facts = examine(file, "image", &mut |entry| {
        entries.push((entry.segment, entry.header.name.clone(), entry.header.size, entry.target.clone()));
    });
    assert_eq!(damage(&facts), [""; 0]);
    assert_eq!((facts.path.as_str(), facts.segments.len(), facts.files.len()), ("image", 2, 3));
    assert_eq!(
        entries,
        [(0, b"caf\xe9".to_vec(), 5, None), (0, b"l".to_vec(), 2, Some(b"to".to_vec())), (1, b"d".to_vec(), 0, None)]
    );
}

#[test]
fn an_image_of_a_root_is_read_through_it() {
    let directory = tempfile::tempdir().unwrap();
    let image = Archive::new().file("one", "1").finish();
    std::fs::write(directory.path().join("initrd"), &image).unwrap();
    let root = Root::open(directory.path()).unwrap();
    let facts = read(&root, "/initrd");
    assert_eq!((facts.path.as_str(), facts.size, facts.files.len()), ("/initrd", image.len() as u64, 1));
    assert!(facts.mtime > 0);
    assert_eq!(damage(&read(&root, "/absent")), ["does not exist"]);
    std::fs::create_dir(directory.path().join("dir")).unwrap();
    assert!(read(&root, "/dir").incomplete);
}

#[test]
fn truncation_at_every_offset_does_not_panic() {
    let small = Archive::new().program("init", "#!/bin/sh\ngetarg ip=\n").link("bin", "usr/bin").finish();
    let image = [small.as_slice(), &zstd(&small), &gzip(&small)].concat();
    for end in 0..image.len() {
        let _ = facts_of(&image[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = facts_of(&bytes);
        let _ = facts_of(&zstd(&bytes));
    }

    #[test]
    fn flipped_bytes_do_not_panic(at in any::<usize>(), value in any::<u8>()) {
        let mut image = dracut().finish();
        let at = at % image.len();
        image[at] = value;
        let _ = facts_of(&image);
    }
}
