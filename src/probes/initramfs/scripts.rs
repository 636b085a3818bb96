//! What the scripts that run in an image read and do.

use super::content::Content;
use super::tree::Tree;
use crate::formats::shell::initramfs_script::{Action, Found, Script, scan};
use crate::formats::shell::is_run_by_shell;
use crate::probes::files::Files;
use isctpl_checks::facts::{
    EntryKind, ImageLogin, ImageNetwork, Located, Location, LoginKind, NetworkKind, Problem, TokenReader,
};
use isctpl_checks::readers::network_legacy::SAYS;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// Words of the command line that tell what a generator of network configuration reads.
pub(super) const GENERATOR_STRINGS: &[&str] =
    &["rd.route", "BOOTIF", "rd.iscsi.ibft", "nameserver", "rd.bootif", "bootdev", "vlan", "ifname"];

/// Where iscsistart keeps its database since open-iscsi 2.1.10.
const DATABASE: &str = "/var/lib/iscsi";

/// Strings that tell where an iscsistart keeps its database.
pub(super) const ISCSISTART_STRINGS: &[&str] = &[DATABASE];

/// Programs that turn the command line into configuration, and what they read in every version.
const GENERATORS: &[(&str, NetworkKind)] = &[
    ("usr/lib/systemd/systemd-network-generator", NetworkKind::Networkd),
    ("usr/libexec/nm-initrd-generator", NetworkKind::NetworkManager),
    ("usr/lib/nm-initrd-generator", NetworkKind::NetworkManager),
    ("usr/lib/NetworkManager/nm-initrd-generator", NetworkKind::NetworkManager),
];

/// The most that is found in all scripts of an image together; an ordinary one has some hundred.
const FOUND: usize = 100_000;

/// The scripts of an image that run.
pub(super) struct Scripts<'t> {
    tree: &'t Tree,
    scanned: Vec<(&'t str, Rc<Script>)>,
    mentions: BTreeSet<String>,
    /// Whether scripts were left out, because there is too much in them.
    pub(super) incomplete: bool,
    /// What kept scripts from being read to their end.
    pub(super) unread: Vec<Problem>,
}

impl<'t> Scripts<'t> {
    /// Scans the scripts that run.
    pub(super) fn scan(tree: &'t Tree) -> Self {
        let mut scripts =
            Self { tree, scanned: Vec::new(), mentions: BTreeSet::new(), incomplete: false, unread: Vec::new() };
        let mut orders = HashMap::new();
        // Hard links of one script are read once.
        let mut known: HashMap<*const u8, Rc<Script>> = HashMap::new();
        let mut found = 0;
        for (path, text) in tree.texts() {
            if !runs(tree, path, &mut orders) {
                continue;
            }
            let script = known.entry(text.as_ptr()).or_insert_with(|| {
                let mut script = scan(text);
                scripts.mentions.append(&mut script.mentions);
                Rc::new(script)
            });
            if let Some((line, what)) = script.unread.filter(|_| is_of_shell(text)) {
                scripts.unread.push(Problem::new(scripts.place(path, line).to_string(), what));
            }
            found += 1 + script.tokens.len() + script.actions.len();
            if found > FOUND {
                scripts.incomplete = true;
                break;
            }
            scripts.scanned.push((path, Rc::clone(script)));
        }
        scripts
    }

