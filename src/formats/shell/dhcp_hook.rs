//! Hooks of dhclient-script(8): whether one installs the routes of option 121.

use super::commands::{Command, commands};
use super::lexer::Unread;
use super::words::assigned;

/// Reasons that dhclient gives its script (dhclient-script(8)).
const REASONS: [&str; 12] =
    ["MEDIUM", "PREINIT", "BOUND", "RENEW", "REBIND", "REBOOT", "EXPIRE", "FAIL", "STOP", "RELEASE", "NBI", "TIMEOUT"];

/// What a hook shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Hook {
    /// The line that installs a route, or 0.
    pub(crate) line: u32,
    /// It installs the routes of option 121.
    pub(crate) installs: bool,
    /// The reasons for which it does; none where it does not ask.
    pub(crate) reasons: Vec<String>,
    /// What kept it from being read to its end.
    pub(crate) unread: Option<Unread>,
}

/// Whether a script reads option 121 from its environment and adds routes, and for which reasons. A
/// switch such as Debian's `RUN="no"` that the script itself asks for turns it off.
pub(crate) fn scan(text: &str) -> Hook {
    let (commands, unread) = commands(text);
    let mut hook = Hook { unread, ..Hook::default() };
    let (mut reads, mut run, mut asks_run, mut asks_reason) = (false, None, false, false);
    for command in commands {
        for word in &command.words {
            if let Some(("RUN", _, value)) = assigned(word) {
                run = Some(value.eq_ignore_ascii_case("yes"));
                continue;
            }
            asks_run |= word.contains("$RUN") || word.contains("${RUN");
            asks_reason |= word.contains("$reason") || word.contains("${reason");
            // new_rfc3442_classless_static_routes, new_classless_static_routes, new_ms_classless_…
            reads |= word.contains("classless") && word.contains("new_");
            for name in word.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_') {
                if REASONS.contains(&name) && !hook.reasons.iter().any(|known| known == name) {
                    hook.reasons.push(name.to_owned());
                }
            }
        }
        if hook.line == 0 && adds_route(&command) {
            hook.line = command.line;
        }
    }
    if !asks_reason {
        hook.reasons.clear();
    }
    let switched_off = asks_run && run == Some(false);
    hook.installs = reads && hook.line != 0 && !switched_off;
    hook.line = if hook.installs { hook.line } else { 0 };
    hook
}

/// Whether a command is `ip route add` (or replace, append) or `route add`, or holds one that is run later, as
/// `eval "ip route add …"` does.
fn adds_route(command: &Command) -> bool {
    if matches!(command.name(), "echo" | "printf" | "logger") {
        return false;
    }
    let mut words = command.words.iter().flat_map(|word| word.split([' ', '\t', '\n', ';', '"']));
    while let Some(word) = words.next() {
        if matches!(word.rsplit('/').next(), Some("route" | "ro" | "r")) {
            let next = words.clone().find(|word| !word.is_empty() && !word.starts_with('-'));
            if matches!(next, Some("add" | "replace" | "append" | "a")) {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOOK: &str = "# from option 121\nRUN=\"yes\"\nif [ \"$RUN\" = \"yes\" ]; then\n if [ -n \"$new_rfc3442_classless_static_routes\" ]; then\n  if [ \"$reason\" = \"BOUND\" ] || [ \"$reason\" = \"REBOOT\" ]; then\n   set -- $new_rfc3442_classless_static_routes\n   ip -4 route add \"${net}/${length}\" ${via} dev \"${interface}\"\n  fi\n fi\nfi\n";

    #[test]
    fn knows_a_hook_that_installs_routes() {
        let found = scan(HOOK);
        assert_eq!(
            found,
            Hook { line: 7, installs: true, reasons: vec!["BOUND".to_owned(), "REBOOT".to_owned()], unread: None }
        );
        assert!(!scan(&HOOK.replace("RUN=\"yes\"", "RUN=\"no\"")).installs, "switched off");
        assert!(!scan(&HOOK.replace("   ip -4 route add", "   # ip -4 route add")).installs);
        assert!(!scan("for v in rfc3442_classless_static_routes; do echo $v; done\n").installs);
        assert!(!scan("make_resolv_conf() { :; }\n").installs);
        assert!(scan("case $reason in BOUND|RENEW) route add -net x gw $new_classless_static_routes;; esac").installs);
    }

    /// The reader that there was before took each of these for something else.
    #[test]
    fn hooks_are_read_as_a_shell_reads_them() {
        let told = "echo \"ip route add $new_classless_static_routes\"\n";
        assert!(!scan(told).installs, "only said");
        let later = "set -- $new_classless_static_routes # ip route add\n";
        assert!(!scan(later).installs, "a comment behind a command");
        let continued = "ip \\\n route add $new_classless_static_routes\n";
        assert_eq!(scan(continued).line, 1);
        let kept = "cmd=\"ip route add $new_classless_static_routes\"\neval \"$cmd\"\n";
        assert!(scan(kept).installs);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024)) {
            scan(&String::from_utf8_lossy(&bytes));
        }
    }
}
