//! Command lines of units, scripts and hooks as they may be shown: without the passwords that stand in them.

use super::cmdline::{self, redact_line};
use isctpl_checks::facts::HIDDEN;

/// How deep commands in quotes (`sh -c '…'`) are looked into.
const DEPTH_LIMIT: u8 = 4;

/// Options whose value is a password: of iscsiadm(8) (`-v`, for a record's value, which may be any), of
/// iscsistart(8) (`-w`, `-W`), and of many programs (`--password`).
const SECRET_OPTIONS: [&str; 3] = ["-v", "-w", "-W"];

/// The words of a command, quotes resolved, as one line.
pub fn redact_command(argv: &[String]) -> String {
    let iscsi = argv.iter().any(|word| names_iscsi(word));
    let mut secrets = Secrets { iscsi, next: Next::Plain };
    let shown: Vec<String> = argv.iter().map(|word| secrets.word(word, word, DEPTH_LIMIT)).collect();
    redact_line(&shown.join(" "))
}

/// A line of shell text. Words are parted by one blank each; quotes stay.
pub fn redact_command_line(line: &str) -> String {
    redact_line(&words_redacted(line, names_iscsi(line), DEPTH_LIMIT))
}

fn words_redacted(line: &str, iscsi: bool, depth: u8) -> String {
    let mut secrets = Secrets { iscsi, next: Next::Plain };
    let shown: Vec<String> = raw_words(line)
        .into_iter()
        .map(|written| {
            let bare: String = written.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
            secrets.word(written, &bare, depth)
        })
        .collect();
    shown.join(" ")
}

/// Whether `-v` and `-w` may be open-iscsi's: elsewhere they ask for more words, or for a width.
fn names_iscsi(text: &str) -> bool {
    text.to_ascii_lowercase().contains("iscsi")
}

/// What the next word is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Plain,
    Secret,
    /// `USER:PASSWORD`.
    User,
}

struct Secrets {
    iscsi: bool,
    next: Next,
}

impl Secrets {
    /// A word as it may be shown: `written` with its quotes, `bare` without.
    fn word(&mut self, written: &str, bare: &str, depth: u8) -> String {
        match std::mem::replace(&mut self.next, Next::Plain) {
            Next::Secret => return HIDDEN.to_owned(),
            Next::User if bare.contains(':') => {
                return format!("{}:{HIDDEN}", bare.split(':').next().unwrap_or_default());
            }
            Next::User | Next::Plain => {}
        }
        if let Some((option, _)) = bare.split_once('=').filter(|(option, _)| is_secret_option(option)) {
            return format!("{option}={HIDDEN}");
        }
        if is_secret_option(bare) || (self.iscsi && SECRET_OPTIONS.contains(&bare)) {
            self.next = Next::Secret;
        } else if matches!(bare, "-u" | "--user" | "--proxy-user" | "-U") {
            self.next = Next::User;
        } else if self.iscsi
            && let Some(option) = SECRET_OPTIONS.iter().find(|option| bare.starts_with(**option))
        {
            // Its value right behind a short option.
            return format!("{option}{HIDDEN}");
        }
        let assigned = cmdline::word(bare);
        if assigned.secret && !assigned.key.contains(char::is_whitespace) {
            return assigned.to_string();
        }
        // A command of its own stands in quotes.
        if bare.contains(char::is_whitespace) {
            return match depth.checked_sub(1) {
                Some(depth) => {
                    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
                    let inner = quote.map_or(written, |quote| written.trim_matches(quote));
                    let quote = quote.map(String::from).unwrap_or_default();
                    format!("{quote}{}{quote}", words_redacted(inner, self.iscsi || names_iscsi(inner), depth))
                }
                None => HIDDEN.to_owned(),
            };
        }
        written.to_owned()
    }
}

/// `--value` of iscsiadm, `--password`, `--chap-secret` and their like.
fn is_secret_option(word: &str) -> bool {
    let Some(name) = word.strip_prefix("--") else { return false };
    let name = name.to_ascii_lowercase();
    name == "value" || ["pass", "secret", "token"].iter().any(|part| name.contains(part))
}

/// Words at blanks outside of quotes, with their quotes; a quote without its end goes to the end.
fn raw_words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        let blank = c.is_whitespace() && quote.is_none() && !escaped;
        match (quote, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        match (start, blank) {
            (Some(begin), true) => {
                words.extend(line.get(begin..at));
                start = None;
            }
            (None, false) => start = Some(at),
            _ => {}
        }
    }
    words.extend(start.and_then(|begin| line.get(begin..)));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::systemd::split_words;
    use proptest::prelude::*;

    const WITH_SECRETS: [&str; 16] = [
        "iscsiadm -m node -o update -n node.session.auth.password -v geheim",
        "iscsiadm -m node -o update -n node.session.auth.password -v 'half geheim'",
        "iscsiadm -m node -n node.session.auth.password --value=geheim",
        "iscsiadm -m node -n node.session.auth.password --value=\"half geheim\"",
        "iscsiadm -m node -n node.session.auth.password \"--value=half geheim\"",
        "iscsiadm -m node -n \"$KEY\" -v \"half geheim\" -u",
        "iscsiadm -m node -n $KEY -vgeheim",
        "iscsistart -i a -t b -u user -w geheim -W geheim",
        "iscsistart -i a -t b -u user -w half\\ geheim",
        "iscsistart --password=geheim -u",
        "x --password geheim",
        "PASS='half geheim' iscsiadm -m node -u",
        "/bin/sh -c 'iscsiadm -n $KEY -v \"half geheim\"; iscsiadm -m node -u'",
        "curl -u user:geheim https://user:geheim@host/",
        "printf 'node.session.auth.password = %s' geheim",
        "iscsiadm -v 'geheim without an end",
    ];

    #[test]
    fn passwords_are_hidden() {
        for line in WITH_SECRETS {
            assert!(!redact_command_line(line).contains("geheim"), "{line}: {}", redact_command_line(line));
            let argv = split_words(line);
            assert!(!redact_command(&argv).contains("geheim"), "{line}: {}", redact_command(&argv));
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for line in [
            "iscsiadm -m node -u",
            "/bin/sh -c 'iscsiadm -m node --logoutall=automatic'",
            "ip route add 100.97.0.0/16 via 100.64.16.49 dev enp0s3",
            "mount -v -w /dev/sda1 /mnt",
        ] {
            assert_eq!(redact_command_line(line), line);
        }
    }

    #[test]
    fn the_rest_of_a_line_is_still_told() {
        assert_eq!(redact_command_line("iscsiadm -m node -v \"x y\" -u"), "iscsiadm -m node -v (hidden) -u");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn any_text_is_shown(text in any::<String>(), words in "(iscsiadm|-v|--value=|-u|[ '\"\\\\a:=]){0,60}") {
            let _ = redact_command_line(&text);
            let _ = redact_command_line(&words);
            let _ = redact_command(&split_words(&words));
        }
    }
}
