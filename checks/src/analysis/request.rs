//! Who asks for a login, and whether the image listens.

use super::Family;
use crate::Evidence;
use crate::facts::{Cmdline, Initramfs, RequestKind, Word};
use crate::readers::initramfs_tools;
use std::net::IpAddr;

/// A request for a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// What is asked for.
    pub kind: RequestKind,
    /// The word or file that asks.
    pub evidence: Evidence,
    /// Whether something in the image reads it, and where.
    pub read_by: Option<Evidence>,
}

/// Words that ask for whatever the iBFT says.
const FIRMWARE_WORDS: [&str; 3] = ["iscsi_auto", "rd.iscsi.firmware", "iscsi_firmware"];

impl Cmdline {
    /// Every request that these words or this image make.
    pub(crate) fn requests_by(&self, image: &Initramfs) -> Vec<Request> {
        let mut requests: Vec<Request> = image
            .requests
            .iter()
            .map(|request| Request {
                kind: request.kind.clone(),
                evidence: Evidence::at(&request.at, describe(&request.kind)),
                read_by: image
                    .login
                    .first()
                    .map(|login| Evidence::at(&login.at, "is the login script, which reads it")),
            })
            .collect();
        // open-iscsi's script takes its word without a value alone.
        let asks = |word: &&Word| if word.key == "iscsi_auto" { word.value.is_none() } else { self.is_on(&word.key) };
        let of_key = |key: &&str| self.words.iter().rev().filter(|word| word.key == **key).find(asks);
        for word in FIRMWARE_WORDS.iter().filter_map(of_key) {
            requests.push(request(self, image, RequestKind::Firmware, word, &word.key));
        }
        requests.extend(by_single_words(self, image));
        requests.extend(by_root_words(self, image));
        requests
    }
}

/// A request in few words.
pub(crate) fn describe(kind: &RequestKind) -> String {
    match kind {
        RequestKind::Firmware => "requests the target of the iBFT".to_owned(),
        RequestKind::Target { name, portals, .. } => {
            let name = name.as_deref().unwrap_or("an unnamed target");
            if portals.is_empty() { name.to_owned() } else { format!("{name} at {}", portals.join(", ")) }
        }
    }
}

fn request(words: &Cmdline, image: &Initramfs, kind: RequestKind, word: &Word, token: &str) -> Request {
    Request {
        kind,
        evidence: words.evidence_of(word),
        read_by: image.reader(token).map(|reader| Evidence::at(&reader.at, format!("reads {token}"))),
    }
}

/// `iscsi_target_name=` with `iscsi_target_ip=`, or dracut's `rd.iscsi.target.*`.
fn by_single_words(words: &Cmdline, image: &Initramfs) -> impl Iterator<Item = Request> {
    [
        ("iscsi_target_name", "iscsi_target_ip", "iscsi_initiator", "iscsi_username"),
        ("rd.iscsi.target.name", "rd.iscsi.target.ip", "rd.iscsi.initiator", "rd.iscsi.username"),
    ]
    .into_iter()
    .filter_map(move |(name, ip, initiator, user)| {
        let word = words.words.iter().rev().find(|word| word.key == name)?;
        // open-iscsi's script goes on without a login where either is missing; its own file may say the other.
        let says = |key| words.last(key).is_some_and(|value| !value.is_empty());
        let of_open_iscsi = image.family() == Family::InitramfsTools && image.requests.is_empty();
        if name == "iscsi_target_name" && of_open_iscsi && !(says(name) && says(ip)) {
            return None;
        }
        let kind = RequestKind::Target {
            name: word.value.clone(),
            portals: words.last(ip).into_iter().map(str::to_owned).collect(),
            initiator: words.last(initiator).map(str::to_owned),
            account: Some(words.last(user).is_some_and(|user| !user.is_empty())),
        };
        Some(request(words, image, kind, word, name))
    })
}

