//! The SAN NIC, and a way to the portal.

use crate::procedures::rescue::context::{Context, Nic};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::{Invocation, quoted};
use crate::system::netlink::{self, Asker, names_of};
use crate::system::reach::{self, Origin, Reach};
use ipnet::IpNet;
use isctpl_checks::facts::{Address, Flow, LinkKind, LookupAnswer, NetLink, Route};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// How long the portal may take to answer.
const ANSWERS: Duration = Duration::from_secs(10);

/// How long an address of IPv6 may take to be used: the kernel asks first whether anybody else has it (RFC 4862).
const TENTATIVE: Duration = Duration::from_secs(5);

/// The routing table that holds a route where no other table is named (`RT_TABLE_MAIN`).
const MAIN: u32 = 254;

/// How long the NIC's link may take to come.
const CARRIER: Duration = Duration::from_secs(10);

/// Brings the NIC up where it can, and makes sure that the portal answers.
pub(crate) struct Network;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Change {
    Up {
        nic: String,
        /// Addresses that it had while it was down.
        #[serde(default)]
        had: Vec<IpNet>,
    },
    Address {
        nic: String,
        address: IpNet,
    },
    Route {
        nic: String,
        to: IpNet,
        gateway: IpAddr,
    },
}

fn ip(arguments: &[&str]) -> Invocation {
    Invocation::new("ip", Duration::from_secs(15)).args(arguments.iter().copied())
}

fn up(nic: &str) -> Invocation {
    ip(&["link", "set", "dev", nic, "up"])
}

fn add_address(nic: &str, address: IpNet) -> Invocation {
    ip(&["address", "add", &address.to_string(), "dev", nic])
}

fn add_route(nic: &str, to: IpNet, gateway: IpAddr) -> Invocation {
    ip(&["route", "add", &to.to_string(), "via", &gateway.to_string(), "dev", nic])
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// What this machine's network is like.
struct Seen {
    links: Vec<NetLink>,
    addresses: Vec<Address>,
    /// The route to the portal.
    route: Option<Route>,
}

fn look(portal: IpAddr) -> Result<Seen, Failure> {
    let snapshot = netlink::snapshot(&[Flow::to(portal)]);
    let known = |what: &str| Failure::failed(format!("the kernel does not report {what}"));
    let links = snapshot.links.known().cloned().ok_or_else(|| known("its network links"))?;
    let addresses = snapshot.addresses.known().cloned().ok_or_else(|| known("its IP addresses"))?;
    let answer = snapshot.lookups.known().and_then(|lookups| lookups.first()).map(|lookup| lookup.answer.clone());
    let route = match answer {
        Some(LookupAnswer::Route(route)) => Some(route),
        _ => None,
    };
    Ok(Seen { links, addresses, route })
}

fn addresses_of<'a>(seen: &'a Seen, nic: &'a str) -> impl Iterator<Item = IpNet> + 'a {
    seen.addresses.iter().filter(move |address| address.interface == nic).map(|address| address.net)
}

/// Whether there is the route that [`add_route`] makes: of the table main, and of its family's metric.
fn has_route(nic: &str, to: IpNet, gateway: IpAddr) -> Result<bool, Failure> {
    let is_it = |route: &Route| {
        route.interface.as_deref() == Some(nic)
            && (route.gateway, route.destination) == (Some(gateway), Some(to))
            && (route.table, route.metric) == (MAIN, if route.ipv6 { 1024 } else { 0 })
    };
    let routes = Asker::open().and_then(|mut asker| {
        let names = names_of(&asker.links()?);
        asker.routes_to(&[to.addr()], &names)
    });
    match routes {
        Ok(routes) => Ok(routes.iter().any(|installed| is_it(&installed.route))),
        Err(problem) => Err(Failure::failed(problem.what)),
    }
}

/// What a person can type who knows the network.
fn advise(mut failure: Failure, cx: &Context, seen: &Seen) -> Failure {
    let portal = cx.request.portal.ip();
    match &cx.request.nic {
        Some(nic) => {
            let nic = quoted(&nic.name);
            failure = failure.advise(format!("ip link set {nic} up; dhclient {nic}"));
            failure = failure.advise(format!("ip route add {portal} via GATEWAY dev {nic}"));
        }
        None => {
            let nics = seen.links.iter().filter(|link| link.name != "lo" && link.kind == LinkKind::Hardware);
            for link in nics {
                let state = match (link.up, link.carrier) {
                    (false, _) => "down",
                    (true, false) => "no carrier",
                    (true, true) => "up",
                };
                let own: Vec<String> = seen
                    .addresses
                    .iter()
                    .filter(|address| address.index == link.index)
                    .map(|address| address.net.to_string())
                    .collect();
                failure = failure.advise(format!("{}  {}  {state}  {}", link.name, link.mac, own.join(" ")));
            }
            failure =
                failure.advise("name the SAN NIC: --san-nic NIC --san-address ADDRESS/LENGTH --san-gateway GATEWAY");
            failure = failure.advise("or bring it up by hand: ip link set NIC up; dhclient NIC");
        }
    }
    failure
}

/// Whether the NIC that was named is there, with a carrier or about to get one.
fn is_there<'a>(cx: &Context, seen: &'a Seen) -> Result<Option<&'a NetLink>, Failure> {
    let Some(nic) = &cx.request.nic else { return Ok(None) };
    match seen.links.iter().find(|link| link.name == nic.name) {
        Some(link) => Ok(Some(link)),
        None => Err(Failure::refused(format!("this machine has no NIC {}", nic.name))),
    }
}

