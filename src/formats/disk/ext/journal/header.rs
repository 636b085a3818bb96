//! How a block of the log begins that tells of others (`struct journal_header_s` of include/linux/jbd2.h).

/// With what each of them begins, and no other block: one of the filesystem that does is stored with zeros there.
pub(super) const MAGIC: u32 = 0xC03B_3998;
/// Bytes of the header: the magic number, the kind, and the number of the transaction.
pub(super) const HEADER: usize = 12;
