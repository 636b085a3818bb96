//! Machines that were really booted on the bench, and what became of them.
//!
//! Each is a sound machine with what set it apart; the verdict must be what was seen.
use super::machine::machine;
use isctpl_checks::{BootVerdict, Judgement, Link, Outcome, Severity};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The boot is lost at one link, by one check alone.
fn assert_lost(judgement: &Judgement, link: Link, check: &str) {
    assert_eq!(judgement.verdict.boot, BootVerdict::Fails, "{:?}", judgement.verdict);
    assert_eq!(judgement.verdict.broken_link, Some(link), "{:?}", judgement.verdict);
    assert_eq!(judgement.verdict.checks, [check], "{:?}", judgement.verdict);
    let criticals: Vec<_> = judgement
        .findings()
        .into_iter()
        .filter(|(_, finding)| finding.severity == Severity::Critical)
        .map(|(check, _)| check.id)
        .collect();
    assert_eq!(criticals, [check]);
}

fn word(key: &str, value: Option<&str>) -> Value {
    json!({"key": key, "value": value, "secret": false})
}

const WORDS: &str = "/loader/entries/0/cmdline/words";

/// Debian 12, initramfs-tools, `iscsi_firmware ip=ibft`, `ISCSI_AUTO=true`.
#[test]
fn row_1_waits_for_an_interface_called_ibft() {
    for base in ["initramfs-tools-live", "initramfs-tools-root"] {
        let judgement = machine(base)
            .patch(json!([
                {"op": "replace", "path": format!("{WORDS}/2"), "value": word("iscsi_firmware", None)},
                {"op": "add", "path": format!("{WORDS}/3"), "value": word("ip", Some("ibft"))},
            ]))
            .judged();
        assert_lost(&judgement, Link::Login, "login-interface-named-ibft");
    }
}

/// Debian 12, dracut 059 with network-legacy: startup-checks.sh is not in the image.
#[test]
fn row_5_has_a_unit_without_its_program() {
    for base in ["dracut-live", "dracut-root"] {
        let judgement = machine(base)
            .patch(json!([
                {"op": "replace", "path": format!("{WORDS}/4"), "value": word("ip", Some("ibft"))},
                {"op": "replace", "path": "/images/0/missing_unit_programs", "value": [{
                    "unit": "iscsid.service",
                    "program": "/lib/open-iscsi/startup-checks.sh",
                    "directive": "ExecStartPre",
                    "at": {"path": "/boot/initrd.img-6.1.0-50-amd64!usr/lib/systemd/system/iscsid.service", "line": 15},
                    "on_login_path": true,
                    "ignored_failure": false,
                }]},
            ]))
            .judged();
        assert_lost(&judgement, Link::Initramfs, "initramfs-unit-program-missing");
    }
}

/// The same with that script in the image: the route of option 121 is lost.
#[test]
fn row_6_drops_option_121() {
    let without_route = |base: &str| {
        machine(base).patch(json!([{"op": "replace", "path": format!("{WORDS}/4"), "value": word("ip", Some("ibft"))}]))
    };
    assert_lost(&without_route("dracut-live").judged(), Link::Login, "login-option-121-dropped");
    let told = without_route("dracut-root").behind_a_gateway();
    assert_lost(&told.judged(), Link::Login, "login-option-121-dropped");
}

/// The same command line as the row that boots, in an image that systemd-networkd was chosen for: no
/// interface ibft0 ever appears.
#[test]
fn an_image_with_networkd_has_no_interface_of_the_ibft() {
    let judgement = machine("dracut-root").patch(json!([
            {"op": "replace", "path": "/images/0/network", "value": [{
                "kind": "networkd",
                "at": {"path": "/boot/initrd.img-6.1.0-50-amd64!usr/lib/systemd/systemd-networkd", "line": 0},
            }]},
            {"op": "replace", "path": "/images/0/classless", "value": [{
                "network": "networkd",
                "honoured": "yes",
                "at": {"path": "/boot/initrd.img-6.1.0-50-amd64!usr/lib/systemd/systemd-networkd", "line": 0},
                "excerpt": "UseRoutes",
            }]},
            {"op": "replace", "path": "/images/0/readers", "value": [
                {"token": "rd.iscsi.firmware",
                 "at": {"path": "/boot/initrd.img-6.1.0-50-amd64!usr/lib/dracut/hooks/cmdline/90-parse-iscsiroot.sh", "line": 36}},
            ]},
        ])).judged();
    assert_lost(&judgement, Link::Login, "login-interface-named-ibft");
}

