//! Questions to the kernel and its answers, within a time limit, without losing a message silently.

use crate::system::errno::in_words;
use futures::{Stream, StreamExt};
use isctpl_checks::facts::Problem;
use netlink_packet_route::RouteNetlinkMessage;
use nix::errno::Errno;
use rtnetlink::packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload,
    NetlinkSerializable,
};
use rtnetlink::proto::sys::{AsyncSocket, SocketAddr, protocols::NETLINK_ROUTE};
use rtnetlink::proto::{ConnectionHandle, new_connection};
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long all questions of one call may take together.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The name under which problems of this source are reported.
pub(super) const PLACE: &str = "rtnetlink";

/// How often a dump is asked for again that changed while it was given.
const MOST_TRIES: usize = 4;

/// The most messages of one dump that are taken.
pub(super) const MOST_MESSAGES: usize = 200_000;

/// A message of either direction. The library drops one that it cannot decode and goes on; here it
/// stays, so that it can be told.
#[derive(Debug)]
pub(super) enum Message {
    Route(Box<RouteNetlinkMessage>),
    Unreadable { kind: u16, why: String },
}

impl NetlinkSerializable for Message {
    fn message_type(&self) -> u16 {
        match self {
            Self::Route(message) => NetlinkSerializable::message_type(message.as_ref()),
            Self::Unreadable { kind, .. } => *kind,
        }
    }

    fn buffer_len(&self) -> usize {
        match self {
            Self::Route(message) => NetlinkSerializable::buffer_len(message.as_ref()),
            Self::Unreadable { .. } => 0,
        }
    }

    fn serialize(&self, buffer: &mut [u8]) {
        if let Self::Route(message) = self {
            message.serialize(buffer);
        }
    }
}

impl NetlinkDeserializable for Message {
    type Error = Infallible;

    fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, Infallible> {
        Ok(match RouteNetlinkMessage::deserialize(header, payload) {
            Ok(message) => Self::Route(Box::new(message)),
            Err(error) => Self::Unreadable { kind: header.message_type, why: error.to_string() },
        })
    }
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The kernel's error, when it was the kernel that refused.
    pub(super) errno: Option<Errno>,
    what: String,
}

impl Refusal {
    fn new(what: impl Into<String>) -> Self {
        Self { errno: None, what: what.into() }
    }

    /// The kernel answered something else.
    pub(super) fn unexpected(subject: &str) -> Self {
        Self::new(format!("the kernel gave no answer for the {subject}"))
    }

    fn of_kernel(errno: Errno, subject: &str) -> Self {
        Self { errno: Some(errno), what: format!("the kernel does not report its {subject}: {}", in_words(errno)) }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(PLACE, refusal.what)
    }
}

/// Every message of a dump, and what could not be understood.
#[derive(Debug, Default)]
pub(super) struct Dump {
    pub(super) messages: Vec<RouteNetlinkMessage>,
    pub(super) problems: Vec<Problem>,
    interrupted: bool,
}

/// A netlink socket. Questions are answered only while the driver that belongs to it is polled.
#[derive(Debug)]
pub(super) struct Connection {
    handle: ConnectionHandle<Message>,
    deadline: Instant,
}

impl Connection {
    /// Opens a socket in the calling thread's network namespace. A kernel that is `strict` tells of a dump what the
    /// request names alone (`NETLINK_GET_STRICT_CHK`, Linux 4.20).
    pub(super) fn open(deadline: Instant, strict: bool) -> std::io::Result<(impl Future<Output = ()>, Self)> {
        let (mut driver, handle, _unsolicited) = new_connection::<Message>(NETLINK_ROUTE)?;
        if strict {
            driver.socket_mut().socket_mut().set_netlink_get_strict_chk(true)?;
        }
        // The end of a dump may carry an error; it is not told otherwise.
        driver.set_forward_done(true);
        Ok((driver, Self { handle, deadline }))
    }

    /// Asks for everything of a kind; `subject` names it in messages. A dump during which the kernel's
    /// tables changed is asked for again. Where there are more than `most`, the rest of the dump stands in the way of
    /// other questions.
    pub(super) async fn dump(&self, request: RouteNetlinkMessage, subject: &str, most: usize) -> Result<Dump, Refusal> {
        self.dump_until(request, subject, most, |_| false).await
    }

    /// The same, up to the first message that is `behind` all that is wanted.
    pub(super) async fn dump_until(
        &self,
        request: RouteNetlinkMessage,
        subject: &str,
        most: usize,
        behind: impl Fn(&RouteNetlinkMessage) -> bool,
    ) -> Result<Dump, Refusal> {
        let mut dump = Dump::default();
        for _ in 0..MOST_TRIES {
            dump = self.dump_once(request.clone(), subject, most, &behind).await?;
            if !dump.interrupted {
                return Ok(dump);
            }
        }
        dump.problems.push(Problem::new(PLACE, format!("the {subject} kept changing while they were read")));
        Ok(dump)
    }

