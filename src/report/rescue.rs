//! What is said in the end: the answer first, then why, then what to type.

use crate::formats::text::printable::{self, line};
use crate::procedures::Failure;
use crate::procedures::journal::Journal;
use crate::procedures::rescue::{Context, RescueRequest, STEPS};
use crate::report::style::Style;
use textwrap::{Options, fill};

/// Text behind a beginning, wrapped below it.
pub(crate) fn lines(begin: &str, text: &str, style: &Style) -> String {
    let indent = " ".repeat(begin.chars().count());
    let options = Options::new(usize::from(style.width)).initial_indent(begin).subsequent_indent(&indent);
    let mut wrapped = fill(&line(text), options.break_words(false));
    wrapped.push('\n');
    wrapped
}

/// Complaints are for standard error, at the width that everything has.
const STYLE: Style = Style { width: 80, ascii: true, verbose: false };

fn advice(failure: &Failure) -> String {
    failure.advice.iter().map(|advice| format!("  {}\n", line(advice))).collect()
}

fn remarks(cx: &Context) -> String {
    cx.remarks.iter().map(|remark| lines("  note    ", remark, &STYLE)).collect()
}

/// A refusal: nothing was changed.
pub(crate) fn refusal(failure: &Failure) -> String {
    lines("isctpl: refused: ", &failure.what, &STYLE) + &advice(failure)
}

/// It is up.
pub(crate) fn up(cx: &Context, style: &Style) -> String {
    let at = printable::path(&cx.request.at);
    let name = cx.system_name.as_deref().unwrap_or("the instance's root");
    let how = if cx.request.read_only { ", read-only" } else { "" };
    let mut text = lines("UP: ", &format!("{name}, from LUN {}, is mounted at {at}{how}", cx.request.lun), style);
    for remark in &cx.remarks {
        text += &lines("  note    ", remark, style);
    }
    let machine = if cx.request.same_machine { " --same-machine" } else { "" };
    text += &format!("  check   isctpl doctor --root {at}{machine}\n");
    text += "  shell   isctpl rescue enter\n  end     isctpl rescue down\n";
    text
}

/// It failed, and nothing is left of it.
pub(crate) fn undone(failure: &Failure, cx: &Context) -> String {
    lines("isctpl: ", &failure.what, &STYLE) + &advice(failure) + &remarks(cx) + "Everything was undone.\n"
}

/// It failed, and something is left.
pub(crate) fn stuck(failure: &Failure, stuck: &Failure, cx: &Context) -> String {
    lines("isctpl: ", &failure.what, &STYLE) + &advice(failure) + &half_down(stuck, cx)
}

/// Taking down failed.
pub(crate) fn half_down(failure: &Failure, cx: &Context) -> String {
    lines("isctpl: NOT everything was undone: ", &failure.what, &STYLE)
        + &advice(failure)
        + &remarks(cx)
        + "Fix that, then run: isctpl rescue down\n"
}

/// All is down.
pub(crate) fn down(cx: &Context, same_start: bool, style: &Style) -> String {
    let mut text = if same_start {
        "DOWN: everything is unmounted and logged out, and every changed file is restored\n".to_owned()
    } else {
        lines("DOWN: ", "this machine was rebooted meanwhile; every changed file is restored", style)
    };
    for remark in &cx.remarks {
        text += &lines("  note    ", remark, style);
    }
    text
}

/// A shell is about to start.
pub(crate) fn entering(request: &RescueRequest) -> String {
    format!(
        "A shell in {}; leave it with `exit`.\nDo not log in or out with iscsiadm here: it controls this rescue \
         system's iscsid.\n",
        printable::path(&request.at)
    )
}

/// What is up.
pub(crate) fn status(cx: &Context, journal: &Journal, same_start: bool, style: &Style) -> String {
    let request = &cx.request;
    let at = printable::path(&request.at);
    let done: Vec<&str> = STEPS.iter().map(|step| step.id()).filter(|id| !journal.deeds_of(id).is_empty()).collect();
    let is_whole = done.contains(&"special") && same_start;
    let mut text = if !same_start {
        lines(
            "LEFT OVER: ",
            "this machine was rebooted meanwhile; isctpl rescue down restores the changed files",
            style,
        )
    } else if is_whole {
        lines("UP: ", &format!("LUN {} is mounted at {at}", request.lun), style)
    } else {
        lines("HALF UP: ", "it was interrupted; isctpl rescue up continues it, isctpl rescue down undoes it", style)
    };
    text += &lines("  target  ", &format!("{} through {}", request.target, request.portal), style);
    let session = match &cx.session {
        Some(session) if cx.session_is_ours => format!("{}, {}", session.name, session.state),
        Some(session) => format!("{}, {}, not from this rescue: it stays logged in", session.name, session.state),
        None => "none".to_owned(),
    };
    text += &lines("  session ", &session, style);
    if let Some(disk) = &cx.disk {
        text += &lines(
            "  disk    ",
            &format!("/dev/{}, {}", disk.name, disk.wwid.as_deref().unwrap_or("no world-wide id")),
            style,
        );
    }
    text += &lines("  done    ", &done.join(", "), style);
    text
}
