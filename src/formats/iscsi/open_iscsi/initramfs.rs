//! Files that open-iscsi's scripts read with the shell's `.`: `/etc/iscsi/iscsi.initramfs` and
//! `/etc/default/open-iscsi`. The shell is klibc's or busybox's in the initramfs, and `/bin/sh` in the system.

use crate::formats::shell::{Shell, Variables};
use isctpl_checks::facts::{InitramfsConf, Located, Location, Problem};

/// Reads `/etc/iscsi/iscsi.initramfs`. Later assignments win. Whether all sessions are kept at shutdown
/// stands in another file: see [`keeps_all_sessions`]. No password leaves this function.
///
/// What is set under a condition, or by a command, is not known, and a problem says so. So is a value that goes over
/// the end of its line, as where a quote was forgotten: the next setting stands in it, which may be a password. A
/// password counts on whatever line it stands.
pub(crate) fn initramfs_conf(text: &str, path: &str) -> (InitramfsConf, Vec<Problem>) {
    let mut variables = Variables::default();
    let mut problems = variables.read(text, path, Shell::Any);
    let mut value = |name: &str| {
        let setting = variables.setting(name).unwrap_or_else(|problem| {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            None
        });
        setting.filter(|setting| !setting.value.is_empty())
    };
    // Any value will do, so it need not be known.
    let filled = variables.filled("ISCSI_AUTO").cloned();
    let auto = filled.or_else(|| value("ISCSI_AUTO").map(|auto| auto.at));
    let conf = InitramfsConf {
        path: path.to_owned(),
        auto,
        target_name: value("ISCSI_TARGET_NAME"),
        initiator: value("ISCSI_INITIATOR"),
        target_ips: value("ISCSI_TARGET_IP").map(addresses).unwrap_or_default(),
        account: account(&mut variables),
        secret: (1..)
            .zip(text.lines())
            .filter(|(_, line)| sets_password(line))
            .last()
            .map(|(n, _)| Location::line(path, n)),
        ..InitramfsConf::default()
    };
    (conf, problems)
}

/// Whether a CHAP user is set. One that is set in a way that is not followed is no problem here: it may be a secret.
fn account(variables: &mut Variables) -> Option<bool> {
    let setting = variables.setting("ISCSI_USERNAME").ok()?;
    Some(setting.is_some_and(|setting| !setting.value.is_empty()))
}

fn addresses(setting: Located<String>) -> Vec<Located<String>> {
    setting.value.split_whitespace().map(|ip| Located::new(ip.to_owned(), setting.at.clone())).collect()
}

/// Whether a line sets a password, be it run or not: a secret is one wherever it lies.
fn sets_password(line: &str) -> bool {
    let line = without_comment(line);
    ["ISCSI_PASSWORD", "ISCSI_IN_PASSWORD"].iter().flat_map(|name| line.match_indices(name)).any(|(at, name)| {
        let is_name = line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let behind = &line[at + name.len()..];
        let value = behind.strip_prefix("+=").or(behind.strip_prefix('=')).filter(|_| !is_name);
        value.is_some_and(is_filled)
    })
}

/// A line up to its comment. A quote that is open at its end keeps a `#` behind it from beginning one.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut before) = (None, ' ');
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, '#') if before.is_whitespace() => return &line[..at],
            (None, '"' | '\'') => quote = Some(c),
            (None | Some('"'), '\\') => _ = chars.next(),
            (Some(open), _) if c == open => quote = None,
            _ => {}
        }
        before = c;
    }
    line
}

/// Whether a value is more than a pair of quotes. A quote that is open at the end of the line goes on in the next one.
fn is_filled(value: &str) -> bool {
    let unquoted = ["''", "\"\""].iter().find_map(|pair| value.strip_prefix(pair)).unwrap_or(value);
    !unquoted.is_empty() && !unquoted.starts_with([' ', '\t', ';', '&', '|', ')'])
}

