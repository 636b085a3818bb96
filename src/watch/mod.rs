//! The SAN route, followed for as long as it is asked for: every gap, how long it was, what made it.
//!
//! The groups of rtnetlink(7) are joined before the first look at the tables, so that nothing happens between the two
//! unseen. Each message is taken into a copy of the part of the tables that decides ([`fib`]): a route that goes and
//! comes back before the kernel could be asked is told all the same. Whenever no message waits, the kernel is asked,
//! and what it says counts. Where messages were lost, everything is read anew, at a bounded rate, and that is told.

mod beside;
mod fib;
mod ledger;
mod past;
mod record;
#[cfg(test)]
mod tests;
mod timeline;

use crate::system::attention::Attention;
use crate::system::cancel::{Cancel, Wakeup};
use crate::system::netlink::{Asker, Change, Follower, Lost, names_of};
use crate::system::since_boot;
use beside::Beside;
use fib::{Effect, Fib, Way};
use isctpl_checks::facts::{Flow, LookupAnswer, Problem};
use ledger::{Account, Learnt, Totals};
use past::Past;
pub(crate) use past::{route_in_words, stood};
pub use record::{Cause, Record, Stand, What, Within};
use std::net::IpAddr;
use std::time::{Duration, Instant};
pub(crate) use timeline::Keeper;

/// Everything is read anew at most so often: who floods the kernel with changes must not have isctpl read for ever.
const RESYNC_EVERY: Duration = Duration::from_millis(100);

/// How often whoever is told hears of a watch that has no rest.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// Who has stood still for longer says so: the times of what comes next are as much too late.
const STANDSTILL: Duration = Duration::from_millis(100);

/// The most routes that are put back in a second: what takes one away again at once is not fought at full speed.
const MOST_RESTORED: u32 = 1000;

/// What is to be watched.
#[derive(Debug, Clone)]
pub struct Request {
    /// The packets to each portal.
    pub flows: Vec<Flow>,
    /// The SAN NIC, and how it is known. Where it is not, it is the interface by which the first portal is reached in
    /// the beginning.
    pub nic: Option<(String, String)>,
    /// Put a lost SAN route back at once.
    pub keep_route: bool,
    /// Tell which services systemd starts while the machine comes up.
    pub unit_starts: bool,
}

/// Who is told what happens, and with nothing that all of it was told. It says when it wants to be told so again, at the
/// latest.
pub type Tell<'a> = dyn FnMut(Option<&Record>) -> std::io::Result<Option<Duration>> + 'a;

/// Watches until somebody asks to stop; `tell` is given what happens.
///
/// # Errors
/// When the kernel does not let it, or `tell` cannot be told any more.
pub fn watch(request: &Request, wakeup: &Wakeup, cancel: &Cancel, tell: &mut Tell<'_>) -> Result<(), Problem> {
    let joined = Instant::now();
    let mut follower = Follower::join()?;
    let mut watch = Watch::begin(request, joined, tell)?;
    let attention = Attention::of_this_thread();
    while !cancel.is_requested() {
        let now = Instant::now();
        let again = [watch.rest()?, watch.beside.again(now)].into_iter().flatten().min();
        let mut sources = watch.beside.descriptors();
        sources.push(follower.descriptor());
        let before = attention.counts();
        wakeup.wait_for(&sources, again).map_err(|error| Problem::new("poll", error.to_string()))?;
        let now = Instant::now();
        watch.woke(now, attention.late(before));
        // A service that was started comes before what it does.
        watch.look_beside()?;
        watch.catch_up(&mut follower, cancel)?;
    }
    watch.end()
}

struct Watch<'a, 'b> {
    asker: Asker,
    fib: Fib,
    portals: Vec<IpAddr>,
    accounts: Vec<Account>,
    nic: Option<(String, String)>,
    keep_route: bool,
    restored: (Instant, u32),
    past: Past,
    beside: Beside,
    totals: Totals,
    resyncs: u64,
    unannounced: u64,
    begun: Instant,
    /// When no message waited last: what is older was seen. What is read now came after it.
    caught_up: Instant,
    /// It has stood still for so long at most, and has told of nothing since.
    stood_still: Option<Duration>,
    last_resync: Option<Instant>,
    tell: &'a mut Tell<'b>,
}

