//! What each program that brings up the network of an initramfs makes of the words on the command line: one grammar a
//! program.

mod fields;
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

/// Words that bring up a network, in any of these programs.
const NETWORK_WORDS: [&str; 14] = [
    "ip",
    "rd.route",
    "nameserver",
    "rd.peerdns",
    "vlan",
    "bond",
    "bridge",
    "team",
    "ifname",
    "bootdev",
    "BOOTIF",
    "rd.bootif",
    "rd.ethtool",
    "netmask",
];

impl Cmdline {
    /// A word that brings up a network, and whose value is not shown: what a program makes of it is not known.
    pub fn hidden_network_word(&self) -> Option<&Word> {
        let is_hidden = |word: &&Word| word.value.as_deref().is_some_and(|value| value.contains(HIDDEN));
        self.words.iter().filter(|word| NETWORK_WORDS.contains(&word.key.as_str())).find(is_hidden)
    }
}
