//! `key = value` files of open-iscsi: iscsid.conf, node and discovery records, initiatorname.iscsi.

use isctpl_checks::facts::{IscsidConf, Located, Location, NodeRecord, Problem, Startup};
use std::net::IpAddr;
use std::str::FromStr;

/// The most settings of one file that are kept; a record has about a hundred.
const SETTING_LIMIT: usize = 10_000;

/// What open-iscsi writes for a value that is not set (`VALUE_EMPTY` in `usr/idbm.c`).
const EMPTY: &str = "<empty>";

/// One line `key = value`. The value of a password is never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<'a> {
    /// Key, such as `node.startup`.
    pub key: &'a str,
    /// Value; empty for a password, whatever it was.
    pub value: &'a str,
    /// Line, counted from 1.
    pub line: u32,
    /// Whether the key is a password's and a value stands there.
    pub secret: bool,
}

/// Every setting in order, and the lines that are none. Comments begin a line with `#`; the `BEGIN RECORD`
/// and `END RECORD` marks of records are such comments.
pub(crate) fn settings<'a>(text: &'a str, path: &str) -> (Vec<Setting<'a>>, Vec<Problem>) {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for (line, raw) in (1u32..).zip(text.lines()) {
        let written = raw.trim();
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        if found.len() == SETTING_LIMIT {
            problems.push(Problem::new(format!("{path}:{line}"), "has too many settings; the rest was not read"));
            break;
        }
        // The line is not quoted in the message: what stands there may be half a password.
        let Some((key, value)) = written.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
            problems.push(Problem::new(format!("{path}:{line}"), "is not a setting: it has no '='"));
            continue;
        };
        if key.is_empty() || key.contains(char::is_whitespace) {
            problems.push(Problem::new(format!("{path}:{line}"), "is not a setting: the text before '=' is not a key"));
            continue;
        }
        let secret = is_password(key);
        let set = !value.is_empty() && value != EMPTY;
        let value = if secret || !set { "" } else { value };
        found.push(Setting { key, value, line, secret: secret && set });
    }
    (found, problems)
}

/// Whether a key holds a password: `node.session.auth.password`, `…password_in`, those of discovery, and
/// the compatibility keys `node.session.auth.passwordN`.
fn is_password(key: &str) -> bool {
    key.rsplit('.').next().is_some_and(|last| last.to_ascii_lowercase().starts_with("password"))
}

/// Where passwords are set in a file of settings: also for discovery records, of which nothing else matters.
pub(crate) fn secrets(text: &str, path: &str) -> Vec<Location> {
    settings(text, path)
        .0
        .iter()
        .filter(|setting| setting.secret)
        .map(|setting| Location::line(path, setting.line))
        .collect()
}

/// The settings of one file; the last one of a key wins, as in open-iscsi.
struct Reader<'a> {
    settings: Vec<Setting<'a>>,
    path: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, path: &'a str) -> Self {
        let (settings, problems) = settings(text, path);
        Self { settings, path, problems }
    }

    fn last(&self, key: &str) -> Option<&Setting<'a>> {
        self.settings.iter().rev().find(|setting| setting.key == key).filter(|setting| !setting.value.is_empty())
    }

    fn string(&self, key: &str) -> Option<Located<String>> {
        self.last(key).map(|found| Located::new(found.value.to_owned(), Location::line(self.path, found.line)))
    }

    fn startup(&self) -> Option<Located<Startup>> {
        self.string("node.startup").map(|found| Located::new(found.value.into(), found.at))
    }

    fn parsed<T: FromStr>(&mut self, key: &str, what: &str) -> Option<Located<T>> {
        let found = self.last(key)?;
        let at = Location::line(self.path, found.line);
        // strtol(3) stops at the first character that is no digit, so a remark behind the number is no error.
        match found.value.split_whitespace().next().map(str::parse) {
            Some(Ok(value)) => Some(Located::new(value, at)),
            _ => {
                self.problems.push(Problem::new(at.to_string(), format!("{key} is not a valid {what}")));
                None
            }
        }
    }

    fn number(&mut self, key: &str) -> Option<Located<i64>> {
        self.parsed(key, "number of seconds")
    }

    fn yes(&mut self, key: &str) -> Option<Located<bool>> {
        let found = self.string(key)?;
        match found.value.to_ascii_lowercase().as_str() {
            "yes" => Some(Located::new(true, found.at)),
            "no" => Some(Located::new(false, found.at)),
            _ => {
                self.problems.push(Problem::new(found.at.to_string(), format!("{key} is neither Yes nor No")));
                None
            }
        }
    }

    fn secrets(&self) -> Vec<Location> {
        let secrets = self.settings.iter().filter(|setting| setting.secret);
        secrets.map(|setting| Location::line(self.path, setting.line)).collect()
    }
}

