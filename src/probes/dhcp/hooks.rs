//! Hooks of dhclient-script(8), as far as they handle classless routes.

use crate::formats::shell::dhcp_hook;
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
        // Two of these names are directories elsewhere. What cannot be looked at cannot be read either, which says why.
        if root.kind(path) != Ok(Some(FileKind::Directory)) {
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
            let found = dhcp_hook::scan(&text);
            let unread = |(line, what)| Problem::new(Location::line(path, line).to_string(), what);
            problems.extend(found.unread.map(unread));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_listed() {
        assert!(is_listed("rfc3442-classless-routes"));
        assert!(!is_listed("rfc3442.dpkg-old") && !is_listed("rfc3442~") && !is_listed(""));
    }
}