/// `root=iscsi:…`, `netroot=iscsi:…`, `iscsiroot=…` (RFC 4173 form).
fn by_root_words(words: &Cmdline, image: &Initramfs) -> Vec<Request> {
    let mut found = Vec::new();
    for word in &words.words {
        let value = word.value.as_deref().unwrap_or_default();
        let (spec, token) = match (word.key.as_str(), value.strip_prefix("iscsi:")) {
            ("root", Some(spec)) => (spec, "root=iscsi"),
            ("netroot", Some(spec)) => (spec, "netroot"),
            ("iscsiroot", _) => (value, "iscsiroot"),
            _ => continue,
        };
        // `netroot=iscsi:` alone leaves the target to the other words.
        let by_fields = token == "root=iscsi" && image.family() == Family::InitramfsTools;
        let spec = if by_fields { root_spec_of_open_iscsi(word) } else { parse_root_spec(spec) };
        let Some(spec) = spec else { continue };
        let kind = RequestKind::Target {
            name: Some(spec.target),
            portals: spec.portal.into_iter().collect(),
            account: Some(spec.account),
            initiator: words.last("rd.iscsi.initiator").or(words.last("iscsi_initiator")).map(str::to_owned),
        };
        let mut request = request(words, image, kind, word, token);
        // dracut's parser of netroot= reads root=iscsi: as well.
        if token == "root=iscsi" && request.read_by.is_none() {
            request.read_by =
                image.reader("netroot").map(|reader| Evidence::at(&reader.at, "reads root=iscsi: and netroot="));
        }
        found.push(request);
    }
    found
}

/// What `[credentials@][server]:[protocol]:[port]:[LUN]:name` (RFC 4173, section 5) names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootSpec {
    /// The server; `None` where it is left to other words.
    pub portal: Option<String>,
    /// The name of the target.
    pub target: String,
    /// Whether credentials stand before it (dracut, `parse_iscsi_root`; open-iscsi, `parse_root_param`).
    pub account: bool,
}

/// Reads such a specification. The name holds colons itself, so it begins at its type. `None` where it names no target.
pub fn parse_root_spec(spec: &str) -> Option<RootSpec> {
    let start = ["iqn.", "eui.", "naa."].iter().filter_map(|kind| spec.find(&format!(":{kind}"))).min()?;
    let name = spec.get(start + 1..)?.to_owned();
    let before = spec.get(..start)?;
    let (credentials, before) = before.rsplit_once('@').unwrap_or(("", before));
    let server = match before.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => before.split(':').next().unwrap_or_default(),
    };
    let portal = (!server.is_empty()).then(|| server.to_owned());
    Some(RootSpec { portal, target: name, account: !credentials.is_empty() })
}

/// What open-iscsi's script makes of a `root=iscsi:` by itself.
fn root_spec_of_open_iscsi(word: &Word) -> Option<RootSpec> {
    let line = Cmdline { at: None, words: vec![word.clone()] };
    let target = initramfs_tools::login(&line).ok()?.target?;
    Some(RootSpec { portal: Some(target.portal), target: target.name, account: target.account })
}

/// The addresses among the portals of a request.
pub(crate) fn portal_addresses(portals: &[String]) -> Vec<IpAddr> {
    portals.iter().flat_map(|portal| portal.split([' ', ','])).filter_map(|portal| portal.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_a_root_specification() {
        let iqn = "iqn.2013-01.com.bigstep:storage.pb429od";
        for (spec, portal, account) in [
            ("100.97.0.10::3260:2f:iqn.2013-01.com.bigstep:storage.pb429od", Some("100.97.0.10"), false),
            ("user:word@100.97.0.10::::iqn.2013-01.com.bigstep:storage.pb429od", Some("100.97.0.10"), true),
            ("@100.97.0.10::::iqn.2013-01.com.bigstep:storage.pb429od", Some("100.97.0.10"), false),
            ("[2001:db8::1]::3260::iqn.2013-01.com.bigstep:storage.pb429od", Some("2001:db8::1"), false),
            ("::::iqn.2013-01.com.bigstep:storage.pb429od", None, false),
        ] {
            let expected = RootSpec { portal: portal.map(str::to_owned), target: iqn.to_owned(), account };
            assert_eq!(parse_root_spec(spec), Some(expected), "{spec}");
        }
        assert_eq!(parse_root_spec("ibft"), None);
        assert_eq!(parse_root_spec(""), None);
    }
}
