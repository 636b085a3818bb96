//! A SAN URI of iSCSI: `iscsi:SERVER:PROTOCOL:PORT:LUN:TARGET` (RFC 4173 section 5), as iPXE reads it
//! (`parse_uri` of `src/core/uri.c`, `iscsi_parse_root_path` of `src/net/tcp/iscsi.c`, `scsi_parse_lun` of
//! `src/drivers/block/scsi.c`).

use crate::formats::iscsi::credentials::is_iscsi_name;
use isctpl_checks::facts::ISCSI_PORT;
use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, SocketAddr};

/// Where a LUN is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SanUri {
    /// An address, an IPv6 one in brackets, or a name that iPXE resolves.
    pub(crate) server: String,
    /// TCP port.
    pub(crate) port: u16,
    /// The four levels of the LUN's number (SAM-5 section 4.7), the first one first.
    pub(crate) levels: [u16; 4],
    /// The target's iSCSI name.
    pub(crate) target: String,
}

/// Why a text is no such URI to iPXE.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UriFault {
    /// Another kind of URI.
    #[error("it does not begin with `iscsi:`")]
    Scheme,
    /// `iscsi://` and such.
    #[error("iPXE takes `iscsi:/` for a path; write iscsi:SERVER:PROTOCOL:PORT:LUN:TARGET, without a slash")]
    Slash,
    /// Fewer than five fields.
    #[error("it has {0} of 5 fields; write iscsi:SERVER:PROTOCOL:PORT:LUN:TARGET, where the middle three may be empty")]
    Short(usize),
    /// No server.
    #[error("the first field, the target's address, is empty")]
    Server,
    /// A LUN that is none.
    #[error(
        "the fourth field, the LUN, is `{0}`; it is hexadecimal, such as 2F for 47, or four such numbers with `-` between them, or empty for 0"
    )]
    Lun(String),
}

/// What iPXE takes, and reads otherwise than it was meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UriDoubt {
    /// A port that is none.
    #[error(
        "iPXE takes the third field, `{0}`, for another TCP port than stands there: write a number from 1 to 65535, or nothing for 3260"
    )]
    Port(String),
    /// A level of the LUN's number that is larger than it can be.
    #[error("iPXE cuts the fourth field, `{0}`, to its last four digits, and so takes another LUN")]
    Lun(String),
    /// A target whose name is none.
    #[error(
        "the fifth field, the target name, is `{0}`, which is no iSCSI name (iqn., eui. or naa.); an IPv6 address of the server stands in brackets"
    )]
    Target(String),
}

impl SanUri {
    /// The URI of a LUN. Its number is that of Linux, which keeps the levels as they are sent (`scsilun_to_int` of
    /// `drivers/scsi/scsi_common.c`).
    pub(crate) fn new(portal: SocketAddr, lun: u64, target: &str) -> Self {
        let server = match portal.ip() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let level = |shift: u32| u16::try_from(lun >> shift & 0xffff).unwrap_or_default();
        Self { server, port: portal.port(), levels: [0, 16, 32, 48].map(level), target: target.to_owned() }
    }

    /// Reads what iPXE would read, and tells where that is hardly what was meant.
    ///
    /// # Errors
    /// When iPXE refuses it.
    pub(crate) fn parse(text: &str) -> Result<(Self, Vec<UriDoubt>), UriFault> {
        let text = text.split('#').next().unwrap_or_default();
        let (scheme, rest) = text.split_once(':').ok_or(UriFault::Scheme)?;
        if !scheme.eq_ignore_ascii_case("iscsi") {
            return Err(UriFault::Scheme);
        }
        if rest.starts_with('/') {
            return Err(UriFault::Slash);
        }
        let rest = decoded(rest);
        let fields = fields(&rest);
        let [server, _, port, lun, target] = fields.as_slice() else { return Err(UriFault::Short(fields.len())) };
        if server.is_empty() {
            return Err(UriFault::Server);
        }
        let (levels, is_cut) = levels(lun).ok_or_else(|| UriFault::Lun((*lun).to_owned()))?;
        let mut doubts = Vec::new();
        let number = match *port {
            "" => Some(ISCSI_PORT),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok().filter(|port| *port != 0),
            _ => None,
        };
        if number.is_none() {
            doubts.push(UriDoubt::Port((*port).to_owned()));
        }
        if is_cut {
            doubts.push(UriDoubt::Lun((*lun).to_owned()));
        }
        if !is_iscsi_name(target) {
            doubts.push(UriDoubt::Target((*target).to_owned()));
        }
        let port = number.unwrap_or(ISCSI_PORT);
        Ok((Self { server: (*server).to_owned(), port, levels, target: (*target).to_owned() }, doubts))
    }

    /// The LUN's number as Linux counts it.
    pub(crate) fn lun(&self) -> u64 {
        self.levels.iter().rev().fold(0, |number, level| number << 16 | u64::from(*level))
    }
}

/// Every field is written, but for a port and a LUN that are the ones of an empty field.
impl Display for SanUri {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "iscsi:{}::", encoded(&self.server))?;
        if self.port != ISCSI_PORT {
            write!(f, "{}", self.port)?;
        }
        let used = self.levels.iter().rposition(|level| *level != 0).map_or(0, |last| last + 1);
        let levels: Vec<String> = self.levels.iter().take(used).map(|level| format!("{level:X}")).collect();
        write!(f, ":{}:{}", levels.join("-"), encoded(&self.target))
    }
}

