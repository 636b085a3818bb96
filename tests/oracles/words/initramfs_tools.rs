//! initramfs-tools' scripts with klibc's ipconfig, and open-iscsi's script, unpacked, in a root of their own.

use super::firmware::NICS;
use super::{Answer, Oracle, kept, line, read};
use crate::oracles::packages::{unpacked, version};
use crate::oracles::random::Random;
use crate::oracles::shell::{Root, Shell, Shells};
use isctpl_checks::facts::Cmdline;
use isctpl_checks::readers::Stop;
use isctpl_checks::readers::initramfs_tools::{Asks, Login, Network, Target, login, network};
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

/// The two ends of a pair, and the end of another.
const READY: &str = "ip link add enp0s3 address 52:54:00:12:34:56 type veth peer name peer0
ip link add eth0 address 52:54:00:ab:cd:ef type veth peer name eth1
ip link set eth1 address 52:54:00:00:00:01";

/// What takes the place of waiting.
const NO_WAIT: &str = "
time_elapsed() { echo 999; }
log_begin_msg() { :; }
log_end_msg() { :; }
log_failure_msg() { :; }
wait_for_udev() { :; }
";

fn start(unpacked: &Path) -> Shell {
    let root = Root::new(unpacked);
    let scripts = unpacked.join("usr/share/initramfs-tools");
    let init = fs::read_to_string(scripts.join("init")).unwrap();
    let words = init.split_once("# Parse command line options").and_then(|(_, behind)| behind.split_once("\ndone\n"));
    root.write("scripts/words", &format!("#{}\ndone\n", words.unwrap().0));
    let functions = fs::read_to_string(scripts.join("scripts/functions")).unwrap();
    root.write("scripts/functions", &(functions + NO_WAIT));
    root.copy(&scripts.join("scripts/local-top/iscsi"), "scripts/iscsi");
    root.copy(&unpacked.join("sbin/iscsistart"), "sbin/iscsistart");
    root.make("conf/conf.d");
    root.write("conf/initramfs.conf", "");
    root.write("etc/initiatorname.iscsi", "InitiatorName=iqn.1993-08.org.debian:01:0\n");
    for (name, mac) in NICS {
        root.write(&format!("sys/class/net/{name}/address"), &format!("{mac}\n"));
        root.write(&format!("sys/class/net/{name}/flags"), "0x1003\n");
    }
    root.install(&unpacked.join("bin/busybox"), "busybox");
    for name in ["sh", "cat", "rm"] {
        std::os::unix::fs::symlink("busybox", root.path(&format!("usr/bin/{name}"))).unwrap();
    }
    root.install_own("strace");
    root.copy(&unpacked.join("usr/lib/klibc/bin/ipconfig"), "usr/bin/ipconfig");
    for library in fs::read_dir(unpacked.join("lib")).unwrap().map(|entry| entry.unwrap()) {
        let name = library.file_name().to_string_lossy().into_owned();
        if name.starts_with("klibc-") {
            root.copy(&library.path(), &format!("lib/{name}"));
        }
    }
    root.write("script", include_str!("initramfs_tools.sh"));
    root.start(READY, "/usr/bin/sh")
}

/// What was said: which NICs ask, what is set, what is logged in to.
fn told(answer: &[String]) -> Answer {
    let asked: Vec<(&str, &str)> = answer
        .iter()
        .filter_map(|said| said.strip_prefix("IP-Config: ")?.split_once(" hardware address "))
        .map(|(name, rest)| (name, rest.splitn(4, ' ').nth(3).unwrap_or_default()))
        .collect();
    // Of several NICs each says what it could ask, not what it is told to.
    let mut told: Answer = match asked.as_slice() {
        [(name, asks)] => vec![format!("{name}: {asks}")],
        several => several.iter().map(|(name, _)| format!("{name}:")).collect(),
    };
    let mut nic = "";
    for said in answer {
        if let Some((key, value)) = said.strip_prefix("has|").and_then(|said| said.split_once('=')) {
            let value = value.trim_matches('\'');
            match key {
                "DEVICE" => nic = value,
                "IPV4ADDR" | "IPV4NETMASK" | "IPV4GATEWAY" | "IPV4DNS0" | "IPV4DNS1" | "HOSTNAME" => {
                    told.push(format!("{nic}: {key}={value}"));
                }
                _ => {}
            }
        } else if let Some(login) = said.strip_prefix("login|").filter(|login| !matches!(*login, "-N" | "-f")) {
            told.push(format!("login {login}"));
        }
        for refused in ["can't parse IP address", "invalid protocol"] {
            if said.contains(refused) {
                told.push(format!("refused: {refused}"));
            }
        }
    }
    told
}

fn claimed(line: &Cmdline) -> Result<Answer, String> {
    let nic_of = |mac: &str| NICS.iter().find(|(_, address)| *address == mac).map(|(name, _)| (*name).to_owned());
    let of_login = match login(line) {
        Ok(login) if !login.firmware && login.target.is_none() => return Ok(Answer::new()),
        Ok(login) => login,
        Err(Stop::Unclear(why)) => return Err(why),
        Err(Stop::Refused(refused)) => return Err(refused.says.to_owned()),
    };
    let network = match network(line, None, &nic_of) {
        Ok(Some(network)) => network,
        Ok(None) => return Ok(Answer::new()),
        Err(Stop::Refused(refused)) => return Ok(vec![format!("refused: {}", refused.says)]),
        Err(Stop::Unclear(why)) => return Err(why),
    };
    let all = NICS.iter().map(|(name, _)| *name);
    let nics: Vec<&str> = all.filter(|name| network.device.as_deref().is_none_or(|only| only == *name)).collect();
    let mut answer = Answer::new();
    for nic in &nics {
        answer.extend(told_of(nic, &network));
    }
    // Without what ipconfig writes about a NIC the script ends.
    if !nics.is_empty() {
        answer.extend(logins(&of_login));
    }
    Ok(answer)
}

