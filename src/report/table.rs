//! The report for people: the answer, the chain, the findings, the answer again in a sentence.

use super::ignores::ignores_text;
use super::style::{DOUBTFUL, FAINT, STRONG, Style, of_boot, of_severity, of_status, paint, status_word};
use super::{Report, by_reason, columns, timeline};
use isctpl_checks::facts::{Mode, Problem, Scope};
use isctpl_checks::{BootVerdict, ChainLink, Check, Evidence, Finding, LinkStatus, Outcome, Remedy};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How many pieces of evidence are printed without `-v`.
const EVIDENCE_SHOWN: usize = 4;

/// How many checks that could not be made are printed one by one without `-v`.
const UNKNOWNS_SHOWN: usize = 6;

/// How many things that could not be read are printed without `-v`.
const PROBLEMS_SHOWN: usize = 5;

/// What stands before the further lines of evidence and fix.
const FURTHER: &str = "            ";

/// The report as a text of at most `style.width` columns.
pub(crate) fn table(report: &Report<'_>, style: &Style) -> String {
    let mut text = String::new();
    let judgement = report.judgement;
    if judgement.chain.iter().all(|link| link.summary == judgement.verdict.because) {
        // Nothing was read, not even whose facts these would be.
        let line = style.wrap(&sentence(&format!("UNKNOWN: {}", judgement.verdict.because)), "", "");
        return line.replacen("UNKNOWN", &paint(DOUBTFUL, "UNKNOWN"), 1);
    }
    text.push_str(&headline(report, style));
    // A machine that is not on iSCSI has no chain: one sentence says it all.
    let not_iscsi = judgement.verdict.boot == BootVerdict::Unknown
        && !judgement.partial
        && judgement.chain.iter().all(|link| link.status == LinkStatus::NotApplicable);
    if not_iscsi {
        text.push_str(&style.wrap(&sentence(&judgement.verdict.because), "", "  "));
        text.push_str(&unread(report, not_iscsi, style));
        return text;
    }
    text.push_str(&chain(report, style));
    text.push_str(&timeline::text(report, style));
    text.push_str(&whose_commands(report, style));
    for (check, finding) in judgement.findings() {
        text.push('\n');
        text.push_str(&finding_text(report, check, finding, style));
    }
    text.push_str(&unknowns(report, style));
    text.push_str(&unread(report, not_iscsi, style));
    text.push_str(&ignores_text(report.ignores, style));
    if style.verbose {
        text.push_str(&every_check(report, style));
    }
    text.push('\n');
    text.push_str(&verdict(report, style));
    text
}

/// Where the commands of a snapshot's fixes are to be typed, if there are any.
fn whose_commands(report: &Report<'_>, style: &Style) -> String {
    let findings = report.judgement.findings();
    let typed = |remedy: &Remedy| !remedy.plain_commands().is_empty() || !remedy.repairs().is_empty();
    let commands = findings.iter().any(|(_, finding)| typed(&finding.remedy));
    if !report.is_elsewhere() || !commands {
        return String::new();
    }
    let place = match report.facts.scope.mode {
        Mode::Live => "on the instance".to_owned(),
        Mode::Root if report.facts.scope.from_disk => {
            format!("in a chroot of the root, which is on the disk {}", report.facts.scope.root)
        }
        Mode::Root => format!("in a chroot of the instance's root (it was mounted at {})", report.facts.scope.root),
    };
    let text = format!("Type the commands below {place}, without the #: they are not for this machine.");
    format!("\n{}", style.wrap(&text, "", "  "))
}

/// What was judged in place of a machine.
fn root_in_words(scope: &Scope) -> String {
    format!("{} {}", if scope.from_disk { "disk" } else { "root" }, scope.root)
}

/// `FAILS at login: instance-59725 (Debian GNU/Linux 12), root /target`
pub(super) fn headline(report: &Report<'_>, style: &Style) -> String {
    let verdict = &report.judgement.verdict;
    let scope = &report.facts.scope;
    let mut answer = match verdict.boot {
        BootVerdict::Unknown if report.judgement.partial => "PARTIAL".to_owned(),
        BootVerdict::Boots => "BOOTS".to_owned(),
        BootVerdict::Fails => "FAILS".to_owned(),
        BootVerdict::AtRisk => "AT RISK".to_owned(),
        BootVerdict::Unknown => "UNKNOWN".to_owned(),
    };
    if let Some(link) = verdict.broken_link {
        let _ = write!(answer, " at {link}");
    }
    let mut subject: Vec<String> = Vec::new();
    subject.extend(scope.hostname.clone());
    subject.extend(scope.os.clone());
    subject.push(match (report.snapshot.is_some(), scope.mode) {
        (true, Mode::Live) => format!("snapshot of the booted instance, {}", scope.time),
        (true, Mode::Root) => format!("snapshot of the {}, {}", root_in_words(scope), scope.time),
        (false, Mode::Live) => "this booted instance".to_owned(),
        (false, Mode::Root) => format!("the {}", root_in_words(scope)),
    });
    let hangs_on = verdict.hangs_on.as_ref().map(|hangs_on| format!("{hangs_on}; ")).unwrap_or_default();
    let line = style.wrap(&format!("{answer}: {hangs_on}{}", subject.join(", ")), "", "  ");
    let mut text = line.replacen(&answer, &paint(of_boot(verdict.boot), &answer), 1);
    if let Some(proof) = &scope.same_machine_proof {
        text.push_str(&style.wrap(&format!("This machine is the instance: {proof}."), "", "  "));
    }
    text
}

