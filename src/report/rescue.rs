//! What a rescue says in the end: the answer first, then why, then what to type.

use super::style::Style;
use crate::formats::text::printable::{self, line};
use crate::procedures::rescue::recovery::{Stage, Status};
use crate::procedures::rescue::{MountedRoot, RescueRequest, Rescued};
use crate::procedures::{Failure, Planned};
use isctpl_checks::quoted;
use std::path::Path;
use textwrap::{Options, fill};

/// Complaints are for standard error, at the width that everything has.
const STYLE: Style = Style { width: 80, ascii: true, verbose: false };

/// Text behind a beginning, wrapped below it.
pub(super) fn lines(begin: &str, text: &str, style: &Style) -> String {
    let indent = " ".repeat(begin.chars().count());
    let options = Options::new(usize::from(style.width)).initial_indent(begin).subsequent_indent(&indent);
    let mut wrapped = fill(&line(text), options.break_words(false));
    wrapped.push('\n');
    wrapped
}

fn notes(remarks: &[String], style: &Style) -> String {
    remarks.iter().map(|remark| lines("  note    ", remark, style)).collect()
}

/// What failed, and what can be done about it.
pub(super) fn trouble(begin: &str, failure: &Failure) -> String {
    let advice = failure.advice.iter().map(|advice| format!("  {}\n", line(advice)));
    lines(begin, &failure.what, &STYLE) + &advice.collect::<String>()
}

/// The commands of a plan, for a person to read and paste; `up` is the one that would run them.
pub(crate) fn plan(steps: &[(String, Vec<Planned>)], up: &str) -> String {
    let mut text = format!("# The commands that `{up}` would run. Nothing was changed.\n");
    for (number, (title, planned)) in (1..).zip(steps) {
        text += &format!("\n# {number}. {}\n", line(title));
        for planned in planned {
            text += &match planned {
                // What is escaped for the eye is no command any more.
                Planned::Command(command) if line(command) != *command => {
                    format!(
                        "# {} (not to be pasted: \\u{{}} and \\n stand for characters that cannot be shown)\n",
                        line(command)
                    )
                }
                Planned::Command(command) => format!("{command}\n"),
                Planned::Remark(remark) => format!("# {}\n", line(remark)),
            };
        }
    }
    text
}

/// A refusal: nothing was changed.
pub(crate) fn refusal(failure: &Failure) -> String {
    trouble("isctpl: refused: ", failure)
}

/// It is up.
pub(crate) fn up(request: &RescueRequest, rescued: &Rescued, remarks: &[String], style: &Style) -> String {
    match &rescued.root {
        Some(root) => mounted(request, root, remarks, style),
        None => logged_in(request, &rescued.disk.name, remarks, style),
    }
}

/// Nothing is mounted: what the installer does is the person's.
fn logged_in(request: &RescueRequest, disk: &str, remarks: &[String], style: &Style) -> String {
    lines("UP: ", &format!("LUN {} is /dev/{disk}, and nothing of it is mounted", request.lun), style)
        + &notes(remarks, style)
        + &lines("  install ", &format!("onto /dev/{disk}, and do not restart when the installer ends"), style)
        + "  check   isctpl doctor --root DIR   where the installer has mounted it, often /target\n\
           \x20 end     isctpl rescue down\n"
}

fn mounted(request: &RescueRequest, root: &MountedRoot, remarks: &[String], style: &Style) -> String {
    let at = printable::path(&request.at);
    let name = root.system_name.as_deref().unwrap_or("the instance's root");
    let how = if request.read_only { ", read-only" } else { "" };
    let machine = if request.same_machine { " --same-machine" } else { "" };
    lines("UP: ", &format!("{name}, from LUN {}, is mounted at {at}{how}", request.lun), style)
        + &notes(remarks, style)
        + &format!("  check   isctpl doctor --root {}{machine}\n", line(&quoted(&request.at.display().to_string())))
        + "  shell   isctpl rescue enter\n  end     isctpl rescue down\n"
}

/// All was up before, and whether it still is could not be told, or not all of it could be restored.
pub(crate) fn unchanged(failure: &Failure, remarks: &[String]) -> String {
    trouble("isctpl: ", failure)
        + &notes(remarks, &STYLE)
        + "Nothing was taken down; whether all of it still works is not known.\n"
}

