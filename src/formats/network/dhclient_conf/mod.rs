//! ISC dhclient's configuration (dhclient.conf(5)).
//!
//! It is read statement by statement as dhclient does, errors included: a statement that lacks its semicolon, a name
//! that is not declared, or one semicolon too many take other statements with them. What is not followed is told.

mod cursor;
mod declare;
pub(crate) mod edit;
mod known;
mod leases;
mod lexer;
mod options;
mod parser;
mod scopes;
#[cfg(test)]
mod tests;
mod values;

use isctpl_checks::facts::{DhclientConf, Problem};
pub(crate) use known::BUILT_IN_CLASSLESS;
use known::CLASSLESS_CODE;
pub(crate) use parser::{Include, Included};
use scopes::State;
use std::ops::Range;

/// What a file says, with those that it includes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parsed {
    /// The facts.
    pub conf: DhclientConf,
    /// The numbers of all statements `timeout` of the file itself, as bytes of the text, and whether it is in a block.
    timeouts: Vec<(Range<usize>, bool)>,
    /// What dhclient refuses.
    pub problems: Vec<Problem>,
    /// From where on it was not read, or not understood.
    pub left_out: Option<Problem>,
    /// The name of option 121 for dhclient's script.
    classless: Option<String>,
}

impl Parsed {
    /// What holds where no file says anything.
    pub(crate) fn without_file(built_in: bool) -> Self {
        parse("", "", built_in)
    }

    /// The variable in which dhclient hands option 121 to its script, when it asks for it.
    pub(crate) fn classless_variable(&self) -> Option<String> {
        let asks = self.conf.asks_classless || self.conf.interfaces.iter().any(|interface| interface.asks_classless);
        let name = self.classless.as_deref().filter(|_| asks)?;
        Some(format!("new_{}", name.replace('-', "_")))
    }
}

/// Reads a file without those that it includes.
pub(crate) fn parse(text: &str, path: &str, built_in: bool) -> Parsed {
    parse_with(text, path, built_in, &mut |_, _| None)
}

/// Reads a file; `path` is what places name. `built_in` says that this build of dhclient knows option 121 without a
/// declaration, by the name `classless-static-routes`, and asks for it where no list is given: so those of Red Hat and
/// SUSE do.
pub(crate) fn parse_with(text: &str, path: &str, built_in: bool, include: &mut Include<'_>) -> Parsed {
    let mut state = State::new(built_in);
    parser::read(text, path, &mut state, None, include, 0);
    let interfaces = state.interfaces(CLASSLESS_CODE);
    let conf = DhclientConf {
        path: path.to_owned(),
        timeout: state.general.timeout.clone(),
        requested: state.requested(),
        asks_classless: state.asks(state.general.requested.as_ref(), CLASSLESS_CODE),
        interfaces,
    };
    let classless = state.options.name_of(CLASSLESS_CODE).map(str::to_owned);
    Parsed { conf, timeouts: state.timeouts, problems: state.problems, left_out: state.left_out, classless }
}
