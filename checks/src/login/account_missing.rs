//! `login-account-missing`: the image names the target itself, and not the account that the firmware has for it.

use crate::facts::{RequestKind, Session};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "login-account-missing",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs logs in without the CHAP account that the target asks for",
    doc: Doc {
        finds: "The kernel command line or a file in the initramfs names the target and no CHAP user, nothing else in \
                the image has one, the login by the iBFT is not requested, and the iBFT has a CHAP account for this \
                target. Debian's installer writes such a file (iscsi.initramfs) when it has installed to a LUN.",
        breaks: "The account of the iBFT is used by a login by the iBFT alone. iscsistart with a target of its own \
                 offers no CHAP, the target refuses it with `iscsid: login failed with error` or \
                 `Login authentication failed`, and the root never appears.",
        fix: "Request the login by the iBFT: iscsi_auto, or ISCSI_AUTO=true in /etc/iscsi/iscsi.initramfs, for \
              initramfs-tools; rd.iscsi.firmware=1 for dracut. Or write the account where the target is named.",
        references: &[
            "Debian open-iscsi, debian/extra/initramfs/local-top/iscsi (iscsistart -u)",
            "dracut 059, modules.d/95iscsi/iscsiroot.sh",
            "Debian partman-iscsi, finish.d/iscsi_settings",
            "iSCSI Boot Firmware Table 1.03, target structure (CHAP)",
            "RFC 7143, section 12.1.3",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let requests = facts.effective_requests();
    let named = requests.iter().find_map(|request| match &request.kind {
        RequestKind::Target { name: Some(name), account, .. } => Some((request, name, *account)),
        _ => None,
    });
    let Some((request, name, account)) = named else {
        return Err(Outcome::not_applicable("the initramfs names no target of its own"));
    };
    if facts.wants_firmware() {
        return Ok(Outcome::pass("the initramfs logs in by the iBFT as well, with its account"));
    }
    // Users and passwords stand apart from the target in some dialects.
    if facts.chap_user_word().is_some() || image.has_chap_user() || account == Some(true) {
        return Ok(Outcome::pass(format!("an account for {name} comes with the request")));
    }
    let Some(handoff) = facts.handoff() else {
        return Err(Outcome::not_applicable(format!(
            "not checked: no iBFT is known, which would tell whether {name} has a CHAP account"
        )));
    };
    let target =
        handoff.targets.iter().find(|target| target.name.is_some_and(|other| other.eq_ignore_ascii_case(name)));
    let Some(target) = target.filter(|target| target.account != Some(false)) else {
        return Ok(Outcome::pass(format!("the iBFT has no CHAP account for {name}")));
    };
    if target.account.is_none() {
        return Err(Outcome::unknown(format!(
            "the iBFT asks for CHAP at {name}, and its user or secret is not to be seen"
        )));
    }
    if account.is_none() {
        return Err(Outcome::unknown(format!("it is not known whether the request for {name} has a CHAP account")));
    }
    // A daemon takes its account from iscsid.conf or a record; whose any of these is, is not read.
    if let Some(place) = image.secrets.first() {
        return Err(Outcome::unknown(format!(
            "it is not known whether the secret in {place} is for the login to {name}"
        )));
    }
    image.whole()?;
    if let Some(session) = root_session(facts, name) {
        return Err(Outcome::unknown(format!(
            "{} holds the root and is with {name}; whether the target let it in without an account is not read from the \
             kernel",
            session.name
        )));
    }
    let remedy = Remedy::new("Request the login by the iBFT, which has the account.").repairs_by(facts.request_login());
    Finding::critical(format!("the initramfs logs in to {name} without the CHAP account that the iBFT has for it"))
        .evidence(request.evidence.clone())
        .evidence(Evidence::new(handoff.source, format!("{}: CHAP user and secret (hidden)", target.title)))
        .remedy(remedy)
        .into()
}

/// The root's session with this target: the target may let in who has no account, firmware and all.
fn root_session<'a>(facts: &'a Analysis<'_>, target: &str) -> Option<&'a Session> {
    let sessions = facts.iscsi.sessions.known()?;
    sessions.iter().find(|session| session.target.eq_ignore_ascii_case(target) && session.holds_root == Some(true))
}
