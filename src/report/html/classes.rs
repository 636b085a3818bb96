//! The classes of the page's style.

use isctpl_checks::{LinkStatus, Severity};

pub(super) fn of_status(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Pass => "good",
        LinkStatus::Warn | LinkStatus::Unknown => "doubt",
        LinkStatus::Fail => "bad",
        LinkStatus::NotApplicable => "faint",
    }
}

pub(super) fn of_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "bad",
        Severity::Warning => "doubt",
        Severity::Info => "info",
    }
}
