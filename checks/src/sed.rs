//! Scripts for sed that hold facts.

/// An expression of a script, for `sed -E`, with `/` around its patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sed(String);

impl Sed {
    /// An expression that is isctpl's own.
    pub fn new(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// Adds text that sed matches as it stands.
    #[must_use]
    pub fn literal(self, text: &str) -> Self {
        self.escaped(text, r"/.*[]^$\+?(){}|")
    }

    /// Adds text that sed puts in as it stands.
    #[must_use]
    pub fn replacement(self, text: &str) -> Self {
        self.escaped(text, r"/\&")
    }

    /// Adds what is isctpl's own.
    #[must_use]
    pub fn then(mut self, text: &'static str) -> Self {
        self.0.push_str(text);
        self
    }

    /// The expression.
    pub fn text(&self) -> &str {
        &self.0
    }

    fn escaped(mut self, text: &str, special: &str) -> Self {
        for c in text.chars() {
            if special.contains(c) {
                self.0.push('\\');
            }
            self.0.push(c);
        }
        self
    }
}
