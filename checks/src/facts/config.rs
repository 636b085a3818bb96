//! Network configuration and DHCP clients of the real root.

use super::{LeaseClient, Located, Location, Manager, Problem};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// DHCP clients: how they are set up and what they were given.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Dhcp {
    /// `/etc/dhcp/dhclient.conf` (and `/etc/dhclient.conf`, per-interface ones).
    pub dhclient: Option<DhclientConf>,
    /// Exit and enter hooks that handle classless routes.
    pub hooks: Vec<DhcpHook>,
    /// Whether a dhclient is installed at all.
    pub dhclient_installed: bool,
    /// Leases found, of every client; on a mounted root, those that lie on it, and this host's where it is the same
    /// machine.
    pub leases: Vec<Lease>,
    /// Files that could not be read or parsed.
    pub problems: Vec<Problem>,
}

/// ISC dhclient's configuration (dhclient.conf(5)).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DhclientConf {
    /// Path.
    pub path: String,
    /// `timeout` in seconds; `None` is dhclient's default of 60.
    pub timeout: Option<Located<u32>>,
    /// Options asked for by `request` and `also request`; `None` when the default list is asked for.
    pub requested: Option<Located<Vec<String>>>,
    /// Whether `rfc3442-classless-static-routes` (option 121) is declared and asked for.
    pub asks_classless: bool,
    /// `interface "NAME" { … }` blocks: what they say goes before the rest for that interface.
    pub interfaces: Vec<DhclientInterface>,
}

/// A block of dhclient.conf for one interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DhclientInterface {
    /// Interface name.
    pub name: String,
    /// Where the block begins.
    pub at: Option<Location>,
    /// Its own `timeout` in seconds.
    pub timeout: Option<Located<u32>>,
    /// Its own list of options; `None` when the file's holds.
    pub requested: Option<Located<Vec<String>>>,
    /// Whether option 121 is asked for on this interface, by its own list or the file's.
    pub asks_classless: bool,
}

impl DhclientInterface {
    /// Whether it stands in the file for every interface, as a block that begins at a line: ifupdown does not use a
    /// file for one interface, `dhclient-IF.conf`, which is told as a whole.
    pub(crate) fn is_in_common_file(&self) -> bool {
        self.at.as_ref().is_some_and(|at| at.line > 0)
    }
}

/// A hook of dhclient-script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhcpHook {
    /// Where.
    pub at: Location,
    /// Whether it may run: run-parts style names only, and readable.
    pub active: bool,
    /// Whether it installs routes of option 121.
    pub installs_classless: bool,
    /// Reasons it acts on, such as `BOUND`, `REBOOT`, `RENEW`.
    pub reasons: Vec<String>,
}

/// A DHCP lease.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lease {
    /// Where it was read.
    pub at: Option<Location>,
    /// Client: `dhclient`, `dhcpcd`, `networkd`, `networkmanager`, `klibc`.
    pub client: LeaseClient,
    /// Interface name.
    pub interface: Option<String>,
    /// Interface index, where the file is named by it.
    pub index: Option<u32>,
    /// MAC address, where the lease says.
    pub mac: Option<String>,
    /// Address with prefix length.
    pub address: Option<IpNet>,
    /// Option 3.
    pub routers: Vec<IpAddr>,
    /// Option 121 (or 249): RFC 3442.
    pub classless: Option<Vec<ClasslessRoute>>,
    /// DHCP server.
    pub server: Option<IpAddr>,
    /// Option 26.
    pub mtu: Option<u32>,
    /// Lease time in seconds.
    pub lease_seconds: Option<u64>,
    /// When it ends, seconds since the epoch; `None` when not known or never.
    pub expires: Option<i64>,
}

/// One route of option 121. A gateway of 0.0.0.0 means that the destination is on the link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClasslessRoute {
    /// Destination, host bits cleared; 0.0.0.0/0 is the default route.
    pub destination: IpNet,
    /// Next hop.
    pub gateway: IpAddr,
}

