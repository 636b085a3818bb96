#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;

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
