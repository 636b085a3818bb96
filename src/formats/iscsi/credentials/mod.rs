//! What `metalcloud-cli instance-array get` and `drive-array get` print with `--show-iscsi-credentials
//! --format yaml`: who the initiator is, and where its target.
//!
//! The outputs are lists of items. As they are printed in documents, the keys of an item stand below its dash
//! and not to the right of it, which is no YAML; [`repair`] moves them. Both outputs may stand in one text, with
//! the commands that printed them. No error quotes a value: where a text is not what it seems, any part of it
//! may be the password.

mod labelled;
mod repair;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use crate::formats::text::secret::Secret;
use crate::formats::text::yaml::{Document, Node};
use std::net::IpAddr;

/// The most text that is read, in bytes.
pub(crate) const TEXT_LIMIT: usize = 1 << 20;

/// The most bytes of an iSCSI name (RFC 7143 section 4.2.7.1).
const NAME_LIMIT: usize = 223;

/// The most bytes of a CHAP name or secret that open-iscsi keeps (`AUTH_STR_MAX_LEN` of `usr/auth.h`, with
/// the NUL at the end).
const AUTH_LIMIT: usize = 255;

/// Who logs in.
#[derive(Debug, Clone)]
pub(crate) struct InitiatorCredentials {
    /// The initiator's iSCSI name.
    pub initiator_name: String,
    /// CHAP name.
    pub username: String,
    /// CHAP secret.
    pub password: Secret,
}

/// Where the LUN is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetAddress {
    /// Address of the portal.
    pub address: IpAddr,
    /// TCP port of the portal.
    pub port: u16,
    /// The target's iSCSI name.
    pub target_name: String,
    /// Number of the logical unit.
    pub lun: u64,
}

/// One item of an output.
#[derive(Debug, Clone)]
pub(crate) struct Entry<T> {
    /// The line that its credentials begin on, counted from 1.
    pub line: u32,
    /// `id:`, as written.
    pub id: Option<String>,
    /// `label:`; of an instance, which has none, the first part of `subdomain:`.
    pub label: Option<String>,
    /// What was read.
    pub value: T,
}

/// Why a text is not understood. It never holds a value of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}{}: {what}", if *.line == 0 { String::new() } else { format!(":{line}") })]
pub(crate) struct CredentialsError {
    /// The file.
    pub path: String,
    /// Line, counted from 1; 0 when it is none in particular.
    pub line: u32,
    /// What was expected there.
    pub what: &'static str,
}

/// Why no item can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChoiceError {
    /// None has that name.
    #[error("no item has the id or label {wanted}; there are: {}", .known.join(", "))]
    Absent {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Several have it, or nothing was asked for and there are several.
    #[error("there are several items, choose one by its id or label: {}", .known.join(", "))]
    Several {
        /// What there is.
        known: Vec<String>,
    },
}

impl<T> Entry<T> {
    /// Whether it has this id or label.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.id.as_deref() == Some(name) || self.label.as_deref() == Some(name)
    }

    /// How a person may call it: its label with its id.
    pub(crate) fn name(&self) -> String {
        match (&self.label, &self.id) {
            (Some(label), Some(id)) => format!("{label} ({id})"),
            (Some(name), None) | (None, Some(name)) => name.clone(),
            (None, None) => format!("the one on line {}", self.line),
        }
    }
}

/// Chooses an item by its id or label; without a name, the only one.
///
/// # Errors
/// When there is no such item, or more than one.
pub(crate) fn choose<'a, T>(entries: &'a [Entry<T>], name: Option<&str>) -> Result<&'a Entry<T>, ChoiceError> {
    let fitting: Vec<&Entry<T>> =
        entries.iter().filter(|entry| name.is_none_or(|name| entry.is_called(name))).collect();
    let known = |entries: &mut dyn Iterator<Item = &Entry<T>>| entries.map(Entry::name).collect();
    match fitting.as_slice() {
        [entry] => Ok(entry),
        [] => {
            Err(ChoiceError::Absent { wanted: name.unwrap_or_default().to_owned(), known: known(&mut entries.iter()) })
        }
        several => Err(ChoiceError::Several { known: known(&mut several.iter().copied()) }),
    }
}

/// Reads the items of `instance-array get`; there is at least one.
///
/// # Errors
/// When the text is no such output, or an item's credentials are not understood.
pub(crate) fn initiators(text: &str, path: &str) -> Result<Vec<Entry<InitiatorCredentials>>, CredentialsError> {
    const NONE: &str = "no item has `iscsi:` with an initiator's credentials; expected the output of \
                        `instance-array get --show-iscsi-credentials --format yaml`";
    entries(text, path, "iscsi", NONE, initiator)
}

/// Reads the items of `drive-array get`; there is at least one.
///
/// # Errors
/// When the text is no such output, or an item's credentials are not understood.
pub(crate) fn targets(text: &str, path: &str) -> Result<Vec<Entry<TargetAddress>>, CredentialsError> {
    const NONE: &str = "no item has `credentials:` with a target's address; expected the output of \
                        `drive-array get --show-iscsi-credentials --format yaml`";
    entries(text, path, "credentials", NONE, target)
}

