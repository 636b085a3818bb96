//! netplan's YAML (netplan(5)).
//!
//! netplan reads every file in turn and lays one over the other: a single value replaces the one
//! before it, lists grow, mappings are merged. A file that is wrong makes netplan write nothing at
//! all. Names of networks and passwords of Wi-Fi or 802.1X are never looked at.

mod definition;
pub(crate) mod edit;
#[cfg(test)]
mod tests;

use crate::formats::text::harmless::wrong_value;
use crate::formats::text::yaml::{Document, Node};
use definition::Definition;
use isctpl_checks::facts::{InterfaceConfig, Located, Location, Problem};
use std::collections::BTreeMap;

/// The most definitions that are kept.
const DEFINITION_LIMIT: usize = 4096;

/// Keys of `network:` that are no groups of definitions.
const NO_GROUPS: [&str; 3] = ["version", "renderer", "openvswitch"];

/// Every file of netplan, laid over each other.
#[derive(Debug, Default)]
pub(crate) struct Netplan {
    definitions: BTreeMap<String, Definition>,
    renderer: Option<String>,
    group_renderers: BTreeMap<String, String>,
    has_open_vswitch: bool,
    problems: Vec<Problem>,
}

impl Netplan {
    /// Lays a file over those before it. `generated_by` names the program that wrote it, where known.
    pub(crate) fn add(&mut self, text: &str, path: &str, generated_by: Option<&str>) {
        let document = match Document::read(text) {
            Ok(document) => document,
            Err(fault) => {
                self.problem(&Location::line(path, fault.line), fault.what);
                return;
            }
        };
        let Some(root) = document.root() else { return };
        let network = root.entries().into_iter().find(|(key, ..)| *key == "network").map(|(.., value)| value);
        match network {
            Some(network) if network.is_mapping() => self.network(network, path, generated_by),
            Some(network) if network.is_null() => {}
            Some(network) => self.problem(&Location::line(path, network.line()), "`network:` is not a mapping"),
            None if root.is_null() => {}
            None => self.problem(&Location::line(path, root.line()), "has no `network:`"),
        }
        if document.cut_short() {
            self.problem(&Location::file(path), "refers to its own anchors so often that it was not read to the end");
        }
    }

    fn problem(&mut self, at: &Location, what: impl Into<String>) {
        self.problems.push(Problem::new(at.to_string(), what));
    }

    fn network(&mut self, network: Node<'_>, path: &str, generated_by: Option<&str>) {
        for (group, _, value) in network.entries() {
            if group == "renderer" {
                self.renderer = value.text().map(str::to_owned);
            }
            self.has_open_vswitch |= group == "openvswitch";
            if group == "version" && value.text() != Some("2") {
                self.problem(&Location::line(path, value.line()), "netplan takes version 2 only");
            }
            if NO_GROUPS.contains(&group) || value.is_null() {
                continue;
            }
            if !value.is_mapping() {
                self.problem(&Location::line(path, value.line()), format!("`{group}:` is not a mapping"));
                continue;
            }
            for (id, key, body) in value.entries() {
                if id == "renderer" && body.text().is_some() {
                    self.group_renderers.insert(group.to_owned(), body.text().unwrap_or_default().to_owned());
                    continue;
                }
                self.definition(group, id, Location::line(path, key.line()), body, generated_by);
            }
        }
    }

    fn definition(&mut self, group: &str, id: &str, at: Location, body: Node<'_>, generated_by: Option<&str>) {
        if !body.is_mapping() && !body.is_null() {
            self.problem(&at, format!("`{id}:` is not a mapping"));
            return;
        }
        if self.definitions.len() == DEFINITION_LIMIT && !self.definitions.contains_key(id) {
            self.problem(&at, format!("there are more than {DEFINITION_LIMIT} definitions"));
            return;
        }
        let known = self.definitions.entry(id.to_owned());
        let definition = known.or_insert_with(|| Definition::new(group, id, at.clone()));
        if definition.group != group {
            let what = format!("`{id}` is already defined under `{}`", definition.group);
            self.problem(&at, what);
            return;
        }
        definition.lay_over(body, &at, generated_by, &mut self.problems);
    }

    /// The configurations, in the order of the files that netplan writes for networkd
    /// (`10-netplan-ID.network`), and what could not be understood.
    pub(crate) fn finish(mut self) -> (Vec<InterfaceConfig>, Vec<Problem>) {
        // Of Open vSwitch netplan makes ports that no definition is for.
        let undefined =
            self.definitions.values().filter(|definition| definition.names_definitions()).find_map(|upper| {
                let missing = upper.lower().iter().find(|lower| !self.definitions.contains_key(*lower))?;
                Some(Problem::new(
                    upper.located_id().at.to_string(),
                    format!("`{}` is not defined", wrong_value(missing)),
                ))
            });
        self.problems.extend(undefined.filter(|_| !self.has_open_vswitch));
        let called: BTreeMap<String, String> =
            self.definitions.iter().filter_map(|(id, definition)| Some((id.clone(), definition.called()?))).collect();
        let made = self.definitions.values().filter(|definition| definition.has_ports());
        let uppers: BTreeMap<String, Located<String>> =
            made.flat_map(|upper| upper.lower().iter().map(|lower| (lower.clone(), upper.located_id()))).collect();
        let interfaces = self
            .definitions
            .into_iter()
            .map(|(id, definition)| {
                // Where it has a name, the other one bears that.
                let upper = uppers.get(&id).filter(|_| !called.contains_key(&id)).cloned();
                let renderer = self.group_renderers.get(&definition.group).or(self.renderer.as_ref()).cloned();
                let mut config = definition.finish(renderer);
                config.port_of = upper;
                for lower in &mut config.lower {
                    if let Some(name) = called.get(lower) {
                        lower.clone_from(name);
                    }
                }
                config
            })
            .collect();
        (interfaces, self.problems)
    }
}
