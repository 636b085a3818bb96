//! What `isctpl prepare` changes to fix each finding, and which findings no file fixes.
use super::fixtures::{alone, case};
use super::machine::{Machine, machine};
use isctpl_checks::facts::{Facts, Initramfs, NetworkKind, Option121Support};
use isctpl_checks::{
    Check, ImageContents, Link, LoginWords, Outcome, Repair, SanNicNeed, Severity, WordMatch, login_words, registry,
};
use serde_json::{Value, json};

/// Critical checks from the loader to the shutdown that no file of the root fixes, and why.
const NOT_BY_FILES: &[(&str, &str)] = &[
    ("kernel-iscsi-unsupported", "another kernel comes with a package"),
    ("kernel-modules-missing", "modules come with a package"),
    ("root-volume-missing", "the volume or filesystem is not on the disk, or root= was meant for another"),
];

/// The broken case of each check that files fix, with what fixes it.
const BY_FILES: &[(&str, &[&str])] = &[
    ("loader-kernel-missing", &["write-loader"]),
    ("loader-initrd-missing", &["build-image", "write-loader"]),
    ("loader-root-unresolved", &["write-loader"]),
    ("loader-efi-fallback-missing", &["install-fallback-loader"]),
    ("loader-cmdline-drift", &["words"]),
    ("loader-secret-on-cmdline", &["request-login"]),
    ("loader-edd-probe", &["words"]),
    ("initramfs-compression-unsupported", &["build-image"]),
    ("initramfs-database-place-missing", &["build-image"]),
    ("initramfs-filesystem-missing", &["build-image"]),
    ("initramfs-initiator-mismatch", &["build-image"]),
    ("initramfs-kernel-mismatch", &["build-image"]),
    ("initramfs-library-missing", &["build-image"]),
    ("initramfs-login-tool-missing", &["build-image"]),
    ("initramfs-lvm-missing", &["build-image"]),
    ("initramfs-module-missing", &["build-image"]),
    ("initramfs-nic-driver-missing", &["build-image"]),
    ("initramfs-secret-inside", &["build-image"]),
    ("initramfs-stale", &["build-image"]),
    ("initramfs-unit-program-missing", &["build-image"]),
    ("initramfs-unreadable", &["build-image"]),
    ("login-not-requested", &["request-login"]),
    ("login-interface-named-ibft", &["request-login"]),
    ("login-interface-absent", &["request-login"]),
    ("login-arguments-conflict", &["request-login"]),
    ("login-route-missing", &["request-login"]),
    ("login-route-interface-unknown", &["request-login"]),
    ("login-option-121-dropped", &["request-login"]),
    ("login-target-mismatch", &["request-login"]),
    ("login-dhcp-on-every-nic", &["request-login"]),
    ("login-awk-without-and", &[]),
    ("root-lvm-filtered", &["build-image", "accept-volume"]),
    ("root-mount-not-netdev", &["mount-option"]),
    ("root-resume-device-missing", &["words"]),
    ("handover-san-nic-reconfigured", &["keep"]),
    ("handover-san-route-not-kept", &["route"]),
    ("handover-classless-routes-ignored", &["lease-routes"]),
    ("handover-wan-before-san", &["keep"]),
    ("handover-dhcp-timeout-long", &["dhcp-timeout"]),
    ("handover-interface-renamed", &[]),
    ("session-timeouts-short", &[]),
    ("iscsid-not-running", &[]),
    ("firewall-blocks-san", &["accept-portal"]),
    ("service-logs-out-root", &["disable-unit"]),
    ("service-takes-san-nic-down", &["stay-up"]),
    ("node-record-logs-out-root", &["set-iscsi"]),
];

