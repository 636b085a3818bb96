//! The sentence for a chain without a break.

use super::judgement::ChainLink;
use crate::facts::{Facts, Mode};
use crate::{Link, LinkStatus};

/// Why it boots, with the links that have a warning and those that were not judged: a sentence that speaks of the
/// whole chain must be true of every link of it.
pub(super) fn why_it_boots(facts: &Facts, chain: &[ChainLink]) -> String {
    let with = |status: LinkStatus| -> Vec<&str> {
        chain.iter().filter(|link| link.status == status).map(|link| link.link.name()).collect()
    };
    let warned = with(LinkStatus::Warn);
    let mut unjudged = with(LinkStatus::NotApplicable);
    let live = facts.scope.mode == Mode::Live;
    let mut text = match (live, facts.scope.same_machine || facts.scope.firmware_given) {
        (true, _) if warned.is_empty() && unjudged.is_empty() => {
            return "every link of the boot chain passes on this instance".to_owned();
        }
        (true, _) => "no link of the boot chain is broken on this instance".to_owned(),
        (false, true) if !unjudged.contains(&Link::Firmware.name()) => {
            "nothing on this disk or in the machine's firmware prevents it".to_owned()
        }
        (false, _) => "nothing on this disk prevents it".to_owned(),
    };
    if !warned.is_empty() {
        text.push_str(&format!(
            "; see the {} at {}",
            if warned.len() == 1 { "warning" } else { "warnings" },
            listed(&warned)
        ));
    }
    if !live {
        // What the running kernel would tell of uptime.
        unjudged.iter_mut().filter(|link| **link == Link::Uptime.name()).for_each(|link| *link = "the running network");
        unjudged.iter_mut().filter(|link| **link == Link::Firmware.name()).for_each(|link| *link = "the firmware");
    }
    if !unjudged.is_empty() {
        let verb = if unjudged.len() == 1 { "was" } else { "were" };
        text.push_str(&format!("; {} {verb} not checked", listed(&unjudged)));
    }
    text
}

/// `a`, `a or b`, `a, b or c`
pub(super) fn listed_or(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// `a`, `a and b`, `a, b and c`
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
