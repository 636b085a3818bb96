//! What is said of a root that is sealed: what is cleared, how that went, and how a template is made of it.

use super::facts::bytes;
use super::style::{STRONG, Style, paint};
use crate::formats::text::printable::line;
use crate::procedures::seal::{Cleared, How, Item, KeyMaker, Plan};
use isctpl_checks::facts::Problem;

/// How wide the columns of what happens and of sizes are.
const COLUMNS: (usize, usize) = (6, 11);

/// The root as messages name it.
pub(crate) struct Named<'a> {
    /// Its directory.
    pub(crate) root: &'a str,
    /// What the system calls itself.
    pub(crate) system: Option<&'a str>,
}

impl Named<'_> {
    fn told(&self) -> String {
        let system = self.system.map(|name| format!(", {}", line(name))).unwrap_or_default();
        format!("{}{system}", line(self.root))
    }
}

/// Everything that is to be cleared, by the reason for it.
pub(crate) fn list(named: &Named<'_>, plan: &Plan, style: &Style) -> String {
    let mut text = style.wrap(&format!("SEAL: {}", named.told()), "", "  ");
    let mut why = "";
    for item in &plan.items {
        if item.why != why {
            why = item.why;
            text += &format!("\n{}", paint(STRONG, style.wrap(why, "", "  ").trim_end()));
            text.push('\n');
        }
        text += &row(item, style);
    }
    for problem in &plan.problems {
        text += &unlooked(problem, style);
    }
    let bytes_in_all = plan.items.iter().fold(0u64, |sum, item| sum.saturating_add(gone(item)));
    let total =
        format!("{} places, {} in all. What is removed cannot be brought back.", plan.items.len(), bytes(bytes_in_all));
    text + "\n" + &style.wrap(&total, "", "")
}

/// How many bytes of a place go.
fn gone(item: &Item) -> u64 {
    if matches!(item.how, How::Edit(_)) { 0 } else { item.size.bytes }
}

fn row(item: &Item, style: &Style) -> String {
    let (how, place) = match item.how {
        How::Empty => ("empty", item.path.clone()),
        How::Edit(_) => ("edit", item.path.clone()),
        How::Remove => ("remove", item.path.clone()),
        How::RemoveContents => ("remove", format!("{}/*", item.path)),
    };
    let files = match item.size.files {
        files if item.how == How::RemoveContents || item.size.directories > 0 => format!(" ({files} files)"),
        _ => String::new(),
    };
    let files = if files == " (1 files)" { " (1 file)".to_owned() } else { files };
    let begin = format!("  {how:<0$}  {1:>2$}  ", COLUMNS.0, bytes(item.size.bytes), COLUMNS.1);
    style.wrap(&(place + &files), &begin, &" ".repeat(begin.len()))
}

fn unlooked(problem: &Problem, style: &Style) -> String {
    "\n".to_owned() + &style.wrap(&format!("{}: {}", problem.place, problem.what), "  problem: ", "    ")
}

/// What to know of SSH host keys before they go.
pub(crate) fn host_keys(maker: Result<Option<KeyMaker>, Problem>, style: &Style) -> String {
    let text = match maker {
        Ok(Some(KeyMaker::CloudInit)) => "cloud-init makes new SSH host keys on each copy".to_owned(),
        Ok(Some(KeyMaker::Unit(name))) => format!("{name} makes new SSH host keys on each copy"),
        Ok(Some(KeyMaker::FirstBoot(name))) => format!(
            "{name} makes new SSH host keys at a first boot alone (ConditionFirstBoot=), and a copy with an empty \
             /etc/machine-id has none: sshd does not start there before somebody runs `ssh-keygen -A`; in an \
             ExecStartPre= of sshd's unit it makes them on each copy"
        ),
        Ok(None) => {
            "nothing was found in this root that makes new SSH host keys: sshd does not start on a copy before \
                     somebody runs `ssh-keygen -A` there"
                .to_owned()
        }
        Err(problem) => format!("what makes new SSH host keys is not known: {problem}"),
    };
    style.wrap(&text, "note: ", "  ")
}

/// Nothing is there to be cleared.
pub(crate) fn clean(named: &Named<'_>, style: &Style) -> String {
    style.wrap(&format!("SEALED: {}: nothing was left to clear", named.told()), "", "  ")
}

/// Nothing was done, as was asked for.
pub(crate) const DRY: &str = "Nothing was changed.\n";

/// What is asked on the terminal.
pub(crate) fn question(named: &Named<'_>) -> String {
    format!("Type yes to clear all of this in {}: ", named.told())
}

/// All is cleared.
pub(crate) fn sealed(named: &Named<'_>, cleared: &Cleared, style: &Style) -> String {
    let text = format!("SEALED: {}: {} places cleared, {}", named.told(), cleared.places, bytes(cleared.bytes));
    style.wrap(&text, "", "  ")
}

/// What else to know.
pub(crate) fn notes(style: &Style) -> String {
    style.wrap(
        "removed data stays on the LUN until it is overwritten: fstrim(8) discards it where the LUN can",
        "note: ",
        "  ",
    )
}

/// Something is left.
pub(crate) fn unsealed(cleared: &Cleared) -> String {
    let style = Style { width: 80, ascii: true, verbose: false };
    let begin = if cleared.places == 0 { "nothing was cleared" } else { "NOT everything was cleared" };
    let mut text = format!("isctpl: {begin}; {} places were, and this is left:\n", cleared.places);
    for problem in &cleared.left {
        text += &style.wrap(&format!("{}: {}", problem.place, problem.what), "  ", "    ");
    }
    text + "Fix that, and run isctpl seal again: it goes on with what is left.\n"
}
