//! How much of what happens `isctpl watch` tells, how exactly, and what it costs.
//!
//! `cargo bench --bench watch -- [--flaps N] [--beside N] [--quiet SECONDS]`
//!
//! In a network namespace of its own the SAN route is removed and added as fast as the kernel takes it, beside changes
//! of other routes. Each length without the route is measured here, between the kernel's two answers, and held against
//! the one that the watch tells. Then the same with `--keep-route`, one removal after the other: how long until the
//! route is back. Last, the processor time of a watch to which nothing happens. It needs root and iproute2.

#[path = "../tests/it/support/mod.rs"]
mod support;

use netlink_packet_route::route::{RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{Socket, SocketAddr};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdout, ExitCode, Stdio};
use std::time::{Duration, Instant};
use support::netns::{Namespace, PORTAL, instance};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "watch bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn option(name: &str, usual: u64) -> Outcome<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    match (arguments.next(), arguments.next()) {
        (Some(_), Some(value)) => Ok(value.parse()?),
        (Some(_), None) => Err(format!("{name} wants a number").into()),
        _ => Ok(usual),
    }
}

fn measure() -> Outcome<()> {
    let (flaps, beside) = (option("--flaps", 10_000)?, option("--beside", 100_000)?);
    let quiet = Duration::from_secs(option("--quiet", 60)?);
    let mut out = io::stdout();
    flood(&mut out, flaps, u32::try_from(beside)?)?;
    kept(&mut out, 1000)?;
    at_rest(&mut out, quiet)
}

/// A watch that runs.
struct Watch {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    fn begin(namespace: &Namespace, arguments: &[&str]) -> Outcome<Self> {
        let mut command = namespace.command(env!("CARGO_BIN_EXE_isctpl"));
        command.args(["watch", "--format", "json", "--portal", PORTAL, "--san-nic", "san"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut watch = Self { child, lines };
        watch.next()?;
        Ok(watch)
    }

    fn next(&mut self) -> Outcome<Value> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            return Err("the watch ended".into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    fn pid(&self) -> Outcome<Pid> {
        Ok(Pid::from_raw(self.child.id().try_into()?))
    }

    /// Every line until its end.
    fn rest(mut self) -> Outcome<Vec<Value>> {
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &Value| line["event"] != "stop") {
            lines.push(self.next()?);
        }
        self.child.wait()?;
        Ok(lines)
    }
}

/// A socket that changes routes, and waits for the kernel's answer each time.
struct Changer {
    socket: Socket,
    index: u32,
}

impl Changer {
    /// To be called in the namespace.
    fn of(namespace: &Namespace, interface: &str) -> Outcome<Self> {
        let told = namespace.ip(&format!("-o link show {interface}"));
        let index = told.split(':').next().ok_or("no index")?.parse()?;
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Self { socket, index })
    }

    fn change(&self, add: bool, to: Ipv4Addr, length: u8, gateway: Option<Ipv4Addr>) -> Outcome<()> {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.destination_prefix_length = length;
        message.header.table = 254;
        message.header.protocol = RouteProtocol::Static;
        message.header.scope = if gateway.is_some() { RouteScope::Universe } else { RouteScope::Link };
        message.header.kind = RouteType::Unicast;
        message.attributes.push(RouteAttribute::Destination(to.into()));
        message.attributes.extend(gateway.map(|gateway| RouteAttribute::Gateway(gateway.into())));
        message.attributes.push(RouteAttribute::Oif(self.index));
        let (message, flags) = match add {
            true => (RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL),
            false => (RouteNetlinkMessage::DelRoute(message), 0),
        };
        let mut message = NetlinkMessage::new(NetlinkHeader::default(), NetlinkPayload::InnerMessage(message));
        message.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.socket.send(&bytes, 0)?;
        let mut answer = Vec::with_capacity(8192);
        self.socket.recv(&mut answer, 0)?;
        let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer)?;
        match answer.payload {
            NetlinkPayload::Error(error) if error.raw_code() != 0 => Err(error.to_io().into()),
            _ => Ok(()),
        }
    }
}

const SAN: Ipv4Addr = Ipv4Addr::new(100, 97, 0, 0);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(100, 64, 16, 49);

