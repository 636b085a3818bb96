//! What each program that brings up the network of an initramfs makes of the words on the command line, and LVM of its
//! filters: one grammar a program.

mod fields;
pub mod initramfs_tools;
pub mod lvm_filter;
mod lvm_pattern;
pub mod network_generator;
pub mod network_legacy;
pub mod network_manager;

use crate::facts::{Cmdline, HIDDEN, Word};

/// A word that a program does not take, and stops at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The word, as it stands on the line.
    pub word: String,
    /// What the program says of it, as far as it stands in its source.
    pub says: &'static str,
}

impl Refused {
    fn new(word: &Word, says: &'static str) -> Self {
        Self { word: word.to_string(), says }
    }
}

/// Why a reader does not say what its program makes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The program itself stops.
    Refused(Refused),
    /// What it does is not known, and why.
    Unclear(String),
}

/// Words that bring up a network, in any of these programs.
const NETWORK_WORDS: [&str; 23] = [
    "ip",
    "rd.route",
    "nameserver",
    "rd.peerdns",
    "rd.neednet",
    "rd.iscsi.ibft",
    "vlan",
    "bond",
    "bridge",
    "team",
    "ifname",
    "net.ifname-policy",
    "net.ifname_policy",
    "ib.pkey",
    "bootdev",
    "BOOTIF",
    "rd.bootif",
    "rd.ethtool",
    "netmask",
    "gateway",
    "hostname",
    "mtu",
    "ksdevice",
];

impl Cmdline {
    /// A word of which it is not known what a program makes of it: its value is not shown, or it is quoted, which each
    /// program undoes in its own way or not at all. Words that bring up no network do not count, unless what they are
    /// called is not shown.
    pub fn unclear_network_word(&self) -> Option<&Word> {
        let is_unclear = |word: &&Word| {
            let is_of_network = NETWORK_WORDS.contains(&word.key.as_str());
            let is_hidden = word.value.as_deref().is_some_and(|value| value.contains(HIDDEN));
            is_of_network && (is_hidden || word.quoted) || word.quoted && word.key.contains(HIDDEN)
        };
        self.words.iter().find(is_unclear)
    }
}
