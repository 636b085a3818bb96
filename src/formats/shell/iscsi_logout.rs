//! Logouts from iSCSI sessions in command lines and in the text of shell scripts (iscsiadm(8)).
//!
//! Text is read, never run. What a script does on which of its paths is not followed: a logout that stands
//! in it counts, and the widest one is the script's.

use super::commands::{Command, commands};
use super::lexer::Unread;
use super::words::assigned;
use crate::formats::text::harmless::command::redact_command;
use isctpl_checks::facts::LogoutScope;
use std::collections::BTreeSet;

/// Where Debian's umountiscsi.sh writes the sessions that carry `/`, and logout-all.sh reads them.
const KEEP_LIST: &str = "shutdown-keep-sessions";
/// The switch of `/etc/default/open-iscsi` that keeps every session.
const KEEP_SWITCH: &str = "ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN";

/// Options of iscsiadm that take a value (its getopt string).
const WITH_VALUE: &str = "mabcCpPTHiIUkLdrnvot";
/// Commands whose arguments are only said, not done.
const SAYERS: [&str; 5] = ["echo", "printf", "logger", "log_daemon_msg", "grep"];

/// What a script does with sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// The widest logout in it.
    pub(crate) logout: Option<(LogoutScope, u32, String)>,
    /// It leaves the sessions of the keep list alone.
    pub(crate) heeds_list: bool,
    /// It writes the keep list.
    pub(crate) writes_list: bool,
    /// It logs out from nothing when [`KEEP_SWITCH`] is on.
    pub(crate) heeds_switch: bool,
    /// Absolute paths in it, each once, which may be scripts that it runs.
    pub(crate) runs: BTreeSet<String>,
    /// What kept it from being read to its end: a logout may stand behind that.
    pub(crate) unread: Option<Unread>,
}

/// Reads a script's text.
pub(crate) fn scan(text: &str) -> Script {
    let (commands, unread) = commands(text);
    let programs = variables_of_iscsiadm(&commands);
    let mut script = Script { unread, ..Script::default() };
    let names = |words: &[String], what: &str| words.iter().any(|word| word.contains(what));
    for command in &commands {
        script.writes_list |= names(&command.writes, KEEP_LIST);
        let reads = names(&command.words, KEEP_LIST) || names(&command.reads, KEEP_LIST);
        script.heeds_list |= reads && command.name() != "rm";
        // A condition on the switch, and not its default.
        script.heeds_switch |= matches!(command.name(), "[" | "[[" | "test") && names(&command.words, KEEP_SWITCH);
        script.runs.extend(command.words.iter().filter(|word| is_script_path(word)).cloned());
        if let Some(scope) = logout_in(&command.words, &programs) {
            let wider = script.logout.as_ref().is_none_or(|(known, ..)| width(&scope) > width(known));
            if wider {
                // The command alone: what stands beside it may be anything.
                script.logout = Some((scope, command.line, redact_command(&command.words)));
            }
        }
    }
    script
}

/// What a command line itself logs out from.
pub(crate) fn of_command(argv: &[String]) -> Option<LogoutScope> {
    logout_in(argv, &[])
}

fn width(scope: &LogoutScope) -> u8 {
    match scope {
        LogoutScope::All => 3,
        LogoutScope::ByStartup(startup) if startup == "all" => 2,
        LogoutScope::ByStartup(_) => 1,
        LogoutScope::Target(_) => 0,
    }
}

fn is_script_path(word: &str) -> bool {
    word.starts_with('/') && !word.contains(['$', '*', '`', '(', '=']) && !word.starts_with("/dev/")
}

/// Variables that hold iscsiadm's path, as `ISCSIADM=/sbin/iscsiadm`.
fn variables_of_iscsiadm(commands: &[Command]) -> Vec<&str> {
    let words = commands.iter().flat_map(|command| &command.words);
    words
        .filter_map(|word| assigned(word))
        .filter(|(.., value)| is_iscsiadm(value.split_whitespace().next().unwrap_or_default()))
        .map(|(name, ..)| name)
        .collect()
}

fn is_iscsiadm(word: &str) -> bool {
    word.rsplit('/').next() == Some("iscsiadm")
}

fn logout_in(words: &[String], programs: &[&str]) -> Option<LogoutScope> {
    let first = words.iter().find(|word| !word.contains('='))?;
    if SAYERS.contains(&first.rsplit('/').next().unwrap_or_default()) {
        return None;
    }
    let at = words.iter().position(|word| {
        let variable = word.strip_prefix('$').map(|name| name.trim_matches(['{', '}']));
        is_iscsiadm(word) || variable.is_some_and(|name| programs.contains(&name))
    })?;
    options(words.get(at + 1..)?)
}