impl<'a, 'b> Watch<'a, 'b> {
    fn begin(request: &Request, joined: Instant, tell: &'a mut Tell<'b>) -> Result<Self, Problem> {
        let mut portals: Vec<IpAddr> = request.flows.iter().map(|flow| flow.destination).collect();
        portals.sort_unstable();
        portals.dedup();
        let mut asker = Asker::open()?;
        let fib = read(&mut asker, &portals)?;
        let now = Instant::now();
        let (beside, besides) = Beside::begin(now, request.unit_starts);
        let mut watch = Self {
            asker,
            fib,
            portals,
            accounts: Vec::new(),
            nic: request.nic.clone(),
            keep_route: request.keep_route,
            restored: (now, 0),
            past: Past::default(),
            beside,
            totals: Totals::default(),
            resyncs: 0,
            unannounced: 0,
            begun: now,
            caught_up: joined,
            stood_still: None,
            last_resync: None,
            tell,
        };
        for flow in &request.flows {
            let stand = watch.asked(flow);
            if watch.nic.is_none()
                && let Stand::Held(route) = &stand
                && let Some(name) = &route.interface
            {
                watch.nic =
                    Some((name.clone(), format!("the kernel's route to {} goes out through it", flow.destination)));
            }
            let mut account = Account::new(flow.clone(), stand, now, &mut watch.totals);
            if let Stand::Held(route) = account.stand() {
                account.held = watch.fib.entry(route).cloned();
            }
            watch.accounts.push(account);
        }
        let portals = watch.accounts.iter().map(|account| (account.flow.clone(), account.stand().clone())).collect();
        let nic = watch.nic.clone();
        watch.say(now, What::Start { portals, nic })?;
        besides.into_iter().try_for_each(|what| watch.say(now, what))?;
        Ok(watch)
    }

    /// It slept until something came, or its time was over, and came back from that so late at most; `None` where that is
    /// not known.
    fn woke(&mut self, now: Instant, late: Option<Duration>) {
        let came = late.and_then(|late| now.checked_sub(late)).unwrap_or(self.caught_up);
        self.caught_up = self.caught_up.max(came);
        let late = now.saturating_duration_since(self.caught_up);
        self.stood_still = (late > STANDSTILL).then_some(late);
    }

    /// Tells what happened beside the routes.
    fn look_beside(&mut self) -> Result<(), Problem> {
        let now = Instant::now();
        self.beside.take(now).into_iter().try_for_each(|what| self.say(now, what))
    }

    /// Takes in every message that waits. What the kernel says when none does is how it stands.
    fn catch_up(&mut self, follower: &mut Follower, cancel: &Cancel) -> Result<(), Problem> {
        let (mut doubtful, mut decided) = (false, false);
        let mut told = Instant::now();
        while !cancel.is_requested() {
            // Whoever waits for a sign of life gets one in a flood, too.
            if told.elapsed() > SIGN_OF_LIFE {
                told = Instant::now();
                self.rest()?;
            }
            let looked = Instant::now();
            let changes = match follower.next(&self.portals, self.fib.names()) {
                Ok(changes) => changes,
                Err(lost) => {
                    self.recover(follower, lost)?;
                    (doubtful, decided) = (false, false);
                    continue;
                }
            };
            if changes.is_empty() {
                self.caught_up = looked;
                if !doubtful && !decided {
                    return Ok(());
                }
                // The tables first: an interface that went takes its routes with it without a word.
                if doubtful {
                    self.fib = read(&mut self.asker, &self.portals)?;
                }
                doubtful = false;
                decided = !self.settle(follower)?;
                continue;
            }
            let effect = self.take_all(&changes)?;
            doubtful |= effect == Effect::Silent;
            decided |= effect != Effect::None;
        }
        Ok(())
    }

    /// Takes messages in; tells the strongest effect among theirs.
    fn take_all(&mut self, changes: &[Change]) -> Result<Effect, Problem> {
        let now = Instant::now();
        let mut strongest = Effect::None;
        for change in changes {
            let effect = self.take(now, change)?;
            strongest = match (strongest, effect) {
                (Effect::Silent, _) | (_, Effect::Silent) => Effect::Silent,
                (Effect::None, other) | (other, _) => other,
            };
        }
        Ok(strongest)
    }

