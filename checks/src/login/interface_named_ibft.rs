//! `login-interface-named-ibft`: `ibft` is taken for the name of an interface.

use crate::analysis::is_ibft;
use crate::facts::{Cmdline, Initramfs, NetworkKind, Word};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, analysis};

pub(crate) static CHECK: Check = Check {
    id: "login-interface-named-ibft",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the command line names an interface ibft that the initramfs never creates",
    doc: Doc {
        finds: "The kernel command line has ip=ibft, or names an interface ibft0 (in ip=, rd.route=, bootdev=), and \
                no script in the initramfs reads ip=ibft or rd.iscsi.ibft. The network scripts of initramfs-tools \
                pass the `ibft` of ip=ibft to ipconfig, which takes a word without colons for the name of an \
                interface. The name ibft0 exists only if dracut's network-legacy creates it.",
        breaks: "Seen in a boot of Debian 12: `ipconfig: ibft: SIOCGIFINDEX: No such device` for three minutes; then \
                 the login script fails at a file that was never written, and never logs in, although `iscsistart -N` \
                 had set up the NIC before. In an initramfs with systemd-networkd, the interface ibft0 never appears, \
                 and the SAN NIC gets no address.",
        fix: "With initramfs-tools, remove ip=ibft from the command line; iscsi_auto alone reads the iBFT. With \
              dracut, add rd.iscsi.ibft=1; where systemd-networkd brings up the network, which reads no iBFT, name the \
              NIC in ip=NAME:dhcp.",
        references: &[
            "klibc usr/kinit/ipconfig/main.c (parse_device)",
            "initramfs-tools scripts/functions (configure_networking)",
            "dracut.cmdline(7), rd.iscsi.ibft",
            "systemd-network-generator.service(8)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let words = facts.boot_words();
    let Some(word) = words.words.iter().find(|word| names_ibft(word)) else {
        return Ok(Outcome::pass("the command line names no interface ibft"));
    };
    if facts.effective_requests().is_empty() {
        return Err(Outcome::not_applicable("not checked: nothing requests a login (see login-not-requested)"));
    }
    let reader = image.reader("rd.iscsi.ibft").or_else(|| image.reader("ip=ibft"));
    if let Some(reader) = reader {
        if words.firmware_nic_words().next().is_some() || image.has_network(NetworkKind::NetworkManager) {
            return Ok(Outcome::pass(format!(
                "{} reads the iBFT for {word}",
                analysis::path_inside(&reader.at.to_string())
            )));
        }
        return Ok(finding(facts, image, words, word, "rd.iscsi.ibft=1 is missing on the command line"));
    }
    image.whole()?;
    // NetworkManager's generator is a program, in which no script's line shows what it reads; it does
    // read the iBFT (nm-initrd-generator(8)).
    if image.has_network(NetworkKind::NetworkManager) {
        return Ok(Outcome::pass(format!("nm-initrd-generator reads the iBFT for {word}")));
    }
    if image.network.is_empty() {
        return Err(Outcome::unknown(format!("it is not known what brings up the network in {}", image.path)));
    }
    Ok(finding(facts, image, words, word, "no script in the initramfs reads the iBFT for it"))
}

/// Whether a word takes `ibft` or `ibftN` for an interface.
pub(super) fn names_ibft(word: &Word) -> bool {
    matches!(word.key.as_str(), "ip" | "rd.route" | "bootdev" | "vlan")
        && word.value.as_deref().is_some_and(|value| value.split(':').any(is_ibft))
}

fn finding(facts: &Analysis<'_>, image: &Initramfs, words: &Cmdline, word: &Word, why: &str) -> Outcome {
    let ipconfig = image.network.iter().find(|network| network.kind == NetworkKind::Ipconfig);
    let summary = match ipconfig {
        Some(_) => {
            let name =
                word.value.as_deref().unwrap_or_default().split(':').find(|name| is_ibft(name)).unwrap_or("ibft");
            format!("with {word}, the initramfs waits for a NIC literally named '{name}' and never logs in")
        }
        None => format!("{word} names an interface that never appears: {why}"),
    };
    let says = |kind: NetworkKind| match kind {
        NetworkKind::Ipconfig => "passes the value of ip= to ipconfig, which takes it for the name of a NIC",
        NetworkKind::Networkd => "systemd-network-generator creates no interface from the iBFT",
        _ => "brings up the network",
    };
    let networks = image.network.iter().filter(|network| network.kind != NetworkKind::IscsistartN);
    let remedy = if ipconfig.is_some() {
        let asked = facts.wants_firmware();
        let word = word.to_string();
        if asked {
            let text = format!("Remove {word} from GRUB_CMDLINE_LINUX; the initramfs reads the iBFT without it.");
            facts.edit_words_by_hand(text, &[&word], &[])
        } else {
            let text = format!("Replace {word} with iscsi_auto in GRUB_CMDLINE_LINUX.");
            facts.edit_words_by_hand(text, &[&word], &["iscsi_auto"])
        }
    } else if image.reader("rd.iscsi.ibft").is_some() {
        facts.edit_words_by_hand("Add rd.iscsi.ibft=1 to GRUB_CMDLINE_LINUX.", &[], &["rd.iscsi.ibft=1"])
    } else if image.has_network(NetworkKind::Networkd) {
        let nic = facts.san_nic().map(|(name, _)| name);
        let (old, new) = (word.to_string(), format!("ip={}:dhcp", nic.as_deref().unwrap_or("NAME")));
        let text = format!("Replace {old} with {new} in GRUB_CMDLINE_LINUX; nothing in the initramfs reads the iBFT.");
        match nic {
            Some(_) => facts.edit_words_by_hand(text, &[&old], &[&new]),
            None => facts.update_loader(text),
        }
    } else {
        facts.rebuild("Rebuild the initramfs with a network module that reads the iBFT.").without_repairs()
    };
    Finding::critical(summary)
        .evidence(words.evidence_of(word))
        .evidences(networks.map(|network| Evidence::at(&network.at, says(network.kind))))
        .remedy(remedy.repairs_by(facts.request_login()))
        .into()
}
