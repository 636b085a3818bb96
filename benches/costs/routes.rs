//! The kernel's answer for a portal, and how much more routes beside it cost.

use super::measure::Contender;
use super::results::Part;
use super::support::netns::{Namespace, PORTAL, instance};
use super::{Extent, ISCTPL, Outcome};
use std::io::{BufWriter, Write};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

/// Whether it can be measured here: a namespace is made, and thrown away.
pub(crate) fn ready() -> Outcome<()> {
    Ok(instance("try").map(drop).ok_or(NEEDS)?)
}

const NEEDS: &str = "the routes take root and network namespaces; `--only` measures other parts alone";

pub(crate) fn measure(extent: Extent) -> Outcome<Part> {
    const KERNEL: &str = "ip route get PORTAL";
    let counts: &[u32] = if extent.quick { &[10, 10_000, 100_000] } else { &[10, 1_000, 100_000, 1_000_000] };
    let namespace = instance("costs").ok_or(NEEDS)?;
    let about = "In a network namespace with so many routes beside those to the portal. `doctor` is of this machine's own \
                 root, and reads its files, too. The kernel is asked for the portal; beside its answer isctpl reads \
                 10,000 routes of a family, and where there are more the default routes alone. `ip netns exec` is in \
                 every row.";
    let mut part = Part::new("The way to a portal among many routes", about, KERNEL).drawn("routes", "routes");
    let mut there = 0;
    for &count in counts {
        add(&namespace, there..count)?;
        there = count;
        let inside = |name: &str, command: &[&str]| {
            Contender::new(name, &[&["ip", "netns", "exec", namespace.name()], command].concat())
        };
        let contenders = vec![
            inside(KERNEL, &["ip", "route", "get", PORTAL]),
            // Among too many routes all of them are unknown, and its exit code says so.
            inside("isctpl show routes --portal PORTAL", &[ISCTPL, "show", "routes", "--portal", PORTAL])
                .judging_what_it_can(),
            inside(
                "isctpl doctor --only uptime",
                &[ISCTPL, "doctor", "--only", "uptime", "--portal", PORTAL, "--san-nic", "san"],
            )
            .judging_what_it_can(),
            inside("ip route show", &["ip", "route", "show"]),
        ];
        let runs = if extent.quick { 3 } else { 7 };
        part.measure(format!("{count} routes"), ("routes", f64::from(count)), contenders, runs)?;
    }
    Ok(part)
}

/// Adds routes that lead to no portal.
fn add(namespace: &Namespace, numbers: std::ops::Range<u32>) -> Outcome<()> {
    let mut batch = Command::new("ip").args(["-n", namespace.name(), "-batch", "-"]).stdin(Stdio::piped()).spawn()?;
    let mut lines = BufWriter::new(batch.stdin.take().ok_or("no input")?);
    for number in numbers {
        // A network of four addresses each, from 10.0.0.0 on.
        let to = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)) + number * 4);
        writeln!(lines, "route add {to}/30 via 192.0.2.1 dev wan")?;
    }
    lines.flush()?;
    drop(lines);
    match batch.wait()? {
        status if status.success() => Ok(()),
        status => Err(format!("ip -batch: {status}").into()),
    }
}
