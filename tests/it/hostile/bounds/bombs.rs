//! Bombs, and files that take no room: little time and memory, and what was not read is told.

use super::bounded_in;
use crate::hostile::bombs;
use crate::hostile::inputs::Input;
use crate::hostile::machine;
use std::ffi::OsStr;

/// Seconds of CPU. What is to be released takes less than two; without the compiler's optimizations, some times more.
const CPU_SECONDS: u32 = if cfg!(debug_assertions) { 15 } else { 2 };

/// What is wrong with the answer to an input, if anything is.
fn wrong(input: &Input) -> Option<String> {
    let root = machine();
    (input.write)(root.path());
    let arguments = [OsStr::new("doctor"), OsStr::new("-v"), OsStr::new("--root"), root.path().as_os_str()];
    let answer = bounded_in(CPU_SECONDS, arguments, &input.name);
    let out = answer.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let code = if input.decides { 2..=3 } else { 0..=1 };
    let right = out.contains(input.told) && code.contains(&answer.code);
    (!right).then(|| format!("{}: code {}, not {}: {out}\n", input.name, answer.code, input.told))
}

#[test]
fn images_that_unpack_to_much_are_read_up_to_a_limit() {
    let wrong: String = bombs::images().iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn modules_that_unpack_to_much_are_read_up_to_a_limit() {
    let wrong: String = bombs::modules().iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn holes_in_files_take_no_time() {
    let wrong: String = bombs::sparse().iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{wrong}");
}