    /// Takes one message in.
    fn take(&mut self, now: Instant, change: &Change) -> Result<Effect, Problem> {
        self.past.keep(now, change);
        let effect = self.fib.apply(change);
        if effect == Effect::None {
            return Ok(effect);
        }
        for index in 0..self.accounts.len() {
            let Some(account) = self.accounts.get(index) else { break };
            let stand = match self.fib.way(&account.flow) {
                Way::Unsure => continue,
                way => self.stand_of(way),
            };
            let late = now.saturating_duration_since(self.caught_up);
            self.note(index, stand, now, Learnt::Followed { late })?;
        }
        Ok(effect)
    }

    /// Asks the kernel how each portal stands. `false` where a message came meanwhile that may change it: what was asked
    /// may be older than that message, or newer, and is asked again.
    fn settle(&mut self, follower: &mut Follower) -> Result<bool, Problem> {
        let flows: Vec<Flow> = self.accounts.iter().map(|account| account.flow.clone()).collect();
        let stands: Vec<Stand> = flows.iter().map(|flow| self.asked(flow)).collect();
        let now = Instant::now();
        loop {
            match follower.next(&self.portals, self.fib.names()) {
                Ok(changes) if changes.is_empty() => break,
                Ok(changes) => match self.take_all(&changes)? {
                    Effect::None => {}
                    Effect::Followed => return Ok(false),
                    Effect::Silent => {
                        self.fib = read(&mut self.asker, &self.portals)?;
                        return Ok(false);
                    }
                },
                Err(lost) => return self.recover(follower, lost).map(|()| true),
            }
        }
        self.caught_up = now;
        for (index, stand) in stands.into_iter().enumerate() {
            let is_news = |account: &Account| !account.stands(&stand);
            self.unannounced += u64::from(self.accounts.get(index).is_some_and(is_news));
            self.note(index, stand, now, Learnt::Asked)?;
        }
        Ok(true)
    }

    /// Goes on after messages were lost; a socket that fails ends the watch.
    fn recover(&mut self, follower: &mut Follower, lost: Lost) -> Result<(), Problem> {
        match lost {
            Lost::Overrun => self.resync(follower, "the kernel had more messages than the socket's buffer takes"),
            Lost::Failed(problem) => Err(problem),
        }
    }

    fn note(&mut self, index: usize, stand: Stand, now: Instant, learnt: Learnt) -> Result<(), Problem> {
        let Some(account) = self.accounts.get_mut(index) else { return Ok(()) };
        if let Stand::Held(route) = &stand
            && let Some(installed) = self.fib.entry(route)
        {
            account.held = Some(installed.clone());
        }
        let past = &self.past;
        if let Some(what) = account.note(stand, now, learnt, || past.cause(now, learnt), &mut self.totals) {
            self.say(now, what)?;
        }
        if self.keep_route { self.restore(index) } else { Ok(()) }
    }

    /// Puts the route back by which a portal was reached, where it is not in the tables any more and its interface is
    /// up, or one is that has taken its place.
    fn restore(&mut self, index: usize) -> Result<(), Problem> {
        let Some(account) = self.accounts.get(index) else { return Ok(()) };
        let (Some(lost), Some(held)) = (account.lost_since(), account.held.clone()) else { return Ok(()) };
        let held = match self.fib.successor(&held.route) {
            Some(index) => held.through(index),
            None if self.fib.is_up(held.route.index) => held,
            None => return Ok(()),
        };
        if self.fib.entry(&held.route).is_some() {
            return Ok(());
        }
        let (since, count) = self.restored;
        self.restored = if since.elapsed() > Duration::from_secs(1) { (Instant::now(), 1) } else { (since, count + 1) };
        let route = Box::new(held.route.clone());
        let too_often = || Problem::new("--keep-route", format!("it was put back {MOST_RESTORED} times in a second"));
        let installed = match self.restored.1 {
            ..=MOST_RESTORED => self.asker.install(&held),
            _ => Err(too_often()),
        };
        let what = match installed {
            Ok(true) => What::Restored { route, after: lost.elapsed() },
            // Something else has its place, as the gap's own line tells.
            Ok(false) => return Ok(()),
            Err(problem) => What::NotRestored { route, problem },
        };
        self.say(Instant::now(), what)
    }

