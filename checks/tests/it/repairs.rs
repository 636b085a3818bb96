//! What `isctpl prepare` changes to fix each finding, and which findings no file fixes.
use super::fixtures::{alone, case};
use super::login_words::ROOT;
use super::machine::machine;
use isctpl_checks::facts::Facts;
use isctpl_checks::{Check, Link, Outcome, Repair, SanNicNeed, Severity, registry};
use serde_json::{Value, json};

/// Critical checks from the loader to the shutdown that no file of the root fixes, and why.
const NOT_BY_FILES: &[(&str, &str)] = &[
    ("handover-relogin-reads-root", "what may hang is no finding, and its words name the drop-in that avoids it"),
    ("initramfs-hooks-not-run", "why dracut left its systemd modules out is not known"),
    ("initramfs-crypt-missing", "cryptsetup comes with a package, and where a key may lie is for a person to decide"),
    ("initramfs-layer-unknown", "what is not known cannot be fixed"),
    ("initramfs-multipath-missing", "multipath for the initramfs comes with a package"),
    ("kernel-iscsi-unsupported", "another kernel comes with a package"),
    ("kernel-modules-missing", "modules come with a package"),
    ("loader-unified-image-too-large", "which iPXE attaches the LUN is told by no file"),
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
    ("initramfs-init-refused", &["build-image"]),
    ("initramfs-kernel-mismatch", &["build-image"]),
    ("initramfs-library-missing", &["build-image"]),
    ("initramfs-login-tool-missing", &["build-image"]),
    ("initramfs-lvm-missing", &["build-image"]),
    ("initramfs-module-missing", &["build-image"]),
    ("initramfs-nic-driver-missing", &["build-image"]),
    ("initramfs-raid-missing", &["build-image"]),
    ("initramfs-requested-module-missing", &["build-image"]),
    ("initramfs-secret-inside", &["build-image"]),
    ("initramfs-stale", &["build-image"]),
    ("initramfs-unit-program-missing", &["build-image"]),
    ("initramfs-unreadable", &["build-image"]),
    ("login-not-requested", &["request-login"]),
    ("login-interface-named-ibft", &["request-login"]),
    ("login-interface-absent", &["request-login"]),
    ("login-arguments-conflict", &["request-login"]),
    ("login-word-refused", &["request-login"]),
    ("login-address-missing", &["request-login"]),
    ("login-route-missing", &["request-login"]),
    ("login-route-interface-unknown", &["request-login"]),
    ("login-option-121-dropped", &["request-login"]),
    ("login-target-mismatch", &["request-login"]),
    ("login-account-missing", &["request-login"]),
    ("login-dhcp-on-every-nic", &["request-login"]),
    ("login-awk-without-and", &[]),
    ("root-lvm-filtered", &["build-image", "accept-volume"]),
    ("root-mount-not-netdev", &["mount-option"]),
    ("handover-mount-device-missing", &["mount-option"]),
    ("root-resume-device-missing", &["words"]),
    ("root-subvolume-other", &["write-loader"]),
    ("handover-san-nic-reconfigured", &["keep"]),
    ("handover-san-route-not-kept", &["route"]),
    ("handover-classless-routes-ignored", &["lease-routes"]),
    ("handover-default-route-beaten", &["words"]),
    ("handover-wan-before-san", &["keep"]),
    ("handover-dhcp-timeout-long", &["dhcp-timeout"]),
    ("handover-interface-renamed", &[]),
    ("session-timeouts-short", &[]),
    ("iscsid-not-running", &[]),
    ("firewall-blocks-san", &["accept-portal"]),
    ("service-logs-out-root", &["disable-unit"]),
    ("service-takes-san-nic-down", &["stay-up"]),
    ("node-record-logs-out-root", &["set-iscsi"]),
    ("template-target-left", &["build-image"]),
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

pub(super) fn repairs_of(id: &str, facts: &Facts) -> Vec<Repair> {
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
