//! Routes in shell commands: ip-route(8) and route(8).

use crate::formats::shell::{Command, Unread, commands};
use crate::formats::text::net::{everywhere, prefix};
use ipnet::IpNet;
use isctpl_checks::facts::StaticRoute;
use std::net::IpAddr;

/// The routes that a command line adds, as `sh -c` runs it for ifupdown. Whether a command behind `&&` or `||` runs
/// is not followed; what holds variables in place of addresses is left out. Tells also what kept it from being read to
/// its end.
pub(crate) fn routes_of(text: &str) -> (Vec<StaticRoute>, Option<Unread>) {
    let of = |command: Command| {
        let mut words = command.words.iter().map(String::as_str);
        let program = words.find(|word| matches!(word.rsplit('/').next(), Some("ip" | "route")))?;
        if program.ends_with("route") { route(words) } else { ip_route(words) }
    };
    let (commands, unread) = commands(text);
    (commands.into_iter().filter_map(of).collect(), unread)
}

/// The arguments of `ip`: `[-4] route add|append|replace|change|prepend PREFIX [via ADDRESS] [metric N] …`.
fn ip_route<'a>(words: impl Iterator<Item = &'a str>) -> Option<StaticRoute> {
    let mut words = words.filter(|word| !word.starts_with('-'));
    if !matches!(words.next()?, "route" | "ro" | "r" | "rou" | "rout") {
        return None;
    }
    if !matches!(words.next()?, "add" | "a" | "append" | "replace" | "change" | "prepend" | "repl") {
        return None;
    }
    added(words)
}

/// The arguments of `ip route add`.
pub(crate) fn added<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<StaticRoute> {
    let (mut to, mut gateway, mut metric) = (None, None, None);
    while let Some(word) = words.next() {
        match word {
            "via" => match words.next()? {
                "inet" | "inet6" => gateway = words.next()?.parse().ok(),
                address => gateway = Some(address.parse::<IpAddr>().ok()?),
            },
            "metric" | "preference" | "priority" => metric = words.next().and_then(|word| word.parse().ok()),
            "table" if !matches!(words.next()?, "main" | "254") => return None,
            "dev" | "src" | "proto" | "scope" | "mtu" => {
                words.next();
            }
            "blackhole" | "unreachable" | "prohibit" | "throw" | "local" | "broadcast" => return None,
            "unicast" | "to" | "onlink" | "table" => {}
            word if to.is_none() => to = Some(word),
            _ => {}
        }
    }
    let destination = destination(to?, gateway)?;
    Some(StaticRoute { destination, gateway, metric })
}

/// The arguments of `route`: `add [-net|-host] TARGET [netmask MASK] [gw ADDRESS] [metric N] …`.
fn route<'a>(words: impl Iterator<Item = &'a str>) -> Option<StaticRoute> {
    let mut words = words.filter(|word| !matches!(*word, "-4" | "-n"));
    if words.next()? != "add" {
        return None;
    }
    let (mut to, mut mask, mut gateway, mut metric) = (None, None, None, None);
    while let Some(word) = words.next() {
        match word {
            "-net" | "-host" => {}
            "netmask" | "genmask" => mask = Some(prefix(words.next()?)?),
            "gw" | "gateway" => gateway = Some(words.next()?.parse::<IpAddr>().ok()?),
            "metric" => metric = words.next().and_then(|word| word.parse().ok()),
            "dev" | "mss" | "window" | "irtt" => {
                words.next();
            }
            "reject" => return None,
            word if to.is_none() => to = Some(word),
            _ => {}
        }
    }
    let mut destination = destination(to?, gateway)?;
    if let Some(mask) = mask {
        destination = IpNet::new(destination.addr(), mask).ok()?.trunc();
    }
    Some(StaticRoute { destination, gateway, metric })
}

fn destination(text: &str, gateway: Option<IpAddr>) -> Option<IpNet> {
    if matches!(text, "default" | "0/0" | "any") {
        return Some(everywhere(gateway.is_some_and(|gateway| gateway.is_ipv6())));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(IpNet::from(ip));
    }
    if let Ok(net) = text.parse::<IpNet>() {
        return Some(net.trunc());
    }
    // iproute2 takes `10/8`, `100.97/16`: the octets that are left out are zero.
    let (octets, length) = text.split_once('/')?;
    let missing = 3usize.checked_sub(octets.matches('.').count())?;
    let full = format!("{octets}{}", ".0".repeat(missing));
    Some(IpNet::new(full.parse().ok()?, prefix(length)?).ok()?.trunc())
}
