//! `initramfs-secret-inside`: a CHAP password lies in the image.

use crate::{
    Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Scope, Severity, ShellCommand, analysis,
};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-secret-inside",
    link: Link::Initramfs,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs contains a CHAP password that other users can read",
    doc: Doc {
        finds: "A file in the initramfs contains a CHAP password (iscsid.conf, node records, iscsi.initramfs, or \
                dracut's etc/cmdline.d), and users other than root can read the initramfs. The password itself is \
                neither stored nor printed.",
        breaks: "The initramfs is in /boot, which other systems can mount too, and initramfs-tools makes it readable \
                 by every user unless UMASK= is set. A template carries the password to every instance made from it. \
                 Older dracut copied the node records of /etc/iscsi into every initramfs.",
        fix: "Log in with the iBFT, which passes on the credentials at every boot; remove the password from the file; \
              rebuild the initramfs; change the password at the target. If the password has to stay, make the \
              initramfs readable by root only (UMASK=0077 in /etc/initramfs-tools/conf.d).",
        references: &[
            "initramfs.conf(5), UMASK",
            "https://github.com/dracut-ng/dracut-ng/issues/243",
            "https://github.com/dracutdevs/dracut/issues/1797",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let Some(first) = image.secrets.first() else {
        image.whole()?;
        return Ok(Outcome::pass(format!("no CHAP password was found in {}", image.name())));
    };
    let inside = first.path.split_once('!').map_or(first.path.as_str(), |(_, inside)| inside);
    let more = match image.secrets.len() {
        1 => String::new(),
        count => format!(" and {} more", super::count::count(count - 1, "place")),
    };
    // A login by CHAP without the iBFT needs it there; kept to root, it is no worse off than in /etc/iscsi.
    if let Some(mode) = image.mode.filter(|mode| mode & 0o077 == 0) {
        return Ok(Outcome::pass(format!(
            "{} contains a CHAP password, in {inside}{more}, but only root can read it (mode {mode:04o})",
            image.name()
        )));
    }
    let mut remedy = facts.rebuild_holding(
        ImageContents { owner_only: true, ..ImageContents::default() },
        "Remove the password from the file that it was copied from, and rebuild the initramfs; or make the initramfs \
         readable by root only.",
    );
    if image.family() == analysis::Family::InitramfsTools {
        remedy = remedy.first(ShellCommand::write_line("/etc/initramfs-tools/conf.d/umask", "UMASK=0077", &[]));
    }
    let remedy = remedy.command(ShellCommand::new(&["chmod", "0600"]).path(&image.path));
    Finding::warning(format!("{} contains a CHAP password, in {inside}{more}", image.path))
        .evidences(image.mode.map(|mode| Evidence::new(&image.path, format!("mode {mode:04o}"))))
        .evidences(image.secrets.iter().map(|place| Evidence::at(place, crate::facts::HIDDEN)))
        .remedy(remedy)
        .into()
}
