//! udev rules (udev(7)), read as udev does (`src/udev/udev-rules.c` of systemd 252): a line with something in it that
//! udev does not take counts as a whole for nothing.

mod lines;
mod names;
mod rules;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use names::Names;
pub(crate) use rules::parse;
pub(crate) use tokens::Pair;

/// Where rules lie, the directory of the highest priority first.
pub(crate) const DIRECTORIES: [&str; 5] = [
    "/etc/udev/rules.d",
    "/run/udev/rules.d",
    "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
];
