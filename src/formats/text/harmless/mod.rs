//! Which texts of a machine are shown: those that are known to be harmless, and no other.
//!
//! A secret may stand under a name that nobody has thought of: a misspelt key, an argument of a program, half a
//! password behind a quote that was forgotten. So it is not looked for here. A value is shown where its name is
//! known and the value looks as values of that name do; in place of all else stands
//! [`HIDDEN`](isctpl_checks::facts::HIDDEN).

pub(crate) mod command;
pub(crate) mod firewall;
pub(crate) mod mount;
pub(crate) mod words;

use isctpl_checks::facts::HIDDEN;

/// The longest single value that is shown.
const VALUE_LIMIT: usize = 200;

/// Directories of the root that a path begins with.
const TOP: [&str; 20] = [
    "bin", "boot", "dev", "efi", "etc", "home", "lib", "lib32", "lib64", "libx32", "media", "mnt", "opt", "proc",
    "root", "run", "sbin", "srv", "sys", "tmp",
];

/// A value of a known name: letters, digits and the punctuation of paths, lists, addresses and versions. Blanks,
/// quotes, `=` and `@` join one value with another, and do not belong to it. `${NAME}` stands for itself.
pub(crate) fn is_plain(value: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._,:/+%()[]~^*-".contains(c);
    value.len() <= VALUE_LIMIT && without_variables(value).chars().all(fits)
}

/// The same, as it is shown.
pub(crate) fn plain(value: &str) -> &str {
    if is_plain(value) { value } else { HIDDEN }
}

/// The text without the variables that nobody has expanded: `${NAME}`.
fn without_variables(value: &str) -> String {
    let mut rest = value;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let name = after.split_once('}').filter(|(name, _)| is_identifier(name));
        let Some((_, behind)) = name else { break };
        kept.push_str(before);
        rest = behind;
    }
    kept + rest
}

/// A name of a shell's variable.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= 48
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A name of a setting or parameter that nobody knows, as far as it may be shown: in small letters, as names are
/// and generated passwords are not.
pub(crate) fn is_setting_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 48
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-[]/".contains(c))
        && name.chars().filter(char::is_ascii_digit).count() <= 3
}

/// An absolute path below a directory that every root has.
pub(crate) fn is_path(path: &str) -> bool {
    let Some(below) = path.strip_prefix('/') else { return false };
    let first = below.split('/').next().unwrap_or_default();
    (TOP.contains(&first) || matches!(first, "" | "usr" | "var" | "target" | "vmlinuz" | "initrd.img"))
        && is_plain(path)
}

/// An address, with or without a prefix length or a port; also one that is mistyped.
pub(crate) fn is_address(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_hexdigit() || c == '[' || c == ':')
        && text.contains(['.', ':'])
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_hexdigit() || ".:/[]".contains(c))
}

/// An iSCSI name (RFC 3720, section 3.2.6.3).
pub(crate) fn is_iscsi_name(text: &str) -> bool {
    ["iqn.", "eui.", "naa."].iter().any(|kind| text.starts_with(kind)) && is_plain(text)
}

/// A network interface's usual name.
pub(crate) fn is_interface(text: &str) -> bool {
    let kind = text.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let stem = text.get(..text.len() - kind.len()).unwrap_or_default();
    text == "lo"
        || text.len() <= 15
            && [
                "eth", "en", "eno", "ens", "enp", "enx", "em", "p", "ib", "ibp", "ibs", "ibft", "bond", "br", "team",
                "vlan", "san", "wan", "lan",
            ]
            .contains(&stem)
            && kind.starts_with(|c: char| c.is_ascii_digit())
            && kind.chars().all(|c| c.is_ascii_alphanumeric() || ".:".contains(c))
}

/// A device as `root=`, `resume=` and fstab name one: a path below /dev, or a tag.
pub(crate) fn is_device(text: &str) -> bool {
    let (tag, value) = text.split_once('=').unwrap_or(("", text));
    let known = match tag {
        "" => {
            value.starts_with("/dev/")
                || matches!(value, "dhcp" | "dhcp6" | "gpt-auto" | "tmpfs" | "swap" | "proc" | "sysfs" | "none")
                || value.len() <= 8 && value.chars().all(|c| c.is_ascii_digit() || c == ':')
        }
        "UUID" | "PARTUUID" | "ID" => value.len() <= 64 && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
        "LABEL" | "PARTLABEL" | "ZFS" => value.len() <= 64,
        _ => false,
    };
    known && is_plain(&value.replace(['\\', ' '], ""))
}

/// A file as a boot loader names it, with or without the device before it.
pub(crate) fn loader_file(written: &str) -> String {
    let named = |path: &str| path.is_empty() || path.starts_with(['/', '(', '$']) || is_plain_name(path);
    // Btrfs subvolumes begin with `@`.
    let fits = |path: &str| named(path) && is_plain(&path.replace("/@", "/"));
    written.split(' ').map(|path| if fits(path) { path } else { HIDDEN }).collect::<Vec<_>>().join(" ")
}

fn is_plain_name(text: &str) -> bool {
    ["vmlinu", "linux", "initr", "boot/", "kernel", "EFI/", "bzImage", "Image"]
        .iter()
        .any(|begin| text.starts_with(begin))
}

/// A title, an id, or a sentence of our own around one: all but what is assigned to a name in it.
pub(crate) fn title(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let redacted = crate::formats::text::redact::redact_line(text);
    for (number, word) in redacted.split(' ').enumerate() {
        if number > 0 {
            shown.push(' ');
        }
        match word.split_once('=') {
            _ if word.contains("://") || word.contains('@') && word.contains(':') => shown.push_str(HIDDEN),
            // GRUB's own settings, whose values are titles and numbers.
            Some((name, value)) if !value.is_empty() && !is_loader_setting(name) && value != HIDDEN => {
                shown.push_str(&format!("{name}={HIDDEN}"));
            }
            _ => shown.push_str(word),
        }
    }
    shown
}

/// Variables of GRUB whose value is a title, an id or a number, and no more.
pub(crate) fn is_loader_setting(name: &str) -> bool {
    matches!(
        name,
        "default"
            | "fallback"
            | "timeout"
            | "timeout_style"
            | "saved_entry"
            | "prev_saved_entry"
            | "next_entry"
            | "boot_success"
            | "boot_indeterminate"
            | "boot_once"
            | "boot_counter"
            | "recordfail"
            | "menu_auto_hide"
            | "menu_show_once"
            | "menu_show_once_timeout"
            | "menu_hide_ok"
            | "env_block"
            | "linux_gfx_mode"
            | "initrdfail"
            | "initrdless_boot_fallback_triggered"
            | "GRUB_DEFAULT"
            | "have_grubenv"
            | "one_saved_entry"
    )
}

/// What stands where something else was expected, as a message quotes it: an address that is none, a word.
pub(crate) fn wrong_value(value: &str) -> String {
    let words: Vec<&str> = value.lines().next().unwrap_or_default().split_whitespace().collect();
    let fits = |word: &str| {
        is_address(word)
            || is_path(word)
            || is_interface(word)
            || words::is_known(word)
            || word.len() <= 12 && word.chars().all(|c| c.is_ascii_digit() || "-+.,/:".contains(c))
            || word.len() <= 48 && word.chars().all(|c| c.is_ascii_lowercase() || "-_.*?/".contains(c))
    };
    let shown: Vec<&str> = words.iter().map(|word| if fits(word) { word } else { HIDDEN }).collect();
    shown.join(" ").chars().take(80).collect()
}
