//! An argument of a command, and what is known of it.

/// Why it is not known what an argument comes to that is `inexact`, behind what the command does with it.
pub(super) const BY_A_PATTERN: &str =
    "a pattern that names of files may take the place of; isctpl does not put them in";

/// An argument of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Argument {
    /// Its text; variables whose value is not known stand as `${NAME}`.
    pub(super) text: String,
    /// The names of those variables.
    pub(super) unresolved: Vec<String>,
    /// Whether more belongs to it than is kept, or it is a pattern that names of files may take the place of.
    pub(super) inexact: bool,
}

impl Argument {
    /// The text, where it is known.
    pub(super) fn known(&self) -> Option<&str> {
        Some(self.text.as_str()).filter(|_| self.unresolved.is_empty() && !self.inexact)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }
}
