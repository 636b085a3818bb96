//! The ports of bonds and bridges, as a stanza of the bond or bridge names them.

/// What `all` stands for: /lib/bridge-utils/bridge-utils.sh, and ifenslave's hook for bonds.
const ALL_OF_BRIDGE: [&str; 4] = ["eth*", "em*", "en*", "p[0-9]*"];
const ALL_OF_BOND: [&str; 1] = ["eth*"];

/// Names and globs of ports, and whether all of them were understood. `regex` makes regular expressions of the words
/// behind it, until `noregex`; of those a name, and a name with `.*` behind it, are understood.
pub(super) fn names(value: &str, bridge: bool) -> (Vec<String>, bool) {
    let mut names: Vec<String> = Vec::new();
    let (mut regex, mut understood) = (false, true);
    for word in value.split_whitespace() {
        match word {
            "none" => {}
            "all" if bridge => {
                names.extend(ALL_OF_BRIDGE.map(str::to_owned));
                regex = false;
            }
            "all" => names.extend(ALL_OF_BOND.map(str::to_owned)),
            "regex" if bridge => regex = true,
            "noregex" if bridge => regex = false,
            _ if regex => match glob(word) {
                Some(glob) => names.push(glob),
                None => understood = false,
            },
            // ifupdown2's ranges.
            "glob" if bridge => understood = false,
            _ => names.push(word.to_owned()),
        }
    }
    (names, understood)
}

/// The glob that fits what a regular expression of one of the simplest kinds fits.
fn glob(regex: &str) -> Option<String> {
    let (name, ending) = match regex.strip_suffix(".*") {
        Some(name) => (name, "*"),
        None => (regex, ""),
    };
    name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)).then(|| format!("{name}{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Held against bridge_parse_ports() of bridge-utils 1.7.1, run with `eth0 enp0s3 p1p1 br0` in /proc/net/dev.
    #[test]
    fn ports_by_name_by_all_and_by_regular_expression() {
        for (value, bridge, expected, understood) in [
            ("enp0s3 eth1", true, vec!["enp0s3", "eth1"], true),
            ("none", true, vec![], true),
            ("all", true, vec!["eth*", "em*", "en*", "p[0-9]*"], true),
            ("regex en.* noregex eth1", true, vec!["en*", "eth1"], true),
            ("regex (en|eth).*", true, vec![], false),
            ("all", false, vec!["eth*"], true),
            ("regex eth1", false, vec!["regex", "eth1"], true),
        ] {
            let (names, all) = names(value, bridge);
            assert_eq!((names.iter().map(String::as_str).collect::<Vec<_>>(), all), (expected, understood), "{value}");
        }
    }
}