/// Every byte as `%XX` that means something to iPXE's scripts or URIs.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Undoes `%XX`. What is no UTF-8 then is no name of anything.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.iter().take(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let code = str::from_utf8(behind.get(..digits).unwrap_or_default()).unwrap_or_default();
        match u8::from_str_radix(code, 16) {
            Ok(byte) if first == b'%' => {
                bytes.push(byte);
                rest = behind.get(digits..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The five fields, or fewer; the last one has the colons that are left.
fn fields(text: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let (mut begin, mut in_brackets) = (0, false);
    for (at, character) in text.char_indices() {
        match character {
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            ':' if !in_brackets && fields.len() < 4 => {
                fields.push(text.get(begin..at).unwrap_or_default());
                begin = at + 1;
            }
            _ => {}
        }
    }
    fields.push(text.get(begin..).unwrap_or_default());
    fields
}

/// The levels of a LUN's number, and whether one was cut to 16 bits.
fn levels(text: &str) -> Option<([u16; 4], bool)> {
    let (mut levels, mut is_cut) = ([0; 4], false);
    let mut parts = text.split('-');
    for (level, part) in levels.iter_mut().zip(&mut parts) {
        let digits = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")).unwrap_or(part);
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let last = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default();
        is_cut |= digits.trim_start_matches('0').len() > 4;
        // Nothing is 0.
        *level = u16::from_str_radix(last, 16).unwrap_or_default();
    }
    parts.next().is_none().then_some((levels, is_cut))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TARGET: &str = "iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4";

    #[test]
    fn the_documents_own_uri_has_empty_fields_and_a_hexadecimal_lun() {
        let portal = "100.97.0.0:3260".parse().unwrap();
        let uri = SanUri::new(portal, 47, TARGET);
        assert_eq!(uri.to_string(), format!("iscsi:100.97.0.0:::2F:{TARGET}"));
        assert_eq!(SanUri::parse(&uri.to_string()), Ok((uri, vec![])));
    }

    #[test]
    fn what_ipxe_reads() {
        for (text, server, port, lun) in [
            ("iscsi:10.0.4.1:::1:iqn.a:b", "10.0.4.1", 3260, 1),
            ("ISCSI:boot.example.org::::iqn.a:b", "boot.example.org", 3260, 0),
            ("iscsi:10.0.4.1:6:860:0x2f:iqn.a:b", "10.0.4.1", 860, 47),
            ("iscsi:[2001:db8::1]:6:3261:2F:iqn.a:b", "[2001:db8::1]", 3261, 47),
            ("iscsi:10.0.0.5:::1-7:iqn.a:b", "10.0.0.5", 3260, 0x7_0001),
            ("iscsi:10.0.0.5:::412C-0-0-0:iqn.a:b", "10.0.0.5", 3260, 0x412c),
            ("iscsi:10.0.0.5::::iqn.a%3Ab#fragment", "10.0.0.5", 3260, 0),
        ] {
            let (uri, doubts) = SanUri::parse(text).unwrap();
            assert_eq!(doubts, [], "{text}");
            let found = (uri.server.as_str(), uri.port, uri.lun(), uri.target.as_str());
            assert_eq!(found, (server, port, lun, "iqn.a:b"), "{text}");
        }
    }

    #[test]
    fn what_ipxe_refuses() {
        for (text, fault) in [
            ("nfs:10.0.0.1", UriFault::Scheme),
            ("10.0.0.1", UriFault::Scheme),
            ("iscsi://10.0.0.1/iqn.a/1", UriFault::Slash),
            ("iscsi:10.0.0.1:::iqn.a", UriFault::Short(4)),
            ("iscsi:[2001:db8::1::::iqn.a", UriFault::Short(1)),
            ("iscsi:::::iqn.a", UriFault::Server),
            ("iscsi:10.0.0.1:::2G:iqn.a", UriFault::Lun("2G".to_owned())),
            ("iscsi:10.0.0.1:::1-2-3-4-5:iqn.a", UriFault::Lun("1-2-3-4-5".to_owned())),
        ] {
            assert_eq!(SanUri::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn what_ipxe_reads_otherwise_than_it_was_meant() {
        for (text, doubt) in [
            ("iscsi:10.0.0.1::0::iqn.a:b", UriDoubt::Port("0".to_owned())),
            ("iscsi:10.0.0.1::65536::iqn.a:b", UriDoubt::Port("65536".to_owned())),
            ("iscsi:10.0.0.1::iscsi::iqn.a:b", UriDoubt::Port("iscsi".to_owned())),
            ("iscsi:10.0.0.1:::10000:iqn.a:b", UriDoubt::Lun("10000".to_owned())),
            ("iscsi:2001:db8::1::::iqn.a:b", UriDoubt::Target(":::iqn.a:b".to_owned())),
            ("iscsi:10.0.0.1::::", UriDoubt::Target(String::new())),
            ("iscsi:10.0.0.1::::example.org:disk", UriDoubt::Target("example.org:disk".to_owned())),
        ] {
            assert_eq!(SanUri::parse(text).unwrap().1, [doubt], "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(ip in any::<IpAddr>(), port in 1u16.., lun in any::<u64>(), name in "\\PC{0,20}") {
            let uri = SanUri::new((ip, port).into(), lun, &format!("iqn.{name}"));
            prop_assert_eq!(uri.lun(), lun);
            let text = uri.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"#$".contains(&byte)), "{}", text);
            let (found, doubts) = SanUri::parse(&text).unwrap();
            prop_assert!(doubts.iter().all(|doubt| matches!(doubt, UriDoubt::Target(_))), "{:?}", doubts);
            prop_assert_eq!(found, uri);
        }

        #[test]
        fn never_panics(text in "\\PC{0,80}|(iscsi:)?[:\\[\\]%0-9a-f-]{0,60}") {
            let _ = SanUri::parse(&text);
        }
    }
}