    /// Reads everything anew. What comes while it is waited for is thrown away: it is in the tables.
    fn resync(&mut self, follower: &mut Follower, why: &str) -> Result<(), Problem> {
        let blind_since = self.caught_up;
        if let Some(wait) = self.last_resync.and_then(|last| RESYNC_EVERY.checked_sub(last.elapsed())) {
            std::thread::sleep(wait);
        }
        // A buffer that overran still holds what came before; it is older than the tables.
        let begun = Instant::now();
        let mut looked = begun;
        while !matches!(follower.next(&[], self.fib.names()), Ok(changes) if changes.is_empty()) {
            if begun.elapsed() > RESYNC_EVERY * 10 {
                break;
            }
            looked = Instant::now();
        }
        self.fib = read(&mut self.asker, &self.portals)?;
        self.resyncs += 1;
        let now = Instant::now();
        (self.last_resync, self.caught_up) = (Some(now), looked);
        let blind = now.saturating_duration_since(blind_since);
        self.say(now, What::Resync { why: why.to_owned(), blind })?;
        for index in 0..self.accounts.len() {
            let Some(flow) = self.accounts.get(index).map(|account| account.flow.clone()) else { break };
            let stand = self.asked(&flow);
            self.note(index, stand, now, Learnt::Asked)?;
        }
        Ok(())
    }

    /// How the kernel says that a portal stands.
    fn asked(&mut self, flow: &Flow) -> Stand {
        if let Some(source) = flow.source
            && !self.fib.has_address(source)
        {
            return Stand::Nowhere(format!("the session's address {source} is gone"));
        }
        match self.asker.look_up(flow, self.fib.names()).answer {
            LookupAnswer::Route(route) => self.stand_of(Way::By(Box::new(route))),
            LookupAnswer::Unreachable(why) => Stand::Nowhere(why),
            LookupAnswer::Failed(problem) => Stand::Unknown(problem),
        }
    }

    fn stand_of(&self, way: Way) -> Stand {
        match way {
            Way::By(route) => {
                // Where none is known, any may be the SAN NIC.
                let is_it = |name: &String| self.nic.as_ref().is_none_or(|(nic, _)| nic == name);
                if route.interface.as_ref().is_some_and(is_it) { Stand::Held(route) } else { Stand::Elsewhere(route) }
            }
            Way::None(why) => Stand::Nowhere(why),
            Way::Unsure => Stand::Unknown(Problem::new("rtnetlink", "the kernel has to be asked")),
        }
    }

    fn say(&mut self, at: Instant, what: What) -> Result<(), Problem> {
        if let Some(at_most) = self.stood_still.take() {
            self.say(at, What::StoodStill { at_most })?;
        }
        let epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        // The line may come later than what it tells of.
        let late = at.elapsed();
        let epoch_micros = i64::try_from(epoch.saturating_sub(late).as_micros()).unwrap_or(i64::MAX);
        let since_boot = since_boot().saturating_sub(late);
        let record = Record { at: at.saturating_duration_since(self.begun), epoch_micros, since_boot, what };
        (self.tell)(Some(&record)).map(drop).map_err(|error| Problem::new("the output", error.to_string()))
    }

    /// Says that all was told.
    fn rest(&mut self) -> Result<Option<Duration>, Problem> {
        (self.tell)(None).map_err(|error| Problem::new("the output", error.to_string()))
    }

    fn end(mut self) -> Result<(), Problem> {
        let now = Instant::now();
        let open: Duration = self.accounts.iter().map(|account| account.open_for(now)).sum();
        let (gaps, without) = (self.totals.gaps, self.totals.without + open);
        let (resyncs, unannounced) = (self.resyncs, self.unannounced);
        self.say(now, What::Stop { gaps, without, resyncs, unannounced })?;
        self.rest().map(drop)
    }
}

/// Looks at the tables.
fn read(asker: &mut Asker, portals: &[IpAddr]) -> Result<Fib, Problem> {
    let links = asker.links()?;
    let names = names_of(&links);
    let addresses = asker.addresses(&names)?;
    let rules = asker.rules()?;
    let routes = asker.routes_to(portals, &names)?;
    Ok(Fib::new(links, names, addresses, rules, routes))
}
