//! `login-not-requested`: nothing that the image reads asks it to log in.

use super::interface_named_ibft::names_ibft;
use crate::facts::{BootEntry, Initramfs, LoginKind, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, analysis};

pub(crate) static CHECK: Check = Check {
    id: "login-not-requested",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "nothing that the initramfs reads requests a login",
    doc: Doc {
        finds: "The initramfs can log in, but neither the command line of the entry that boots nor a file in the \
                initramfs requests it in words that its own scripts read. The words are taken from the scripts in the \
                initramfs: the script of initramfs-tools reads iscsi_auto, iscsi_target_name= and root=iscsi:, but \
                not iscsi_firmware or rd.iscsi.firmware, which only dracut reads. Another loader entry that does not \
                request a login is a warning: a recovery entry is written without GRUB_CMDLINE_LINUX_DEFAULT.",
        breaks: "The script exits silently, there is no session, and the root never appears. The command line that \
                 template builds set, `iscsi_firmware ip=ibft`, is understood only by an initramfs with dracut's \
                 scripts or with the vendor's.",
        fix: "initramfs-tools: add iscsi_auto to the kernel command line; or set ISCSI_AUTO=true in \
              /etc/iscsi/iscsi.initramfs and rebuild the initramfs. dracut: add rd.iscsi.firmware=1 and \
              rd.iscsi.ibft=1 to the kernel command line.",
        references: &[
            "Debian open-iscsi, README.Debian and debian/extra/initramfs/local-top/iscsi",
            "dracut.cmdline(7), iSCSI",
            "dracut modules.d/95iscsi/parse-iscsiroot.sh",
            "GRUB util/grub.d/10_linux.in (linux_entry … recovery)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let requests = facts.requests();
    if let Some((request, reader)) =
        requests.iter().find_map(|request| request.read_by.as_ref().map(|reader| (request, reader)))
    {
        let asks = match request.evidence.source.contains('!') {
            true => analysis::path_inside(&request.evidence.source).to_owned(),
            false => request.evidence.excerpt.clone(),
        };
        let pass = || format!("{asks} requests the login, and {} reads it", analysis::path_inside(&reader.source));
        // Where it is not known what the image itself requests, no entry is known to be silent.
        let silent =
            image.was_read(Source::IscsiInitramfs).map_or_else(|_| Vec::new(), |()| silent_entries(facts, image));
        return Ok(Outcome::from_findings(silent, pass));
    }
    image.whole()?;
    image.was_read(Source::IscsiInitramfs)?;
    if image.readers.is_empty() {
        return Err(Outcome::unknown(format!("it is not known which words the scripts of {} read", image.path)));
    }
    // The root path of a DHCP answer can name a target as well; whether it does is not on this disk.
    let words = facts.boot_words();
    if words.last("root") == Some("dhcp") || words.last("netroot") == Some("dhcp") {
        return Err(Outcome::unknown("the target comes from the DHCP server's root path, which is not known here"));
    }
    let summary = match requests.first() {
        Some(request) => {
            format!("{} requests a login, but nothing in the initramfs reads it", request.evidence.excerpt)
        }
        None => "neither the kernel command line nor the initramfs requests a login".to_owned(),
    };
    if let Some(problem) = facts.loader.default_entry().and_then(BootEntry::rest_not_read) {
        return Err(Outcome::unread(problem));
    }
    let line = facts.loader.default_entry().map(BootEntry::cmdline_evidence);
    Finding::critical(summary)
        .evidences(line)
        .evidences(what_is_read(image))
        .remedy(remedy(facts, image).repairs_by(facts.request_login()))
        .into()
}

/// Other entries that boot the same image and do not ask it to log in: a recovery entry, which is
/// written without `GRUB_CMDLINE_LINUX_DEFAULT`.
fn silent_entries(facts: &Analysis<'_>, image: &Initramfs) -> Vec<Finding> {
    let is_default = |entry: &BootEntry| facts.loader.default_entry().is_some_and(|other| std::ptr::eq(other, entry));
    let of_image = |entry: &&BootEntry| entry.initrds.iter().any(|initrd| initrd.path.as_ref() == Some(&image.path));
    let silent = |entry: &&BootEntry| {
        let words = entry.words_with(Some(image));
        !words.requests_by(image).iter().any(|request| request.read_by.is_some())
    };
    facts
        .loader
        .entries
        .iter()
        .filter(|entry| entry.linux && !is_default(entry))
        .filter(of_image)
        .filter(silent)
        .map(|entry| {
            Finding::warning(format!("the loader entry {:?} requests no login and would not boot", entry.title))
                .evidence(entry.cmdline_evidence())
                .remedy(facts.update_loader(
                    "Put the iSCSI words into GRUB_CMDLINE_LINUX, not into GRUB_CMDLINE_LINUX_DEFAULT: recovery \
                     entries are written without the latter.",
                ).repairs_by(facts.request_login()))
        })
        .collect()
}

/// Which words the scripts do read, a line a script.
fn what_is_read(image: &Initramfs) -> Vec<Evidence> {
    let mut scripts: Vec<(&str, Vec<&str>)> = Vec::new();
    for reader in image.readers.iter().filter(|reader| reader.token.contains("iscsi") || reader.token == "netroot") {
        match scripts.iter_mut().find(|(path, _)| *path == reader.at.path) {
            Some((_, tokens)) => tokens.push(&reader.token),
            None => scripts.push((&reader.at.path, vec![&reader.token])),
        }
    }
    scripts.into_iter().map(|(path, tokens)| Evidence::new(path, format!("reads {}", tokens.join(", ")))).collect()
}

fn remedy(facts: &Analysis<'_>, image: &Initramfs) -> Remedy {
    if image.login.iter().any(|login| login.kind == LoginKind::Iscsistart) {
        // What is dracut's says nothing here, and ip=ibft would stop the login that is asked for.
        let entry = facts.loader.default_entry();
        let foreign: Vec<String> = entry
            .into_iter()
            .flat_map(|entry| &entry.cmdline.words)
            .filter(|word| word.key == "ip" && names_ibft(word) || word.key == "iscsi_firmware")
            .map(ToString::to_string)
            .collect();
        let foreign: Vec<&str> = foreign.iter().map(String::as_str).collect();
        let text = match foreign.as_slice() {
            [] => "Add iscsi_auto to GRUB_CMDLINE_LINUX; the initramfs reads it.".to_owned(),
            words => {
                format!("Replace {} with iscsi_auto in GRUB_CMDLINE_LINUX; the initramfs reads it.", words.join(" "))
            }
        };
        facts.edit_words_by_hand(text, &foreign, &["iscsi_auto"])
    } else {
        let words = ["rd.iscsi.firmware=1", "rd.iscsi.ibft=1"];
        facts.edit_words_by_hand(format!("Add {} to GRUB_CMDLINE_LINUX.", words.join(" ")), &[], &words)
    }
}
