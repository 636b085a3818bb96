//! GRUB's configuration against GRUB itself, as the program `grub-emu` runs it on this machine.
//!
//! `grub-emu` loads no kernels, so `linux` and `initrd` are functions there that show their arguments; isctpl reads
//! the same file with the commands as they are.

mod emulator;
mod generate;
mod reader;

use super::random::Random;
use super::results::{Tally, tell};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many cases there are, and how many of them isctpl decides at least.
const CASES: usize = 2000;
const DECIDED: usize = 1850;

/// How many machines are emulated at once.
const THREADS: usize = 8;

/// A configuration with the files that it reads.
#[derive(Debug, Clone, Default)]
struct Case {
    config: String,
    /// `$prefix/s1.cfg`.
    sourced: String,
    /// Variables of the environment block.
    block: Vec<(String, String)>,
}

/// What boots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Boot {
    title: String,
    /// The arguments of `linux`, as the kernel gets them.
    linux: Option<String>,
    initrds: Vec<String>,
}

/// What is made of a case: what boots; `Ok(None)` where there is no menu.
type Answer = Result<Option<Boot>, String>;

/// The answers of both, where they differ.
fn disagreement(case: &Case) -> Option<(Answer, Answer)> {
    let claimed = reader::read(case);
    // Who does not know is never wrong.
    claimed.as_ref().ok()?;
    let real = emulator::run(case)?;
    (claimed != real).then_some((claimed, real))
}

/// The case with as few lines as still show a disagreement.
fn minimised(mut case: Case) -> Case {
    let mut at = 0;
    loop {
        let lines: Vec<&str> = case.config.lines().collect();
        if at >= lines.len() {
            return case;
        }
        let without: String =
            lines.iter().enumerate().filter(|(line, _)| *line != at).map(|(_, line)| format!("{line}\n")).collect();
        let smaller = Case { config: without, ..case.clone() };
        match disagreement(&smaller) {
            Some(_) => {
                case = smaller;
                at = 0;
            }
            None => at += 1,
        }
    }
}

#[test]
fn scripts_boot_what_grub_boots() {
    const TEST: &str = "oracles::grub::scripts_boot_what_grub_boots";
    if !crate::support::has("grub-emu") {
        return crate::support::skip(TEST, "grub-emu is not installed");
    }
    let next = AtomicUsize::new(0);
    let unknown = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= CASES {
                        return;
                    }
                    let case = generate::case(&mut Random::new(seed as u64));
                    if reader::read(&case).is_err() {
                        unknown.fetch_add(1, Ordering::Relaxed);
                    } else if disagreement(&case).is_some() {
                        wrong.lock().unwrap().push((seed, case));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    let unknown = unknown.into_inner();
    let program = emulator::version();
    tell(&Tally { language: "grub.cfg", program: &program, cases: CASES, unknown, disagreements: wrong.len() });
    let shown: Vec<String> = wrong
        .iter()
        .take(3)
        .map(|(seed, case)| {
            let case = minimised(case.clone());
            let answers = disagreement(&case);
            format!("seed {seed}:\n{}-- s1.cfg:\n{}-- isctpl and GRUB: {answers:#?}\n", case.config, case.sourced)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {CASES} cases differ\n{}", wrong.len(), shown.join("\n"));
    assert!(CASES - unknown >= DECIDED, "{unknown} of {CASES} cases are not decided");
}
