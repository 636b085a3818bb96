//! Which words make the image log in: words are tried on a copy of the facts, and judged.

use crate::facts::{BootEntry, Cmdline, Facts, Located, Word};
use crate::login::{Candidate, candidates};
use crate::{Analysis, Link, Outcome, Scope, Severity, WordMatch, registry};

/// The change of the command line after which the image logs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginWords {
    /// Words that leave it.
    pub remove: Vec<WordMatch>,
    /// Words that join it, in order.
    pub add: Vec<String>,
}

impl LoginWords {
    /// Whether the command line is right as it is.
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.add.is_empty()
    }
}

/// Checks of other links that hang on these words.
const OTHERS: [&str; 3] = ["ibft-missing", "ibft-gateway-missing", "loader-secret-on-cmdline"];

/// The words with which the image of the entry that boots logs in, in the dialect that this image reads: the smallest
/// change after which no check of the login finds anything critical or unknown, and of those one without a warning.
/// Empty where the line is right as it is; `None` where no words are known.
///
/// A name that is one machine's alone, a MAC address, is used only where nothing else logs in: templates are cloned.
pub fn login_words(facts: &Facts) -> Option<LoginWords> {
    let analysis = Analysis::of(facts);
    let image = analysis.image_that_logs_in().ok()?;
    let mut tried: Vec<(bool, usize, LoginWords)> = Vec::new();
    let mut copy = on_which_it_hangs(facts);
    for candidate in candidates(&analysis, image) {
        let words = change_by(facts, &candidate);
        copy.loader = facts.loader.clone();
        apply(&mut copy, &words);
        if let Some(warnings) = warnings_of(&copy) {
            tried.push((candidate.names_machine, warnings, words));
        }
    }
    // What is equally good keeps its order.
    tried.into_iter().min_by_key(|(names_machine, warnings, _)| (*names_machine, *warnings)).map(|(.., words)| words)
}

/// Facts that the checks of the login ask. What this boot was given on its command line is no matter of the next.
fn on_which_it_hangs(facts: &Facts) -> Facts {
    Facts {
        scope: facts.scope.clone(),
        firmware: facts.firmware.clone(),
        nics: facts.nics.clone(),
        network: facts.network.clone(),
        kernels: facts.kernels.clone(),
        images: facts.images.clone(),
        dhcp: facts.dhcp.clone(),
        iscsi: facts.iscsi.clone(),
        ..Facts::default()
    }
}

/// The change that a candidate comes to: nothing is added that every entry of the image has.
fn change_by(facts: &Facts, candidate: &Candidate) -> LoginWords {
    let default = facts.loader.default_entry();
    let of_image = |entry: &&BootEntry| {
        let initrds = |entry: &BootEntry| entry.initrds.iter().map(|initrd| initrd.path.clone()).collect::<Vec<_>>();
        entry.linux && default.is_some_and(|default| initrds(default) == initrds(entry))
    };
    let stands = |word: &String| {
        let key = word.split('=').next().unwrap_or(word);
        let is_switch = word == key || word.ends_with("=1");
        let in_line = |line: &Cmdline| match is_switch {
            true => line.is_on(key),
            false => line.words.iter().any(|other| other.to_string() == *word),
        };
        facts.loader.entries.iter().filter(of_image).all(|entry| in_line(&entry.cmdline))
    };
    let add: Vec<String> = candidate.add.iter().filter(|word| !stands(word)).cloned().collect();
    let kept = |of: &WordMatch| matches!(of, WordMatch::Word(word) if is_switched_on(&candidate.add, &add, word));
    LoginWords { remove: candidate.remove.iter().filter(|of| !kept(of)).cloned().collect(), add }
}

/// Whether a word is a switch that the candidate wants on, and that is on by another spelling.
fn is_switched_on(wanted: &[String], added: &[String], word: &str) -> bool {
    let key = |word: &str| word.split('=').next().unwrap_or_default().to_owned();
    let is_wanted = |wanted: &&String| key(wanted) == key(word) && (wanted.ends_with("=1") || !wanted.contains('='));
    wanted.iter().filter(is_wanted).any(|wanted| !added.contains(wanted))
}

/// Makes the change on every line from which entries come.
fn apply(facts: &mut Facts, words: &LoginWords) {
    let change = |line: &mut Cmdline, adds: bool| {
        line.words.retain(|word| !words.remove.iter().any(|of| of.matches(&word.to_string())));
        let missing = words.add.iter().filter(|_| adds).map(|word| word_of(word));
        let missing: Vec<Word> = missing.filter(|word| !line.words.contains(word)).collect();
        line.words.extend(missing);
    };
    for entry in facts.loader.entries.iter_mut().filter(|entry| entry.linux) {
        change(&mut entry.cmdline, true);
    }
    let defaults = &mut facts.loader.defaults;
    let lines: [(&mut Option<Located<Cmdline>>, bool); 3] = [
        (&mut defaults.cmdline_linux, true),
        (&mut defaults.cmdline_linux_default, false),
        (&mut defaults.kernel_cmdline, true),
    ];
    for (line, adds) in lines {
        if let Some(line) = line {
            change(&mut line.value, adds);
        }
    }
}

fn word_of(text: &str) -> Word {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (text, None),
    };
    Word { key: key.to_owned(), value, ..Word::default() }
}

/// How many warnings the checks of the login give; `None` where one is critical or cannot be made.
fn warnings_of(facts: &Facts) -> Option<usize> {
    let analysis = Analysis::of(facts);
    let mut warnings = 0;
    for check in registry::all().filter(|check| check.link == Link::Login || OTHERS.contains(&check.id)) {
        if check.scope == Scope::Machine && !analysis.scope.is_on_its_machine() {
            continue;
        }
        match (check.judge)(&analysis).unwrap_or_else(|ended| ended) {
            Outcome::Unknown { .. } => return None,
            Outcome::Fail(findings) => {
                if findings.iter().any(|finding| finding.severity == Severity::Critical) {
                    return None;
                }
                warnings += findings.len();
            }
            Outcome::Pass(_) | Outcome::NotApplicable(_) => {}
        }
    }
    Some(warnings)
}
