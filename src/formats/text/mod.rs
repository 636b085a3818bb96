//! Text of any kind: what may be shown of it, names of files as text, patterns, addresses, secrets, and YAML.

pub(crate) mod edit;
pub(crate) mod glob;
pub(crate) mod harmless;
pub(crate) mod names;
pub(crate) mod net;
pub mod printable;
pub(crate) mod redact;
pub(crate) mod secret;
pub(crate) mod yaml;
