//! Which values of a command line are secrets, and what is shown in their place.

use isctpl_checks::facts::HIDDEN;

/// Ends of names whose value is a secret.
const SECRET_ENDS: [&str; 8] = ["password", "passwd", "password_in", "passphrase", "secret", "token", "_pass", "psk"];

/// Those of them, and more, that are secrets' names even where only a space follows.
const SECRET_WORD_ENDS: [&str; 8] =
    ["password", "passwd", "password_in", "passphrase", "secret", "psk", "wireless_key", "wep_key"];

/// The most of a line that is shown: an excerpt, not a file without line ends.
const LINE_LIMIT: usize = 4096;

/// Names that end in `key` and say where a key lies, not what it is (dracut.cmdline(7),
/// systemd-cryptsetup-generator(8), Arch's `encrypt` hook).
const KEY_PLACES: [&str; 3] = ["rd.luks.key", "luks.key", "cryptkey"];

/// The value as it may be shown, and whether a secret stood in it.
///
/// A secret is the value of a name like a password's, here or nested (`rd.iscsi.param=…password=…`),
/// the value of a credential, and the password in front of an `@` (dracut.cmdline(7) `netroot=iscsi:`,
/// or any URL).
pub(crate) fn hide(key: &str, value: &str) -> (String, bool) {
    if value.is_empty() {
        return (String::new(), false);
    }
    if is_secret_name(key) {
        return (HIDDEN.to_owned(), true);
    }
    if is_credential(key) {
        return match value.split_once(':') {
            Some((_, "")) => (value.to_owned(), false),
            Some((name, _)) => (format!("{name}:{HIDDEN}"), true),
            None => (HIDDEN.to_owned(), true),
        };
    }
    if let Some(shown) = hide_nested(value).or_else(|| hide_iscsi_userinfo(key, value)).or_else(|| hide_url(value)) {
        return (shown, true);
    }
    (value.to_owned(), false)
}

/// A line of any file as it may be shown: whatever follows a secret's name is replaced.
///
/// It rather hides too much than too little: the rest of the line goes where quotes do not say
/// where the secret ends. At most the first 4096 bytes are shown.
pub(crate) fn redact_line(line: &str) -> String {
    let mut shown = String::new();
    let cut = (0..=line.len().min(LINE_LIMIT)).rev().find(|cut| line.is_char_boundary(*cut)).unwrap_or(0);
    let mut rest = line.get(..cut).unwrap_or_default();
    loop {
        // One step takes a name with what follows it, or one character.
        let name_len = rest.find(|c: char| !is_name_char(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(name_len);
        shown.push_str(name);
        if let Some((separator, value)) = separator(name, after) {
            shown.push_str(separator);
            rest = value;
            // Within quotes the secret goes to their end, blanks and all; not so within those of a variable that
            // holds a whole line.
            let mut before = shown.chars().rev().skip(name.chars().count() + separator.chars().count());
            let quote = before.next().filter(|_| before.next() != Some('='));
            let end = value_end(value, separator);
            let end = match quote.filter(|quote| matches!(quote, '"' | '\'')).and_then(|quote| value.find(quote)) {
                Some(closing) if is_secret_name(name) => end.max(closing),
                _ => end,
            };
            let (taken, left) = value.split_at(end);
            if is_secret_name(name) || is_credential(name) {
                if !taken.is_empty() {
                    shown.push_str(HIDDEN);
                }
                rest = left;
            } else if let Some(hidden) = hide_userinfo_behind(name, separator, taken) {
                shown.push_str(&hidden);
                rest = left;
            }
            continue;
        }
        rest = after;
        if let Some(inner) = rest.strip_prefix("://") {
            shown.push_str("://");
            let end = inner.find(is_word_end).unwrap_or(inner.len());
            let (authority, left) = inner.split_at(end);
            shown.push_str(&hide_authority(authority).unwrap_or_else(|| authority.to_owned()));
            rest = left;
            continue;
        }
        let Some(c) = rest.chars().next() else { return shown };
        shown.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']')
}

fn is_word_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'')
}

/// What stands between a name and its value (`=`, ` = `, `: `, and for a secret's name also a
/// space), and what follows it.
fn separator<'a>(name: &str, after: &'a str) -> Option<(&'a str, &'a str)> {
    if name.is_empty() {
        return None;
    }
    // The name may stand in quotes itself, as in JSON.
    let unquoted = after.strip_prefix(['"', '\'']).unwrap_or(after);
    let trimmed = unquoted.trim_start_matches([' ', '\t']);
    let value = match trimmed.strip_prefix(['=', ':']) {
        Some(value) => value,
        None if is_secret_word(name) && trimmed.len() < unquoted.len() => trimmed,
        None => return None,
    };
    // A URL's scheme is no name.
    if trimmed.starts_with("://") {
        return None;
    }
    let spaced = trimmed.len() < unquoted.len();
    let value = if spaced || is_secret_name(name) { value.trim_start_matches([' ', '\t']) } else { value };
    after.split_at_checked(after.len() - value.len())
}