/// Whether `/etc/default/open-iscsi` sets `ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1`. Debian's
/// logout-all.sh heeds it only where `/etc/iscsi/iscsi.initramfs` exists.
///
/// # Errors
/// Why that cannot be told.
pub(crate) fn keeps_all_sessions(text: &str, path: &str) -> Result<bool, Problem> {
    let mut variables = Variables::default();
    variables.read(text, path, Shell::Any);
    let switch = variables.setting("ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN")?;
    Ok(switch.is_some_and(|switch| switch.value == "1"))
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

    /// The reader that there was before took each of these for something else.
    #[test]
    fn values_are_those_of_the_shell() {
        let of = |text: &str| initramfs_conf(text, "/c");
        let (conf, problems) = of("ISCSI_INITIATOR=\"iqn.a\\b\"\nX=1 ISCSI_AUTO=true env\n");
        assert_eq!(conf.initiator.unwrap().value, "iqn.a\\b", "a backslash in quotes stands for itself");
        assert_eq!((conf.auto, problems), (None, vec![]), "set for one command only");
        let (conf, problems) = of("P=iqn.2013-01.com.example\nISCSI_INITIATOR=$P:a\n");
        assert_eq!(conf.initiator.unwrap().value, "iqn.2013-01.com.example:a");
        assert_eq!(problems, []);
        let (conf, problems) = of("if [ -e /x ]; then\n ISCSI_AUTO=true\nfi\ncat <<E\nISCSI_INITIATOR=iqn.b\nE\n");
        assert_eq!((conf.auto, conf.initiator, problems.len()), (None, None, 1));
    }

    /// Whether a shell runs the line does not matter to who finds the file.
    #[test]
    fn a_password_is_found_wherever_it_stands() {
        let secret = |text: &str| initramfs_conf(text, "/c").0.secret.map(|at| at.line);
        for before in ["return\n", "fi\n", "x(1)\n", "exit 0\n", "cat <<E\n", "A='\n", "if x; then\n", "B=$((\n"] {
            for set in
                ["ISCSI_PASSWORD=x", "  export ISCSI_IN_PASSWORD='x'", "A=1;ISCSI_PASSWORD+=\"x", "ISCSI_PASSWORD=\""]
            {
                assert_eq!(secret(&format!("{before}{set}\nx=1\n")), Some(2), "{before}{set}");
            }
        }
        for none in [
            "ISCSI_PASSWORD=",
            "ISCSI_PASSWORD='' # x",
            "ISCSI_PASSWORD=\"\";x",
            "#ISCSI_PASSWORD=x",
            "A=1 # ISCSI_PASSWORD=x",
            "A=\"it's\" # ISCSI_PASSWORD=x",
            "A='\"' # ISCSI_PASSWORD=x",
            "A=\\\" # ISCSI_PASSWORD=x",
            "MY_ISCSI_PASSWORD=x",
        ] {
            assert_eq!(secret(&format!("{none}\r\n")), None, "{none}");
        }
        for odd in [
            "A='#' ISCSI_PASSWORD=x",
            "A='it # ISCSI_PASSWORD=x",
            "A=\"\\\" # ISCSI_PASSWORD=x",
            "A=' # ' ISCSI_PASSWORD=x",
        ] {
            assert_eq!(secret(odd), Some(1), "{odd}");
        }
    }

    /// What is set counts as set, whatever is in it; what is only doubtful is not known.
    #[test]
    fn a_doubtful_request_is_a_problem() {
        let of = |text: &str| {
            let (conf, problems) = initramfs_conf(text, "/c");
            (conf.auto.is_some(), conf.target_name.is_some(), problems.len())
        };
        assert_eq!(of("ISCSI_AUTO=true\r\n"), (true, false, 0));
        assert_eq!(of("ISCSI_TARGET_NAME=iqn.a\r\n"), (false, false, 1));
        assert_eq!(of("ISCSI_TARGET_NAME=iqn.$(hostname)\n"), (false, false, 1));
        assert_eq!(of("[ -e /x ] && ISCSI_AUTO=true\n"), (false, false, 1));
        assert_eq!(of("[ -e /x ] && ISCSI_AUTO=true\r\n"), (false, false, 1));
        let guarded = "[ -f /x ] && . /x\nISCSI_AUTO=true\n";
        assert_eq!(of(guarded), (true, false, 3), "the other settings may stand in /x");
        assert!(!of(". /x\nISCSI_AUTO=true\n").0, "the shell ends where there is no /x");
        assert_eq!(of("ISCSI_AUTO=true\nfi\n"), (false, false, 1), "the shell stops");
        assert_eq!(of("ISCSI_AUTO=\n"), (false, false, 0));
    }

    #[test]
    fn no_password_leaves_the_parser() {
        assert!(!format!("{:?}", initramfs_conf(CONF, "/c")).contains("gehe"));
        let forgotten = CONF.replace("a'", "a").replace(" # here", "");
        assert!(!format!("{:?}", initramfs_conf(&forgotten, "/c")).contains("gehe"));
    }

    #[test]
    fn reads_whether_sessions_are_kept() {
        let keeps = |text: &str| keeps_all_sessions(text, "/d");
        assert_eq!(keeps("ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n"), Ok(true));
        let twice = "ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=0\n ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=\"1\"";
        assert_eq!(keeps(twice), Ok(true));
        assert_eq!(keeps("#ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n"), Ok(false));
        for doubtful in
            ["if x; then\nS=1\nfi\n", "S=1\r\n", "S=$(x)\n", "S=1\n. /x\n", "S=1\nfi\n", "f() { S=1; }\nf\n"]
        {
            let text = doubtful.replace('S', "ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN");
            assert!(keeps(&text).is_err(), "{text}");
        }
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
