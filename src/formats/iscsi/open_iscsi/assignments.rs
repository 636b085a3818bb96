//! Files that open-iscsi's scripts read with the shell's `.`: `/etc/iscsi/iscsi.initramfs` and
//! `/etc/default/open-iscsi`. They hold plain assignments; nothing is expanded or run here.

use isctpl_checks::facts::{InitramfsConf, Located, Location, Problem};

/// The most assignments of one file that are kept.
const ASSIGNMENT_LIMIT: usize = 1_000;

/// One assignment. The value of a password is never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Name of the variable.
    pub name: String,
    /// Value, quotes removed; empty for a password.
    pub value: String,
    /// Line on which it begins, counted from 1.
    pub line: u32,
    /// Whether it is a password that is not empty.
    pub secret: bool,
    /// Whether the value holds something that the shell would expand, so that it is not what it seems.
    pub expands: bool,
    /// Whether it goes over the end of its line, as where a quote was forgotten. The value is then not kept:
    /// the next setting stands in it, which may be a password.
    pub runs_on: bool,
}

/// Every assignment at the beginning of a line, `export` or not, in order.
pub fn assignments(text: &str) -> Vec<Assignment> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut line = 1u32;
    while !rest.is_empty() && found.len() < ASSIGNMENT_LIMIT {
        let (taken, assignment) = statement(rest, line);
        found.extend(assignment);
        let (gone, left) = rest.split_at(taken);
        line = line.saturating_add(u32::try_from(gone.matches('\n').count()).unwrap_or(u32::MAX));
        rest = left;
    }
    found
}

/// Reads one statement; tells how many bytes it takes, at least one.
fn statement(text: &str, line: u32) -> (usize, Option<Assignment>) {
    let to_line_end = || text.find('\n').map_or(text.len(), |end| end + 1);
    let start = text.trim_start_matches([' ', '\t', ';']);
    let start = start.strip_prefix("export ").map_or(start, |left| left.trim_start_matches([' ', '\t']));
    let name_len = start.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(start.len());
    let name = &start[..name_len];
    let Some(value) = start[name_len..].strip_prefix('=').filter(|_| !name.is_empty() && !starts_with_digit(name))
    else {
        return (to_line_end(), None);
    };
    let (len, value, expands) = word(value);
    let secret = name.to_ascii_uppercase().contains("PASSWORD");
    let runs_on = value.contains('\n');
    let consumed = text.len() - start.len() + name_len + 1 + len;
    let assignment = Assignment {
        name: name.to_owned(),
        secret: secret && !value.is_empty(),
        value: if secret || runs_on { String::new() } else { value },
        line,
        expands,
        runs_on,
    };
    (consumed.max(1), Some(assignment))
}

fn starts_with_digit(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
}

/// Reads one word of the shell's grammar: bytes taken, the word without quotes, and whether it expands.
fn word(text: &str) -> (usize, String, bool) {
    let mut value = String::new();
    let mut quote = None;
    let mut expands = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None | Some('"'), '\\') => match chars.next() {
                // A backslash before the end of a line joins the lines.
                Some((_, '\n')) | None => {}
                Some((_, next)) => value.push(next),
            },
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|') => return (at, value, expands),
            (quote, c) => {
                expands |= quote != Some('\'') && matches!(c, '$' | '`');
                value.push(c);
            }
        }
    }
    (text.len(), value, expands)
}

