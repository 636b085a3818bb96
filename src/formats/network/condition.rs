//! Conditions under which files of network managers apply, as they may be shown.

use crate::formats::cmdline;
use crate::formats::text::harmless::is_plain;
use isctpl_checks::facts::HIDDEN;

/// A condition under which a file of a network manager applies, by its key.
pub(crate) fn condition(key: &str, value: &str) -> String {
    let shown = match key {
        "KernelCommandLine" | "kernel-command-line" => {
            let words = value.split_whitespace();
            words.map(|word| cmdline::word(word).to_string()).collect::<Vec<_>>().join(" ")
        }
        "Name"
        | "OriginalName"
        | "MACAddress"
        | "PermanentMACAddress"
        | "Path"
        | "path"
        | "Driver"
        | "Type"
        | "Kind"
        | "WLANInterfaceType"
        | "Host"
        | "Virtualization"
        | "KernelVersion"
        | "Architecture"
        | "Firmware"
        | "Version" => value
            .split(' ')
            .map(|word| if is_plain(word.trim_start_matches(['!', '='])) { word } else { HIDDEN })
            .collect::<Vec<_>>()
            .join(" "),
        // Whether it must not hold is no secret.
        _ if value.trim_start().starts_with('!') => format!("!{HIDDEN}"),
        _ => HIDDEN.to_owned(),
    };
    format!("{key}={shown}")
}
