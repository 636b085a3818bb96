//! NetworkManager.conf(5): which devices NetworkManager leaves alone.

use super::{KeyFile, words};
use crate::formats::text::net::normal_mac;
use isctpl_checks::facts::{InterfaceConfig, Located, Manager, Method, NicMatch, Problem};
use std::collections::BTreeMap;

/// The most devices that the lists of all files together name; each takes the exceptions of its list with it.
const DEVICE_LIMIT: usize = 512;

/// What the configuration files together say, read in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NmConf {
    unmanaged: Vec<Located<String>>,
    /// `[device…]` sections by name: what they match, and `managed=`.
    devices: BTreeMap<String, (Located<String>, bool)>,
    /// `[main] plugins=`, where it is said.
    pub plugins: Option<Located<Vec<String>>>,
    /// `[ifupdown] managed=`: whether NetworkManager takes the interfaces of `/etc/network/interfaces` too.
    pub ifupdown_managed: Option<Located<bool>>,
    /// What is not read of the lists.
    problems: Vec<Problem>,
}

impl NmConf {
    /// Adds a file, which wins over those before it. `key+=` adds to a list, `key-=` takes away.
    pub(crate) fn add(&mut self, file: &KeyFile) {
        if let Some(value) = file.get("keyfile", "unmanaged-devices") {
            self.unmanaged = self.words(value);
        }
        if let Some(value) = file.get("keyfile", "unmanaged-devices+") {
            let more = self.words(value);
            self.unmanaged.extend(more);
            self.cut(value);
        }
        if let Some(value) = file.get("keyfile", "unmanaged-devices-") {
            let gone = self.words(value);
            self.unmanaged.retain(|known| !gone.iter().any(|spec| spec.value == known.value));
        }
        for group in file.groups_beginning("device") {
            let Some(managed) = file.boolean(group, "managed") else { continue };
            let spec = file.get(group, "match-device").cloned();
            let spec = spec.unwrap_or_else(|| Located::new("*".to_owned(), managed.at.clone()));
            self.devices.insert(group.to_owned(), (spec, managed.value));
        }
        if let Some(value) = file.get("main", "plugins") {
            let plugins = self.words(value).into_iter().map(|plugin| plugin.value).collect();
            self.plugins = Some(Located::new(plugins, value.at.clone()));
        }
        if let Some(managed) = file.boolean("ifupdown", "managed") {
            self.ifupdown_managed = Some(managed);
        }
    }

    /// Whether a plugin is loaded; `None` when the list is not said.
    pub(crate) fn has_plugin(&self, name: &str) -> Option<bool> {
        self.plugins.as_ref().map(|plugins| plugins.value.iter().any(|plugin| plugin == name))
    }

    /// The devices that are left alone, as configurations that say so, and what is not read of the lists.
    pub(crate) fn unmanaged(mut self) -> (Vec<InterfaceConfig>, Vec<Problem>) {
        let mut configs = matched(&self.unmanaged);
        for (spec, _) in std::mem::take(&mut self.devices).into_values().filter(|(_, managed)| !managed) {
            configs.extend(matched(&self.words(&spec)));
            if configs.len() > DEVICE_LIMIT {
                configs.truncate(DEVICE_LIMIT);
                self.too_many(&spec);
                break;
            }
        }
        (configs, self.problems)
    }

    /// The words of a list, each with its place.
    fn words(&mut self, value: &Located<String>) -> Vec<Located<String>> {
        let mut words = words(&value.value).map(|word| Located::new(word, value.at.clone()));
        let kept = words.by_ref().take(DEVICE_LIMIT).collect();
        if words.next().is_some() {
            self.too_many(value);
        }
        kept
    }

    fn cut(&mut self, last: &Located<String>) {
        if self.unmanaged.len() > DEVICE_LIMIT {
            self.unmanaged.truncate(DEVICE_LIMIT);
            self.too_many(last);
        }
    }

    fn too_many(&mut self, value: &Located<String>) {
        let what = format!("the lists have more than {DEVICE_LIMIT} words; the rest is not read");
        let problem = Problem::new(value.at.to_string(), what);
        // A list that is too long by itself has told it already.
        if self.problems.last() != Some(&problem) {
            self.problems.push(problem);
        }
    }
}

/// One configuration for each spec of a list. `except:` takes devices out of all of them.
fn matched(specs: &[Located<String>]) -> Vec<InterfaceConfig> {
    let mut exceptions = NicMatch::default();
    for spec in specs {
        if let Some(rest) = spec.value.strip_prefix("except:") {
            let mut one = NicMatch::default();
            spec_match(rest, &mut one);
            let negated = |list: Vec<String>| list.into_iter().map(|word| format!("!{word}")).collect::<Vec<_>>();
            exceptions.names.extend(negated(one.names));
            exceptions.drivers.extend(negated(one.drivers));
            exceptions.types.extend(negated(one.types));
            exceptions.other.extend(one.macs.into_iter().map(|mac| format!("except:mac:{mac}")));
            exceptions.other.extend(one.other.into_iter().map(|other| format!("except:{other}")));
        }
    }
    specs
        .iter()
        .filter(|spec| !spec.value.starts_with("except:"))
        .map(|spec| {
            let mut config = InterfaceConfig::new(Manager::NetworkManager, spec.at.clone());
            config.unmanaged = true;
            config.method = Method::Manual;
            config.matches = exceptions.clone();
            spec_match(&spec.value, &mut config.matches);
            config
        })
        .collect()
}

/// A device spec: `*`, `interface-name:GLOB`, `interface-name:=NAME`, `mac:…`, `type:…`, `driver:…`, or
/// a name or MAC address alone (NetworkManager.conf(5), "Device List Format").
fn spec_match(spec: &str, to: &mut NicMatch) {
    match spec.split_once(':') {
        _ if spec == "*" => {
            if to.names.is_empty() {
                to.names.push("*".to_owned());
            }
        }
        Some(("interface-name", name)) => to.names.push(name.trim_start_matches(['=', '~']).to_owned()),
        Some(("mac", mac)) => to.macs.push(normal_mac(mac)),
        Some(("type", "ethernet")) => to.types.push("ether".to_owned()),
        Some(("type", "wifi")) => to.types.push("wlan".to_owned()),
        Some(("type", kind)) => to.types.push(kind.to_owned()),
        Some(("driver", driver)) => to.drivers.push(driver.to_owned()),
        Some((_, rest)) if spec.len() == 17 && rest.matches(':').count() == 4 => to.macs.push(normal_mac(spec)),
        Some(_) => to.other.push(spec.to_owned()),
        None => to.names.push(spec.to_owned()),
    }
}
