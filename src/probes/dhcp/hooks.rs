//! Hooks of dhclient-script(8), as far as they handle classless routes.

use crate::system::{FileKind, Root};
use isctpl_checks::facts::{DhcpHook, Location, Problem};

/// Directories of hooks. run-parts(8) lists them, so only plain names count.
const DIRECTORIES: [&str; 4] = [
    "/etc/dhcp/dhclient-enter-hooks.d",
    "/etc/dhcp/dhclient-exit-hooks.d",
    "/etc/dhcp3/dhclient-enter-hooks.d",
    "/etc/dhcp3/dhclient-exit-hooks.d",
];

/// Single files that dhclient-script reads.
const FILES: [&str; 6] = [
    "/etc/dhclient-enter-hooks",
    "/etc/dhclient-exit-hooks",
    "/etc/dhcp/dhclient-enter-hooks",
    "/etc/dhcp/dhclient-exit-hooks",
    "/etc/dhcp/dhclient-up-hooks",
    "/etc/dhclient-up-hooks",
];

/// Reasons that dhclient gives its script (dhclient-script(8)).
const REASONS: [&str; 12] =
    ["MEDIUM", "PREINIT", "BOUND", "RENEW", "REBIND", "REBOOT", "EXPIRE", "FAIL", "STOP", "RELEASE", "NBI", "TIMEOUT"];

/// Every hook, whether it may run or not.
pub(super) fn read(root: &Root, problems: &mut Vec<Problem>) -> Vec<DhcpHook> {
    let mut hooks = Vec::new();
    for directory in DIRECTORIES {
        let names = root.list(directory).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        for (name, kind) in names.unwrap_or_default() {
            if kind != FileKind::Directory {
                hook(root, &format!("{directory}/{name}"), is_listed(&name), &mut hooks, problems);
            }
        }
    }
    for path in FILES {
        // Two of these names are directories elsewhere.
        if !root.is_dir(path) {
            hook(root, path, true, &mut hooks, problems);
        }
    }
    hooks
}

/// The names that run-parts takes without options.
fn is_listed(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn hook(root: &Root, path: &str, listed: bool, hooks: &mut Vec<DhcpHook>, problems: &mut Vec<Problem>) {
    match root.text(path) {
        Ok(Some(text)) => {
            let found = look_at(&text);
            hooks.push(DhcpHook {
                at: Location::line(path, found.line),
                active: listed,
                installs_classless: found.installs,
                reasons: found.reasons,
            });
        }
        // A link that leads nowhere.
        Ok(None) => {}
        Err(problem) => {
            problems.push(problem);
            hooks.push(DhcpHook {
                at: Location::file(path),
                active: false,
                installs_classless: false,
                reasons: Vec::new(),
            });
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    /// The line that installs a route, or 0.
    line: u32,
    installs: bool,
    reasons: Vec<String>,
}

/// Whether a script reads option 121 from its environment and adds routes, and for which reasons. A
/// switch such as Debian's `RUN="no"` that the script itself asks for turns it off.
fn look_at(text: &str) -> Found {
    let mut found = Found::default();
    let (mut reads, mut adds_at, mut run, mut asks_run, mut asks_reason) = (false, 0, None, false, false);
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        if let Some(value) = line.strip_prefix("RUN=") {
            run = Some(value.trim_matches(['"', '\'', ';', ' ']).to_ascii_lowercase());
            continue;
        }
        asks_run |= line.contains("$RUN") || line.contains("${RUN");
        asks_reason |= line.contains("$reason") || line.contains("${reason");
        // new_rfc3442_classless_static_routes, new_classless_static_routes, new_ms_classless_…
        reads |= line.contains("classless") && line.contains("new_");
        if adds_at == 0 && adds_route(line) {
            adds_at = number;
        }
        let words = line.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
        for word in words {
            if REASONS.contains(&word) && !found.reasons.iter().any(|known| known == word) {
                found.reasons.push(word.to_owned());
            }
        }
    }
    if !asks_reason {
        found.reasons.clear();
    }
    let switched_off = asks_run && run.is_some_and(|run| run != "yes");
    found.installs = reads && adds_at != 0 && !switched_off;
    found.line = if found.installs { adds_at } else { 0 };
    found
}

/// Whether a line calls `ip route add` (or replace, append) or `route add`.
fn adds_route(line: &str) -> bool {
    let mut words = line.split(|c: char| c.is_whitespace() || matches!(c, ';' | '(' | ')' | '"' | '`'));
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
        let found = look_at(HOOK);
        assert_eq!(found, Found { line: 7, installs: true, reasons: vec!["BOUND".to_owned(), "REBOOT".to_owned()] });
        assert!(!look_at(&HOOK.replace("RUN=\"yes\"", "RUN=\"no\"")).installs, "switched off");
        assert!(!look_at(&HOOK.replace("   ip -4 route add", "   # ip -4 route add")).installs);
        assert!(!look_at("for v in rfc3442_classless_static_routes; do echo $v; done\n").installs);
        assert!(!look_at("make_resolv_conf() { :; }\n").installs);
        assert!(
            look_at("case $reason in BOUND|RENEW) route add -net x gw $new_classless_static_routes;; esac").installs
        );
    }

    #[test]
    fn only_plain_names_are_listed() {
        assert!(is_listed("rfc3442-classless-routes"));
        assert!(!is_listed("rfc3442.dpkg-old") && !is_listed("rfc3442~") && !is_listed(""));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024)) {
            look_at(&String::from_utf8_lossy(&bytes));
        }
    }
}
