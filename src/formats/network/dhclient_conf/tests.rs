#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;

fn parse(text: &str, path: &str) -> Parsed {
    super::parse(text, path, false)
}

const CONF: &str = "# timeout 1;\noption rfc3442-classless-static-routes code 121 = array of unsigned integer 8;\nsend host-name = gethostname();\nrequest subnet-mask, routers,\n\trfc3442-classless-static-routes, dhcp6.fqdn;\ntimeout 10;\nsupersede domain-name \"fu;gue.com # home\";\nlease {\n  interface \"eth0\";\n  option routers 192.0.2.1;\n}\ninterface \"eth1\" {\n  timeout 5;\n  request routers;\n}\ninterface \"eth2\" { send x 1; also request ntp-servers; }\n";

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
    assert_eq!(parsed.declared.get("classless-static-routes"), Some(&121));
    assert_eq!(parsed.conf.requested.as_ref().unwrap().at, Location::line("/d", 2));
    assert_eq!(parsed.classless_variable().as_deref(), Some("new_classless_static_routes"));
    let unasked = "option x code 121 = text;\nrequest subnet-mask;\n";
    assert_eq!((parse(unasked, "/d").declared.len(), variable(unasked)), (1, None));
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
    let mut parsed = super::parse("include \"/x\";\ninterface \"san\" { request x; }\n", "/d", false);
    parsed.include(super::parse("option x code 121 = text;\n", "/x", false));
    parsed.settle();
    assert!(parsed.conf.interfaces[0].asks_classless, "declared in an included file");
}

/// A list that every block takes over would be kept as often as there are blocks.
#[test]
fn lists_that_are_taken_over_are_kept_up_to_a_limit() {
    let names = |count: usize| (0..count).map(|number| format!("n{number},")).collect::<String>();
    let blocks = |count: usize| "interface \"e\" { also request a; }\n".repeat(count);
    let text = |listed, count| format!("request {}a;\n{}", names(listed), blocks(count));
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
    assert_eq!(left_out(&parse(&format!("request {}a;\n", names(5000)), "/d")), format!("/d:1: {what}"));
}

#[test]
fn a_missing_semicolon_swallows_the_next_statement() {
    let parsed = parse("timeout 10\nrequest routers;\nretry 60;\n", "/d");
    assert_eq!(parsed.conf.timeout.unwrap().value, 10);
    assert!(parsed.conf.requested.is_none());
    assert_eq!(parsed.problems.len(), 1);
    assert_eq!(parsed.problems[0].place, "/d:1");
    let parsed = parse("request routers,\n  subnet-mask\nsend x 1;\ntimeout 3;\n", "/d");
    assert!(parsed.conf.requested.is_none());
    assert_eq!(parsed.problems[0].place, "/d:1");
    assert_eq!(parsed.conf.timeout.unwrap().value, 3);
}

#[test]
fn what_has_no_end_is_told() {
    for text in ["timeout 10", "timeout x;", "interface \"a\" {\n timeout 1;", "}", "interface;", "send x"] {
        assert!(!parse(text, "/d").problems.is_empty(), "{text}");
    }
    assert_eq!(parse("include \"/etc/x.conf\";", "/d").includes[0].value, "/etc/x.conf");
}

#[test]
fn a_truncation_anywhere_is_read() {
    for end in 0..CONF.len() {
        parse(CONF.get(..end).unwrap(), "/d");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048), words in "(timeout|request|also|option|code|interface|[;{},=\" \n]|[a-z0-9]{1,4}){0,80}") {
        parse(&String::from_utf8_lossy(&bytes), "/d");
        parse(&words, "/d");
    }
}
