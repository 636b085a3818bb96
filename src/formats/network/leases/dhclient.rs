//! `dhclient.leases` of ISC dhclient (dhclient.leases(5), dhclient.conf(5) "LEASE DECLARATIONS").

use super::Builder;
use isctpl_checks::facts::{Lease, LeaseClient, Location, Problem};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// Names under which option 121 is declared: by Debian's and others' dhclient.conf, built in by
/// Fedora's patch, and where it is not declared at all.
const CLASSLESS: [&str; 5] = [
    "rfc3442-classless-static-routes",
    "rfc3442-classless-routes",
    "classless-static-routes",
    "classless-routes",
    "unknown-121",
];

/// The same of Microsoft's option 249.
const MS_CLASSLESS: [&str; 3] = ["ms-classless-static-routes", "ms-static-routes", "unknown-249"];

/// Reads a lease file. The file is a log: of each interface's leases the last is the one in force,
/// and only that one is given, in the order of the interfaces' names. Leases of DHCPv6 (`lease6`)
/// are passed over.
pub fn parse(text: &str, path: &str) -> (Vec<Lease>, Vec<Problem>) {
    let mut in_force: BTreeMap<Option<String>, (Lease, Vec<Problem>)> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut block: Option<Block> = None;
    let mut depth = 0_usize;
    let mut scanner = Scanner::new(text);
    while let Some(piece) = scanner.next_piece() {
        match piece.end {
            End::Open => {
                depth += 1;
                if depth == 1 && piece.text == "lease" {
                    block = Some(Block::new(Location::line(path, piece.line)));
                }
            }
            End::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0
                    && let Some((Some(lease), faults)) = block.take().map(Block::finish)
                {
                    in_force.insert(lease.interface.clone(), (lease, faults));
                }
            }
            End::Semicolon => {
                if let Some(block) = block.as_mut().filter(|_| depth == 1) {
                    block.statement(&piece.text);
                }
            }
            End::Text => {
                problems.push(Problem::new(format!("{path}:{}", piece.line), "the file ends inside a declaration"));
            }
        }
    }
    if depth > 0 {
        problems.push(Problem::new(path, "the file ends inside a lease, which was ignored"));
    }
    let mut leases = Vec::with_capacity(in_force.len());
    for (lease, faults) in in_force.into_values() {
        leases.push(lease);
        problems.extend(faults);
    }
    (leases, problems)
}

/// One `lease { … }`.
struct Block {
    builder: Builder,
    classless: Option<String>,
    ms_classless: Option<String>,
}

impl Block {
    fn new(at: Location) -> Self {
        Self { builder: Builder::new(LeaseClient::Dhclient, at), classless: None, ms_classless: None }
    }

    fn statement(&mut self, text: &str) {
        let (word, value) = split_word(text);
        match word {
            "interface" => {
                // To the end of its quotes or line: where those are missing, an option follows.
                let name = value.trim_start_matches('"').split(['"', '\n']).next().unwrap_or_default();
                self.builder.lease.interface = Some(name.trim().to_owned());
            }
            "fixed-address" => self.builder.ip("fixed-address", value),
            "expire" if value != "never" => {
                self.builder.lease.expires = self.builder.misread("expire", moment(value));
            }
            "option" => {
                let (name, value) = split_word(value);
                self.option(name, value);
            }
            _ => {}
        }
    }

    fn option(&mut self, name: &str, value: &str) {
        match name {
            "subnet-mask" => self.builder.mask(name, value),
            "routers" => self.builder.routers(name, value),
            "dhcp-server-identifier" => self.builder.server(name, value),
            "interface-mtu" => self.builder.mtu(name, value),
            "dhcp-lease-time" => self.builder.lease_seconds(name, value),
            name if CLASSLESS.contains(&name) => self.classless = Some(value.to_owned()),
            name if MS_CLASSLESS.contains(&name) => self.ms_classless = Some(value.to_owned()),
            _ => {}
        }
    }