/// Whether the portal answers by the right NIC.
fn reached(cx: &Context, seen: &Seen) -> Result<Option<String>, Failure> {
    let portal = cx.request.portal;
    let Some(route) = &seen.route else { return Ok(None) };
    let by = route.interface.clone().unwrap_or_default();
    if cx.request.nic.as_ref().is_some_and(|nic| nic.name != by) {
        return Ok(None);
    }
    match reach::connect(portal, Origin::default(), ANSWERS) {
        Reach::Connected { .. } => {
            let gateway = route.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
            Ok(Some(format!("{portal} answers through {by}{gateway}")))
        }
        Reach::NoRoute => Ok(None),
        outcome => {
            let gateway = route.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
            let failure = Failure::refused(format!("the portal {portal}, through {by}{gateway}: {outcome}"));
            let failure = match outcome {
                Reach::Refused => failure.advise("check the port, and that the target service runs"),
                _ if cx.request.nic.is_none() => {
                    failure.advise(format!("if {by} is not the SAN NIC, name the SAN NIC with --san-nic"))
                }
                _ => failure,
            };
            Err(failure)
        }
    }
}

/// Brings the NIC up where it is down, and waits for its link.
fn bring_up(cx: &Context, log: &mut Log<'_, Change>, nic: &Nic) -> Result<Seen, Failure> {
    let portal = cx.request.portal.ip();
    let mut seen = look(portal)?;
    if !is_there(cx, &seen)?.is_some_and(|link| link.up) {
        let had = addresses_of(&seen, &nic.name).collect();
        log.guarded(Change::Up { nic: nic.name.clone(), had }, || cx.run(&up(&nic.name)).map(drop))?;
    }
    let deadline = Instant::now() + CARRIER;
    while !is_there(cx, &seen)?.is_some_and(|link| link.carrier) {
        if Instant::now() > deadline || cx.runner.cancel.is_requested() {
            return Err(Failure::refused(format!("the SAN NIC {} has no link (no carrier)", nic.name))
                .advise("check the cable, and that this is the right NIC"));
        }
        std::thread::sleep(Duration::from_millis(200));
        seen = look(portal)?;
    }
    Ok(seen)
}

/// Gives the NIC its address where it has none.
fn give_address(cx: &Context, log: &mut Log<'_, Change>, nic: &Nic, seen: &Seen) -> Result<(), Failure> {
    let is_v4 = cx.request.portal.is_ipv4();
    let own: Vec<IpNet> = addresses_of(seen, &nic.name).filter(|own| own.addr().is_ipv4() == is_v4).collect();
    // Every NIC that is up has a link-local one of IPv6.
    match (nic.address, own.iter().find(|own| is_v4 || !is_link_local(own.addr()))) {
        (Some(address), _) if own.iter().any(|own| own.addr() == address.addr()) => Ok(()),
        (Some(address), Some(other)) => Err(Failure::refused(format!(
            "the SAN NIC {} has the address {other}, but {address} was expected",
            nic.name
        ))
        .advise(format!("ip address del {other} dev {}", quoted(&nic.name)))),
        (Some(address), None) => log.guarded(Change::Address { nic: nic.name.clone(), address }, || {
            cx.run(&add_address(&nic.name, address)).map(drop)
        }),
        (None, Some(_)) => Ok(()),
        (None, None) => Err(advise(Failure::refused(format!("the SAN NIC {} has no address", nic.name)), cx, seen)),
    }
}

