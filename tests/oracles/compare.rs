//! Generated cases, asked of a program and of isctpl's reader of the same language, side by side.

use super::random::Random;
use super::results::{Tally, tell};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many cases are asked at once.
const THREADS: usize = 4;

/// What comes of a case, a sentence a fact.
pub(super) type Answer = Vec<String>;

/// A program, and isctpl's reader of the same parts.
pub(super) struct Oracle<'a> {
    pub(super) language: &'a str,
    pub(super) program: &'a str,
    /// Cases that have shown a disagreement.
    pub(super) kept: Vec<Vec<String>>,
    /// How many are generated.
    pub(super) cases: usize,
    /// How many cases isctpl decides at least.
    pub(super) decided: usize,
    /// What stands between the parts of a case.
    pub(super) between: &'a str,
    pub(super) generate: &'a (dyn Fn(&mut Random) -> Vec<String> + Sync),
    /// What isctpl says; `Err` where it does not know.
    pub(super) claimed: &'a (dyn Fn(&str) -> Result<Answer, String> + Sync),
    pub(super) real: &'a (dyn Fn(&str) -> Answer + Sync),
}

impl Oracle<'_> {
    fn claimed(&self, parts: &[String]) -> Result<Answer, String> {
        (self.claimed)(&parts.join(self.between)).map(sorted)
    }

    fn real(&self, parts: &[String]) -> Answer {
        sorted((self.real)(&parts.join(self.between)))
    }

    /// The answers of both, where they differ.
    fn disagreement(&self, parts: &[String]) -> Option<(Answer, Answer)> {
        // Who does not know is never wrong.
        let claimed = self.claimed(parts).ok()?;
        let real = self.real(parts);
        (claimed != real).then_some((claimed, real))
    }

    /// The case with as few parts as still show a disagreement.
    fn minimised(&self, mut parts: Vec<String>) -> Vec<String> {
        let mut at = 0;
        while at < parts.len() {
            let mut without = parts.clone();
            without.remove(at);
            match self.disagreement(&without) {
                Some(_) => parts = without,
                None => at += 1,
            }
        }
        parts
    }

    pub(super) fn run(&self) {
        let kept = &self.kept;
        let cases = kept.len() + self.cases;
        let next = AtomicUsize::new(0);
        let unknown = AtomicUsize::new(0);
        let wrong = Mutex::new(Vec::new());
        let ask = || {
            loop {
                let case = next.fetch_add(1, Ordering::Relaxed);
                let parts = match case.checked_sub(kept.len()) {
                    None => kept[case].clone(),
                    Some(seed) if seed < self.cases => (self.generate)(&mut Random::new(seed as u64)),
                    Some(_) => return,
                };
                match self.claimed(&parts) {
                    Err(_) => {
                        unknown.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(claimed) if claimed != self.real(&parts) => wrong.lock().unwrap().push(parts),
                    Ok(_) => {}
                }
            }
        };
        std::thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(ask))));
        let (unknown, wrong) = (unknown.into_inner(), wrong.into_inner().unwrap());
        let Self { language, program, decided, .. } = self;
        tell(&Tally { language, program, cases, unknown, disagreements: wrong.len() });
        let shown: Vec<String> = wrong.iter().take(shown()).map(|parts| self.told(parts.clone())).collect();
        assert!(wrong.is_empty(), "{} of {cases} cases differ\n{}", wrong.len(), shown.join("\n"));
        assert!(cases - unknown >= *decided, "{unknown} of {cases} cases are not decided");
    }

    /// A disagreement with what each says alone.
    fn told(&self, parts: Vec<String>) -> String {
        let parts = self.minimised(parts);
        let (claimed, real) = self.disagreement(&parts).unwrap_or_default();
        let only = |these: &Answer, others: &Answer| {
            let only = these.iter().filter(|line| !others.contains(line)).map(|line| format!("\n    {line}"));
            only.collect::<String>()
        };
        format!(
            "{}\n  isctpl alone:{}\n  the program alone:{}",
            parts.join(self.between),
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
