//! `login-not-requested`: nothing that the image reads asks it to log in.

use super::interface_named_ibft::names_ibft;
use crate::facts::{BootEntry, Facts, Initramfs, LoginKind};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "login-not-requested",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "nothing that the image reads asks for a login",
    doc: Doc {
        finds: "The image can log in, and neither the command line of the entry that will boot nor a file in the image \
                asks it to, in words that its own scripts read. Which words those are is taken from the scripts in \
                the image: initramfs-tools' script knows iscsi_auto, iscsi_target_name= and root=iscsi:, and not \
                iscsi_firmware or rd.iscsi.firmware, which are dracut's. Another entry of the menu that does not ask \
                is a warning: the recovery entry is written without GRUB_CMDLINE_LINUX_DEFAULT.",
        breaks: "The script leaves without a word, no session is made, and the root never appears. The seed's own \
                 command line, `iscsi_firmware ip=ibft`, is understood only by an image with dracut's scripts or \
                 with those that the vendor adds.",
        fix: "initramfs-tools: put iscsi_auto on the command line, or ISCSI_AUTO=true into \
               /etc/iscsi/iscsi.initramfs and build the image anew. dracut: put rd.iscsi.firmware=1 and \
               rd.iscsi.ibft=1 on the command line.",
        references: &[
            "Debian open-iscsi, README.Debian and debian/extra/initramfs/local-top/iscsi",
            "dracut.cmdline(7), iSCSI",
            "dracut modules.d/95iscsi/parse-iscsiroot.sh",
            "GRUB util/grub.d/10_linux.in (linux_entry … recovery)",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match super::image_that_logs_in(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    let requests = view::requests(facts);
    if let Some((request, reader)) =
        requests.iter().find_map(|request| request.read_by.as_ref().map(|reader| (request, reader)))
    {
        let asks = match request.evidence.source.contains('!') {
            true => super::inside(&request.evidence.source).to_owned(),
            false => request.evidence.excerpt.clone(),
        };
        let pass = || format!("{asks} asks for the login, and {} reads it", super::inside(&reader.source));
        return Outcome::from_findings(silent_entries(facts, image), pass);
    }
    if let Some(outcome) = view::incomplete(image) {
        return outcome;
    }
    if image.readers.is_empty() {
        return Outcome::unknown(format!("what the scripts of {} read could not be found out", image.path));
    }
    // The root path of a DHCP answer can name a target as well; whether it does is not on this disk.
    let words = view::boot_words(facts);
    if words.last("root") == Some("dhcp") || words.last("netroot") == Some("dhcp") {
        return Outcome::unknown("the target is left to the DHCP server's root path, which is not known here");
    }
    let summary = match requests.first() {
        Some(request) => format!("{} asks for a login, and nothing in the image reads it", request.evidence.excerpt),
        None => "neither the command line nor the image asks for a login".to_owned(),
    };
    let line = facts.loader.default_entry().map(view::command_line);
    Finding::critical(summary).evidences(line).evidences(what_is_read(image)).remedy(remedy(facts, image)).into()
}

/// Other entries that boot the same image and do not ask it to log in: a recovery entry, which is
/// written without `GRUB_CMDLINE_LINUX_DEFAULT`.
fn silent_entries(facts: &Facts, image: &Initramfs) -> Vec<Finding> {
    let is_default = |entry: &BootEntry| facts.loader.default_entry().is_some_and(|other| std::ptr::eq(other, entry));
    let of_image = |entry: &&BootEntry| entry.initrds.iter().any(|initrd| initrd.path.as_ref() == Some(&image.path));
    let silent = |entry: &&BootEntry| {
        let words = view::entry_words(entry, Some(image));
        !view::requests_by(&words, image).iter().any(|request| request.read_by.is_some())
    };
    facts
        .loader
        .entries
        .iter()
        .filter(|entry| entry.linux && !is_default(entry))
        .filter(of_image)
        .filter(silent)
        .map(|entry| {
            Finding::warning(format!("the entry {:?} does not ask for a login and would not boot", entry.title))
                .evidence(view::command_line(entry))
                .remedy(view::update_loader(
                    facts,
                    "Put the words for iSCSI into GRUB_CMDLINE_LINUX and not into GRUB_CMDLINE_LINUX_DEFAULT, which \
                     recovery entries go without.",
                ))
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

fn remedy(facts: &Facts, image: &Initramfs) -> Remedy {
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
            [] => "Put iscsi_auto into GRUB_CMDLINE_LINUX; the image reads it.".to_owned(),
            words => {
                format!("Put iscsi_auto in place of {} into GRUB_CMDLINE_LINUX; the image reads it.", words.join(" "))
            }
        };
        view::edit_words(facts, text, &foreign, &["iscsi_auto"])
    } else {
        let words = ["rd.iscsi.firmware=1", "rd.iscsi.ibft=1"];
        view::edit_words(facts, format!("Put {} into GRUB_CMDLINE_LINUX.", words.join(" ")), &[], &words)
    }
}
