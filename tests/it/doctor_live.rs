//! `doctor` live, in network namespaces with real links and routes, and as an ordinary user.

use crate::support::netns::Namespace;
use crate::support::run::{Answer, answer, as_ordinary_user, command};
use crate::support::tree::Tree;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

/// The routing table of the document that isctpl was written for: SAN by ens2f0, WAN by ens2f1.
const DOCUMENT: &[&str] = &[
    "addr add 100.64.16.54/29 dev ens2f0",
    "addr add 185.90.50.246/30 dev ens2f1",
    "route add default via 185.90.50.245 dev ens2f1 proto static metric 100",
    "route add 100.97.0.0/16 via 100.64.16.49 dev ens2f0",
];

/// How the document's instance is judged: only what the running kernel shows, and its own portal.
const JUDGED: &[&str] =
    &["doctor", "--only", "uptime", "--portal", "100.97.0.0", "--san-nic", "ens2f0", "--format", "json"];

/// A namespace with the document's table, and then these `ip` commands run in it; `None`, said
/// loudly, where that cannot be.
fn document(test: &str, changes: &[&str]) -> Option<Namespace> {
    let namespace = Namespace::new(test)?;
    namespace.nic("ens2f0", "52:54:00:00:00:01");
    namespace.nic("ens2f1", "52:54:00:00:00:02");
    for command in DOCUMENT.iter().chain(changes) {
        namespace.ip(command);
    }
    Some(namespace)
}

fn isctpl(namespace: &Namespace, arguments: &[&str]) -> Answer {
    let mut command = namespace.command(env!("CARGO_BIN_EXE_isctpl"));
    command.args(arguments);
    answer(command)
}

/// The ids of the checks of the link `uptime` that found something, with their severities.
fn found(namespace: &Namespace) -> Vec<String> {
    let report = isctpl(namespace, JUDGED).json();
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["status"] == "fail");
    findings
        .map(|finding| format!("{} {}", finding["severity"].as_str().unwrap(), finding["check"].as_str().unwrap()))
        .collect()
}

#[test]
fn the_documents_routing_table_is_sound() {
    let Some(namespace) = document("sound", &[]) else { return };
    assert_eq!(found(&namespace), Vec::<String>::new());
    let report = isctpl(
        &namespace,
        &["doctor", "--only", "uptime", "--portal", "100.97.0.0", "--san-nic", "ens2f0", "--format", "json"],
    );
    let checks = report.json();
    let route =
        checks["checks"].as_array().unwrap().iter().find(|check| check["check"] == "san-route-missing").unwrap();
    assert_eq!(route["outcome"], "pass", "{route}");
    let reason = route["reason"].as_str().unwrap();
    assert!(reason.contains("100.64.16.49") && reason.contains("ens2f0"), "{reason}");
}

/// Each change to the document's table makes exactly the check fail that is made for it.
#[test]
fn each_change_fails_exactly_its_check() {
    for (test, change, wanted) in [
        ("gone", "route del 100.97.0.0/16", "critical san-route-missing"),
        ("default", "route add default via 100.64.16.49 dev ens2f0", "warning default-route-via-san"),
        ("wan32", "route add 100.97.0.0/32 via 185.90.50.245 dev ens2f1", "critical san-route-wrong-nic"),
        ("san32", "route add 100.97.0.0/32 via 100.64.16.50 dev ens2f0", "warning san-route-host-override"),
        ("down", "link set ens2f0 down", "critical san-nic-down"),
    ] {
        let Some(namespace) = document(test, &[]) else { return };
        namespace.ip(change);
        assert_eq!(found(&namespace), [wanted], "after: ip {change}");
    }
}

/// The kernel takes every command as it is printed, and after them nothing is found any more.
#[test]
fn what_a_route_finding_advises_works() {
    let astray = "via 185.90.50.245 dev ens2f1";
    for (test, changes, wanted) in [
        ("fix-def", vec!["route add default via 100.64.16.49 dev ens2f0".to_owned()], "default-route-via-san"),
        (
            "fix-defm",
            vec!["route add default via 100.64.16.49 dev ens2f0 metric 50".to_owned()],
            "default-route-via-san",
        ),
        ("fix-wan32", vec![format!("route add 100.97.0.0/32 {astray} metric 7")], "san-route-wrong-nic"),
        (
            "fix-rule",
            vec!["rule add lookup 52 priority 5270".to_owned(), format!("route add 100.97.0.0/16 {astray} table 52")],
            "san-route-wrong-nic",
        ),
        (
            "fix-ruled",
            vec!["rule add lookup 52 priority 5270".to_owned(), format!("route add default {astray} table 52")],
            "san-route-missing",
        ),
        ("fix-refr", vec!["rule add to 100.97.0.0/16 prohibit priority 200".to_owned()], "san-route-missing"),
        ("fix-hole", vec!["route add blackhole 100.97.0.0/24".to_owned()], "san-route-missing"),
        (
            "fix-san32",
            vec!["route add 100.97.0.0/32 via 100.64.16.50 dev ens2f0 metric 9".to_owned()],
            "san-route-host-override",
        ),
        (
            "fix-san52",
            vec![
                "rule add to 100.97.0.0/16 lookup 52 priority 99".to_owned(),
                "route add 100.97.0.0/32 via 100.64.16.50 dev ens2f0 table 52".to_owned(),
            ],
            "san-route-host-override",
        ),
    ] {
        let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
        let Some(namespace) = document(test, &changes) else { return };
        let report = isctpl(&namespace, JUDGED).json();
        let findings = report["findings"].as_array().unwrap().iter();
        let finding = findings.clone().find(|finding| finding["check"] == wanted && finding["status"] == "fail");
        let finding = finding.unwrap_or_else(|| panic!("{test}: no {wanted}: {report:#}"));
        let commands = finding["remedy"]["commands"].as_array().unwrap();
        assert!(!commands.is_empty(), "{test}: {finding:#}");
        if changes[0].starts_with("rule") && wanted != "san-route-host-override" {
            let words: Vec<&str> = changes[0].split(' ').collect();
            assert!(finding["remedy"]["text"].as_str().unwrap().contains(words.last().unwrap()), "{finding:#}");
        }
        for command in commands {
            let output = namespace.command("sh").args(["-c", command.as_str().unwrap()]).output().unwrap();
            assert!(output.status.success(), "{test}: {command}: {}", String::from_utf8_lossy(&output.stderr));
            assert!(!namespace.ip("route show default").is_empty(), "{test}: {command} takes the last way out");
        }
        assert_eq!(found(&namespace), Vec::<String>::new(), "{test}: after {commands:?}");
    }
}

