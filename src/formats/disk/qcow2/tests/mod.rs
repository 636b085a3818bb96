//! Images made by qemu-img; what QEMU shows the guest is what must be read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod contents;
mod damage;
mod foreign;
mod sample;