fn entries<T>(
    text: &str,
    path: &str,
    key: &str,
    none: &'static str,
    read: fn(&str) -> Result<T, &'static str>,
) -> Result<Vec<Entry<T>>, CredentialsError> {
    let error = |line: u32, what: &'static str| CredentialsError { path: path.to_owned(), line, what };
    if text.len() > TEXT_LIMIT {
        return Err(error(0, "is larger than 1 MiB; expected the output of metalcloud-cli"));
    }
    // What is YAML already is taken as it stands.
    let document = Document::read(text).or_else(|_| Document::read(&repair::repaired(text)));
    let document = document.map_err(|fault| {
        error(fault.line, "is not valid YAML: expected a key with its value, a list item, or the end of a quoted text")
    })?;
    let Some(root) = document.root() else { return Err(error(0, none)) };
    let items = if root.is_mapping() { vec![root] } else { root.items() };
    let mut found = Vec::new();
    for item in items {
        let fields = item.entries();
        let field = |wanted: &str| {
            let mut values = fields.iter().filter(|(name, ..)| *name == wanted).map(|(.., value)| *value);
            (values.next(), values.next())
        };
        let value = match field(key) {
            (Some(_), Some(second)) => return Err(error(second.line(), "one item has the same key twice")),
            (Some(value), None) => value,
            (None, _) => continue,
        };
        let Some(written) = value.text().map(str::trim) else {
            if value.is_null() {
                continue;
            }
            return Err(error(value.line(), "the credentials are not a text; expected one text with all of them"));
        };
        if written.is_empty() {
            continue;
        }
        let text_of = |wanted: &str| field(wanted).0.and_then(Node::text).map(str::to_owned);
        let subdomain = || text_of("subdomain")?.split('.').next().map(str::to_owned);
        found.push(Entry {
            line: value.line(),
            id: text_of("id"),
            label: text_of("label").or_else(subdomain),
            value: read(written).map_err(|what| error(value.line(), what))?,
        });
    }
    if document.cut_short() {
        return Err(error(0, "refers to its own anchors so often that it was not read to the end"));
    }
    if found.is_empty() { Err(error(0, none)) } else { Ok(found) }
}

/// `Initiator IQN: NAME Username: NAME Password: SECRET`
fn initiator(text: &str) -> Result<InitiatorCredentials, &'static str> {
    let [name, username, password] =
        labelled::values(text, ["Initiator IQN:", "Username:", "Password:"]).map_err(|fault| {
            fault.in_words([
                "expected `Initiator IQN:` and a name",
                "expected `Username:` and a CHAP name without blanks after the initiator name",
                "expected `Password:` and a secret without blanks after the CHAP name, and nothing after it",
            ])
        })?;
    if !is_iscsi_name(name) {
        return Err("expected an iSCSI name (iqn., eui. or naa.) of at most 223 bytes after `Initiator IQN:`");
    }
    if !is_auth_text(username) {
        return Err("expected a CHAP name of at most 255 bytes without control characters after `Username:`");
    }
    if !is_auth_text(password) {
        return Err("expected a secret of at most 255 bytes without control characters after `Password:`");
    }
    Ok(InitiatorCredentials {
        initiator_name: name.to_owned(),
        username: username.to_owned(),
        password: Secret::new(password.to_owned()),
    })
}

/// `Target: ADDRESS Port:NUMBER IQN:NAME LUN ID:NUMBER`
fn target(text: &str) -> Result<TargetAddress, &'static str> {
    let [address, port, name, lun] =
        labelled::values(text, ["Target:", "Port:", "IQN:", "LUN ID:"]).map_err(|fault| {
            fault.in_words([
                "expected `Target:` and an IP address",
                "expected `Port:` and a number after the target address",
                "expected `IQN:` and the target name after the port",
                "expected `LUN ID:` and a number after the target name, and nothing after it",
            ])
        })?;
    let bare = address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address);
    let address = bare.parse().map_err(|_| "expected an IP address after `Target:`; names are not looked up")?;
    let port = number(port)
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port != 0)
        .ok_or("expected a TCP port, 1 to 65535, after `Port:`")?;
    if !is_iscsi_name(name) {
        return Err("expected an iSCSI name (iqn., eui. or naa.) of at most 223 bytes after `IQN:`");
    }
    let lun = number(lun).ok_or("expected a number in decimal after `LUN ID:`")?;
    Ok(TargetAddress { address, port, target_name: name.to_owned(), lun })
}

/// A number in plain decimal digits; `parse` alone would take a sign too.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

pub(crate) fn is_iscsi_name(name: &str) -> bool {
    let kind = ["iqn.", "eui.", "naa."].iter().find_map(|kind| name.strip_prefix(kind));
    kind.is_some_and(|rest| !rest.is_empty()) && name.len() <= NAME_LIMIT && !name.contains(char::is_control)
}

/// Whether a CHAP name or secret can stand in iscsid.conf, a line each.
fn is_auth_text(text: &str) -> bool {
    text.len() <= AUTH_LIMIT && !text.contains(char::is_control)
}
