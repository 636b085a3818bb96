//! What the DHCP clients of an image do with option 121 (RFC 3442).

use super::content::{Binary, Content};
use super::scripts::{Scripts, is_initramfs_tools};
use super::tree::Tree;
use crate::formats::network::dhclient_conf::Parsed;
use crate::formats::network::dhcpcd_conf;
use crate::formats::shell::initramfs_script::Action;
use crate::formats::shell::option_121::{Option121, option_121};
use crate::probes::dhcp::dhclient;
use crate::probes::files::{Files, Reader};
use crate::probes::netconfig::{dhcpcd, networkd};
use isctpl_checks::facts::{
    self, ImageNetwork, InterfaceConfig, Located, Location, Manager, Method, NetworkKind, NicMatch, Option121Support,
    Problem, Source,
};

/// klibc's name of a route in `/run/net-IF.conf`; it came with the support of option 121 (klibc 2.0.5).
const ROUTE: &str = "IPV4ROUTE%";

/// What a patch of Debian's klibc 1.5 and 2.0 prints when it sets such a route.
const PATCHED: &str = "Setting classless static route to";

/// What every ipconfig of klibc prints.
const KLIBC: &str = "IP-Config:";

/// The strings that are looked for in `ipconfig`.
pub(super) const IPCONFIG_STRINGS: &[&str] = &[ROUTE, PATCHED, KLIBC];

/// The string that is looked for in `dhclient`: the name in its table of options, where it knows option 121 without a
/// declaration.
pub(super) const DHCLIENT_STRINGS: &[&str] = &["\0classless-static-routes\0"];

/// One answer for each way of bringing up the network that asks a DHCP server, and what could not be read for it.
pub(super) fn handling(
    tree: &Tree,
    network: &[ImageNetwork],
    scripts: &Scripts<'_>,
) -> (Vec<facts::Option121>, Vec<Problem>) {
    let look = Look { tree, reader: Reader::new(tree), scripts };
    let found = network.iter().filter_map(|network| look.at(network)).collect();
    (found, look.reader.into_problems())
}

/// What a client does with option 121, and the place and line that show it.
type Answer = (Option121Support, Location, String);

/// One answer of those for some NICs and the one for all others: which is the SAN NIC's is not known here.
fn of_any_nic(special: impl IntoIterator<Item = Answer>, general: Answer) -> Answer {
    let kind = |(support, ..): &Answer| std::mem::discriminant(support);
    match special.into_iter().find(|answer| kind(answer) != kind(&general)) {
        None => general,
        Some((_, at, excerpt)) => {
            let why = "its configuration treats NICs differently, and it is not known which of them is the SAN NIC";
            (Option121Support::Unclear(why.to_owned()), at, excerpt)
        }
    }
}

struct Look<'t> {
    tree: &'t Tree,
    reader: Reader<'t>,
    scripts: &'t Scripts<'t>,
}

