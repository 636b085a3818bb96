//! A rule that is put first into the chains of a hook.

use super::RuleSet;
use crate::formats::firewall::rules::{Packet, follow};
use crate::formats::text::edit::{Unedited, line_end};

/// Where a chain's `type … hook …` statement ends.
struct Place {
    at: usize,
    /// What ends it: `;`, a newline or `}`.
    end: char,
    /// The blanks in front of it, where nothing else stands before it on its line.
    indent: Option<String>,
}

/// A file in which the chains of a hook accept a session's packets before any other rule.
///
/// # Errors
/// When it has no such chain, or the packets would be stopped all the same.
pub(crate) fn accepting(text: &str, packet: Packet) -> Result<String, Unedited> {
    let (hook, rule) = match packet {
        Packet::Request => ("output", "tcp dport 3260 accept"),
        Packet::Reply => ("input", "ct state established,related accept"),
    };
    if accepts(text, hook, packet) {
        return Ok(text.to_owned());
    }
    let places = places(text, hook);
    if places.is_empty() {
        return Err(Unedited::new(format!("has no chain of the {hook} hook that isctpl can edit")));
    }
    let mut added = Vec::new();
    for place in &places {
        let rest = text.get(place.at..).unwrap_or_default();
        let (line, _) = rest.split_once('\n').unwrap_or((rest, ""));
        // A policy may follow on the same line.
        let written = line.split('#').next().unwrap_or_default().trim().trim_start_matches(';').trim();
        let is_last =
            written.is_empty() || written.starts_with("policy") && written.ends_with(';') && !written.contains('}');
        match (&place.indent, place.end) {
            (Some(indent), ';' | '\n') if is_last && line.len() < rest.len() => {
                added.push((place.at + line.len() + 1, format!("{indent}{rule}{}", line_end(text))));
            }
            (_, ';') => added.push((place.at + 1, format!(" {rule};"))),
            (_, '}') => added.push((place.at, format!("; {rule}; "))),
            _ => return Err(Unedited::new(format!("has a chain of the {hook} hook that isctpl cannot edit"))),
        }
    }
    // From the last one on, so that the places of the others stay: of chains on one line the first may be added behind.
    added.sort_by_key(|(at, _)| *at);
    let mut edited = text.to_owned();
    for (at, rule) in added.iter().rev() {
        edited.insert_str(*at, rule);
    }
    match accepts(&edited, hook, packet) {
        true => Ok(edited),
        false => Err(Unedited::new("stops the session's packets in a way that isctpl does not edit")),
    }
}

/// Whether all chains of a hook let the packet pass, whatever else decides.
fn accepts(text: &str, hook: &str, packet: Packet) -> bool {
    let mut set = RuleSet::default();
    set.add(text, "");
    // What nft refuses as a whole lets pass whatever it says, and a file that was not read to its end may say more.
    let is_read = set.unclear.is_empty() && set.refused().is_empty();
    let mut bases = set.bases.iter().filter(|base| base.hook == hook);
    is_read
        && bases.all(|base| {
            let outcome = follow(&set.chains, &base.name, base.policy.clone(), packet, None);
            outcome.accepted && outcome.unclear.is_empty()
        })
}

/// The statements that make chains base chains of a hook, of tables that see IPv4.
fn places(text: &str, hook: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let mut open: Vec<Vec<&str>> = Vec::new();
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let length = match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' => rest.get(1..).and_then(|inner| inner.find('"')).map_or(rest.len(), |end| end + 2),
            '\\' if rest.starts_with("\\\n") => 2,
            '{' => {
                open.push(words.drain(..).map(|(_, word)| word).collect());
                1
            }
            ';' | '\n' | '}' => {
                if is_base(&words, hook) && is_ipv4(&open) {
                    places.push(Place {
                        at,
                        end: c,
                        indent: words.first().and_then(|(start, _)| indent(text, *start)),
                    });
                }
                words.clear();
                if c == '}' {
                    open.pop();
                }
                1
            }
            c if c.is_whitespace() => c.len_utf8(),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "{};\"#".contains(c)).unwrap_or(rest.len());
                words.push((at, rest.get(..end).unwrap_or_default()));
                end
            }
        };
        at += length.max(1);
    }
    places
}