    fn finish(mut self) -> (Option<Lease>, Vec<Problem>) {
        match (self.classless, self.ms_classless) {
            (Some(routes), _) => self.builder.classless_text("option 121", &routes),
            (None, Some(routes)) => self.builder.classless_text("option 249", &routes),
            (None, None) => {}
        }
        self.builder.finish()
    }
}

fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((text, ""));
    (word, rest.trim())
}

/// `4 2026/11/22 15:08:01` (day of the week first, UTC) or `epoch 1795360081`.
fn moment(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words.as_slice() {
        ["epoch", seconds] => seconds.parse().ok(),
        [_weekday, date, time] => {
            let [year, month, day] = numbers(date, '/')?;
            let [hour, minute, second] = numbers(time, ':')?;
            let small = |n: i16| i8::try_from(n).ok();
            let moment =
                DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0)
                    .ok()?;
            Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
        }
        _ => None,
    }
}

fn numbers(text: &str, between: char) -> Option<[i16; 3]> {
    let numbers: Vec<i16> = text.split(between).map(|n| n.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// What ended a piece of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Semicolon,
    Open,
    Close,
    Text,
}

/// The text up to the next `;`, `{` or `}`, without comments.
struct Piece {
    text: String,
    /// The line on which it begins.
    line: u32,
    end: End,
}

struct Scanner<'a> {
    chars: std::str::Chars<'a>,
    line: u32,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { chars: text.chars(), line: 1 }
    }

    fn next_char(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        self.line = self.line.saturating_add(u32::from(c == '\n'));
        Some(c)
    }

    fn next_piece(&mut self) -> Option<Piece> {
        let mut text = String::new();
        let mut line = None;
        let end = loop {
            let before = self.line;
            match self.next_char() {
                Some(';') => break End::Semicolon,
                Some('{') => break End::Open,
                Some('}') => break End::Close,
                Some('#') => while self.next_char().is_some_and(|c| c != '\n') {},
                Some('"') => {
                    line.get_or_insert(before);
                    self.string(&mut text);
                }
                Some(c) if c.is_whitespace() && text.is_empty() => {}
                Some(c) => {
                    line.get_or_insert(before);
                    text.push(c);
                }
                None if text.trim().is_empty() => return None,
                None => break End::Text,
            }
        };
        text.truncate(text.trim_end().len());
        Some(Piece { text, line: line.unwrap_or(self.line), end })
    }

    /// A string with its quotes and escapes as they stand. It does not go over the end of a line.
    fn string(&mut self, text: &mut String) {
        text.push('"');
        while let Some(c) = self.next_char() {
            text.push(c);
            match c {
                '\\' => text.extend(self.next_char()),
                '"' | '\n' => return,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::IpAddr;

    const PATH: &str = "/var/lib/dhcp/dhclient.enp0s3.leases";
    const SAMPLE: &str = r#"default-duid "\000\001\000\001+\"}\354RT\000\000\000\001";
# made by hand
lease {
  interface "enp0s3";
  fixed-address 100.64.16.53;
  option subnet-mask 255.255.255.248;
  expire never;
}
lease {
  interface "enp0s3";
  fixed-address 100.64.16.54;
  server-name "a ; b } c";
  filename "ipxe.efi";
  option subnet-mask 255.255.255.248;
  option routers 100.64.16.49, 100.64.16.50;
  option rfc3442-classless-static-routes 16,100,97,100,64,16,49;
  option ms-classless-static-routes 8,10,100,64,16,50;
  option dhcp-lease-time 3600;
  option dhcp-message-type 5;
  option interface-mtu 9000;
  option dhcp-server-identifier 100.64.16.49;
  renew 0 2026/11/22 15:38:01;
  rebind 0 2026/11/22 16:00:31;
  expire 0 2026/11/22 16:08:01;
}
lease {
  interface "enp0s4";
  fixed-address 192.0.2.7;
  option subnet-mask 255.255.255.0;
  option unknown-121 10:64:61:64:40:10:31;
  expire epoch 1795363681; # Sun Nov 22 16:08:01 2026
}
lease6 {
  interface "enp0s4";
  ia-na 00:00:00:01 {
    starts 1795360081;
    iaaddr 2001:db8::7 { starts 1795360081; }
  }
}
"#;

    #[test]
    fn the_last_lease_of_each_interface_is_in_force() {
        let (leases, problems) = parse(SAMPLE, PATH);
        assert_eq!(problems, []);
        let [san, wan] = leases.as_slice() else { panic!("{leases:?}") };
        assert_eq!(san.at, Some(Location::line(PATH, 9)));
        assert_eq!(san.client, LeaseClient::Dhclient);
        assert_eq!(san.interface.as_deref(), Some("enp0s3"));
        assert_eq!(san.address, Some("100.64.16.54/29".parse().unwrap()));
        assert_eq!(san.routers.len(), 2);
        assert_eq!(san.server, Some("100.64.16.49".parse().unwrap()));
        assert_eq!((san.mtu, san.lease_seconds, san.expires), (Some(9000), Some(3600), Some(1_795_363_681)));
        let routes = san.classless.as_ref().unwrap();
        assert_eq!(routes[0].destination, "100.97.0.0/16".parse().unwrap());
        assert_eq!(routes[0].gateway, "100.64.16.49".parse::<IpAddr>().unwrap());
        assert_eq!(wan.expires, san.expires);
        assert_eq!(wan.classless, san.classless);
    }

    #[test]
    fn reads_pairs_of_descriptor_and_gateway() {
        let text = "lease {\n interface \"eth0\"; fixed-address 10.0.0.5; option subnet-mask 255.0.0.0;\n \
                    option classless-static-routes 0 192.168.0.113,25.129.210.177.132 192.168.0.113;\n}\n";
        let (leases, problems) = parse(text, PATH);
        assert_eq!(problems, []);
        assert_eq!(leases[0].classless.as_ref().unwrap().len(), 2);
    }

    /// dhclient-script of Debian 12: `ip -4 addr add ${new_ip_address}${new_subnet_mask:+/$new_subnet_mask}`.
    #[test]
    fn an_address_without_a_mask_is_alone_in_its_network() {
        let (leases, _) = parse("lease {\n interface \"eth0\"; fixed-address 10.0.0.5;\n}\n", PATH);
        assert_eq!(leases[0].address, Some("10.0.0.5/32".parse().unwrap()));
    }

    #[test]
    fn only_faults_of_the_lease_in_force_are_told() {
        let broken = "lease { interface \"a\"; fixed-address 10.0.0.5; option unknown-121 45:1; expire then; }\n";
        let (leases, problems) = parse(broken, PATH);
        assert_eq!(leases[0].classless, Some(Vec::new()));
        assert_eq!(problems.len(), 2, "{problems:?}");
        let (_, problems) = parse(&format!("{broken}lease {{ interface \"a\"; fixed-address 10.0.0.6; }}"), PATH);
        assert_eq!(problems, []);
    }

    #[test]
    fn a_file_cut_short_keeps_the_leases_before() {
        let cut = SAMPLE.find("lease6").unwrap() + 30;
        let (leases, problems) = parse(&SAMPLE[..cut], PATH);
        assert_eq!(leases.len(), 2);
        assert!(!problems.is_empty());
    }

    #[test]
    fn reads_moments() {
        assert_eq!(moment("0 2026/11/22 16:08:01"), Some(1_795_363_681));
        assert_eq!(moment("epoch 1795363681"), Some(1_795_363_681));
        for text in ["0 2026/13/22 16:08:01", "0 2026/11 16:08:01", "epoch", "soon", "", "0 2026/11/222 1:1:1"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn survives_a_cut_at_every_offset() {
        for cut in 0..SAMPLE.len() {
            parse(&SAMPLE[..cut], PATH);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let text = String::from_utf8_lossy(&bytes);
            parse(&text, PATH);
            parse(&format!("lease {{ fixed-address 10.0.0.1; {text}"), PATH);
        }

        #[test]
        fn never_panics_on_its_own_words(words in proptest::collection::vec(
            prop_oneof!["lease", "\\{", "\\}", ";", "option", "expire", "\"", "\\\\", "#", "\n", " ", "unknown-121", "[0-9/:,]{1,9}"],
            0..200,
        )) {
            parse(&words.concat(), PATH);
        }
    }
}
