//! What is said of iPXE's scripts: the answer first, then piece by piece.

use super::style::Style;
use crate::formats::iscsi::ipxe::SanUri;
use crate::formats::iscsi::ipxe::check::{Checked, Told};
use crate::formats::text::printable::{self, line};
use std::path::Path;

/// How wide the column of what stands there is.
const COLUMN: usize = 21;

/// A script configures whatever NIC answers first (`ifcommon_exec` of `src/hci/commands/ifmgmt_cmd.c`).
pub(crate) const NO_INTERFACE: &str = "note: without --interface iPXE takes the first NIC that gets an address, which \
                                       need not be the SAN NIC\n";

/// Debian's installer and Ubuntu's leave the iBFT to somebody else. These are the commands of Debian's own
/// initial RAM disk for a system whose root is a LUN (`local-top/iscsi` of open-iscsi).
pub(crate) const LOG_IN: &str = "note: this installer does not log in to the LUN by itself; its answers have to, or \
                                 you in its shell, before it looks for disks: modprobe iscsi_tcp; modprobe iscsi_ibft; \
                                 iscsistart -N; iscsistart -b\n";

/// A script was written, which boots the LUN or, with the LUN hooked, something else.
pub(crate) fn written(file: &Path, uri: &SanUri, is_booted: bool, source: &str, style: &Style) -> String {
    let does = if is_booted { "boots" } else { "hooks" };
    let from = format!("from {source}; it holds the CHAP password");
    let first = format!("WRITTEN: {} {does} LUN {} of {}", printable::path(file), uri.lun(), uri.target);
    style.wrap(&line(&first), "", "  ") + &style.wrap(&line(&from), "  ", "  ")
}

/// What a script or a URI is to iPXE.
pub(crate) fn checked(checked: &Checked, style: &Style) -> String {
    let Checked { pieces, faults, doubts } = checked;
    let answer = match (faults.as_slice(), doubts.as_slice()) {
        ([first, ..], _) => format!("REFUSED by iPXE: {}", told(first)),
        ([], [first, ..]) => format!("UNKNOWN: {}", told(first)),
        ([], []) => "OK: iPXE takes all of it.".to_owned(),
    };
    let mut text = style.wrap(&answer, "", "  ");
    if !pieces.is_empty() {
        text.push('\n');
    }
    for piece in pieces {
        let place = if piece.line == 0 { String::new() } else { format!("{:>4}  ", piece.line) };
        let begin = format!("{place}{:<COLUMN$}  ", piece.what);
        let indent = " ".repeat(place.chars().count() + COLUMN + 2);
        text += &style.wrap(&piece.meaning, &begin, &indent);
    }
    let further = |told: &[Told], answered: usize| told.len().saturating_sub(answered);
    let answered = usize::from(!faults.is_empty());
    if further(faults, answered) + further(doubts, 1 - answered) > 0 {
        text.push('\n');
    }
    for fault in faults.iter().skip(1) {
        text += &style.wrap(&told(fault), "refused  ", "         ");
    }
    for doubt in doubts.iter().skip(1 - answered) {
        text += &style.wrap(&told(doubt), "unknown  ", "         ");
    }
    text
}

fn told(told: &Told) -> String {
    let what = line(&told.what);
    if told.line == 0 { what.into_owned() } else { format!("line {}: {what}", told.line) }
}
