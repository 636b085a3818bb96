//! What ifupdown itself refuses, and what it gives up on (0.8.41: config.c, inet.defn, execute.c).
//!
//! A line that it does not take ends the reading: of `/etc/network/interfaces` nothing is left, of a file that is read in
//! what stands before. A command of a stanza that fails makes `ifup` give up on the interface, which is then held to be
//! down, so that `ifdown -a` leaves it alone.

use super::file::{Iface, IfaceOption, Item, Stanza};
use crate::formats::text::harmless::wrong_value;
use crate::formats::text::net::prefix;
use ipnet::{IpNet, Ipv4Net};
use isctpl_checks::facts::Located;
use std::net::IpAddr;

/// Its families of addresses.
const FAMILIES: [&str; 6] = ["inet", "inet6", "can", "ipx", "link", "meta"];

/// Characters by which a shell takes a value for more than a word.
const OF_SHELL: [char; 18] =
    ['$', '`', ';', '&', '|', '<', '>', '(', ')', '{', '}', '\\', '"', '\'', '*', '?', '[', '~'];

/// Why it refuses the line of an `iface`, from its name on. A family or a method that only a later version may have is
/// not refused.
pub(super) fn of_iface(rest: &str) -> Option<&'static str> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words.as_slice() {
        [] => Some("the stanza has no interface name"),
        [_] => Some("the stanza has neither an address family nor `inherits`"),
        [_, "inherits"] | [_, _, "inherits"] | [_, _, _, "inherits"] => Some("`inherits` has no name"),
        [_, family] if FAMILIES.contains(family) => Some("the stanza has neither a method nor `inherits`"),
        _ => None,
    }
}

/// What of a stanza a later version may have, and ifupdown refuses the whole file for where it does not.
pub(super) fn doubt(iface: &Iface) -> Option<String> {
    const METHODS: [&str; 9] = ["loopback", "static", "manual", "dhcp", "bootp", "tunnel", "ppp", "wvdial", "ipv4ll"];
    const METHODS_OF_INET6: [&str; 7] = ["auto", "loopback", "static", "manual", "dhcp", "v4tunnel", "6to4"];
    let (what, name) = match (iface.family.as_deref(), iface.method.as_deref()) {
        _ if iface.template => ("keyword", "template"),
        (Some(family), _) if !FAMILIES.contains(&family) => ("address family", family),
        (Some("inet"), Some(method)) if !METHODS.contains(&method) => ("method", method),
        (Some("inet6"), Some(method)) if !METHODS_OF_INET6.contains(&method) => ("method", method),
        _ => return None,
    };
    Some(format!(
        "`{}` is no {what} that isctpl knows, and ifupdown refuses a file for what it does not know",
        wrong_value(name)
    ))
}

/// Why it refuses a line that is no `iface`; `open` where a stanza is, `last` is what the file held last.
pub(super) fn of_other_line(open: bool, last: Option<&Item>, word: &str, rest: &str) -> Option<&'static str> {
    let keywords = ["auto", "mapping", "source", "rename", "no-auto-down", "no-scripts", "template", "vlan"];
    if keywords.contains(&word) || word.starts_with("source-dir") || word.starts_with("allow-") {
        return None;
    }
    match last {
        _ if !open => Some("an option stands outside of a stanza"),
        Some(Item::Stanza(Stanza::Mapping { .. })) => {
            (!matches!(word, "script" | "map")).then_some("a mapping has only `script` and `map`")
        }
        _ => rest.is_empty().then_some("an option has no value"),
    }
}

/// The address of a stanza whose first one has a `/`: there ifupdown cuts its values, the further ones included, and takes
/// what follows for a mask, or the number at its beginning for a length; one that no address can have is 0 to it.
pub(super) fn with_length(options: &[&IfaceOption]) -> Option<Ipv4Net> {
    let first = options.iter().find(|option| option.name == "address")?;
    let (address, rest) = first.value.split_once('/')?;
    let digits = rest.get(..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()))?;
    let number = || (!digits.is_empty()).then(|| digits.parse().ok().filter(|length| *length <= 32).unwrap_or(0));
    Ipv4Net::new(address.parse().ok()?, prefix(rest).or_else(number)?).ok()
}

/// Why `ifup` gives up on a stanza with a static address; `None` where it does not, or where only a shell could tell.
/// `is_whole`: what it inherits is among the options.
pub(super) fn gives_up(iface: &Iface, options: &[&IfaceOption], is_whole: bool) -> Option<Located<String>> {
    let of = |name: &str| options.iter().filter(|option| option.name == name).copied().collect::<Vec<_>>();
    let because = |option: &IfaceOption, what: &str| {
        Some(Located::new(format!("`{}` {what}", wrong_value(&option.value)), option.at.clone()))
    };
    // It hands on all values of an option, a line each, and the shell takes every line for a command.
    let is_cut = with_length(options).is_some();
    for name in ["address", "netmask", "gateway", "mtu"] {
        if let [_, second, ..] = of(name).as_slice()
            && !(is_cut && name == "address")
        {
            return Some(Located::new(format!("`{name}` stands there twice"), second.at.clone()));
        }
    }
    let (addresses, netmasks) = (of("address"), of("netmask"));
    let address = match addresses.as_slice() {
        [] if !is_whole => return None,
        [] => return Some(Located::new("the stanza has no address".to_owned(), iface.at.clone())),
        [address, ..] => *address,
    };
    if !is_cut
        && let Some(words) =
            words_of(address).filter(|words| !matches!(words.as_slice(), [word] if may_be_address(word)))
    {
        return because(address, if words.len() > 1 { "is more than an address" } else { "is not an address" });
    }
    if let [netmask] = netmasks.as_slice()
        && let Some(words) = words_of(netmask)
        && !matches!(words.as_slice(), [word] if !word.starts_with('/') && (prefix(word).is_some() || may_be_address(word)))
    {
        return because(netmask, "is not a netmask");
    }
    if let [mtu] = of("mtu").as_slice()
        && let Some([word]) = words_of(mtu).as_deref()
        && !word.starts_with(|c: char| c.is_ascii_digit())
    {
        return because(mtu, "is not an MTU");
    }
    if let [gateway] = of("gateway").as_slice()
        && let Some([word]) = words_of(gateway).as_deref()
        && !may_be_address(word)
    {
        return because(gateway, "is not an address");
    }
    None
}

/// Whether `ip` may take it: it reads octets of any base, fewer than four of them, and a mask in place of a length
/// (iproute2, `lib/utils.c`, get_addr_ipv4).
fn may_be_address(text: &str) -> bool {
    let is_octet = |octet: &str| match octet.strip_prefix("0x").or(octet.strip_prefix("0X")) {
        Some(hex) => !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !octet.is_empty() && octet.bytes().all(|byte| byte.is_ascii_digit()),
    };
    let is_dotted = |text: &str| text.split('.').count() <= 4 && text.split('.').all(is_octet);
    let (address, length) = text.split_once('/').unwrap_or((text, "0"));
    text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok() || is_dotted(address) && is_dotted(length)
}

/// The words that a value puts into a command, the `#` of a comment with them; `None` where a shell makes something else
/// of it.
fn words_of(option: &IfaceOption) -> Option<Vec<&str>> {
    let words: Vec<&str> = option.value.split_whitespace().collect();
    let before_comment = words.iter().take_while(|word| !word.starts_with('#'));
    (!before_comment.clone().any(|word| word.contains(OF_SHELL))).then_some(words)
}
