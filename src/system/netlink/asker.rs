//! Questions to the kernel by one socket that stays open, without a runtime: for who asks again and again.

use super::connection::{PLACE, failed};
use super::datagram::messages;
use super::installed::Installed;
use super::link;
use super::names::Names;
use super::route::{self, Request};
use super::rule;
use crate::system::errno::in_words;
use isctpl_checks::facts::{Address, Flow, Lookup, LookupAnswer, NetLink, Problem, Rule};
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_packet_route::route::{RouteFlags, RouteMessage};
use netlink_packet_route::rule::RuleMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};
use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{Socket, SocketAddr};
use std::net::IpAddr;

/// How long the kernel may take for one part of an answer, in seconds.
const PATIENCE: i64 = 5;

/// How often a dump is asked for again that changed while it was given.
const MOST_TRIES: usize = 4;

/// The room for one part of an answer: the kernel's dumps come in parts of at most 32 KiB (`NLMSG_GOODSIZE`).
const PART: usize = 64 << 10;

/// A socket for questions.
#[derive(Debug)]
pub(crate) struct Asker {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

/// What one answer brought.
enum Part {
    Message(RouteNetlinkMessage),
    Refused(Errno),
    End,
}

impl Asker {
    /// Opens it in the calling thread's network namespace.
    ///
    /// # Errors
    /// When the kernel gives no socket.
    pub(crate) fn open() -> Result<Self, Problem> {
        let mut socket = Socket::new(NETLINK_ROUTE).map_err(|error| failed(&error))?;
        socket.bind_auto().map_err(|error| failed(&error))?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(|error| failed(&error))?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(PATIENCE))
            .map_err(|errno| failed(&errno.into()))?;
        Ok(Self { socket, sequence: 0, buffer: Vec::with_capacity(PART) })
    }

