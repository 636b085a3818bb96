//! A file of isctpl's own for netplan, which lays it over the definitions of other files (netplan(5), "Multiple
//! configuration files"): those stay as they are, and what a program writes anew does not take it away.

use crate::formats::text::edit::Unedited;
use crate::formats::text::yaml::{Document, Node};
use isctpl_checks::facts::StaticRoute;
use std::collections::BTreeMap;
use std::fmt::Write;

const HEAD: &str = "# Of isctpl: this keeps the network of the root's disk as the initramfs has set it up.\n";

/// Which definition is meant: its group, such as `ethernets`, and its id.
pub(crate) type Definition = (String, String);

/// What is said of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Addition {
    /// `critical: true`.
    Critical,
    /// `use-routes: true` for DHCP over IPv4.
    UseRoutes,
    /// A static route.
    Route(StaticRoute),
}

/// The definition whose key stands on a line of a file; `None` where there is none, or more than one.
pub(crate) fn definition_at(text: &str, line: u32) -> Option<Definition> {
    let document = Document::read(text).ok()?;
    let mut found = definitions(document.root()?).into_iter().filter(|(.., key, _)| key.line() == line);
    let (group, id, ..) = found.next()?;
    found.next().is_none().then(|| (group.to_owned(), id.to_owned()))
}

/// Adds to what the file says already.
///
/// # Errors
/// When it is not as this function writes it.
pub(crate) fn add(text: &str, definition: &Definition, addition: &Addition) -> Result<String, Unedited> {
    let mut known = read(text).filter(|known| text.is_empty() || render(known) == text);
    let known = known.as_mut().ok_or_else(|| Unedited::new("is not as isctpl has written it"))?;
    let said = known.entry(definition.clone()).or_default();
    match addition {
        Addition::Critical => said.critical = true,
        Addition::UseRoutes => said.use_routes = true,
        Addition::Route(route) if said.routes.contains(route) => {}
        Addition::Route(route) => said.routes.push(route.clone()),
    }
    Ok(render(known))
}

/// What the file says of one definition.
#[derive(Debug, Default)]
struct Said {
    critical: bool,
    use_routes: bool,
    routes: Vec<StaticRoute>,
}

fn definitions(root: Node<'_>) -> Vec<(&str, &str, Node<'_>, Node<'_>)> {
    let network = root.entries().into_iter().filter(|(key, ..)| *key == "network");
    let groups = network.flat_map(|(.., network)| network.entries()).filter(|(.., group)| group.is_mapping());
    groups
        .flat_map(|(group, _, body)| body.entries().into_iter().map(move |(id, key, value)| (group, id, key, value)))
        .collect()
}

fn read(text: &str) -> Option<BTreeMap<Definition, Said>> {
    let document = Document::read(text).ok()?;
    let Some(root) = document.root() else { return Some(BTreeMap::new()) };
    let said = |body: Node<'_>| {
        let value = |key: &str| body.entries().into_iter().find(|(name, ..)| *name == key).map(|(.., value)| value);
        Some(Said {
            critical: value("critical").is_some(),
            use_routes: value("dhcp4-overrides").is_some(),
            routes: value("routes")
                .map_or(Some(Vec::new()), |routes| routes.items().into_iter().map(route).collect())?,
        })
    };
    definitions(root)
        .into_iter()
        .map(|(group, id, _, body)| Some(((group.to_owned(), id.to_owned()), said(body)?)))
        .collect()
}

fn route(node: Node<'_>) -> Option<StaticRoute> {
    let entries = node.entries();
    let value = |key: &str| entries.iter().find(|(name, ..)| *name == key).and_then(|(.., value)| value.text());
    let gateway = value("via").map(str::parse).transpose().ok()?;
    let metric = value("metric").map(str::parse).transpose().ok()?;
    Some(StaticRoute { destination: value("to")?.parse().ok()?, gateway, metric })
}

