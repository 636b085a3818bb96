//! Files of dhclient, as people write them, and broken ones.

use crate::oracles::files::FILE;
use crate::oracles::random::Random;

const OPTIONS: [&str; 13] = [
    "subnet-mask",
    "broadcast-address",
    "time-offset",
    "routers",
    "domain-name",
    "domain-name-servers",
    "domain-search",
    "host-name",
    "dhcp6.name-servers",
    "netbios-name-servers",
    "interface-mtu",
    "ntp-servers",
    "root-path",
];
const ODD_OPTIONS: [&str; 11] = [
    "no-such-option",
    "Routers",
    "dhcp.routers",
    "fqdn.hostname",
    "unknown-3",
    "log-servers",
    "dhcp6.fqdn",
    "nowhere.routers",
    "\"routers\"",
    "121",
    "san.thing",
];
/// Options that are declared, with the code that each has nearly always.
const DECLARED: [(&str, u8); 4] =
    [("rfc3442-classless-static-routes", 121), ("my-routes", 121), ("ms-classless-static-routes", 249), ("wpad", 252)];
const TYPES: [&str; 8] = [
    "array of unsigned integer 8",
    "array of unsigned integer 8",
    "array of integer 8",
    "string",
    "text",
    "ip-address",
    "array of { ip-address, unsigned integer 16 }",
    "{ boolean, text }",
];
const ODD_TYPES: [&str; 9] = [
    "array unsigned integer 8",
    "unsigned integer",
    "array of integer 9",
    "array of text",
    "{ text, boolean }",
    "array of { text",
    "nothing",
    "{ array of { ip-address } }",
    "encapsulate nowhere",
];
const SET: [&str; 24] = [
    "send host-name = gethostname()",
    "send host-name \"node1\"",
    "send dhcp-client-identifier 1:0:a0:24:ab:fb:9c",
    "send dhcp-client-identifier = hardware",
    "send dhcp-lease-time 3600",
    "send fqdn.fqdn \"node1.example.com\"",
    "send fqdn.encoded on",
    "send vendor-class-identifier \"a;b # {c}\"",
    "supersede domain-name \"fu;gue.com # home\"",
    "supersede domain-search \"a.example\", \"b.example\"",
    "supersede routers 192.0.2.1",
    "supersede rfc3442-classless-static-routes 24, 192, 0, 2, 10, 0, 0, 1",
    "supersede host-name = concat(\"a-\", option host-name)",
    "supersede interface-mtu 9000",
    "default domain-name-servers 192.0.2.53, 192.0.2.54",
    "default ip-forwarding false",
    "prepend domain-name-servers 127.0.0.1",
    "append domain-name-servers ns.example.com",
    "append domain-search \"example.com\"",
    "retry 60",
    "reboot 10",
    "select-timeout 5",
    "script \"/bin/true\"",
    "reject 192.0.2.9, 192.0.2.0/24",
];
const ODD: [&str; 34] = [
    "send",
    "send host-name",
    "send dhcp-lease-time soon",
    "send no-such-option 5",
    "send host-name 5",
    "supersede domain-name \"a\" \"b\"",
    "supersede routers",
    "supersede interface-mtu \"9000\"",
    "prepend domain-name-servers 127.0.0.1,",
    "append domain-search example.com",
    "default ip-forwarding maybe",
    "supersede domain-name = ",
    "option routers 192.0.2.1",
    "option",
    "also",
    "also require",
    "timeout",
    "timeout abc",
    "timeout 0x10",
    "nonsense 5",
    "nonsense",
    "nonsense { a 1; b 2; }",
    "hardware ethernet 52:54:00:00:00:01",
    "interface san { timeout 3; }",
    "interface \"san\" timeout 3",
    "include etc/dhcp/more.conf",
    "require authentication",
    "ignore bootp",
    "ignore x",
    "5",
    "\"text\"",
    "{ timeout 3; }",
    "script /bin/true",
    "if exists routers { send host-name \"x\"; }",
];
const PLAIN: [&str; 9] = [
    "timeout 10;",
    "require subnet-mask, routers;",
    "also require domain-name-servers;",
    "lease {\n  interface \"san\";\n  fixed-address 192.0.2.200;\n  option routers 192.0.2.1;\n  renew 2 2000/1/12 00:00:01;\n  expire never;\n}",
    "alias {\n  interface \"san\";\n  fixed-address 192.0.2.213;\n  option subnet-mask 255.255.255.255;\n}",
    "key \"k\" {\n  algorithm hmac-md5;\n  secret pRP5FapFoJ95JEL06sv4PQ==;\n};",
    "# timeout 3;",
    "option space acme;\noption acme.thing code 1 = text;",
    "do-forward-updates off;",
];

