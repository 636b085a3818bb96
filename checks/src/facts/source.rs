//! What a problem stands in the way of.

use super::leftover::LeftoverKind;
use super::manager::Manager;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// What could not be read: the files that answer one question of a check. The reader that notes a problem names
/// it, so that no verdict hangs on a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Nobody named it, as in a snapshot of an older version: it may be any source of its group of facts.
    #[default]
    Unnamed,
    /// Any file of the root at all.
    Root,
    /// `/etc/fstab`.
    Fstab,
    /// `/etc/crypttab`.
    Crypttab,
    /// LVM's settings and its devices file, in the root or in an image.
    Lvm,
    /// open-iscsi's `initiatorname.iscsi`.
    InitiatorName,
    /// open-iscsi's `iscsid.conf`.
    IscsidConf,
    /// open-iscsi's node records.
    NodeRecords,
    /// open-iscsi's `iscsi.initramfs`, in the root or in an image.
    IscsiInitramfs,
    /// `RESUME=` of initramfs-tools, in the root or in an image.
    Resume,
    /// `/etc/default/grub` and `grub.d` beside it.
    GrubDefaults,
    /// `/etc/kernel/cmdline`.
    KernelCmdline,
    /// A kernel's directory of modules.
    KernelModules,
    /// What udev goes by for NICs: `.link` files and rules.
    LinkFiles,
    /// ISC dhclient itself: whether it is installed, and which options it knows.
    Dhclient,
    /// `dhclient.conf`, and what it includes.
    DhclientConf,
    /// The hooks of dhclient-script(8).
    DhclientHooks,
    /// The leases of every DHCP client.
    Leases,
    /// The rules of a firewall, and whether it starts.
    Firewall,
    /// What a template must have: programs and services.
    Wanted,
    /// Something else, which decides no check by its absence.
    Other,
    /// The files of a manager of network configuration.
    #[serde(untagged)]
    Manager(Manager),
    /// What a template must not carry.
    #[serde(untagged)]
    Leftover(LeftoverKind),
}

impl Source {
    pub(super) fn is_unnamed(&self) -> bool {
        *self == Self::Unnamed
    }

    /// A source by its word; one that this version does not know is unnamed.
    pub(super) fn of_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Ok(Self::deserialize(StrDeserializer::<Error>::new(&word)).unwrap_or_default())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::facts::Problem;

    #[test]
    fn a_source_is_a_word_and_an_unknown_word_is_unnamed() {
        let problem = |source: &str| -> Problem {
            serde_json::from_value(serde_json::json!({"place": "/p", "what": "w", "source": source})).unwrap()
        };
        for (word, source) in [
            ("fstab", Source::Fstab),
            ("network-manager", Source::Manager(Manager::NetworkManager)),
            ("net-rules", Source::Leftover(LeftoverKind::NetRules)),
            ("of a later version", Source::Unnamed),
        ] {
            assert_eq!(problem(word).source, source, "{word}");
        }
        assert_eq!(serde_json::to_value(problem("netplan")).unwrap()["source"], "netplan");
        let old: Problem = serde_json::from_str(r#"{"place": "/p", "what": "w"}"#).unwrap();
        assert_eq!(old, Problem::new("/p", "w"));
        assert_eq!(serde_json::to_string(&old).unwrap(), r#"{"place":"/p","what":"w"}"#);
    }

    #[test]
    fn only_what_nobody_named_is_named() {
        let mut problems = vec![Problem::new("/a", "x").of(Source::Fstab), Problem::new("/b", "x")];
        Source::Lvm.name(&mut problems);
        assert_eq!(problems.iter().map(|problem| problem.source).collect::<Vec<_>>(), [Source::Fstab, Source::Lvm]);
        assert!(Source::Lvm.is_behind(&problems[1]) && !Source::Lvm.is_behind(&problems[0]));
        assert!(Source::Lvm.is_behind(&Problem::new("/c", "x")));
    }
}
