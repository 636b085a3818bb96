//! What the whole-program tests share: trees made from manifests, and a clean way to run isctpl.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod disk;
pub mod elf;
pub mod image;
mod left_out;
pub mod netns;
pub mod run;
pub mod trace;
pub mod tree;

pub(crate) use left_out::{has_landlock, kernel_cannot, skip};

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's `fixtures/`.
pub fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Whether the test runs as root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Whether a program can be run.
pub fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|directory| directory.join(program).is_file()))
}

/// Copies a program with its libraries into a root, where it is called `path`. A directory of this machine is not
/// bound there for it: were that still bound when the test's directory is deleted, it would be deleted too.
pub fn copy_program(name: &str, path: &str, root: &Path) {
    let output = |program: &str, arguments: &[&str]| {
        String::from_utf8(Command::new(program).args(arguments).output().unwrap().stdout).unwrap()
    };
    let program = output("sh", &["-c", &format!("command -v {name}")]);
    let of_libraries = output("ldd", &[program.trim()]);
    let libraries = of_libraries.split_whitespace().filter(|word| word.starts_with('/'));
    for (from, to) in libraries.map(|library| (library, library)).chain([(program.trim(), path)]) {
        let to = root.join(&to[1..]);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}
