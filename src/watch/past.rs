//! The last messages of the kernel, in words: what came just before a gap is often its cause.

use super::ledger::Learnt;
use super::record::{Cause, Stand};
use crate::system::netlink::{Change, Fate};
use isctpl_checks::facts::Route;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many messages are kept.
const KEPT: usize = 4;

/// What is older has nothing to do with it.
const RECENT: Duration = Duration::from_secs(10);

/// The last messages.
#[derive(Debug, Default)]
pub(super) struct Past {
    messages: VecDeque<(Instant, Change)>,
}

impl Past {
    /// Keeps a message.
    pub(super) fn keep(&mut self, now: Instant, change: &Change) {
        // Routes to elsewhere come by the thousand, and say nothing.
        if matches!(change, Change::OtherRoute) {
            return;
        }
        if self.messages.len() >= KEPT {
            self.messages.pop_front();
        }
        self.messages.push_back((now, change.clone()));
    }

    /// What made a change, with the messages before it: the last one where it was followed. Of what was learnt by asking
    /// no message is known to have made it.
    pub(super) fn cause(&self, now: Instant, learnt: Learnt) -> Cause {
        let maker =
            self.messages.back().filter(|_| matches!(learnt, Learnt::Followed { .. })).map(|(_, change)| change);
        let before = self.messages.iter().rev().skip(usize::from(maker.is_some())).take(KEPT);
        let recent = before.map(|(then, change)| (now.saturating_duration_since(*then), change));
        let mut before: Vec<(Duration, String)> =
            recent.take_while(|(ago, _)| *ago < RECENT).map(|(ago, change)| (ago, in_words(change))).collect();
        before.reverse();
        let protocol = match maker {
            Some(Change::Route { route, .. }) => Some(route.route.protocol.clone()),
            _ => None,
        };
        Cause { what: maker.map(in_words).unwrap_or_default(), protocol, before }
    }
}

/// A message in the words of iproute2.
fn in_words(change: &Change) -> String {
    match change {
        Change::Route { fate, route } => {
            let what = match fate {
                Fate::Added | Fate::Appended => "added",
                Fate::Replaced => "replaced",
                Fate::Removed => "removed",
            };
            format!("route {what}: {}", route_in_words(&route.route))
        }
        Change::OtherRoute => "route to elsewhere".to_owned(),
        Change::Link { gone: true, link } => format!("interface {} removed", link.name),
        Change::Link { gone: false, link } => {
            let carrier = if link.up && !link.carrier { ", without carrier" } else { "" };
            format!("interface {} is {}{carrier}", link.name, if link.up { "up" } else { "down" })
        }
        Change::Address { gone, address } => {
            let what = if *gone { "removed" } else { "added" };
            format!("address {what}: {} on {}", address.net, address.interface)
        }
        Change::Rule { gone, rule } => {
            let what = if *gone { "removed" } else { "added" };
            format!("rule {what}: {rule}")
        }
        Change::Nexthop => "a nexthop object changed".to_owned(),
        Change::Unreadable => "a message that isctpl cannot decode".to_owned(),
    }
}

/// A route as `ip route` shows it, with its table.
pub(crate) fn route_in_words(route: &Route) -> String {
    let mut words = vec![route.destination.map_or_else(|| "default".to_owned(), |to| to.to_string())];
    if !matches!(route.kind.as_str(), "" | "unicast") {
        words.insert(0, route.kind.clone());
    }
    words.extend(route.gateway.map(|gateway| format!("via {gateway}")));
    words.extend(route.interface.as_ref().map(|name| format!("dev {name}")));
    words.extend(route.next_hops.iter().map(|hop| format!("nexthop via {hop}")));
    words.extend((route.table != 254).then(|| format!("table {}", route.table)));
    words.extend((!route.protocol.is_empty()).then(|| format!("proto {}", route.protocol)));
    words.extend((route.metric > 0).then(|| format!("metric {}", route.metric)));
    words.join(" ")
}

/// How a portal stands, in words.
pub(crate) fn stood(stand: &Stand) -> String {
    match stand {
        Stand::Held(route) | Stand::Elsewhere(route) => route_in_words(route),
        Stand::Nowhere(why) => why.clone(),
        Stand::Unknown(problem) => format!("not known: {problem}"),
    }
}
