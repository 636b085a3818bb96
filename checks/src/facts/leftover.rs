//! What a template must not carry, by kind.

use serde::{Deserialize, Serialize};

/// Kinds of leftovers, one a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftoverKind {
    /// A shell's history.
    History,
    /// Logs: wtmp, btmp, lastlog, audit, journal, syslog.
    Logs,
    /// Persistent network names.
    NetRules,
    /// SSH host keys.
    HostKeys,
    /// A machine id.
    MachineId,
    /// `/tmp` and `/var/tmp`.
    Tmp,
    /// A package manager's cache.
    PackageCache,
    /// Credentials: CHAP in iscsid.conf or node records.
    Credentials,
}
