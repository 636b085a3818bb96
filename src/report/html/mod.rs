//! The report as one HTML page, which needs nothing else: no script, no other file, no network.
//!
//! Every text is escaped in [`text`], facts and own sentences alike, and the page's own policy lets nothing run or load.

mod classes;
mod findings;
mod timeline;

use super::Report;
use super::style::status_word;
use super::table::verdict_sentence;
use crate::report::markup::text;
use classes::{of_severity, of_status};
use isctpl_checks::{BootVerdict, Outcome};
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");

/// What the page lets a browser do: use its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page.
pub(crate) fn html(report: &Report<'_>) -> String {
    let verdict = &report.judgement.verdict;
    let (word, class) = boot(report);
    let at = verdict.broken_link.map(|link| format!(" at {link}")).unwrap_or_default();
    let subject = subject(report);
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let _ = writeln!(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    let _ = writeln!(page, "<title>{word}{at}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>", text(&subject));
    let _ = writeln!(page, "<header>\n<h1><span class=\"{class}\">{word}{at}</span></h1>");
    let _ = writeln!(page, "<p>{}</p>", text(&subject));
    if let Some(hangs_on) = &verdict.hangs_on {
        let _ = writeln!(page, "<p><strong>{}</strong></p>", text(hangs_on));
    }
    let _ = writeln!(page, "<p>{}</p>\n</header>", text(&verdict_sentence(report)));
    chain(&mut page, report);
    timeline::section(&mut page, report);
    findings::section(&mut page, report);
    unknowns(&mut page, report);
    ignores(&mut page, report);
    checks(&mut page, report);
    let counts = report.counts();
    let _ = writeln!(
        page,
        "<footer class=\"faint\">\n<p>{} critical, {} warnings, {} info, {} unknown, {} passed, {} not checked</p>\n\
         <p>isctpl {}, {}</p>\n</footer>\n</body>\n</html>",
        counts.critical,
        counts.warning,
        counts.info,
        counts.unknown,
        counts.pass,
        counts.not_applicable,
        env!("CARGO_PKG_VERSION"),
        text(&report.facts.scope.time),
    );
    page
}

fn boot(report: &Report<'_>) -> (&'static str, &'static str) {
    match report.judgement.verdict.boot {
        BootVerdict::Boots => ("BOOTS", "good"),
        BootVerdict::Fails => ("FAILS", "bad"),
        BootVerdict::AtRisk => ("AT RISK", "bad"),
        BootVerdict::Unknown if report.judgement.partial => ("PARTIAL", "doubt"),
        BootVerdict::Unknown => ("UNKNOWN", "doubt"),
    }
}

fn subject(report: &Report<'_>) -> String {
    let scope = &report.facts.scope;
    let place = match report.mode() {
        "live" => "this booted instance".to_owned(),
        "snapshot" => format!("a snapshot of {}, {}", scope.root, scope.time),
        _ if scope.from_disk => format!("the disk {}", scope.root),
        _ => format!("the root {}", scope.root),
    };
    scope.hostname.iter().chain(&scope.os).cloned().chain([place]).collect::<Vec<_>>().join(", ")
}

fn chain(page: &mut String, report: &Report<'_>) {
    page.push_str("<section>\n<h2>The boot chain</h2>\n<ol class=\"chain\">\n");
    for link in &report.judgement.chain {
        let (class, word) = (of_status(link.status), status_word(link.status));
        let word = if word == "-" { "not judged" } else { word };
        let _ = writeln!(
            page,
            "<li class=\"{class}\"><b>{}: {word}</b><p>{}</p></li>",
            link.link.name(),
            text(&link.summary)
        );
    }
    page.push_str("</ol>\n</section>\n");
}

fn unknowns(page: &mut String, report: &Report<'_>) {
    let reasons = report.unknowns_by_reason();
    let problems = report.facts.problems();
    if reasons.is_empty() && problems.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>What is not known</h2>\n");
    for (reason, ids) in reasons {
        let _ = writeln!(page, "<article class=\"doubt\"><p>{}</p><p class=\"faint\">", text(reason));
        let _ = writeln!(page, "checks that could not be made: {}</p></article>", text(&ids.join(", ")));
    }
    if !problems.is_empty() {
        page.push_str("<details>\n<summary>What could not be read</summary>\n<ul>\n");
        for problem in problems {
            let _ = writeln!(page, "<li>{}</li>", text(&problem.to_string()));
        }
        page.push_str("</ul>\n</details>\n");
    }
    page.push_str("</section>\n");
}

fn ignores(page: &mut String, report: &Report<'_>) {
    let lines: Vec<String> = report.ignores.iter().filter_map(super::Stand::told).chain(report.complaints()).collect();
    if lines.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>What isctpl.toml leaves out of account</h2>\n<ul>\n");
    for line in lines {
        let _ = writeln!(page, "<li>{}</li>", text(&line));
    }
    page.push_str("</ul>\n</section>\n");
}

fn checks(page: &mut String, report: &Report<'_>) {
    page.push_str("<section>\n<h2>Every check</h2>\n<details>\n<summary>What each came to</summary>\n<table>\n");
    page.push_str("<tr><th>check</th><th>link</th><th>outcome</th></tr>\n");
    for result in &report.judgement.results {
        let (class, said) = match &result.outcome {
            Outcome::Pass(reason) => ("good", format!("pass: {reason}")),
            Outcome::NotApplicable(reason) => ("faint", reason.clone()),
            Outcome::Unknown { reason, .. } => ("doubt", format!("unknown: {reason}")),
            Outcome::Fail(findings) => {
                let worst = findings.iter().map(|finding| finding.severity).max();
                let summaries: Vec<&str> = findings.iter().map(|finding| finding.summary.as_str()).collect();
                (worst.map_or("faint", of_severity), summaries.join("; "))
            }
        };
        let (id, link) = (result.check.id, result.check.link.name());
        let _ = writeln!(page, "<tr><td>{id}</td><td>{link}</td><td class=\"{class}\">{}</td></tr>", text(&said));
    }
    page.push_str("</table>\n</details>\n</section>\n");
}
