//! `handover-relogin-reads-root`: iscsid opens a file of the root while the root's disk does not answer.

use crate::facts::{Location, RequestKind, Unit};
use crate::{Analysis, Check, Doc, Evidence, Link, Outcome, Scope, Severity};

/// Where OpenSSL reads its configuration in place of its own file (openssl-env(7)).
const OPENSSL_CONF: &str = "OPENSSL_CONF=";

pub(crate) static CHECK: Check = Check {
    id: "handover-relogin-reads-root",
    link: Link::Handover,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "iscsid opens a file of a btrfs root while the root's disk does not answer",
    doc: Doc {
        finds: "The root is a btrfs, the session has a CHAP account, and iscsid, which is linked with OpenSSL, starts on \
                the real root, without OPENSSL_CONF in its unit. The outcome is unknown, never broken: whether it hangs \
                depends on what the kernel has read by then. That \
                this start has passed it does not show that the next one will.",
        breaks: "When iscsid starts, it ends the connection that the initramfs has made, and logs in again. For CHAP it \
                 calls OpenSSL, which opens openssl.cnf on the root; the root's disk does not answer meanwhile. On \
                 btrfs each lookup of a name takes a lock of the subvolume's tree, and whoever waits for the disk may \
                 hold it: iscsid waits for the disk, and the disk for iscsid. After replacement_timeout the kernel \
                 gives the disk up and the root is read-only (seen in four of five boots of Debian 12 with Linux 6.1, \
                 and in neither of two of Debian 13).",
        fix: "Have OpenSSL read no file of the root in iscsid: a drop-in of iscsid.service with \
              Environment=OPENSSL_CONF=/dev/null under [Service] (both boots with it came up).",
        references: &[
            "open-iscsi usr/iscsid.c (sync_session), usr/auth.c",
            "openssl-env(7), OPENSSL_CONF",
            "https://github.com/coreos/bugs/issues/2287",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let Some((_, root)) = facts.root_filesystem().filter(|(kind, _)| kind == "btrfs") else {
        return Err(Outcome::not_applicable("the root is not known to be a btrfs"));
    };
    let Some(unit) = facts.services.unit(Unit::ISCSID).filter(|unit| unit.starts()) else {
        return Err(match facts.services.problems.first() {
            Some(problem) => Outcome::unread(problem),
            None => Outcome::not_applicable("nothing is known to start iscsid on the real root"),
        });
    };
    let crypto = match facts.iscsi.iscsid_libraries.needed()? {
        None => return Err(Outcome::not_applicable("iscsid is not installed in the root")),
        Some(none) if none.is_empty() => {
            return Err(Outcome::unknown("iscsid names no library: whether OpenSSL is a part of it is not known"));
        }
        Some(libraries) => libraries.iter().find(|library| library.starts_with("libcrypto.so")),
    };
    let Some(crypto) = crypto else {
        return Ok(Outcome::pass("iscsid is not linked with OpenSSL"));
    };
    // What stands in the file of EnvironmentFile= overrides Environment= (systemd.exec(5)).
    if let Some(path) = configuration(unit).filter(|path| unit.unread_environment.is_none() && !is_on_root(path)) {
        return Ok(Outcome::pass(format!("OpenSSL reads {path} in iscsid, and no file of the root")));
    }
    let account = account(facts);
    if account == Account::None {
        return Ok(Outcome::pass("the root's session has no CHAP account, for which alone iscsid calls OpenSSL"));
    }
    let conditions = [
        (account == Account::Unknown).then_some("the root's session has a CHAP account"),
        unit.unread_environment.is_some().then_some("its EnvironmentFile= has OpenSSL read a file of the root"),
    ];
    let conditions = conditions.into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let begins = if conditions.is_empty() { "the".to_owned() } else { format!("if {conditions}, the") };
    Ok(Outcome::Unknown {
        reason: format!(
            "{begins} start may hang for good when iscsid takes over the session: OpenSSL then opens its configuration on \
             the btrfs root, while the root's disk does not answer; Environment=OPENSSL_CONF=/dev/null in a drop-in of \
             {} avoids that",
            Unit::ISCSID
        ),
        evidence: [Evidence::new(root, "btrfs"), Evidence::new("iscsid", format!("is linked with {crypto}"))]
            .into_iter()
            .chain(unit.fragment.as_ref().map(|at| Evidence::at(at, starts(unit))))
            .chain(unit.unread_environment.as_ref().map(|at| Evidence::at(at, "EnvironmentFile= is not read")))
            .chain(account.evidence())
            .collect(),
    })
}

/// Whether the root's session has a CHAP account.
#[derive(Debug, PartialEq, Eq)]
enum Account {
    /// This tells one.
    Told(Evidence),
    /// It has none.
    None,
    /// Nothing tells.
    Unknown,
}

impl Account {
    fn evidence(self) -> Option<Evidence> {
        match self {
            Self::Told(evidence) => Some(evidence),
            Self::None | Self::Unknown => None,
        }
    }
}

fn account(facts: &Analysis<'_>) -> Account {
    if let Some(key) = facts.chap_user_word() {
        return Account::Told(Evidence::new("kernel command line", format!("{key}= (hidden)")));
    }
    let requests = facts.effective_requests();
    let account_of = |kind: &RequestKind| match kind {
        RequestKind::Target { account, .. } => *account,
        _ => Some(false),
    };
    if let Some(request) = requests.iter().find(|request| account_of(&request.kind) == Some(true)) {
        return Account::Told(request.evidence.clone());
    }
    if let Some(image) = facts.default_image().filter(|image| image.has_chap_user()) {
        return Account::Told(Evidence::new(format!("{}!/etc/iscsi.initramfs", image.path), "ISCSI_USERNAME (hidden)"));
    }
    let Some(handoff) = facts.handoff() else { return Account::Unknown };
    let targets = handoff.boot_targets();
    if targets.is_empty() {
        return Account::Unknown;
    }
    match targets.into_iter().find(|target| target.account != Some(false)) {
        Some(target) => Account::Told(Evidence::new(handoff.source, format!("{}: CHAP (hidden)", target.title))),
        None if requests.iter().any(|request| account_of(&request.kind).is_none()) => Account::Unknown,
        None => Account::None,
    }
}

/// What OpenSSL reads by the unit.
fn configuration(unit: &Unit) -> Option<&str> {
    unit.environment.iter().filter_map(|word| word.value.strip_prefix(OPENSSL_CONF)).next_back()
}

/// Whether a path leads to a file of the root, and not to what the kernel and systemd keep in memory.
fn is_on_root(path: &str) -> bool {
    !["/dev/", "/proc/", "/run/", "/sys/"].iter().any(|place| path.starts_with(place))
}

fn starts(unit: &Unit) -> String {
    let links = unit.enabled_by.iter().map(Location::to_string);
    format!("starts by {}", links.chain(unit.pulled_by.iter().cloned()).collect::<Vec<_>>().join(", "))
}
