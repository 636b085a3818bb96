//! interfaces(5), against Debian's ifupdown: what `ifup -a` and `ifup -a --allow=hotplug` would run, without running it.

mod generate;

use super::compare::{Answer, Oracle};
use super::files::write_files;
use super::packages::{unpacked, version};
use super::shell::{Root, Shell, Shells};
use ipnet::Ipv4Net;
use isctpl::probes::{GatherRequest, gather};
use isctpl_checks::facts::{InterfaceConfig, Manager, Method};
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// NICs that patterns fit.
const READY: &str = "ip link add eth0 type veth peer name eth1
ip link add enp0s3 type veth peer name enp0s4";

fn write_tree(directory: &Path, case: &str) {
    fs::create_dir_all(directory.join("interfaces.d")).unwrap();
    write_files(directory, "interfaces", case);
}

fn start(unpacked: &Path, trees: &Path) -> Shell {
    let root = Root::new(unpacked);
    root.install(&unpacked.join("sbin/ifup"), "ifup");
    root.install(&unpacked.join("bin/busybox"), "busybox");
    for name in ["sh", "rm", "ln"] {
        symlink("busybox", root.path(&format!("usr/bin/{name}"))).unwrap();
    }
    root.make("etc");
    root.make("run/network");
    root.make("sbin");
    root.make("trees");
    for name in ["dhclient", "ip"] {
        root.copy(&unpacked.join("bin/busybox"), &format!("sbin/{name}"));
    }
    root.write("script", include_str!("ifup.sh"));
    let ready = format!("{READY}\nmount --bind {} \"$0/trees\"", trees.display());
    root.start(&ready, "/usr/bin/sh")
}

/// What would be set of IPv4, a line a fact; nothing of a stanza whose command cannot work, nor of those that follow it
/// for the same interface, which `ifup` has given up on by then.
fn told(answer: &[String]) -> Answer {
    let mut told = Answer::new();
    let mut failed: Vec<&str> = Vec::new();
    // What `ifup -a` does is done when the NIC appears.
    let (mut done, mut of_auto): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut class = "auto";
    for stanza in answer.split(|said| said.starts_with("run-parts") && said.ends_with("/if-pre-up.d")) {
        let words = || stanza.iter().map(|said| said.split_whitespace().collect::<Vec<_>>());
        let by_dhcp = words().find_map(|words| match words.as_slice() {
            ["bootpc", "--dev", nic, ..] => Some(*nic),
            [.., nic] if words.contains(&"-4") && words.contains(&"dhclient") => Some(*nic),
            _ => None,
        });
        let mut all = stanza.iter().flat_map(|said| said.split_whitespace());
        let nic = by_dhcp.or_else(|| all.by_ref().skip_while(|word| *word != "dev").nth(1)).unwrap_or_default();
        let mut facts: Vec<Option<String>> = by_dhcp.iter().map(|nic| Some(format!("{class} {nic} dhcp"))).collect();
        for words in words() {
            match words.as_slice() {
                // Of IPv6's loopback.
                ["ip", "addr", "add", "dev", ..] => {}
                ["ip", "addr", "add", address, ..] => {
                    let whole = net(address).filter(|_| words.contains(&"dev"));
                    facts.push(whole.map(|net| format!("{class} {nic} address {net}")));
                }
                ["ip", "route", "add", "default", "via", gateway, ..] => {
                    let whole = words.contains(&"dev").then(|| format!("{class} {nic} gateway {gateway}"));
                    facts.push(whole);
                }
                _ => {}
            }
        }
        match facts.into_iter().collect::<Option<Answer>>() {
            _ if class == "hotplug" && of_auto.contains(&nic) => {}
            Some(facts) if facts.is_empty() => {}
            Some(facts) if !failed.contains(&nic) => {
                done.push(nic);
                told.extend(facts);
            }
            _ => {
                done.push(nic);
                failed.push(nic);
            }
        }
        if stanza.iter().any(|said| said == "allowed hotplug") {
            class = "hotplug";
            of_auto = std::mem::take(&mut done);
            failed.clear();
        }
    }
    told
}

