//! GRUB's variables, each with what is known of its value.

use isctpl_checks::facts::Location;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most that one value may grow to; a kernel takes no longer command line than 4 KiB.
const VALUE_LIMIT: usize = 8 * 1024;

/// The features that every GRUB since 2.02 states (`grub-core/normal/main.c`).
const FEATURES: [&str; 10] = [
    "feature_chainloader_bpb",
    "feature_ntldr",
    "feature_platform_search_hint",
    "feature_default_font_path",
    "feature_all_video_module",
    "feature_menuentry_id",
    "feature_menuentry_options",
    "feature_200_final",
    "feature_nativedisk_cmd",
    "feature_timeout_style",
];

/// Variables that GRUB or the firmware sets, so that nothing is known of them here.
const OF_THE_MACHINE: [&str; 5] = ["root", "grub_platform", "grub_cpu", "cmdpath", "shell"];

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// `None` when it could not be decided.
    pub(super) text: Option<String>,
    /// How it was set.
    pub(super) because: String,
    pub(super) at: Option<Location>,
    /// Whether a submenu and another configuration see it.
    exported: bool,
}

/// All variables that are set. A copy, such as every menu entry begins with, shares names and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Variables(BTreeMap<Rc<str>, Rc<Value>>);

impl Variables {
    /// As GRUB starts with them.
    pub(super) fn at_start() -> Self {
        let mut variables = Self::default();
        for name in FEATURES {
            variables.set(name, Some("y".to_owned()), String::new(), None);
        }
        for name in ["prefix", "config_directory"] {
            variables.set(name, Some(super::world::PREFIX.to_owned()), String::new(), None);
        }
        for name in OF_THE_MACHINE {
            variables.set(name, None, String::new(), None);
        }
        // All of these are exported (`grub-core/kern/main.c`, `grub-core/normal/main.c`).
        let names: Vec<Rc<str>> = variables.0.keys().cloned().collect();
        names.iter().for_each(|name| variables.export(name));
        variables
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(Rc::as_ref)
    }

    /// The value: `Some("")` of a variable that is not set, as GRUB expands it; `None` when undecided.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        // Network variables are set by the firmware's drivers.
        match self.0.get(name) {
            Some(value) => value.text.as_deref(),
            None if name.starts_with("net_") || name.starts_with("pxe_") => None,
            None => Some(""),
        }
    }

    pub(super) fn set(&mut self, name: &str, text: Option<String>, because: String, at: Option<Location>) {
        let text = text.filter(|text| text.len() <= VALUE_LIMIT);
        let exported = self.0.get(name).is_some_and(|value| value.exported);
        self.0.insert(name.into(), Rc::new(Value { text, because, at, exported }));
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Marks a variable as one that other contexts see; one that is not set becomes empty
    /// (`grub_env_export` in `grub-core/normal/context.c`).
    pub(super) fn export(&mut self, name: &str) {
        if !self.0.contains_key(name) {
            self.set(name, Some(String::new()), String::new(), None);
        }
        if let Some(value) = self.0.get_mut(name) {
            Rc::make_mut(value).exported = true;
        }
    }

    /// What a submenu, or a configuration that takes over, begins with: the exported ones alone
    /// (`grub_env_context_open`).
    pub(super) fn context(&self) -> Self {
        let exported = self.0.iter().filter(|(_, value)| value.exported);
        Self(exported.map(|(name, value)| (Rc::clone(name), Rc::clone(value))).collect())
    }

    /// Joins what two branches left behind: where they differ, nothing is known.
    pub(super) fn join(&mut self, other: &Self) {
        for (name, value) in &mut self.0 {
            let same = other.0.get(name).is_some_and(|theirs| theirs.text == value.text);
            if !same {
                *value = Rc::new(Value { text: None, ..Value::clone(value) });
            }
        }
        for (name, theirs) in &other.0 {
            self.0.entry(Rc::clone(name)).or_insert_with(|| Rc::new(Value { text: None, ..Value::clone(theirs) }));
        }
    }
}
