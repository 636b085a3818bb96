//! `initramfs-secret-inside`: a CHAP password lies in the image.

use crate::facts::Facts;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, ShellCommand, view};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-secret-inside",
    link: Link::Initramfs,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs holds a CHAP password",
    doc: Doc {
        finds: "A file in the image holds a CHAP password (iscsid.conf, node records, iscsi.initramfs, or dracut's \
                etc/cmdline.d), and others than root may read the image. What it is, is neither kept nor printed.",
        breaks: "Images lie in /boot, on a filesystem that other systems can mount too, and initramfs-tools makes \
                 them readable by every user unless UMASK= says otherwise. A template carries the password to every instance made from it. Older dracut copied \
                 the node records of /etc/iscsi into every image.",
        fix: "Log in by the iBFT, which hands the credentials over at every boot; take the password out of the file; \
               build the image anew; change the password at the target. Where the password must stay, keep the image \
               to root (UMASK=0077 in /etc/initramfs-tools/conf.d).",
        references: &[
            "initramfs.conf(5), UMASK",
            "https://github.com/dracut-ng/dracut-ng/issues/243",
            "https://github.com/dracutdevs/dracut/issues/1797",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match view::judged_image(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    let Some(first) = image.secrets.first() else {
        return match view::incomplete(image) {
            Some(outcome) => outcome,
            None => Outcome::pass(format!("no password was found in {}", super::name(image))),
        };
    };
    let inside = first.path.split_once('!').map_or(first.path.as_str(), |(_, inside)| inside);
    let more = match image.secrets.len() {
        1 => String::new(),
        count => format!(" and {} more", super::count(count - 1, "place")),
    };
    // A login by CHAP without the iBFT needs it there; kept to root, it is no worse off than in /etc/iscsi.
    if let Some(mode) = image.mode.filter(|mode| mode & 0o077 == 0) {
        return Outcome::pass(format!(
            "{} holds a CHAP password, in {inside}{more}, and its mode {mode:04o} keeps it to root",
            super::name(image)
        ));
    }
    let mut remedy = view::rebuild(
        facts,
        "Take the password out of the file it was copied from, and build the image anew; or keep the image to root.",
    );
    if view::family(image) == view::Family::InitramfsTools {
        remedy = remedy.first(ShellCommand::write_line("/etc/initramfs-tools/conf.d/umask", "UMASK=0077", &[]));
    }
    let remedy = remedy.command(ShellCommand::new(&["chmod", "0600"]).path(&image.path));
    Finding::warning(format!("{} holds a CHAP password, in {inside}{more}", image.path))
        .evidences(image.mode.map(|mode| Evidence::new(&image.path, format!("mode {mode:04o}"))))
        .evidences(image.secrets.iter().map(|place| Evidence::at(place, crate::facts::HIDDEN)))
        .remedy(remedy)
        .into()
}
