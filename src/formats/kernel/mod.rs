//! The kernel's own file, and depmod(8)'s indexes of its modules.

pub mod bzimage;
pub mod module_index;