/// A root that is a plain directory: nothing is known of its devices, and nothing stands in the way.
#[test]
fn a_directory_without_devices_boots() {
    for base in ["initramfs-tools-root", "dracut-root"] {
        let judgement = machine(base)
            .patch(json!([
                {"op": "replace", "path": "/storage/root_device", "value": {"known": null}},
                {"op": "replace", "path": "/storage/devices", "value": {"not_applicable": "the root is a directory"}},
                {"op": "replace", "path": "/kernels/0/config", "value": null},
            ]))
            .judged();
        assert_eq!(judgement.verdict.boot, BootVerdict::Boots, "{base}: {:?}", judgement.verdict);
        assert!(judgement.findings().is_empty(), "{base}: {:?}", judgement.findings());
    }
}

/// A rescue system on the instance's own hardware, started from an ISO: its firmware had no SAN disk
/// to describe, which says nothing of the instance's own boot.
#[test]
fn a_rescue_system_without_an_ibft_is_no_alarm() {
    let judgement = machine("initramfs-tools-root").patch(json!([
            {"op": "replace", "path": "/scope/same_machine", "value": true},
            {"op": "replace", "path": "/firmware", "value": {"table": {"known": null}, "sysfs": {"known": null}, "efi": true}},
        ])).judged();
    assert_eq!(judgement.verdict.boot, BootVerdict::Boots, "{:?}", judgement.verdict);
}

/// A menu whose recovery entry was written without the words for iSCSI boots, and says so.
#[test]
fn a_recovery_entry_that_does_not_ask_is_a_warning() {
    let judgement = machine("dracut-root")
        .patch(json!([
            {"op": "copy", "from": "/loader/entries/0", "path": "/loader/entries/1"},
            {"op": "replace", "path": "/loader/entries/1/title", "value": "Debian GNU/Linux (recovery mode)"},
            {"op": "replace", "path": "/loader/entries/1/recovery", "value": true},
            {"op": "remove", "path": "/loader/entries/1/cmdline/words/2"},
        ]))
        .judged();
    assert_eq!(judgement.verdict.boot, BootVerdict::Boots, "{:?}", judgement.verdict);
    let findings = judgement.findings();
    let (check, finding) = findings.first().unwrap();
    assert_eq!((check.id, finding.severity), ("login-not-requested", Severity::Warning));
}

/// The root's device as a loop device shows it: without names, and without what lies beside it.
fn behind_a_loop_device() -> [Value; 2] {
    let device = json!({
        "name": "loop0", "number": "7:0", "size": 2_764_046_336_u64, "dm_name": null, "dm_uuid": null, "slaves": [],
        "parent": null, "part_uuid": null, "part_label": null, "iscsi_session": null, "wwid": null, "lun": null,
        "model": null, "signature": {"known": {"filesystem":
            {"kind": "ext4", "uuid": "11111111-2222-3333-4444-555555555501", "label": null}}},
    });
    [
        json!({"op": "replace", "path": "/storage/root_device", "value": {"known": device}}),
        json!({"op": "replace", "path": "/storage/devices", "value": {"known": [device]}}),
    ]
}