impl Look<'_> {
    fn place(&self, path: &str, line: u32) -> Location {
        Location::line(self.tree.name(path), line)
    }

    fn at(&self, network: &ImageNetwork) -> Option<facts::Option121> {
        let before = self.reader.problems().len();
        let (mut support, at, mut excerpt) = match network.kind {
            NetworkKind::IscsistartN => return None,
            NetworkKind::Ipconfig => self.ipconfig(network),
            NetworkKind::Networkd => self.networkd(network),
            NetworkKind::NetworkManager => (
                Option121Support::Yes,
                network.at.clone(),
                "NetworkManager installs the routes of option 121".to_owned(),
            ),
            NetworkKind::DracutLegacy | NetworkKind::InitramfsDhclient => self.client(network),
        };
        // What was not read may say otherwise; what dhclient itself does not take is named already.
        let unread =
            self.reader.problems().iter().skip(before).find(|problem| problem.source == Source::Unnamed).cloned();
        if let Some(problem) = unread {
            support = Option121Support::Unclear(problem.what.clone());
            excerpt = problem.to_string();
        }
        Some(facts::Option121 { network: network.kind, support, at, excerpt })
    }

    fn ipconfig(&self, network: &ImageNetwork) -> Answer {
        let path = self.tree.program("ipconfig").unwrap_or_default();
        let strings = self.program("ipconfig").map_or(&[][..], |binary| &binary.strings);
        let at = if path.is_empty() { network.at.clone() } else { self.place(&path, 0) };
        let has = |string| strings.contains(&string);
        if has(ROUTE) {
            (Option121Support::Yes, at, format!("ipconfig has `{ROUTE}iSUBNET`, as in klibc since 2.0.5"))
        } else if has(PATCHED) {
            (Option121Support::Yes, at, format!("ipconfig has `{PATCHED}`, as in a klibc with a patch for option 121"))
        } else if has(KLIBC) {
            let why = "this ipconfig is from klibc before 2.0.5, which does not support option 121";
            (Option121Support::No(why.to_owned()), at, format!("no `{ROUTE}iSUBNET` in it"))
        } else {
            let why = "this ipconfig is not from klibc";
            (Option121Support::Unclear(why.to_owned()), at, format!("neither `{ROUTE}iSUBNET` nor `{KLIBC}` in it"))
        }
    }

    /// The first `.network` file that matches a NIC holds for it; where none does, systemd-network-generator makes one.
    fn networkd(&self, network: &ImageNetwork) -> Answer {
        let answer = |config: &InterfaceConfig| match config.use_dhcp_routes.as_ref().filter(|routes| !routes.value) {
            Some(refused) => {
                let why = "its configuration disables the routes of leases".to_owned();
                (Option121Support::No(why), refused.at.clone(), self.excerpt(&refused.at))
            }
            None => {
                let excerpt = "systemd-networkd installs the routes of option 121".to_owned();
                (Option121Support::Yes, network.at.clone(), excerpt)
            }
        };
        let is_for_all = |config: &InterfaceConfig| {
            let NicMatch { names, macs, other, .. } = &config.matches;
            macs.is_empty() && other.is_empty() && names.iter().all(|name| name == "*")
        };
        let (mut configs, _) = networkd::networks(&self.reader);
        configs.retain(|config| config.method == Method::Dhcp || config.use_dhcp_routes.is_some());
        let general = configs.iter().position(is_for_all);
        let special = configs.iter().take(general.unwrap_or(configs.len())).map(answer);
        let generated = InterfaceConfig::new(Manager::Networkd, network.at.clone());
        of_any_nic(special, answer(general.and_then(|index| configs.get(index)).unwrap_or(&generated)))
    }

    fn client(&self, network: &ImageNetwork) -> Answer {
        let initramfs_tools = network.kind == NetworkKind::InitramfsDhclient;
        let runs = |wanted| {
            self.scripts
                .actions()
                .any(|(action, path, _)| action == wanted && is_initramfs_tools(path) == initramfs_tools)
        };
        if runs(Action::Dhclient) && self.tree.program("dhclient").is_some() {
            self.dhclient(network)
        } else if runs(Action::Dhcpcd) && self.tree.program("dhcpcd").is_some() {
            self.dhcpcd(network)
        } else {
            let why = "it is not known whether udhcpc requests option 121".to_owned();
            (Option121Support::Unclear(why), network.at.clone(), "udhcpc".to_owned())
        }
    }

    /// ISC dhclient must be told to ask, and its script must use what it is given.
    fn dhclient(&self, network: &ImageNetwork) -> Answer {
        let conf_paths = match network.kind {
            NetworkKind::InitramfsDhclient => ["/etc/dhcp/dhclient.conf", "/etc/dhclient.conf"],
            _ => ["/etc/dhclient.conf", "/etc/dhcp/dhclient.conf"],
        };
        let built_in = matches!(self.program("dhclient"), Some(binary) if !binary.strings.is_empty());
        let conf = dhclient::configuration(&self.reader, &conf_paths, built_in);
        let Some(parsed) = conf.or_else(|| built_in.then(|| Parsed::without_file(built_in))) else {
            let why =
                "dhclient requests option 121 only if dhclient.conf lists it, and the initramfs has no dhclient.conf";
            return (Option121Support::No(why.to_owned()), network.at.clone(), format!("no {}", conf_paths[0]));
        };
        let asked = parsed.classless_variable().map(|variable| self.dhclient_script(network, &variable));
        let answer = |asks: bool, at: Location| match asked.clone().filter(|_| asks) {
            Some(answer) => answer,
            None => {
                let why = "its configuration does not request option 121".to_owned();
                (Option121Support::No(why), at, "no option with code 121 in a `request`".to_owned())
            }
        };
        let conf = parsed.conf;
        let special = conf.interfaces.into_iter().map(|interface| {
            let at = interface.at.unwrap_or_else(|| network.at.clone());
            (answer(interface.asks_classless, at.clone()).0, at.clone(), self.excerpt(&at))
        });
        let at = conf.requested.map_or_else(|| Location::file(conf.path), |requested| requested.at);
        of_any_nic(special, answer(conf.asks_classless, at))
    }

    fn dhclient_script(&self, network: &ImageNetwork, variable: &str) -> Answer {
        let mut scripts: Vec<String> = ["sbin/dhclient-script", "usr/sbin/dhclient-script"]
            .iter()
            .filter_map(|path| self.tree.resolve(path))
            .collect();
        scripts.dedup();
        for directory in ["etc/dhcp/dhclient-enter-hooks.d", "etc/dhcp/dhclient-exit-hooks.d"] {
            scripts.extend(self.tree.names(directory).into_iter().map(|name| format!("{directory}/{name}")));
        }
        let mut answer = None;
        for path in &scripts {
            let Some(text) = self.tree.text(path) else { continue };
            match option_121(text) {
                Option121::Taken { variable: used, line } if used == variable => {
                    let at = self.place(path, line);
                    return (Option121Support::Yes, at.clone(), self.excerpt(&at));
                }
                Option121::OneWord { variable: used, line } if used == variable => {
                    let why = "it passes all octets of option 121 to a function as one quoted word, so the function sets no route";
                    let at = self.place(path, line);
                    answer = Some((Option121Support::No(why.to_owned()), at.clone(), self.excerpt(&at)));
                }
                _ => {}
            }
        }
        answer.unwrap_or_else(|| match scripts.first() {
            Some(path) => {
                let why = "its script ignores option 121".to_owned();
                (Option121Support::No(why), self.place(path, 0), format!("no use of ${variable}"))
            }
            None => {
                let why = "its script was not found in the initramfs".to_owned();
                (Option121Support::Unclear(why), network.at.clone(), "no /sbin/dhclient-script".to_owned())
            }
        })
    }

    /// dhcpcd sets the routes itself, if its configuration asks for them.
    fn dhcpcd(&self, network: &ImageNetwork) -> Answer {
        let text = self.reader.text(dhcpcd::CONF).unwrap_or_default();
        let configs = dhcpcd_conf::parse(&text, &self.tree.name(dhcpcd::CONF), &mut self.reader.problems());
        let answer = |routes: Option<&Located<bool>>| match routes {
            Some(routes) if routes.value => (Option121Support::Yes, routes.at.clone(), self.excerpt(&routes.at)),
            Some(refused) => {
                let why = "its configuration refuses option 121".to_owned();
                (Option121Support::No(why), refused.at.clone(), self.excerpt(&refused.at))
            }
            None => {
                let why = "dhcpcd.conf in the initramfs does not request option 121, and the server may not send it without a request";
                let excerpt = "no `option classless_static_routes`".to_owned();
                (Option121Support::Unclear(why.to_owned()), network.at.clone(), excerpt)
            }
        };
        let mut routes = configs.iter().rev().map(|config| config.use_dhcp_routes.as_ref());
        // What is said of all interfaces stands last.
        let general = answer(routes.next().flatten());
        of_any_nic(routes.map(answer), general)
    }

    /// A program of the PATH, as far as it was looked into.
    fn program(&self, name: &str) -> Option<&Binary> {
        match self.tree.content(&self.tree.program(name)?)? {
            Content::Elf(binary) => Some(binary),
            _ => None,
        }
    }

    /// The line of the image that a place names.
    fn excerpt(&self, at: &Location) -> String {
        let text = at.path.rsplit('!').next().and_then(|path| self.tree.text(path)).unwrap_or_default();
        let index = usize::try_from(at.line).unwrap_or_default().wrapping_sub(1);
        text.lines().nth(index).unwrap_or_default().trim().to_owned()
    }
}
