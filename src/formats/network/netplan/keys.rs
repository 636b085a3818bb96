//! The keys that netplan takes, and what their values have to be: the tables of handlers in its parse.c (0.106), and the
//! keys that came later, to 1.2.

/// What a value has to be.
#[derive(Debug)]
pub(super) enum Shape {
    /// A boolean in any of YAML 1.1's words.
    Truth,
    /// A whole number of 32 bits.
    Number,
    /// A scalar.
    Word,
    /// One of these words.
    Of(&'static [&'static str]),
    /// One of these words, in letters of any case.
    Like(&'static [&'static str]),
    /// The name of something.
    Id,
    /// A hardware address.
    Mac,
    /// An address of IPv4.
    Ip4,
    /// An address of IPv6.
    Ip6,
    /// An address.
    Ip,
    /// An address, with or without something behind a `/`.
    Net,
    /// `default`, or an address as above.
    Destination,
    /// An address with the length of its prefix, or a mapping of one to its options.
    Address,
    /// A driver, or a list of them.
    Drivers,
    /// A list of such values.
    List(&'static Shape),
    /// A mapping with these keys and no other ones.
    Map(&'static [Key]),
    /// Any mapping.
    Mapping,
    /// Only later versions than 0.106 have the key; what they take is not looked at.
    Later,
    /// Not looked at.
    Any,
}

use Shape::{
    Address, Any, Destination, Drivers, Id, Ip, Ip4, Ip6, Later, Like, List, Mac, Map, Mapping, Net, Number, Of, Truth,
    Word,
};

/// A key, and what its value has to be.
type Key = (&'static str, Shape);

pub(super) const RENDERERS: Shape = Of(&["networkd", "NetworkManager"]);

/// The options of an address.
pub(super) const ADDRESS_OPTIONS: Shape = Map(&[("label", Word), ("lifetime", Like(&["0", "forever"]))]);

const ROUTE: &[Key] = &[
    ("advertised-mss", Later),
    ("advertised-receive-window", Number),
    ("congestion-window", Number),
    ("from", Net),
    ("metric", Number),
    ("mtu", Number),
    ("on-link", Truth),
    ("scope", Like(&["global", "link", "host"])),
    ("table", Number),
    ("to", Destination),
    (
        "type",
        Like(&[
            "unicast",
            "anycast",
            "blackhole",
            "broadcast",
            "local",
            "multicast",
            "nat",
            "prohibit",
            "throw",
            "unreachable",
            "xresolve",
        ]),
    ),
    ("via", Net),
];

const RULE: &[Key] = &[
    ("from", Net),
    ("mark", Number),
    ("priority", Number),
    ("table", Number),
    ("to", Net),
    ("type-of-service", Number),
];

const OVERRIDES: &[Key] = &[
    ("hostname", Word),
    ("route-metric", Number),
    ("send-hostname", Truth),
    ("use-dns", Truth),
    ("use-domains", Word),
    ("use-hostname", Truth),
    ("use-mtu", Truth),
    ("use-ntp", Truth),
    ("use-routes", Truth),
];

/// Keys of every group (COMMON_LINK_HANDLERS and COMMON_BACKEND_HANDLERS).
const COMMON: &[Key] = &[
    ("accept-ra", Truth),
    ("activation-mode", Of(&["manual", "off"])),
    ("addresses", List(&Address)),
    ("critical", Truth),
    ("dhcp-identifier", Like(&["duid", "mac"])),
    ("dhcp4", Truth),
    ("dhcp4-overrides", Map(OVERRIDES)),
    ("dhcp6", Truth),
    ("dhcp6-overrides", Map(OVERRIDES)),
    ("gateway4", Ip4),
    ("gateway6", Ip6),
    ("hairpin", Later),
    ("ignore-carrier", Truth),
    ("ipv6-address-generation", Of(&["eui64", "stable-privacy"])),
    ("ipv6-address-token", Ip6),
    ("ipv6-mtu", Number),
    ("ipv6-privacy", Truth),
    ("link-local", List(&Like(&["ipv4", "ipv6"]))),
    ("macaddress", Mac),
    ("mtu", Number),
    ("nameservers", Map(&[("addresses", List(&Ip)), ("search", List(&Word))])),
    ("neigh-suppress", Truth),
    (
        "networkmanager",
        Map(&[("device", Word), ("name", Word), ("passthrough", Mapping), ("stable-id", Word), ("uuid", Word)]),
    ),
    ("openvswitch", Any),
    ("optional", Truth),
    ("optional-addresses", List(&Like(&["ipv4-ll", "ipv6-ra", "dhcp4", "dhcp6", "static"]))),
    ("port-mac-learning", Later),
    ("ra-overrides", Later),
    ("renderer", RENDERERS),
    ("routes", List(&Map(ROUTE))),
    ("routing-policy", List(&Map(RULE))),
];

/// Keys of hardware (PHYSICAL_LINK_HANDLERS) and of `ethernets:` alone.
const OF_ETHERNETS: &[Key] = &[
    ("auth", Mapping),
    ("delay-virtual-functions-rebind", Truth),
    ("embedded-switch-mode", Of(&["switchdev", "legacy"])),
    ("emit-lldp", Truth),
    ("generic-receive-offload", Truth),
    ("generic-segmentation-offload", Truth),
    ("infiniband-mode", Of(&["datagram", "connected"])),
    ("large-receive-offload", Truth),
    ("link", Word),
    ("match", Map(&[("driver", Drivers), ("macaddress", Mac), ("name", Id)])),
    ("receive-checksum-offload", Truth),
    ("set-name", Word),
    ("tcp-segmentation-offload", Truth),
    ("tcp6-segmentation-offload", Truth),
    ("transmit-checksum-offload", Truth),
    ("virtual-function-count", Number),
    ("wakeonlan", Truth),
    ("wakeonwlan", List(&Word)),
];

const OF_BONDS: &[Key] = &[
    ("interfaces", List(&Word)),
    (
        "parameters",
        Map(&[
            ("ad-select", Word),
            ("all-members-active", Truth),
            ("all-slaves-active", Truth),
            ("arp-all-targets", Word),
            ("arp-interval", Word),
            ("arp-ip-targets", List(&Ip4)),
            ("arp-validate", Word),
            ("down-delay", Word),
            ("fail-over-mac-policy", Word),
            ("gratuitious-arp", Number),
            ("gratuitous-arp", Number),
            ("lacp-rate", Word),
            ("learn-packet-interval", Word),
            ("mii-monitor-interval", Word),
            ("min-links", Number),
            (
                "mode",
                Of(&[
                    "balance-rr",
                    "active-backup",
                    "balance-xor",
                    "broadcast",
                    "802.3ad",
                    "balance-tlb",
                    "balance-alb",
                    "balance-tcp",
                    "balance-slb",
                ]),
            ),
            ("packets-per-member", Number),
            ("packets-per-slave", Number),
            ("primary", Word),
            ("primary-reselect-policy", Word),
            ("resend-igmp", Number),
            ("transmit-hash-policy", Word),
            ("up-delay", Word),
        ]),
    ),
];

const OF_BRIDGES: &[Key] = &[
    ("interfaces", List(&Word)),
    (
        "parameters",
        Map(&[
            ("ageing-time", Word),
            ("aging-time", Word),
            ("forward-delay", Word),
            ("hello-time", Word),
            ("max-age", Word),
            ("path-cost", Mapping),
            ("port-priority", Mapping),
            ("priority", Number),
            ("stp", Truth),
        ]),
    ),
];

const OF_VLANS: &[Key] = &[("id", Number), ("link", Word)];

const OF_VRFS: &[Key] = &[("interfaces", List(&Word)), ("table", Number)];

/// Groups of definitions. Of those without a table only the common keys are looked at.
const GROUPS: [(&str, Option<&[Key]>); 9] = [
    ("bonds", Some(OF_BONDS)),
    ("bridges", Some(OF_BRIDGES)),
    ("ethernets", Some(OF_ETHERNETS)),
    ("modems", None),
    ("nm-devices", None),
    ("tunnels", None),
    ("vlans", Some(OF_VLANS)),
    ("vrfs", Some(OF_VRFS)),
    ("wifis", None),
];

/// Groups that only later versions than 0.106 have.
const LATER_GROUPS: [&str; 2] = ["dummy-devices", "virtual-ethernets"];

/// Keys that the definitions of a group must have.
const NEEDED: [(&str, &str); 4] = [("vlans", "link"), ("vlans", "id"), ("vrfs", "table"), ("wifis", "access-points")];

/// Whether versions of netplan have a group of definitions.
pub(super) enum Known {
    All,
    Later,
    None,
}

pub(super) fn group(name: &str) -> Known {
    match name {
        _ if LATER_GROUPS.contains(&name) => Known::Later,
        _ if GROUPS.iter().any(|(known, _)| *known == name) => Known::All,
        _ => Known::None,
    }
}

/// What the value of a key has to be in a group; `None` where the group has no such key.
pub(super) fn shape(group: &str, key: &str) -> Option<&'static Shape> {
    let own = GROUPS.iter().find(|(known, _)| *known == group).and_then(|(_, keys)| *keys);
    let of = |keys: &'static [Key]| keys.iter().find(|(known, _)| *known == key).map(|(_, shape)| shape);
    of(COMMON).or_else(|| own.map_or(Some(&Any), of))
}

/// The keys that a definition of a group must have.
pub(super) fn needed(group: &str) -> impl Iterator<Item = &'static str> {
    NEEDED.iter().filter(move |(of, _)| *of == group).map(|(_, key)| *key)
}
