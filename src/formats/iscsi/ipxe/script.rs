//! The commands of a script, as iPXE takes them apart (`process_script` of `src/image/script.c`, `system` of
//! `src/core/exec.c`).

/// How a command depends on the one before it on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// It is the line's first, or stands behind `;`.
    Always,
    /// Behind `&&` or `||`.
    Perhaps,
}

/// A line of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Whether another one can go here: nobody knows then what ran before.
    pub(super) has_label: bool,
    /// Whether a word that begins with # ends it early.
    pub(super) is_cut: bool,
    /// What it runs, in order.
    pub(super) commands: Vec<Command<'a>>,
}

/// A command with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command<'a> {
    /// Its words; the first is its name. A script's secrets are among them.
    pub(super) words: Vec<&'a str>,
    /// Whether it runs whenever its line does.
    pub(super) when: When,
    /// Whether a failure of it ends the script: nothing stands behind it on its line that runs then.
    pub(super) ends_script: bool,
}

/// Whether iPXE takes a text for a script at all.
pub(super) fn is_script(text: &str) -> bool {
    ["#!ipxe", "#!gpxe"].iter().any(|magic| {
        text.strip_prefix(magic).is_some_and(|rest| rest.starts_with(|space: char| space.is_ascii_whitespace()))
    })
}

/// Lines with those joined that end in a backslash, each with the number of its first; and the number of one that is
/// still open at the end, which iPXE never runs.
pub(super) fn lines(text: &str) -> (Vec<(usize, String)>, Option<usize>) {
    let mut lines = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.strip_suffix('\n').unwrap_or(text).split('\n')) {
        let (first, mut whole) = begun.take().unwrap_or((number, String::new()));
        whole.push_str(line.strip_suffix('\r').unwrap_or(line));
        if whole.ends_with('\\') {
            whole.pop();
            begun = Some((first, whole));
        } else {
            lines.push((first, whole));
        }
    }
    (lines, begun.map(|(first, _)| first))
}

/// What a line runs.
pub(super) fn line(text: &str) -> Line<'_> {
    let mut words = text.split_ascii_whitespace().peekable();
    let has_label = words.next_if(|word| word.starts_with(':')).is_some();
    let mut commands = Vec::new();
    let mut command = Command { words: Vec::new(), when: When::Always, ends_script: true };
    let mut is_cut = false;
    for word in words {
        if word.starts_with('#') {
            is_cut = true;
            break;
        }
        let when = match word {
            ";" => When::Always,
            "&&" | "||" => When::Perhaps,
            _ => {
                command.words.push(word);
                continue;
            }
        };
        command.ends_script = word == "&&" && command.ends_script;
        commands.push(command);
        command = Command { words: Vec::new(), when, ends_script: true };
    }
    commands.push(command);
    commands.retain(|command| !command.words.is_empty());
    Line { has_label, is_cut, commands }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_begins_with_its_name_and_a_blank() {
        assert!(is_script("#!ipxe\ndhcp\n") && is_script("#!gpxe "));
        assert!(!is_script("#!ipxescript\n") && !is_script("\n#!ipxe\n") && !is_script("#!ipxe"));
    }

    #[test]
    fn lines_go_on_behind_a_backslash_and_lose_their_carriage_return() {
        let (whole, open) = lines("#!ipxe\r\nset a \\\r\n  b\nlast\\\n");
        assert_eq!(whole, [(1, "#!ipxe".to_owned()), (2, "set a   b".to_owned())]);
        assert_eq!(open, Some(4));
        assert_eq!(lines("#!ipxe\ndhcp").1, None);
    }

    #[test]
    fn a_line_is_a_label_commands_and_a_comment() {
        let found = line(":retry dhcp net0 || goto retry ; echo a#b #c && d");
        assert!(found.has_label && found.is_cut);
        let words: Vec<(Vec<&str>, When, bool)> =
            found.commands.into_iter().map(|command| (command.words, command.when, command.ends_script)).collect();
        assert_eq!(
            words,
            [
                (vec!["dhcp", "net0"], When::Always, false),
                (vec!["goto", "retry"], When::Perhaps, false),
                (vec!["echo", "a#b"], When::Always, true),
            ]
        );
    }
}
