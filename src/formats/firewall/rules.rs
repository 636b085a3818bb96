//! A rule set, and what it does with the two packets that a root on iSCSI lives by: a request to a
//! portal's TCP port 3260, and the reply to it.

use ipnet::{IpNet, Ipv4Net};
use isctpl_checks::facts::{Located, Location};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

/// How deep jumps are followed.
const DEPTH_LIMIT: usize = 16;

/// The most rules that are looked at for one packet, loops of jumps included.
const STEP_LIMIT: usize = 50_000;

/// The most rules that are named as unclear.
const UNCLEAR_LIMIT: usize = 20;

/// Whether a packet fits what a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It does not.
    No,
    /// It depends on what is not known here: interfaces, marks, addresses where no portal is known.
    Maybe,
    /// It does.
    Yes,
}

impl Fit {
    /// The contrary, where it is `negated`.
    pub(super) fn turned(self, negated: bool) -> Self {
        match (negated, self) {
            (true, Self::Yes) => Self::No,
            (true, Self::No) => Self::Yes,
            (_, fit) => fit,
        }
    }
}

/// Networks that an end of the packet has to be in, or must not be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    nets: Vec<IpNet>,
    negated: bool,
}

impl Addresses {
    /// Addresses and networks as words: `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`. `None` where one is something
    /// else, such as a set's name or a range.
    pub(super) fn parse<'a>(words: impl IntoIterator<Item = &'a str>, negated: bool) -> Option<Self> {
        let nets = words.into_iter().map(net).collect::<Option<Vec<_>>>()?;
        (!nets.is_empty()).then_some(Self { nets, negated })
    }

    /// Whether an end of the packet is in them; of one whose address is not known only that it is not this host
    /// itself.
    fn fit(&self, end: Option<IpAddr>) -> Fit {
        let fit = match end {
            Some(end) if self.nets.iter().any(|net| net.contains(&end)) => Fit::Yes,
            Some(_) => Fit::No,
            None if self.nets.iter().any(|net| net.prefix_len() == 0) => Fit::Yes,
            None if self.nets.iter().all(|net| net.addr().is_loopback()) => Fit::No,
            None => Fit::Maybe,
        };
        fit.turned(self.negated)
    }
}

fn net(word: &str) -> Option<IpNet> {
    // `0/0`, as iptables takes it.
    if word == "0/0" {
        return Some(IpNet::V4(Ipv4Net::default()));
    }
    if let Some((address, mask)) = word.split_once('/').filter(|(_, mask)| mask.contains('.')) {
        let (address, mask) = (address.parse::<Ipv4Addr>().ok()?, mask.parse::<Ipv4Addr>().ok()?);
        return Ipv4Net::with_netmask(address, mask).ok().map(IpNet::V4);
    }
    word.parse::<IpNet>().ok().or_else(|| word.parse::<IpAddr>().ok().map(IpNet::from))
}

/// The packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet {
    /// Leaves for TCP port 3260 of a portal.
    Request,
    /// Arrives from there, of a connection that stands.
    Reply,
}

/// What a rule does with a packet that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Lets it pass.
    Accept,
    /// Drops or rejects it.
    Drop,
    /// Goes on in another chain and comes back.
    Jump(String),
    /// Goes on in another chain for good.
    Goto(String),
    /// Goes back to the chain that jumped here.
    Return,
    /// Counts, logs or marks it and goes on.
    Next,
    /// Keeps it out of connection tracking and goes on: no rule by the connection's state takes it any more.
    Untrack,
    /// Something that is not known.
    Unknown,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// As written, shortened.
    pub(crate) text: String,
    /// Where.
    pub(crate) at: Location,
    /// Whether the request fits.
    pub(crate) request: Fit,
    /// Whether the reply fits.
    pub(crate) reply: Fit,
    /// Where the packet has to come from.
    pub(crate) sources: Vec<Addresses>,
    /// Where it has to go.
    pub(crate) destinations: Vec<Addresses>,
    /// What is done.
    pub(crate) action: Action,
}

impl Rule {
    /// A rule for every packet, which does nothing.
    pub(super) fn new(text: String, at: Location) -> Self {
        let (sources, destinations) = (Vec::new(), Vec::new());
        Self { text, at, request: Fit::Yes, reply: Fit::Yes, sources, destinations, action: Action::Next }
    }

    /// Whether a packet fits whose far end is this portal.
    fn fit(&self, packet: Packet, portal: Option<IpAddr>) -> Fit {
        let (fit, far, near) = match packet {
            Packet::Request => (self.request, &self.destinations, &self.sources),
            Packet::Reply => (self.reply, &self.sources, &self.destinations),
        };
        let far = far.iter().map(|addresses| addresses.fit(portal));
        far.chain(near.iter().map(|addresses| addresses.fit(None))).fold(fit, Fit::min)
    }
}

/// Chains by name, each a list of rules.
pub(crate) type Chains = HashMap<String, Vec<Rule>>;

/// What becomes of a packet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// It passes.
    pub(crate) accepted: bool,
    /// The rule or policy that decides.
    pub(crate) deciding: Option<Located<String>>,
    /// Rules before it that may decide otherwise.
    pub(crate) unclear: Vec<String>,
    /// Rules that keep it, or may keep it, out of connection tracking.
    pub(crate) untracked: Vec<String>,
}

impl Outcome {
    /// Whether it passes by a rule on the state of its connection.
    pub(crate) fn is_by_state(&self) -> bool {
        let by = self.deciding.as_ref().map(|deciding| deciding.value.to_ascii_lowercase());
        self.accepted && by.is_some_and(|by| by.contains("established"))
    }
}

