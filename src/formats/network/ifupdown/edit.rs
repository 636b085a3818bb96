//! Stanzas that are edited so that ifupdown leaves an interface as the initramfs has set it up.

use super::convert::is_ipv4;
use super::file::{Iface, Item, Stanza};
use super::stanzas::parse;
use crate::formats::text::edit::{Unedited, append, line_end};
use crate::formats::text::glob::glob_matches;
use isctpl_checks::facts::Location;
use std::ops::Range;

/// Options by which DHCP or a static address comes. `manual` of Debian's ifupdown does nothing with them, but
/// ifupdown-ng sets an `address` whatever the method is, and a person takes them to be in force.
const OF_ADDRESSES: [&str; 14] = [
    "address",
    "broadcast",
    "client",
    "gateway",
    "hostname",
    "leasehours",
    "leasetime",
    "metric",
    "netmask",
    "network",
    "pointopoint",
    "preferred-lifetime",
    "scope",
    "vendor",
];

/// Whether there is an IPv4 stanza for an interface by this very name.
pub(crate) fn has_stanza(text: &str, name: &str) -> bool {
    !stanzas_of(text, name).is_empty()
}

/// Makes the IPv4 stanzas of an interface `manual`, and turns their options for addresses into comments.
pub(crate) fn manual(text: &str, name: &str) -> Result<String, Unedited> {
    let mut file = Lines::of(text);
    for iface in stanzas_of(text, name) {
        if let Some(parent) = iface.inherits.first() {
            return Err(Unedited::at(line(&iface.at), format!("takes options from the stanza of `{parent}` too")));
        }
        if iface.method.is_none() {
            return Err(Unedited::at(line(&iface.at), "has no method, such as `inet dhcp`"));
        }
        file.replace_word(line(&iface.at), 3, "manual")?;
        for option in &iface.options {
            let runs_dhcp = option.name == "use" && option.value == "dhcp";
            if runs_dhcp || OF_ADDRESSES.contains(&option.name.as_str()) {
                file.comment_out(line(&option.at));
            }
        }
    }
    Ok(file.text())
}

/// Has `ifdown -a` leave an interface up: a line `no-auto-down` in front of its stanza, or at the end where another
/// file has that.
pub(crate) fn no_auto_down(text: &str, name: &str) -> Result<String, Unedited> {
    if is_left_up(text, name) {
        return Ok(text.to_owned());
    }
    let added = format!("no-auto-down {name}");
    let edited = match stanzas_of(text, name).first() {
        Some(stanza) => {
            let mut file = Lines::of(text);
            file.insert(line(&stanza.at), &added, line_end(text));
            file.text()
        }
        None => append(text, &[&added]),
    };
    match is_left_up(&edited, name) {
        true => Ok(edited),
        false => Err(Unedited::at(text.lines().count(), "ends with a backslash, so that the line goes on")),
    }
}

fn is_left_up(text: &str, name: &str) -> bool {
    parse(text, "").items.iter().any(|item| match item {
        Item::Stanza(Stanza::Allow { class, names, .. }) if class == "no-auto-down" => {
            names.iter().map(|glob| glob.trim_start_matches('/')).any(|glob| glob == name || glob_matches(glob, name))
        }
        _ => false,
    })
}

/// Leaves an interface out: it is in no list of what is brought up at boot, and its IPv4 stanzas are comments. For
/// programs that do not know `no-auto-down`.
pub(crate) fn left_out(text: &str, name: &str) -> Result<String, Unedited> {
    let mut file = Lines::of(text);
    for item in parse(text, "").items {
        let Item::Stanza(Stanza::Allow { class, names, at }) = item else { continue };
        if !matches!(class.as_str(), "auto" | "boot" | "hotplug") {
            continue;
        }
        if let Some(glob) = names.iter().find(|glob| is_other_word_for(glob, name)) {
            return Err(Unedited::at(line(&at), format!("`{glob}` stands for {name} too")));
        }
        if names.iter().all(|listed| listed == name) {
            file.comment_out(line(&at));
        } else {
            file.remove_words(line(&at), name)?;
        }
    }
    for iface in stanzas_of(text, name) {
        file.comment_out(line(&iface.at));
        iface.lines.iter().for_each(|number| file.comment_out(*number as usize));
    }
    Ok(file.text())
}

/// Whether a word of a list is a glob or a mapping for an interface, and not its name.
fn is_other_word_for(word: &str, name: &str) -> bool {
    let glob = word.split_once('=').map_or(word, |(glob, _)| glob);
    word != name && glob_matches(glob.trim_start_matches('/'), name)
}

fn stanzas_of(text: &str, name: &str) -> Vec<Iface> {
    let of_name = |iface: &Iface| !iface.template && iface.name == name && is_ipv4(iface);
    let items = parse(text, "").items.into_iter();
    items
        .filter_map(|item| match item {
            Item::Stanza(Stanza::Iface(iface)) if of_name(&iface) => Some(iface),
            _ => None,
        })
        .collect()
}

