//! The reader against what `mke2fs`, `debugfs` and `e2fsck` make.

mod damage;
mod features;
mod index;
mod journal;
mod log;
mod shapes;
mod tools;
mod walk;