/// Lines of a case; those behind a mark are in a file of their own.
pub(super) fn lines(random: &mut Random) -> Vec<String> {
    let sound = !random.once_in(3);
    let mut text = String::new();
    for (name, code) in DECLARED {
        if random.once_in(2) {
            text.push_str(&format!("option {name} code {code} = {};\n", random.of(&TYPES[..5])));
        }
    }
    let mut included = String::new();
    if random.once_in(5) {
        statements(random, sound, 2, &mut included);
    }
    let count = 1 + random.below(5);
    let at = random.below(count);
    for number in 0..count {
        if number == at && !included.is_empty() {
            text.push_str("include \"etc/dhcp/more.conf\";\n");
        }
        statements(random, sound, 2, &mut text);
    }
    if !included.is_empty() {
        text.push_str(&format!("{FILE}etc/dhcp/more.conf\n{included}"));
    }
    text.lines().map(str::to_owned).collect()
}

/// One to three statements, with whatever stands between them.
fn statements(random: &mut Random, sound: bool, depth: usize, text: &mut String) {
    for _ in 0..=random.below(2) {
        statement(random, sound, depth, text);
        text.push_str(random.of(&["\n", "\n", "\n", " ", "\n\n", " # timeout 4; request routers;\n", "\t\r\n"]));
    }
}

fn statement(random: &mut Random, sound: bool, depth: usize, text: &mut String) {
    let end = match random.below(if sound { 1 } else { 9 }) {
        7 => "",
        8 => random.of(&[";;", "; ;", " ; }", "};"]),
        _ => random.of(&[";", ";", ";", " ;", "\n;"]),
    };
    match random.below(10) {
        0 => text.push_str(&format!(
            "{} {}{end}",
            random.of(&["timeout", "timeout", "TIMEOUT", "timeout\n "]),
            number(random, sound)
        )),
        1 | 2 => text.push_str(&format!("request {}{end}", list(random, sound))),
        3 => text.push_str(&format!("also request {}{end}", list(random, sound))),
        4 | 5 => text.push_str(&format!("{}{end}", random.of(&SET))),
        6 => text.push_str(random.of(&PLAIN)),
        7 if depth > 0 => {
            let name = random.of(&["san", "san", "wan", "eth0"]);
            text.push_str(&format!("interface \"{name}\" {{\n"));
            for _ in 0..random.below(3) {
                statements(random, sound, depth - 1, text);
            }
            text.push_str(if sound { "}" } else { random.of(&["}", "}", "};", "", "} }"]) });
        }
        8 if !sound => text.push_str(&format!("{}{end}", random.of(&ODD))),
        _ => {
            let (name, usual) = DECLARED[random.below(DECLARED.len())];
            let (mut name, mut code, mut kind) = (name, usual.to_string(), random.of(&TYPES));
            if !sound {
                match random.below(8) {
                    0 => kind = random.of(&ODD_TYPES),
                    1 => code = random.of(&["", "x", "0x79", "122"]).to_owned(),
                    2 => name = random.of(&["log-servers", "new", "nowhere.x", "\"x\"", "dhcp.also"]),
                    _ => {}
                }
            }
            text.push_str(&format!("option {name} code {code} = {kind}{end}"));
        }
    }
}

fn number(random: &mut Random, sound: bool) -> &'static str {
    if sound {
        random.of(&["5", "10", "30", "300", "0"])
    } else {
        random.of(&["5", "-1", "-", "4294967301", "5s", "\"5\"", "1e3", "007"])
    }
}

fn list(random: &mut Random, sound: bool) -> String {
    let mut list = String::new();
    for number in 0..random.below(5) {
        if number > 0 {
            list.push_str(if sound || !random.once_in(12) {
                random.of(&[", ", ",", ",\n\t"])
            } else {
                random.of(&[" ", ",,", ";", "."])
            });
        }
        let (declared, _) = DECLARED[random.below(DECLARED.len())];
        list.push_str(match random.below(if sound { 12 } else { 14 }) {
            0 | 1 => declared,
            12 | 13 => random.of(&ODD_OPTIONS),
            _ => random.of(&OPTIONS),
        });
    }
    if !sound && random.once_in(8) {
        list.push(',');
    }
    list
}
