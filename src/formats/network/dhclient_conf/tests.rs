#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::scopes::NAME_LIMIT;
use super::*;
use isctpl_checks::facts::{Located, Location};
use proptest::prelude::*;

fn parse(text: &str, path: &str) -> Parsed {
    super::parse(text, path, false)
}

const CONF: &str = "# timeout 1;\noption rfc3442-classless-static-routes code 121 = array of unsigned integer 8;\nsend host-name = gethostname();\nrequest subnet-mask, routers,\n\trfc3442-classless-static-routes, dhcp6.fqdn;\ntimeout 10;\nsupersede domain-name \"fu;gue.com # home\";\nlease {\n  interface \"eth0\";\n  option routers 192.0.2.1;\n}\ninterface \"eth1\" {\n  timeout 5;\n  request routers;\n}\ninterface \"eth2\" { send dhcp-lease-time 1; also request ntp-servers; }\n";

#[test]
fn reads_what_keeps_the_san_route() {
    let parsed = parse(CONF, "/d.conf");
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    let conf = parsed.conf;
    assert_eq!(conf.timeout, Some(Located::new(10, Location::line("/d.conf", 6))));
    assert!(conf.asks_classless);
    let requested = conf.requested.unwrap();
    assert_eq!((requested.value.len(), requested.at.line), (4, 4));
    assert_eq!(conf.interfaces.len(), 2);
    assert_eq!(conf.interfaces[0].timeout.as_ref().unwrap().value, 5);
    assert!(!conf.interfaces[0].asks_classless);
    assert!(conf.interfaces[1].asks_classless, "also request adds to the file's list");
}

#[test]
fn asking_without_declaring_is_not_asking() {
    let parsed = parse("request rfc3442-classless-static-routes;\n", "/d");
    assert!(!parsed.conf.asks_classless);
    let parsed = parse("option my-routes code 121 = string;\nalso request my-routes;\n", "/d");
    assert!(parsed.conf.asks_classless);
    assert!(parsed.conf.requested.unwrap().value.len() > 5);
}

#[test]
fn a_dhclient_conf_asks_for_option_121_by_its_own_name() {
    let variable = |text: &str| parse(text, "/d").classless_variable();
    let parsed = parse(
        "option classless-static-routes code 121 = array of unsigned integer 8;\n\
         request subnet-mask, routers,\n\tclassless-static-routes, ntp-servers;\n",
        "/d",
    );
    assert_eq!(parsed.conf.requested.as_ref().unwrap().at, Location::line("/d", 2));
    assert_eq!(parsed.classless_variable().as_deref(), Some("new_classless_static_routes"));
    assert_eq!(variable("option x code 121 = text;\nrequest subnet-mask;\n"), None);
    let renamed = "option x code 121 = text;\noption y code 121 = text;\nrequest x;\n";
    assert_eq!(variable(renamed).as_deref(), Some("new_y"), "the code leads to the last one");
    let also = "option x code 121 = text; # request x;\nrequest subnet-mask;\nalso request x;\n";
    assert_eq!(variable(also).as_deref(), Some("new_x"));
    let in_a_block = "option x code 121 = text;\nrequest subnet-mask;\ninterface \"eth0\" { request x; }\n";
    assert_eq!(variable(in_a_block).as_deref(), Some("new_x"));
}

/// What Red Hat's build asks for: option 121 is in its list where the file has none.
#[test]
fn a_build_that_knows_option_121_asks_for_it_where_nothing_is_listed() {
    for (text, general, block) in [
        ("", true, None),
        ("timeout 5;\ninterface \"san\" { timeout 1; }\n", true, Some(true)),
        ("also request ntp-servers;\n", true, None),
        ("request routers;\ninterface \"san\" { request classless-static-routes; }\n", false, Some(true)),
        ("interface \"san\" { request routers; }\n", true, Some(false)),
        ("interface \"san\" { also request ntp-servers; }\n", true, Some(true)),
        ("request routers;\n", false, None),
    ] {
        let parsed = super::parse(text, "/d", true);
        let blocks = parsed.conf.interfaces.first().map(|interface| interface.asks_classless);
        assert_eq!((parsed.conf.asks_classless, blocks), (general, block), "{text}");
        let variable = parsed.classless_variable();
        let wanted = (general || block == Some(true)).then_some("new_classless_static_routes");
        assert_eq!(variable.as_deref(), wanted, "{text}");
    }
}

