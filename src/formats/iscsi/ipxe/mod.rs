//! iPXE's scripts (<https://ipxe.org/scripting>) as far as they hook a LUN: what one needs, and what one does.

pub(crate) mod check;
mod images;
pub(crate) mod installer;
mod script;
mod uri;
mod values;
pub(crate) mod write;

pub(crate) use uri::SanUri;
