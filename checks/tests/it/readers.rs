//! What the image's own reader makes of the command line: where it ends the boot, and which address the SAN NIC gets.
use super::fixtures::{alone, case};
use super::machine::{Machine, machine};
use isctpl_checks::facts::Fact;
use isctpl_checks::{Outcome, registry};
use serde_json::{Value, json};

const ROOT: &str = "root=/dev/mapper/ubuntu--vg-ubuntu--lv ro rd.iscsi.firmware=1";
const ROUTE: &str = "rd.route=100.97.0.0/16:100.64.16.49";

fn set(path: &str, value: Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

fn refuses(base: &str, words: &str) -> Outcome {
    machine(base).cmdline(&format!("{ROOT} {words}")).says("login-word-refused")
}

/// dracut 059's `parse-ip-opts.sh` and its like were run with each of these lines (Debian 12, dracut-network 059-4):
/// they died, and said what stands here.
#[test]
fn network_legacy_ends_the_boot_at_words_that_it_does_not_take() {
    for (words, word, says) in [
        ("ip=100.64.16.54/29:100.64.16.49", "ip=100.64.16.54/29:100.64.16.49", "setting client-ip"),
        ("ip=enp0s3:static", "ip=enp0s3:static", "setting client-ip"),
        ("ip=enp0s3:none", "ip=enp0s3:none", "setting client-ip"),
        ("ip=enp0s3:single-dhcp", "ip=enp0s3:single-dhcp", "setting client-ip"),
        ("ip=dhcp ip=enp0s3:dhcp", "ip=dhcp", "multiple interface configurations"),
        ("ip=enp0s3:dhcp ip=enp0s3:dhcp", "ip=enp0s3:dhcp", "Duplication configurations"),
        ("ip=enp0s3", "ip=enp0s3", "unknown value"),
        ("ip=static", "ip=static", "unknown value"),
        ("ip=both", "ip=both", "is currenty unsupported"),
        ("ip=100.64.16.54::100.64.16.49:::enp0s3:none", "ip=100.64.16.54::100.64.16.49:::enp0s3:none", "netmask"),
        ("ip=:::::enp0s3:off", "ip=:::::enp0s3:off", "without static configuration"),
        ("ip=enp0s3:dhcp vlan=vlan5", "vlan=vlan5", "vlan= requires two"),
        ("ip=enp0s3:dhcp bridge=br0", "bridge=br0", "bridge= requires two"),
        ("ip=enp0s3:dhcp ifname=san0", "ifname=san0", "Invalid arguments"),
        // What dracut adds for the iBFT is an ip= as well.
        ("rd.iscsi.ibft=1 ip=dhcp", "ip=dhcp", "multiple interface configurations"),
        ("rd.iscsi.ibft=1 ip=ibft0:dhcp", "ip=ibft0:dhcp", "Duplication configurations"),
    ] {
        for base in ["dracut-live", "dracut-root"] {
            let Outcome::Fail(findings) = refuses(base, words) else { panic!("{base} {words}") };
            assert!(findings[0].summary.contains(word) && findings[0].summary.contains(says), "{:?}", findings[0]);
            assert_eq!(findings[0].evidence[0].excerpt, word);
        }
    }
}

/// The same scripts took each of these lines.
#[test]
fn network_legacy_takes_what_is_well_formed() {
    for words in [
        "",
        "ip=dhcp",
        "ip=ibft rd.iscsi.ibft=1",
        "ip=enp0s3:dhcp",
        "ip=:::::enp0s3:dhcp",
        "ip=100.64.16.54::100.64.16.49:255.255.255.248::enp0s3:none",
        "ip=enp0s3:dhcp ip=enp0s4:dhcp",
        "ip=dhcp,dhcp6",
        "rd.iscsi.ibft=1 ip=enp0s4:dhcp",
        // Without rd.neednet nobody counts how many there are.
        "rd.neednet=0 ip=dhcp ip=enp0s3:dhcp",
        "vlan=enp0s3.5:enp0s3 ip=enp0s3.5:dhcp ifname=san0:52:54:00:00:00:01",
    ] {
        let outcome = refuses("dracut-root", words);
        assert!(matches!(outcome, Outcome::Pass(_)), "{words}: {outcome:?}");
    }
}

#[test]
fn a_word_of_the_image_itself_is_refused_at_its_place() {
    let at = json!({"path": "/boot/initrd.img!etc/cmdline.d/95-net.conf", "line": 2});
    let own = json!([{"at": at, "value": {"at": at, "words": [{"key": "ip", "value": "enp0s3:static"}]}}]);
    let outcome = machine("dracut-root").patch(json!([set("/images/0/own_cmdline", own)])).cmdline(ROOT);
    let Outcome::Fail(findings) = outcome.says("login-word-refused") else { panic!() };
    assert_eq!(findings[0].evidence[0].source, "/boot/initrd.img!etc/cmdline.d/95-net.conf:2");
}

#[test]
fn a_word_that_is_not_shown_is_not_judged() {
    let outcome = refuses("dracut-root", "ip=(hidden)");
    assert!(matches!(&outcome, Outcome::Unknown { reason, .. } if reason.contains("ip=(hidden)")), "{outcome:?}");
}

/// An image with another network module, on a machine whose SAN NIC is enp0s3; the iBFT has a static address.
fn with_static_ibft(kind: &str, words: &str) -> Machine {
    let at = json!({"path": "/boot/initrd.img!usr/lib/x", "line": 0});
    let mut patch = vec![
        set("/images/0/network", json!([{"kind": kind, "at": at}])),
        set("/images/0/files/etc~1systemd~1network~1zzzz-dracut-default.network", json!({"file": 100})),
        set("/nics/known/0/name", json!("enp0s3")),
        set("/dhcp/leases", json!([])),
    ];
    for source in ["table", "sysfs"] {
        patch.push(set(&format!("/firmware/{source}/known/nics/0/origin"), json!(1)));
        patch.push(set(&format!("/firmware/{source}/known/nics/0/dhcp"), Value::Null));
    }
    machine("dracut-live").patch(json!(patch)).cmdline(&format!("{ROOT} {words}"))
}

fn address(kind: &str, words: &str) -> Outcome {
    with_static_ibft(kind, words).says("login-address-missing")
}

/// systemd-network-generator 252 was run with each of these lines, and wrote files that give enp0s3 no address, or DHCP
/// where the iBFT has a static one.
#[test]
fn networkd_reads_no_ibft_and_makes_files_without_dhcp() {
    for (words, says) in [
        (format!("{ROUTE}:enp0s3"), "rd.route=100.97.0.0/16:100.64.16.49:enp0s3 it makes a file without DHCP"),
        ("nameserver=192.0.2.1".to_owned(), "nameserver=192.0.2.1 it makes a file without DHCP"),
        ("rd.peerdns=0".to_owned(), "rd.peerdns=0 it makes a file without DHCP"),
        (format!("ip=dhcp {ROUTE}:enp0s3"), "without DHCP"),
        ("ip=:::::enp0s3:off".to_owned(), "ip=:::::enp0s3:off it makes a file without DHCP"),
        ("rd.iscsi.ibft=1".to_owned(), "asks DHCP for the SAN NIC's address; the iBFT has the static 100.64.16.54"),
        ("rd.iscsi.ibft=1 ip=enp0s3:dhcp".to_owned(), "because of ip=enp0s3:dhcp; the iBFT has the static"),
        ("rd.iscsi.ibft=1 ip=enp0s3:static".to_owned(), "because of ip=enp0s3:static; the iBFT has the static"),
    ] {
        let outcome = address("networkd", &words);
        let Outcome::Fail(findings) = &outcome else { panic!("{words}: {outcome:?}") };
        assert!(findings[0].summary.contains(says), "{words}: {}", findings[0].summary);
    }
    let own = address("networkd", "ip=100.64.16.54::100.64.16.49:255.255.255.248::enp0s3:none");
    assert!(matches!(own, Outcome::Pass(_)), "{own:?}");
    // Whether a DHCP server answers where the firmware used none is not known.
    assert!(matches!(address("networkd", "ip=enp0s3:dhcp"), Outcome::Unknown { .. }));
}

/// One word that it cannot parse, and it writes nothing at all; dracut 059 has no file of its own for every NIC.
#[test]
fn a_word_that_the_generator_cannot_parse_leaves_networkd_without_files() {
    let without_default = json!([{
        "op": "remove", "path": "/images/0/files/etc~1systemd~1network~1zzzz-dracut-default.network",
    }]);
    let says = |word: &str| {
        let machine = with_static_ibft("networkd", &format!("ip=enp0s3:dhcp {word}")).patch(&without_default);
        machine.says("login-address-missing")
    };
    for word in ["ip=enp0s4:static", "ip=", "vlan=san:enp0s4", "ifname=san0:52:54", "bond=bond0:eth0:mode=1:big"] {
        let outcome = says(word);
        let Outcome::Fail(findings) = &outcome else { panic!("{word}: {outcome:?}") };
        assert!(findings[0].summary.contains(&format!("cannot parse {word} ")), "{}", findings[0].summary);
    }
    // systemd 252 refuses the first ones and 257 the last ones.
    for word in [
        "rd.route=[2001:db8::/32]:[fe80::1]",
        "bond=bond0",
        "vlan=vlan5",
        "ip=enp0s4:dhcp:",
        "rd.route=10.0.0.0/8::enp0s4",
    ] {
        let outcome = says(word);
        let Outcome::Unknown { reason, .. } = &outcome else { panic!("{word}: {outcome:?}") };
        assert!(reason.contains(&format!("read {word} in different ways")), "{reason}");
    }
}

/// nm-initrd-generator 1.42 was run with each of these lines: its library refuses the profile that they make, and no
/// other one is for the SAN NIC.
#[test]
fn a_profile_that_the_library_refuses_is_none() {
    for words in [
        "ip=::100.64.16.49:255.255.255.248::enp0s3:dhcp",
        "ip=100.64.16.54::100.64.16.49:29::enp0s3:none:[2001:db8::53]",
        "ip=enp0s3:dhcp:1500:junk",
    ] {
        let outcome = address("network-manager", words);
        let Outcome::Fail(findings) = &outcome else { panic!("{words}: {outcome:?}") };
        assert!(findings[0].summary.contains("it makes no profile for it"), "{}", findings[0].summary);
    }
    for words in ["ip=100.64.16.54::0.0.0.0:29::enp0s3:none", "ip=enp0s3:dhcp:1500:random"] {
        assert!(!matches!(address("network-manager", words), Outcome::Fail(_)), "{words}");
    }
    // The program uses memory that it has freed at the second NIC of the firmware.
    let nic = json!({"index": 1, "flags": 1, "mac": "00:00:00:00:00:01"});
    let add = |source: &str| json!({"op": "add", "path": format!("/firmware/{source}/known/nics/-"), "value": nic});
    let two = with_static_ibft("network-manager", "rd.iscsi.ibft=1").patch(json!([add("table"), add("sysfs")]));
    assert!(matches!(two.says("login-address-missing"), Outcome::Unknown { .. }));
}

/// Each program undoes quotes in its own way.
#[test]
fn a_quoted_word_is_not_judged() {
    for kind in ["networkd", "network-manager", "dracut-legacy"] {
        for words in [
            json!({"key": "ip", "value": "enp0s3:dhcp", "quoted": true}),
            json!({"key": "(hidden)", "value": null, "quoted": true}),
        ] {
            let add = json!([{"op": "add", "path": "/loader/entries/0/cmdline/words/-", "value": words}]);
            let machine = with_static_ibft(kind, "ip=enp0s3:dhcp").patch(add);
            let id = if kind == "dracut-legacy" { "login-word-refused" } else { "login-address-missing" };
            assert!(matches!(machine.says(id), Outcome::Unknown { .. }), "{kind} {words}");
        }
    }
}

/// The image's own words are not read by systemd-network-generator, which looks at /proc/cmdline alone.
#[test]
fn networkd_is_not_told_the_words_of_the_image() {
    let at = json!({"path": "/boot/initrd.img!etc/cmdline.d/95-net.conf", "line": 1});
    let words = json!([{"key": "ip", "value": "100.64.16.54::100.64.16.49:255.255.255.248::enp0s3:none"}]);
    let own = json!([set("/images/0/own_cmdline", json!([{"at": at, "value": {"at": at, "words": words}}]))]);
    let says = |kind: &str| with_static_ibft(kind, "").patch(&own).says("login-address-missing");
    assert!(matches!(says("networkd"), Outcome::Unknown { .. }));
    assert!(matches!(says("network-manager"), Outcome::Pass(_)));
}

/// nm-initrd-generator 1.42 was run with each of these lines over this iBFT. Debian 13 was booted with the first one on a
/// network without DHCP: it logged in 95 s later, with the iBFT's address.
#[test]
fn network_manager_takes_the_profile_of_words_before_that_of_the_ibft() {
    for (words, is_second) in [
        (format!("rd.iscsi.ibft=1 {ROUTE}:enp0s3"), true),
        ("rd.iscsi.ibft=1 ip=dhcp".to_owned(), true),
        ("ip=ibft ip=enp0s3:dhcp".to_owned(), true),
        ("rd.iscsi.ibft=1 ip=eth9:dhcp,".to_owned(), false),
    ] {
        let outcome = address("network-manager", &words);
        let Outcome::Pass(why) = &outcome else { panic!("{words}: {outcome:?}") };
        assert_eq!(why.contains("of another profile where no server answers"), is_second, "{words}: {why}");
    }
    let alone = address("network-manager", "ip=enp0s3:dhcp rd.iscsi.firmware=1");
    let Outcome::Unknown { reason, .. } = &alone else { panic!("{alone:?}") };
    assert!(reason.starts_with("fails unless a DHCP server answers"), "{reason}");
    for words in [
        "rd.iscsi.ibft=1",
        "ip=ibft",
        "rd.iscsi.ibft=1 rd.route=100.97.0.0/16:100.64.16.49",
        "rd.iscsi.ibft=1 rd.route=100.97.0.0/16:100.64.16.49:ibft0",
        "ip=100.64.16.54::100.64.16.49:255.255.255.248::enp0s3:none",
        "ip=100.64.16.54/29::100.64.16.49::::none",
    ] {
        let outcome = address("network-manager", words);
        assert!(matches!(outcome, Outcome::Pass(_)), "{words}: {outcome:?}");
    }
    let none = address("network-manager", "ip=enp0s3:none");
    assert!(matches!(&none, Outcome::Fail(findings) if findings[0].summary.contains("without DHCP")), "{none:?}");
}

/// The profile that is taken where no server answers has no route of its own: `rd.route=` went into the other one.
#[test]
fn the_profile_that_is_taken_afterwards_has_its_own_routes() {
    let check = registry::find("handover-default-route-beaten").unwrap();
    let says = |words: &str| {
        let (_, _, mut facts) = case(check, "broken");
        let line = machine("dracut-live").cmdline(words).facts().loader.entries.remove(0).cmdline;
        facts.loader.entries[0].cmdline.words = line.words;
        let Fact::Known(nics) = &mut facts.nics else { panic!() };
        nics[0].name = "enp0s3".to_owned();
        alone(check, &facts)
    };
    let beaten = says(&format!("{ROOT} rd.iscsi.firmware=1 rd.iscsi.ibft=1 {ROUTE}:enp0s3"));
    assert!(matches!(beaten, Outcome::Fail(_)), "{beaten:?}");
    let kept = says(&format!("{ROOT} rd.iscsi.firmware=1 rd.iscsi.ibft=1 {ROUTE}:ibft0"));
    assert!(matches!(kept, Outcome::Pass(_)), "{kept:?}");
}

/// A VLAN in the iBFT. ifup.sh of dracut 059 was read: the ip= of ibft_to_cmdline names ibft0, and the VLAN over it is
/// brought up without one. nm-initrd-generator 1.42 was run: it writes a profile of the VLAN with the iBFT's address.
#[test]
fn a_vlan_of_the_firmware_needs_an_address_of_its_own() {
    let says = |base: &str, kind: Option<&str>, words: &str| {
        let at = json!({"path": "/boot/initrd.img!usr/lib/x", "line": 0});
        let mut patch = vec![
            set("/images/0/modules/8021q", json!("usr/lib/modules/6.1.0-50-amd64/kernel/net/8021q/8021q.ko")),
            set("/firmware/table/known/nics/0/vlan", json!(300)),
            set("/firmware/sysfs/known/nics/0/vlan", json!(300)),
        ];
        patch.extend(kind.map(|kind| set("/images/0/network", json!([{"kind": kind, "at": at}]))));
        let machine = machine(base).patch(json!(patch)).cmdline(&format!("{ROOT} iscsi_auto {words}"));
        (machine.says("ibft-vlan-unsupported"), words.to_owned())
    };
    for (outcome, words) in [
        says("initramfs-tools-live", None, ""),
        says("dracut-live", None, "rd.iscsi.ibft=1"),
        says("dracut-live", None, "ip=enp0s3:dhcp"),
        says("dracut-live", None, "vlan=vlan300:enp0s3 ip=enp0s3:dhcp"),
        says("dracut-live", None, "rd.iscsi.ibft=1 ip=ibft0.301:dhcp"),
        says("dracut-live", Some("networkd"), "rd.iscsi.ibft=1"),
        says("dracut-live", Some("network-manager"), "ip=enp0s3:dhcp"),
    ] {
        assert!(matches!(outcome, Outcome::Fail(_)), "{words}: {outcome:?}");
    }
    for (outcome, words) in [
        says("dracut-live", None, "rd.iscsi.ibft=1 ip=ibft0.300:dhcp"),
        says("dracut-live", None, "vlan=vlan300:enp0s3 ip=vlan300:dhcp"),
        says("dracut-live", Some("network-manager"), "rd.iscsi.ibft=1"),
        says("dracut-live", Some("networkd"), "vlan=vlan300:enp0s3 ip=vlan300:dhcp"),
    ] {
        assert!(matches!(outcome, Outcome::Pass(_)), "{words}: {outcome:?}");
    }
}

/// parse-iscsiroot.sh of dracut 059: `Argument iscsiroot only accepted for empty root= or [net]root=iscsi`.
#[test]
fn dracut_takes_iscsiroot_without_another_root() {
    let target = "iscsiroot=100.97.0.10::::iqn.2013-01.com.bigstep:storage.pb429od";
    let says =
        |words: &str| machine("dracut-root").cmdline(&format!("{words} {target}")).says("login-arguments-conflict");
    for words in
        ["root=/dev/mapper/a", "root=UUID=1-2", "root=/dev/sda netroot=dhcp", "netroot=iscsi:100.97.0.10::::iqn.x:y"]
    {
        assert!(matches!(says(words), Outcome::Fail(_)), "{words}");
    }
    for words in ["ro", "root=iscsi", "netroot=iscsi root=/dev/sda1"] {
        let outcome = says(words);
        assert!(!format!("{outcome:?}").contains("takes iscsiroot= only"), "{words}: {outcome:?}");
    }
}

/// netroot= brings up no network: that its account is not shown leaves no doubt about the words that do.
#[test]
fn an_account_that_is_not_shown_is_no_doubt_about_the_network() {
    let line = "root=/dev/mapper/ubuntu--vg-ubuntu--lv ip=ibft0:dhcp rd.route=100.97.0.0/16:100.64.16.49:ibft0 \
                netroot=iscsi:(hidden)@100.97.0.10::::iqn.2013-01.com.bigstep:storage.a";
    for check in ["login-word-refused", "login-address-missing"] {
        let outcome = super::machine::machine("dracut-root").cmdline(line).says(check);
        assert!(!matches!(outcome, isctpl_checks::Outcome::Unknown { .. }), "{check}: {outcome:?}");
    }
}

/// initramfs-tools 0.142 with klibc 2.0.12 was run with each of these lines: ipconfig refused the word, and the script
/// ended before the login.
#[test]
fn ipconfig_refuses_a_word_that_it_cannot_parse_and_nobody_logs_in() {
    const ROOT: &str = "root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto";
    let ends =
        json!([{"at": {"path": "/boot/initrd.img!scripts/functions", "line": 384}, "value": ". /run/net-*.conf"}]);
    let says = |words: &str, ends: &Value, origin: u8| {
        let mut patch = vec![set("/images/0/refusals", ends.clone())];
        for source in ["table", "sysfs"] {
            patch.push(set(&format!("/firmware/{source}/known/nics/0/origin"), json!(origin)));
            if origin == 1 {
                patch.push(set(&format!("/firmware/{source}/known/nics/0/dhcp"), Value::Null));
            }
        }
        machine("initramfs-tools-live")
            .patch(json!(patch))
            .cmdline(&format!("{ROOT} {words}"))
            .says("login-word-refused")
    };
    for (words, why) in [
        ("ip=enp0s3:dhcp", "can't parse IP address"),
        ("ip=100.64.16.54::100.64.16.49:29::enp0s3:none", "can't parse IP address"),
        ("ip=[2001:db8::5]::[2001:db8::1]:64::enp0s3:none", "can't parse IP address"),
        ("ip=:::::enp0s3:dhcp6", "invalid protocol"),
        ("ip=:::::enp0s3:auto6", "invalid protocol"),
        ("ip=:::::enp0s3:dhcp:1500", "can't parse IP address"),
        ("ip=dhcp ip=enp0s3:dhcp", "can't parse IP address"),
    ] {
        let Outcome::Fail(findings) = says(words, &ends, 3) else { panic!("{words}") };
        let word = words.rsplit(' ').next().unwrap();
        assert!(findings[0].summary.contains(why), "{:?}", findings[0]);
        assert_eq!(findings[0].evidence[0].excerpt, word);
        // A static address of the iBFT makes the script ask for no other, and a later script goes on without.
        for outcome in [says(words, &ends, 1), says(words, &json!([]), 3)] {
            assert!(matches!(outcome, Outcome::Pass(_)), "{words}: {outcome:?}");
        }
    }
    for words in [
        "ip=dhcp",
        "ip=:::::enp0s3:dhcp",
        "ip=enp0s3:dhcp ip=dhcp",
        "ip=100.64.16.54::100.64.16.49:255.255.255.248::enp0s3:off",
        "ip=100.64.16.54/29::100.64.16.49:255.255.255.248:host:enp0s3:static:192.0.2.53",
        "ip=enp0s3",
    ] {
        let outcome = says(words, &ends, 3);
        assert!(matches!(outcome, Outcome::Pass(_)), "{words}: {outcome:?}");
    }
}

/// open-iscsi 2.1.8's script was run with each of these lines: it logged in to nothing.
#[test]
fn the_script_of_open_iscsi_ignores_a_request_that_it_cannot_split() {
    let says = |words: &str| {
        let none = json!([set("/images/0/requests", json!([]))]);
        machine("initramfs-tools-live")
            .patch(none)
            .cmdline(&format!("root=/dev/sda {words}"))
            .says("login-not-requested")
    };
    for words in [
        "iscsi_auto=1",
        "iscsi_target_name=iqn.2009-01.com.example:disk",
        "iscsi_target_name=iqn.2009-01.com.example:disk iscsi_target_ip=",
        "root=iscsi:::::iqn.2009-01.com.example:disk",
    ] {
        assert!(!matches!(says(words), Outcome::Pass(_)), "{words}");
    }
    for words in [
        "iscsi_auto",
        "iscsi_target_name=iqn.2009-01.com.example:disk iscsi_target_ip=100.97.0.10",
        "root=iscsi:100.97.0.10::::iqn.2009-01.com.example:disk",
    ] {
        assert!(matches!(says(words), Outcome::Pass(_)), "{words}: {:?}", says(words));
    }
}
