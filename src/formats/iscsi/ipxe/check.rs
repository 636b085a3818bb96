//! What a script, or a SAN URI, is to iPXE, piece by piece: what it means, what iPXE refuses, and what depends on
//! more than the script.

use super::SanUri;
use super::script::{Command, When, commands, is_script, lines};
use crate::formats::text::printable;
use isctpl_checks::facts::ISCSI_PORT;
use std::collections::BTreeMap;

/// The most lines of a script that are read.
const LINE_LIMIT: usize = 2_000;

/// The number of a SAN drive where none is given: the first hard disk (`SAN_DEFAULT_DRIVE` of `sanboot.h`).
const FIRST_DRIVE: u64 = 0x80;

/// Commands that change nothing of what is booted.
const SILENT: [&str; 9] = ["#!ipxe", "#!gpxe", "echo", "sleep", "show", "ifstat", "route", "console", "sync"];

/// What was made of a script or a URI. No secret is in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Piece by piece: what stands there, and what it means.
    pub(crate) pieces: Vec<Piece>,
    /// What iPXE refuses.
    pub(crate) faults: Vec<Told>,
    /// What the script alone does not tell.
    pub(crate) doubts: Vec<Told>,
}

/// A piece, and what it means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Line, counted from 1; 0 where there are none.
    pub(crate) line: usize,
    /// What stands there.
    pub(crate) what: String,
    /// What iPXE takes it for.
    pub(crate) meaning: String,
}

/// Something that is said of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Line, counted from 1; 0 where there are none.
    pub(crate) line: usize,
    /// What is said.
    pub(crate) what: String,
}

/// Explains a SAN URI.
pub(crate) fn uri(text: &str) -> Checked {
    let mut reader = Reader::default();
    reader.san_uri(0, text);
    reader.checked
}

/// Explains a script.
pub(crate) fn script(text: &str) -> Checked {
    let mut reader = Reader::default();
    if !is_script(text) {
        reader.fault(1, "iPXE does not take the file for a script: its first line is not `#!ipxe`");
    }
    let lines = lines(text);
    for (number, line) in lines.iter().take(LINE_LIMIT) {
        for command in commands(*number, line) {
            reader.command(&command);
        }
    }
    if let Some((number, _)) = lines.get(LINE_LIMIT) {
        reader.doubt(*number, "from here on the script is not read: it has too many lines");
    }
    if !reader.hooks_lun {
        reader.doubt(0, "no line hooks an iSCSI LUN");
    }
    reader.checked
}

/// What is known when a command runs.
#[derive(Default)]
struct Reader {
    checked: Checked,
    /// Settings that a line sets, without their values.
    set: BTreeMap<String, usize>,
    /// Drives that are hooked, with their lines.
    drives: BTreeMap<u64, usize>,
    hooks_lun: bool,
}

impl Reader {
    fn piece(&mut self, line: usize, what: impl Into<String>, meaning: impl Into<String>) {
        self.checked.pieces.push(Piece { line, what: what.into(), meaning: meaning.into() });
    }

    fn fault(&mut self, line: usize, what: impl Into<String>) {
        self.checked.faults.push(Told { line, what: what.into() });
    }

    fn doubt(&mut self, line: usize, what: impl Into<String>) {
        self.checked.doubts.push(Told { line, what: what.into() });
    }

    fn command(&mut self, command: &Command<'_>) {
        let (line, when) = (command.line, command.when);
        let Some((&name, arguments)) = command.words.split_first() else { return };
        if SILENT.contains(&name) {
            return;
        }
        if when == When::Perhaps {
            self.doubt(line, format!("whether `{}` runs depends on the command before it", printable::line(name)));
        }
        match name {
            "dhcp" | "ifconf" => self.dhcp(line, name, arguments, command.ends_script),
            "set" => self.set(line, arguments),
            "clear" => {
                for setting in arguments {
                    self.set.remove(own_name(setting));
                }
            }
            "read" => self.read(line, arguments),
            "login" => {
                self.set.insert("username".to_owned(), line);
                self.set.insert("password".to_owned(), line);
                self.piece(line, "login", "asks for the CHAP user name and password");
            }
            "sanhook" | "sanboot" => self.san(line, name, arguments),
            _ => self.doubt(line, format!("`{}` is not followed", printable::line(name))),
        }
    }