/// Looks at the network when packets to the portal come from the NIC's address.
fn look_when_used(cx: &Context, nic: &Nic) -> Result<Seen, Failure> {
    let deadline = Instant::now() + TENTATIVE;
    loop {
        let seen = look(cx.request.portal.ip())?;
        let source = seen.route.as_ref().and_then(|route| route.source);
        let is_tentative = nic.address.is_some_and(|own| own.addr().is_ipv6() && source != Some(own.addr()));
        if !is_tentative || Instant::now() > deadline || cx.runner.cancel.is_requested() {
            return Ok(seen);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Adds a route to the portal where none leads through the NIC.
fn give_route(cx: &Context, log: &mut Log<'_, Change>, nic: &Nic, seen: &Seen) -> Result<(), Failure> {
    let portal = cx.request.portal.ip();
    let by = seen.route.as_ref().and_then(|route| route.interface.as_deref());
    let on_link = nic.address.is_some_and(|address| address.contains(&portal));
    if on_link || by == Some(nic.name.as_str()) {
        return Ok(());
    }
    let Some(gateway) = nic.gateway else {
        let what = match by {
            Some(by) => format!("the route to the portal {portal} goes through {by}, but the SAN NIC is {}", nic.name),
            None => format!("there is no route to the portal {portal}, and its gateway is not known"),
        };
        return Err(advise(Failure::refused(what), cx, seen));
    };
    let to = IpNet::from(portal);
    if has_route(&nic.name, to, gateway)? {
        let what = format!("this machine has the route to {portal} through {}, and takes another one", nic.name);
        return Err(Failure::refused(what).advise(format!("ip route get {portal}; ip rule")));
    }
    log.guarded(Change::Route { nic: nic.name.clone(), to, gateway }, || {
        cx.run(&add_route(&nic.name, to, gateway)).map(drop)
    })
}

impl Step for Network {
    type Context = Context;
    type Change = Change;
    type Input = ();
    type Output = ();

    fn id(&self) -> &'static str {
        "network"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Reach the portal {}", cx.request.portal)
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let portal = cx.request.portal.ip();
        let mut lines = vec![Planned::command(&ip(&["route", "get", &portal.to_string()]))];
        if let Some(Nic { name, address, gateway }) = &cx.request.nic {
            lines.push(Planned::remark("where no route through that NIC exists yet:"));
            lines.push(Planned::command(&up(name)));
            lines.extend(address.map(|address| Planned::command(&add_address(name, address))));
            lines.extend(gateway.map(|gateway| Planned::command(&add_route(name, IpNet::from(portal), gateway))));
        }
        lines
    }

    fn inspect(&self, cx: &mut Context, (): &(), _: &[Change]) -> Result<Option<()>, Failure> {
        let seen = look(cx.request.portal.ip())?;
        is_there(cx, &seen)?;
        Ok(reached(cx, &seen)?.map(drop))
    }

    fn apply(&self, cx: &mut Context, (): &(), log: &mut Log<'_, Change>) -> Result<(), Failure> {
        let portal = cx.request.portal.ip();
        let Some(nic) = cx.request.nic.clone() else {
            let failure = Failure::refused(format!("there is no route to the portal {portal}"));
            return Err(advise(failure, cx, &look(portal)?));
        };
        let seen = bring_up(cx, log, &nic)?;
        give_address(cx, log, &nic, &seen)?;
        give_route(cx, log, &nic, &look(portal)?)?;
        let seen = look_when_used(cx, &nic)?;
        let how = reached(cx, &seen)?.ok_or_else(|| {
            let failure = Failure::refused(format!("there is no route to the portal {portal} through {}", nic.name));
            advise(failure, cx, &seen)
        })?;
        log.say(how);
        Ok(())
    }

    fn undo(&self, cx: &mut Context, change: Change) -> Result<(), Failure> {
        let portal = cx.request.portal.ip();
        let seen = look(portal)?;
        match change {
            Change::Route { nic, to, gateway } => {
                if has_route(&nic, to, gateway)? {
                    cx.run(&ip(&["route", "del", &to.to_string(), "via", &gateway.to_string(), "dev", &nic]))?;
                }
            }
            Change::Address { nic, address } => {
                if seen.addresses.iter().any(|own| own.interface == nic && own.net == address) {
                    cx.run(&ip(&["address", "del", &address.to_string(), "dev", &nic]))?;
                }
            }
            Change::Up { nic, had } => {
                // An address that somebody gave it meanwhile needs it up.
                if addresses_of(&seen, &nic).any(|own| !is_link_local(own.addr()) && !had.contains(&own)) {
                    cx.remark(format!("{nic} stays up: it has an address"));
                } else if seen.links.iter().any(|link| link.name == nic && link.up) {
                    cx.run(&ip(&["link", "set", "dev", &nic, "down"]))?;
                }
            }
        }
        Ok(())
    }
}
