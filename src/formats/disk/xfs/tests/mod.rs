#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod damage;
mod features;
mod image;
mod kernel;
mod log;
mod shapes;
mod tree;
