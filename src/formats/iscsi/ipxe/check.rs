//! What a script, or a SAN URI, is to iPXE, piece by piece: what it means, what iPXE refuses, and what depends on
//! more than the script.

use super::SanUri;
use super::images::{self, Images};
use super::script::{Command, When, is_script, line, lines};
use super::values::{number, parts_of, value_of, without_secrets};
use crate::formats::text::printable;
use isctpl_checks::facts::ISCSI_PORT;
use std::collections::{BTreeMap, BTreeSet};

/// The most lines of a script that are read.
const LINE_LIMIT: usize = 2_000;

/// The number of a SAN drive where none is given: the first hard disk (`SAN_DEFAULT_DRIVE` of `sanboot.h`).
const FIRST_DRIVE: u64 = 0x80;

/// The longest name of a command, in bytes; those of iPXE are shorter.
const NAME_LIMIT: usize = 32;

/// Commands that change nothing of what is booted, and do not fail.
const SILENT: [&str; 4] = ["echo", "ifstat", "route", "imgfree"];

/// Settings whose words are told (`src/net/tcp/iscsi.c`, `src/usr/autoboot.c`).
const KNOWN: [&str; 7] =
    ["username", "password", "reverse-username", "reverse-password", "initiator-iqn", "keep-san", "root-path"];

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
    let (lines, open) = lines(text);
    for (number, text) in lines.iter().take(LINE_LIMIT) {
        let line = line(text);
        reader.is_straight &= !line.has_label;
        reader.is_cut = line.is_cut;
        for command in &line.commands {
            reader.command(*number, command);
        }
    }
    if let Some((number, _)) = lines.get(LINE_LIMIT) {
        reader.doubt(*number, "from here on the script is not read: it has too many lines");
    }
    if let Some(open) = open {
        reader.fault(open, "iPXE never runs this line: it ends with a backslash, and nothing comes after it");
    }
    if !reader.hooks_lun {
        reader.doubt(0, "no line hooks an iSCSI LUN");
    }
    reader.checked
}

/// What is known when a command runs.
struct Reader {
    checked: Checked,
    /// Settings that a line sets, without their values.
    set: BTreeSet<&'static str>,
    /// Drives that stay hooked, with their lines.
    drives: BTreeMap<u64, usize>,
    images: Images,
    /// Whether every line so far runs after the one before it, and is followed.
    is_straight: bool,
    /// Whether the line has a comment.
    is_cut: bool,
    hooks_lun: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            checked: Checked::default(),
            set: BTreeSet::new(),
            drives: BTreeMap::new(),
            images: Images::default(),
            is_straight: true,
            is_cut: false,
            hooks_lun: false,
        }
    }
}

impl Reader {
    fn piece(&mut self, line: usize, what: impl Into<String>, meaning: impl Into<String>) {
        self.checked.pieces.push(Piece { line, what: what.into(), meaning: meaning.into() });
    }

    fn fault(&mut self, line: usize, what: impl Into<String>) {
        self.checked.faults.push(Told { line, what: what.into() });
    }

    fn doubt(&mut self, line: usize, what: impl Into<String>) {
        let told = Told { line, what: what.into() };
        if !self.checked.doubts.contains(&told) {
            self.checked.doubts.push(told);
        }
    }

    /// What iPXE's own settings decide, or nobody here understands.
    fn unfollowed(&mut self, line: usize, name: &str) {
        self.is_straight = false;
        self.doubt(line, format!("`{}` is not followed", printable::line(name)));
    }