/// One network for the target and for the rest of the world is how many clouds are built.
#[test]
fn the_only_default_route_is_left_alone() {
    let only = ["route del default", "route add default via 100.64.16.49 dev ens2f0"];
    let Some(namespace) = document("only", &only) else { return };
    assert_eq!(found(&namespace), Vec::<String>::new());
    let down = ["route add default via 100.64.16.49 dev ens2f0", "link set ens2f1 down"];
    let Some(namespace) = document("downwan", &down) else { return };
    assert_eq!(found(&namespace), Vec::<String>::new());
}

#[test]
fn no_route_at_all_is_a_missing_route() {
    let Some(namespace) = document("none", &["route del default", "route del 100.97.0.0/16"]) else { return };
    assert_eq!(found(&namespace), ["critical san-route-missing"]);
}

/// iscsistart's own /32, by the same way as the prefix it lies in, is no fault.
#[test]
fn a_host_route_by_the_same_way_is_sound() {
    let Some(namespace) = document("same", &["route add 100.97.0.0/32 via 100.64.16.49 dev ens2f0"]) else {
        return;
    };
    assert_eq!(found(&namespace), Vec::<String>::new());
}

#[test]
fn routes_and_nics_are_shown() {
    let Some(namespace) = document("show", &[]) else { return };
    let routes = isctpl(&namespace, &["show", "routes", "--portal", "100.97.0.10"]);
    assert!(routes.out.contains("100.97.0.10 via 100.64.16.49 dev ens2f0"), "{}", routes.out);
    assert!(routes.out.contains("100.97.0.0/16"), "{}", routes.out);
    let nics = isctpl(&namespace, &["show", "nics"]);
    assert!(nics.out.contains("ens2f0") && nics.out.contains("52:54:00:00:00:01"), "{}", nics.out);
}

#[test]
fn without_privilege_the_ibft_is_unknown_and_never_missing() {
    if !crate::support::is_root() {
        return crate::support::skip("without_privilege_the_ibft_is_unknown", "becoming another user needs root");
    }
    let sysfs = Tree::load("machines/vm.sysfs.tree").unpack();
    std::fs::set_permissions(sysfs.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    // The kernel refuses to show these to who lacks CAP_SYS_ADMIN; here their modes refuse.
    for directory in ["acpi_header", "initiator", "ethernet0", "target0"] {
        for file in std::fs::read_dir(sysfs.path().join("firmware/ibft").join(directory)).unwrap() {
            let path = file.unwrap().path();
            if !path.is_symlink() {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o400)).unwrap();
            }
        }
    }
    let report = as_ordinary_user(&["doctor", "--sysfs", sysfs.path().to_str().unwrap(), "--format", "json"]).json();
    let outcome = |id: &str| -> Value {
        report["checks"].as_array().unwrap().iter().find(|check| check["check"] == id).unwrap().clone()
    };
    assert_ne!(outcome("ibft-missing")["outcome"], "fail", "{}", outcome("ibft-missing"));
    let firmware = &report["chain"][0];
    assert_eq!(firmware["status"], "unknown", "{firmware}");
    assert!(firmware["summary"].as_str().unwrap().contains("permission denied"), "{firmware}");
}

/// The machine that runs the tests boots from no LUN: one plain sentence, and no noise.
#[test]
fn a_machine_that_boots_from_no_lun_is_unknown() {
    if std::path::Path::new("/sys/firmware/ibft").exists() {
        return crate::support::skip("a_machine_that_boots_from_no_lun", "this machine has an iBFT");
    }
    let answer = answer(command(["doctor"]));
    assert_eq!(answer.code, 3, "{}", answer.out);
    assert!(answer.out.starts_with("UNKNOWN"), "{}", answer.out);
    assert!(answer.out.lines().count() <= 5, "{}", answer.out);
    assert_eq!(answer.err, "");
}