/// Reads `/etc/iscsi/iscsi.initramfs`. Later assignments win. Whether all sessions are kept at shutdown
/// stands in another file: see [`keeps_all_sessions`].
pub fn initramfs_conf(text: &str, path: &str) -> (InitramfsConf, Vec<Problem>) {
    let mut conf = InitramfsConf { path: path.to_owned(), ..InitramfsConf::default() };
    let mut problems = Vec::new();
    for assignment in assignments(text) {
        let at = Location::line(path, assignment.line);
        if assignment.expands && assignment.name.starts_with("ISCSI_") && !assignment.secret {
            problems.push(Problem::new(
                at.to_string(),
                format!("a shell command sets {}, so its value is not known", assignment.name),
            ));
        }
        if assignment.runs_on {
            let what = format!("the value of {} continues on the next line, so it is not known", assignment.name);
            problems.push(Problem::new(at.to_string(), what));
        }
        let set = !assignment.value.is_empty();
        let located = |value: String| set.then(|| Located::new(value, at.clone()));
        match assignment.name.as_str() {
            "ISCSI_AUTO" => conf.auto = set.then_some(at),
            "ISCSI_TARGET_NAME" => conf.target_name = located(assignment.value),
            "ISCSI_INITIATOR" => conf.initiator = located(assignment.value),
            "ISCSI_TARGET_IP" => {
                let addresses = assignment.value.split_whitespace();
                conf.target_ips = addresses.map(|ip| Located::new(ip.to_owned(), at.clone())).collect();
            }
            "ISCSI_PASSWORD" | "ISCSI_IN_PASSWORD" if assignment.secret => conf.secret = Some(at),
            _ => {}
        }
    }
    (conf, problems)
}

/// Whether `/etc/default/open-iscsi` sets `ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1`. Debian's
/// logout-all.sh heeds it only where `/etc/iscsi/iscsi.initramfs` exists.
pub fn keeps_all_sessions(text: &str) -> bool {
    let assignments = assignments(text);
    let last = assignments.iter().rev().find(|found| found.name == "ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN");
    last.is_some_and(|found| found.value == "1")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONF: &str = "# comment ISCSI_AUTO=no\nISCSI_AUTO=true\nISCSI_TARGET_NAME='iqn.2013-01.com.example:a'\n\
                        export ISCSI_TARGET_IP=\"10.0.0.1 10.0.0.2\"\nISCSI_PASSWORD=\"gehe im\" # here\n\
                        ISCSI_INITIATOR=\n";

    #[test]
    fn reads_what_the_initramfs_is_told() {
        let (conf, problems) = initramfs_conf(CONF, "/etc/iscsi/iscsi.initramfs");
        assert_eq!(problems, []);
        assert_eq!(conf.auto.unwrap().line, 2);
        assert_eq!(conf.target_name.unwrap().value, "iqn.2013-01.com.example:a");
        assert_eq!(conf.target_ips.len(), 2);
        assert_eq!(conf.secret.unwrap().line, 5);
        assert_eq!(conf.initiator, None);
    }

    #[test]
    fn an_empty_auto_is_not_set() {
        let (conf, _) = initramfs_conf("ISCSI_AUTO=\n", "/c");
        assert_eq!(conf.auto, None);
        let (conf, _) = initramfs_conf("ISCSI_AUTO=true; ISCSI_AUTO=''\n", "/c");
        assert_eq!(conf.auto, None);
    }

    #[test]
    fn a_value_that_the_shell_makes_is_a_problem() {
        let (_, problems) = initramfs_conf("ISCSI_INITIATOR=\"$(cat /x)\"\n", "/c");
        assert_eq!(problems.len(), 1);
        let (_, problems) = initramfs_conf("ISCSI_INITIATOR='$x'\n", "/c");
        assert_eq!(problems, []);
    }

    #[test]
    fn no_password_leaves_the_parser() {
        assert!(!format!("{:?}", assignments(CONF)).contains("gehe"));
    }

    #[test]
    fn reads_whether_sessions_are_kept() {
        assert!(keeps_all_sessions("ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n"));
        assert!(keeps_all_sessions(
            "ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=0\n ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=\"1\""
        ));
        assert!(!keeps_all_sessions("#ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n"));
    }

    #[test]
    fn a_cut_file_is_no_panic() {
        for end in 0..CONF.len() {
            let _ = initramfs_conf(&CONF[..end], "/c");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = initramfs_conf(&String::from_utf8_lossy(&bytes), "/c");
        }

        #[test]
        fn never_panics_on_shell_like_text(text in "[A-Z_='\"\\\\;# \n$a1]{0,200}") {
            let _ = initramfs_conf(&text, "/c");
        }
    }
}