#[test]
fn an_included_file_is_read_in_its_place() {
    let mut include = |asked: &Located<String>, _: usize| {
        let text = match asked.value.as_str() {
            "/x" => "option x code 121 = text;\ntimeout 5;\ninclude \"/y\";\n",
            _ => "request x;\n",
        };
        Some(Included { text: text.to_owned(), path: asked.value.clone() })
    };
    let text = "timeout 3;\ninclude \"/x\";\ninterface \"san\" { request x; }\nrequest routers;\n";
    let conf = parse_with(text, "/d", false, &mut include).conf;
    assert_eq!(conf.timeout, Some(Located::new(5, Location::line("/x", 2))));
    assert_eq!(conf.requested.unwrap().at, Location::line("/d", 4));
    assert!(conf.interfaces[0].asks_classless && !conf.asks_classless);
    let text = "interface \"san\" { include \"/x\"; }\nrequest routers;\n";
    let parsed = parse_with(text, "/d", false, &mut include);
    assert_eq!(parsed.problems[0].place, "/x:1", "an option is declared outside blocks alone");
    assert_eq!(parsed.conf.interfaces[0].timeout.as_ref().unwrap().value, 5);
}

/// What dhclient 4.4.3 does with each (`tests/oracles/dhclient`): timeouts and lists, of the file and of the block.
#[test]
fn errors_take_as_much_with_them_as_they_do_in_dhclient() {
    let none: (Option<u32>, Option<usize>) = (None, None);
    for (text, general, block) in [
        ("request routers, no-such-option; timeout 5;", (Some(5), Some(0)), none),
        ("request routers,; timeout 5;", (Some(5), Some(1)), none),
        ("timeout 5;; timeout 6; timeout 7;", (Some(7), None), none),
        ("timeout 5;; timeout 6;", (Some(5), None), none),
        ("interface \"e\" { timeout 5; }; timeout 6;", (None, None), (Some(5), None)),
        ("interface e { timeout 5; } timeout 6;", (Some(6), None), none),
        ("interface \"e\" { } timeout 6; request routers;", (Some(6), Some(1)), (Some(60), Some(10))),
        ("timeout 6; interface \"e\" { } timeout 7;", (Some(7), None), (Some(6), None)),
        ("interface \"e\" { timeout 1; } interface \"e\" { request routers; }", (None, None), (Some(1), Some(1))),
        ("send dhcp-lease-time soon; retry 1; reboot 2; timeout 5;", (Some(5), None), none),
        ("send dhcp-lease-time soon; retry 1; timeout 5;", (None, None), none),
        ("nonsense 5; timeout 5; timeout 6;", (Some(6), None), none),
        ("option x code 121 = array of integer 9; request x;", (None, Some(0)), none),
        ("TIMEOUT 5; Request Routers;", (Some(5), Some(1)), none),
        ("supersede domain-name \"a\n timeout 9; \"; timeout 5;", (Some(5), None), none),
        ("timeout 4294967301;", (Some(5), None), none),
    ] {
        let parsed = parse(text, "/d");
        assert_eq!(parsed.left_out, None, "{text}");
        let sizes = |timeout: &Option<Located<u32>>, list: &Option<Located<Vec<String>>>| {
            (timeout.as_ref().map(|timeout| timeout.value), list.as_ref().map(|list| list.value.len()))
        };
        assert_eq!(sizes(&parsed.conf.timeout, &parsed.conf.requested), general, "{text}");
        let own = parsed.conf.interfaces.first().map(|own| sizes(&own.timeout, &own.requested));
        assert_eq!(own.unwrap_or(none), block, "{text}");
    }
}

