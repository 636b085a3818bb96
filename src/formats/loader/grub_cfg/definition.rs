//! What a menu consists of before it is opened.

use super::argument::Argument;
use super::boot_menu::Named;
use super::syntax::Statement;
use crate::formats::loader::bls;
use isctpl_checks::facts::{Location, Start};
use std::collections::BTreeSet;
use std::rc::Rc;

/// An entry of a menu before it is opened.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) kind: Kind,
    pub(super) at: Location,
    pub(super) uncertain: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    Entry { header: Header, body: Rc<[Statement]> },
    Submenu { header: Header, body: Rc<[Statement]> },
    Bls(Box<bls::Entry>),
}

/// What stands before the block of a `menuentry`.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// The title, and what else is no option: the positional parameters of the entry's commands.
    pub(super) parameters: Vec<Argument>,
    pub(super) id: Option<Argument>,
    /// `--source`: the commands, in place of a block.
    pub(super) source: Option<Argument>,
}

impl Header {
    pub(super) fn title(&self) -> String {
        self.parameters.first().map(|title| title.text.clone()).unwrap_or_default()
    }

    pub(super) fn id(&self) -> Option<String> {
        self.id.as_ref().map(|id| id.text.clone())
    }

    /// Whether title and id are known.
    pub(super) fn is_named(&self) -> bool {
        self.parameters.iter().take(1).chain(&self.id).all(|name| name.known().is_some())
    }
}

/// What an entry has loaded so far.
#[derive(Debug, Clone, Default)]
pub(super) struct LoadedFiles {
    pub(super) kernel: Option<Named>,
    pub(super) initrds: Vec<Named>,
    pub(super) options: String,
    pub(super) unresolved: BTreeSet<String>,
    /// What is started in place of Linux.
    pub(super) other: Option<Start>,
    /// Whether different things were loaded in branches of which only one is taken.
    pub(super) ambiguous: bool,
}

impl LoadedFiles {
    /// Joins what another branch has loaded; that of the one with a kernel stays.
    pub(super) fn join(&mut self, theirs: Self) {
        let file = |named: &Named| (named.device.clone(), named.path.clone());
        let content = |loaded: &Self| {
            let initrds: Vec<_> = loaded.initrds.iter().map(file).collect();
            (loaded.kernel.as_ref().map(file), initrds, loaded.options.clone(), loaded.other)
        };
        let ambiguous = self.ambiguous || theirs.ambiguous || content(self) != content(&theirs);
        if self.kernel.is_none() {
            *self = theirs;
        } else {
            self.unresolved.extend(theirs.unresolved);
        }
        self.ambiguous = ambiguous;
    }
}

/// Reads the arguments of `menuentry` (`grub-core/commands/menuentry.c`): options, and the title among them.
pub(super) fn header(arguments: &[Argument]) -> Header {
    let mut header = Header::default();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let (option, value) = match argument.text.split_once('=') {
            Some((option, value)) if option.starts_with("--") => {
                (option, Some(Argument { text: value.to_owned(), ..argument.clone() }))
            }
            _ => (argument.text.as_str(), None),
        };
        match option {
            "--class" | "--users" | "--hotkey" if value.is_none() => {
                arguments.next();
            }
            "--class" | "--users" | "--hotkey" | "--unrestricted" => {}
            "--id" => header.id = value.or_else(|| arguments.next().cloned()),
            "--source" => header.source = value.or_else(|| arguments.next().cloned()),
            _ => header.parameters.push(argument.clone()),
        }
    }
    header
}