/// An address with a mask or a length, as `ip` takes it.
fn net(text: &str) -> Option<Ipv4Net> {
    let (address, mask) = text.split_once('/')?;
    let of_mask = || ipnet::ipv4_mask_to_prefix(mask.parse::<Ipv4Addr>().ok()?).ok();
    Ipv4Net::new(address.parse().ok()?, mask.parse().ok().or_else(of_mask)?).ok()
}

/// What isctpl says that is set.
fn claimed(root: &Path) -> Result<Answer, String> {
    let request = GatherRequest { root: root.to_owned(), ..GatherRequest::default() };
    let facts = gather(&request, &|_| ()).map_err(|problem| problem.to_string())?;
    let doubt = facts.netconfig.problems.iter().find(|problem| problem.to_string().contains("/network/interfaces"));
    if let Some(doubt) = doubt {
        return Err(doubt.to_string());
    }
    let of_ifupdown = |config: &&InterfaceConfig| config.manager == Manager::Ifupdown && config.at_boot;
    let mut answer = Answer::new();
    for config in facts.netconfig.interfaces.iter().filter(of_ifupdown).filter(|config| config.given_up.is_none()) {
        let [nic] = config.matches.names.as_slice() else { return Err("a name is given by a pattern".to_owned()) };
        let class = if config.optional { "hotplug" } else { "auto" };
        match config.method {
            Method::Dhcp => answer.push(format!("{class} {nic} dhcp")),
            Method::Static => {
                answer.extend(config.addresses.iter().map(|net| format!("{class} {nic} address {net}")));
                answer.extend(config.gateway.iter().map(|gateway| format!("{class} {nic} gateway {gateway}")));
            }
            _ => {}
        }
    }
    Ok(answer)
}

#[test]
fn ifup_runs_what_isctpl_says() {
    const TEST: &str = "oracles::ifupdown::ifup_runs_what_isctpl_says";
    let Some(unpacked) = unpacked(TEST, &["ifupdown", "busybox"]) else { return };
    if !crate::support::is_root() {
        return crate::support::skip(TEST, "not root, which chroot needs");
    }
    let program = format!("ifupdown {}", version(&unpacked, "ifupdown").unwrap());
    let trees = tempfile::tempdir().unwrap();
    let number = AtomicUsize::new(0);
    let shells = Shells::new(|| start(&unpacked, trees.path()));
    let ask = |case: &str| {
        let number = number.fetch_add(1, Ordering::Relaxed).to_string();
        write_tree(&trees.path().join(&number), case);
        let answer = told(&shells.ask(&number));
        fs::remove_dir_all(trees.path().join(&number)).unwrap();
        answer
    };
    let claim = |case: &str| {
        let root = tempfile::tempdir().unwrap();
        write_tree(&root.path().join("etc/network"), case);
        claimed(root.path())
    };
    Oracle {
        language: "interfaces(5)",
        program: &program,
        kept: KEPT.iter().map(|case| case.lines().map(str::to_owned).collect()).collect(),
        between: "\n",
        cases: 1000,
        decided: 920,
        generate: &generate::lines,
        claimed: &claim,
        real: &ask,
    }
    .run();
}

/// Cases that have shown a disagreement.
const KEPT: [&str; 5] = [
    "auto eth0\niface eth0 inet static\naddress 10.0.0.5/14\nnetmask 255.255.255.0",
    "auto eth0\niface eth0 inet static\naddress 192.0.2.5/24\naddress 192.0.2.6/24",
    "auto eth0\niface eth1 inet static\naddress 192.0.2.5/24\niface eth0 inet static inherits eth1\naddress 192.0.2.6/24",
    "auto enp0s3\niface enp0s3 inet static\naddress 192.0.2.\niface enp0s3 inet dhcp",
    "auto san\niface san inet dhcp\niface br0 inet6 bootp",
];