fn is_base(words: &[(usize, &str)], hook: &str) -> bool {
    let words: Vec<&str> = words.iter().take(4).map(|(_, word)| *word).collect();
    words == ["type", "filter", "hook", hook]
}

/// Whether the table around sees IPv4, as one without a family does.
fn is_ipv4(open: &[Vec<&str>]) -> bool {
    let words = open.iter().flatten();
    let mut families = words.filter(|word| matches!(**word, "ip" | "inet" | "ip6" | "arp" | "bridge" | "netdev"));
    families.next().is_none_or(|family| matches!(*family, "ip" | "inet"))
}

fn indent(text: &str, start: usize) -> Option<String> {
    let before = text.get(..start)?.rsplit('\n').next().unwrap_or_default();
    before.trim().is_empty().then(|| before.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rule_comes_first() {
        for (text, expected) in [
            (
                "table inet filter {\n\tchain output {\n\t\ttype filter hook output priority 0; policy drop;\n\t\t# x\n\t}\n}\n",
                "table inet filter {\n\tchain output {\n\t\ttype filter hook output priority 0; policy drop;\n\
                 \t\ttcp dport 3260 accept\n\t\t# x\n\t}\n}\n",
            ),
            (
                "table ip t {\n  chain o {\n    type filter hook output priority filter\n    policy drop\n  }\n}",
                "table ip t {\n  chain o {\n    type filter hook output priority filter\n    tcp dport 3260 accept\n    \
                 policy drop\n  }\n}",
            ),
            (
                "table t { chain o { type filter hook output priority 0; policy drop; } }\n",
                "table t { chain o { type filter hook output priority 0; tcp dport 3260 accept; policy drop; } }\n",
            ),
            (
                "table ip6 s { chain o { type filter hook output priority 0; policy drop; } }\n\
                 table inet t { chain o { type filter hook output priority 0; drop } }\n",
                "table ip6 s { chain o { type filter hook output priority 0; policy drop; } }\n\
                 table inet t { chain o { type filter hook output priority 0; tcp dport 3260 accept; drop } }\n",
            ),
            (
                "table inet t {\r\n chain o {\r\n  type filter hook output priority 0; policy drop;\r\n }\r\n}\r\n",
                "table inet t {\r\n chain o {\r\n  type filter hook output priority 0; policy drop;\r\n  \
                 tcp dport 3260 accept\r\n }\r\n}\r\n",
            ),
            (
                "table inet t { chain o { type filter hook output priority 0; policy accept; } }",
                "table inet t { chain o { type filter hook output priority 0; policy accept; } }",
            ),
        ] {
            let once = accepting(text, Packet::Request).unwrap();
            assert_eq!(once, expected);
            assert_eq!(accepting(&once, Packet::Request).unwrap(), once);
        }
        let input = "table inet t { chain i { type filter hook input priority 0; policy drop; } }";
        assert!(accepting(input, Packet::Reply).unwrap().contains("; ct state established,related accept; policy"));
    }

    #[test]
    fn what_has_no_such_chain_is_refused() {
        let text = "table inet t { chain o {\n jump x; } }\nadd chain inet t b { type filter hook output priority 0; policy drop\n";
        let _ = accepting(text, Packet::Request);
        assert!(accepting("table ip t { chain c { type nat hook output priority 0; } }", Packet::Request).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_text_is_edited_or_refused(text in "(table inet t|table ip6 t|chain o|\\{|\\}|;|\n| |type filter hook output priority 0|policy drop|drop|\"é\"|#x|\\\\){0,24}") {
            let Ok(edited) = accepting(&text, Packet::Request) else { return Ok(()) };
            prop_assert!(accepts(&edited, "output", Packet::Request));
            prop_assert_eq!(accepting(&edited, Packet::Request), Ok(edited));
        }
    }
}
