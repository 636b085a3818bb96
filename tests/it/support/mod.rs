//! What the whole-program tests share: trees made from manifests, and a clean way to run isctpl.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod disk;
pub mod elf;
pub mod image;
pub mod netns;
pub mod run;
pub mod trace;
pub mod tree;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's `fixtures/`.
pub fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Says loudly that the running kernel cannot do what a test needs, which no package would provide.
pub fn kernel_cannot(test: &str, why: &str) {
    loudly(&format!("SKIPPED {test}: this kernel cannot do it ({why})"));
}

/// Says loudly why a test is skipped; where none may be skipped (CI), fails instead.
pub fn skip(test: &str, why: &str) {
    loudly(&format!("SKIPPED {test}: {why}"));
    assert!(std::env::var_os("ISCTPL_TESTS_MUST_RUN").is_none(), "{test} must run here, but {why}");
}

/// On standard error itself: what the macros print is captured in a test that passes.
fn loudly(what: &str) {
    let _ = writeln!(std::io::stderr(), "\n*** {what} ***\n");
}

/// Whether the test runs as root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Whether the running kernel has Landlock.
#[allow(unsafe_code, reason = "no library asks for the version alone")]
pub fn has_landlock() -> bool {
    // SAFETY: it asks for the version (`LANDLOCK_CREATE_RULESET_VERSION`), and takes no pointer.
    unsafe { nix::libc::syscall(nix::libc::SYS_landlock_create_ruleset, 0, 0, 1) > 0 }
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
