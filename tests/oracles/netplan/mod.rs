//! netplan's YAML, against its generator: whether it refuses the whole, and else what it writes for networkd.

mod generate;

use super::compare::{Answer, Oracle};
use super::files::write_files;
use super::packages::{libraries, unpacked, version};
use isctpl::probes::{GatherRequest, gather};
use isctpl_checks::facts::{InterfaceConfig, Manager, Method};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What makes a root one of the version that is asked: it refuses all of its files, or none.
const PACKAGES: (&str, &str) = ("var/lib/dpkg/status", "Package: netplan.io\nVersion: 0.106-2\n");

/// What ends with an error and has written some of its files.
const HALF_WAY: &str = "ends half way";

fn real(unpacked: &Path, case: &str) -> Answer {
    let root = tempfile::tempdir().unwrap();
    write_files(&root.path().join("etc/netplan"), "a.yaml", case);
    let output = Command::new(unpacked.join("usr/libexec/netplan/generate"))
        .arg("--root-dir")
        .arg(root.path())
        .env("LD_LIBRARY_PATH", libraries(unpacked))
        .output()
        .unwrap();
    let files = |directory: &str| fs::read_dir(root.path().join(directory)).into_iter().flatten().flatten();
    let mut answer: Answer = files("run/systemd/network").flat_map(|file| told(&file.path())).collect();
    answer.extend(files("run/NetworkManager/system-connections").map(|file| of_profile(&file.path())));
    if !output.status.success() && !answer.is_empty() {
        answer.push(HALF_WAY.to_owned());
    }
    answer
}

/// Whose profile a file of NetworkManager is.
fn of_profile(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let of = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let nic = of("interface-name").or_else(|| of("mac-address")).unwrap_or_default();
    format!("{}: by NetworkManager", nic.trim_end_matches(';'))
}

/// What a file of networkd says, a line a fact.
fn told(path: &Path) -> Answer {
    let text = fs::read_to_string(path).unwrap();
    let all = |section: &str, key: &str| -> Vec<String> {
        let settings = text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        settings.map(|value| format!("{section}{value}")).collect()
    };
    let one = |key: &str| all("", key).into_iter().next().unwrap_or_default();
    let kind = path.extension().unwrap().to_string_lossy().into_owned();
    let nic = [one("Name"), one("PermanentMACAddress")].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    match kind.as_str() {
        "link" => {
            let (_, link) = text.split_once("[Link]").unwrap();
            let name = link.lines().find_map(|line| line.strip_prefix("Name="));
            name.map(|name| format!("set-name {name}")).into_iter().collect()
        }
        "network" => {
            let mut answer = all(&format!("{nic}: address "), "Address");
            answer.push(format!("{nic}: by networkd"));
            if matches!(one("DHCP").as_str(), "yes" | "ipv4") {
                answer.push(format!("{nic}: dhcp"));
            }
            for key in ["Bond", "Bridge", "VRF"] {
                answer.extend(all(&format!("{nic}: port of "), key));
            }
            answer.extend(all(&format!("{nic}: critical "), "CriticalConnection"));
            answer.extend(
                all(&format!("{nic}: critical "), "KeepConfiguration").iter().map(|_| format!("{nic}: critical true")),
            );
            answer.extend(all(&format!("{nic}: use-routes "), "UseRoutes"));
            for section in text.split("\n[") {
                let get = |key: &str| section.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
                let of_main = get("Type").is_none() && get("Table").is_none_or(|table| table == "254");
                if let (Some(net), true) = (get("Destination"), section.starts_with("Route]") && of_main) {
                    let net = if net.contains('/') { net.to_owned() } else { format!("{net}/32") };
                    let net = net.parse::<ipnet::IpNet>().map_or(net, |net| net.trunc().to_string());
                    let (gateway, metric) = (get("Gateway").unwrap_or("-"), get("Metric").unwrap_or("-"));
                    answer.push(format!("{nic}: route {net} {gateway} {metric}"));
                }
            }
            // Of a gateway beside a default route isctpl knows one.
            let default = format!("{nic}: route 0.0.0.0/0 ");
            let network = text.split_once("[Network]").and_then(|(_, rest)| rest.split("\n[").next());
            let gateway = network.and_then(|network| network.lines().find_map(|line| line.strip_prefix("Gateway=")));
            if let Some(gateway) = gateway.filter(|_| !answer.iter().any(|line| line.starts_with(&default))) {
                answer.push(format!("{default}{gateway} -"));
            }
            answer
        }
        _ => Answer::new(),
    }
}