fn render(known: &BTreeMap<Definition, Said>) -> String {
    let mut text = format!("{HEAD}network:\n  version: 2\n");
    let mut last = None;
    for ((group, id), said) in known {
        if last.replace(group) != Some(group) {
            let _ = writeln!(text, "  {group}:");
        }
        let _ = writeln!(text, "    {}:", quoted(id));
        if said.critical {
            text.push_str("      critical: true\n");
        }
        if said.use_routes {
            text.push_str("      dhcp4-overrides:\n        use-routes: true\n");
        }
        if !said.routes.is_empty() {
            text.push_str("      routes:\n");
        }
        for route in &said.routes {
            let _ = writeln!(text, "        - to: \"{}\"", route.destination);
            let _ = match route.gateway {
                Some(gateway) => writeln!(text, "          via: \"{gateway}\""),
                None => writeln!(text, "          scope: link"),
            };
            if let Some(metric) = route.metric {
                let _ = writeln!(text, "          metric: {metric}");
            }
        }
    }
    text
}

/// An id as YAML takes it for a text, whatever it looks like.
fn quoted(id: &str) -> String {
    let is_word = id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let begins_as_name = id.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_other = matches!(
        id.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "renderer"
    );
    match is_word && begins_as_name && !is_other {
        true => id.to_owned(),
        false => format!("\"{}\"", id.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Netplan;
    use super::*;

    const INSTANCE: &str = "network:\n  version: 2\n  ethernets:\n    san: {dhcp4: true, dhcp4-overrides: {use-routes: false}, match: {macaddress: \"52:54:00:00:00:01\"}}\n    \"on\":\n      dhcp4: true\n  vlans:\n    v: {id: 1, link: san}\n";

    fn to_target() -> StaticRoute {
        StaticRoute {
            destination: "100.97.0.0/16".parse().unwrap(),
            gateway: Some("100.64.16.49".parse().unwrap()),
            metric: Some(5),
        }
    }

    #[test]
    fn definitions_are_found_by_their_lines() {
        let found = |line| definition_at(INSTANCE, line).map(|(group, id)| format!("{group} {id}"));
        assert_eq!(found(4).as_deref(), Some("ethernets san"));
        assert_eq!(found(5).as_deref(), Some("ethernets on"));
        assert_eq!(found(8).as_deref(), Some("vlans v"));
        assert_eq!(found(6), None);
        assert_eq!(definition_at("network: {ethernets: {a: {}, b: {}}}", 1), None);
        assert_eq!(definition_at("network: [", 1), None);
    }

    #[test]
    fn what_is_added_lies_over_other_files() {
        let mut text = String::new();
        for (line, addition) in [
            (4, Addition::UseRoutes),
            (5, Addition::Critical),
            (4, Addition::Route(to_target())),
            (4, Addition::Critical),
        ] {
            let definition = definition_at(INSTANCE, line).unwrap();
            text = add(&text, &definition, &addition).unwrap();
            assert_eq!(add(&text, &definition, &addition).unwrap(), text, "again");
        }
        assert_eq!(
            text,
            format!(
                "{HEAD}network:\n  version: 2\n  ethernets:\n    \"on\":\n      critical: true\n    san:\n      critical: true\n      dhcp4-overrides:\n        use-routes: true\n      routes:\n        - to: \"100.97.0.0/16\"\n          via: \"100.64.16.49\"\n          metric: 5\n"
            )
        );
        let mut netplan = Netplan::default();
        netplan.add(INSTANCE, "/a", None);
        netplan.add(&text, "/b", None);
        let (configs, problems) = netplan.finish(false);
        assert!(problems.is_empty(), "{problems:?}");
        let san = configs.iter().find(|config| config.matches.macs == ["52:54:00:00:00:01"]).unwrap();
        assert_eq!(san.keep.as_ref().unwrap().value, "true");
        assert!(san.use_dhcp_routes.as_ref().unwrap().value);
        assert_eq!(san.routes[0].value, to_target());
    }

    #[test]
    fn what_somebody_has_changed_is_refused() {
        let definition = ("ethernets".to_owned(), "san".to_owned());
        let text = add("", &definition, &Addition::Critical).unwrap();
        for other in [text.replace("true", "false"), format!("{text}# mine\n"), "network: [".to_owned()] {
            assert!(add(&other, &definition, &Addition::UseRoutes).is_err(), "{other}");
        }
    }

    #[test]
    fn odd_ids_are_quoted() {
        for id in ["id0", "en p\"\\", "0x10", "No", "eth0.47", "*"] {
            let definition = ("ethernets".to_owned(), id.to_owned());
            let text = add("", &definition, &Addition::Critical).unwrap();
            assert_eq!(definition_at(&text, 5), Some(definition), "{text}");
        }
    }
}
