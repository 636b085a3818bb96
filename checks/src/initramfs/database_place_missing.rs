//! `initramfs-database-place-missing`: iscsistart finds no place for its database in the image.

use crate::{Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-database-place-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs has no directory for iscsistart's database",
    doc: Doc {
        finds: "The initramfs logs in with the iBFT, its iscsistart keeps its database in /var/lib/iscsi, and the \
                initramfs has neither /var/lib nor a script that creates it.",
        breaks: "iscsistart creates the directory of its database, but not the parent directory: it fails before it \
                 logs in. open-iscsi moved the database to /var/lib/iscsi in 2.1.10, and Debian 13 was released with \
                 a script that does not create /var/lib. An initramfs built with that script keeps the fault until it \
                 is rebuilt.",
        fix: "Install an open-iscsi with a script that creates /var/lib (Debian: 2.1.11-1+deb13u1), and rebuild the \
              initramfs.",
        references: &["https://bugs.debian.org/1103644", "Debian open-iscsi 2.1.11-1+deb13u1, debian/changelog"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    image.whole()?;
    if image.login.is_empty() {
        return Err(Outcome::not_applicable(
            "not checked: nothing in the initramfs logs in (see initramfs-login-tool-missing)",
        ));
    }
    let Some(database) = &image.login_database_unplaced else {
        return Ok(Outcome::pass(format!("{} has the directory that its login writes to", image.name())));
    };
    if !facts.wants_firmware() {
        return Err(Outcome::not_applicable("the initramfs does not log in with the iBFT"));
    }
    Finding::critical(format!(
        "iscsistart keeps its database in {}, and {} has no /var/lib",
        database.value, image.path
    ))
    .evidence(Evidence::at(&database.at, "runs iscsistart, and nothing creates /var/lib before that"))
    .remedy(facts.rebuild_holding(
        ImageContents { directories: vec!["/var/lib".to_owned()], ..ImageContents::default() },
        "Install an open-iscsi with a script that creates /var/lib, and rebuild the initramfs.",
    ))
    .into()
}
