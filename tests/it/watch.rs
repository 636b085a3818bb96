//! `isctpl watch` in network namespaces: what the kernel tells, lost and found again.

mod kept;
mod service;
mod stopped;

use crate::oracles::random::Random;
use crate::support::netns::{Namespace, PORTAL, instance};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const SCHEMA: &str = include_str!("../../src/report/watch-v1.schema.json");

/// A watch that runs.
struct Watch {
    child: Child,
    lines: BufReader<ChildStdout>,
    schema: jsonschema::Validator,
}

impl Watch {
    /// Begins, and waits until it has.
    fn begin(namespace: &Namespace, arguments: &[&str]) -> Self {
        let mut child = namespace
            .command(env!("CARGO_BIN_EXE_isctpl"))
            .args(["watch", "--format", "json", "--portal", PORTAL, "--san-nic", "san"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
        let mut watch = Self { child, lines, schema };
        let start = watch.next();
        assert_eq!(start["event"], "start", "{start}");
        watch
    }

    /// The next line of something that happened; it waits for it. A busy host may have the watch stand still.
    fn next(&mut self) -> Value {
        loop {
            let line = self.next_of_all();
            if line["event"] != "stood-still" {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    fn next_of_all(&mut self) -> Value {
        let mut line = String::new();
        assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the watch ended");
        let value: Value = serde_json::from_str(&line).unwrap();
        let errors: Vec<String> = self.schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
        value
    }

    /// The next line in few words.
    fn told(&mut self) -> String {
        let line = self.next();
        let text = |pointer: &str| line.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let way = match text("/answer/state").as_str() {
            "nowhere" => text("/answer/reason"),
            state => format!("{state} {} {}", text("/answer/route/destination"), text("/answer/route/interface")),
        };
        format!("{}: {way}; {}", text("/event"), text("/cause/what")).trim_end_matches("; ").to_owned()
    }

    /// Ends it, and gives the lines that are left, `stop` last.
    fn end(mut self) -> Vec<Value> {
        // What waits in its socket is told before the wish to stop is heeded.
        sleep(Duration::from_millis(300));
        self.signal(Signal::SIGTERM);
        let mut lines = Vec::new();
        loop {
            let line = self.next();
            let is_last = line["event"] == "stop";
            lines.push(line);
            if is_last {
                break;
            }
        }
        assert!(self.child.wait().unwrap().success());
        lines
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `ip -batch`, which makes one change after the other and goes on where the kernel refuses one.
struct Batch {
    child: Child,
    commands: ChildStdin,
}

impl Batch {
    fn begin(namespace: &Namespace) -> Self {
        let mut command = Command::new("ip");
        command.args(["-n", namespace.name(), "-force", "-batch", "-"]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let commands = child.stdin.take().unwrap();
        Self { child, commands }
    }

    fn say(&mut self, command: &str) {
        writeln!(self.commands, "{command}").unwrap();
    }

    fn end(self) {
        let Self { mut child, commands } = self;
        drop(commands);
        child.wait().unwrap();
    }
}

#[test]
fn each_way_to_lose_the_route_is_a_gap_with_its_cause() {
    let Some(namespace) = instance("watch-gaps") else { return };
    let mut watch = Watch::begin(&namespace, &[]);
    let mut after = |command: &str| {
        namespace.ip(command);
        watch.told()
    };
    let lost = "gap: elsewhere default wan";
    let found = "gap-end: held 100.97.0.0/16 san";
    let route = "100.97.0.0/16 via 100.64.16.49 dev san proto boot";
    assert_eq!(after("route del 100.97.0.0/16"), format!("{lost}; route removed: {route}"));
    assert_eq!(after("route add 100.97.0.0/16 via 100.64.16.49 dev san"), format!("{found}; route added: {route}"));
    let host = "100.97.0.10 via 192.0.2.1 dev wan proto boot";
    let host_prefix = host.replace(" via", "/32 via");
    assert_eq!(
        after(&format!("route add {}", host.trim_end_matches(" proto boot"))),
        format!("gap: elsewhere 100.97.0.10/32 wan; route added: {host_prefix}")
    );
    assert_eq!(after("route del 100.97.0.10"), format!("{found}; route removed: {host_prefix}"));
    assert_eq!(
        after("route add unreachable 100.97.0.0/24"),
        "gap: a route of type unreachable refuses it; route added: unreachable 100.97.0.0/24 proto boot"
    );
    assert!(after("route del unreachable 100.97.0.0/24").starts_with(found));
    assert_eq!(
        after("rule add to 100.97.0.0/16 ipproto tcp dport 3260 prohibit priority 7"),
        "gap: the rule 7 of type prohibit refuses it; rule added: 7: from all to 100.97.0.0/16 dport 3260 ipproto tcp \
         prohibit"
    );
    assert!(after("rule del priority 7").starts_with(found));
    assert_eq!(after("link set san down"), format!("{lost}; interface san is down"));
    namespace.ip("link set san up");
    assert!(after("route add 100.97.0.0/16 via 100.64.16.49 dev san").starts_with(found));
    // Another route by the same NIC is no gap.
    assert_eq!(
        after("route replace 100.97.0.0/16 via 100.64.16.50 dev san"),
        "change: held 100.97.0.0/16 san; route replaced: 100.97.0.0/16 via 100.64.16.50 dev san proto boot"
    );
    let stop = watch.end().pop().unwrap();
    assert_eq!((&stop["gaps"], &stop["resyncs"]), (&Value::from(5), &Value::from(0)), "{stop}");
}

/// A text with every digit of times and lengths the same, and without what a busy host may add to it: that the watch stood
/// still, and to within what a length is known.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| word.ends_with('Z') && word.contains('T') || word.starts_with("0.") && word.len() == 8;
    let blank = |word: &str| if is_time(word) { "TIME".to_owned() } else { word.to_owned() };
    let line = |line: &str| line.split(' ').map(blank).collect::<Vec<_>>().join(" ");
    let lines = text.lines().filter(|line| !line.contains(" STOOD STILL ")).map(line).collect::<Vec<_>>().join("\n");
    lines.replace("about TIME s (to within TIME s: so long its messages may have waited to be read)", "TIME s")
}

#[test]
fn the_readme_shows_what_is_told() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("\n    isctpl watch --portal").unwrap();
    let shown = section.lines().skip(1).skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
    let shown = shown.map(str::trim).collect::<Vec<_>>().join("\n");
    let Some(namespace) = instance("watch-readme") else { return };
    // Until then new links tell of addresses of their own.
    sleep(Duration::from_secs(4));
    let mut command = namespace.command(env!("CARGO_BIN_EXE_isctpl"));
    command.args(["watch", "--portal", PORTAL, "--san-nic", "san"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut told = String::new();
    let mut next = |told: &mut String| {
        while lines.read_line(told).unwrap() > 0
            && told.trim_end().rsplit('\n').next().unwrap().contains(" STOOD STILL ")
        {}
    };
    for change in ["route del 100.97.0.0/16", "route add 100.97.0.0/16 via 100.64.16.49 dev san"] {
        next(&mut told);
        namespace.ip(change);
    }
    next(&mut told);
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
    next(&mut told);
    assert!(child.wait().unwrap().success());
    assert_eq!(without_times(&told), without_times(&shown));
}

/// Removed and added as fast as ip(8) can, beside changes that say nothing: every gap is told, or messages were lost
/// and that is told; the end is right in any case.
#[test]
fn a_flood_is_told_whole_or_said_to_be_cut() {
    const FLAPS: u64 = 3000;
    let Some(namespace) = instance("watch-flood") else { return };
    let watch = Watch::begin(&namespace, &[]);
    let (mut flaps, mut noise) = (Batch::begin(&namespace), Batch::begin(&namespace));
    let reader = std::thread::spawn(move || watch.until_told(FLAPS));
    let beside = std::thread::spawn(move || {
        for number in 0..30_000_u32 {
            let [_, _, high, low] = number.to_be_bytes();
            noise.say(&format!(
                "route {} 198.18.{}.{low}/32 dev wan",
                ["add", "del"][usize::from(number % 2 == 1)],
                high & 1
            ));
        }
        noise.end();
    });
    for _ in 0..FLAPS {
        flaps.say("route del 100.97.0.0/16");
        flaps.say("route add 100.97.0.0/16 via 100.64.16.49 dev san");
    }
    flaps.end();
    beside.join().unwrap();
    let (gaps, ends, watch) = reader.join().unwrap();
    let rest = watch.end();
    let stop = rest.last().unwrap();
    assert_eq!(stop["resyncs"], 0, "the buffer is large enough for this");
    assert_eq!((gaps, ends), (FLAPS, FLAPS));
    assert_eq!(stop["gaps"], FLAPS);
}

impl Watch {
    /// Reads until so many gaps have ended, or messages were lost.
    fn until_told(mut self, wanted: u64) -> (u64, u64, Self) {
        let (mut gaps, mut ends) = (0, 0);
        while ends < wanted {
            match self.next()["event"].as_str().unwrap() {
                "gap" => gaps += 1,
                "gap-end" => ends += 1,
                "resync" => break,
                _ => {}
            }
        }
        (gaps, ends, self)
    }
}

/// A route or rule at random, near enough to the portal that it often decides.
fn anything(random: &mut Random) -> String {
    let networks = ["100.97.0.10/32", "100.97.0.0/24", "100.97.0.0/16", "100.96.0.0/11", "default", "100.98.0.0/16"];
    let ways = ["via 100.64.16.49 dev san", "via 192.0.2.1 dev wan", "dev san", "dev wan"];
    let tables = ["main", "77", "default"];
    if random.below(3) == 0 {
        let verb = random.of(&["add", "add", "del"]);
        let not = random.of(&["", "", "", "not "]);
        let selector = random.of(&[
            "from all",
            "from 100.64.16.54",
            "to 100.97.0.0/16",
            "ipproto tcp",
            "ipproto udp",
            "dport 3260",
            "dport 3000-4000",
            "dport 22",
            "sport 40000-50000",
            "fwmark 0x1",
            "fwmark 0x0/0xff",
            "iif lo",
            "iif san",
            "oif wan",
            "uidrange 0-0",
            "uidrange 1000-2000",
            "tos 0x10",
            "to 100.98.0.0/16 ipproto tcp",
        ]);
        let action = random.of(&[
            "lookup main",
            "lookup 77",
            "lookup 77",
            "lookup 77",
            "lookup default",
            "lookup main suppress_prefixlength 0",
            "lookup main suppress_prefixlength 16",
            "prohibit",
            "blackhole",
            "unreachable",
        ]);
        return format!("rule {verb} {not}{selector} {action} priority {}", 10 + random.below(6));
    }
    let verb = random.of(&["add", "append", "prepend", "replace", "del", "del"]);
    let metric = random.of(&["", " metric 10", " metric 200"]);
    let table = random.of(&tables);
    let network = random.of(&networks);
    match random.below(6) {
        0 => {
            let kind = random.of(&["unreachable", "blackhole", "prohibit", "throw"]);
            format!("route {verb} {kind} {network} table {table}{metric}")
        }
        _ => format!("route {verb} {network} {} table {table}{metric}", random.of(&ways)),
    }
}

/// Takes away what refuses everything, and puts the SAN route back.
fn begin_anew(batch: &mut Batch) {
    for priority in 10..16 {
        for _ in 0..3 {
            batch.say(&format!("rule del priority {priority}"));
        }
    }
    for table in ["77", "default"] {
        batch.say(&format!("route flush table {table}"));
    }
    for network in ["100.97.0.10/32", "100.97.0.0/24", "100.97.0.0/16", "100.96.0.0/11", "default"] {
        batch.say(&format!("route flush {network}"));
    }
    batch.say("route add 100.97.0.0/16 via 100.64.16.49 dev san");
}

/// The copy of the tables that is followed message by message, held against the kernel's own answer after each.
#[test]
fn what_is_followed_is_what_the_kernel_chooses() {
    let Some(namespace) = instance("watch-oracle") else { return };
    let watch = Watch::begin(&namespace, &[]);
    let reader = std::thread::spawn(move || {
        let mut watch = watch;
        let mut told = Vec::new();
        loop {
            let line = watch.next();
            let is_last = line["event"] == "stop";
            told.push(line);
            if is_last {
                return (told, watch);
            }
        }
    });
    let pid = pid_of_watch(&namespace);
    let mut batch = Batch::begin(&namespace);
    let mut random = Random::new(0x5eed);
    for round in 0..1500 {
        if round % 25 == 0 {
            begin_anew(&mut batch);
        }
        batch.say(&anything(&mut random));
        // So that the kernel is asked between most of them.
        sleep(Duration::from_millis(1));
    }
    batch.end();
    sleep(Duration::from_millis(300));
    kill(pid, Signal::SIGTERM).unwrap();
    let (told, _watch) = reader.join().unwrap();
    let stop = told.last().unwrap();
    assert_eq!((&stop["resyncs"], &stop["unannounced"]), (&Value::from(0), &Value::from(0)), "{told:#?}");
    assert!(stop["gaps"].as_u64().unwrap() > 20, "the changes decide too seldom: {stop}");
}

/// The process that watches in a namespace.
fn pid_of_watch(namespace: &Namespace) -> Pid {
    let pids = Command::new("ip").args(["netns", "pids", namespace.name()]).output().unwrap();
    let pids = String::from_utf8(pids.stdout).unwrap();
    Pid::from_raw(pids.split_ascii_whitespace().next().unwrap().parse().unwrap())
}

/// Every series is there from the beginning, and right in the end.
#[test]
fn the_textfile_has_every_series_and_what_was_seen() {
    let Some(namespace) = instance("watch-textfile") else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("isctpl_watch.prom");
    let read = || std::fs::read_to_string(&file).unwrap_or_default();
    let value = |name: &str| {
        let text = read();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let mut watch = Watch::begin(&namespace, &["--textfile", file.to_str().unwrap()]);
    let until = |what: &str, holds: &dyn Fn() -> bool| {
        let tries = (0..100).any(|_| {
            holds() || {
                sleep(Duration::from_millis(50));
                false
            }
        });
        assert!(tries, "{what}: {}", read());
    };
    let present = "isctpl_watch_route_present{portal=\"100.97.0.10:3260\"}";
    until("the file is written in the beginning", &|| read().contains(present));
    let names = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    };
    let first = names(&read());
    assert_eq!((value(present), value("isctpl_watch_gaps_total")), (1.0, 0.0));
    namespace.ip("route del 100.97.0.0/16");
    until("the route is gone", &|| value(present) == 0.0);
    namespace.ip("route add 100.97.0.0/16 via 100.64.16.49 dev san");
    until("the route is back", &|| value(present) == 1.0);
    assert_eq!(value("isctpl_watch_gaps_total"), 1.0);
    assert!(value("isctpl_watch_last_gap_seconds") > 0.0 && value("isctpl_watch_last_gap_timestamp_seconds") > 1e9);
    assert_eq!(names(&read()), first);
    assert_eq!(value("isctpl_watch_running"), 1.0);
    assert_eq!(watch.next()["event"], "gap");
    namespace.ip("route del 100.97.0.0/16");
    watch.end();
    assert_eq!((value(present), value("isctpl_watch_running")), (0.0, 0.0));
}
