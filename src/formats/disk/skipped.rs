//! Tests that this machine cannot run, in the words of tests/it.

use std::io::Write;

/// Says loudly that the running kernel cannot do what a test needs, which no package would provide.
pub(super) fn kernel_cannot(test: &str, why: &str) {
    loudly(&format!("SKIPPED {test}: this kernel cannot do it ({why})"));
}

/// Says loudly why a test is skipped; where none may be skipped (CI), fails instead.
pub(super) fn skip(test: &str, why: &str) {
    loudly(&format!("SKIPPED {test}: {why}"));
    assert!(std::env::var_os("ISCTPL_TESTS_MUST_RUN").is_none(), "{test} must run here, but {why}");
}

/// On standard error itself: what the macros print is captured in a test that passes.
fn loudly(what: &str) {
    let _ = writeln!(std::io::stderr(), "\n*** {what} ***\n");
}