/// Who configures the network of the real root, and how.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NetConfig {
    /// Every configuration found, in the order in which its manager reads it.
    #[serde(deserialize_with = "super::bounded::list::<_, _, 131072>")]
    pub interfaces: Vec<InterfaceConfig>,
    /// Managers that will start on the real root.
    pub managers: Vec<ManagerState>,
    /// What renames interfaces: udev's rules, of which the last one that fits holds, and `.link` files, which name
    /// those that no rule does.
    pub renames: Vec<Rename>,
    /// open-iscsi's udev rule or hook that keeps ifupdown off the boot NIC is on the disk.
    pub iscsi_nic_guard: Option<Location>,
    /// ifupdown2, where it is what reads `/etc/network/interfaces`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ifupdown2: Option<Ifupdown2>,
    /// Red Hat's initscripts: their script for the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initscripts: Option<Initscripts>,
    /// The script by which wicked takes over what the iBFT describes, and leaves it up for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wicked_ibft: Option<Location>,
    /// `ManageForeignRoutes=` of networkd.conf and its drop-ins.
    pub manage_foreign_routes: Option<Located<bool>>,
    /// systemd's version as its shared library's name tells (`libsystemd-shared-252.so`).
    pub systemd_version: Option<u32>,
    /// Firewalls that start with the system.
    pub firewalls: Vec<Firewall>,
    /// `net.ipv4.conf.*.rp_filter` set by sysctl.d, by interface name or `all`/`default`.
    pub rp_filter: Vec<Located<(String, u8)>>,
    /// Files that could not be read or parsed.
    pub problems: Vec<Problem>,
}

/// ifupdown2 in the place of ifupdown: it reads the same files, and does not know `no-auto-down`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ifupdown2 {
    /// Its program.
    pub at: Location,
    /// What keeps its service from taking interfaces down at shutdown: a line of `/etc/default/networking`, or the file
    /// that says that the root is on iSCSI.
    pub stays_up: Option<Located<String>>,
}

/// The script `network` of Red Hat's initscripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Initscripts {
    /// Where it is.
    pub at: Location,
    /// What makes it leave the network up when it is stopped.
    pub leaves_up: LeavesUp,
}

/// By what initscripts know a root that needs the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeavesUp {
    /// `remote-fs.target` requires the root's mount, which is so with `_netdev` in fstab.
    RemoteRoot,
    /// `_netdev` of the root in `/etc/mtab`, which is a file that mount(8) writes.
    Mtab,
    /// `_netdev` of the root in `/etc/mtab`, which is a link to what the kernel says, and the kernel knows no `_netdev`.
    KernelMounts,
    /// Something that is not known, or nothing.
    Unclear,
}

/// Whether a manager starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagerState {
    /// Which.
    pub manager: Manager,
    /// Whether its service is enabled and installed.
    pub enabled: bool,
    /// The enablement link or unit that shows it.
    pub at: Option<Location>,
}

/// One configuration of one interface (or of every interface that matches).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceConfig {
    /// Who reads it.
    pub manager: Manager,
    /// Where it stands.
    pub at: Location,
    /// Further files that add to it: drop-ins.
    pub also: Vec<Location>,
    /// Which interfaces it is for.
    pub matches: NicMatch,
    /// How the IPv4 address comes.
    pub method: Method,
    /// Static addresses.
    pub addresses: Vec<IpNet>,
    /// Static gateway, that is a default route.
    pub gateway: Option<IpAddr>,
    /// Static routes.
    pub routes: Vec<Located<StaticRoute>>,
    /// Brought up at boot: `auto`, `allow-hotplug`, `ONBOOT`, `autoconnect`.
    pub at_boot: bool,
    /// `ifdown -a` leaves it up: `no-auto-down`, or wicked's `STARTMODE=nfsroot`.
    #[serde(default)]
    pub left_up: bool,
    /// Left alone: `Unmanaged=yes`, `iface … inet manual`, `managed=0`.
    pub unmanaged: bool,
    /// Routes of option 121 are taken: `UseRoutes=`, `ignore-auto-routes`, `use-routes`.
    pub use_dhcp_routes: Option<Located<bool>>,
    /// The lease's default route is taken: `UseGateway=`, `never-default`.
    pub use_dhcp_gateway: Option<Located<bool>>,
    /// `KeepConfiguration=` or netplan's `critical`, as written.
    pub keep: Option<Located<String>>,
    /// Metric of routes that DHCP brings.
    pub metric: Option<Located<u32>>,
    /// Commands of ifupdown's `up`, `post-up`, `pre-up`, `down`.
    pub commands: Vec<Located<String>>,
    /// MTU set.
    pub mtu: Option<Located<u32>>,
    /// netplan's renderer: `networkd` or `NetworkManager`.
    pub renderer: Option<String>,
    /// Written by a program (cloud-init, netplan generate), which may write it anew.
    pub generated_by: Option<String>,
    /// Interfaces below, of a bond, bridge or VLAN: their names, or the MAC addresses by which netplan alone finds them.
    pub lower: Vec<String>,
    /// What it makes its own NIC a port of: the name of a bond, bridge, team or VRF, or the UUID of a profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_of: Option<Located<String>>,
    /// It brings the ports of its own interface up, whatever they do meanwhile: `autoconnect-slaves`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brings_ports_up: bool,
    /// VLAN id.
    pub vlan: Option<u16>,
    /// Renames the interface to this (`set-name`).
    pub set_name: Option<Located<String>>,
    /// Whether the boot goes on without it: `optional: true`, `RequiredForOnline=no`, `allow-hotplug`.
    pub optional: bool,
    /// Why its manager does nothing for it, and where: it refuses what stands there, or gives up on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<Located<String>>,
    /// NetworkManager leaves the file to initscripts: `NM_CONTROLLED=no`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_initscripts: bool,
}

