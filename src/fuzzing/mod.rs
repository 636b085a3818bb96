//! What the fuzzer feeds: one list of everything that reads bytes from outside, and the bounds that each of them keeps.
//!
//! `fuzz/` runs it under libFuzzer; the tests of this module replay what the fuzzer has kept. CONTRIBUTING.md tells how.

mod bounds;
mod disk;
mod image;
mod iscsi;
mod judgement;
mod loader;
mod machine;
mod network;
mod plain;
mod shell;
mod storage;
mod systemd;
mod target;
#[cfg(test)]
mod tests;

pub use target::Target;

/// Every target.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    [
        plain::TARGETS,
        loader::TARGETS,
        shell::TARGETS,
        network::TARGETS,
        iscsi::TARGETS,
        storage::TARGETS,
        systemd::TARGETS,
        image::TARGETS,
        disk::TARGETS,
        judgement::TARGETS,
        machine::TARGETS,
    ]
    .into_iter()
    .flatten()
}

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    targets().find(|target| target.name == name)
}
