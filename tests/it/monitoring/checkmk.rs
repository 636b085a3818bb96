//! A local check of Checkmk's.

use super::broken_root;
use crate::support::run::isctpl;

/// Splits a line of a local check: status, service, metrics, text.
fn parts(line: &str) -> (i32, String, String, String) {
    let (status, rest) = line.split_once(' ').unwrap();
    let (name, rest) = rest.strip_prefix('"').unwrap().split_once("\" ").unwrap();
    let (metrics, text) = rest.split_once(' ').unwrap();
    (status.parse().unwrap(), name.to_owned(), metrics.to_owned(), text.to_owned())
}

#[test]
fn each_link_is_a_service_beside_the_verdicts() {
    let root = broken_root();
    let root = root.path().to_str().unwrap();
    let answer = isctpl(["doctor", "--root", root, "--format", "checkmk"]);
    let services: Vec<_> = answer.out.lines().map(parts).collect();
    assert_eq!(services.len(), 10, "{}", answer.out);
    let (status, name, metrics, text) = &services[0];
    assert_eq!((*status, name.as_str()), (answer.code, "iSCSI boot"));
    assert!(metrics.split('|').all(|metric| metric.split_once('=').unwrap().1.parse::<u32>().is_ok()), "{metrics}");
    assert!(text.starts_with("fails at ") && text.contains("\\ncritical "), "{text}");
    let failing: Vec<&str> =
        services.iter().skip(1).filter(|service| service.0 == 2).map(|service| service.1.as_str()).collect();
    assert_eq!(failing, ["iSCSI boot loader"], "{}", answer.out);
    assert!(services.iter().skip(1).all(|service| service.2 == "-"));
}

/// Checkmk's agent keeps what a cached check says only where that ends with 0.
#[test]
fn the_script_ends_well_whatever_it_tells() {
    let script = include_str!("../../../dist/checkmk/isctpl");
    let root = broken_root();
    let command = format!("{} doctor --root {}", env!("CARGO_BIN_EXE_isctpl"), root.path().display());
    let ours = script.replace("/usr/bin/isctpl doctor --timeout 240", &command);
    assert_ne!(ours, script);
    let output = std::process::Command::new("sh").args(["-c", &ours]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 10);
}

#[test]
fn a_run_without_a_report_is_unknown_and_a_line() {
    for arguments in
        [&["doctor", "--format", "checkmk", "--root", "/nonexistent"][..], &["doctor", "--format=checkmk", "--x"]]
    {
        let answer = isctpl(arguments);
        assert_eq!(answer.code, 3);
        let (status, name, metrics, text) = parts(answer.out.trim_end());
        assert_eq!((status, name.as_str(), metrics.as_str()), (3, "iSCSI boot", "-"));
        assert!(!text.is_empty());
    }
}
