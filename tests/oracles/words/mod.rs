//! Words of a kernel command line that bring up the network of an initramfs, against each program that reads them.

mod firmware;
mod initramfs_tools;
mod legacy;
mod line;
mod manager;
mod networkd;

use super::compare::{Answer, Oracle};
use isctpl::formats::cmdline;
use isctpl_checks::facts::Cmdline;

/// Lines that have shown a disagreement; every program is asked about each.
const KEPT: &str = include_str!("kept.txt");

fn kept() -> Vec<Vec<String>> {
    KEPT.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// What a reader of isctpl makes of a line.
fn read(text: &str, reader: impl Fn(&Cmdline) -> Result<Answer, String>) -> Result<Answer, String> {
    let line = cmdline::parse(text, None);
    match line.unclear_network_word() {
        Some(word) => Err(format!("what {word} is for it is not known")),
        None => reader(&line),
    }
}
