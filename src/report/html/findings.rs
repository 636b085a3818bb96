//! The findings: what is wrong, what shows it, and what to type.

use super::classes::of_severity;
use crate::report::Report;
use crate::report::markup::text;
use isctpl_checks::{Check, Finding};
use std::fmt::Write;

pub(super) fn section(page: &mut String, report: &Report<'_>) {
    let findings = report.judgement.findings();
    if findings.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>What was found</h2>\n");
    for (check, finding) in findings {
        one(page, report, check, finding);
    }
    page.push_str("</section>\n");
}

fn one(page: &mut String, report: &Report<'_>, check: &Check, finding: &Finding) {
    let class = of_severity(finding.severity);
    let _ = writeln!(
        page,
        "<article class=\"{class}\">\n<h3><span class=\"{class}\">{} {}</span></h3>\n<p>{}</p>\n<dl>",
        finding.severity,
        check.id,
        text(&finding.summary)
    );
    for piece in &finding.evidence {
        let excerpt = if piece.excerpt.is_empty() { String::new() } else { format!(": {}", text(&piece.excerpt)) };
        let _ = writeln!(page, "<dt>evidence</dt><dd><code>{}</code>{excerpt}</dd>", text(&piece.source));
    }
    // A command is pasted from here, too: what a snapshot is answered with must not act on the reader's machine.
    let guard = if report.is_elsewhere() { "# " } else { "" };
    if let Some(command) = report.fixed_by(check, &finding.remedy) {
        let _ = writeln!(page, "<dt>fixed by</dt><dd><pre>{guard}{}</pre></dd>", text(&command));
    }
    let commands: Vec<String> =
        finding.remedy.typed(report.reach()).iter().map(|command| format!("{guard}{}", text(command))).collect();
    if !finding.remedy.text.is_empty() || !commands.is_empty() {
        let _ = writeln!(page, "<dt>fix</dt><dd><p>{}</p>", text(&finding.remedy.text));
        if !commands.is_empty() {
            let _ = writeln!(page, "<pre>{}</pre>", commands.join("\n"));
        }
        page.push_str("</dd>\n");
    }
    page.push_str("</dl>\n</article>\n");
}
