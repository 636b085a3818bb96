//! Filesystems made by mkfs.vfat and mtools; what went in is what must come out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod contents;
mod damage;
mod names;
mod sample;
