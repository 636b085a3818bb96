//! Command lines of services: `ExecStart=` and its kin (systemd.service(5), "Command lines").

use super::split_words;

/// A command of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Command {
    /// The prefix `-`: a failure is no failure of the unit.
    pub ignores_failure: bool,
    /// Program and arguments, quotes resolved; specifiers such as `%i` and `${VARIABLE}` stay as written.
    pub argv: Vec<String>,
}

impl Command {
    /// The program.
    pub(crate) fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }
}

/// The commands of one assignment: a word `;` separates them, prefixes `@ - : + !` (and `|`) are taken off.
pub(crate) fn commands(value: &str) -> Vec<Command> {
    split_words(value)
        .split(|word| word == ";")
        .filter_map(|words| {
            let (first, rest) = words.split_first()?;
            let program = first.trim_start_matches(['@', '-', ':', '+', '!', '|']);
            let prefix = first.get(..first.len() - program.len()).unwrap_or_default();
            // With `@` the first argument is what the program is to be called, not an argument of it.
            let arguments = rest.get(usize::from(prefix.contains('@'))..).unwrap_or_default();
            (!program.is_empty()).then(|| Command {
                ignores_failure: prefix.contains('-'),
                argv: std::iter::once(program.to_owned()).chain(arguments.iter().cloned()).collect(),
            })
        })
        .collect()
}