fn kind(repair: &Repair) -> &'static str {
    match repair {
        Repair::Words { .. } => "words",
        Repair::RequestLogin => "request-login",
        Repair::WriteLoader => "write-loader",
        Repair::InstallFallbackLoader { .. } => "install-fallback-loader",
        Repair::BuildImage(_) => "build-image",
        Repair::DisableUnit { .. } => "disable-unit",
        Repair::MaskUnit { .. } => "mask-unit",
        Repair::EnableUnit { .. } => "enable-unit",
        Repair::RemoveLink { .. } => "remove-link",
        Repair::SetIscsi { .. } => "set-iscsi",
        Repair::SanNic { need: SanNicNeed::Keep, .. } => "keep",
        Repair::SanNic { need: SanNicNeed::Route(_), .. } => "route",
        Repair::SanNic { need: SanNicNeed::LeaseRoutes, .. } => "lease-routes",
        Repair::SanNic { need: SanNicNeed::StayUp, .. } => "stay-up",
        Repair::DhcpTimeout { .. } => "dhcp-timeout",
        Repair::MountOption { .. } => "mount-option",
        Repair::AcceptVolume { .. } => "accept-volume",
        Repair::NoResume => "no-resume",
        Repair::AcceptPortal { .. } => "accept-portal",
    }
}

/// The repairs of everything that a check finds.
fn repairs(check: &Check, facts: &Facts) -> Vec<Repair> {
    let Outcome::Fail(findings) = alone(check, facts) else { return Vec::new() };
    findings.iter().flat_map(|finding| finding.remedy.repairs().to_vec()).collect()
}

fn repairs_of(id: &str, facts: &Facts) -> Vec<Repair> {
    repairs(registry::find(id).unwrap(), facts)
}

