//! What is read of the images that initramfs-tools and dracut make.

use super::*;
use isctpl_checks::facts::{Location, LoginKind, NetworkKind, Option121Support, RequestKind, Source};

#[test]
fn an_image_of_initramfs_tools_is_understood() {
    let mut image = Archive::new().file("kernel/x86/microcode/GenuineIntel.bin", [7; 100]).finish();
    image.extend(zstd(&initramfs_tools(&ipconfig("IPV4ROUTE%iSUBNET")).finish()));
    let facts = facts_of(&image);
    assert_eq!(damage(&facts), [""; 0]);
    assert_eq!(facts.segments.len(), 2);
    assert_eq!((facts.segments[0].compression.as_str(), facts.segments[0].entries), ("none", 4));
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
    assert_eq!((facts.classless.len(), &facts.classless[0].support), (1, &Option121Support::Yes));
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
fn the_line_at_which_a_script_ends_without_a_network_is_found() {
    let of = |line: &str| {
        let functions = format!("configure_networking()\n{{\n\tipconfig eth0\n\t\t{line}\n}}\n");
        let image = initramfs_tools(&ipconfig("IPV4ROUTE%iSUBNET")).program("scripts/functions", &functions);
        facts_of(&image.finish()).refusals
    };
    let found = of(". /run/net-*.conf");
    assert_eq!(
        found.iter().map(|line| line.at.to_string()).collect::<Vec<_>>(),
        ["/boot/initrd.img!scripts/functions:4"]
    );
    assert!(of("for file in /run/net-*.conf; do [ -e \"$file\" ] && . \"$file\"; done").is_empty());
}

/// What is in doubt names what it stands in the way of, so that a check knows what it cannot tell.
#[test]
fn what_is_in_doubt_in_an_image_names_its_source() {
    let of = |path: &str, text: &str| {
        let image = initramfs_tools(&ipconfig("IPV4ROUTE%iSUBNET")).program(path, text);
        let facts = facts_of(&image.finish());
        let told = facts.problems.iter().map(|problem| (problem.place.clone(), problem.source)).collect::<Vec<_>>();
        (facts, told)
    };
    const ISCSI: &str = "etc/iscsi.initramfs";
    let (facts, told) = of(ISCSI, "ISCSI_AUTO=true\r\nISCSI_TARGET_NAME=iqn.a\r\n");
    assert_eq!(told, [(format!("/boot/initrd.img!{ISCSI}:2"), Source::IscsiInitramfs)]);
    assert_eq!(facts.requests[0].kind, RequestKind::Firmware, "it is set, to whatever");
    let (facts, told) = of(ISCSI, "return\n[ -e /x ] && ISCSI_AUTO=true\nISCSI_PASSWORD=hidden-from-all\n");
    assert!(facts.requests.is_empty() && told.is_empty(), "the shell does not come so far");
    assert_eq!(facts.secrets, [Location::line(format!("/boot/initrd.img!{ISCSI}"), 3)]);
    for (path, text, account) in [
        (ISCSI, "ISCSI_USERNAME=hidden-from-all\n", Some(true)),
        (ISCSI, "ISCSI_PASSWORD=hidden-from-all\n", Some(false)),
        (ISCSI, "[ -e /x ] && ISCSI_USERNAME=hidden-from-all\n", None),
        ("etc/iscsi/iscsi.initramfs", "ISCSI_USERNAME=hidden-from-all\n", Some(false)),
    ] {
        assert_eq!(of(path, text).0.account, account, "{path}: {text}");
    }
    let (facts, told) = of("conf/conf.d/z", "[ -e /x ] && RESUME=none\n");
    assert_eq!(told, [("/boot/initrd.img!conf/conf.d/z:1".to_owned(), Source::Resume)]);
    assert_eq!(facts.resume, None);
    let (facts, told) = of("usr/bin/x", "#!/bin/sh\n:\ncat <<E\niscsistart -b\n");
    assert_eq!(told, [("/boot/initrd.img!usr/bin/x:3".to_owned(), Source::Other)]);
    assert!(facts.incomplete);
    let (facts, told) = of("usr/bin/x", "#!/usr/bin/python3\nx << y, 'a\"\n");
    assert!(!facts.incomplete && told.is_empty(), "no shell reads it: {told:?}");
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
    let support = |string| {
        let image = initramfs_tools(&ipconfig(string)).finish();
        facts_of(&image).classless[0].support.clone()
    };
    assert!(matches!(support("IP-Config: %s"), Option121Support::No(_)));
    assert!(matches!(support("something else"), Option121Support::Unclear(_)));
    assert_eq!(support("IP-Config: Setting classless static route to %s"), Option121Support::Yes);
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
    assert!(matches!(&facts.classless[0].support, Option121Support::No(why) if why.contains("one quoted word")));
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
        account: Some(true),
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
    let support = |archive: Archive| facts_of(&archive.finish()).classless[0].support.clone();
    let unquoted = DHCLIENT_SCRIPT.replace('"', "");
    assert_eq!(support(dracut().program("usr/sbin/dhclient-script", unquoted)), Option121Support::Yes);
    let asks_not = dracut().file("etc/dhclient.conf", "request routers;\n");
    assert!(matches!(support(asks_not), Option121Support::No(why) if why.contains("does not request")));
}

#[test]
fn networkd_takes_routes_unless_told_otherwise() {
    let archive = || Archive::new().program("usr/lib/systemd/systemd-networkd", program(None, &[], None));
    let support = |archive: Archive| facts_of(&archive.finish()).classless[0].support.clone();
    assert_eq!(support(archive()), Option121Support::Yes);
    let without = archive().file("etc/systemd/network/10-all.network", "[Match]\nName=*\n[DHCPv4]\nUseRoutes = no\n");
    assert!(matches!(support(without), Option121Support::No(_)));
}