/// Debian 12, initramfs-tools: LVM's filter in the image accepts NVMe disks alone. The root was mounted
/// from a file when it was judged.
#[test]
fn a_filter_hides_a_root_that_is_mounted_from_a_file() {
    let [root, devices] = behind_a_loop_device();
    let pattern =
        |value: &str| json!({"value": value, "at": {"path": "/boot/initrd!etc/lvm/lvmlocal.conf", "line": 1}});
    let filter = json!({
        "op": "replace", "path": "/images/0/lvm_global_filters", "value": [pattern("a|^/dev/nvme|"), pattern("r|.*|")]
    });
    assert_lost(
        &machine("initramfs-tools-root").patch(json!([root, devices, filter])).judged(),
        Link::Root,
        "root-lvm-filtered",
    );
}

/// Whether the disk holds the swap partition of RESUME= cannot be seen behind a loop device.
#[test]
fn a_swap_beside_a_root_that_is_mounted_from_a_file_is_not_missed() {
    let [root, devices] = behind_a_loop_device();
    let resume = json!({
        "op": "replace", "path": "/images/0/resume",
        "value": {"value": "UUID=0b4d2a55-61a8-4c56-9a53-2f0b6a3c7e10", "at": {"path": "/boot/initrd!conf/conf.d/resume", "line": 1}}
    });
    let judgement = machine("initramfs-tools-root").patch(json!([root, devices, resume])).judged();
    assert_eq!(judgement.verdict.boot, BootVerdict::Boots, "{:?}", judgement.verdict);
    assert!(judgement.findings().iter().all(|(check, _)| check.id != "root-resume-device-missing"));
}

/// dracut's image with systemd, and `resume=` for a swap partition that the template had.
fn resumed_by_systemd() -> Vec<Value> {
    let file = |name: &str| json!({"op": "add", "path": format!("/images/0/files/usr~1lib~1systemd~1{name}"), "value": {"file": 1000}});
    vec![
        json!({
            "op": "add", "path": format!("{WORDS}/-"),
            "value": word("resume", Some("UUID=0b4d2a55-61a8-4c56-9a53-2f0b6a3c7e10")),
        }),
        file("system-generators~1systemd-hibernate-resume-generator"),
        file("system~1systemd-hibernate-resume@.service"),
    ]
}

/// Debian 12, dracut: `Job dev-disk-by\x2duuid-….device/start running (4min 24s / no limit)`.
#[test]
fn systemd_waits_for_ever_for_a_device_to_resume_from() {
    for base in ["dracut-live", "dracut-root"] {
        let judgement = machine(base).patch(json!(resumed_by_systemd())).judged();
        assert_lost(&judgement, Link::Root, "root-resume-device-missing");
    }
}

/// With a limit, or without systemd, the wait ends.
#[test]
fn a_wait_for_a_device_to_resume_from_that_ends_is_a_warning() {
    let limited = json!({
        "op": "add", "path": format!("{WORDS}/-"),
        "value": word("resumeflags", Some("x-systemd.device-timeout=30")),
    });
    let mut with_limit = resumed_by_systemd();
    with_limit.push(limited);
    let without_systemd = resumed_by_systemd()[..1].to_vec();
    for patch in [with_limit, without_systemd] {
        let judgement = machine("dracut-live").patch(json!(patch)).judged();
        assert_eq!(judgement.verdict.boot, BootVerdict::Boots, "{:?}", judgement.verdict);
        let findings = judgement.findings();
        let (check, finding) = findings.first().unwrap();
        assert_eq!((check.id, finding.severity), ("root-resume-device-missing", Severity::Warning));
    }
}

/// Behind a loop device nobody sees whether the swap is there: such a root is not said to boot.
#[test]
fn a_wait_without_an_end_for_what_cannot_be_seen_keeps_the_verdict_open() {
    let mut patch = resumed_by_systemd();
    patch.extend(behind_a_loop_device());
    let judgement = machine("dracut-root").patch(json!(patch)).judged();
    assert_eq!(judgement.verdict.boot, BootVerdict::Unknown, "{:?}", judgement.verdict);
    assert!(judgement.unknowns().any(|(check, ..)| check.id == "root-resume-device-missing"));
}