    fn dhcp(&mut self, line: usize, name: &str, arguments: &[&str], ends_script: bool) {
        let nics: Vec<&str> = arguments.iter().copied().filter(|word| !word.starts_with('-')).collect();
        let which = if nics.is_empty() { "every NIC until one answers".to_owned() } else { nics.join(", ") };
        let end = if ends_script { "; the script ends here where none does" } else { "" };
        self.piece(line, name, printable::line(&format!("asks DHCP for an address, by {which}{end}")));
    }

    fn set(&mut self, line: usize, arguments: &[&str]) {
        let Some((&setting, values)) = arguments.split_first() else {
            return self.fault(line, "`set` names no setting");
        };
        let name = own_name(setting);
        let what = format!("set {}", printable::line(setting));
        if values.is_empty() {
            self.set.remove(name);
            self.piece(line, what, "empty: as if it were not set");
            if ["username", "password", "initiator-iqn"].contains(&name) {
                self.fault(line, format!("`{name}` gets no value; what begins with # is a comment to iPXE"));
            }
            return;
        }
        self.set.insert(name.to_owned(), line);
        let value = values.join(" ");
        let meaning = match name {
            "username" => format!("the CHAP user name: {value}"),
            "password" => "the CHAP password (not shown)".to_owned(),
            "reverse-username" => format!("the user name that the target has to prove: {value}"),
            "reverse-password" => "the password that the target has to prove (not shown)".to_owned(),
            "initiator-iqn" => format!("the initiator's iSCSI name: {value}"),
            "keep-san" if value != "0" => "the LUN stays hooked where a boot from it fails".to_owned(),
            "keep-san" => "the LUN is let go of where a boot from it fails".to_owned(),
            "root-path" => format!("what `sanboot` without a URI boots: {value}"),
            // Any other setting may hold a secret of its own.
            _ => "another setting (its value is not shown)".to_owned(),
        };
        self.piece(line, what, printable::line(&meaning));
        if value.contains("${") {
            self.doubt(line, format!("the value of `{}` depends on iPXE's settings", printable::line(name)));
        }
    }

    fn read(&mut self, line: usize, arguments: &[&str]) {
        for setting in arguments {
            self.set.insert(own_name(setting).to_owned(), line);
            self.piece(line, format!("read {}", printable::line(setting)), "whoever boots is asked for it");
        }
    }

    /// `sanhook` and `sanboot` (`src/hci/commands/sanboot_cmd.c`): the former takes two of the options alone.
    fn san(&mut self, line: usize, name: &str, arguments: &[&str]) {
        let mut drive = Some(FIRST_DRIVE);
        let mut words = arguments.iter().copied().peekable();
        while let Some(option) = words.next_if(|word| word.starts_with('-')) {
            let (option, given) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
            let mut value = || given.or_else(|| words.next()).unwrap_or_default();
            match (option, name) {
                ("-d" | "--drive", _) => drive = number(value()),
                ("-n" | "--no-describe", _) => {
                    self.piece(line, format!("{name} --no-describe"), "this drive does not come into the iBFT");
                }
                ("-k" | "--keep", "sanboot") => {
                    self.piece(line, "sanboot --keep", "it stays hooked where a boot from it fails");
                }
                ("-f" | "--filename" | "-e" | "--extra" | "-l" | "--label" | "-u" | "--uuid", "sanboot") => {
                    let value = printable::line(value());
                    self.piece(line, format!("sanboot {option}"), format!("what is booted from it: {value}"));
                }
                _ => {
                    let option = printable::line(option);
                    self.fault(line, format!("`{name}` has no option `{option}`: iPXE ends the script here"));
                }
            }
        }
        match drive {
            Some(drive) => {
                if let Some(first) = self.drives.insert(drive, line) {
                    self.fault(
                        line,
                        format!(
                            "drive {drive:#x} is hooked already, in line {first}: give it another number with --drive"
                        ),
                    );
                }
            }
            None => self.fault(line, format!("the drive of `{name}` is no number")),
        }
        if words.peek().is_none() {
            self.doubt(line, format!("`{name}` without a URI takes what DHCP gives as root-path (option 17)"));
        }
        for uri in words {
            self.drive(line, name, uri);
        }
    }

