//! From facts to a verdict: run the checks, lay the results along the chain, say what it comes to.

mod chain;
mod comes_back;
mod each;
mod judgement;
mod login_words;
mod run;
mod sentence;

pub use comes_back::Reboot;
pub use judgement::{BootVerdict, ChainLink, CheckResult, Judgement, Selection, Verdict};
pub use login_words::{LoginWords, login_words};

use crate::facts::Facts;
use crate::{Analysis, Check, Link, Severity, handover, registry};
use chain::{breaks, downgrade_unreached};
use run::Run;

/// Judges an instance. Where it is not known which NIC is the SAN NIC, every one that can be it is tried.
pub fn judge(facts: &Facts, selection: &Selection) -> Judgement {
    let analysis = Analysis::of(facts);
    let not_iscsi_root = analysis.no_sign_of_iscsi_root();
    let candidates = if not_iscsi_root.is_some() { Vec::new() } else { handover::candidates(&analysis) };
    let decides = |check: &&Check| check.severity == Severity::Critical && check.link != Link::Template;
    let run = Run {
        facts,
        selection,
        not_iscsi_root,
        partial: registry::all().filter(decides).any(|check| !selection.takes(check)),
    };
    if !candidates.is_empty() {
        return each::judge(&run, candidates);
    }
    let mut results = run.results(facts, |_| true);
    let breaks = breaks(&results);
    downgrade_unreached(&mut results);
    run.judgement(results, None, breaks)
}
