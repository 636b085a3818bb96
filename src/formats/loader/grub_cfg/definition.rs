//! What a menu consists of before it is opened.

use super::boot_menu::Named;
use super::condition::Argument;
use super::syntax::Statement;
use crate::formats::loader::bls;
use isctpl_checks::facts::Location;
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

/// Title and id of `menuentry`.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) title: String,
    pub(super) id: Option<String>,
}

/// What an entry has loaded so far.
#[derive(Debug, Default)]
pub(super) struct LoadedFiles {
    pub(super) kernel: Option<Named>,
    pub(super) initrds: Vec<Named>,
    pub(super) options: String,
    pub(super) unresolved: BTreeSet<String>,
    /// Whether different kernels or options were seen in branches of which only one is taken.
    pub(super) ambiguous: bool,
}

/// Reads the arguments of `menuentry` (`grub-core/commands/menuentry.c`): options, then the title.
pub(super) fn header(arguments: Vec<Argument>) -> Header {
    let mut header = Header::default();
    let mut title = None;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_deref() {
            Some("--class" | "--users" | "--hotkey" | "--source") => {
                arguments.next();
            }
            Some("--id") => header.id = arguments.next().flatten(),
            Some("--unrestricted") => {}
            Some(option) if option.starts_with("--id=") => {
                header.id = option.strip_prefix("--id=").map(str::to_owned);
            }
            Some(option) if option.starts_with("--") && option.contains('=') => {}
            _ => {
                title.get_or_insert(argument);
            }
        }
    }
    header.title = title.flatten().unwrap_or_default();
    header
}