/// What isctpl says that is written; `Err` where it does not vouch for what it read.
fn claimed(case: &str) -> Result<Answer, String> {
    let root = tempfile::tempdir().unwrap();
    write_files(&root.path().join("etc/netplan"), "a.yaml", case);
    let (packages, list) = PACKAGES;
    let packages = root.path().join(packages);
    fs::create_dir_all(packages.parent().unwrap()).unwrap();
    fs::write(packages, list).unwrap();
    let request = GatherRequest { root: root.path().to_owned(), ..GatherRequest::default() };
    let facts = gather(&request, &|_| ()).map_err(|problem| problem.to_string())?;
    let doubt = facts.netconfig.problems.iter().find(|problem| problem.to_string().contains("/netplan/"));
    if let Some(doubt) = doubt {
        return Err(doubt.to_string());
    }
    let of_netplan = |config: &&InterfaceConfig| config.manager == Manager::Netplan && config.given_up.is_none();
    let configs: Vec<&InterfaceConfig> = facts.netconfig.interfaces.iter().filter(of_netplan).collect();
    let mut answer: Answer = configs.iter().flat_map(|config| of_config(config)).collect();
    for upper in configs.iter().filter(|config| config.vlan.is_none()) {
        let [name] = upper.matches.names.as_slice() else { continue };
        let of_networkd = |lower: &&String| answer.contains(&format!("{lower}: by networkd"));
        let ports: Vec<String> =
            upper.lower.iter().filter(of_networkd).map(|lower| format!("{lower}: port of {name}")).collect();
        answer.extend(ports);
    }
    Ok(answer)
}

fn of_config(config: &InterfaceConfig) -> Answer {
    let set_name = config.set_name.as_ref().map(|name| name.value.clone());
    let of_match = if config.matches.names.is_empty() { &config.matches.macs } else { &config.matches.names };
    let nic = set_name.clone().unwrap_or_else(|| of_match.join(" "));
    let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    if config.renderer.as_deref() == Some("NetworkManager") {
        let set_name = set_name.map(|name| format!("set-name {name}"));
        return std::iter::once(format!("{nic}: by NetworkManager")).chain(set_name).collect();
    }
    let mut answer: Answer = config.addresses.iter().map(|net| format!("{nic}: address {net}")).collect();
    answer.push(format!("{nic}: by networkd"));
    if config.method == Method::Dhcp {
        answer.push(format!("{nic}: dhcp"));
    }
    answer.extend(set_name.map(|name| format!("set-name {name}")));
    answer.extend(config.port_of.iter().map(|upper| format!("{nic}: port of {}", upper.value)));
    answer.extend(config.keep.iter().filter(|keep| keep.value == "true").map(|_| format!("{nic}: critical true")));
    let no_routes = config.use_dhcp_routes.iter().filter(|routes| !routes.value && config.method == Method::Dhcp);
    answer.extend(no_routes.map(|_| format!("{nic}: use-routes false")));
    let default = config.gateway.filter(|_| config.routes.iter().all(|route| route.value.destination.prefix_len() > 0));
    answer.extend(default.map(|gateway| format!("{nic}: route 0.0.0.0/0 {gateway} -")));
    for route in &config.routes {
        let gateway = text(route.value.gateway.map(|gateway| gateway.to_string()));
        let metric = text(route.value.metric.map(|metric| metric.to_string()));
        answer.push(format!("{nic}: route {} {gateway} {metric}", route.value.destination));
    }
    answer
}

#[test]
fn netplan_writes_what_isctpl_says() {
    const TEST: &str = "oracles::netplan::netplan_writes_what_isctpl_says";
    let Some(root) = unpacked(TEST, &["netplan.io", "libnetplan0", "libyaml-0-2", "libglib2.0-0"]) else { return };
    let program = format!("netplan {}", version(&root, "netplan.io").unwrap());
    Oracle {
        language: "netplan",
        program: &program,
        kept: KEPT.iter().map(|case| case.lines().map(str::to_owned).collect()).collect(),
        between: "\n",
        cases: 1000,
        decided: 980,
        generate: &generate::lines,
        claimed: &claimed,
        real: &|case| real(&root, case),
    }
    .run();
}

/// Cases that have shown a disagreement.
const KEPT: [&str; 8] = [
    "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true",
    "network:\n  ethernets:\n    eth0:\n      dhcp4:",
    "network:\n  ethernets:\n    eth0: {set-name: san0}\n=== b.yaml\nnetwork:\n  ethernets:\n    eth0: {match: {name: en*}}",
    "network:\n  ethernets:\n    eth0: {gateway4: 10.0.0.1}\n=== b.yaml\nnetwork:\n  ethernets:\n    eth0: {gateway4: 192.0.2.1}",
    "network:\n  ethernets:\n    eth0: {}\n=== b.yaml\nnetwork:\n  ethernets:\n    eth0: {match: {macaddress: \"52:54:00:12:34:56\"}}",
    "network:\n  renderer: NetworkManager\n  ethernets:\n    eth0: {}\n=== b.yaml\nnetwork:\n  ethernets:\n    renderer: networkd\n    eth0: {}",
    "network:\n  ethernets:\n    eth0:\n      routes:\n        - {to: default, via: 192.0.2.1, type: blackhole}\n        - {to: 0.0.0.0/0, via: 192.0.2.1}",
    "network:\n  bridges:\n    br0: {interfaces: [eth0]}\n=== b.yaml\nnetwork:\n  ethernets:\n    eth0: {}",
];
