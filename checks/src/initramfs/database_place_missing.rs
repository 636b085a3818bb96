//! `initramfs-database-place-missing`: iscsistart finds no place for its database in the image.

use crate::facts::Facts;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-database-place-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "iscsistart finds no place for its database in the initramfs",
    doc: Doc {
        finds: "The login goes by the iBFT, the image's iscsistart keeps its database in /var/lib/iscsi, and the image \
                has no /var/lib, nor a script that makes one.",
        breaks: "iscsistart makes the folder of its database, but not the one above: it fails before it logs in. \
                 Open-iscsi moved the database there in 2.1.10, and Debian 13 was released with a script that does \
                 not make /var/lib; an image that was built then keeps the fault until it is built anew.",
        fix: "Install the open-iscsi whose script makes /var/lib (Debian: 2.1.11-1+deb13u1), and build the image anew.",
        references: &["https://bugs.debian.org/1103644", "Debian open-iscsi 2.1.11-1+deb13u1, debian/changelog"],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match view::judged_image(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    if let Some(outcome) = view::incomplete(image) {
        return outcome;
    }
    if image.login.is_empty() {
        return Outcome::not_applicable("nothing in the image logs in: initramfs-login-tool-missing says so");
    }
    let Some(database) = &image.login_database_unplaced else {
        return Outcome::pass(format!("{} has a place for what its login writes", super::name(image)));
    };
    if !view::wants_firmware(facts) {
        return Outcome::not_applicable("the login does not go by the iBFT");
    }
    Finding::critical(format!(
        "iscsistart keeps its database in {}, and {} has no /var/lib",
        database.value, image.path
    ))
    .evidence(Evidence::at(&database.at, "runs iscsistart, and nothing before it makes /var/lib"))
    .remedy(view::rebuild(facts, "Install an open-iscsi whose script makes /var/lib, and build the image anew."))
    .into()
}
