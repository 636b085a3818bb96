//! A value that nobody may see: a CHAP secret (RFC 7143 section 12.1.3).

use std::fmt;
use zeroize::Zeroizing;

/// A secret. It has no `Display`, no `Serialize` and no comparison, its `Debug` tells nothing, not even its
/// length, and its memory is wiped when it is dropped. Whoever needs the value says [`Secret::expose`].
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value over.
    pub(crate) fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself, for the one file or socket that it belongs in.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing stands in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_itself_only_when_asked() {
        let secret = Secret::new("hunter2hunter2".to_owned());
        assert_eq!(secret.expose(), "hunter2hunter2");
        for shown in [format!("{secret:?}"), format!("{secret:#?}"), format!("{:?}", Some(secret.clone()))] {
            assert!(shown.contains("hidden") && !shown.contains("hunter"), "{shown}");
        }
        let same = |value: &str| format!("{:?}", Secret::new(value.to_owned()));
        assert_eq!(same("a"), same("abcdefgh"));
        assert!(Secret::new(String::new()).is_empty() && !secret.is_empty());
    }
}
