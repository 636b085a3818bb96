//! With which words each kind of image is asked to log in.

use super::fixtures::{alone, case};
use super::machine::{Machine, machine};
use super::repairs::repairs_of;
use isctpl_checks::facts::{Facts, Initramfs, NetworkKind, Option121Support};
use isctpl_checks::{ImageContents, LoginWords, Outcome, Repair, WordMatch, login_words, registry};
use serde_json::{Value, json};

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

pub(super) const ROOT: &str = "root=/dev/mapper/ubuntu--vg-ubuntu--lv ro edd=off";
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
                "iscsi_target_name={TARGET} iscsi_target_ip=100.97.0.10 iscsi_username=u \
                 ip=100.64.16.54:::255.255.255.248::enp0s3:off"
            ),
            // Without the name ipconfig takes the first NIC that gets an answer: a machine of the lab hung so.
            "-ip=100.64.16.54:::255.255.255.248::enp0s3:off +ip=:::::enp0s3:dhcp".to_owned(),
        ),
        (
            // The iBFT has a CHAP account for this target, and the line none.
            format!("iscsi_target_name={TARGET} iscsi_target_ip=100.97.0.10 ip=:::::enp0s3:dhcp"),
            format!("-iscsi_target_name={TARGET} -iscsi_target_ip=100.97.0.10 -ip=:::::enp0s3:dhcp +iscsi_auto"),
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
    assert_eq!(words.as_deref(), Some("-ip=100.64.16.54:::255.255.255.248::enp0s3:off +ip=:::::enp0s3:dhcp"));
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
