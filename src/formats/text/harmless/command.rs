//! Command lines of units, scripts and hooks as they may be shown: what is done and to what. What else a program
//! is told may be a password.

use super::words::is_known;
use super::{is_address, is_identifier, is_interface, is_iscsi_name, is_path, is_plain, is_setting_name};
use crate::formats::shell::words::at_blanks;
use isctpl_checks::facts::HIDDEN;

/// How deep commands in quotes (`sh -c '…'`) are looked into.
const DEPTH_LIMIT: u8 = 4;

/// Options whose value is never shown, whatever it looks like: of iscsiadm(8) (`-v`, for a record's value), of
/// iscsistart(8) (`-w`, `-W`).
const SECRET_OPTIONS: [&str; 3] = ["-v", "-w", "-W"];

/// Ends of units' names.
const UNITS: [&str; 9] =
    [".service", ".socket", ".target", ".mount", ".automount", ".swap", ".timer", ".slice", ".path"];

/// Beginnings of names of open-iscsi's settings.
const SETTINGS: [&str; 4] = ["node.", "iface.", "discovery.", "isns."];

/// What begins or ends a command within a word.
const PUNCTUATION: [char; 15] = [';', '&', '|', '(', ')', '{', '}', '<', '>', '!', '`', '"', '\'', ',', '\\'];

/// The words of a command, quotes resolved, as one line.
pub(crate) fn redact_command(argv: &[String]) -> String {
    let iscsi = argv.iter().any(|word| names_iscsi(word));
    let mut line = Line { iscsi, hides_next: false };
    argv.iter().map(|word| line.word(word, DEPTH_LIMIT)).collect::<Vec<_>>().join(" ")
}

/// A line of shell text. Words are parted by one blank each; quotes stay.
pub(crate) fn redact_command_line(line: &str) -> String {
    words_shown(line, names_iscsi(line), DEPTH_LIMIT)
}

fn words_shown(text: &str, iscsi: bool, depth: u8) -> String {
    let mut line = Line { iscsi, hides_next: false };
    at_blanks(text).into_iter().map(|written| line.word(written, depth)).collect::<Vec<_>>().join(" ")
}

/// Whether `-v` and `-w` may be open-iscsi's: elsewhere they ask for more words, or for a width.
fn names_iscsi(text: &str) -> bool {
    text.to_ascii_lowercase().contains("iscsi")
}

/// A line while its words are read.
struct Line {
    iscsi: bool,
    /// The next word is the value of an option that may be a password's.
    hides_next: bool,
}

impl Line {
    /// A word as it may be shown.
    fn word(&mut self, written: &str, depth: u8) -> String {
        let bare: String = written.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
        if std::mem::take(&mut self.hides_next) {
            return HIDDEN.to_owned();
        }
        if is_secret_option(&bare) || (self.iscsi && SECRET_OPTIONS.contains(&bare.as_str())) {
            self.hides_next = true;
            return bare;
        }
        // A command of its own stands in quotes.
        if bare.contains(char::is_whitespace) {
            return self.inner(written, depth);
        }
        let core = bare.trim_matches(PUNCTUATION);
        if shows(core) || core.is_empty() {
            return written.to_owned();
        }
        let begin = bare.split(core).next().unwrap_or_default();
        match core.split_once('=') {
            Some((name, value)) if is_identifier(name) || is_option(name) => {
                let secret = is_secret_option(name) || !shows(value);
                format!("{begin}{name}={}", if secret { HIDDEN } else { value })
            }
            _ => HIDDEN.to_owned(),
        }
    }

    fn inner(&self, written: &str, depth: u8) -> String {
        let Some(depth) = depth.checked_sub(1) else { return HIDDEN.to_owned() };
        let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
        let text = quote.map_or(written, |quote| written.trim_matches(quote));
        let quote = quote.map(String::from).unwrap_or_default();
        format!("{quote}{}{quote}", words_shown(text, self.iscsi || names_iscsi(text), depth))
    }
}

/// Whether a word says what is done, or to what.
fn shows(word: &str) -> bool {
    // `/dev/null` behind `2>`.
    let word = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix('>').unwrap_or(word);
    let redirection = word.starts_with('&') && word.chars().skip(1).all(|c| c.is_ascii_digit() || c == '-');
    let ends_as_unit =
        UNITS.iter().any(|end| word.strip_suffix(end).is_some_and(|name| is_plain(&name.replace('@', ""))));
    let setting = SETTINGS.iter().any(|begin| word.starts_with(begin)) && is_setting_name(word);
    let number = word.len() <= 5 && !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    let portal = word.rsplit_once(',').map_or(word, |(portal, _)| portal);
    let (path, instance) = word.split_once('=').unwrap_or((word, ""));
    redirection
        || number
        || is_known(word)
        || is_option(word)
        || is_variable(word)
        || ends_as_unit
        || setting
        || is_address(portal)
        || is_iscsi_name(word)
        || is_interface(word)
        || instance.is_empty() && is_path(path)
}

/// An option by itself. Behind a short one its value may stand.
fn is_option(word: &str) -> bool {
    match (word.strip_prefix("--"), word.strip_prefix('-')) {
        (Some(long), _) => long.len() <= 30 && long.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
        (None, Some(short)) => {
            !short.is_empty() && short.len() <= 2 && short.chars().all(|c| c.is_ascii_alphanumeric())
        }
        (None, None) => false,
    }
}

/// `$NAME`, `${NAME}`, `$1`, `$@` and their like: what they hold is not known here.
fn is_variable(word: &str) -> bool {
    let Some(name) = word.strip_prefix('$') else { return false };
    let inner = name.trim_matches(['{', '}', '(', ')']);
    is_identifier(inner) || inner.len() <= 1
}

/// `--value` of iscsiadm, `--password`, `--chap-secret` and their like.
fn is_secret_option(word: &str) -> bool {
    let Some(name) = word.strip_prefix("--") else { return false };
    name == "value"
        || ["pass", "secret", "token", "key", "user"].iter().any(|part| name.contains(part)) && !name.contains('=')
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
            "ip route replace default via 100.64.16.49 dev $IFACE metric 100 || true",
            "/usr/sbin/iscsiadm -m node -T iqn.2013-01.com.bigstep:storage -p 100.97.0.10:3260,1 --logout",
            "systemctl restart networking.service >/dev/null 2>&1",
            "if [ $IFACE = enp0s3 ]; then ifdown enp0s4; fi",
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
