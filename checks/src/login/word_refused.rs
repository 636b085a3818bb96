//! `login-word-refused`: a word at which the image's own scripts end the boot.

use super::source_of::source_of;
use super::word_of_ipconfig;
use crate::facts::{IbftNic, Initramfs, NetworkKind, Word};
use crate::readers::Refused;
use crate::readers::network_legacy::{SHIFTED_TOO_FAR, reads_firmware, refused, words_of_firmware};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, analysis};

pub(crate) static CHECK: Check = Check {
    id: "login-word-refused",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs refuses a word of the command line and ends the boot",
    doc: Doc {
        finds: "The initramfs brings up its network with dracut's network-legacy, and its scripts do not take an ip=, \
                vlan=, bond=, bridge=, team= or ifname= of the command line: ip=ADDRESS/24:GATEWAY, ip=NIC:static, \
                ip=NIC:none, an address without netmask, two ip= for one NIC, or an ip=dhcp without NIC beside another \
                ip=. What rd.iscsi.ibft or ip=ibft adds counts: it is ip=ibft0:dhcp, or the address of the iBFT. Words \
                in the image's own etc/cmdline.d count as well. NetworkManager and systemd-networkd read the same \
                words in other ways: see login-address-missing. With initramfs-tools, klibc's ipconfig does not take \
                the last ip=: a field that should be an address is none, as in ip=NIC:dhcp or a netmask written as a \
                prefix, or the method is unknown.",
        breaks: "dracut prints `dracut: FATAL: For argument 'ip=…'` and `Refusing to continue`, and halts the machine \
                 before it brings up a NIC. ipconfig prints `can't parse IP address` or `invalid protocol` and brings \
                 up nothing; open-iscsi's script then ends before the login, or tries it without a network.",
        fix: "Write the word as dracut.cmdline(7) has it: ip=NIC:dhcp, or \
              ip=ADDRESS::GATEWAY:NETMASK::NIC:none; each NIC once. With rd.iscsi.ibft=1, remove ip=dhcp and \
              ip=ibft0:dhcp. For ipconfig, write ip=:::::NIC:dhcp, or the same with addresses and the netmask in full.",
        references: &[
            "dracut 059, modules.d/35network-legacy/parse-ip-opts.sh and parse-{vlan,bond,bridge,team,ifname}.sh",
            "dracut 059, modules.d/40network/net-lib.sh (ip_to_var, ibft_to_cmdline)",
            "dracut.cmdline(7), ip=, rd.iscsi.ibft",
            "initramfs-tools 0.142, scripts/functions (configure_networking)",
            "klibc 2.0.12, usr/kinit/ipconfig/main.c (parse_device)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let by_ipconfig = image.has_network(NetworkKind::Ipconfig);
    if !by_ipconfig && !image.has_network(NetworkKind::DracutLegacy) {
        image.whole()?;
        return Err(Outcome::not_applicable("the initramfs has neither network-legacy of dracut nor ipconfig"));
    }
    if facts.effective_requests().is_empty() {
        return Err(Outcome::not_applicable("not checked: nothing requests a login (see login-not-requested)"));
    }
    let words = facts.boot_words();
    if let Some(word) = words.unclear_network_word() {
        let reader = if by_ipconfig { "initramfs-tools" } else { "network-legacy" };
        return Err(Outcome::unknown(format!("it is not known what {reader} makes of {word}")));
    }
    if by_ipconfig {
        return word_of_ipconfig::judge(facts, image);
    }
    if let Some(found) = refused(words, &[]) {
        if found.says == SHIFTED_TOO_FAR {
            return Err(Outcome::unknown(format!(
                "at {} dash ends dracut's script ({:?}), and bash goes on; which of them the image has is not known",
                found.word, found.says
            )));
        }
        return finding(facts, image, &found, &[]);
    }
    let added = added_by_firmware(facts, image)?;
    match refused(words, &added.words) {
        Some(found) if added.certain => finding(facts, image, &found, &added.words),
        Some(found) => Err(Outcome::unknown(format!(
            "network-legacy refuses {} where the firmware hands over an iBFT, which is not known here",
            found.word
        ))),
        None => Ok(Outcome::pass("network-legacy takes every ip=, vlan=, bond=, bridge=, team= and ifname=")),
    }
}

/// What `rd.iscsi.ibft` adds to the line.
struct Added {
    words: Vec<Word>,
    /// Whether it is added whatever this firmware says.
    certain: bool,
}

fn added_by_firmware(facts: &Analysis<'_>, image: &Initramfs) -> Result<Added, Outcome> {
    let words = facts.boot_words();
    let read = words.takes_firmware_nic(image)? && reads_firmware(words) && image.awk_without_and.is_none();
    Ok(match facts.firmware.ibft() {
        _ if !read => Added { words: Vec::new(), certain: true },
        Some(ibft) => Added { words: words_of_firmware(words, ibft.nics.iter()), certain: true },
        // Any firmware that hands over a target hands over the NIC by which it booted.
        None => {
            let nic = IbftNic { flags: 3, origin: 3, mac: "(of the firmware)".to_owned(), ..IbftNic::default() };
            Added { words: words_of_firmware(words, [nic].iter()), certain: facts.wants_firmware() }
        }
    })
}

fn finding(facts: &Analysis<'_>, image: &Initramfs, found: &Refused, added: &[Word]) -> Result<Outcome, Outcome> {
    let line = image.refusals.iter().find(|line| line.value.contains(found.says));
    if line.is_none() && !image.refusals.is_empty() {
        return Err(Outcome::unknown(format!(
            "network-legacy of dracut 059 refuses {}, and the scripts of {} say nothing of the kind",
            found.word, image.path
        )));
    }
    let by = line.map_or("network-legacy", |line| analysis::path_inside(&line.at.path));
    let text = match added.first() {
        Some(word) => format!(
            "Remove {} from GRUB_CMDLINE_LINUX: with rd.iscsi.ibft=1 or ip=ibft, dracut adds {word} by itself.",
            found.word
        ),
        None => format!(
            "Write {} as dracut.cmdline(7) has it: ip=NIC:dhcp, or ip=ADDRESS::GATEWAY:NETMASK::NIC:none, each NIC once.",
            found.word
        ),
    };
    Finding::critical(format!("{by} refuses {} and ends the boot: {:?}", found.word, found.says))
        .evidence(source_of(facts, image, &found.word))
        .evidences(line.map(Evidence::from))
        .evidences(added.iter().map(|word| Evidence::new("the iBFT, by ibft_to_cmdline", word.to_string())))
        .remedy(facts.update_loader(text).repairs_by(facts.request_login()))
        .into()
}