#[test]
fn what_is_not_followed_is_told() {
    for text in [
        "if exists routers { timeout 5; }",
        "send dhcp-parameter-request-list 1,121;",
        "pseudo \"a\" \"e\" { }",
        "request unknown-250;",
        "request agent.circuit-id;",
        "supersede host-name = suffix(\"a\");",
        "interface \"a-name-longer-than-linux-has\" { }",
        "foo = 5;",
    ] {
        assert!(parse(text, "/d").left_out.is_some(), "{text}");
    }
}

/// A list that every block takes over would be kept as often as there are blocks.
#[test]
fn lists_that_are_taken_over_are_kept_up_to_a_limit() {
    let names = |count: usize| "routers,".repeat(count);
    let blocks = |count| {
        (0..count).map(|number| format!("interface \"e{number}\" {{ also request routers; }}\n")).collect::<String>()
    };
    let text = |listed, count: usize| format!("request {}routers;\n{}", names(listed), blocks(count));
    assert_eq!(parse(&text(20, 90), "/d").left_out, None);
    let left_out = |parsed: &Parsed| parsed.left_out.as_ref().unwrap().to_string();
    let what = "the lists of options have more than 4096 names; the rest is not read";
    let parsed = parse(&text(1000, 1000), "/d");
    let kept: usize = parsed
        .conf
        .interfaces
        .iter()
        .filter_map(|interface| interface.requested.as_ref())
        .map(|list| list.value.len())
        .sum();
    assert_eq!((kept <= NAME_LIMIT, left_out(&parsed)), (true, format!("/d:5: {what}")));
    assert_eq!(left_out(&parse(&format!("request {}routers;\n", names(5000)), "/d")), format!("/d:1: {what}"));
}

#[test]
fn a_missing_semicolon_swallows_the_next_statement() {
    let parsed = parse("timeout 10\nrequest routers;\nretry 60;\n", "/d");
    assert_eq!(parsed.conf.timeout.unwrap().value, 10);
    assert!(parsed.conf.requested.is_none());
    assert_eq!(parsed.problems.len(), 1);
    assert_eq!(parsed.problems[0].place, "/d:1");
    let parsed = parse("request routers,\n  subnet-mask\nsend dhcp-lease-time 1;\ntimeout 3;\n", "/d");
    assert_eq!(parsed.conf.requested.unwrap().value, [""; 0], "the usual list is gone, too");
    assert_eq!(parsed.problems[0].place, "/d:1");
    assert_eq!(parsed.conf.timeout.unwrap().value, 3);
}

#[test]
fn what_has_no_end_is_told() {
    for text in ["timeout 10", "timeout x;", "interface \"a\" {\n timeout 1;", "}", "interface;", "send x", "request"] {
        assert!(!parse(text, "/d").problems.is_empty(), "{text}");
    }
}

#[test]
fn a_truncation_anywhere_is_read() {
    let hard = "option a code 5 = { ip-address, array of integer 8 };\nlease { option a 1.2.3.4; renew 1 2/3/4 5:6:7; }\nkey k { algorithm a.b; secret ab+/=; };\nsupersede domain-search \"a\\x41\", \"b\";\nsend host-name = concat(\"a\", substring(hardware, 1, 2));\nreject 1.2.3.4/5;\n";
    for text in [CONF, hard] {
        for end in 0..text.len() {
            parse(text.get(..end).unwrap(), "/d");
        }
    }
    assert_eq!(parse(hard, "/d").problems, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048), words in "((timeout|request|also|option|code|interface|send|supersede|routers|array|of|integer|lease|concat)|[;{},=.:()\"\\\\ \n]|[a-z0-9-]{1,4}){0,80}") {
        parse(&String::from_utf8_lossy(&bytes), "/d");
        parse(&words, "/d");
    }
}