    /// Every interface, by index.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub(crate) fn links(&mut self) -> Result<Vec<NetLink>, Problem> {
        let mut links = Vec::new();
        let keep = |links: &mut Vec<NetLink>, message| {
            if let RouteNetlinkMessage::NewLink(message) = message {
                links.push(link::link(&message));
            }
        };
        self.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()), "links", keep, &mut links)?;
        Ok(links)
    }

    /// Every address of both families.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub(crate) fn addresses(&mut self, names: &Names) -> Result<Vec<Address>, Problem> {
        let mut addresses = Vec::new();
        let keep = |addresses: &mut Vec<Address>, message| {
            if let RouteNetlinkMessage::NewAddress(message) = message {
                addresses.extend(link::address(&message, names));
            }
        };
        let request = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        self.dump(request, "addresses", keep, &mut addresses)?;
        Ok(addresses)
    }

    /// Every policy rule of both families, by priority.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub(crate) fn rules(&mut self) -> Result<Vec<Rule>, Problem> {
        let mut rules: Vec<Rule> = Vec::new();
        for family in super::FAMILIES {
            let mut request = RuleMessage::default();
            request.header.family = family;
            let mut of_family = Vec::new();
            let keep = |rules: &mut Vec<Rule>, message| {
                if let RouteNetlinkMessage::NewRule(message) = message
                    && message.header.family == family
                {
                    rules.push(rule::rule(&message));
                }
            };
            self.dump(RouteNetlinkMessage::GetRule(request), "rules", keep, &mut of_family)?;
            rules.extend(of_family);
        }
        rules.sort_by_key(|rule| rule.priority);
        Ok(rules)
    }

    /// Every route of every table that holds one of these addresses. The others are not kept: a table may have a
    /// million of them.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub(crate) fn routes_to(&mut self, portals: &[IpAddr], names: &Names) -> Result<Vec<Installed>, Problem> {
        let mut routes: Vec<Installed> = Vec::new();
        for family in super::FAMILIES {
            let of_family = |portal: &IpAddr| portal.is_ipv6() == (family == AddressFamily::Inet6);
            if !portals.iter().any(of_family) {
                continue;
            }
            let mut request = RouteMessage::default();
            request.header.address_family = family;
            let keep = |routes: &mut Vec<Installed>, message| {
                if let RouteNetlinkMessage::NewRoute(message) = message
                    && message.header.address_family == family
                    && !route::is_cached(&message)
                    && portals.iter().any(|portal| route::leads_to(&message, *portal))
                {
                    routes.push(Installed::of(message, names));
                }
            };
            let mut found = Vec::new();
            self.dump(RouteNetlinkMessage::GetRoute(request), "routes", keep, &mut found)?;
            routes.extend(found);
        }
        Ok(routes)
    }

    /// Asks for the way of a flow.
    pub(crate) fn look_up(&mut self, flow: &Flow, names: &Names) -> Lookup {
        let (answer, matched) = match self.route_of(flow, RouteFlags::empty(), names) {
            Err(Refused::Kernel(errno)) => (route::refused_by(errno), None),
            Err(Refused::Other(problem)) => (LookupAnswer::Failed(problem), None),
            Ok(taken) => match route::refusing(taken.header.kind) {
                Some(why) => (LookupAnswer::Unreachable(why.to_owned()), None),
                None => {
                    let found = self.route_of(flow, RouteFlags::FibMatch, names).ok();
                    route::taken_by(flow.destination, route::route(&taken, names), found.as_ref(), names)
                }
            },
        };
        Lookup { destination: flow.destination, answer, matched, flow: Some(flow.clone()) }
    }

    fn route_of(&mut self, flow: &Flow, flags: RouteFlags, names: &Names) -> Result<RouteMessage, Refused> {
        let Request(request) = Request::of(flow, flags, names);
        self.send(RouteNetlinkMessage::GetRoute(request), NLM_F_REQUEST).map_err(Refused::Other)?;
        let mut answer = None;
        self.receive("route", |part| match part {
            Part::Message(RouteNetlinkMessage::NewRoute(message)) => {
                answer = Some(Ok(message));
                true
            }
            Part::Refused(errno) => {
                answer = Some(Err(errno));
                true
            }
            Part::Message(_) | Part::End => true,
        })
        .map_err(Refused::Other)?;
        match answer {
            Some(Ok(message)) => Ok(message),
            Some(Err(errno)) => Err(Refused::Kernel(errno)),
            None => Err(Refused::Other(Problem::new(PLACE, "the kernel gave no answer for the route"))),
        }
    }

    /// Installs a route as it was; `false` where one with its destination, table and metric is there, by whatever way.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub(crate) fn install(&mut self, installed: &Installed) -> Result<bool, Problem> {
        let mut message = installed.message().clone();
        // What the kernel tells of the state of a next hop is not to be told to it.
        message.header.flags = RouteFlags::empty();
        message.attributes.retain(route::is_setting);
        let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
        self.send(RouteNetlinkMessage::NewRoute(message), flags)?;
        let mut refused = None;
        self.receive("new route", |part| {
            if let Part::Refused(errno) = part {
                refused = Some(errno);
            }
            true
        })?;
        match refused {
            None => Ok(true),
            Some(Errno::EEXIST) => Ok(false),
            Some(errno) => Err(Problem::new(PLACE, format!("the kernel does not take the route: {}", in_words(errno)))),
        }
    }

    /// Asks for all of a kind; what changed meanwhile is asked for again.
    fn dump<T>(
        &mut self,
        request: RouteNetlinkMessage,
        subject: &str,
        mut keep: impl FnMut(&mut Vec<T>, RouteNetlinkMessage),
        kept: &mut Vec<T>,
    ) -> Result<(), Problem> {
        for _ in 0..MOST_TRIES {
            kept.clear();
            self.send(request.clone(), NLM_F_REQUEST | NLM_F_DUMP)?;
            let mut refused = None;
            let interrupted = self.receive(subject, |part| match part {
                Part::Message(message) => {
                    keep(kept, message);
                    false
                }
                Part::Refused(errno) => {
                    refused = Some(errno);
                    true
                }
                Part::End => true,
            })?;
            match refused {
                // A kernel without policy routing has no rules to tell.
                Some(Errno::EOPNOTSUPP) => return Ok(()),
                Some(errno) => {
                    let why = format!("the kernel does not report its {subject}: {}", in_words(errno));
                    return Err(Problem::new(PLACE, why));
                }
                None if !interrupted => return Ok(()),
                None => {}
            }
        }
        Err(Problem::new(PLACE, format!("the {subject} kept changing while they were read")))
    }

    fn send(&mut self, request: RouteNetlinkMessage, flags: u16) -> Result<(), Problem> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = NetlinkMessage::new(NetlinkHeader::default(), NetlinkPayload::InnerMessage(request));
        message.header.flags = flags;
        message.header.sequence_number = self.sequence;
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.socket.send(&bytes, 0).map(drop).map_err(|error| failed(&error))
    }

    /// Hands on the parts of the answer to the last question until one ends it; tells whether the tables changed
    /// meanwhile.
    fn receive(&mut self, subject: &str, mut ends: impl FnMut(Part) -> bool) -> Result<bool, Problem> {
        let mut interrupted = false;
        loop {
            self.buffer.clear();
            self.buffer.reserve(PART);
            let length = self.socket.recv(&mut self.buffer, 0).map_err(|error| {
                let late = error.kind() == std::io::ErrorKind::WouldBlock;
                let why = format!("the kernel did not answer within {PATIENCE} s for the {subject}");
                if late { Problem::new(PLACE, why) } else { failed(&error) }
            })?;
            let bytes = self.buffer.get(..length).unwrap_or_default();
            for message in messages(bytes) {
                let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(message) else { continue };
                // What an earlier question still brings is no answer to this one.
                if message.header.sequence_number != self.sequence {
                    continue;
                }
                interrupted |= message.header.flags & NLM_F_DUMP_INTR != 0;
                let part = match message.payload {
                    NetlinkPayload::InnerMessage(message) => Part::Message(message),
                    NetlinkPayload::Error(error) if error.raw_code() != 0 => {
                        Part::Refused(Errno::from_raw(error.raw_code().saturating_abs()))
                    }
                    NetlinkPayload::Done(done) if done.code != 0 => {
                        Part::Refused(Errno::from_raw(done.code.saturating_abs()))
                    }
                    _ => Part::End,
                };
                if ends(part) {
                    return Ok(interrupted);
                }
            }
        }
    }
}

/// Why there is no route in an answer.
enum Refused {
    Kernel(Errno),
    Other(Problem),
}
