//! What a partition is.

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Its number, which the kernel's name of it ends with.
    pub(crate) number: u32,
    /// Where it begins, in bytes.
    pub(crate) start: u64,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// What `PARTUUID=` names, as blkid prints it.
    pub(crate) uuid: String,
    /// Its name, where a GUID partition table gives it one.
    pub(crate) label: Option<String>,
}