fn flood(out: &mut impl Write, flaps: u64, beside: u32) -> Outcome<()> {
    let namespace = instance("bench-flood").ok_or("no namespace")?;
    namespace.ip("route replace 100.97.0.0/16 via 100.64.16.49 dev san proto static");
    let watch = Watch::begin(&namespace, &[])?;
    let pid = watch.pid()?;
    let reader = std::thread::spawn(move || watch.rest().map_err(|error| error.to_string()));
    let begun = Instant::now();
    let wrong = |error: Box<dyn std::error::Error>| error.to_string();
    let injected = std::thread::scope(|scope| {
        let flapping = scope.spawn(|| {
            namespace.run(|| -> Result<Vec<Duration>, String> {
                let changer = Changer::of(&namespace, "san").map_err(wrong)?;
                let mut lengths = Vec::new();
                for _ in 0..flaps {
                    changer.change(false, SAN, 16, Some(GATEWAY)).map_err(wrong)?;
                    let lost = Instant::now();
                    changer.change(true, SAN, 16, Some(GATEWAY)).map_err(wrong)?;
                    lengths.push(lost.elapsed());
                }
                Ok(lengths)
            })
        });
        let noise = scope.spawn(|| {
            namespace.run(|| -> Result<(), String> {
                let changer = Changer::of(&namespace, "wan").map_err(wrong)?;
                for number in 0..beside / 2 {
                    let to = Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + number % 60_000);
                    changer.change(true, to, 32, None).map_err(wrong)?;
                    changer.change(false, to, 32, None).map_err(wrong)?;
                }
                Ok(())
            })
        });
        let joined = noise.join().map_err(|_| "the changes beside failed".to_owned())?;
        joined?;
        flapping.join().map_err(|_| "the changes failed".to_owned())?
    })?;
    let took = begun.elapsed();
    std::thread::sleep(Duration::from_secs(1));
    kill(pid, Signal::SIGTERM)?;
    let lines = reader.join().map_err(|_| "the reader failed")??;
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    let told: Vec<u64> = lines.iter().filter_map(|line| line["length_us"].as_u64()).collect();
    let mut apart: Vec<u64> =
        injected.iter().zip(&told).map(|(length, told)| micros(*length).abs_diff(*told)).collect();
    apart.sort_unstable();
    writeln!(
        out,
        "flood: {flaps} removals and restorations of the SAN route, {beside} other changes, {:.2} s",
        took.as_secs_f64()
    )?;
    writeln!(out, "  gaps told      {} begun, {} ended, {} resyncs", of("gap"), of("gap-end"), of("resync"))?;
    if told.len() == injected.len() {
        writeln!(
            out,
            "  lengths apart  {} us median, {} us 99th percentile, {} us most",
            at(&apart, 50),
            at(&apart, 99),
            at(&apart, 100)
        )?;
    }
    Ok(())
}

fn kept(out: &mut impl Write, removals: u64) -> Outcome<()> {
    let namespace = instance("bench-keep").ok_or("no namespace")?;
    namespace.ip("route replace 100.97.0.0/16 via 100.64.16.49 dev san proto static");
    let mut watch = Watch::begin(&namespace, &["--keep-route"])?;
    let pid = watch.pid()?;
    let (remove, removes) = std::sync::mpsc::channel::<()>();
    let mut lengths = Vec::new();
    std::thread::scope(|scope| -> Outcome<()> {
        let namespace = &namespace;
        let changing = scope.spawn(move || {
            namespace.run(move || -> Result<(), String> {
                let changer = Changer::of(namespace, "san").map_err(|error| error.to_string())?;
                while removes.recv().is_ok() {
                    changer.change(false, SAN, 16, Some(GATEWAY)).map_err(|error| error.to_string())?;
                }
                Ok(())
            })
        });
        for _ in 0..removals {
            remove.send(())?;
            loop {
                let line = watch.next()?;
                if line["event"] == "gap-end" {
                    lengths.push(line["length_us"].as_u64().ok_or("no length")?);
                    break;
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(remove);
        changing.join().map_err(|_| "the changes failed")??;
        Ok(())
    })?;
    kill(pid, Signal::SIGTERM)?;
    watch.rest()?;
    lengths.sort_unstable();
    writeln!(out, "--keep-route: {removals} removals")?;
    writeln!(
        out,
        "  back after     {} us median, {} us 99th percentile, {} us most",
        at(&lengths, 50),
        at(&lengths, 99),
        at(&lengths, 100)
    )?;
    Ok(())
}

fn at_rest(out: &mut impl Write, quiet: Duration) -> Outcome<()> {
    let namespace = instance("bench-quiet").ok_or("no namespace")?;
    let watch = Watch::begin(&namespace, &[])?;
    let pid = watch.pid()?;
    // What a new link still tells is no quiet.
    std::thread::sleep(Duration::from_secs(5));
    let before = used(pid)?;
    std::thread::sleep(quiet);
    let after = used(pid)?;
    kill(pid, Signal::SIGTERM)?;
    watch.rest()?;
    writeln!(out, "at rest: {} s", quiet.as_secs())?;
    writeln!(
        out,
        "  processor      {} us ({} context switches); resident {} KiB",
        after.0 - before.0,
        after.1 - before.1,
        after.2
    )?;
    Ok(())
}

/// Processor time in microseconds (`/proc/PID/schedstat`), context switches, and resident memory in KiB.
fn used(pid: Pid) -> Outcome<(u64, u64, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat"))?;
    let nanoseconds: u64 = text.split_ascii_whitespace().next().ok_or("no time")?.parse()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    let switches = field("voluntary_ctxt_switches").ok_or("no switches")?;
    Ok((nanoseconds / 1000, switches, field("VmRSS").ok_or("no memory")?))
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

fn at(sorted: &[u64], percent: usize) -> u64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or_default()
}
