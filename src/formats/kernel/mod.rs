//! The kernel's own file, and depmod(8)'s indexes of its modules.

pub(crate) mod bzimage;
pub(crate) mod module_index;
