//! dracut: what its configuration (dracut.conf(5)) keeps out of every image, and what may bring up an image's network.

use crate::formats::shell::{Shell, Variables};
use crate::formats::systemd;
use crate::probes::files::first_of;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Omit, Problem};
use std::collections::BTreeSet;

const MAIN: &str = "/etc/dracut.conf";

/// A file of the first directory hides one of the same name in the second.
const DIRECTORIES: [&str; 2] = ["/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d"];

const KEYS: [&str; 2] = ["omit_dracutmodules", "omit_drivers"];

const MODULES: &str = "/usr/lib/dracut/modules.d";

/// What brings up the network, and a program that each needs. `network-legacy` comes last: it drops the routes of
/// option 121, and dracut has dropped it.
const NETWORKS: [(&str, &[&str]); 3] = [
    ("network-manager", &["/usr/sbin/NetworkManager", "/usr/bin/NetworkManager"]),
    ("systemd-networkd", &["/usr/lib/systemd/systemd-networkd", "/lib/systemd/systemd-networkd"]),
    ("network-legacy", &[]),
];

/// Looks for the modules that bring up the network and can be put into an image.
///
/// # Errors
/// When the modules or their programs cannot be looked at.
pub(super) fn networks(root: &Root) -> Result<Vec<String>, Problem> {
    let modules = root.names(MODULES)?;
    let mut networks = Vec::new();
    for (network, programs) in NETWORKS {
        // A number in front of the name tells in which order dracut takes them.
        let has_module = modules.iter().any(|name| name.trim_start_matches(|c: char| c.is_ascii_digit()) == network);
        if has_module && (programs.is_empty() || first_of(root, programs, FileKind::File)?.is_some()) {
            networks.push(network.to_owned());
        }
    }
    Ok(networks)
}

/// Reads the words that are kept out, each where it is first named. A file that cannot be read only costs the
/// advice a line: what an image lacks is seen in the image.
pub(super) fn omits(root: &Root) -> Vec<Omit> {
    let listings = DIRECTORIES.map(|directory| (directory, root.names(directory).unwrap_or_default()));
    let mut paths = vec![MAIN.to_owned()];
    paths.extend(systemd::conf_files(&listings, ".conf"));
    let mut variables = Variables::default();
    let mut omits: Vec<Omit> = Vec::new();
    let mut named = BTreeSet::new();
    for path in paths {
        let Ok(Some(text)) = root.text(&path) else { continue };
        variables.read(&text, &root.name(&path), Shell::Bash);
        for key in KEYS {
            let new = |word: &&str| named.insert((key, (*word).to_owned()));
            let words: Vec<String> =
                variables.value(key).text.split_whitespace().filter(new).map(str::to_owned).collect();
            if let Some(at) = variables.place(key).filter(|_| !words.is_empty()) {
                omits.push(Omit { key: key.to_owned(), words, at: at.clone() });
            }
        }
    }
    // A later assignment may have taken a word back.
    for key in KEYS {
        let in_force = variables.value(key).text;
        let in_force: BTreeSet<&str> = in_force.split_whitespace().collect();
        let of_key = omits.iter_mut().filter(|omit| omit.key == key);
        of_key.for_each(|omit| omit.words.retain(|word| in_force.contains(word.as_str())));
    }
    omits.retain(|omit| !omit.words.is_empty());
    omits
}