impl InterfaceConfig {
    /// An empty configuration at a place; parsers fill in what is said.
    pub fn new(manager: Manager, at: Location) -> Self {
        Self {
            manager,
            at,
            also: Vec::new(),
            matches: NicMatch::default(),
            method: Method::Unset,
            addresses: Vec::new(),
            gateway: None,
            routes: Vec::new(),
            at_boot: true,
            left_up: false,
            unmanaged: false,
            use_dhcp_routes: None,
            use_dhcp_gateway: None,
            keep: None,
            metric: None,
            commands: Vec::new(),
            mtu: None,
            renderer: None,
            generated_by: None,
            lower: Vec::new(),
            port_of: None,
            brings_ports_up: false,
            vlan: None,
            set_name: None,
            optional: false,
            given_up: None,
            by_initscripts: false,
        }
    }
}

/// Which interfaces a configuration is for. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NicMatch {
    /// Names or globs; a leading `!` excludes. Empty: any name.
    pub names: Vec<String>,
    /// MAC addresses, lower case. Empty: any.
    pub macs: Vec<String>,
    /// Drivers or globs. Empty: any.
    pub drivers: Vec<String>,
    /// Types, such as `ether`. Empty: any.
    pub types: Vec<String>,
    /// Other conditions that could not be evaluated, as written.
    pub other: Vec<String>,
}

impl NicMatch {
    /// The one name that it asks for; `None` where it asks for none, for several, or for a pattern.
    pub fn only_name(&self) -> Option<&str> {
        only(&self.names)
    }

    /// The one MAC address that it asks for.
    pub fn only_mac(&self) -> Option<&str> {
        only(&self.macs)
    }

    /// Whether it is for one NIC alone.
    pub fn is_for_one(&self) -> bool {
        self.only_name().or(self.only_mac()).is_some()
    }
}

/// The slash is of ifupdown's patterns (`mac/…`), and of no interface's name.
fn only(wanted: &[String]) -> Option<&str> {
    match wanted {
        [one] if !one.contains(['*', '?', '[', '!', '/']) => Some(one),
        _ => None,
    }
}

/// How an IPv4 address comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// By DHCP.
    Dhcp,
    /// As written.
    Static,
    /// Brought up without address, or left alone.
    Manual,
    /// Switched off.
    Disabled,
    /// Loopback.
    Loopback,
    /// Not said.
    Unset,
}

/// A static route of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaticRoute {
    /// Destination.
    pub destination: IpNet,
    /// Next hop; `None` is on the link.
    pub gateway: Option<IpAddr>,
    /// Metric.
    pub metric: Option<u32>,
}

/// Something that gives an interface its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    /// Where.
    pub at: Location,
    /// Which interfaces.
    pub matches: NicMatch,
    /// New name, or naming policy, or `NAME=…` where a rule puts one together.
    pub name: String,
}

/// A firewall that starts with the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firewall {
    /// `ufw`, `nftables`, `iptables`, `firewalld`.
    pub kind: String,
    /// The file or link that shows that it starts.
    pub at: Location,
    /// Default verdict for packets that leave, `accept` when nothing is said.
    pub output_policy: String,
    /// Default verdict for packets that arrive.
    pub input_policy: String,
    /// Replies of connections that stand are let in, by a rule or by the policy.
    pub established_in: bool,
    /// Packets to a portal's port are let out, by a rule for TCP 3260, for all, or by policy.
    pub portal_out: bool,
    /// The line that decides, as evidence.
    pub deciding: Option<Located<String>>,
    /// What may decide otherwise over one of the two, and could not be judged or read: rules, files.
    pub unclear: Vec<String>,
}
