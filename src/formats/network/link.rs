//! udev's `.link` files (systemd.link(5)), as far as they name interfaces.

use super::networkd::nic_match;
use crate::formats::systemd::UnitFile;
use isctpl_checks::facts::{Location, NicMatch, Rename};

/// What a `.link` file calls the interfaces that it is for; `None` when it matches nothing or gives no
/// name. A policy stands as `NamePolicy=…`: it goes before `Name=`, which is for interfaces that no
/// word of the policy can name.
pub(crate) fn read(file: &UnitFile, path: &str) -> Option<Rename> {
    let matches = nic_match(file, "OriginalName");
    if matches == NicMatch::default() {
        return None;
    }
    let policy = file.last("Link", "NamePolicy").map(|entry| (format!("NamePolicy={}", entry.value), entry));
    let name = file.last("Link", "Name").map(|entry| (entry.value.clone(), entry));
    let (name, entry) = policy.or(name)?;
    Some(Rename {
        at: Location::line(if entry.at.path.is_empty() { path } else { &entry.at.path }, entry.at.line),
        matches,
        name,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::formats::systemd::parse;

    fn read_text(text: &str) -> Option<Rename> {
        read(&parse(text, "/l.link"), "/l.link")
    }

    #[test]
    fn a_name_by_mac() {
        let rename = read_text("[Match]\nMACAddress=52:54:00:AA:BB:01\n[Link]\nNamePolicy=\nName=san0\n").unwrap();
        assert_eq!(rename.name, "san0");
        assert_eq!(rename.at, Location::line("/l.link", 5));
        assert_eq!(rename.matches.macs, ["52:54:00:aa:bb:01"]);
    }

    #[test]
    fn a_policy_goes_before_a_name() {
        let rename = read_text("[Match]\nOriginalName=*\n[Link]\nNamePolicy=keep kernel path\nName=x\n").unwrap();
        assert_eq!(rename.name, "NamePolicy=keep kernel path");
        assert_eq!(rename.matches.names, ["*"]);
    }

    #[test]
    fn one_that_matches_or_names_nothing_is_none() {
        assert_eq!(read_text("[Link]\nName=san0\n"), None);
        assert_eq!(read_text("[Match]\nOriginalName=*\n[Link]\nMTUBytes=9000\n"), None);
    }
}
