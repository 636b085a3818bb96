//! Text of any kind: what may be shown of it, names of files as text, patterns, addresses, secrets, and YAML.

pub(crate) mod glob;
pub mod harmless;
pub mod names;
pub(crate) mod net;
pub mod printable;
pub mod redact;
pub mod secret;
pub(crate) mod yaml;
