//! A run of bytes that is read at any place.

use super::Result;
use std::fmt::Debug;
use std::sync::Arc;

/// A run of bytes that is read at any place: a disk, a partition, a logical volume.
pub(crate) trait Blocks: Debug + Send + Sync {
    /// Its length in bytes.
    fn size(&self) -> u64;

    /// Fills the buffer with what lies from `offset` on.
    ///
    /// # Errors
    /// When not all of it lies inside, or when the layer below fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()>;
}

/// The two ways in which a filesystem reads its device.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    /// For structures: what was read lately is kept, and the sum of all that is asked for in one run is limited, so
    /// that no loop of a hostile disk goes on for ever.
    pub(crate) metadata: Arc<dyn Blocks>,
    /// For what files hold, which whoever reads them limits.
    pub(crate) content: Arc<dyn Blocks>,
}

impl Disk {
    /// Reads a structure of a length that its caller has bounded.
    ///
    /// # Errors
    /// As [`Blocks::read_at`].
    pub(crate) fn metadata(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.metadata.read_at(offset, &mut bytes)?;
        Ok(bytes)
    }
}

impl Blocks for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let bytes = usize::try_from(offset).ok().and_then(|start| self.get(start..start.checked_add(buffer.len())?));
        let outside = || super::DiskError::Read(format!("byte {offset} lies behind the end"));
        buffer.copy_from_slice(bytes.ok_or_else(outside)?);
        Ok(())
    }
}
