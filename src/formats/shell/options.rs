//! The options of `set` that are followed.

/// Commands that do not fail, whatever they are given, or that end the shell where they do.
const SUCCEEDING: [&str; 11] =
    [":", "declare", "export", "for", "local", "readonly", "return", "set", "true", "typeset", "unset"];

/// The options that tell where a shell ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options {
    /// After `set -e`: a command that fails ends it.
    pub(super) ends_at_failure: bool,
    /// After `set -u`: it stops where a variable that is not set is expanded.
    pub(super) wants_set: bool,
}

impl Options {
    /// Whether this is an option that is followed, or changes no variable: `-a` exports, `-v` and `-x` print.
    pub(super) fn is_known(word: &str) -> bool {
        let letters = word.strip_prefix(['-', '+']).unwrap_or_default();
        !letters.is_empty() && letters.chars().all(|letter| "aeuvx".contains(letter))
    }

    /// Takes an option. What is switched off under a condition counts as left on.
    pub(super) fn take(&mut self, option: &str, conditional: bool) {
        let on = option.starts_with('-');
        for (letter, state) in [('e', &mut self.ends_at_failure), ('u', &mut self.wants_set)] {
            if option.contains(letter) {
                *state = on || *state && conditional;
            }
        }
    }

    /// Whether the shell may end with this command.
    pub(super) fn may_end_with(self, command: &str) -> bool {
        self.ends_at_failure && !SUCCEEDING.contains(&command)
    }
}
