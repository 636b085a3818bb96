//! `nm-initrd-generator`, unpacked.

use super::firmware::{FIRMWARES, NICS, firmware, number_of, write_sysfs};
use super::{Answer, Oracle, kept, line, read};
use crate::oracles::packages::{libraries, unpacked, version};
use isctpl_checks::facts::{Cmdline, IbftNic};
use isctpl_checks::readers::network_manager::{Method, Of, Profile, profiles};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn real(root: &Path, libraries: &str, sysfs: &Path, line: &str) -> Answer {
    let output = Command::new(root.join("usr/lib/NetworkManager/nm-initrd-generator"))
        .env("LD_LIBRARY_PATH", libraries)
        .env("PATH", "/nonexistent")
        .args(["-s", "-c", "/nonexistent", "-i", "/nonexistent", "-r", "/nonexistent", "-p", "/nonexistent", "-d"])
        .arg(sysfs)
        .arg("--")
        .args(line.split(' '))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut answer: Answer = Vec::new();
    let made: Vec<(&str, &str)> =
        text.split("*** Connection '").skip(1).filter_map(|profile| profile.split_once("' ***")).collect();
    let names: BTreeMap<String, &str> =
        made.iter().filter_map(|(name, text)| Some((keyfile(text).get("connection.uuid")?.clone(), *name))).collect();
    for (name, text) in &made {
        // What is for no interface has no name either.
        let name = if *name == "(null)" { "" } else { name };
        told(name, &keyfile(text), &names, &mut answer);
    }
    answer
}

/// A keyfile's settings as `section.key`.
fn keyfile(text: &str) -> BTreeMap<String, String> {
    let mut section = "";
    let mut settings = BTreeMap::new();
    for line in text.lines() {
        match line.split_once('=') {
            Some((key, value)) => drop(settings.insert(format!("{section}.{key}"), value.to_owned())),
            None if line.starts_with('[') => {
                section = line.trim_matches(['[', ']']);
                settings.insert(format!("{section}."), String::new());
            }
            None => {}
        }
    }
    settings
}

fn told(name: &str, settings: &BTreeMap<String, String>, names: &BTreeMap<String, &str>, answer: &mut Answer) {
    let get = |key: &str| settings.get(key).map_or("", String::as_str);
    let mut say = |what: String| answer.push(format!("{name}: {what}"));
    let hardware =
        if get("ethernet.mac-address").is_empty() { "infiniband.mac-address" } else { "ethernet.mac-address" };
    say(format!("type={} priority={}", get("connection.type"), get("connection.autoconnect-priority")));
    say(format!("interface={} mac={}", get("connection.interface-name"), get(hardware).to_ascii_lowercase()));
    if !get("connection.master").is_empty() {
        let master = get("connection.master");
        return say(format!("port of {}", names.get(master).copied().unwrap_or("what is not made")));
    }
    if !get("vlan.id").is_empty() || settings.contains_key("vlan.") {
        let id = if get("vlan.id").is_empty() { "0" } else { get("vlan.id") };
        say(format!("vlan {id} parent={}", get("vlan.parent")));
    }
    for key in ["ethernet.mtu", "ethernet.cloned-mac-address"] {
        if !get(key).is_empty() {
            say(format!("{key}={}", get(key).to_ascii_lowercase()));
        }
    }
    for family in ["ipv4", "ipv6"] {
        let method = get(&format!("{family}.method"));
        say(format!("{family}={}", if method == "dhcp" { "auto" } else { method }));
        for (key, value) in settings.iter().filter_map(|(key, value)| Some((key.strip_prefix(family)?, value))) {
            let key = key.trim_start_matches('.');
            let numbered = |name: &str| key.strip_prefix(name).is_some_and(|rest| rest.parse::<u32>().is_ok());
            let (first, second) = value.split_once(',').unwrap_or((value, ""));
            if numbered("address") {
                say(format!("address {first}"));
                if !second.is_empty() {
                    say(format!("gateway {second}"));
                }
            } else if numbered("route") {
                say(format!("route {first} {second}"));
            } else if key == "gateway" {
                say(format!("gateway {value}"));
            } else if key == "dns" {
                value.split(';').filter(|server| !server.is_empty()).for_each(|server| say(format!("dns {server}")));
            }
        }
    }
}

fn claimed(line: &Cmdline, firmware: &[IbftNic]) -> Result<Answer, String> {
    let mac_of = |name: &str| NICS.iter().find(|(nic, _)| *nic == name).map(|(_, mac)| (*mac).to_owned());
    let made = profiles(line, firmware, &mac_of)?;
    let mut answer = Vec::new();
    for profile in &made {
        told_of(profile, &made, &mut answer);
    }
    Ok(answer)
}

fn told_of(profile: &Profile, made: &[Profile], answer: &mut Answer) {
    let mut say = |what: String| answer.push(format!("{}: {what}", profile.name));
    let (interface, mac) = match &profile.of {
        Of::Any => ("", ""),
        Of::Name(name) => (name.as_str(), ""),
        Of::Mac(mac) => ("", mac.as_str()),
    };
    say(format!("type={} priority={}", profile.kind, profile.priority));
    say(format!("interface={interface} mac={mac}"));
    if let Some(master) = &profile.port_of {
        let is_made = made.iter().any(|other| other.name == *master);
        return say(format!("port of {}", if is_made { master } else { "what is not made" }));
    }
    if let Some((parent, id)) = &profile.vlan {
        say(format!("vlan {id} parent={}", parent.as_deref().unwrap_or_default()));
    }
    if profile.mtu > 0 {
        say(format!("ethernet.mtu={}", profile.mtu));
    }
    profile.cloned_mac.iter().for_each(|mac| say(format!("ethernet.cloned-mac-address={mac}")));
    for (family, method) in [("ipv4", profile.method), ("ipv6", profile.method6)] {
        let method = match method {
            Method::Auto => "auto",
            Method::Manual => "manual",
            Method::LinkLocal => "link-local",
            Method::Disabled => "disabled",
        };
        say(format!("{family}={method}"));
    }
    profile.addresses.iter().for_each(|(address, length)| say(format!("address {address}/{length}")));
    profile.gateways.iter().for_each(|gateway| say(format!("gateway {gateway}")));
    profile.dns.iter().for_each(|server| say(format!("dns {server}")));
    for route in &profile.routes {
        let (net, length) = route.destination;
        let gateway = route.gateway.map(|gateway| gateway.to_string()).unwrap_or_default();
        say(format!("route {net}/{length} {gateway}"));
    }
}

#[test]
fn the_generator_of_network_manager_writes_what_isctpl_says() {
    const TEST: &str = "oracles::words::manager::the_generator_of_network_manager_writes_what_isctpl_says";
    let Some(root) = unpacked(TEST, &["network-manager", "libglib2.0-0"]) else { return };
    let libraries = libraries(&root);
    let machines: Vec<_> = (0..FIRMWARES).map(|_| tempfile::tempdir().unwrap()).collect();
    machines.iter().enumerate().for_each(|(number, root)| write_sysfs(root.path(), &firmware(number)));
    let program = format!("nm-initrd-generator {}", version(&root, "network-manager").unwrap());
    Oracle {
        language: "command line: NetworkManager",
        program: &program,
        kept: kept(),
        between: " ",
        cases: 1200,
        decided: 1000,
        generate: &line::line,
        claimed: &|text| read(text, |line| claimed(line, &firmware(number_of(text)))),
        real: &|line| real(&root, &libraries, machines[number_of(line)].path(), line),
    }
    .run();
}
