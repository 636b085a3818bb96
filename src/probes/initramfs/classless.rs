//! What the DHCP clients of an image do with option 121 (RFC 3442).

use super::content::Content;
use super::scripts::{Scripts, is_initramfs_tools};
use super::tree::Tree;
use crate::formats::shell::initramfs_script::Action;
use crate::formats::shell::option_121::{Option121, dhclient_conf, option_121};
use isctpl_checks::facts::{self, ImageNetwork, Location, NetworkKind, Option121Support};

/// klibc's name of a route in `/run/net-IF.conf`; it came with the support of option 121 (klibc 2.0.5).
const ROUTE: &str = "IPV4ROUTE%";

/// What a patch of Debian's klibc 1.5 and 2.0 prints when it sets such a route.
const PATCHED: &str = "Setting classless static route to";

/// What every ipconfig of klibc prints.
const KLIBC: &str = "IP-Config:";

/// The strings that are looked for in `ipconfig`.
pub(super) const IPCONFIG_STRINGS: &[&str] = &[ROUTE, PATCHED, KLIBC];

/// One answer for each way of bringing up the network that asks a DHCP server.
pub(super) fn handling(
    tree: &Tree,
    image: &str,
    network: &[ImageNetwork],
    scripts: &Scripts<'_>,
) -> Vec<facts::Option121> {
    let look = Look { tree, image, scripts };
    network.iter().filter_map(|network| look.at(network)).collect()
}

struct Look<'t> {
    tree: &'t Tree,
    image: &'t str,
    scripts: &'t Scripts<'t>,
}

impl Look<'_> {
    fn place(&self, path: &str, line: u32) -> Location {
        Location::line(format!("{}!{path}", self.image), line)
    }

    fn at(&self, network: &ImageNetwork) -> Option<facts::Option121> {
        let (support, at, excerpt) = match network.kind {
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
        Some(facts::Option121 { network: network.kind, support, at, excerpt })
    }

    fn ipconfig(&self, network: &ImageNetwork) -> (Option121Support, Location, String) {
        let path = self.tree.program("ipconfig").unwrap_or_default();
        let strings = match self.tree.content(&path) {
            Some(Content::Elf(binary)) => binary.strings.as_slice(),
            _ => &[],
        };
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

    fn networkd(&self, network: &ImageNetwork) -> (Option121Support, Location, String) {
        for directory in ["etc/systemd/network", "usr/lib/systemd/network", "lib/systemd/network"] {
            for name in self.tree.names(directory) {
                let path = format!("{directory}/{name}");
                let text = if name.ends_with(".network") { self.tree.text(&path) } else { None };
                for (number, line) in text.unwrap_or_default().lines().enumerate() {
                    let line = line.trim();
                    if let Some(("UseRoutes", "no" | "false" | "off" | "0")) =
                        line.split_once('=').map(|(key, value)| (key.trim(), value.trim()))
                    {
                        let at = self.place(&path, u32::try_from(number + 1).unwrap_or(u32::MAX));
                        return (
                            Option121Support::No("its configuration disables the routes of leases".to_owned()),
                            at,
                            line.to_owned(),
                        );
                    }
                }
            }
        }
        (Option121Support::Yes, network.at.clone(), "systemd-networkd installs the routes of option 121".to_owned())
    }

    fn client(&self, network: &ImageNetwork) -> (Option121Support, Location, String) {
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
    fn dhclient(&self, network: &ImageNetwork) -> (Option121Support, Location, String) {
        let conf_paths = match network.kind {
            NetworkKind::InitramfsDhclient => ["etc/dhcp/dhclient.conf", "etc/dhclient.conf"],
            _ => ["etc/dhclient.conf", "etc/dhcp/dhclient.conf"],
        };
        let Some((path, text)) = conf_paths.iter().find_map(|path| Some((*path, self.tree.text(path)?))) else {
            let why =
                "dhclient requests option 121 only if dhclient.conf lists it, and the initramfs has no dhclient.conf";
            return (Option121Support::No(why.to_owned()), network.at.clone(), format!("no /{}", conf_paths[0]));
        };
        let conf = dhclient_conf(text);
        let (Some(variable), Some(_)) = (conf.variable(), conf.requested) else {
            let line = conf.declared.as_ref().map_or(0, |(_, line)| *line);
            let why = "its configuration does not request option 121".to_owned();
            let excerpt = excerpt(text, line).unwrap_or("no option with code 121 in a `request`").to_owned();
            return (Option121Support::No(why), self.place(path, line), excerpt);
        };
        self.dhclient_script(network, &variable)
    }

    fn dhclient_script(&self, network: &ImageNetwork, variable: &str) -> (Option121Support, Location, String) {
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
                    return (
                        Option121Support::Yes,
                        self.place(path, line),
                        excerpt(text, line).unwrap_or_default().to_owned(),
                    );
                }
                Option121::OneWord { variable: used, line } if used == variable => {
                    let why = "it passes all octets of option 121 to a function as one quoted word, so the function sets no route";
                    answer = Some((
                        Option121Support::No(why.to_owned()),
                        self.place(path, line),
                        excerpt(text, line).unwrap_or_default().to_owned(),
                    ));
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
    fn dhcpcd(&self, network: &ImageNetwork) -> (Option121Support, Location, String) {
        let path = "etc/dhcpcd.conf";
        let text = self.tree.text(path).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let statement = line.split('#').next().unwrap_or_default();
            let mut words = statement.split(|c: char| c.is_whitespace() || c == ',');
            if words.next() == Some("option") && words.any(|word| matches!(word, "classless_static_routes" | "121")) {
                let at = self.place(path, u32::try_from(number + 1).unwrap_or(u32::MAX));
                return (Option121Support::Yes, at, line.trim().to_owned());
            }
        }
        let why = "dhcpcd.conf in the initramfs does not request option 121, and the server may not send it without a request";
        (
            Option121Support::Unclear(why.to_owned()),
            network.at.clone(),
            "no `option classless_static_routes`".to_owned(),
        )
    }
}

/// A line of a text, counted from 1.
fn excerpt(text: &str, line: u32) -> Option<&str> {
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    text.lines().nth(index).map(str::trim)
}
