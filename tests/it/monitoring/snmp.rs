//! `isctpl snmp` behind a real snmpd.

use super::broken_root;
use crate::oracles::packages::{libraries, unpacked};
use crate::support::netns::Namespace;
use crate::support::run::doctor;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const BASE: &str = ".1.3.6.1.4.1.8072.9999.9999.3260";
const MIB: &str = include_str!("../../../dist/snmp/ISCTPL-MIB.txt");
const CONFIGURATION: &str = include_str!("../../../dist/snmp/isctpl.conf");

struct Snmpd {
    child: Child,
    namespace: Namespace,
    root: std::path::PathBuf,
}

impl Snmpd {
    /// Runs snmpd with the project's own lines of configuration; only the program's place is another one.
    fn begin(test: &str, directory: &Path, report: &Path) -> Option<Self> {
        let packages = ["snmpd", "snmp", "libsnmp40", "libsnmp-base", "libwrap0", "libpci3"];
        let root = unpacked(test, &packages)?;
        let namespace = Namespace::new(test)?;
        let program = format!("{} snmp --report {}", env!("CARGO_BIN_EXE_isctpl"), report.display());
        let ours = CONFIGURATION.replace("/usr/bin/isctpl snmp", &program);
        assert_ne!(ours, CONFIGURATION);
        let text = format!("agentaddress udp:127.0.0.1:1161\nrocommunity public 127.0.0.1 -V systemonly\n{ours}");
        let file = directory.join("snmpd.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = namespace.command(root.join("usr/sbin/snmpd").to_str().unwrap());
        command.args(["-f", "-Lo", "-C", "-c", file.to_str().unwrap(), "-p"]).arg(directory.join("pid"));
        command.env("LD_LIBRARY_PATH", libraries(&root)).env("SNMP_PERSISTENT_DIR", directory).env("MIBS", "");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Some(Self { child, namespace, root })
    }

    /// What snmpwalk prints of everything below the base: identifier and value.
    fn walk(&self) -> BTreeMap<String, String> {
        for _ in 0..50 {
            let mut command = self.namespace.command(self.root.join("usr/bin/snmpwalk").to_str().unwrap());
            command.args(["-v2c", "-c", "public", "-On", "-OQ", "-t", "5", "127.0.0.1:1161", BASE]);
            command.env("LD_LIBRARY_PATH", libraries(&self.root)).env("MIBS", "");
            let output = Command::output(&mut command).unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            if output.status.success() && said.contains(" = ") && !said.contains("No Such") {
                return said
                    .lines()
                    .filter_map(|line| line.split_once(" = "))
                    .map(|(oid, value)| (oid.trim_start_matches(BASE).to_owned(), value.to_owned()))
                    .collect();
            }
            sleep(Duration::from_millis(200));
        }
        panic!("snmpd does not answer");
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn snmpwalk_tells_the_verdict_and_the_chain() {
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("doctor.json");
    let Some(snmpd) = Snmpd::begin("snmpd", directory.path(), &report) else { return };
    let absent = snmpd.walk();
    assert_eq!(absent[".1.1.0"], "4", "without a report nothing is known: {absent:?}");
    assert!(absent[".1.3.0"].contains("No such file"), "{absent:?}");
    assert_eq!(absent[".2.1.3.9"], "4");

    let root = broken_root();
    doctor(root.path(), &["--format", "json", "--output", report.to_str().unwrap()]);
    let told = snmpd.walk();
    assert_eq!((told[".1.1.0"].as_str(), told[".1.2.0"].as_str()), ("3", "\"loader\""), "{told:?}");
    assert!(told[".1.5.0"].parse::<u32>().unwrap() < 600, "{told:?}");
    assert_eq!((told[".2.1.2.2"].as_str(), told[".2.1.3.2"].as_str()), ("\"loader\"", "3"), "{told:?}");
    assert_eq!(told[".2.1.3.1"], "5", "the firmware is not judged: {told:?}");

    // Every value that is answered has its object in the MIB, and every object of the MIB has its value.
    let answered: Vec<String> = told.keys().map(|oid| object(oid)).collect();
    let mut objects = objects();
    objects.retain(|(_, oid)| oid != ".2.1.1");
    for (name, oid) in &objects {
        assert!(answered.contains(oid), "{name} ({oid}) has no value: {told:?}");
    }
    assert!(answered.iter().all(|oid| objects.iter().any(|(_, known)| known == oid)), "{answered:?}");
}

/// The identifier without its instance.
fn object(oid: &str) -> String {
    oid.rsplit_once('.').unwrap().0.to_owned()
}

/// The objects of the MIB that have values, with their identifiers below the base.
fn objects() -> Vec<(&'static str, String)> {
    let parents = [("isctplVerdict", ".1"), ("isctplChainEntry", ".2.1")];
    let definitions = MIB.split("\n\n").filter(|part| part.contains(" OBJECT-TYPE\n"));
    let object = |definition: &'static str| {
        let name = definition.trim().split_once(' ')?.0;
        let (parent, number) = definition.rsplit_once("::= { ")?.1.split_once(" }")?.0.split_once(' ')?;
        let (_, above) = parents.iter().find(|(known, _)| *known == parent)?;
        Some((name, format!("{above}.{number}")))
    };
    definitions.filter_map(object).collect()
}

#[test]
fn what_is_no_report_is_told_and_no_fifo_is_waited_for() {
    use std::io::Write;
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let junk = directory.path().join("junk");
    std::fs::write(&junk, "{\"schema\": \"isctpl.doctor/v9\"}").unwrap();
    let old = directory.path().join("old");
    let report = r#"{"schema": "isctpl.doctor/v1", "time": "2020-01-01T00:00:00Z", "verdict": {"boot": "boots"}}"#;
    std::fs::write(&old, report).unwrap();
    for (file, wanted) in [
        (&fifo, "is no regular file"),
        (&junk, "is no isctpl.doctor/v1"),
        (&old, "the last report is of 2020-01-01T00:00:00Z; isctpl doctor does not run"),
    ] {
        let mut command = crate::support::run::command(["snmp", "--report", file.to_str().unwrap(), "--base", ".1.9"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"PING\nget\n.1.9.1.3.0\nget\n.1.9.1.1.0\ngetnext\n.1.9.2.1.4.9\n")
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.starts_with("PONG\n.1.9.1.3.0\nstring\n") && said.contains(wanted), "{said}");
        assert!(said.ends_with(".1.9.1.1.0\ninteger\n4\nNONE\n"), "{said}");
    }
}
