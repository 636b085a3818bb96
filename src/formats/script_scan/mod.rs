//! What the scripts of an initramfs read and do.
//!
//! A script is cut into words as a shell would, so that comments and here-documents do not count;
//! nothing is executed and no variable is followed beyond what is said below.

mod lexer;
mod option_121;
mod reading;
mod scan;
mod words;

pub use option_121::{DhclientConf, Option121, dhclient_conf, option_121};
pub use scan::{Action, Found, Script, scan};

#[cfg(test)]
mod tests;
