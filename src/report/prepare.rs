//! What `prepare` says: the answer, what it fixes, the files that change as a diff, and what is left.

use super::Report;
use super::rescue::{lines, trouble};
use super::style::{BAD, DOUBTFUL, FAINT, GOOD, STRONG, Style, paint};
use super::table::headline;
pub(crate) use super::table::verdict_sentence as verdict;
use crate::formats::text::printable::{self, line};
use crate::formats::text::redact::redact_line;
use crate::procedures::Failure;
use crate::procedures::prepare::draft::{Content, FileChange};
use crate::procedures::prepare::packages::Packages;
use crate::procedures::prepare::plan::{Left, Plan};
use isctpl_checks::{BootVerdict, Check, Finding, quoted};
use similar::{Algorithm, TextDiff};
use std::path::Path;
use std::time::Duration;

/// How long a diff may look for the smallest one.
const DIFF_LIMIT: Duration = Duration::from_secs(2);

/// An earlier run did not come to its end.
pub(crate) const INTERRUPTED: &str = "An earlier `isctpl prepare` was interrupted; its changes are undone first.\n";

/// The root's directory as a command takes it.
pub(crate) fn name(root: &Path) -> String {
    line(&quoted(&root.display().to_string())).into_owned()
}

/// What would be done.
pub(crate) fn plan(report: &Report<'_>, plan: &Plan, style: &Style) -> String {
    let mut text = headline(report, style);
    text += &style.wrap(&verdict(report), "", "  ");
    text.push('\n');
    for fix in &plan.fixes {
        text += &lines("  fixes   ", &format!("{}: {}", fix.check, fix.summary), style);
    }
    for check in &plan.begins {
        text +=
            &lines("  begins  ", &format!("{check}: once the image is rebuilt, the words that it needs follow"), style);
    }
    text += &left(&plan.left, style);
    text += &missing(plan.missing.as_ref(), style);
    if plan.is_empty() {
        return text + "Nothing to change.\n";
    }
    for (path, change) in &plan.files {
        text.push('\n');
        text += &diff(path, change);
    }
    text.push('\n');
    for build in &plan.builds {
        text += &lines("  rebuild ", &format!("{}, by {}", build.path(), build.program()), style);
    }
    text
}

fn left(left: &[Left], style: &Style) -> String {
    let mut text = String::new();
    for Left { check, refusal } in left {
        text += &lines("  by hand ", &format!("{check}: {}: {}", refusal.place, refusal.what), style);
        if !refusal.by_hand.is_empty() {
            text += &lines("          ", &refusal.by_hand, style);
        }
    }
    text
}

/// What the root lacks.
fn missing(packages: Option<&Packages>, style: &Style) -> String {
    packages.map_or_else(String::new, |packages| {
        let what = format!(
            "{}: prepare --install installs what is missing, by {}",
            packages.names.join(", "),
            packages.program()
        );
        lines("  missing ", &what, style)
    })
}

/// They are being installed.
pub(crate) fn installing(packages: &Packages) -> String {
    format!("{} installs {} ...\n", packages.program(), packages.names.join(", "))
}

/// Asks before files are changed.
pub(crate) fn question(root: &Path) -> String {
    format!("Make these changes to {}? [y/N] ", name(root))
}

/// Asks before packages are installed.
pub(crate) fn install(packages: &Packages, root: &Path) -> String {
    format!(
        "Install {} in {} by {}? That stays when prepare is undone. [y/N] ",
        packages.names.join(", "),
        name(root),
        packages.program()
    )
}

/// A unified diff of a file; for a link what becomes of it. Secrets are hidden, whatever changes of them.
fn diff(path: &str, change: &FileChange) -> String {
    let shown = line(path);
    let link = |target: &str| format!("{shown} -> {}", line(target));
    match (&change.before, &change.after) {
        (Content::Link(target), after) => {
            let mut text = paint(BAD, &format!("- link {}", link(target))) + "\n";
            match after {
                Content::Absent => {}
                Content::Link(new) => text += &(paint(GOOD, &format!("+ link {}", link(new))) + "\n"),
                after => text += &texts(&shown, None, after_text(after)),
            }
            text
        }
        (_, Content::Copy { from }) => paint(GOOD, &format!("+ {shown}: a copy of {}", line(from))) + "\n",
        (Content::Absent, Content::Link(target)) => paint(GOOD, &format!("+ link {}", link(target))) + "\n",
        (before, Content::Link(target)) => {
            texts(&shown, before_text(before), None) + &paint(GOOD, &format!("+ link {}", link(target))) + "\n"
        }
        (before, after) => texts(&shown, before_text(before), after_text(after)),
    }
}