fn line(at: &Location) -> usize {
    at.line as usize
}

/// The lines of a text with their ends. A line is named by its number in the text as it was, counted from 1; one that
/// ends with a backslash goes on in the next.
struct Lines {
    lines: Vec<String>,
}

impl Lines {
    fn of(text: &str) -> Self {
        Self { lines: text.split_inclusive('\n').map(str::to_owned).collect() }
    }

    fn text(self) -> String {
        self.lines.concat()
    }

    /// The lines that one is joined of, as indices.
    fn joined(&self, number: usize) -> Range<usize> {
        let start = number.saturating_sub(1).min(self.lines.len());
        let goes_on = |line: &&String| line.trim_end_matches(['\n', '\r']).ends_with('\\');
        let more = self.lines.iter().skip(start).take_while(goes_on).count();
        start..(start + more + 1).min(self.lines.len())
    }

    /// Turns a line, and those that it goes on in, into comments.
    fn comment_out(&mut self, number: usize) {
        let range = self.joined(number);
        for line in self.lines.iter_mut().take(range.end).skip(range.start) {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            line.insert(indent, '#');
        }
    }

    /// Puts a line in front of another, as far in as that is.
    fn insert(&mut self, number: usize, added: &str, end: &str) {
        let index = number.saturating_sub(1);
        if let Some(line) = self.lines.get_mut(index) {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            let indent = line.get(..indent).unwrap_or_default();
            *line = format!("{indent}{added}{end}{line}");
        }
    }

    /// The words of a line and where each stands: line and bytes. A word that the end of a line cuts in two is refused.
    fn words(&self, number: usize) -> Result<Vec<(usize, Range<usize>)>, Unedited> {
        let mut words = Vec::new();
        for index in self.joined(number) {
            let line = self.lines.get(index).map_or("", String::as_str).trim_end_matches(['\n', '\r']);
            let goes_on = line.ends_with('\\');
            let piece = line.strip_suffix('\\').unwrap_or(line);
            let mut start = None;
            for (at, c) in piece.char_indices().chain([(piece.len(), ' ')]) {
                match start {
                    None if !c.is_whitespace() => start = Some(at),
                    Some(from) if c.is_whitespace() => {
                        words.push((index, from..at));
                        start = None;
                    }
                    _ => {}
                }
            }
            let next = self.lines.get(index + 1).and_then(|next| next.chars().next());
            if goes_on && piece.ends_with(|c: char| !c.is_whitespace()) && next.is_some_and(|c| !c.is_whitespace()) {
                return Err(Unedited::at(index + 1, "the end of the line cuts a word in two"));
            }
        }
        Ok(words)
    }

    /// Replaces a word of a line, counted from 0.
    fn replace_word(&mut self, number: usize, which: usize, by: &str) -> Result<(), Unedited> {
        let words = self.words(number)?;
        let Some((index, range)) = words.get(which).cloned() else {
            return Err(Unedited::at(number, "has too few words"));
        };
        if let Some(line) = self.lines.get_mut(index) {
            line.replace_range(range, by);
        }
        Ok(())
    }