#[test]
fn every_finding_that_files_fix_says_what_fixes_it() {
    let mut wrong = Vec::new();
    for check in registry::all() {
        let (name, _, facts) = case(check, "broken");
        let mut kinds: Vec<&str> = repairs(check, &facts).iter().map(kind).collect();
        kinds.dedup();
        let expected = BY_FILES.iter().find(|(id, _)| *id == check.id).map_or(&[][..], |(_, kinds)| kinds);
        if kinds != expected {
            wrong.push(format!("{name}: {kinds:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_critical_check_from_the_loader_on_is_fixed_by_files_or_says_why_not() {
    let judged_from_files = |link: Link| link > Link::Firmware && link != Link::Uptime && link != Link::Template;
    for check in registry::all().filter(|check| check.severity == Severity::Critical && judged_from_files(check.link)) {
        let by_files = BY_FILES.iter().any(|(id, kinds)| *id == check.id && !kinds.is_empty());
        let not = NOT_BY_FILES.iter().any(|(id, why)| *id == check.id && !why.is_empty());
        assert!(by_files != not, "{}: by files {by_files}, not by files {not}", check.id);
    }
    for (id, _) in NOT_BY_FILES {
        assert!(registry::find(id).is_some(), "{id}");
    }
}

/// A root without a program that builds images or writes the loader's menu.
#[test]
fn nothing_is_repaired_by_what_the_root_lacks() {
    for check in registry::all() {
        let (name, _, mut facts) = case(check, "broken");
        facts.loader.tools = Vec::new();
        let by_tools = |repair: &Repair| {
            matches!(repair, Repair::BuildImage(_) | Repair::WriteLoader | Repair::Words { .. } | Repair::RequestLogin)
        };
        let found = repairs(check, &facts);
        assert!(!found.iter().any(by_tools), "{name}: {found:?}");
    }
}

/// GRUB boots from files that grub-mkconfig does not write, too.
#[test]
fn words_are_only_promised_where_what_boots_is_written_anew() {
    let fixed = |base: &str, tools: &[&str], path: &str| {
        let patch = json!([
            {"op": "replace", "path": "/images/0/requests", "value": []},
            {"op": "replace", "path": "/loader/entries/0/at/path", "value": path},
            {"op": "replace", "path": "/loader/tools", "value": tools},
        ]);
        let facts = machine(base).patch(patch).cmdline(ROOT).facts();
        repairs_of("login-not-requested", &facts).contains(&Repair::RequestLogin)
    };
    for base in ["initramfs-tools-live", "dracut-live"] {
        assert!(fixed(base, &["grub-mkconfig"], "/boot/grub/grub.cfg"));
        assert!(fixed(base, &["grub2-mkconfig"], "/boot/grub2/grub.cfg"));
        for path in ["/boot/loader/entries/a.conf", "/boot/efi/loader/entries/a.conf"] {
            assert!(fixed(base, &[], path), "{path}");
        }
        // CentOS 7 on UEFI, an entry by hand, one file for all in the EFI system partition, another loader.
        for path in ["/boot/efi/EFI/centos/grub.cfg", "/boot/grub/custom.cfg", "/boot/efi/EFI/Linux/a.efi"] {
            assert!(!fixed(base, &["update-grub", "grub-mkconfig", "grub2-mkconfig"], path), "{path}");
        }
        // It is a script that runs grub-mkconfig.
        assert!(!fixed(base, &["update-grub"], "/boot/grub/grub.cfg"));
    }
}

#[test]
fn an_image_is_told_what_it_lacks() {
    let (_, _, facts) = case(registry::find("initramfs-unit-program-missing").unwrap(), "broken");
    let found = repairs_of("initramfs-unit-program-missing", &facts);
    let Some(Repair::BuildImage(contents)) = found.first() else { panic!("{found:?}") };
    assert_eq!(contents.programs, ["/lib/open-iscsi/startup-checks.sh"]);

    let omitted = json!([
        {"op": "remove", "path": "/images/0/modules/iscsi_tcp"},
        {"op": "add", "path": "/loader/omits", "value": [
            {"key": "omit_dracutmodules", "words": ["iscsi", "nfs"], "at": {"path": "/etc/dracut.conf.d/1.conf", "line": 2}},
        ]},
    ]);
    let found = repairs_of("initramfs-module-missing", &machine("dracut-root").patch(omitted).facts());
    let Some(Repair::BuildImage(contents)) = found.first() else { panic!("{found:?}") };
    assert!(contents.modules.contains(&"iscsi_tcp".to_owned()), "{contents:?}");
    assert!(contents.login_tools && !contents.lvm, "{contents:?}");
}

/// A module that modules.dep names and that is not on the disk comes with a package.
#[test]
fn an_image_is_not_built_of_modules_that_are_not_there() {
    let gone = json!([
        {"op": "remove", "path": "/images/0/modules/iscsi_tcp"},
        {"op": "replace", "path": "/kernels/0/modules/iscsi_tcp/present", "value": false},
    ]);
    let facts = machine("initramfs-tools-root").patch(gone).facts();
    assert_eq!(repairs_of("initramfs-module-missing", &facts), []);
}

#[test]
fn lvm_that_is_not_installed_is_not_put_into_an_image() {
    let (_, _, mut facts) = case(registry::find("initramfs-lvm-missing").unwrap(), "broken");
    facts.storage.lvm_installed = None;
    assert_eq!(repairs_of("initramfs-lvm-missing", &facts), []);
}

/// Where no kernel has its image on the disk, a menu that is written again boots nothing.
#[test]
fn a_menu_is_written_again_only_where_there_is_something_to_boot() {
    let (_, _, mut facts) = case(registry::find("loader-kernel-missing").unwrap(), "broken");
    assert!(repairs_of("loader-kernel-missing", &facts).contains(&Repair::WriteLoader));
    facts.boot_files.remove(0);
    assert_eq!(repairs_of("loader-kernel-missing", &facts), []);
}

/// What waits for a NIC that may be another is changed on none.
#[test]
fn a_configuration_is_not_changed_while_it_may_be_another_nics() {
    let interfaces = |name: &str| {
        json!({
            "manager": "networkd", "at": {"path": format!("/etc/systemd/network/{name}.network"), "line": 0},
            "matches": {"names": [name]}, "method": "dhcp", "also": [], "addresses": [], "gateway": null, "routes": [],
            "at_boot": true, "unmanaged": false, "use_dhcp_routes": null, "use_dhcp_gateway": null, "keep": null,
            "metric": null, "commands": [], "mtu": null, "renderer": null, "generated_by": null, "lower": [],
            "vlan": null, "set_name": null, "optional": false,
        })
    };
    let patch = json!([
        {"op": "replace", "path": "/netconfig/interfaces", "value": [interfaces("enp0s3"), interfaces("enp0s4")]},
        {"op": "replace", "path": "/netconfig/managers", "value": [{"manager": "networkd", "enabled": true, "at": null}]},
    ]);
    let machine = |san: &str| {
        let told = json!([{"op": "replace", "path": "/scope/san_nic", "value": san}]);
        machine("initramfs-tools-root").patch(&patch).patch(told)
    };
    let of = |facts: &Facts| repairs_of("handover-san-nic-reconfigured", facts);
    let told = of(&machine("enp0s3").facts());
    let [Repair::SanNic { config, need: SanNicNeed::Keep }] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(config.matches.names, ["enp0s3"]);
    let mut open = machine("enp0s3").facts();
    open.scope.san_nic = None;
    assert_eq!(of(&open), []);
}

fn said(words: &LoginWords) -> String {
    let of = |word: &WordMatch| match word {
        WordMatch::Word(word) => format!("-{word}"),
        WordMatch::Key(key) => format!("-{key}=*"),
    };
    let removed = words.remove.iter().map(of);
    removed.chain(words.add.iter().map(|word| format!("+{word}"))).collect::<Vec<_>>().join(" ")
}

fn words_of(machine: Machine) -> Option<String> {
    login_words(&machine.facts()).as_ref().map(said)
}

#[test]
fn a_line_that_is_right_stays() {
    for name in ["dracut-live", "dracut-root", "initramfs-tools-live", "initramfs-tools-root"] {
        assert_eq!(words_of(machine(name)).as_deref(), Some(""), "{name}");
    }
}

const ROOT: &str = "root=/dev/mapper/ubuntu--vg-ubuntu--lv ro edd=off";
const TARGET: &str = "iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4";

/// An image that nothing in it asks to log in.
fn asked_by_nobody(base: &str) -> Machine {
    machine(base).patch(json!([{"op": "replace", "path": "/images/0/requests", "value": []}]))
}

#[test]
fn open_iscsi_of_initramfs_tools_is_asked_by_iscsi_auto() {
    let mistyped = TARGET.trim_end_matches('4');
    for (line, change) in [
        (String::new(), "+iscsi_auto".to_owned()),
        ("iscsi_firmware ip=ibft".to_owned(), "-iscsi_firmware -ip=ibft +iscsi_auto".to_owned()),
        ("ip=:::::enp0s3:dhcp".to_owned(), "-ip=:::::enp0s3:dhcp +iscsi_auto".to_owned()),
        ("rd.iscsi.firmware=1 rd.iscsi.ibft=1".to_owned(), "+iscsi_auto".to_owned()),
        ("iscsi_auto ip=ibft".to_owned(), "-ip=ibft".to_owned()),
        ("iscsi_auto ip=:::::eth0:dhcp".to_owned(), "-ip=:::::eth0:dhcp".to_owned()),
        (
            format!(
                "iscsi_target_name={TARGET} iscsi_target_ip=100.97.0.10 ip=100.64.16.54:::255.255.255.248::enp0s3:off"
            ),
            format!(
                "-iscsi_target_name={TARGET} -iscsi_target_ip=100.97.0.10 \
                 -ip=100.64.16.54:::255.255.255.248::enp0s3:off +iscsi_auto"
            ),
        ),
        (
            format!("iscsi_target_name={mistyped} iscsi_target_ip=100.97.0.10 ip=:::::enp0s3:dhcp"),
            format!("-iscsi_target_name={mistyped} -iscsi_target_ip=100.97.0.10 -ip=:::::enp0s3:dhcp +iscsi_auto"),
        ),
        (
            format!("iscsi_target_name={TARGET} iscsi_target_ip=100.97.0.10 ip=:::::eth0:dhcp"),
            format!("-iscsi_target_name={TARGET} -iscsi_target_ip=100.97.0.10 -ip=:::::eth0:dhcp +iscsi_auto"),
        ),
    ] {
        let machine = asked_by_nobody("initramfs-tools-live").cmdline(&format!("{ROOT} {line}"));
        assert_eq!(words_of(machine), Some(change), "{line}");
    }
}

/// Where the image asks for the login by itself, less is enough.
#[test]
fn what_stops_the_login_leaves_the_line() {
    let seed = machine("initramfs-tools-live").cmdline(&format!("{ROOT} iscsi_firmware ip=ibft"));
    assert_eq!(words_of(seed).as_deref(), Some("-ip=ibft"));
}

/// The firmware is known to hand over no target: then a target that is named stays named.
#[test]
fn a_login_by_the_firmware_is_not_asked_of_a_firmware_without_a_target() {
    let none = json!([
        {"op": "replace", "path": "/firmware/table", "value": {"known": null}},
        {"op": "replace", "path": "/firmware/sysfs", "value": {"known": null}},
    ]);
    let line = format!(
        "{ROOT} iscsi_target_name={TARGET} iscsi_target_ip=100.97.0.10 ip=100.64.16.54:::255.255.255.248::enp0s3:off"
    );
    let words = words_of(asked_by_nobody("initramfs-tools-live").patch(&none).cmdline(&line));
    assert_eq!(words.as_deref(), Some("-ip=100.64.16.54:::255.255.255.248::enp0s3:off"));
}

/// A vendor's script that reads the words of the recipe is asked in them.
#[test]
fn a_script_that_reads_the_recipes_words_is_asked_in_them() {
    let at = json!({"path": "/boot/initrd!scripts/local-top/vendor", "line": 3});
    let readers = json!([{"op": "replace", "path": "/images/0/readers", "value": [
        {"token": "iscsi_firmware", "at": at}, {"token": "ip=ibft", "at": at}, {"token": "ip", "at": at},
    ]}]);
    let machine = asked_by_nobody("initramfs-tools-live").patch(readers).cmdline(&format!("{ROOT} iscsi_auto"));
    assert_eq!(words_of(machine).as_deref(), Some("+iscsi_firmware +ip=ibft"));
}

#[test]
fn network_legacy_is_given_the_route_that_its_dhcp_drops() {
    let route = "rd.route=100.97.0.0/16:100.64.16.49:ibft0";
    let firmware = "rd.iscsi.firmware=1 rd.iscsi.ibft=1";
    for (base, line, change) in [
        ("dracut-live", firmware.to_owned(), format!("+{route}")),
        ("dracut-live", String::new(), format!("+rd.iscsi.firmware=1 +rd.iscsi.ibft=1 +{route}")),
        (
            "dracut-root",
            format!("{firmware} {route} iscsiroot=100.97.0.10::3260:2f:{TARGET}"),
            format!("-iscsiroot=100.97.0.10::3260:2f:{TARGET}"),
        ),
        ("dracut-root", format!("{firmware} rd.route=100.97.0.0/16:100.64.16.49:enp0s3"), format!("+{route}")),
        ("dracut-live", "rd.iscsi.firmware rd.iscsi.ibft rd.retry=60".to_owned(), format!("+{route}")),
    ] {
        assert_eq!(words_of(machine(base).cmdline(&format!("{ROOT} {line}"))), Some(change), "{base} {line}");
    }
    // No lease, no firmware, no route: nothing tells the gateway.
    assert_eq!(words_of(machine("dracut-root").cmdline(&format!("{ROOT} {firmware}"))), None);
    // A route to the wrong network still tells it.
    let portal = json!([{"op": "replace", "path": "/scope/portals", "value": ["100.97.0.10:3260"]}]);
    let wrong = machine("dracut-root")
        .patch(portal)
        .cmdline(&format!("{ROOT} {firmware} rd.route=100.79.0.0/16:100.64.16.49:ibft0"));
    assert_eq!(words_of(wrong).as_deref(), Some("+rd.route=100.97.0.10/32:100.64.16.49:ibft0"));
}

/// A gateway on the line is one network's: what needs none comes first, and that is the next image's to tell.
#[test]
fn an_image_that_drops_option_121_is_built_with_what_uses_it_where_the_root_has_that() {
    let firmware = format!("{ROOT} rd.iscsi.firmware=1 rd.iscsi.ibft=1");
    let facts = |networks: &[&str], line: &str| {
        let networks = json!([
            {"op": "add", "path": "/loader/networks", "value": networks},
            {"op": "replace", "path": "/images/0/requests", "value": []},
        ]);
        machine("dracut-live").patch(networks).cmdline(line).facts()
    };
    let login = ImageContents { login_tools: true, ..ImageContents::default() };
    let both = [Repair::BuildImage(login), Repair::RequestLogin];
    let cases = [("login-option-121-dropped", firmware.as_str()), ("login-not-requested", ROOT)];
    for network in ["network-manager", "systemd-networkd"] {
        for (id, line) in cases {
            assert_eq!(repairs_of(id, &facts(&[network, "network-legacy"], line)), both, "{id} {network}");
        }
    }
    for (id, line) in cases {
        assert_eq!(repairs_of(id, &facts(&["network-legacy"], line)), [Repair::RequestLogin], "{id}");
        // Nothing in the root builds an image.
        let mut facts = facts(&["network-manager"], line);
        facts.loader.tools.retain(|tool| tool != "dracut");
        assert_eq!(repairs_of(id, &facts), [Repair::RequestLogin], "{id}");
    }
    // Its client uses the option, or another way is in the image already.
    let of = |mut facts: Facts, change: fn(&mut Initramfs)| {
        change(&mut facts.images[0]);
        repairs_of("login-not-requested", &facts)
    };
    let legacy = || facts(&["network-manager", "network-legacy"], ROOT);
    let uses = |image: &mut Initramfs| image.classless.iter_mut().for_each(|it| it.support = Option121Support::Yes);
    assert_eq!(of(legacy(), uses), [Repair::RequestLogin]);
    assert_eq!(of(legacy(), |image| image.network[0].kind = NetworkKind::NetworkManager), [Repair::RequestLogin]);
    let text = |networks: &[&str]| {
        let facts = facts(networks, &firmware);
        let Outcome::Fail(found) = alone(registry::find("login-option-121-dropped").unwrap(), &facts) else { panic!() };
        found[0].remedy.text.clone()
    };
    assert!(text(&["network-manager"]).contains("module network-manager, which uses option 121"));
    for networks in [&["network-manager"][..], &[]] {
        assert!(text(networks).ends_with("a copy in another segment needs its own."), "{}", text(networks));
    }
}

/// A dracut image with another network module.
fn dracut_with(base: &str, kind: &str) -> Machine {
    let at = json!({"path": "/boot/initrd!usr/lib/x", "line": 0});
    let token = |token: &str| json!({"token": token, "at": at});
    let tokens =
        ["ip", "rd.iscsi.firmware", "iscsi_firmware", "netroot", "iscsiroot", "rd.route", "rd.iscsi.ibft", "ip=ibft"];
    let tokens: Vec<Value> = tokens[..if kind == "networkd" { 6 } else { 8 }].iter().map(|word| token(word)).collect();
    machine(base).patch(json!([
        {"op": "replace", "path": "/images/0/network", "value": [{"kind": kind, "at": at}]},
        {"op": "replace", "path": "/images/0/readers", "value": tokens},
        {"op": "replace", "path": "/images/0/classless", "value": [{"network": kind, "honoured": "yes", "at": at, "excerpt": ""}]},
    ]))
}

#[test]
fn network_manager_in_the_image_reads_the_ibft() {
    let change = "+rd.iscsi.firmware=1 +rd.iscsi.ibft=1 +ip=ibft +rd.neednet=1";
    for base in ["dracut-live", "dracut-root"] {
        let line = dracut_with(base, "network-manager").cmdline(ROOT);
        assert_eq!(words_of(line).as_deref(), Some(change), "{base}");
    }
    let seed = dracut_with("dracut-root", "network-manager").cmdline(&format!("{ROOT} iscsi_firmware ip=ibft"));
    assert_eq!(words_of(seed).as_deref(), Some(""));
}

#[test]
fn networkd_in_the_image_is_told_the_nic_or_brings_up_all() {
    let named = |name: &str| json!([{"op": "add", "path": "/scope/san_nic", "value": name}]);
    let line = |name: &str, words: &str| {
        words_of(dracut_with("dracut-root", "networkd").patch(named(name)).cmdline(&format!("{ROOT} {words}")))
    };
    assert_eq!(line("enp0s3", "").as_deref(), Some("+ip=enp0s3:dhcp +rd.iscsi.firmware=1 +rd.neednet=1"));
    assert_eq!(
        line("enp0s3", "rd.iscsi.firmware=1 rd.iscsi.ibft=1 ip=ibft").as_deref(),
        Some("-rd.iscsi.ibft=1 -ip=ibft +ip=enp0s3:dhcp +rd.neednet=1")
    );
    assert_eq!(line("eth0", "").as_deref(), Some("+rd.iscsi.firmware=1 +rd.neednet=1 +ip=dhcp"));
    // A MAC address is one machine's: it is not used while DHCP on every NIC may do.
    assert_eq!(line("52:54:00:00:00:01", "").as_deref(), Some("+rd.iscsi.firmware=1 +rd.neednet=1 +ip=dhcp"));
}

/// A password leaves the line with the target that it is for.
#[test]
fn a_password_on_the_line_gives_way_to_the_firmware() {
    let line = format!(
        "{ROOT} iscsi_target_name={TARGET} iscsi_target_ip=100.97.0.10 iscsi_username=a iscsi_password=(hidden)"
    );
    let mut facts = asked_by_nobody("initramfs-tools-live").cmdline(&line).facts();
    facts.loader.entries[0].cmdline.words.last_mut().unwrap().secret = true;
    assert_eq!(repairs_of("loader-secret-on-cmdline", &facts), [Repair::RequestLogin]);
    let words = login_words(&facts).unwrap();
    assert!(words.remove.contains(&WordMatch::Key("iscsi_password".to_owned())), "{words:?}");
    assert_eq!(words.add, ["iscsi_auto"]);
}

/// Recovery entries are made without GRUB_CMDLINE_LINUX_DEFAULT: what they lack joins every entry.
#[test]
fn an_entry_that_asks_for_no_login_is_given_the_words() {
    let mut facts = asked_by_nobody("initramfs-tools-live").cmdline(&format!("{ROOT} iscsi_auto")).facts();
    let mut silent = facts.loader.entries[0].clone();
    silent.cmdline.words.retain(|word| word.key != "iscsi_auto");
    silent.recovery = true;
    facts.loader.entries.push(silent);
    assert_eq!(repairs_of("login-not-requested", &facts), [Repair::RequestLogin]);
    assert_eq!(said(&login_words(&facts).unwrap()), "+iscsi_auto");
}

/// mawk reads no iBFT: where the NIC has a name that stays, the line names it.
#[test]
fn an_awk_that_reads_no_ibft_is_not_asked_for_it() {
    let (_, _, mut facts) = case(registry::find("login-awk-without-and").unwrap(), "broken");
    facts.scope.san_nic = Some("enp0s3".to_owned());
    assert_eq!(repairs_of("login-awk-without-and", &facts), [Repair::RequestLogin]);
    assert_eq!(
        said(&login_words(&facts).unwrap()),
        "-rd.iscsi.ibft=1 -rd.route=100.97.0.0/16:100.64.16.49:ibft0 +ip=enp0s3:dhcp +rd.neednet=1 \
         +rd.route=100.97.0.0/16:100.64.16.49:enp0s3"
    );
}

#[test]
fn a_timeout_that_a_file_sets_is_set_there() {
    let short = json!([
        {"op": "add", "path": "/iscsi/iscsid_conf/replacement_timeout", "value": {"value": 5, "at": {"path": "/etc/iscsi/iscsid.conf", "line": 9}}},
    ]);
    let found = repairs_of("session-timeouts-short", &machine("initramfs-tools-root").patch(short).facts());
    let [Repair::SetIscsi { path, key, value }] = found.as_slice() else { panic!("{found:?}") };
    let expected = ("/etc/iscsi/iscsid.conf", "node.session.timeo.replacement_timeout", "86400");
    assert_eq!((path.as_str(), key.as_str(), value.as_str()), expected);
}

#[test]
fn a_list_of_volumes_gets_the_group_where_its_setting_is_known() {
    let list = |more: Value| {
        let mut lvm = json!({
            "filter": [], "global_filter": [], "use_devicesfile": null, "devices_file": null,
            "activation_list": {"value": ["other-vg"], "at": {"path": "/etc/lvm/lvm.conf", "line": 7}},
        });
        lvm.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let patch = json!([{"op": "replace", "path": "/storage/lvm", "value": lvm}]);
        repairs_of("root-lvm-filtered", &machine("initramfs-tools-root").patch(patch).facts())
    };
    let found = list(json!({"activation_setting": "activation/volume_list"}));
    let expected = Repair::AcceptVolume {
        path: "/etc/lvm/lvm.conf".to_owned(),
        setting: "activation/volume_list".to_owned(),
        add: "ubuntu-vg".to_owned(),
    };
    assert!(found.contains(&expected), "{found:?}");
    assert_eq!(list(json!({})), []);
}
