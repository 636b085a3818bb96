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

pub(crate) use boot_menu::{Entry, Menu, Named};
pub(crate) use choice::{Choice, choose};
pub(crate) use menu::evaluate;
pub(crate) use world::{PREFIX, World};

#[cfg(test)]
mod tests;
