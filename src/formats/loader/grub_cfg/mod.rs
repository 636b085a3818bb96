//! GRUB's configuration, evaluated as GRUB would.
//!
//! What `grub-mkconfig` writes is a script: variables, conditions, an environment block, functions.
//! It is run here far enough to know the menu and its default; functions, loops and commands that
//! touch hardware are not. A condition that cannot be decided has both of its branches looked at, and
//! what hangs on it is marked.

mod boot_menu;
mod choice;
mod commands;
mod condition;
mod definition;
mod evaluate;
mod lexer;
mod menu;
mod syntax;
mod variables;
mod world;

pub use boot_menu::{Entry, Menu, Named, Setting, Step};
pub use choice::{Choice, choose};
pub use menu::evaluate;
pub use world::{PREFIX, World};

#[cfg(test)]
mod tests;
