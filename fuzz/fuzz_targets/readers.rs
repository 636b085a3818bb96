//! Every reader of isctpl under libFuzzer: one program, since each would take as long to link. The environment says
//! which reader it is: `ISCTPL_FUZZ=netplan`. `ISCTPL_FUZZ=list` tells of all of them, a line each: the name, the most
//! bytes of an input, the inputs of a short run, and the files of src/formats that it reaches.
#![no_main]

use isctpl::fuzzing::{self, Target};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

/// The reader that the environment names.
fn chosen() -> &'static Target {
    let name = std::env::var("ISCTPL_FUZZ").unwrap_or_default();
    if name == "list" {
        for Target { name, covers, most, short, .. } in fuzzing::targets() {
            println!("{name}\t{most}\t{short}\t{}", covers.join(" "));
        }
        std::process::exit(0);
    }
    fuzzing::target(&name).unwrap_or_else(|| {
        eprintln!("readers: ISCTPL_FUZZ names no reader: `{name}`; ISCTPL_FUZZ=list tells which there are");
        std::process::exit(2);
    })
}

fuzz_target!(init: { TARGET.get_or_init(chosen); }, |input: &[u8]| {
    TARGET.get_or_init(chosen).read(input);
});