/// Where a value ends: at the end of the line when the separator was spaced, else at white space
/// outside of quotes.
fn value_end(value: &str, separator: &str) -> usize {
    if separator.contains([' ', '\t']) {
        return value.len();
    }
    let mut quote = None;
    let mut escaped = false;
    for (i, c) in value.char_indices() {
        match (quote, c) {
            _ if escaped && !matches!(c, '"' | '\'') => escaped = false,
            // A quote that is escaped stands in an outer quote and still holds the secret together.
            (None, '"' | '\'') => {
                quote = Some(c);
                escaped = false;
            }
            (Some(open), c) if open == c => {
                quote = None;
                escaped = false;
            }
            (_, '\\') => escaped = true,
            (None, c) if c.is_whitespace() => return i,
            _ => escaped = false,
        }
    }
    value.len()
}

pub(crate) fn is_secret_name(name: &str) -> bool {
    // Quotes that belong to the whole word may stick to its name.
    let name = unnumbered(name.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    if SECRET_ENDS.iter().any(|end| name.ends_with(end)) || name == "pass" || name.ends_with(".pass") {
        return true;
    }
    name.ends_with("key") && !KEY_PLACES.contains(&name.as_str())
}

/// Whether a secret follows a name even where only a space stands between them. Words of plain
/// English such as `key` do not count.
fn is_secret_word(name: &str) -> bool {
    let name = unnumbered(name);
    SECRET_WORD_ENDS.iter().any(|end| name.ends_with(end))
}

/// A name in small letters, without the number that tells one of several keys (`wep-key0`).
fn unnumbered(name: &str) -> String {
    name.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase().replace('-', "_")
}

/// `systemd.set_credential=NAME:VALUE` and its binary form (systemd.system-credentials(7)).
fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    name.ends_with("set_credential") || name.ends_with("set_credential_binary")
}

/// Hides all that follows the first secret's name in a list such as `user=a,password=b`.
fn hide_nested(value: &str) -> Option<String> {
    let mut start = 0;
    for (i, c) in value.char_indices() {
        match c {
            '=' => {
                let after = i + 1;
                if value.get(start..i).is_some_and(|name| !name.is_empty() && is_secret_name(name))
                    && after < value.len()
                {
                    return Some(format!("{}{HIDDEN}", value.get(..after)?));
                }
                start = after;
            }
            ',' | ';' | '&' | '?' | ' ' => start = i + 1,
            _ => {}
        }
    }
    None
}

/// As [`hide_iscsi_userinfo`], of what follows a name in a line; `iscsi:` may be that name, behind a quote.
fn hide_userinfo_behind(name: &str, separator: &str, value: &str) -> Option<String> {
    if separator == ":" && name.eq_ignore_ascii_case("iscsi") {
        let hidden = hide_iscsi_userinfo(name, &format!("iscsi:{value}"))?;
        return hidden.get("iscsi:".len()..).map(str::to_owned);
    }
    hide_iscsi_userinfo(name, value)
}

/// `iscsi:USER:PASSWORD[:USER:PASSWORD]@…` as in `root=`, `netroot=` and `iscsiroot=`.
fn hide_iscsi_userinfo(key: &str, value: &str) -> Option<String> {
    let unquoted = value.trim_start_matches(['\\', '"', '\'']);
    if unquoted.len() < value.len() {
        let quote = value.get(..value.len().saturating_sub(unquoted.len()))?;
        return hide_iscsi_userinfo(key, unquoted).map(|hidden| format!("{quote}{hidden}"));
    }
    let has_scheme = value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("iscsi:"));
    let (scheme, rest) = match has_scheme {
        true => value.split_at_checked(6)?,
        false if key.eq_ignore_ascii_case("iscsiroot") => ("", value),
        false => return None,
    };
    // dracut allows an `@` in the target's name when an empty userinfo stands before it.
    if rest.starts_with('@') {
        return None;
    }
    let before_name =
        [":iqn.", ":eui.", ":naa."].iter().filter_map(|name| rest.rfind(name)).max().unwrap_or(rest.len());
    let at = rest.get(..before_name)?.rfind('@')?;
    let (userinfo, server) = rest.split_at_checked(at)?;
    let (user, password) = userinfo.split_once(':')?;
    if password.is_empty() {
        return None;
    }
    Some(format!("{scheme}{user}:{HIDDEN}{server}"))
}

/// `scheme://user:password@host` anywhere in a value.
fn hide_url(value: &str) -> Option<String> {
    let start = value.find("://")? + 3;
    let (head, rest) = value.split_at_checked(start)?;
    Some(format!("{head}{}", hide_authority(rest)?))
}