fn chain(report: &Report<'_>, style: &Style) -> String {
    let asked = |link: &&ChainLink| {
        !report.judgement.partial || report.judgement.results.iter().any(|result| result.check.link == link.link)
    };
    let links: Vec<&ChainLink> = report.judgement.chain.iter().filter(asked).collect();
    let cells: Vec<Vec<String>> = links
        .iter()
        .map(|link| vec![link.link.name().to_owned(), status_word(link.status).to_owned(), link.summary.clone()])
        .collect();
    let painted = |(row, link): (String, &&ChainLink)| {
        let word = status_word(link.status);
        row.replacen(&format!("  {word}"), &format!("  {}", paint(of_status(link.status), word)), 1)
    };
    let text: String = columns::rows(&cells, style).into_iter().zip(&links).map(painted).collect();
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn finding_text(report: &Report<'_>, check: &Check, finding: &Finding, style: &Style) -> String {
    let word = finding.severity.name();
    let head = style.wrap(&format!("{word} {}: {}", check.id, finding.summary), "", "  ");
    let mut text = head.replacen(word, &paint(of_severity(finding.severity), word), 1);
    text.push_str(&evidence(&finding.evidence, style));
    text.push_str(&remedy(report, check, &finding.remedy, style));
    text
}

fn evidence(evidence: &[Evidence], style: &Style) -> String {
    let shown = if style.verbose { evidence.len() } else { EVIDENCE_SHOWN };
    let mut text = String::new();
    for piece in evidence.iter().take(shown) {
        let line = if piece.excerpt.is_empty() {
            piece.source.clone()
        } else {
            format!("{}: {}", piece.source, piece.excerpt.replace('\n', " "))
        };
        text.push_str(&style.wrap(&line, "  evidence  ", FURTHER));
    }
    if evidence.len() > shown {
        text.push_str(&style.wrap(&format!("and {} more; -v shows them", evidence.len() - shown), FURTHER, FURTHER));
    }
    text
}

fn remedy(report: &Report<'_>, check: &Check, remedy: &Remedy, style: &Style) -> String {
    let mut text = String::new();
    // What a snapshot is answered with must not act on the machine on which it is read, if it is pasted there.
    let guard = if report.is_elsewhere() { "# " } else { "" };
    if let Some(command) = report.fixed_by(check, remedy) {
        let _ = writeln!(text, "  fixed by  {}", paint(STRONG, &format!("{guard}{command}")));
    }
    if !remedy.text.is_empty() {
        text.push_str(&style.wrap(&remedy.text, "  fix       ", FURTHER));
    }
    for command in remedy.typed(report.reach()) {
        // A command is neither wrapped nor changed: it is there to be pasted, and holds nothing that harms.
        let _ = writeln!(text, "{FURTHER}{}", paint(STRONG, &format!("{guard}{command}")));
    }
    text
}

/// What could not be told: each reason once, since several checks that wait for the same fact are one thing to
/// read, and then the checks.
fn unknowns(report: &Report<'_>, style: &Style) -> String {
    let reasons = report.unknowns_by_reason();
    let shown = if style.verbose { reasons.len() } else { UNKNOWNS_SHOWN };
    let mut text = String::new();
    for (reason, ids) in reasons.iter().take(shown) {
        text.push('\n');
        text.push_str(&reason_text("unknown", DOUBTFUL, reason, ids, style));
    }
    if reasons.len() > shown {
        text.push_str(&style.wrap(&format!("and {} more; -v shows them", reasons.len() - shown), "  ", "  "));
    }
    text
}

fn reason_text(word: &str, colour: anstyle::Style, reason: &str, ids: &[&str], style: &Style) -> String {
    let head = style.wrap(&format!("{word}: {reason}"), "", "  ");
    head.replacen(word, &paint(colour, word), 1) + &style.wrap(&ids.join(", "), "  checks    ", FURTHER)
}

/// What could not be read or understood, as far as no finding and no unknown check tells it: the verdict does
/// not depend on it, but nobody may take it for read.
fn unread(report: &Report<'_>, not_iscsi: bool, style: &Style) -> String {
    let judgement = report.judgement;
    let findings = judgement.findings();
    let told: BTreeSet<(&str, &str)> = findings
        .iter()
        .flat_map(|(_, finding)| &finding.evidence)
        .chain(judgement.unknowns().flat_map(|(_, _, evidence)| evidence))
        .map(|piece| (piece.source.as_str(), piece.excerpt.as_str()))
        .collect();
    let untold: Vec<String> = report
        .facts
        .problems()
        .into_iter()
        // On a machine that is not on iSCSI the sentence says that no loader was found, and its disks are not LUNs.
        .filter(|problem| {
            let no_loader = report.facts.loader.chosen.problem() == Some(*problem);
            !not_iscsi || style.verbose || !(no_loader || problem.place.starts_with("/dev/"))
        })
        .filter(|problem| !told.contains(&(problem.place.as_str(), problem.what.as_str())))
        .map(Problem::to_string)
        .collect();
    // With --only, what these checks needed is told; the rest takes -v.
    if untold.is_empty() || (judgement.partial && !style.verbose) {
        return String::new();
    }
    let shown = if style.verbose { untold.len() } else { PROBLEMS_SHOWN };
    let mut text = String::from("\n");
    text.push_str(&style.wrap("Unreadable; does not affect the verdict:", "", ""));
    for problem in untold.iter().take(shown) {
        text.push_str(&style.wrap(problem, "  ", "    "));
    }
    if untold.len() > shown {
        text.push_str(&style.wrap(&format!("and {} more; -v shows them", untold.len() - shown), "  ", "  "));
    }
    text
}

/// With `-v`: what passed, and what was not checked, by its reason.
fn every_check(report: &Report<'_>, style: &Style) -> String {
    let results = &report.judgement.results;
    let mut text = String::from("\n");
    for result in results {
        if let Outcome::Pass(reason) = &result.outcome {
            let line = style.wrap(&format!("pass {}: {reason}", result.check.id), "", "  ");
            text.push_str(&line.replacen("pass", &paint(of_status(LinkStatus::Pass), "pass"), 1));
        }
    }
    let unchecked = results.iter().filter_map(|result| match &result.outcome {
        Outcome::NotApplicable(reason) => Some((reason.as_str(), result.check.id)),
        _ => None,
    });
    for (reason, ids) in by_reason(unchecked) {
        text.push('\n');
        // Many reasons begin with these words themselves.
        let reason = reason.strip_prefix("not checked: ").unwrap_or(reason);
        text.push_str(&reason_text("not checked", FAINT, reason, &ids, style));
    }
    text
}

/// The verdict in a sentence.
pub(crate) fn verdict_sentence(report: &Report<'_>) -> String {
    let verdict = &report.judgement.verdict;
    let begin = match (verdict.boot, verdict.broken_link) {
        (BootVerdict::Boots, _) => "It boots: ".to_owned(),
        (BootVerdict::Fails, Some(link)) => format!("It will not boot; the chain breaks at {link}: "),
        (BootVerdict::Fails, None) => "It will not boot: ".to_owned(),
        (BootVerdict::AtRisk, Some(link)) => format!("It comes up, but {link} is broken: "),
        (BootVerdict::AtRisk, None) => "It comes up, but is at risk: ".to_owned(),
        (BootVerdict::Unknown, _) if report.judgement.partial => "Only a part was checked: ".to_owned(),
        (BootVerdict::Unknown, _) => "Unknown whether it boots: ".to_owned(),
    };
    sentence(&format!("{begin}{}", verdict.because))
}

fn verdict(report: &Report<'_>, style: &Style) -> String {
    let verdict = &report.judgement.verdict;
    let mut text = style.wrap(&verdict_sentence(report), "", "  ");
    let counts = report.counts();
    let tally = [
        (counts.critical, "critical"),
        (counts.warning, "warning"),
        (counts.info, "info"),
        (counts.unknown, "unknown"),
        (counts.pass, "passed"),
        (counts.not_applicable, "not checked"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect::<Vec<_>>()
    .join(", ");
    text.push_str(&paint(FAINT, style.wrap(&tally, "", "").trim_end()));
    text.push('\n');
    // Those that were not made are listed above, under the reason.
    let listed: BTreeSet<&str> = report.judgement.unknowns().map(|(check, ..)| check.id).collect();
    let open: Vec<&str> = verdict.checks.iter().copied().filter(|id| !listed.contains(id)).collect();
    if verdict.boot == BootVerdict::Unknown && !open.is_empty() {
        text.push_str(&style.wrap(&format!("Checks that depend on it: {}", open.join(" ")), "", "  "));
    }
    if let Some(check) = verdict.checks.first().filter(|_| verdict.boot != BootVerdict::Unknown) {
        text.push_str(&style.wrap(&format!("Details: isctpl explain {check}"), "", ""));
    }
    text
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let mut sentence: String = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    sentence.push_str(characters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}