fn told_of(nic: &str, network: &Network) -> Answer {
    let Asks { dhcp, bootp, rarp } = network.asks;
    let first = if dhcp {
        "DHCP"
    } else if bootp {
        "BOOTP"
    } else {
        ""
    };
    let asks = [first, if rarp { "RARP" } else { "" }].into_iter().filter(|name| !name.is_empty());
    let asks: Vec<&str> = asks.filter(|_| network.device.is_some()).collect();
    let blank = if network.device.is_some() { " " } else { "" };
    let mut told = vec![format!("{nic}:{blank}{}", asks.join(" "))];
    if network.asks.is_nothing() {
        let text = |address: Option<Ipv4Addr>| address.unwrap_or(Ipv4Addr::UNSPECIFIED).to_string();
        let [first, second] = network.servers;
        let settings = [
            ("IPV4ADDR", text(network.address)),
            ("IPV4NETMASK", network.mask().to_string()),
            ("IPV4GATEWAY", text(network.gateway)),
            ("IPV4DNS0", text(first)),
            ("IPV4DNS1", text(second)),
            ("HOSTNAME", network.host.clone()),
        ];
        told.extend(settings.iter().map(|(key, value)| format!("{nic}: {key}={value}")));
    }
    told
}

fn logins(login: &Login) -> Answer {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let mut logins = Answer::new();
    if login.firmware {
        logins.push("login -b".to_owned());
    }
    if let Some(target) = &login.target {
        // With the firmware's, the script names no initiator.
        let initiator =
            if login.firmware { &target.initiator } else { &or(&target.initiator, "iqn.1993-08.org.debian:01:0") };
        let initiator = if initiator.is_empty() { "-i".to_owned() } else { format!("-i {initiator}") };
        let (group, port) = (or(&target.group, "1"), or(&target.port, "3260"));
        let Target { name, portal, .. } = target;
        logins.push(format!("login {initiator} -t {name} -g {group} -a {portal} -p {port}"));
    }
    logins
}

/// Words of any network, and those of open-iscsi's script.
fn words(random: &mut Random) -> Vec<String> {
    let mut words = line::line(random);
    const SPECS: [&str; 13] = [
        "100.97.0.10::3260:1:iqn.2009-01.com.example:disk",
        "100.97.0.10::::iqn.2009-01.com.example:disk:a",
        "100.97.0.10:6:::iqn.2009-01.com.example",
        "100.97.0.10:17:860:2:eui.0123456789abcdef",
        "[2001:db8::10]::3260:1:iqn.2009-01.com.example:disk",
        "::::iqn.2009-01.com.example:disk",
        "100.97.0.10::::",
        "100.97.0.10",
        "100.97.0.10::::iqn.2009-01.com.example::disk",
        "@100.97.0.10::::iqn.2009-01.com.example:disk",
        "storage.example.org::::iqn.2009-01.com.example:disk",
        "",
        "100.97.0.10::3260:1:IQN.2009-01.com.example:disk",
    ];
    const FURTHER: [&str; 9] = [
        "iscsi_initiator=iqn.2009-01.com.example:host",
        "iscsi_initiator=",
        "iscsi_target_port=860",
        "iscsi_target_port=",
        "iscsi_target_group=2",
        "iscsi_auto=1",
        "iscsi_auto=0",
        "iscsi_target_ip",
        "iscsi_target_name=",
    ];
    match random.below(5) {
        0 | 1 => words.push("iscsi_auto".to_owned()),
        2 => words.push(format!("root=iscsi:{}", random.of(&SPECS))),
        _ => {
            words.push("iscsi_target_name=iqn.2009-01.com.example:disk".to_owned());
            words.push(format!("iscsi_target_ip={}", random.of(&["100.97.0.10", "100.97.0.11", "", "2001:db8::10"])));
        }
    }
    for _ in 0..random.below(3) {
        words.push(random.of(&FURTHER).to_owned());
    }
    words
}

#[test]
fn the_scripts_of_initramfs_tools_do_what_isctpl_says() {
    const TEST: &str = "oracles::words::initramfs_tools::the_scripts_of_initramfs_tools_do_what_isctpl_says";
    let packages = ["initramfs-tools-core", "klibc-utils", "libklibc", "open-iscsi", "busybox"];
    let Some(root) = unpacked(TEST, &packages) else { return };
    if !crate::support::is_root() {
        return crate::support::skip(TEST, "not root, which chroot needs");
    }
    let version = |package: &str| version(&root, package).unwrap();
    let program = format!(
        "initramfs-tools {}, klibc {}, open-iscsi {}",
        version("initramfs-tools-core"),
        version("klibc-utils"),
        version("open-iscsi")
    );
    let shells = Shells::new(|| start(&root));
    Oracle {
        language: "command line: initramfs-tools",
        program: &program,
        kept: kept(),
        between: " ",
        cases: 1000,
        decided: 900,
        generate: &words,
        claimed: &|text| read(text, claimed),
        real: &|line| told(&shells.ask(line)),
    }
    .run();
}