    /// Paths and texts of the scripts that run.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'t str, &'t str)> + '_ {
        self.scanned.iter().filter_map(|(path, _)| Some((*path, self.tree.text(path)?)))
    }

    fn place(&self, path: &str, line: u32) -> Location {
        Location::line(self.tree.name(path), line)
    }

    /// Whether it happens: outside of functions, or in one that is named somewhere.
    fn happens<T>(&self, found: &Found<T>) -> bool {
        found.function.as_ref().is_none_or(|function| self.mentions.contains(function))
    }

    /// Which script reads which word of the command line.
    pub(super) fn readers(&self) -> Vec<TokenReader> {
        let mut readers: Vec<TokenReader> = Vec::new();
        for (path, script) in &self.scanned {
            for found in script.tokens.iter().filter(|found| self.happens(found)) {
                readers.push(TokenReader { token: found.what.clone(), at: self.place(path, found.line) });
            }
        }
        for (path, kind) in GENERATORS {
            let Some(Content::Elf(binary)) = self.tree.content(path) else { continue };
            let at = self.place(path, 0);
            let mut read = |token: &str| readers.push(TokenReader { token: token.to_owned(), at: at.clone() });
            read("ip");
            for string in &binary.strings {
                read(string);
            }
            // NetworkManager's generator has an iBFT reader of its own; systemd's takes `ip=ibft` for
            // a kind of configuration that brings up nothing.
            if *kind == NetworkKind::NetworkManager && binary.strings.contains(&"rd.iscsi.ibft") {
                read("ip=ibft");
            }
        }
        readers.sort_by(|left, right| (&left.token, &left.at).cmp(&(&right.token, &right.at)));
        readers.dedup();
        readers
    }

    /// Commands of the scripts that happen, in the order of paths.
    pub(super) fn actions(&self) -> impl Iterator<Item = (Action, &'t str, u32)> + '_ {
        self.scanned.iter().flat_map(move |(path, script)| {
            script.actions.iter().filter(|found| self.happens(found)).map(move |found| (found.what, *path, found.line))
        })
    }

    /// What brings up the network, each way once.
    pub(super) fn network(&self) -> Vec<ImageNetwork> {
        let mut network: Vec<ImageNetwork> = Vec::new();
        let mut add = |kind, at| {
            if !network.iter().any(|known| known.kind == kind) {
                network.push(ImageNetwork { kind, at });
            }
        };
        for (action, path, line) in self.actions() {
            let Some((kind, program)) = network_kind(action, path) else { continue };
            if self.tree.program(program).is_some() {
                add(kind, self.place(path, line));
            }
        }
        let networkd = ["usr/lib/systemd/systemd-networkd", "lib/systemd/systemd-networkd"];
        if let Some(path) = networkd.iter().find_map(|path| self.tree.resolve(path)) {
            add(NetworkKind::Networkd, self.place(&path, 0));
        }
        if let Some(path) = self.tree.program("NetworkManager") {
            add(NetworkKind::NetworkManager, self.place(&path, 0));
        }
        network
    }

    /// Lines of dracut's scripts that end the boot at a word of the command line: what they say. Of initramfs-tools'
    /// those at which a script ends where ipconfig has brought up nothing: a file is read in that it has not written.
    pub(super) fn refusals(&self) -> Vec<Located<String>> {
        let mut found = Vec::new();
        if let Some((path, _)) = self.scanned.iter().find(|(path, _)| *path == "scripts/functions") {
            let lines = (1..).zip(self.tree.text(path).unwrap_or_default().lines());
            let ends = lines.filter(|(_, line)| line.trim() == READS_WHAT_IPCONFIG_WROTE).take(1);
            found.extend(ends.map(|(number, line)| Located::new(line.trim().to_owned(), self.place(path, number))));
        }
        for (path, _) in self.scanned.iter().filter(|(path, _)| path.contains("hooks/cmdline/") || is_net_lib(path)) {
            for (number, line) in (1..).zip(self.tree.text(path).unwrap_or_default().lines()) {
                let says = SAYS.iter().find(|says| line.contains("die ") && line.contains(**says));
                found.extend(says.map(|says| Located::new((*says).to_owned(), self.place(path, number))));
            }
        }
        found.truncate(SAYS.len());
        found
    }

    /// A call of awk's `and()` where the image's awk does not have it, with that awk's path.
    pub(super) fn awk_without_and(&self) -> Option<Located<String>> {
        let awk = self.tree.program("awk")?;
        let name = awk.rsplit('/').next()?;
        if !AWK_WITHOUT_AND.contains(&name) {
            return None;
        }
        let (_, path, line) = self.actions().find(|(action, _, _)| *action == Action::AwkAnd)?;
        Some(Located::new(awk, self.place(path, line)))
    }

    /// The place of iscsistart's database, where the image has nowhere for it: iscsistart makes that folder
    /// itself, but not the one above.
    pub(super) fn login_database_unplaced(&self) -> Option<Located<String>> {
        let Some(Content::Elf(binary)) = self.tree.content(&self.tree.program("iscsistart")?) else { return None };
        let (above, _) = DATABASE.rsplit_once('/')?;
        let makes = |line: &str| {
            let mut words = line.split_whitespace();
            words.any(|word| word == "mkdir") && words.any(|word| word.starts_with(above))
        };
        let made = self.scanned.iter().filter_map(|(path, _)| self.tree.text(path)).flat_map(str::lines).any(makes);
        if !binary.strings.contains(&DATABASE) || self.tree.resolve(above).is_some() || made {
            return None;
        }
        let (_, path, line) = self.actions().find(|(action, _, _)| *action == Action::IscsistartLogin)?;
        Some(Located::new(DATABASE.to_owned(), self.place(path, line)))
    }

    /// What logs in, each way once for each script.
    pub(super) fn login(&self) -> Vec<ImageLogin> {
        let mut login: Vec<ImageLogin> = Vec::new();
        let dracut = is_dracut(self.tree);
        for (action, path, line) in self.actions() {
            let kind = match action {
                Action::IscsistartLogin if is_initramfs_tools(path) || !dracut => LoginKind::Iscsistart,
                Action::IscsistartLogin => LoginKind::DracutIscsistart,
                Action::IscsiadmLogin => LoginKind::DracutIscsid,
                _ => continue,
            };
            let at = self.place(path, line);
            // The commands of one script follow one another.
            let of_script = login.iter().rev().take_while(|known| known.at.path == at.path);
            if !of_script.into_iter().any(|known| known.kind == kind) {
                login.push(ImageLogin { kind, at });
            }
        }
        login
    }
}