    /// Takes a word out of a line wherever it stands, with the blanks in front of it.
    fn remove_words(&mut self, number: usize, word: &str) -> Result<(), Unedited> {
        // ifupdown2 joins an empty piece of a line with the next line that is not.
        if self.joined(number).len() > 1 {
            return Err(Unedited::at(number, format!("goes on in the next line; {word} is not taken out of it")));
        }
        for (index, range) in self.words(number)?.into_iter().rev() {
            let Some(line) = self.lines.get_mut(index) else { continue };
            if line.get(range.clone()) == Some(word) {
                let before = line.get(..range.start).unwrap_or_default().trim_end().len();
                line.replace_range(before..range.end, "");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::interfaces;
    use super::*;
    use isctpl_checks::facts::{InterfaceConfig, Method};
    use proptest::prelude::*;

    fn configs(text: &str) -> Vec<InterfaceConfig> {
        let items = parse(text, "/i").items.into_iter();
        let stanzas: Vec<Stanza> = items
            .filter_map(|item| match item {
                Item::Stanza(stanza) => Some(stanza),
                Item::Include(_) => None,
            })
            .collect();
        interfaces(&stanzas, true, &mut Vec::new()).0
    }

    fn leave_alone(text: &str) -> String {
        no_auto_down(&manual(text, "san").unwrap(), "san").unwrap()
    }

    #[test]
    fn a_stanza_becomes_manual_and_stays_up() {
        for (before, after) in [
            ("auto lo san\niface san inet dhcp\n", "auto lo san\nno-auto-down san\niface san inet manual\n"),
            (
                "# WAN and SAN\n  iface\tsan  inet static # SAN\n\taddress 100.64.16.54/29\n\t# its router\n\tgateway 100.64.16.49\n\tmtu 9000\n\nsource x\n",
                "# WAN and SAN\n  no-auto-down san\n  iface\tsan  inet manual # SAN\n\t#address 100.64.16.54/29\n\t# its router\n\t#gateway 100.64.16.49\n\tmtu 9000\n\nsource x\n",
            ),
            (
                "iface san \\\n   inet \\\n   static\n  address \\\n   10.0.0.1\niface wan inet dhcp",
                "no-auto-down san\niface san \\\n   inet \\\n   manual\n  #address \\\n   #10.0.0.1\niface wan inet dhcp",
            ),
            (
                "iface san inet dhcp\r\n  metric 5\r\niface san inet6 auto\r\n",
                "no-auto-down san\r\niface san inet manual\r\n  #metric 5\r\niface san inet6 auto\r\n",
            ),
            (
                "mapping san\n  script x\niface san inet dhcp\n  up ip route add 10.0.0.0/8 via 10.1.1.1",
                "mapping san\n  script x\nno-auto-down san\niface san inet manual\n  up ip route add 10.0.0.0/8 via 10.1.1.1",
            ),
            (
                "no-auto-down /sa*\niface san inet static\n address 10.0.0.1/8\niface san inet static\n address 10.0.0.2/8\n",
                "no-auto-down /sa*\niface san inet manual\n #address 10.0.0.1/8\niface san inet manual\n #address 10.0.0.2/8\n",
            ),
        ] {
            let edited = leave_alone(before);
            assert_eq!(edited, after);
            assert_eq!(leave_alone(&edited), edited, "again");
            let san: Vec<_> = configs(&edited).into_iter().filter(|config| config.matches.names == ["san"]).collect();
            assert!(san.iter().all(|config| config.method == Method::Manual && config.left_up), "{edited}");
            let others = |text: &str| -> Vec<_> {
                let others = configs(text).into_iter().filter(|config| config.matches.names != ["san"]);
                others.map(|config| (config.matches, config.method, config.at_boot, config.left_up)).collect()
            };
            assert_eq!(others(&edited), others(before));
        }
    }

    #[test]
    fn what_is_manual_only_stays_up() {
        assert_eq!(
            no_auto_down("auto san\niface san inet manual\n", "san").unwrap(),
            "auto san\nno-auto-down san\niface san inet manual\n"
        );
        assert_eq!(no_auto_down("auto lo\nsource x", "san").unwrap(), "auto lo\nsource x\nno-auto-down san\n");
    }

    #[test]
    fn an_interface_is_left_out() {
        for (before, after) in [
            (
                "auto lo san wan\nallow-hotplug san\niface lo inet loopback\niface san inet dhcp\n  wpa-psk secret\n\n  # note\n  up x \\\n y\niface wan inet dhcp\n",
                "auto lo wan\n#allow-hotplug san\niface lo inet loopback\n#iface san inet dhcp\n  #wpa-psk secret\n\n  # note\n  #up x \\\n #y\niface wan inet dhcp\n",
            ),
            ("auto san \\\n  san\niface san inet dhcp", "#auto san \\\n  #san\n#iface san inet dhcp"),
            ("allow-net san\nauto lo\n", "allow-net san\nauto lo\n"),
        ] {
            let edited = left_out(before, "san").unwrap();
            assert_eq!(edited, after);
            assert_eq!(left_out(&edited, "san").unwrap(), edited, "again");
            assert!(configs(&edited).iter().all(|config| config.matches.names != ["san"]), "{edited}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (text, at) in [
            ("auto san\niface san\n  use dhcp\n", 2),
            ("iface a inet static\niface san inet static inherits a\n", 2),
            ("\niface san in\\\net dhcp\n", 2),
        ] {
            assert_eq!(manual(text, "san").unwrap_err().line, Some(at), "{text}");
        }
        assert_eq!(left_out("auto lo\nauto /s*\niface san inet dhcp\n", "san").unwrap_err().line, Some(2));
        assert_eq!(left_out("auto lo \\\n  san\niface san inet dhcp", "san").unwrap_err().line, Some(1));
        assert_eq!(left_out("auto en0=san\niface san inet dhcp\n", "en0").unwrap_err().line, Some(1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn whatever_is_edited_is_edited_once(
            text in "(auto|iface|allow-hotplug|no-auto-down|inet|inet6|dhcp|static|address|up|san|wan|/s\\*|#|\\\\\n|\r\n|\n|  | ){0,60}",
        ) {
            for edit in [manual, no_auto_down, left_out] {
                if let Ok(edited) = edit(&text, "san") {
                    prop_assert_eq!(edit(&edited, "san"), Ok(edited.clone()));
                }
            }
            if let Ok(edited) = manual(&text, "san") {
                let san = configs(&edited).into_iter().filter(|config| config.matches.names == ["san"]);
                prop_assert!(san.into_iter().all(|config| config.method == Method::Manual));
            }
        }
    }
}