    fn command(&mut self, line: usize, command: &Command<'_>) {
        let Some((&name, arguments)) = command.words.split_first() else { return };
        let sleeps = name == "sleep" && matches!(arguments, [seconds] if number(seconds).is_some());
        if SILENT.contains(&name) || sleeps {
            return;
        }
        // What is no command's name may be anything, of any length.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.len() > NAME_LIMIT || !name.bytes().all(is_name) {
            self.is_straight = false;
            return self.doubt(line, "a word that is no command is not followed");
        }
        let is_setting = |word: &str| word.contains("${");
        if name != "set" && command.words.iter().any(|word| is_setting(word)) {
            self.hooks_lun |= ["sanhook", "sanboot"].contains(&name)
                && arguments.last().is_some_and(|uri| is_setting(uri) && !uri.contains("://"));
            self.is_straight = false;
            return self.doubt(line, format!("what `{}` does depends on iPXE's settings", printable::line(name)));
        }
        match name {
            "dhcp" | "ifconf" | "ifopen" => self.network(line, name, arguments, command.ends_script),
            "set" => self.set(line, arguments),
            "clear" => arguments.iter().for_each(|setting| {
                self.set.retain(|known| known != setting);
            }),
            "read" if arguments.iter().all(|setting| !setting.starts_with('-')) => self.read(line, arguments),
            "login" if arguments.is_empty() => {
                self.set.extend(["username", "password"]);
                self.piece(line, "login", "asks for the CHAP user name and password");
            }
            "sanhook" | "sanboot" => self.san(line, name, arguments, command),
            _ if images::NAMES.contains(&name) => self.image(line, name, arguments, command),
            "sanunhook" => {
                self.drives.clear();
                self.is_straight = false;
            }
            _ => return self.unfollowed(line, name),
        }
        if command.when == When::Perhaps {
            self.is_straight = false;
            self.doubt(line, format!("whether `{name}` runs depends on the command before it"));
        }
    }

    /// `dhcp`, `ifconf` and `ifopen` (`src/hci/commands/ifmgmt_cmd.c`).
    fn network(&mut self, line: usize, name: &str, arguments: &[&str], ends_script: bool) {
        let mut nics = Vec::new();
        let mut words = arguments.iter().copied();
        while let Some(word) = words.next() {
            match word {
                "-c" | "--configurator" | "-t" | "--timeout" => {
                    words.next();
                }
                _ if word.starts_with('-') => return self.unfollowed(line, name),
                _ => nics.push(word),
            }
        }
        let which = match nics.as_slice() {
            [] => "the first NIC that gets one, which need not be the SAN NIC".to_owned(),
            _ => nics.join(", "),
        };
        let end = if ends_script { "; the script ends here where that fails" } else { "" };
        let meaning = match name {
            "ifopen" => format!("opens {}{end}", if nics.is_empty() { "every NIC" } else { &which }),
            _ => format!("asks the network for an address, on {which}{end}"),
        };
        self.piece(line, name, printable::line(&meaning));
    }

    fn set(&mut self, line: usize, arguments: &[&str]) {
        let Some((&setting, values)) = arguments.split_first() else {
            return self.fault(line, "`set` names no setting");
        };
        let (name, kind) = parts_of(setting);
        let Some(&name) = KNOWN.iter().find(|known| **known == name) else {
            // A word that is no setting's name may be anything, a secret too.
            if let Some(known) =
                KNOWN.iter().find(|known| name.strip_prefix(**known).is_some_and(|rest| rest.starts_with('=')))
            {
                self.doubt(line, format!("`{known}` is not set: iPXE's `set` has a blank where an = stands here"));
            }
            return self.piece(line, "set", "another setting (not shown)");
        };
        if values.is_empty() {
            self.set.remove(name);
            self.piece(line, format!("set {name}"), "nothing: as if it had not been set");
            if self.is_cut {
                self.doubt(line, format!("`{name}` gets no value: to iPXE, what begins with # is a comment"));
            }
            return;
        }
        self.set.insert(name);
        let is_secret = name.ends_with("password");
        let Some(value) = value_of(kind, values) else {
            if kind == Some("hexraw") {
                return self.fault(line, format!("`{name}` is not set: its value is not hexadecimal"));
            }
            self.piece(line, format!("set {name}"), "a value of another type (not shown)");
            return self.doubt(line, format!("the type that `{name}` is given is not followed"));
        };
        let meaning = match name {
            _ if is_secret => "a CHAP password (not shown)".to_owned(),
            "username" => format!("the CHAP user name: {value}"),
            "reverse-username" => format!("the user name that the target has to prove: {value}"),
            "initiator-iqn" => format!("the initiator's iSCSI name: {value}"),
            "keep-san" if value == "0" => "the LUN is let go of where a boot from it fails".to_owned(),
            "keep-san" => "the LUN stays hooked where a boot from it fails".to_owned(),
            _ => format!("what `autoboot` boots: {value}"),
        };
        self.piece(line, format!("set {name}"), printable::line(&meaning));
        if value.contains("${") {
            self.doubt(line, format!("the value of `{name}` depends on iPXE's settings"));
        }
        if self.is_cut {
            self.doubt(line, format!("to iPXE, the value of `{name}` ends before the # : a comment begins there"));
        }
        if value.contains(['"', '\'']) {
            self.doubt(line, format!("to iPXE, the quotes are a part of the value of `{name}`"));
        }
    }

    fn read(&mut self, line: usize, arguments: &[&str]) {
        for setting in arguments {
            let name = parts_of(setting).0;
            let Some(&name) = KNOWN.iter().find(|known| **known == name) else { continue };
            self.set.insert(name);
            self.piece(line, format!("read {name}"), "whoever boots is asked for it");
        }
    }

    /// `sanhook` and `sanboot` (`src/hci/commands/sanboot_cmd.c`): the former takes two of the options alone.
    fn san(&mut self, line: usize, name: &str, arguments: &[&str], command: &Command<'_>) {
        let (mut drive, mut stays) = (FIRST_DRIVE, name == "sanhook" || self.set.contains("keep-san"));
        let mut words = arguments.iter().copied().peekable();
        while let Some(option) = words.next_if(|word| word.starts_with('-')) {
            let (option, given) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
            let mut value = || given.or_else(|| words.next()).unwrap_or_default();
            match (option, name) {
                ("-d" | "--drive", _) => match number(value()) {
                    Some(number) => drive = number,
                    None => return self.fault(line, format!("the drive of `{name}` is no number")),
                },
                ("-n" | "--no-describe", _) => {
                    self.piece(line, format!("{name} --no-describe"), "this drive does not come into the iBFT");
                }
                ("-k" | "--keep", "sanboot") => stays = true,
                ("-f" | "--filename" | "-e" | "--extra" | "-l" | "--label" | "-u" | "--uuid", "sanboot") => {
                    value();
                    self.piece(line, format!("sanboot {option}"), "what is booted from the drive (not shown)");
                }
                // Options that are written together, and what ends them.
                _ if !option.starts_with("--") || option == "--" => return self.unfollowed(line, name),
                _ => self.no_option(line, command, option),
            }
        }
        let uris: Vec<&str> = words.collect();
        let before = self.drives.get(&drive).copied();
        match (uris.is_empty(), name, before) {
            (true, "sanhook", _) => return self.fault(line, "`sanhook` names nothing to hook"),
            (true, _, Some(first)) => {
                return self.piece(line, name, format!("boots from drive {drive:#x}, which line {first} hooked"));
            }
            (true, ..) => {
                self.piece(line, name, format!("boots from drive {drive:#x}"));
                return self.doubt(line, format!("no line before hooks the drive {drive:#x} that `{name}` boots from"));
            }
            (false, _, Some(first)) if self.is_straight && command.when == When::Always => self.fault(
                line,
                format!(
                    "drive {drive:#x} is hooked already, in line {first}: give this one another number with --drive"
                ),
            ),
            (false, _, Some(first)) => {
                self.doubt(line, format!("drive {drive:#x} is hooked already where line {first} ran before"));
            }
            (false, ..) => {}
        }
        if stays {
            self.drives.insert(drive, line);
        }
        for uri in uris {
            self.drive(line, name, uri);
        }
    }

    fn no_option(&mut self, line: usize, command: &Command<'_>, option: &str) {
        let name = command.words.first().copied().unwrap_or_default();
        let end = if command.ends_script { "; the script ends here" } else { "" };
        self.fault(line, format!("`{name}` has no option `{}`{end}", printable::line(option)));
    }

    /// Kernels, initial RAM disks, and what boots them.
    fn image(&mut self, line: usize, name: &str, arguments: &[&str], command: &Command<'_>) {
        let image = match images::read(name, arguments) {
            Ok(image) => image,
            Err(images::Unread::Unknown) => return self.unfollowed(line, name),
            Err(images::Unread::NoOption(option)) => return self.no_option(line, command, option),
            Err(images::Unread::Nothing) => return self.fault(line, format!("`{name}` names no image")),
        };
        for (what, meaning) in image.told() {
            self.piece(line, what, printable::line(&meaning));
        }
        match self.images.run(&image) {
            Some(images::Wrong::NothingSelected) if self.is_straight => {
                self.fault(line, format!("`{name}` boots nothing: no line before names a kernel"));
            }
            Some(images::Wrong::OtherInitrd(initrd)) if self.is_straight => self.doubt(
                line,
                format!(
                    "`initrd={}` is the name of a file that no line fetches, where UEFI boots the kernel",
                    printable::line(&initrd)
                ),
            ),
            _ => {}
        }
    }

    fn drive(&mut self, line: usize, name: &str, uri: &str) {
        let does = if name == "sanhook" { "hooks" } else { "boots from" };
        let scheme = uri.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match scheme.as_str() {
            "iscsi" => {
                self.hooks_lun = true;
                self.piece(line, name, format!("{does} this LUN:"));
                self.san_uri(line, uri);
                self.account(line);
            }
            "http" | "https" => self.piece(line, name, printable::line(&format!("{does} {}", without_secrets(uri)))),
            _ => self.unfollowed(line, &format!("{name} {}", scheme)),
        }
    }

    fn san_uri(&mut self, line: usize, text: &str) {
        let (uri, doubts) = match SanUri::parse(text) {
            Ok(read) => read,
            Err(fault) => return self.fault(line, printable::line(&fault.to_string())),
        };
        self.piece(line, "  server", printable::line(&uri.server));
        let empty = if uri.port == ISCSI_PORT { " (also where the field is empty)" } else { "" };
        self.piece(line, "  port", format!("{}{empty}", uri.port));
        self.piece(line, "  LUN", format!("{}, in hexadecimal {:X}", uri.lun(), uri.lun()));
        self.piece(line, "  target", printable::line(&uri.target));
        for doubt in doubts {
            self.doubt(line, printable::line(&doubt.to_string()));
        }
    }

    /// Who logs in (`iscsi_fetch_settings` and `iscsi_check_auth` of `src/net/tcp/iscsi.c`). DHCP may give each of
    /// these as well: option 203, and 190 to 193 in option 175.
    fn account(&mut self, line: usize) {
        let has = |name: &str| self.set.contains(name);
        let pairs = [("username", "password"), ("reverse-username", "reverse-password")];
        let one_alone = pairs.into_iter().find_map(|(user, password)| match (has(user), has(password)) {
            (true, false) => Some((user, password)),
            (false, true) => Some((password, user)),
            _ => None,
        });
        let reverse_alone = has("reverse-username") && !has("username");
        let no_name = !has("initiator-iqn");
        if let Some((there, missing)) = one_alone {
            self.doubt(
                line,
                format!("iPXE refuses `{there}` without `{missing}`, which is not set here; DHCP may give it"),
            );
        }
        if reverse_alone {
            self.doubt(
                line,
                "iPXE refuses `reverse-username` without `username`, which is not set here; DHCP may give it",
            );
        }
        if no_name {
            self.doubt(line, "`initiator-iqn` is not set here: unless DHCP gives it (option 203), iPXE makes a name of the host name or the machine's UUID");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "check_tests.rs"]
mod tests;