struct Walk<'a> {
    chains: &'a Chains,
    packet: Packet,
    portal: Option<IpAddr>,
    steps: usize,
    /// Rules that may decide, and whether they would let the packet pass; `None` where nobody knows.
    unclear: Vec<(Option<bool>, String)>,
    untracked: Vec<String>,
}

/// Follows a packet to or from a portal, where one is known, through a base chain. `policy` is what happens at its end,
/// and where that is said.
pub(crate) fn follow(
    chains: &Chains,
    start: &str,
    policy: (bool, Located<String>),
    packet: Packet,
    portal: Option<IpAddr>,
) -> Outcome {
    let mut walk = Walk { chains, packet, portal, steps: 0, unclear: Vec::new(), untracked: Vec::new() };
    let end = walk.chain(start, DEPTH_LIMIT);
    let (accepted, deciding) = match end {
        End::Decided(accepted, rule) => (accepted, rule),
        End::Returned => policy,
    };
    let otherwise = walk.unclear.into_iter().filter(|(may, _)| *may != Some(accepted)).map(|(_, text)| text);
    let unclear = otherwise.take(UNCLEAR_LIMIT).collect();
    Outcome { accepted, deciding: Some(deciding), unclear, untracked: walk.untracked }
}

enum End {
    Decided(bool, Located<String>),
    Returned,
}

impl Walk<'_> {
    fn chain(&mut self, name: &str, depth: usize) -> End {
        let Some(rules) = self.chains.get(name) else { return End::Returned };
        for rule in rules {
            self.steps += 1;
            if depth == 0 || self.steps > STEP_LIMIT {
                self.note(rule, None);
                return End::Returned;
            }
            let fit = rule.fit(self.packet, self.portal);
            if fit == Fit::No {
                continue;
            }
            let decided = |accepted| End::Decided(accepted, Located::new(rule.text.clone(), rule.at.clone()));
            match (&rule.action, fit) {
                (Action::Next, _) => {}
                (Action::Untrack, _) => {
                    if self.untracked.len() < UNCLEAR_LIMIT {
                        self.untracked.push(format!("{}: {}", rule.at, rule.text));
                    }
                }
                // A target that is neither a chain of this file nor known. ufw's start-up makes chains of its own.
                (Action::Jump(target) | Action::Goto(target), _)
                    if !self.chains.contains_key(target) && !target.starts_with("ufw-") =>
                {
                    self.note(rule, None);
                }
                (Action::Accept, Fit::Yes) => return decided(true),
                (Action::Drop, Fit::Yes) => return decided(false),
                (Action::Return, Fit::Yes) => return End::Returned,
                (Action::Goto(target), Fit::Yes) => return self.chain(target, depth - 1),
                (Action::Jump(target), Fit::Yes) => {
                    if let End::Decided(accepted, by) = self.chain(target, depth - 1) {
                        return End::Decided(accepted, by);
                    }
                }
                (Action::Jump(target) | Action::Goto(target), _) => match self.chain(target, depth - 1) {
                    End::Decided(accepted, _) => self.note(rule, Some(accepted)),
                    // After `goto` the rest of this chain is left out; after `jump` it goes on.
                    End::Returned if matches!(rule.action, Action::Goto(_)) => self.note(rule, None),
                    End::Returned => {}
                },
                (Action::Accept, _) => self.note(rule, Some(true)),
                (Action::Drop, _) => self.note(rule, Some(false)),
                (Action::Return | Action::Unknown, _) => self.note(rule, None),
            }
        }
        End::Returned
    }

    fn note(&mut self, rule: &Rule, may: Option<bool>) {
        let of_its_kind = self.unclear.iter().filter(|(known, _)| *known == may).count();
        let note = (may, format!("{}: {}", rule.at, rule.text));
        if of_its_kind < UNCLEAR_LIMIT && !self.unclear.contains(&note) {
            self.unclear.push(note);
        }
    }
}

/// Whether a port, a range `A-B` or `A:B`, or a service's name means 3260; `None` when it cannot be told.
pub(crate) fn is_portal_port(text: &str) -> Option<bool> {
    const PORT: u16 = isctpl_checks::facts::ISCSI_PORT;
    if let Ok(port) = text.parse::<u16>() {
        return Some(port == PORT);
    }
    if text == "iscsi-target" {
        return Some(true);
    }
    let numeric = !text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if let Some((low, high)) = text.split_once(['-', ':']).filter(|_| numeric) {
        let low = if low.is_empty() { 0 } else { low.trim().parse::<u16>().ok()? };
        let high = if high.is_empty() { u16::MAX } else { high.trim().parse::<u16>().ok()? };
        return Some((low..=high).contains(&PORT));
    }
    // A name of /etc/services that is none of ours; sets and variables are not known.
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-').then_some(false)
}

/// Whether the local port of a connection to a portal, which the kernel chose, fits: only a range that
/// holds all of the usual ones (`net.ipv4.ip_local_port_range`) surely does.
pub(crate) fn local_port_fit(text: &str) -> Fit {
    let bounds = text.split_once(['-', ':']).and_then(|(low, high)| {
        let low = if low.is_empty() { 0 } else { low.trim().parse::<u16>().ok()? };
        let high = if high.is_empty() { u16::MAX } else { high.trim().parse::<u16>().ok()? };
        Some((low, high))
    });
    match (text.parse::<u16>(), bounds) {
        (Ok(_), _) => Fit::No,
        (_, Some((low, high))) if low <= 32768 && high >= 60999 => Fit::Yes,
        (_, Some((_, high))) if high < 1024 => Fit::No,
        (_, Some(_)) => Fit::Maybe,
        _ if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => Fit::No,
        _ => Fit::Maybe,
    }
}