/// What iscsiadm's options ask for.
fn options(words: &[String]) -> Option<LogoutScope> {
    let mut logs_out = false;
    let mut by_startup = None;
    let mut target = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (option, value) = if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            let option = match name {
                "logout" => 'u',
                "logoutall" => 'U',
                "targetname" => 'T',
                "sid" => 'r',
                "portal" => 'p',
                "mode" => 'm',
                _ => continue,
            };
            let takes = WITH_VALUE.contains(option);
            (option, value.map(str::to_owned).or_else(|| takes.then(|| words.next().cloned()).flatten()))
        } else if let Some(cluster) = word.strip_prefix('-') {
            let mut chars = cluster.chars();
            let mut found = (' ', None);
            for option in chars.by_ref() {
                logs_out |= option == 'u';
                if WITH_VALUE.contains(option) {
                    found = (option, Some(String::new()));
                    break;
                }
            }
            if found.1.is_some() {
                let rest = chars.as_str();
                found.1 = if rest.is_empty() { words.next().cloned() } else { Some(rest.to_owned()) };
            }
            found
        } else {
            continue;
        };
        match option {
            'u' => logs_out = true,
            'U' => by_startup = Some(value.unwrap_or_default()),
            'T' | 'r' => target = target.or(value),
            _ => {}
        }
    }
    match (by_startup, logs_out, target) {
        (Some(startup), ..) => Some(LogoutScope::ByStartup(startup)),
        (None, true, Some(target)) => Some(LogoutScope::Target(target)),
        (None, true, None) => Some(LogoutScope::All),
        (None, false, _) => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::formats::systemd::split_words;
    use proptest::prelude::*;

    fn of(line: &str) -> Option<LogoutScope> {
        of_command(&split_words(line))
    }

    #[test]
    fn knows_the_forms_of_a_logout() {
        let automatic = Some(LogoutScope::ByStartup("automatic".to_owned()));
        assert_eq!(of("/sbin/iscsiadm -m node --logoutall=automatic"), automatic);
        assert_eq!(of("/sbin/iscsiadm --mode node --logoutall automatic"), automatic);
        assert_eq!(of("iscsiadm -m node -Uautomatic"), automatic);
        assert_eq!(of("iscsiadm -m node -U all"), Some(LogoutScope::ByStartup("all".to_owned())));
        assert_eq!(of("iscsiadm -m node -u"), Some(LogoutScope::All));
        assert_eq!(of("iscsiadm -mnode -u"), Some(LogoutScope::All));
        assert_eq!(of("iscsiadm -m session --logout"), Some(LogoutScope::All));
        assert_eq!(of("iscsiadm -m node -T iqn.a -p 10.0.0.1 -u"), Some(LogoutScope::Target("iqn.a".to_owned())));
        assert_eq!(of("iscsiadm -m node --targetname=iqn.a --logout"), Some(LogoutScope::Target("iqn.a".to_owned())));
    }

    #[test]
    fn knows_what_is_no_logout() {
        for line in [
            "/sbin/iscsiadm -m node --loginall=automatic",
            "iscsiadm -m discovery -t st -p unit.example",
            "iscsiadm -m node -T -u-is-a-name -l",
            "echo run iscsiadm -m node -u by hand",
            "/sbin/blkdeactivate -u -l wholevg",
            "fw -u",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }

    const KEEPING: &str = "#!/bin/sh\n# see shutdown-keep-sessions\nISCSIADM=/sbin/iscsiadm\nif [ -f /run/x/shutdown-keep-sessions ]; then\n\
                           keep=$(cat /run/x/shutdown-keep-sessions)\nfi\nif [ -z \"$keep\" ] ; then\n\t$ISCSIADM -m node \\\n --logoutall=all\n\
                           exit\nfi\n${ISCSIADM} -m session -r \"$s\" --logout\n";

    #[test]
    fn reads_a_script_that_keeps_sessions() {
        let script = scan(KEEPING);
        let (scope, line, excerpt) = script.logout.unwrap();
        assert_eq!((scope, line), (LogoutScope::ByStartup("all".to_owned()), 8));
        assert!(excerpt.contains("--logoutall=all"));
        assert!(script.heeds_list && !script.writes_list && !script.heeds_switch);
    }

    #[test]
    fn reads_a_script_that_writes_the_list() {
        let script = scan("for s in $a ; do\nprintf '%s' $s\ndone > /run/open-iscsi/shutdown-keep-sessions\n");
        assert!(script.writes_list && !script.heeds_list);
        let script = scan("# only spoken of: > shutdown-keep-sessions\nrm -f /run/open-iscsi/shutdown-keep-sessions\n");
        assert!(!script.writes_list && !script.heeds_list);
    }

    #[test]
    fn finds_logouts_beside_operators_and_in_variables() {
        assert_eq!(scan("test -x /a&&iscsiadm -m node -u;true").logout.unwrap().0, LogoutScope::All);
        assert_eq!(scan("ADM=/sbin/iscsiadm\n  ${ADM} -m node -u || true").logout.unwrap().0, LogoutScope::All);
        assert_eq!(scan("#iscsiadm -m node -u\necho \"iscsiadm -m node -u\"\n").logout, None);
        assert_eq!(scan("/usr/lib/open-iscsi/logout-all.sh").runs.len(), 1);
    }

    /// The reader that there was before took each of these for something else.
    #[test]
    fn scripts_are_read_as_a_shell_reads_them() {
        assert_eq!(scan("cat <<E\niscsiadm -m node -u\nE\n").logout, None, "text of a here-document");
        assert_eq!(scan("iscsiadm -m node -T $(cat /t) -u").logout.unwrap().0, LogoutScope::Target("$()".to_owned()));
        let (scope, line, _) = scan("x=\"a\nb\"\niscsiadm -m node \\\n -u # all").logout.unwrap();
        assert_eq!((scope, line), (LogoutScope::All, 3));
        assert!(!scan("echo \"[ $ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN\"").heeds_switch);
        assert!(scan("while read s; do x; done < /run/shutdown-keep-sessions").heeds_list);
    }

    /// A logout is found wherever a shell would find it, or it is told that the script was not read to its end.
    #[test]
    fn no_logout_is_passed_over() {
        let logout = "iscsiadm -m node -u";
        for text in [
            "(( a << 2 ))\nX\nE\n",
            "if ((a<<b)); then :; fi; X",
            "((a = 1 ? 2 : 3)); X",
            "((X))",
            "((X); (b))",
            "echo $(( 1 << 2 ))\nX\n",
            "a=$((X); (b))",
            "a=$(( $(X) + 1 ))",
            "a=${b:-$(X)}",
            "a=\"${b:-\"$(X)\"}\"",
            "sh <<E\nX\nE\n",
            "sh <<'E' && :\nX\nE\n",
            "cat <<E | /bin/bash\nX\nE\n",
            "cat <<E |\nX\nE\n  sudo sh -s\n",
            "cat <<E\n$(X)\nE\n",
            "cat <<E\n\"`X`\nE\n",
            "sh -c 'X'",
            "sudo -u root bash -ec \"X\"",
            "eval \"X\"",
            "eval X",
            "trap 'X' EXIT",
            "trap -- 'X' EXIT",
            "bash --norc -c 'X'",
            "sh -ce 'X'",
            "bash -c -o pipefail 'X'",
            "bash -co pipefail 'X'",
        ] {
            let script = scan(&text.replace('X', logout));
            assert_eq!(script.logout.map(|(scope, ..)| scope), Some(LogoutScope::All), "{text}");
            assert_eq!(script.unread, None, "{text}");
        }
        let deep = format!("{}X{}", "$( a ".repeat(20), ")".repeat(20)).replace('X', logout);
        assert!(scan(&deep).unread.is_some());
        let deep = format!("cat <<E\n{}$(X){}\nE\n", "${a:-".repeat(17), "}".repeat(17)).replace('X', logout);
        assert!(scan(&deep).unread.is_some());
        for (text, line) in
            [("a\ncat <<E\nX\n", 2), ("a 'b\nX\n", 1), ("\n\n\"${x", 3), ("(\na=$(b\nX", 2), ("cat <<E", 1)]
        {
            assert_eq!(scan(&text.replace('X', logout)).unread.map(|(line, _)| line), Some(line), "{text}");
        }
        for none in
            ["cat > /x.sh <<E\nX\nE\nsh /x.sh\n", "cat <<'E'\n$(X)\nE\n", "echo \"sh -c 'X'\"", "command -v sh; echo X"]
        {
            assert_eq!(scan(&none.replace('X', logout)).logout, None, "{none}");
        }
    }

    #[test]
    fn a_condition_on_the_switch_is_heeded() {
        assert!(scan("if [ -f /etc/iscsi/iscsi.initramfs ] && [ $ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN -eq 1 ]; then\nexit 0\nfi\n").heeds_switch);
        assert!(!scan("ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=0\n").heeds_switch);
    }

    #[test]
    fn a_cut_script_is_no_panic() {
        for end in 0..KEEPING.len() {
            let _ = scan(&KEEPING[..end]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = scan(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn never_panics_on_commands(text in "(iscsiadm|-m|-u|--logout|[ =$;'\"\\\\{}&a-z\n-]){0,60}") {
            let _ = scan(&text);
        }
    }
}
