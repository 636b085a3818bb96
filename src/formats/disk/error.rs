//! Why something of a disk was not read.

/// Why something of a disk was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DiskError {
    /// The bytes could not be had: they lie behind the end, or the medium failed.
    #[error("{0}")]
    Read(String),
    /// What lies there breaks the rules of its format.
    #[error("{place} is damaged: {what}")]
    Damaged {
        /// Which structure, in the format's own terms, such as `inode 12` or `the superblock`.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// The format allows it, and isctpl does not read it.
    #[error("{0}, which isctpl does not read")]
    Unsupported(String),
}

impl DiskError {
    /// Damage in a structure.
    pub(crate) fn damaged(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged { place: place.into(), what: what.into() }
    }
}
