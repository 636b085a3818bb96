//! What a test cannot do here, and says so.

use std::io::Write;

/// Says loudly that the running kernel cannot do what a test needs, which no package would provide.
pub(crate) fn kernel_cannot(test: &str, why: &str) {
    loudly(&format!("SKIPPED {test}: this kernel cannot do it ({why})"));
}

/// Says loudly why a test is skipped; where none may be skipped (CI), fails instead.
pub(crate) fn skip(test: &str, why: &str) {
    loudly(&format!("SKIPPED {test}: {why}"));
    assert!(std::env::var_os("ISCTPL_TESTS_MUST_RUN").is_none(), "{test} must run here, but {why}");
}

/// On standard error itself: what the macros print is captured in a test that passes.
fn loudly(what: &str) {
    let _ = writeln!(std::io::stderr(), "\n*** {what} ***\n");
}

/// Whether the running kernel has Landlock.
#[allow(unsafe_code, reason = "no library asks for the version alone")]
pub(crate) fn has_landlock() -> bool {
    // SAFETY: it asks for the version (`LANDLOCK_CREATE_RULESET_VERSION`), and takes no pointer.
    unsafe { nix::libc::syscall(nix::libc::SYS_landlock_create_ruleset, 0, 0, 1) > 0 }
}