/// Whether a text is a shell's: one without an interpreter is read in by those that have one.
fn is_of_shell(text: &str) -> bool {
    text.lines().next().and_then(|line| line.strip_prefix("#!")).is_none_or(is_run_by_shell)
}

/// The line of `configure_networking` before initramfs-tools 0.148.
const READS_WHAT_IPCONFIG_WROTE: &str = ". /run/net-*.conf";

/// Names of the versions of awk that have no `and()`.
const AWK_WITHOUT_AND: &[&str] = &["mawk", "original-awk", "nawk"];

/// The way of bringing up a network that a command belongs to, and the command's program.
fn network_kind(action: Action, path: &str) -> Option<(NetworkKind, &'static str)> {
    let dhcp = if is_initramfs_tools(path) { NetworkKind::InitramfsDhclient } else { NetworkKind::DracutLegacy };
    match action {
        Action::Ipconfig => Some((NetworkKind::Ipconfig, "ipconfig")),
        Action::IscsistartNetwork => Some((NetworkKind::IscsistartN, "iscsistart")),
        Action::Dhclient => Some((dhcp, "dhclient")),
        Action::Dhcpcd => Some((dhcp, "dhcpcd")),
        Action::Udhcpc => Some((dhcp, "udhcpc")),
        Action::AwkAnd | Action::IscsistartLogin | Action::IscsiadmLogin => None,
    }
}

pub(super) fn is_initramfs_tools(path: &str) -> bool {
    path == "init" || path.starts_with("scripts/")
}

/// Whether a path is that of dracut's functions for networks.
fn is_net_lib(path: &str) -> bool {
    matches!(path, "lib/net-lib.sh" | "usr/lib/net-lib.sh")
}

pub(super) fn is_dracut(tree: &Tree) -> bool {
    ["usr/lib/dracut-lib.sh", "lib/dracut-lib.sh"].iter().any(|path| tree.is_file(path))
}

/// The scripts that a stage's ORDER names; `None` where it has none.
fn order_of<'t>(tree: &'t Tree, stage: &str) -> Option<HashSet<&'t str>> {
    let first = |line: &'t str| line.split_whitespace().next().map(|word| word.trim_start_matches('/'));
    Some(tree.text(&format!("scripts/{stage}/ORDER"))?.lines().filter_map(first).collect())
}

/// Whether a text is a script that runs in the image, by where it lies. `orders` keeps what [`order_of`] found.
fn runs<'t>(tree: &'t Tree, path: &str, orders: &mut HashMap<String, Option<HashSet<&'t str>>>) -> bool {
    const LEFTOVERS: &[&str] = &["~", ".bak", ".orig", ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".rpmsave", ".rpmnew"];
    // Rules of udev are no scripts.
    if path.ends_with(".rules") || LEFTOVERS.iter().any(|ending| path.ends_with(ending)) {
        return false;
    }
    if let Some(rest) = path.strip_prefix("scripts/") {
        return match rest.split_once('/') {
            None => true,
            Some((_, "ORDER")) => false,
            // Of a stage's scripts those run that its ORDER names; without one, all that may be executed.
            Some((stage, _)) => match orders.entry(stage.to_owned()).or_insert_with(|| order_of(tree, stage)) {
                Some(order) => order.contains(path),
                None => matches!(tree.node(path).map(|node| &node.kind), Some(EntryKind::Program(_))),
            },
        };
    }
    if ["usr/lib/dracut/hooks/", "lib/dracut/hooks/", "var/lib/dracut/hooks/"]
        .iter()
        .any(|hooks| path.starts_with(hooks))
    {
        return path.ends_with(".sh");
    }
    const DIRECTORIES: &[&str] = &[
        "bin/",
        "sbin/",
        "usr/bin/",
        "usr/sbin/",
        "usr/local/bin/",
        "usr/local/sbin/",
        "usr/libexec/",
        "usr/lib/dhcpcd/",
        "usr/lib/dracut/",
        "usr/lib/open-iscsi/",
        "lib/open-iscsi/",
        "usr/lib/systemd/system-generators/",
        "usr/lib/udev/",
        "lib/udev/",
        "etc/dhcp/",
        "etc/udhcpc/",
        "usr/share/udhcpc/",
    ];
    let script = |ending: &str| path.ends_with(ending);
    path == "init"
        || DIRECTORIES.iter().any(|directory| path.starts_with(directory) && !script(".conf") && !script(".txt"))
        // Libraries of dracut lie directly in /lib.
        || (script(".sh") && matches!(path.rsplit_once('/'), Some(("usr/lib" | "lib", _))))
}
