//! `login-interface-absent`: ip= names an interface that the instance does not have.

use crate::analysis::IpWord;
use crate::facts::{Initramfs, Mode, NetworkKind, Nic};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "login-interface-absent",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the command line names a NIC that the instance does not have",
    doc: Doc {
        finds: "ip= on the kernel command line names an interface, and the instance has no NIC with that name. Names \
                that other words create (ifname=, vlan=, bond=, bridge=, team=) are not judged, nor is an initramfs \
                that names NICs by rules of its own, or a kernel that names them itself (net.ifnames=0). If the \
                hardware is not known, nothing is reported.",
        breaks: "The initramfs waits for the NIC (initramfs-tools: 180 s), does not find it, and brings up no other. \
                 open-iscsi's script then fails at the missing file with the NIC's settings, before it logs in. Names \
                 change with the slot, the hardware and the naming scheme: eth0 on the machine that the command line \
                 was written for is enp0s3 here.",
        fix: "Use the name that the NIC has in the initramfs, or take the NIC from the iBFT by its MAC address \
              (iscsi_auto, rd.iscsi.ibft=1).",
        references: &[
            "Linux Documentation/admin-guide/nfs/nfsroot.rst, ip=",
            "initramfs-tools scripts/functions (configure_networking)",
            "dracut.cmdline(7), ip=, ifname=, rd.net.timeout.iflink",
            "systemd.net-naming-scheme(7)",
        ],
    },
    judge,
};

/// What udev and systemd ship for the names of NICs; other files in an image make names of their own.
const STANDARD: [&str; 5] = [
    "73-usb-net-by-mac.link",
    "99-default.link",
    "73-special-net-names.rules",
    "75-net-description.rules",
    "80-net-setup-link.rules",
];

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let words = facts.boot_words();
    let ips = words.ip_words(Some(image));
    let named: Vec<(&IpWord, &str)> = ips
        .iter()
        .filter_map(|ip| Some((ip, ip.interface.as_deref()?)))
        .filter(|(_, name)| is_of_hardware(name))
        .collect();
    if named.is_empty() {
        return Err(Outcome::not_applicable("the command line names no NIC"));
    }
    if facts.effective_requests().is_empty() {
        return Err(Outcome::not_applicable("not checked: nothing requests a login (see login-not-requested)"));
    }
    let Some(nics) = facts.nics.known() else {
        return Err(Outcome::not_applicable("not checked: the NICs of the instance are not known here"));
    };
    let makes = |name: &str| {
        words.words.iter().any(|word| {
            let value = word.value.as_deref().unwrap_or_default();
            matches!(word.key.as_str(), "ifname" | "vlan" | "bond" | "bridge" | "team")
                && value.split([':', ',']).any(|part| part == name)
        })
    };
    let absent = |name: &str| !makes(name) && !nics.iter().any(|nic| answers_to(facts, nic, name));
    let missing: Vec<_> = named.iter().filter(|(_, name)| absent(name)).collect();
    let Some((ip, name)) = missing.first() else {
        let names: Vec<_> = named.iter().map(|(_, name)| *name).collect();
        return Ok(Outcome::pass(format!("ip= brings up {}, which the instance has", names.join(" and "))));
    };
    let physical = nics.iter().filter(|nic| nic.physical).count();
    if words.last("net.ifnames") == Some("0") && kernel_number(name).is_some_and(|number| number < physical) {
        return Ok(Outcome::pass(format!("net.ifnames=0 leaves the names to the kernel, and {name} is one of them")));
    }
    if let Some(why) = other_names(facts, image, words, nics) {
        return Err(Outcome::not_applicable(format!("not checked: the initramfs may have a NIC named {name}: {why}")));
    }
    // One that is there is enough for a login.
    if missing.len() < named.len() {
        return Ok(Outcome::pass("ip= brings up a NIC that the instance has"));
    }
    let there: Vec<_> = nics.iter().filter(|nic| nic.physical).map(|nic| nic.name.as_str()).collect();
    let source = words.at.as_ref().map_or_else(|| "kernel command line".to_owned(), ToString::to_string);
    let networks = image.network.iter().filter(|network| network.kind != NetworkKind::IscsistartN);
    let summary =
        format!("ip={} makes the initramfs wait for {name}, but the instance has only {}", ip.text, there.join(", "));
    let remedy = match facts.san_nic() {
        Some((san, _)) => {
            let (old, new) = (format!("ip={}", ip.text), format!("ip={}", renamed(&ip.text, name, &san)));
            let text = format!("Replace {old} with {new} in GRUB_CMDLINE_LINUX.");
            facts.edit_words_by_hand(text, &[&old], &[&new])
        }
        None => facts.update_loader(format!("Replace {name} in ip= with the name of the SAN NIC.")),
    };
    Finding::critical(summary)
        .evidence(Evidence::new(source, format!("ip={}", ip.text)))
        .evidence(Evidence::new("/sys/class/net", format!("{}, but no {name}", there.join(", "))))
        .evidences(networks.map(|network| Evidence::at(&network.at, "brings up the interface that ip= names")))
        .remedy(remedy.repairs_by(facts.request_login()))
        .into()
}