/// Reads iscsid.conf(5): the defaults that discovery copies into new records. The last setting of a key wins.
pub(crate) fn iscsid_conf(text: &str, path: &str) -> (IscsidConf, Vec<Problem>) {
    let mut reader = Reader::new(text, path);
    let conf = IscsidConf {
        path: path.to_owned(),
        startup: reader.startup(),
        replacement_timeout: reader.number("node.session.timeo.replacement_timeout"),
        noop_interval: reader.number("node.conn[0].timeo.noop_out_interval"),
        noop_timeout: reader.number("node.conn[0].timeo.noop_out_timeout"),
        auth_method: reader.string("node.session.auth.authmethod"),
        secrets: reader.secrets(),
        safe_logout: reader.yes("iscsid.safe_logout"),
        iscsid_startup: reader.string("iscsid.startup"),
    };
    (conf, reader.problems)
}

/// Reads a node record. What its path tells fills in what the record does not say: see
/// [`portal_of_name`].
pub(crate) fn node_record(text: &str, path: &str) -> (NodeRecord, Vec<Problem>) {
    let mut reader = Reader::new(text, path);
    let of_path = of_path(path);
    let address = reader.parsed::<IpAddr>("node.conn[0].address", "IP address").map(|found| found.value);
    let port = reader.parsed::<u16>("node.conn[0].port", "TCP port").map(|found| found.value);
    let tpgt = reader.parsed::<u32>("node.tpgt", "portal group tag").map(|found| found.value);
    let record = NodeRecord {
        path: path.to_owned(),
        target: reader.string("node.name").map_or(of_path.target, |found| found.value),
        address: address.or(of_path.address),
        port: port.or(of_path.port).unwrap_or(isctpl_checks::facts::ISCSI_PORT),
        tpgt: tpgt.or(of_path.tpgt),
        iface: reader.string("iface.iscsi_ifacename").map_or(of_path.iface, |found| found.value),
        net_interface: reader.string("iface.net_ifacename").map(|found| found.value),
        // open-iscsi writes `default` where a record is bound to no NIC by its address.
        hardware_address: reader
            .string("iface.hwaddress")
            .map(|found| found.value.to_ascii_lowercase())
            .filter(|address| address != "default"),
        startup: reader.startup(),
        conn_startup: reader.string("node.conn[0].startup"),
        discovery_type: reader.string("node.discovery_type"),
        replacement_timeout: reader.number("node.session.timeo.replacement_timeout"),
        noop_interval: reader.number("node.conn[0].timeo.noop_out_interval"),
        noop_timeout: reader.number("node.conn[0].timeo.noop_out_timeout"),
        secret: !reader.secrets().is_empty(),
    };
    (record, reader.problems)
}

/// What the path of a record says: `…/TARGET/IP,PORT,TPGT/IFACE`, `…/TARGET/IP,PORT,TPGT` or `…/TARGET/IP,PORT`.
#[derive(Default)]
struct OfPath {
    target: String,
    address: Option<IpAddr>,
    port: Option<u16>,
    tpgt: Option<u32>,
    iface: String,
}

fn of_path(path: &str) -> OfPath {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or_default();
    let second = parts.next().unwrap_or_default();
    if let Some((address, port, tpgt)) = portal_of_name(second) {
        let target = parts.next().unwrap_or_default().to_owned();
        return OfPath { target, address: Some(address), port: Some(port), tpgt, iface: last.to_owned() };
    }
    match portal_of_name(last) {
        Some((address, port, tpgt)) => OfPath {
            target: second.to_owned(),
            address: Some(address),
            port: Some(port),
            tpgt,
            iface: "default".to_owned(),
        },
        None => OfPath { target: second.to_owned(), iface: last.to_owned(), ..OfPath::default() },
    }
}

/// Takes apart the name of a portal's directory, `IP,PORT,TPGT` (IPv6 addresses without brackets), or of a
/// record of the older form, one file a portal: `IP,PORT` or `IP,PORT,TPGT`.
pub(crate) fn portal_of_name(name: &str) -> Option<(IpAddr, u16, Option<u32>)> {
    let mut parts = name.split(',');
    let address = parts.next()?.trim_matches(['[', ']']).parse().ok()?;
    let port = parts.next()?.parse().ok()?;
    let tpgt = parts.next().and_then(|tag| tag.parse().ok());
    Some((address, port, tpgt))
}

