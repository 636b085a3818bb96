//! dhclient.conf(5), against ISC dhclient: what the packet that it broadcasts asks for, and how long it would wait.
//!
//! Each file is read behind two statements that have dhclient wait for an answer as long as its timeout lets it; it
//! says for how long when it sends the first packet.

mod generate;

use super::compare::{Answer, Oracle};
use super::files::write_files;
use super::packages::{unpacked, version};
use crate::support::netns::Namespace;
use isctpl::probes::{GatherRequest, gather};
use isctpl_checks::facts::Source;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What stands before each file for dhclient.
const PATIENT: &str = "initial-interval 1000000000;\nbackoff-cutoff 2000000000;\n";

/// From here on a timeout is longer than dhclient waits for all that.
const LONG: u64 = 1_000_000_000;

/// The configuration.
const CONF: &str = "etc/dhcp/dhclient.conf";

/// The NIC that asks.
const NIC: &str = "san";

/// Options that have the same code in every case.
const CODES: [(&str, u8); 13] = [
    ("subnet-mask", 1),
    ("time-offset", 2),
    ("routers", 3),
    ("domain-name-servers", 6),
    ("host-name", 12),
    ("domain-name", 15),
    ("interface-mtu", 26),
    ("broadcast-address", 28),
    ("ntp-servers", 42),
    ("netbios-name-servers", 44),
    ("netbios-scope", 47),
    ("root-path", 17),
    ("domain-search", 119),
];

/// A network in which a server listens and never answers.
struct Network {
    namespace: Namespace,
    server: UdpSocket,
}

impl Network {
    fn new(number: usize) -> Option<Self> {
        let namespace = Namespace::new(&format!("dhc{number}"))?;
        namespace.nic(NIC, "52:54:00:00:00:01");
        let server = namespace.run(|| UdpSocket::bind("0.0.0.0:67").unwrap());
        Some(Self { namespace, server })
    }

    /// What dhclient does with a configuration.
    fn ask(&self, program: &Path, tree: &Path) -> Answer {
        let conf = fs::read_to_string(tree.join(CONF)).unwrap();
        fs::write(tree.join("conf"), format!("{PATIENT}{conf}")).unwrap();
        fs::write(tree.join("leases"), "").unwrap();
        self.server.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let mut packet = [0; 2048];
        while self.server.recv(&mut packet).is_ok() {}
        let mut child = self.namespace.run(|| {
            let mut command = Command::new(program);
            command.args(["-4", "-d", "-1", "-cf", "conf", "-lf", "leases", "-pf", "pid", "-sf", "/bin/true", NIC]);
            command.current_dir(tree).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            command.spawn().unwrap()
        });
        let said = BufReader::new(child.stderr.take().unwrap());
        let mut lines = said.split(b'\n').map(|line| String::from_utf8_lossy(&line.unwrap()).into_owned());
        let interval = lines.find_map(|line| {
            let of = line.strip_prefix(&format!("DHCPDISCOVER on {NIC} "))?;
            of.rsplit(' ').next()?.parse::<u64>().ok()
        });
        let Some(interval) = interval else {
            let _ = child.wait();
            return vec!["dhclient ends".to_owned()];
        };
        self.server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let length = self.server.recv(&mut packet).unwrap();
        // It may have ended already.
        let _ = child.kill();
        let _ = child.wait();
        let asked = parameter_request_list(&packet[240..length]);
        let names = CODES.iter().filter(|(_, code)| asked.contains(code)).map(|(name, _)| *name);
        told(interval - 1, asked.contains(&121), asked.len(), names)
    }
}

/// The codes that a packet asks for, of its options.
fn parameter_request_list(mut options: &[u8]) -> Vec<u8> {
    let mut codes = Vec::new();
    while let [code, rest @ ..] = options {
        match (code, rest) {
            (0, _) => options = rest,
            (255, _) | (_, []) => break,
            (code, [length, rest @ ..]) => {
                let (value, after) = rest.split_at(usize::from(*length));
                if *code == 55 {
                    codes.extend(value);
                }
                options = after;
            }
        }
    }
    codes
}