/// Whether a name is one that hardware has: `ibft0` is made, and login-interface-named-ibft judges it;
/// `eth0.5` is a VLAN on it.
fn is_of_hardware(name: &str) -> bool {
    !name.is_empty() && !name.starts_with("ibft") && !name.contains(['.', '*'])
}

/// Whether the initramfs may call this NIC so.
fn answers_to(facts: &Analysis<'_>, nic: &Nic, name: &str) -> bool {
    if nic.name == name {
        return true;
    }
    // A rescue's own names may follow another policy: by slot or by MAC address it is the same NIC.
    facts.scope.mode == Mode::Root
        && nic.physical
        && (nic.pci.as_deref().and_then(name_by_path).is_some_and(|path| {
            name.strip_prefix(&path).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        }) || name.strip_prefix("enx").is_some_and(|mac| mac == nic.mac.replace(':', "")))
}

/// `enp0s3` of `0000:00:03.0` (systemd.net-naming-scheme(7)); a function or port may follow.
fn name_by_path(pci: &str) -> Option<String> {
    let [_, bus, slot] = pci.split(':').collect::<Vec<_>>()[..] else { return None };
    let bus = u8::from_str_radix(bus, 16).ok()?;
    let slot = u8::from_str_radix(slot.split_once('.')?.0, 16).ok()?;
    Some(format!("enp{bus}s{slot}"))
}

/// The number in the kernel's own name of a NIC: 0 of `eth0`.
fn kernel_number(name: &str) -> Option<usize> {
    name.strip_prefix("eth")?.parse().ok()
}

/// Why the names in the initramfs may be others than those that are known, if so.
fn other_names(facts: &Analysis<'_>, image: &Initramfs, words: &crate::facts::Cmdline, nics: &[Nic]) -> Option<String> {
    let own = image.link_files.iter().find(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        !STANDARD.contains(&name)
    });
    if let Some(own) = own {
        return Some(format!("{own} in the initramfs renames NICs"));
    }
    match facts.scope.mode {
        _ if words.last("net.ifnames") == Some("0") => Some("net.ifnames=0 leaves the names to the kernel".to_owned()),
        Mode::Root if nics.iter().filter(|nic| nic.physical).all(|nic| kernel_number(&nic.name).is_some()) => {
            Some("this host names its NICs in another way".to_owned())
        }
        _ => None,
    }
}

/// The text of an ip= with another interface.
fn renamed(text: &str, old: &str, new: &str) -> String {
    text.split(':').map(|field| if field == old { new } else { field }).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pci_address_gives_the_name_by_path() {
        assert_eq!(name_by_path("0000:00:03.0").as_deref(), Some("enp0s3"));
        assert_eq!(name_by_path("0000:3b:1f.1").as_deref(), Some("enp59s31"));
        assert_eq!(name_by_path("virtio0"), None);
    }

    #[test]
    fn only_the_interface_of_an_ip_word_changes() {
        assert_eq!(renamed(":::::eth0:dhcp", "eth0", "enp0s3"), ":::::enp0s3:dhcp");
        assert_eq!(renamed("eth0:dhcp", "eth0", "enp0s3"), "enp0s3:dhcp");
    }
}
