//! Rule sets of nft(8), against the kernel: whether a connection to a portal comes about with the rules in force.

mod generate;

use super::compare::{Answer, Oracle};
use super::packages::{libraries, unpacked, version};
use crate::support::netns::Namespace;
use isctpl::probes::{GatherRequest, gather};
use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The portal.
const PORTAL: &str = "100.97.0.10:3260";

/// How long a connection is waited for: over a pair of virtual links it takes no time.
const SHORT: Duration = Duration::from_millis(40);

/// The same where isctpl says that it comes about, on a machine that may be busy.
const LONG: Duration = Duration::from_secs(3);

/// An instance and a target, each in a network of its own.
struct Pair {
    here: Namespace,
    listener: TcpListener,
    _far: Namespace,
}

impl Pair {
    fn new(number: usize) -> Option<Self> {
        let here = Namespace::new(&format!("nft{number}"))?;
        let far = Namespace::new(&format!("far{number}"))?;
        here.nic("san", "52:54:00:00:00:01");
        here.ip(&format!("link set san-peer netns {}", far.name()));
        here.ip("addr add 192.0.2.5/24 dev san");
        far.ip("addr add 192.0.2.1/24 dev san-peer");
        far.ip("addr add 100.97.0.10/32 dev lo");
        far.ip("link set san-peer up");
        here.ip("route add 100.97.0.0/16 via 192.0.2.1");
        let listener = far.run(|| TcpListener::bind(PORTAL).unwrap());
        listener.set_nonblocking(true).unwrap();
        Some(Self { here, listener, _far: far })
    }

    /// Whether a connection comes about under these rules; `None` where nft refuses them.
    fn connects(
        &self,
        nft: &(dyn Fn() -> Command + Sync),
        rules: &str,
        patience: &(dyn Fn() -> Duration + Sync),
    ) -> Option<bool> {
        let portal: SocketAddr = PORTAL.parse().unwrap();
        self.here.run(|| {
            assert!(nft().args(["flush", "ruleset"]).status().unwrap().success());
            let mut child = nft().args(["-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
            if !child.wait().unwrap().success() {
                return None;
            }
            let connects = |patience| TcpStream::connect_timeout(&portal, patience).is_ok();
            let connected = connects(SHORT) || patience() > SHORT && connects(patience());
            while self.listener.accept().is_ok() {}
            Some(connected)
        })
    }
}

/// What isctpl says of both packets.
fn claimed(case: &str) -> Result<Answer, String> {
    const UNIT: &str =
        "[Service]\nType=oneshot\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n[Install]\nWantedBy=sysinit.target\n";
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("etc/nftables.conf", &format!("{case}\n"));
    write("usr/lib/systemd/system/nftables.service", UNIT);
    write("usr/lib/systemd/system/sysinit.target", "[Unit]\n");
    write("usr/lib/systemd/system/multi-user.target", "[Unit]\nRequires=sysinit.target\n");
    symlink("multi-user.target", root.path().join("usr/lib/systemd/system/default.target")).unwrap();
    let wants = root.path().join("etc/systemd/system/sysinit.target.wants");
    fs::create_dir_all(&wants).unwrap();
    symlink("/usr/lib/systemd/system/nftables.service", wants.join("nftables.service")).unwrap();
    let portals = vec![PORTAL.parse().unwrap()];
    let request = GatherRequest { root: root.path().to_owned(), portals, ..GatherRequest::default() };
    let facts = gather(&request, &|_| ()).map_err(|problem| problem.to_string())?;
    let [firewall] = facts.netconfig.firewalls.as_slice() else { panic!("{:?}", facts.netconfig.firewalls) };
    if firewall.unclear.iter().any(|unclear| unclear.ends_with(REFUSES)) {
        return Ok(refused());
    }
    match firewall.unclear.first() {
        // What stops one packet for sure needs no more.
        Some(unclear) => Err(unclear.clone()),
        None => Ok(told(firewall.portal_out && firewall.established_in)),
    }
}

/// How isctpl says that it relies on nothing of a file.
const REFUSES: &str = "nft refuses the whole file";

fn refused() -> Answer {
    vec!["nft refuses it".to_owned()]
}

fn told(connects: bool) -> Answer {
    vec![if connects { "a connection comes about" } else { "no connection comes about" }.to_owned()]
}

#[test]
fn the_kernel_stops_what_isctpl_says() {
    const TEST: &str = "oracles::nft::the_kernel_stops_what_isctpl_says";
    let packages = ["nftables", "libnftables1", "libnftnl11", "libmnl0", "libxtables12", "libjansson4"];
    let Some(root) = unpacked(TEST, &packages) else { return };
    let idle: Mutex<Vec<Pair>> = Mutex::default();
    idle.lock().unwrap().extend(Pair::new(0));
    if idle.lock().unwrap().is_empty() {
        return;
    }
    let number = AtomicUsize::new(1);
    let nft = || nft(&root);
    let real = |case: &str| {
        let waiting = idle.lock().unwrap().pop();
        let pair = waiting.unwrap_or_else(|| Pair::new(number.fetch_add(1, Ordering::Relaxed)).unwrap());
        let claimed = claimed(case);
        let patience = || if claimed.as_ref().is_ok_and(|claimed| *claimed == told(true)) { LONG } else { SHORT };
        let connects = pair.connects(&nft, &format!("{case}\n"), &patience);
        idle.lock().unwrap().push(pair);
        match connects {
            Some(connects) => told(connects),
            None if claimed == Ok(refused()) => refused(),
            // Without rules nothing stops it.
            None => told(true),
        }
    };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel: Vec<&str> = kernel.trim().split('.').take(2).collect();
    Oracle {
        language: "nft(8)",
        program: &format!("nftables {}, Linux {}", version(&root, "nftables").unwrap(), kernel.join(".")),
        kept: KEPT.iter().map(|case| case.lines().map(str::to_owned).collect()).collect(),
        between: "\n",
        cases: 1000,
        decided: 650,
        generate: &generate::lines,
        claimed: &claimed,
        real: &real,
    }
    .run();
}

fn nft(root: &Path) -> Command {
    let mut command = Command::new(root.join("usr/sbin/nft"));
    command.env("LD_LIBRARY_PATH", libraries(root));
    command
}

/// Cases that have shown a disagreement.
const KEPT: [&str; 6] = [
    "table inet t0 {\n chain c0 {\n  type filter hook output priority 0; policy drop;\n }\n}",
    "table inet t0 {\n chain c0 {\n  type filter hook prerouting priority 0; policy drop;\n chain c1 {\n }\n}",
    "table ip t0 {\n chain own {\n  reject\n }\n chain c0 {\n  type filter hook postrouting priority 0;\n  jump own\n }\n}",
    "table inet t0 {\n chain c0 {\n  type filter hook postrouting priority 0; policy drop;\n  tcp dport vmap { 3260 : accept }\n }\n}",
    "table ip t0 {\n chain c0 {\n  type filter hook input priority 0; policy drop;\n  oifname != \"lo\" accept\n }\n}",
    "table ip6 t0 {\n chain c0 {\n  ip daddr 100.97.0.10 drop\n }\n}\ntable ip t1 {\n chain c0 {\n  type filter hook output priority 0;\n  drop\n }\n}",
];
