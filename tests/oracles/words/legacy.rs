//! dracut's network-legacy: its hooks, unpacked, in a root of their own.

use super::firmware::{FIRMWARES, firmware, number_of, write_sysfs};
use super::{Answer, Oracle, kept, line, read};
use crate::oracles::packages::{unpacked, version};
use crate::oracles::shell::{Root, Shell, Shells};
use isctpl_checks::facts::Cmdline;
use isctpl_checks::readers::network_legacy::{
    SAYS, SHIFTED_TOO_FAR, interfaces, ips, reads_firmware, refused, words_of_firmware,
};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The hooks in the order in which the image runs them.
const HOOKS: [&str; 8] = [
    "95iscsi/parse-iscsiroot.sh",
    "35network-legacy/parse-ibft.sh",
    "35network-legacy/parse-vlan.sh",
    "35network-legacy/parse-bond.sh",
    "35network-legacy/parse-team.sh",
    "35network-legacy/parse-bridge.sh",
    "35network-legacy/parse-ip-opts.sh",
    "35network-legacy/parse-ifname.sh",
];

fn start(unpacked: &Path) -> Shell {
    let root = Root::new(unpacked);
    let modules = unpacked.join("usr/lib/dracut/modules.d");
    for path in ["etc/cmdline.d", "sys/module/iscsi_tcp", "sysroot", "var", "firmwares", "etc/udev/rules.d"] {
        root.make(path);
    }
    for library in ["dracut-lib.sh", "dracut-dev-lib.sh"] {
        root.copy(&modules.join("99base").join(library), &format!("lib/{library}"));
    }
    root.copy(&modules.join("40network/net-lib.sh"), "lib/net-lib.sh");
    for (number, hook) in HOOKS.iter().enumerate() {
        root.copy(&modules.join(hook), &format!("hooks/{number}.sh"));
    }
    for number in 0..FIRMWARES {
        let sysfs = root.make(&format!("sysfs/{number}"));
        write_sysfs(&sysfs, &firmware(number));
        fs::rename(sysfs.join("firmware"), root.path(&format!("firmwares/{number}"))).unwrap();
    }
    root.write("script", include_str!("legacy.sh"));
    for program in ["dash", "sed", "rm", "mkdir", "ln", "ls", "cat", "expr"] {
        root.install_own(program);
    }
    root.install(&unpacked.join("usr/bin/gawk"), "awk");
    for name in ["dracut-getarg", "dracut-getargs"] {
        root.install(&unpacked.join("usr/lib/dracut/dracut-util"), name);
    }
    symlink("dash", root.path("usr/bin/sh")).unwrap();
    root.start("", "/usr/bin/dash")
}

/// What was said, where the boot ends no more than why.
fn told(answer: &Answer) -> Answer {
    let died = answer.iter().find_map(|said| said.strip_prefix("die|"));
    match died {
        Some(why) => {
            let known = SAYS.iter().chain([&SHIFTED_TOO_FAR]).find(|says| why.contains(*says));
            vec![format!("die|{}", known.unwrap_or(&why))]
        }
        None => answer.iter().filter_map(|said| once(said)).collect(),
    }
}

/// What was said, of interfaces each name once.
fn once(said: &str) -> Option<String> {
    let Some(names) = said.strip_prefix("interfaces|") else { return Some(said.to_owned()) };
    let mut once: Vec<&str> = Vec::new();
    for name in names.split_whitespace() {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    (!once.is_empty()).then(|| format!("interfaces|{}", once.join(" ")))
}

fn claimed(line: &Cmdline, text: &str) -> Answer {
    let nics = firmware(number_of(text));
    let added = if reads_firmware(line) { words_of_firmware(line, nics.iter()) } else { Vec::new() };
    if let Some(refused) = refused(line, &added) {
        return vec![format!("die|{}", refused.says)];
    }
    let ips = ips(line, &added)
        .into_iter()
        .map(|ip| format!("ip|{}|{}|{}|{}|{}", ip.address, ip.gateway, ip.mask, ip.interface, ip.autoconf));
    let interfaces = Some(interfaces(line, &added)).filter(|names| !names.is_empty());
    ips.chain(interfaces.map(|names| format!("interfaces|{}", names.join(" ")))).collect()
}

#[test]
fn the_hooks_of_dracut_do_what_isctpl_says() {
    const TEST: &str = "oracles::words::legacy::the_hooks_of_dracut_do_what_isctpl_says";
    let packages = ["dracut-core", "dracut-network", "gawk", "libsigsegv2", "libmpfr6", "libreadline8"];
    let Some(root) = unpacked(TEST, &packages) else { return };
    if !crate::support::is_root() {
        return crate::support::skip(TEST, "not root, which chroot needs");
    }
    let program = format!("dracut {}, network-legacy", version(&root, "dracut-network").unwrap());
    let shells = Shells::new(|| start(&root));
    Oracle {
        language: "command line: network-legacy",
        program: &program,
        kept: kept(),
        between: " ",
        cases: 500,
        decided: 450,
        generate: &line::line,
        claimed: &|text| read(text, |line| Ok(claimed(line, text))),
        real: &|line| told(&shells.ask(&format!("{} {line}", number_of(line)))),
    }
    .run();
}