    async fn dump_once(
        &self,
        request: RouteNetlinkMessage,
        subject: &str,
        most: usize,
        behind: &impl Fn(&RouteNetlinkMessage) -> bool,
    ) -> Result<Dump, Refusal> {
        let mut dump = Dump::default();
        let mut unreadable = 0_usize;
        let mut answers = pin!(self.send(request, NLM_F_REQUEST | NLM_F_DUMP)?);
        while let Some(answer) = self.next(&mut answers).await? {
            dump.interrupted |= answer.header.flags & NLM_F_DUMP_INTR != 0;
            match payload(answer.payload) {
                Payload::Message(Message::Route(message)) if behind(&message) => break,
                Payload::Message(Message::Route(message)) => dump.messages.push(*message),
                Payload::Message(Message::Unreadable { kind, why }) => {
                    unreadable += 1;
                    // One stands for all; their number is told.
                    if unreadable == 1 {
                        let what = format!("one of the {subject} cannot be understood (message type {kind}: {why})");
                        dump.problems.push(Problem::new(PLACE, what));
                    }
                }
                Payload::Refused(errno) => return Err(Refusal::of_kernel(errno, subject)),
                Payload::Lost => return Err(Refusal::new(format!("the kernel lost some of its {subject}"))),
                Payload::End => break,
            }
            if dump.messages.len() > most {
                return Err(Refusal::new(format!("there are more than {most} {subject}")));
            }
        }
        if unreadable > 1 {
            let what = format!("{unreadable} of the {subject} cannot be understood");
            dump.problems.push(Problem::new(PLACE, what));
        }
        Ok(dump)
    }

    /// Asks a question that has one answer.
    pub(super) async fn ask(
        &self,
        request: RouteNetlinkMessage,
        subject: &str,
    ) -> Result<RouteNetlinkMessage, Refusal> {
        let mut answers = pin!(self.send(request, NLM_F_REQUEST)?);
        match self.next(&mut answers).await?.map(|answer| payload(answer.payload)) {
            Some(Payload::Message(Message::Route(message))) => Ok(*message),
            Some(Payload::Message(Message::Unreadable { why, .. })) => {
                Err(Refusal::new(format!("the answer for the {subject} cannot be understood: {why}")))
            }
            Some(Payload::Refused(errno)) => Err(Refusal::of_kernel(errno, subject)),
            Some(Payload::Lost | Payload::End) | None => Err(Refusal::unexpected(subject)),
        }
    }

    fn send(
        &self,
        request: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<impl Stream<Item = NetlinkMessage<Message>>, Refusal> {
        let payload = NetlinkPayload::InnerMessage(Message::Route(Box::new(request)));
        let mut message = NetlinkMessage::new(NetlinkHeader::default(), payload);
        message.header.flags = flags;
        message.finalize();
        self.handle
            .request(message, SocketAddr::new(0, 0))
            .map_err(|_| Refusal::new("the kernel cannot be asked: the socket is closed"))
    }

    async fn next(
        &self,
        answers: &mut (impl Stream<Item = NetlinkMessage<Message>> + Unpin),
    ) -> Result<Option<NetlinkMessage<Message>>, Refusal> {
        timeout_at(self.deadline, answers.next())
            .await
            .map_err(|_| Refusal::new(format!("the kernel did not answer within {} s", TIME_LIMIT.as_secs())))
    }
}

enum Payload {
    Message(Message),
    Refused(Errno),
    Lost,
    End,
}

fn payload(payload: NetlinkPayload<Message>) -> Payload {
    let refused_or_end = |code: i32| match code {
        0 => Payload::End,
        code => Payload::Refused(Errno::from_raw(code.saturating_abs())),
    };
    match payload {
        NetlinkPayload::InnerMessage(message) => Payload::Message(message),
        NetlinkPayload::Error(error) => refused_or_end(error.raw_code()),
        NetlinkPayload::Done(done) => refused_or_end(done.code),
        NetlinkPayload::Overrun(_) => Payload::Lost,
        _ => Payload::End,
    }
}

/// That the kernel could not be asked.
pub(super) fn failed(error: &std::io::Error) -> Problem {
    let why = error.raw_os_error().map_or_else(|| error.to_string(), |raw| in_words(Errno::from_raw(raw)));
    Problem::new(PLACE, format!("the kernel cannot be asked: {why}"))
}
