//! Text of any kind: what may be shown of it, names of files as text, secrets, and YAML.

pub mod harmless;
pub mod names;
pub mod printable;
pub mod secret;
pub(crate) mod yaml;
