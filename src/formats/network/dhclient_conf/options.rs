//! The options that a file may name: those that dhclient knows, and those that are declared.

use super::known::{self, BUILT_IN_CLASSLESS, CLASSLESS_CODE};
use std::collections::HashMap;

/// The space of options without a space's name before theirs.
pub(super) const DHCP: &str = "dhcp";

/// An option among all.
pub(super) type Index = usize;

/// An option. It stays the same one when it is declared anew: a list that asks for it asks for its new code.
#[derive(Debug, Clone)]
pub(super) struct DhcpOption {
    /// Its name, behind that of its space for all but those of DHCP.
    pub(super) name: String,
    pub(super) code: u32,
    /// The form of its value, in the letters of [`known`].
    pub(super) form: String,
    /// The space, and the name within it.
    space: String,
    key: String,
}

#[derive(Debug, Clone, Default)]
struct Space {
    names: HashMap<String, Index>,
    codes: HashMap<u32, Index>,
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    Option(Index),
    /// dhclient knows no such option.
    Nothing,
    /// dhclient knows no such space of options.
    NoSpace,
    /// It depends on what is not known here.
    Unclear,
}

/// All options.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    all: Vec<DhcpOption>,
    spaces: HashMap<String, Space>,
}

impl Options {
    /// Those of a build that knows option 121 (`built_in`) or does not.
    pub(super) fn new(built_in: bool) -> Self {
        let mut options = Self::default();
        for (space, table) in [(DHCP, known::DHCP), ("dhcp6", known::DHCP6), ("fqdn", known::FQDN)] {
            options.add_space(space);
            for line in table.split(',') {
                let mut words = line.split(' ');
                let (Some(name), Some(code), Some(form)) = (words.next(), words.next(), words.next()) else { continue };
                options.enter(space, name, code.parse().unwrap_or_default(), form);
            }
        }
        if built_in {
            options.enter(DHCP, BUILT_IN_CLASSLESS, CLASSLESS_CODE, "RIA");
        }
        options
    }

    /// Declares a space, or anew, which empties it.
    pub(super) fn add_space(&mut self, name: &str) {
        self.spaces.insert(name.to_ascii_lowercase(), Space::default());
    }

    fn enter(&mut self, space: &str, name: &str, code: u32, form: &str) {
        let index = self.create(space, name);
        if let Some(option) = self.all.get_mut(index) {
            (option.code, option.form) = (code, form.to_owned());
        }
        self.put(index);
    }

    /// An option that no name leads to yet.
    pub(super) fn create(&mut self, space: &str, name: &str) -> Index {
        let (space, key) = (space.to_ascii_lowercase(), name.to_ascii_lowercase());
        let name = if space == DHCP { name.to_owned() } else { format!("{space}.{name}") };
        self.all.push(DhcpOption { name, code: 0, form: String::new(), space, key });
        self.all.len() - 1
    }

    pub(super) fn get(&self, index: Index) -> Option<&DhcpOption> {
        self.all.get(index)
    }

    pub(super) fn get_mut(&mut self, index: Index) -> Option<&mut DhcpOption> {
        self.all.get_mut(index)
    }

    /// Takes an option out of the tables: it is being declared anew.
    pub(super) fn take_out(&mut self, index: Index) {
        let Some(option) = self.all.get(index) else { return };
        if let Some(space) = self.spaces.get_mut(&option.space) {
            space.names.remove(&option.key);
            space.codes.remove(&option.code);
        }
    }

    /// Puts a declared option into the tables: its name and its code lead to it from now on.
    pub(super) fn put(&mut self, index: Index) {
        let Some(option) = self.all.get(index) else { return };
        if let Some(space) = self.spaces.get_mut(&option.space) {
            space.names.insert(option.key.clone(), index);
            space.codes.insert(option.code, index);
        }
    }

    /// The option that a name stands for; without a space it is one of DHCP. Letters' case does not matter.
    pub(super) fn named(&self, space: &str, name: &str) -> Named {
        let (space, name) = (space.to_ascii_lowercase(), name.to_ascii_lowercase());
        let Some(options) = self.spaces.get(&space) else {
            let is_other = known::OTHER_SPACES.contains(&space.as_str());
            return if is_other { Named::Unclear } else { Named::NoSpace };
        };
        if let Some(index) = options.names.get(&name) {
            return Named::Option(*index);
        }
        // `unknown-N` is the option of that code. Where none has it, dhclient forgets it while it is in use.
        let Some(code) = name.strip_prefix("unknown-") else { return Named::Nothing };
        match code.parse().ok().and_then(|code: u32| options.codes.get(&code)) {
            Some(index) => Named::Option(*index),
            None => Named::Unclear,
        }
    }

    pub(super) fn has_space(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.spaces.contains_key(&name) || known::OTHER_SPACES.contains(&name.as_str())
    }

    /// What is asked for where no list is given.
    pub(super) fn requested(&self, built_in: bool) -> Vec<Index> {
        let names = known::REQUESTED.into_iter().chain(built_in.then_some(BUILT_IN_CLASSLESS));
        let named = names.filter_map(|name| match name.split_once('.') {
            Some((space, name)) => self.spaces.get(space)?.names.get(name),
            None => self.spaces.get(DHCP)?.names.get(name),
        });
        named.copied().collect()
    }

    /// Whether it is an option of DHCP with this code.
    pub(super) fn has_code(&self, index: Index, code: u32) -> bool {
        self.all.get(index).is_some_and(|option| option.space == DHCP && option.code == code)
    }

    /// The name that a code of DHCP has: that of its last declaration.
    pub(super) fn name_of(&self, code: u32) -> Option<&str> {
        let index = self.spaces.get(DHCP)?.codes.get(&code)?;
        self.all.get(*index).map(|option| option.name.as_str())
    }
}
