//! Tests of isctpl as a program and of what its parts do together: over fixture roots, in namespaces, against
//! the programs that own the languages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

mod architecture;
mod captured;
mod cli;
mod confined;
mod disk;
mod doctor_live;
mod doctor_root;
mod fence;
mod fleet;
mod fuzzing;
mod gate;
mod generated;
mod holders;
mod hostile;
mod ipxe;
mod lab;
mod monitoring;
mod netns;
#[path = "../oracles/mod.rs"]
mod oracles;
mod prepare;
mod procedure_engine;
mod reach;
mod real_trees;
mod remedies;
mod rescue;
mod roots;
mod seal;
mod secrets;
mod shell;
mod story;
mod support;
mod systemd;
mod unattended;
mod watch;
