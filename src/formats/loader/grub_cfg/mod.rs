//! GRUB's configuration, evaluated as GRUB would.
//!
//! What `grub-mkconfig` and people write is a script: variables, conditions, loops, functions, files that are read in,
//! an environment block. It is run here far enough to know the menu, its default, and what each entry starts. A
//! condition that only the machine can decide has both of its branches looked at, and what hangs on it is marked; what
//! is not followed makes unknown what may hang on it.

mod argument;
mod bls_entry;
mod boot_menu;
mod choice;
mod commands;
mod condition;
mod definition;
mod evaluate;
mod files;
mod flow;
mod lexer;
mod loads;
mod menu;
mod number;
mod pattern;
mod second_try;
mod status;
mod syntax;
mod variables;
mod words;
mod world;

pub use boot_menu::{Entry, Menu, Named};
pub use choice::{Choice, choose};
pub use menu::evaluate;
pub use world::{PREFIX, Presence, World};

#[cfg(test)]
mod tests;
