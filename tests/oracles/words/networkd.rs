//! `systemd-network-generator`, as this machine has it; `ISCTPL_NETWORK_GENERATOR` names another one to ask.
//!
//! isctpl decides a line only where systemd 252 and 257 make the same of it. What is recorded asked 252 alone: a place
//! where the reader wrongly takes 257 for the same does not show here.

use super::{Answer, Oracle, kept, line, read};
use isctpl_checks::facts::Cmdline;
use isctpl_checks::readers::Stop;
use isctpl_checks::readers::network_generator::{Made, Network, made};
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = "/usr/lib/systemd/systemd-network-generator";
const REFUSED: &str = "refused: no file at all";

fn program() -> String {
    std::env::var("ISCTPL_NETWORK_GENERATOR").unwrap_or_else(|_| PROGRAM.to_owned())
}

fn real(line: &str) -> Answer {
    let root = tempfile::tempdir().unwrap();
    let output = Command::new(program())
        .arg("--root")
        .arg(root.path())
        .env("SYSTEMD_PROC_CMDLINE", line)
        .env("SYSTEMD_IN_INITRD", "1")
        .output()
        .unwrap();
    if !output.status.success() {
        return vec![REFUSED.to_owned()];
    }
    let files = fs::read_dir(root.path().join("run/systemd/network")).unwrap();
    files.flat_map(|file| told(&file.unwrap().path())).collect()
}

/// What a file says, a line a setting.
fn told(path: &Path) -> Answer {
    let text = fs::read_to_string(path).unwrap();
    let settings: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let get = |key: &str| settings.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| *value);
    let kind = path.extension().unwrap().to_string_lossy().into_owned();
    match kind.as_str() {
        "netdev" => vec![format!("netdev {} {} id={} mtu={}", get("Name"), get("Kind"), get("Id"), get("MTUBytes"))],
        "link" if get("Name").is_empty() => Vec::new(),
        "link" => vec![format!("link {} {}", get("Name"), get("MACAddress"))],
        _ => network(if path.to_string_lossy().ends_with("-default.network") { "*" } else { get("Name") }, &text),
    }
}

/// What a `.network` file says.
fn network(name: &str, text: &str) -> Answer {
    const HIDDEN: [&str; 10] = [
        "Name",
        "Kind",
        "Type",
        "Hostname",
        "UseDNS",
        "Peer",
        "Destination",
        "Gateway",
        "LinkLocalAddressing",
        "IPv6AcceptRA",
    ];
    let mut answer = vec![format!("{name}:")];
    for section in text.split("\n[") {
        let settings: Vec<(&str, &str)> = section.lines().filter_map(|line| line.split_once('=')).collect();
        if section.starts_with("Route]") {
            let get = |key: &str| settings.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
            let net = get("Destination").unwrap_or("default");
            answer.push(format!("{name}: Route={net} {}", get("Gateway").unwrap_or_default()));
        }
        for (key, value) in settings.into_iter().filter(|(key, _)| !HIDDEN.contains(key)) {
            let server = value.parse::<IpAddr>().ok().filter(|_| key == "DNS");
            answer.push(format!(
                "{name}: {key}={}",
                server.map_or_else(|| value.to_owned(), |server| server.to_string())
            ));
        }
    }
    answer
}

fn claimed(line: &Cmdline) -> Result<Answer, String> {
    let Made { networks, netdevs, links, .. } = match made(line) {
        Ok(made) => made,
        Err(Stop::Refused(_)) => return Ok(vec![REFUSED.to_owned()]),
        Err(Stop::Unclear(why)) => return Err(why),
    };
    let number = |number: u32| if number == 0 { String::new() } else { number.to_string() };
    let mut answer = Vec::new();
    for (name, network) in networks {
        let name = if name.is_empty() { "*".to_owned() } else { name };
        answer_of(&network, &mut |what| answer.push(format!("{name}: {what}")));
        answer.push(format!("{name}:"));
    }
    for (name, netdev) in netdevs {
        let id = if netdev.kind == "vlan" { netdev.id.to_string() } else { String::new() };
        answer.push(format!("netdev {name} {} id={id} mtu={}", netdev.kind, number(netdev.mtu)));
    }
    let is_null = |mac: &str| mac.bytes().all(|byte| matches!(byte, b'0' | b':'));
    answer.extend(links.iter().map(|(name, mac)| format!("link {name} {}", if is_null(mac) { "" } else { mac })));
    Ok(answer)
}

fn answer_of(network: &Network, say: &mut dyn FnMut(String)) {
    network.dhcp.iter().for_each(|dhcp| say(format!("DHCP={dhcp}")));
    network.addresses.iter().for_each(|(address, length)| say(format!("Address={address}/{length}")));
    network.vlans.iter().for_each(|vlan| say(format!("VLAN={vlan}")));
    network.bridge.iter().for_each(|bridge| say(format!("Bridge={bridge}")));
    network.bond.iter().for_each(|bond| say(format!("Bond={bond}")));
    network.dns.iter().for_each(|server| say(format!("DNS={server}")));
    network.mac.iter().filter(|mac| *mac != "00:00:00:00:00:00").for_each(|mac| say(format!("MACAddress={mac}")));
    if network.mtu > 0 {
        say(format!("MTUBytes={}", network.mtu));
    }
    for route in &network.routes {
        let net = route.destination.map_or_else(|| "default".to_owned(), |(net, length)| format!("{net}/{length}"));
        let gateway = route.gateway.map(|gateway| gateway.to_string()).unwrap_or_default();
        say(format!("Route={net} {gateway}"));
    }
}

#[test]
fn the_generator_of_networkd_writes_what_isctpl_says() {
    const TEST: &str = "oracles::words::networkd::the_generator_of_networkd_writes_what_isctpl_says";
    if !Path::new(&program()).exists() {
        return crate::support::skip(TEST, "systemd-network-generator is not installed");
    }
    let output = Command::new(program()).arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
    let program = format!("systemd-network-generator, {}", version.replace(['(', ')'], ""));
    Oracle {
        language: "command line: systemd-networkd",
        program: &program,
        kept: kept(),
        between: " ",
        cases: 2000,
        decided: 1600,
        generate: &line::line,
        claimed: &|text| read(text, claimed),
        real: &real,
    }
    .run();
}
