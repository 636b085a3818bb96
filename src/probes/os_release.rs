//! What a system calls itself.

use crate::formats::shell::{Shell, Variables};

/// `PRETTY_NAME` of os-release(5), for people: a file that shells can read.
pub(super) fn pretty_name(text: &str) -> Option<String> {
    let mut variables = Variables::default();
    variables.read(text, "", Shell::Any);
    variables.setting("PRETTY_NAME").ok().flatten().map(|name| name.value)
}