fn told<'a>(timeout: u64, classless: bool, count: usize, names: impl Iterator<Item = &'a str>) -> Answer {
    let timeout = if timeout >= LONG - 1 { "for very long".to_owned() } else { format!("{timeout} s") };
    let mut answer = vec![
        format!("waits {timeout}"),
        format!("asks for option 121: {}", if classless { "yes" } else { "no" }),
        format!("asks for {count} options"),
    ];
    answer.extend(names.map(|name| format!("asks for {name}")));
    answer
}

/// What isctpl says of the same.
fn claimed(root: &Path) -> Result<Answer, String> {
    let request = GatherRequest { root: root.to_owned(), ..GatherRequest::default() };
    let facts = gather(&request, &|_| ()).map_err(|problem| problem.to_string())?.dhcp;
    if let Some(doubt) = facts.problems.iter().find(|problem| problem.source == Source::DhclientConf) {
        return Err(doubt.to_string());
    }
    let conf = facts.dhclient.unwrap();
    let own = conf.interfaces.iter().find(|interface| interface.name == NIC);
    let timeout =
        own.and_then(|own| own.timeout.as_ref()).or(conf.timeout.as_ref()).map_or(60, |timeout| timeout.value);
    let classless = own.map_or(conf.asks_classless, |own| own.asks_classless);
    let usual = [
        "subnet-mask",
        "broadcast-address",
        "time-offset",
        "routers",
        "domain-name",
        "domain-name-servers",
        "host-name",
    ];
    let listed = own.and_then(|own| own.requested.as_ref()).or(conf.requested.as_ref());
    let asked: Vec<&str> = match listed {
        Some(list) => list.value.iter().map(String::as_str).filter(|name| !name.contains('.')).collect(),
        None => usual.to_vec(),
    };
    let names = CODES.iter().map(|(name, _)| *name).filter(|name| asked.iter().any(|a| a.eq_ignore_ascii_case(name)));
    Ok(told(timeout.into(), classless, asked.len(), names))
}

#[test]
fn dhclient_asks_for_what_isctpl_says() {
    const TEST: &str = "oracles::dhclient::dhclient_asks_for_what_isctpl_says";
    let Some(root) = unpacked(TEST, &["isc-dhcp-client"]) else { return };
    let idle: Mutex<Vec<Network>> = Mutex::default();
    idle.lock().unwrap().extend(Network::new(0));
    if idle.lock().unwrap().is_empty() {
        return;
    }
    let number = AtomicUsize::new(1);
    let tree = |case: &str| {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("etc/dhcp")).unwrap();
        write_files(tree.path(), CONF, case);
        tree
    };
    let real = |case: &str| {
        let waiting = idle.lock().unwrap().pop();
        let network = waiting.unwrap_or_else(|| Network::new(number.fetch_add(1, Ordering::Relaxed)).unwrap());
        let answer = network.ask(&root.join("sbin/dhclient"), tree(case).path());
        idle.lock().unwrap().push(network);
        answer
    };
    let claim = |case: &str| claimed(tree(case).path());
    Oracle {
        language: "dhclient.conf(5)",
        program: &format!("isc-dhcp-client {}", version(&root, "isc-dhcp-client").unwrap()),
        kept: KEPT.iter().map(|case| case.lines().map(str::to_owned).collect()).collect(),
        between: "\n",
        cases: 1000,
        decided: 850,
        generate: &generate::lines,
        claimed: &claim,
        real: &real,
    }
    .run();
}

/// Cases that have shown a disagreement.
const KEPT: [&str; 11] = [
    "request routers, no-such-option;\ntimeout 5;",
    "interface \"san\" {\n  timeout 5;\n};\ntimeout 7;\nrequest routers;",
    "interface \"san\" { request routers; }\ntimeout 5;\nrequest subnet-mask;",
    "interface san {\n timeout 5;\n}\ntimeout 6;",
    "supersede domain-name \"a\" \"b\";\ntimeout 5;\nretry 5;\nreboot 5;",
    "send dhcp-lease-time soon;\ntimeout 5;\nretry 5;\ntimeout 6;",
    "option my-routes code 121 = array of integer 9;\nrequest my-routes;\ntimeout 5;",
    "option log-servers code 121 = array of ip-address;\nrequest log-servers;",
    "prefer x;\nrequest routers;\ntimeout 5;",
    "}\ntimeout 5;\nrequest routers;",
    "option a code 121 = string;\ninclude \"etc/dhcp/more.conf\";\ntimeout 9;\n=== etc/dhcp/more.conf\nrequest a;\ntimeout 5;",
];
