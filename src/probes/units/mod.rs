//! Units of systemd: what a tree has of them, and which of them start. One loader serves a root and an image.

pub(super) mod load;
mod name;
mod outside;
mod scripts;
pub(super) mod started;
pub(super) mod startup;
#[cfg(test)]
mod tests;