fn before_text(content: &Content) -> Option<&str> {
    match content {
        Content::Text(text) => Some(text),
        _ => None,
    }
}

fn after_text(content: &Content) -> Option<&str> {
    before_text(content)
}

fn texts(shown: &str, before: Option<&str>, after: Option<&str>) -> String {
    let header = |side: &str, text: Option<&str>| text.map_or("/dev/null".to_owned(), |_| format!("{side}{shown}"));
    let (old, new) = (header("a", before), header("b", after));
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(DIFF_LIMIT)
        .diff_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&old, &new)
        .to_string();
    diff.lines()
        .enumerate()
        .map(|(number, whole)| {
            let (sign, rest) = whole.split_at(whole.chars().next().map_or(0, char::len_utf8));
            let painted = |style| paint(style, &format!("{sign}{}", line(&redact_line(rest)))) + "\n";
            match sign {
                _ if number < 2 => paint(STRONG, whole) + "\n",
                "@" => paint(FAINT, whole) + "\n",
                "+" => painted(GOOD),
                "-" => painted(BAD),
                _ => format!("{sign}{}\n", line(&redact_line(rest))),
            }
        })
        .collect()
}

/// All is done that could be, or there was nothing to do. `open` is what the checks that were asked for still find.
pub(crate) fn done(
    report: &Report<'_>,
    plan: &Plan,
    open: &[(&'static Check, &Finding)],
    changed: bool,
    style: &Style,
) -> String {
    let root = quoted(&report.facts.scope.root);
    let of_root = if report.facts.scope.root == "/" { String::new() } else { format!(" --root {root}") };
    let boots = report.judgement.verdict.boot == BootVerdict::Boots;
    let (word, what) = match (changed, boots && open.is_empty()) {
        (true, true) => ("PREPARED", "what doctor found in the files is fixed"),
        (true, false) => ("CHANGED", "what files can fix is fixed"),
        (false, true) => ("UNCHANGED", "there is nothing to fix"),
        (false, false) => ("UNCHANGED", "there is nothing that prepare can fix"),
    };
    let colour = if boots && open.is_empty() { GOOD } else { DOUBTFUL };
    let mut text = headline(report, style) + &style.wrap(&verdict(report), "", "  ");
    text += &lines(&format!("{word}: "), what, style).replacen(word, &paint(colour, word), 1);
    for (check, finding) in open {
        text += &lines("  still   ", &format!("{} {}: {}", finding.severity, check.id, finding.summary), style);
    }
    text += &left(&plan.left, style);
    text += &missing(plan.missing.as_ref(), style);
    if !plan.is_empty() {
        text += "  again   isctpl prepare: not all was done in one run\n";
    }
    if changed {
        text += &format!("  undo    isctpl prepare{of_root} --undo\n");
    }
    text + &format!("  next    isctpl {}{of_root}\n", if boots { "seal" } else { "doctor" })
}

/// Nothing was changed.
pub(crate) fn refusal(failure: &Failure) -> String {
    trouble("isctpl: refused: ", failure)
}

/// It failed, and all is as it was.
pub(crate) fn rolled_back(failure: &Failure) -> String {
    trouble("isctpl: ", failure) + "Everything was undone.\n"
}

/// It failed, and something is left.
pub(crate) fn rollback_failed(failure: &Failure, stuck: &Failure, root: &Path) -> String {
    trouble("isctpl: ", failure) + &teardown_failed(stuck, root)
}

/// Undoing failed.
pub(crate) fn teardown_failed(failure: &Failure, root: &Path) -> String {
    trouble("isctpl: NOT everything was undone: ", failure)
        + &format!("Fix that, then run: isctpl prepare --root {} --undo\n", name(root))
}

/// All is back.
pub(crate) fn undone(root: &Path) -> String {
    format!("UNDONE: every file of {} is as it was before prepare\n", printable::path(root))
}

/// There is nothing to undo.
pub(crate) fn nothing_to_undo(root: &Path) -> String {
    format!("Nothing to undo: prepare has changed nothing in {}\n", printable::path(root))
}