/// Reads initiatorname.iscsi: `InitiatorName=` (the first one, as iscsid reads it), and whether
/// `GenerateName=yes` stands there, which Debian's startup-checks.sh turns into a name at the first start.
pub(crate) fn initiator_name(text: &str, path: &str) -> (Option<Located<String>>, Option<Location>) {
    let mut name = None;
    let mut generated = None;
    for (line, raw) in (1u32..).zip(text.lines()) {
        let Some((key, value)) = raw.trim().split_once('=') else { continue };
        // iscsid ends the name at white space; a remark may follow.
        let value = value.split_whitespace().next().unwrap_or_default();
        match key.trim_end() {
            "InitiatorName" if name.is_none() && !value.is_empty() => {
                name = Some(Located::new(value.to_owned(), Location::line(path, line)));
            }
            "GenerateName" if value == "yes" => generated = Some(Location::line(path, line)),
            _ => {}
        }
    }
    (name, generated)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONF: &str = "\
# Open-iSCSI default configuration.
iscsid.startup = /bin/systemctl start iscsid.socket
iscsid.safe_logout = Yes
node.startup = manual
node.session.timeo.replacement_timeout = 86400
node.conn[0].timeo.noop_out_interval = 0
node.conn[0].timeo.noop_out_timeout = 5
#node.session.auth.password = commented
node.session.auth.authmethod = CHAP
node.session.auth.username = user
node.session.auth.password = Geheim = 12
node.session.auth.password_in = Hinein
";

    const NODE: &str = "\
# BEGIN RECORD 2.1.8
node.name = iqn.2013-01.com.example:storage.a
node.tpgt = 1
node.startup = automatic
iface.iscsi_ifacename = default
node.discovery_address = 100.97.0.10
node.discovery_type = send_targets
node.session.timeo.replacement_timeout = 120
node.session.auth.username = <empty>
node.session.auth.password = <empty>
node.conn[0].address = 100.97.0.10
node.conn[0].port = 3260
node.conn[0].startup = manual
node.conn[0].timeo.noop_out_interval = 5
node.conn[0].timeo.noop_out_timeout = 5
# END RECORD
";

    #[test]
    fn reads_the_defaults_and_where_passwords_are() {
        let (conf, problems) = iscsid_conf(CONF, "/etc/iscsi/iscsid.conf");
        assert_eq!(problems, []);
        assert_eq!(conf.replacement_timeout.unwrap().value, 86400);
        assert_eq!(conf.noop_interval.unwrap().at.line, 6);
        assert_eq!(conf.iscsid_startup.unwrap().value, "/bin/systemctl start iscsid.socket");
        assert!(conf.safe_logout.unwrap().value);
        let lines: Vec<_> = conf.secrets.iter().map(|place| place.line).collect();
        assert_eq!(lines, [11, 12]);
    }

    #[test]
    fn no_password_leaves_the_parser() {
        let (settings, _) = settings(CONF, "/c");
        assert!(!format!("{settings:?}").contains("Geheim"));
        let (conf, problems) = iscsid_conf("node.session.auth.password Geheim\n", "/c");
        assert!(!format!("{conf:?}{problems:?}").contains("Geheim"));
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn the_last_setting_wins() {
        let (conf, _) = iscsid_conf("node.startup = manual\nnode.startup = onboot\n", "/c");
        assert_eq!(conf.startup.unwrap().value, Startup::Onboot);
    }

    #[test]
    fn reads_a_record() {
        let path = "/var/lib/iscsi/nodes/iqn.2013-01.com.example:storage.a/100.97.0.10,3260,1/default";
        let (record, problems) = node_record(NODE, path);
        assert_eq!(problems, []);
        assert_eq!(record.target, "iqn.2013-01.com.example:storage.a");
        assert_eq!((record.address, record.port, record.tpgt), (Some([100, 97, 0, 10].into()), 3260, Some(1)));
        assert_eq!(record.startup.unwrap().value, Startup::Automatic);
        assert!(!record.secret);
    }

    #[test]
    fn the_path_tells_what_a_record_does_not() {
        let (record, _) = node_record("node.session.auth.password = x\n", "/etc/iscsi/nodes/iqn.a/fe80::1,3261,7/eth0");
        assert_eq!((record.target.as_str(), record.port, record.tpgt), ("iqn.a", 3261, Some(7)));
        assert_eq!(record.iface, "eth0");
        assert!(record.secret);
        let (record, _) = node_record("", "/etc/iscsi/nodes/iqn.a/10.0.0.1,3260");
        assert_eq!((record.target.as_str(), record.address), ("iqn.a", Some([10, 0, 0, 1].into())));
        assert_eq!(record.iface, "default");
    }

    #[test]
    fn a_host_name_as_address_is_a_problem_and_no_panic() {
        let (record, problems) =
            node_record("node.conn[0].address = san.example\n", "/n/iqn.a/10.0.0.1,3260,1/default");
        assert_eq!(record.address, Some([10, 0, 0, 1].into()));
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn reads_the_initiator_name() {
        let (name, generated) = initiator_name("## DO NOT EDIT\nInitiatorName=iqn.1993-08.org.debian:01:ab \n", "/i");
        assert_eq!(name.unwrap().value, "iqn.1993-08.org.debian:01:ab");
        assert_eq!(generated, None);
        let (name, generated) = initiator_name("GenerateName=yes\n#InitiatorName=iqn.x\n", "/i");
        assert_eq!(name, None);
        assert_eq!(generated.unwrap().line, 1);
    }

    #[test]
    fn a_cut_record_is_no_panic() {
        for end in 0..NODE.len() {
            let _ = node_record(&NODE[..end], "/var/lib/iscsi/nodes/iqn/1.1.1.1,1,1/default");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048), path in ".{0,60}") {
            let text = String::from_utf8_lossy(&bytes);
            let _ = iscsid_conf(&text, &path);
            let _ = node_record(&text, &path);
            let _ = initiator_name(&text, &path);
            let _ = secrets(&text, &path);
        }
    }
}
