//! Which words of the kernel command line matter to an iSCSI boot.

/// Words that matter, beside the families below.
const EXACT: &[&str] = &[
    "ip",
    "netroot",
    "iscsiroot",
    "BOOTIF",
    "rd.bootif",
    "bootdev",
    "vlan",
    "ifname",
    "nameserver",
    "rd.neednet",
    "rd.route",
    "rd.peerdns",
    "rd.auto",
    "net.ifnames",
    "resume",
];

/// Beginnings of words that matter.
const FAMILIES: &[&str] = &["iscsi_", "rd.iscsi.", "rd.net.", "rd.lvm"];

/// The token that a pattern of a script stands for, such as `ip` for `ip=*`; `None` for one that does
/// not matter. A value counts where it changes the meaning: `ip=ibft`, `root=iscsi`.
pub(super) fn token(pattern: &str) -> Option<String> {
    let pattern = pattern.trim_matches(|c: char| matches!(c, '*' | '?' | '^' | '$' | ' ' | '\\'));
    let (key, value) = match pattern.split_once('=') {
        Some((key, value)) => (key, value.trim_end_matches(['*', '?'])),
        None => (pattern, ""),
    };
    match (key, value) {
        ("ip", "ibft") => Some("ip=ibft".to_owned()),
        ("root", value) if value.starts_with("iscsi") => Some("root=iscsi".to_owned()),
        (key, _) if matters(key) => Some(key.to_owned()),
        _ => None,
    }
}

fn matters(key: &str) -> bool {
    let sound = key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    sound && (EXACT.contains(&key) || FAMILIES.iter().any(|family| key.len() > family.len() && key.starts_with(family)))
}

/// Whether a word refers to the kernel command line.
pub(super) fn is_cmdline(word: &str) -> bool {
    word.contains("/proc/cmdline")
        || word == "getcmdline"
        || matches!(variable(word), Some("CMDLINE" | "cmdline" | "KERNEL_CMDLINE" | "kernel_cmdline"))
}

/// The name of the variable that a word is the expansion of, such as `x` for `$x` or `${x#iscsi_}`.
pub(super) fn variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let name = name.strip_prefix('{').unwrap_or(name);
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
    (end > 0).then(|| &name[..end])
}