    fn drive(&mut self, line: usize, name: &str, uri: &str) {
        let does = if name == "sanhook" { "hooks" } else { "boots from" };
        if uri.contains("${") {
            self.hooks_lun = true;
            self.doubt(line, format!("what `{name}` {does} depends on iPXE's settings"));
        } else if uri.split(':').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("iscsi")) {
            self.hooks_lun = true;
            self.piece(line, name, format!("{does} this LUN:"));
            self.san_uri(line, uri);
            self.account(line);
        } else {
            self.piece(line, name, printable::line(&format!("{does} {}", without_secrets(uri))));
        }
    }

    fn san_uri(&mut self, line: usize, text: &str) {
        let uri = match SanUri::parse(text) {
            Ok(uri) => uri,
            Err(fault) => return self.fault(line, printable::line(&fault.to_string())),
        };
        self.piece(line, "  server", printable::line(&uri.server));
        let empty = if uri.port == ISCSI_PORT { " (also where the field is empty)" } else { "" };
        self.piece(line, "  port", format!("{}{empty}", uri.port));
        self.piece(line, "  LUN", format!("{}, in hexadecimal {:X}", uri.lun(), uri.lun()));
        self.piece(line, "  target", printable::line(&uri.target));
    }

    /// Who logs in (`iscsi_fetch_settings` and `iscsi_check_auth` of `src/net/tcp/iscsi.c`). DHCP may give each of
    /// these as well: option 203, and 190 and 191 in option 175.
    fn account(&mut self, line: usize) {
        let has = |name: &str| self.set.contains_key(name);
        let (user, password) = (has("username"), has("password"));
        let (reverse_user, reverse_password) = (has("reverse-username"), has("reverse-password"));
        let missing = match (user, password) {
            (true, false) => Some(("password", "user name")),
            (false, true) => Some(("username", "password")),
            _ => None,
        };
        let no_name = !has("initiator-iqn");
        if let Some((name, other)) = missing {
            self.doubt(
                line,
                format!("`{name}` is not set here: iPXE refuses a {other} without it, unless DHCP gives it"),
            );
        }
        if reverse_user != reverse_password || (reverse_user && !user) {
            self.doubt(line, "a target has to prove itself only with reverse-username, reverse-password and username");
        }
        if no_name {
            self.doubt(line, "`initiator-iqn` is not set here: unless DHCP gives it (option 203), iPXE makes a name of the host name or the machine's UUID");
        }
    }
}

/// A setting's name without its place and its type: `net0/password:hexraw` is `password`.
fn own_name(setting: &str) -> &str {
    let name = setting.rsplit_once('/').map_or(setting, |(_, name)| name);
    name.split(':').next().unwrap_or(name)
}

/// A URI without what may be a secret in it: who asks, and the query.
fn without_secrets(uri: &str) -> String {
    let shown = uri.split(['?', '#']).next().unwrap_or_default();
    let query = if shown.len() == uri.len() { "" } else { "?…" };
    let (scheme, rest) = shown.split_once("://").map_or(("", shown), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{host}{path}{query}")
}

/// A number as `strtoul` reads it with base 0.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
