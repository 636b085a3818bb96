//! Words of a kernel command line that bring up the network of an initramfs, against each program that reads them.

mod line;
mod manager;
mod networkd;

use super::random::Random;
use super::results::{Tally, tell};
use isctpl::formats::cmdline;
use isctpl_checks::facts::Cmdline;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many cases are asked at once.
const THREADS: usize = 4;

/// Lines that have shown a disagreement; every program is asked about each.
const KEPT: &str = include_str!("kept.txt");

/// What comes of a line, a sentence a fact.
type Answer = Vec<String>;

/// A program, and isctpl's reader of the same words.
struct Oracle<'a> {
    language: &'a str,
    program: &'a str,
    cases: usize,
    /// How many cases isctpl decides at least.
    decided: usize,
    generate: &'a (dyn Fn(&mut Random) -> Vec<String> + Sync),
    /// What isctpl says; `Err` where it does not know.
    claimed: &'a (dyn Fn(&Cmdline, &str) -> Result<Answer, String> + Sync),
    real: &'a (dyn Fn(&str) -> Answer + Sync),
}

impl Oracle<'_> {
    fn claimed(&self, words: &[String]) -> Result<Answer, String> {
        let text = words.join(" ");
        let line = cmdline::parse(&text, None);
        if let Some(word) = line.unclear_network_word() {
            return Err(format!("what {word} is for it is not known"));
        }
        (self.claimed)(&line, &text).map(sorted)
    }

    /// The answers of both, where they differ.
    fn disagreement(&self, words: &[String]) -> Option<(Answer, Answer)> {
        // Who does not know is never wrong.
        let claimed = self.claimed(words).ok()?;
        let real = sorted((self.real)(&words.join(" ")));
        (claimed != real).then_some((claimed, real))
    }

    /// The line with as few words as still show a disagreement.
    fn minimised(&self, mut words: Vec<String>) -> Vec<String> {
        let mut at = 0;
        while at < words.len() {
            let mut without = words.clone();
            without.remove(at);
            match self.disagreement(&without) {
                Some(_) => words = without,
                None => at += 1,
            }
        }
        words
    }

    fn run(&self) {
        let kept: Vec<Vec<String>> = KEPT.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect();
        let cases = kept.len() + self.cases;
        let next = AtomicUsize::new(0);
        let unknown = AtomicUsize::new(0);
        let wrong = Mutex::new(Vec::new());
        let ask = || {
            loop {
                let case = next.fetch_add(1, Ordering::Relaxed);
                let words = match case.checked_sub(kept.len()) {
                    None => kept[case].clone(),
                    Some(seed) if seed < self.cases => (self.generate)(&mut Random::new(seed as u64)),
                    Some(_) => return,
                };
                if self.claimed(&words).is_err() {
                    unknown.fetch_add(1, Ordering::Relaxed);
                } else if self.disagreement(&words).is_some() {
                    wrong.lock().unwrap().push(words);
                }
            }
        };
        std::thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(ask))));
        let (unknown, wrong) = (unknown.into_inner(), wrong.into_inner().unwrap());
        let Self { language, program, decided, .. } = self;
        tell(&Tally { language, program, cases, unknown, disagreements: wrong.len() });
        let shown: Vec<String> = wrong.iter().take(shown()).map(|words| self.told(words.clone())).collect();
        assert!(wrong.is_empty(), "{} of {cases} cases differ\n{}", wrong.len(), shown.join("\n"));
        assert!(cases - unknown >= *decided, "{unknown} of {cases} cases are not decided");
    }

    /// A disagreement with what each says alone.
    fn told(&self, words: Vec<String>) -> String {
        let words = self.minimised(words);
        let (claimed, real) = self.disagreement(&words).unwrap_or_default();
        let only = |these: &Answer, others: &Answer| {
            let only = these.iter().filter(|line| !others.contains(line)).map(|line| format!("\n    {line}"));
            only.collect::<String>()
        };
        format!(
            "{}\n  isctpl alone:{}\n  the program alone:{}",
            words.join(" "),
            only(&claimed, &real),
            only(&real, &claimed)
        )
    }
}

/// How many disagreements are shown.
fn shown() -> usize {
    std::env::var("ISCTPL_ORACLE_SHOWN").ok().and_then(|shown| shown.parse().ok()).unwrap_or(5)
}

fn sorted(mut answer: Answer) -> Answer {
    answer.sort();
    answer.dedup();
    answer
}
