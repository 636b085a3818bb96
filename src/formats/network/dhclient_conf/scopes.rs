//! What holds for the file and for each interface.

use super::options::{Index, Options};
use isctpl_checks::facts::{DhclientInterface, Located, Location, Problem};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

/// The most names that are kept of all lists of a file together; real ones have some twenty.
pub(super) const NAME_LIMIT: usize = 4096;

/// dhclient's timeout where none is set, in seconds (`read_client_conf`).
const TIMEOUT: u32 = 60;

/// The block of an interface, by its place among all; `None` is the file itself.
pub(super) type Scope = Option<usize>;

/// What holds in a scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) timeout: Option<Located<u32>>,
    /// `None` is the usual list.
    pub(super) requested: Option<Located<Rc<Vec<Index>>>>,
}

struct Block {
    name: String,
    at: Location,
    settings: Settings,
}

/// What was read so far.
pub(super) struct State {
    pub(super) options: Options,
    /// What is asked for where no list is given.
    pub(super) usual: Rc<Vec<Index>>,
    pub(super) general: Settings,
    blocks: Vec<Block>,
    by_name: HashMap<String, usize>,
    /// The numbers of all statements `timeout` of the first file, as bytes of its text, and whether it is in a block.
    pub(super) timeouts: Vec<(Range<usize>, bool)>,
    pub(super) problems: Vec<Problem>,
    pub(super) left_out: Option<Problem>,
    /// How many names the lists have had.
    names: usize,
}

impl State {
    pub(super) fn new(built_in: bool) -> Self {
        let options = Options::new(built_in);
        Self {
            usual: Rc::new(options.requested(built_in)),
            options,
            general: Settings::default(),
            blocks: Vec::new(),
            by_name: HashMap::new(),
            timeouts: Vec::new(),
            problems: Vec::new(),
            left_out: None,
            names: 0,
        }
    }

    pub(super) fn scope_mut(&mut self, scope: Scope) -> &mut Settings {
        let block = scope.and_then(|index| self.blocks.get_mut(index));
        block.map_or(&mut self.general, |block| &mut block.settings)
    }

    /// The block of an interface. At first it has what holds outside by then; a second one for the same interface goes
    /// on with the first.
    pub(super) fn block(&mut self, name: String, at: Location, outer: Scope) -> Scope {
        if let Some(index) = self.by_name.get(&name) {
            return Some(*index);
        }
        let settings = self.scope_mut(outer).clone();
        self.by_name.insert(name.clone(), self.blocks.len());
        self.blocks.push(Block { name, at, settings });
        Some(self.blocks.len() - 1)
    }

    /// Whether so many names more are too many; what is to be said of it.
    fn counts(&mut self, names: usize) -> Option<String> {
        self.names = self.names.saturating_add(names);
        let what = || format!("the lists of options have more than {NAME_LIMIT} names; the rest is not read");
        (self.names > NAME_LIMIT).then(what)
    }

    /// Sets what is asked for; or nothing, and what is to be said of it.
    pub(super) fn set_list(&mut self, scope: Scope, names: Vec<Index>, at: Location) -> Option<String> {
        let too_many = self.counts(names.len());
        self.scope_mut(scope).requested = too_many.is_none().then(|| Located::new(Rc::new(names), at));
        too_many
    }

    /// Adds to what is asked for.
    pub(super) fn extend_list(&mut self, scope: Scope, names: Vec<Index>, at: Location) -> Option<String> {
        if names.is_empty() {
            return None;
        }
        let usual = Rc::clone(&self.usual);
        let mut list = self.scope_mut(scope).requested.take().unwrap_or_else(|| Located::new(usual, at));
        let taken_over = if Rc::strong_count(&list.value) > 1 { list.value.len() } else { 0 };
        let too_many = self.counts(taken_over + names.len());
        if too_many.is_none() {
            Rc::make_mut(&mut list.value).extend(names);
            self.scope_mut(scope).requested = Some(list);
        }
        too_many
    }

    fn names_of(&self, list: &[Index]) -> Vec<String> {
        list.iter().filter_map(|index| self.options.get(*index)).map(|option| option.name.clone()).collect()
    }

    /// Whether a list asks for an option of DHCP; `None` is the usual list.
    pub(super) fn asks(&self, list: Option<&Located<Rc<Vec<Index>>>>, code: u32) -> bool {
        list.map_or(&self.usual, |list| &list.value).iter().any(|index| self.options.has_code(*index, code))
    }

    /// The general list.
    pub(super) fn requested(&self) -> Option<Located<Vec<String>>> {
        let list = self.general.requested.as_ref()?;
        Some(Located::new(self.names_of(&list.value), list.at.clone()))
    }

    /// What the blocks have that differs from what holds at the end of the file; `code` is that of option 121.
    pub(super) fn interfaces(&mut self, code: u32) -> Vec<DhclientInterface> {
        self.names = self.general.requested.as_ref().map_or(0, |list| list.value.len());
        // Blocks share lists: each of those is looked through once.
        let mut asking = HashMap::new();
        let blocks = std::mem::take(&mut self.blocks);
        let mut interfaces = Vec::with_capacity(blocks.len());
        for Block { name, at, settings } in blocks {
            let list = settings.requested.as_ref().map_or(&self.usual, |list| &list.value);
            let asks_classless =
                *asking.entry(Rc::as_ptr(list)).or_insert_with(|| self.asks(settings.requested.as_ref(), code));
            let timeout = (settings.timeout != self.general.timeout)
                .then(|| settings.timeout.unwrap_or_else(|| Located::new(TIMEOUT, at.clone())));
            let requested = match settings.requested == self.general.requested {
                true => None,
                false => self.own(settings.requested, &at),
            };
            interfaces.push(DhclientInterface { name, at: Some(at), timeout, requested, asks_classless });
        }
        interfaces
    }

    /// A block's own list, if there are not too many names.
    fn own(&mut self, list: Option<Located<Rc<Vec<Index>>>>, at: &Location) -> Option<Located<Vec<String>>> {
        let list = list.unwrap_or_else(|| Located::new(Rc::clone(&self.usual), at.clone()));
        if let Some(what) = self.counts(list.value.len()) {
            self.left_out.get_or_insert_with(|| Problem::new(at.to_string(), what));
            return None;
        }
        Some(Located::new(self.names_of(&list.value), list.at))
    }
}
