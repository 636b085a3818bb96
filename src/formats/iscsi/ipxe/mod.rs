//! iPXE's scripts (<https://ipxe.org/scripting>) as far as they hook a LUN: what one needs, and what one does.

pub(crate) mod check;
mod script;
mod uri;
pub(crate) mod write;

pub(crate) use uri::SanUri;
