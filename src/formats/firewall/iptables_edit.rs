//! A rule that is put in front of the others of a chain in iptables-save's format.

use super::iptables::Table;
use super::rules::{Packet, follow};
use crate::formats::text::edit::{Unedited, line_end};
use isctpl_checks::facts::{Located, Location};

/// A file whose chain `chain` accepts a session's packets before any other rule of the table `filter`.
///
/// # Errors
/// When the file has no such chain, or the packets would be stopped all the same.
pub(crate) fn accepting(text: &str, chain: &str, packet: Packet) -> Result<String, Unedited> {
    let rule = match packet {
        Packet::Request => "-p tcp -m tcp --dport 3260 -j ACCEPT",
        Packet::Reply => "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    };
    if accepts(text, chain, packet) {
        return Ok(text.to_owned());
    }
    let has_tables = text.lines().any(|line| line.starts_with('*'));
    let mut in_filter = !has_tables;
    let mut at = 0;
    let mut place = None;
    for line in text.split_inclusive('\n') {
        let written = line.trim();
        if written.starts_with('*') {
            in_filter = written == "*filter";
        }
        // Counters may stand in front of a rule.
        let is_rule = written.starts_with('-') || written.starts_with('[');
        if in_filter && (is_rule || written == "COMMIT") {
            place = Some(at);
            break;
        }
        at += line.len();
    }
    let at = place.ok_or_else(|| Unedited::new("has no table `filter` that isctpl can edit"))?;
    let mut edited = text.to_owned();
    edited.insert_str(at, &format!("-A {chain} {rule}{}", line_end(text)));
    match accepts(&edited, chain, packet) {
        true => Ok(edited),
        false => Err(Unedited::new("stops the session's packets in a way that isctpl does not edit")),
    }
}

fn accepts(text: &str, chain: &str, packet: Packet) -> bool {
    let mut table = Table::default();
    table.add(text, "");
    // A chain of one's own without a policy goes on with the rules of others: nothing is accepted yet.
    let otherwise = || (chain != "OUTPUT" && chain != "INPUT", Located::new(String::new(), Location::file("")));
    let policy = table.policies.get(chain).cloned().unwrap_or_else(|| {
        let (is_own, nowhere) = otherwise();
        (!is_own, nowhere)
    });
    let outcome = follow(&table.chains, chain, policy, packet, None);
    outcome.accepted && outcome.unclear.is_empty()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rule_comes_first() {
        let rule = "-A OUTPUT -p tcp -m tcp --dport 3260 -j ACCEPT";
        for (text, expected) in [
            (
                "*nat\n-A OUTPUT -j X\nCOMMIT\n*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -o lo -j ACCEPT\nCOMMIT\n"
                    .to_owned(),
                format!(
                    "*nat\n-A OUTPUT -j X\nCOMMIT\n*filter\n:OUTPUT DROP [0:0]\n{rule}\n-A OUTPUT -o lo -j ACCEPT\nCOMMIT\n"
                ),
            ),
            (
                "*filter\r\n:OUTPUT DROP\r\nCOMMIT\r\n".to_owned(),
                format!("*filter\r\n:OUTPUT DROP\r\n{rule}\r\nCOMMIT\r\n"),
            ),
            ("*filter\n:OUTPUT ACCEPT\nCOMMIT".to_owned(), "*filter\n:OUTPUT ACCEPT\nCOMMIT".to_owned()),
        ] {
            let once = accepting(&text, "OUTPUT", Packet::Request).unwrap();
            assert_eq!(once, expected);
            assert_eq!(accepting(&once, "OUTPUT", Packet::Request).unwrap(), once);
        }
        let ufw = "*filter\n:ufw-before-output - [0:0]\n# c\n-A ufw-before-output -o lo -j ACCEPT\nCOMMIT\n";
        let once = accepting(ufw, "ufw-before-output", Packet::Request).unwrap();
        assert!(
            once.contains("# c\n-A ufw-before-output -p tcp -m tcp --dport 3260 -j ACCEPT\n-A ufw-before-output -o")
        );
        assert_eq!(accepting(&once, "ufw-before-output", Packet::Request).unwrap(), once);
        let input = accepting("*filter\n:INPUT DROP\nCOMMIT\n", "INPUT", Packet::Reply).unwrap();
        assert!(input.contains("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"));
    }

    #[test]
    fn what_is_stopped_all_the_same_is_refused() {
        assert!(accepting("*nat\nCOMMIT\n", "ufw-before-output", Packet::Request).is_err());
        let inserted = "*filter\n:OUTPUT DROP\n-I OUTPUT -j DROP\nCOMMIT\n";
        assert!(accepting(inserted, "OUTPUT", Packet::Request).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_text_is_edited_or_refused(text in "(\\*filter|\\*nat|COMMIT|:OUTPUT DROP|-A OUTPUT -j DROP|-A OUTPUT|é|#x|\r?\n| ){0,24}") {
            let Ok(edited) = accepting(&text, "OUTPUT", Packet::Request) else { return Ok(()) };
            prop_assert!(accepts(&edited, "OUTPUT", Packet::Request));
            prop_assert_eq!(accepting(&edited, "OUTPUT", Packet::Request), Ok(edited));
        }
    }
}