/// A rescue system makes the root's volume active alone: the swap beside it is there all the same.
#[test]
fn a_volume_to_resume_from_that_is_not_active_is_no_alarm() {
    let facts = machine("dracut-live").value();
    let devices = facts["storage"]["devices"]["known"].as_array().unwrap();
    let index = devices.iter().position(|device| device["signature"]["known"].get("lvm_pv").is_some()).unwrap();
    for (device, boot) in [
        ("/dev/mapper/ubuntu--vg-swap", BootVerdict::Boots),
        ("/dev/mapper/ubuntu--vg-other", BootVerdict::Fails),
        ("UUID=0b4d2a55-61a8-4c56-9a53-2f0b6a3c7e10", BootVerdict::Unknown),
    ] {
        let mut patch = resumed_by_systemd();
        patch.push(json!({
            "op": "add", "path": format!("/storage/devices/known/{index}/signature/known/lvm_pv/lvs/-"), "value": "swap",
        }));
        patch[0]["value"] = word("resume", Some(device));
        let judgement = machine("dracut-live").patch(json!(patch)).judged();
        assert_eq!(judgement.verdict.boot, boot, "{device}: {:?}", judgement.verdict);
    }
}

/// `ip=dhcp` with a DHCP server on either side: the lab's machine came up one time and hung another. Who answers
/// first is not in the files; that it is chance is said.
#[test]
fn ipconfig_on_every_nic_is_a_boot_by_chance() {
    let judgement = machine("initramfs-tools-live")
        .patch(json!([
            {"op": "remove", "path": "/images/0/network/1"},
            {"op": "replace", "path": "/netconfig/interfaces/2/method", "value": "dhcp"},
        ]))
        .judged();
    let findings = judgement.findings();
    let (_, finding) = findings.iter().find(|(check, _)| check.id == "login-dhcp-on-every-nic").unwrap();
    assert!(finding.summary.contains("by chance"), "{}", finding.summary);
    assert!(finding.evidence.iter().any(|evidence| evidence.excerpt.contains("a DHCP server answers there")));
}

/// Whether /etc/default/open-iscsi keeps every session is not known: the record is no alarm, nor is it sound.
#[test]
fn a_doubtful_switch_of_open_iscsi_makes_the_shutdown_unknown() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/checks/node-record-logs-out-root/broken.json");
    let broken: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let doubt = json!({"place": "/etc/default/open-iscsi:3", "what": "is not known"});
    for (of, id) in [("all", "service-logs-out-root"), ("by_startup", "node-record-logs-out-root")] {
        let mut patch = broken["patch"].clone();
        let logout = &mut patch[0]["value"]["exec"][0]["logout"];
        if of == "all" {
            logout["of"] = json!(of);
        }
        logout["keeps_unread"] = doubt.clone();
        let judgement = machine("initramfs-tools-live").patch(patch).judged();
        let outcome = &judgement.results.iter().find(|result| result.check.id == id).unwrap().outcome;
        assert!(
            matches!(outcome, Outcome::Unknown { reason, .. } if reason.contains("open-iscsi:3")),
            "{id}: {outcome:?}"
        );
    }
}

/// open-iscsi.service of Debian 12 with a discovered record: its script does not see the root on LVM, and the
/// machine lost its disk at shutdown. A list is believed where the root is on no volume.
#[test]
fn debians_list_does_not_keep_a_root_on_lvm() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/checks/node-record-logs-out-root/broken.json");
    let broken: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for (by_list, checks) in [(true, vec!["node-record-logs-out-root"]), (false, vec![])] {
        let mut patch = broken["patch"].clone();
        let logout = &mut patch[0]["value"]["exec"][0]["logout"];
        logout["keeps_root"] = json!(true);
        logout["keeps_by_list"] = json!(by_list);
        let judgement = machine("initramfs-tools-live").patch(patch).judged();
        assert_eq!(judgement.verdict.checks, checks, "{:?}", judgement.verdict);
    }
}