/// `user:password@host/path` behind a URL's scheme. The last `@` counts, since a password may hold one.
fn hide_authority(rest: &str) -> Option<String> {
    let (userinfo, host) = rest.split_at_checked(rest.rfind('@')?)?;
    let (user, password) = userinfo.split_once(':')?;
    if password.is_empty() {
        return None;
    }
    Some(format!("{user}:{HIDDEN}{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(key: &str, value: &str) -> String {
        hide(key, value).0
    }

    #[test]
    fn every_known_form_of_a_secret_is_hidden() {
        for key in [
            "iscsi_password",
            "ISCSI_IN_PASSWORD",
            "rd.iscsi.password",
            "rd.iscsi.in.password",
            "some-token",
            "api_key",
            "wifi.passphrase",
        ] {
            assert_eq!(hide(key, "x"), (HIDDEN.to_owned(), true), "{key}");
        }
        assert_eq!(
            shown("systemd.set_credential", "passwd.hashed-password.root:$6$x"),
            "passwd.hashed-password.root:(hidden)"
        );
        assert_eq!(
            shown("netroot", "iscsi:u:p:ru:rp@10.0.0.1::3260::iqn.2009-01.com.example:t@x"),
            "iscsi:u:(hidden)@10.0.0.1::3260::iqn.2009-01.com.example:t@x"
        );
        assert_eq!(
            shown("root", "ISCSI:u:p@ss@10.0.0.1::::iqn.2001-04.a:b"),
            "ISCSI:u:(hidden)@10.0.0.1::::iqn.2001-04.a:b"
        );
        assert_eq!(shown("iscsiroot", "u:p@10.0.0.1::::iqn.2001-04.a:b"), "u:(hidden)@10.0.0.1::::iqn.2001-04.a:b");
        assert_eq!(shown("rd.iscsi.param", "node.session.auth.password=p"), "node.session.auth.password=(hidden)");
        assert_eq!(shown("rootflags", "username=u,password=a,b"), "username=u,password=(hidden)");
        assert_eq!(shown("inst.ks", "https://u:p@host/ks"), "https://u:(hidden)@host/ks");
    }

    #[test]
    fn what_is_no_secret_stays() {
        for (key, value) in [
            ("rd.luks.key", "/keyfile:UUID=1"),
            ("root", "UUID=1-2"),
            ("netroot", "iscsi:10.0.0.1::3260::iqn.2009-01.com.example:t1"),
            ("netroot", "iscsi:@10.0.0.1::3260::iqn.2009-01.com.example:t@1"),
            ("iscsi_username", "u"),
            ("iscsi_password", ""),
            ("ip", "ibft"),
            ("rd.vconsole.keymap", "de"),
            ("inst.repo", "http://host:80/a"),
        ] {
            assert_eq!(hide(key, value), (value.to_owned(), false), "{key}");
        }
    }

    #[test]
    fn lines_of_files_are_shown_without_secrets() {
        let lines = [
            ("\tlinux /vmlinuz ro iscsi_password=geheim quiet", "\tlinux /vmlinuz ro iscsi_password=(hidden) quiet"),
            ("GRUB_CMDLINE_LINUX=\"iscsi_password=geheim ro\"", "GRUB_CMDLINE_LINUX=\"iscsi_password=(hidden) ro\""),
            (
                "GRUB_CMDLINE_LINUX=\"a iscsi_password=\\\"ge heim\\\" ro\"",
                "GRUB_CMDLINE_LINUX=\"a iscsi_password=(hidden) ro\"",
            ),
            ("ISCSI_PASSWORD=\"ge heim\"", "ISCSI_PASSWORD=(hidden)"),
            ("node.session.auth.password = ge heim", "node.session.auth.password = (hidden)"),
            ("discovery.sendtargets.auth.password_in = g", "discovery.sendtargets.auth.password_in = (hidden)"),
            ("{\"password\": \"g h\"}", "{\"password\": (hidden)"),
            (
                "netroot=iscsi:u:p@10.0.0.1::::iqn.2001-04.a:b ro",
                "netroot=iscsi:u:(hidden)@10.0.0.1::::iqn.2001-04.a:b ro",
            ),
            ("url https://u:p@host/x ro", "url https://u:(hidden)@host/x ro"),
            ("root=UUID=1 ro ip=ibft", "root=UUID=1 ro ip=ibft"),
            ("    secret abc==;", "    secret (hidden)"),
            ("# the key of it", "# the key of it"),
            ("iface eth0 inet dhcp", "iface eth0 inet dhcp"),
            // WLAN keys in interfaces(5), wpa_supplicant.conf(5), and a profile of NetworkManager.
            ("    wpa-psk \"ge heim\"", "    wpa-psk (hidden)"),
            ("\twpa-psk 0123456789abcdef", "\twpa-psk (hidden)"),
            ("\tpsk=\"ge heim\"", "\tpsk=(hidden)"),
            ("psk=geheim", "psk=(hidden)"),
            ("  wireless-key s:geheim", "  wireless-key (hidden)"),
            ("wireless-key1 0123-4567-89", "wireless-key1 (hidden)"),
            ("  wep_key0=0123456789", "  wep_key0=(hidden)"),
            ("wep-key0 geheim", "wep-key0 (hidden)"),
            ("%any : PSK \"ge heim\"", "%any : PSK (hidden)"),
            ("  wpa-key-mgmt WPA-PSK", "  wpa-key-mgmt WPA-PSK"),
        ];
        for (line, expected) in lines {
            assert_eq!(redact_line(line), expected);
        }
    }
}