/// It failed, and nothing is left of it.
pub(crate) fn rolled_back(failure: &Failure, remarks: &[String]) -> String {
    trouble("isctpl: ", failure) + &notes(remarks, &STYLE) + "Everything was undone.\n"
}

/// It failed, and something is left.
pub(crate) fn rollback_failed(failure: &Failure, stuck: &Failure, remarks: &[String]) -> String {
    trouble("isctpl: ", failure) + &teardown_failed(stuck, remarks)
}

/// Taking down failed.
pub(crate) fn teardown_failed(failure: &Failure, remarks: &[String]) -> String {
    trouble("isctpl: NOT everything was undone: ", failure)
        + &notes(remarks, &STYLE)
        + "Fix that, then run: isctpl rescue down\n"
}

/// All is down.
pub(crate) fn down(remarks: &[String], restarted: bool, style: &Style) -> String {
    let text = if restarted {
        lines("DOWN: ", "this machine was rebooted meanwhile; every changed file is restored", style)
    } else {
        "DOWN: everything is unmounted and logged out, and every changed file is restored\n".to_owned()
    };
    text + &notes(remarks, style)
}

/// There was nothing to take down, but perhaps something stale.
pub(crate) fn nothing_up(stale: &[String], style: &Style) -> String {
    let stale = stale.iter().map(|what| lines("  left from an earlier rescue: ", what, style));
    "Nothing was up.\n".to_owned() + &stale.collect::<String>()
}

/// A shell is about to start.
pub(crate) fn entering(at: &Path) -> String {
    format!(
        "A shell in {}; leave it with `exit`.\nDo not log in or out with iscsiadm here: it controls this rescue \
         system's iscsid.\n",
        printable::path(at)
    )
}

/// How far a rescue is.
pub(crate) fn status(status: &Status, style: &Style) -> String {
    let request = &status.request;
    let at = printable::path(&request.at);
    let stage = match status.stage {
        Stage::LeftOver => lines(
            "LEFT OVER: ",
            "this machine was rebooted meanwhile; isctpl rescue down restores the changed files",
            style,
        ),
        Stage::Up if request.login_only => {
            lines("UP: ", &format!("LUN {} is logged in, and nothing of it is mounted", request.lun), style)
        }
        Stage::Up => lines("UP: ", &format!("LUN {} is mounted at {at}", request.lun), style),
        Stage::HalfUp => {
            lines("HALF UP: ", "it was interrupted; isctpl rescue up continues it, isctpl rescue down undoes it", style)
        }
    };
    let session = match &status.session {
        Some(own) if own.is_ours => format!("{}, {}", own.session.name, own.session.state),
        Some(other) => {
            format!("{}, {}, not from this rescue: it stays logged in", other.session.name, other.session.state)
        }
        None => "none".to_owned(),
    };
    let disk = status.disk.as_ref().map(|disk| {
        let wwid = disk.wwid.as_deref().unwrap_or("no world-wide id");
        lines("  disk    ", &format!("/dev/{}, {wwid}", disk.name), style)
    });
    stage
        + &lines("  target  ", &format!("{} through {}", request.target, request.portal), style)
        + &lines("  session ", &session, style)
        + &disk.unwrap_or_default()
        + &lines("  done    ", &status.done.join(", "), style)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::lun::contents::Filesystem;
    use isctpl_checks::facts::BlockDevice;
    use std::path::PathBuf;

    #[test]
    fn a_failure_over_what_was_up_promises_nothing() {
        let text = unchanged(&Failure::failed("no answer"), &["sdb has the same id".to_owned()]);
        let end = "Nothing was taken down; whether all of it still works is not known.";
        assert_eq!(text, format!("isctpl: no answer\n  note    sdb has the same id\n{end}\n"));
    }

    #[test]
    fn a_directory_is_a_word_of_the_command() {
        let request = RescueRequest { at: PathBuf::from("/mnt/a;b"), ..RescueRequest::nothing() };
        let filesystem =
            Filesystem { device: BlockDevice::default(), kind: "ext4".to_owned(), uuid: None, label: None };
        let root = Some(MountedRoot { filesystem, system_name: None });
        let text = up(&request, &Rescued { disk: BlockDevice::default(), root }, &[], &STYLE);
        assert!(text.contains("isctpl doctor --root '/mnt/a;b'\n"), "{text}");
    }
}
