//! netplan's YAML (netplan(5)).
//!
//! netplan reads every file in turn and lays one over the other: a single value replaces the one
//! before it, lists grow, mappings are merged. A file that is wrong makes netplan 0.106 write nothing at
//! all; the generator of later versions leaves out at boot what is wrong. Names of networks and passwords of Wi-Fi or 802.1X are never looked at.

mod definition;
pub(crate) mod edit;
mod keys;
mod refusals;
#[cfg(test)]
mod tests;

use crate::formats::text::harmless::wrong_value;
use crate::formats::text::yaml::{Document, Node};
use definition::Definition;
use isctpl_checks::facts::{InterfaceConfig, Located, Location, Problem};
use refusals::{Check, Told};
use std::collections::{BTreeMap, BTreeSet};

/// The most definitions that are kept.
const DEFINITION_LIMIT: usize = 4096;

/// Keys of `network:` that are no groups of definitions.
const NO_GROUPS: [&str; 3] = ["version", "renderer", "openvswitch"];

/// Every file of netplan, laid over each other.
#[derive(Debug, Default)]
pub(crate) struct Netplan {
    definitions: BTreeMap<String, Definition>,
    renderer: Option<String>,
    has_open_vswitch: bool,
    told: Told,
}

impl Netplan {
    /// Lays a file over those before it. `generated_by` names the program that wrote it, where known.
    pub(crate) fn add(&mut self, text: &str, path: &str, generated_by: Option<&str>) {
        let document = match Document::read(text) {
            Ok(document) => document,
            Err(fault) => {
                let at = Location::line(path, fault.line);
                return match fault.is_limit {
                    true => self.told.cut(&at, fault.what),
                    false => self.told.refuse(at, fault.what),
                };
            }
        };
        let Some(root) = document.root() else { return };
        Check { path, told: &mut self.told }.file(root);
        let networks = root.entries().into_iter().filter(|(key, ..)| *key == "network");
        networks.for_each(|(.., network)| self.network(network, path, generated_by));
        if document.cut_short() {
            let what = "refers to its own anchors so often that it was not read to the end";
            self.told.cut(&Location::file(path), what);
        }
    }

    fn network(&mut self, network: Node<'_>, path: &str, generated_by: Option<&str>) {
        let mut said = BTreeSet::new();
        for (group, _, value) in network.entries() {
            match group {
                "renderer" => self.renderer = value.scalar().map(str::to_owned),
                "openvswitch" => self.has_open_vswitch = true,
                "version" => continue,
                _ => {}
            }
            let mut renderer = None;
            for (id, key, body) in value.entries().into_iter().filter(|_| !NO_GROUPS.contains(&group)) {
                match id {
                    "renderer" => renderer = body.scalar(),
                    _ if !body.is_mapping() => {}
                    _ => {
                        let at = Location::line(path, key.line());
                        self.definition(group, id, at, renderer, body, generated_by);
                        said.insert(id);
                    }
                }
            }
        }
        for id in said {
            self.leave(id);
        }
    }

    fn definition(
        &mut self,
        group: &str,
        id: &str,
        at: Location,
        renderer: Option<&str>,
        body: Node<'_>,
        generated_by: Option<&str>,
    ) {
        if self.definitions.len() == DEFINITION_LIMIT && !self.definitions.contains_key(id) {
            self.told.cut(&at, format!("there are more than {DEFINITION_LIMIT} definitions"));
            return;
        }
        let known = self.definitions.entry(id.to_owned());
        let definition = known.or_insert_with(|| Definition::new(group, id, at.clone(), renderer));
        if definition.group != group {
            let what = format!("`{}` is already defined under `{}`", wrong_value(id), wrong_value(&definition.group));
            self.told.refuse(at, what);
            return;
        }
        definition.lay_over(body, &at, generated_by, &mut self.told);
    }

    /// Looks at a definition when its file has been read: what it names has to be defined by then.
    fn leave(&mut self, id: &str) {
        let Some(definition) = self.definitions.get(id) else { return };
        let at = definition.located_id().at;
        let is_undefined = |lower: &&String| !self.definitions.contains_key(*lower);
        // Of Open vSwitch netplan makes ports that no definition is for.
        if let Some(missing) = definition.lower().iter().find(is_undefined).filter(|_| !self.has_open_vswitch) {
            self.told.refuse(at.clone(), format!("`{}` is not defined", wrong_value(missing)));
        }
        if let Some(what) = definition.refused() {
            self.told.refuse(at, what);
        }
    }

    /// Tells of an interface that two bonds or bridges take, or two VRFs.
    fn taken_twice(&mut self) {
        let mut taken: BTreeMap<(bool, &str), &str> = BTreeMap::new();
        for (id, upper) in self.definitions.iter().filter(|(_, definition)| definition.has_ports()) {
            for lower in upper.lower() {
                let first = taken.entry((upper.group == "vrfs", lower)).or_insert(id);
                if *first != id {
                    let what = format!("`{}` belongs to `{}` already", wrong_value(lower), wrong_value(first));
                    self.told.refused.push(Located::new(what, upper.located_id().at));
                }
            }
        }
    }

    /// The configurations, in the order of the files that netplan writes for networkd
    /// (`10-netplan-ID.network`), and what could not be understood. `strict` is for the version that writes nothing where
    /// it refuses anything, and whose refusals these are. What was not read whole is refused by nobody for certain.
    pub(crate) fn finish(mut self, strict: bool) -> (Vec<InterfaceConfig>, Vec<Problem>) {
        self.taken_twice();
        for definition in self.definitions.values() {
            if let Some(what) = definition.in_doubt(self.renderer.as_deref()) {
                self.told.doubt(&definition.located_id().at, what);
            }
        }
        let Told { refused, later, doubts: mut problems, is_cut } = self.told;
        let given_up = refused.first().filter(|_| strict && !is_cut).cloned();
        if given_up.is_some() {
            // What else stands in files that are refused is worth no word.
            problems.clear();
        } else {
            let refused = refused.into_iter().map(|refused| Problem::new(refused.at.to_string(), refused.value));
            problems.splice(0..0, refused);
            problems.extend(later.into_iter().filter(|_| strict));
        }
        let known_by: BTreeMap<String, String> =
            self.definitions.iter().filter_map(|(id, definition)| Some((id.clone(), definition.known_by()?))).collect();
        let made = self.definitions.values().filter(|definition| definition.has_ports());
        let uppers: BTreeMap<String, Located<String>> =
            made.flat_map(|upper| upper.lower().iter().map(|lower| (lower.clone(), upper.located_id()))).collect();
        let interfaces = self
            .definitions
            .into_iter()
            .map(|(id, definition)| {
                // Where it has a name or an address, the other one bears that.
                let upper = uppers.get(&id).filter(|_| !known_by.contains_key(&id)).cloned();
                let mut config = definition.finish(self.renderer.clone());
                config.port_of = upper;
                config.given_up.clone_from(&given_up);
                for lower in &mut config.lower {
                    if let Some(known) = known_by.get(lower) {
                        lower.clone_from(known);
                    }
                }
                config
            })
            .collect();
        (interfaces, problems)
    }
}
