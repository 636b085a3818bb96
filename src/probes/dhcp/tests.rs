#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use std::fs;
use std::path::Path;

/// A root of files, each a path and its text.
fn root(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs::write(path, text).unwrap();
    }
    let root = Root::open(directory.path()).unwrap();
    (directory, root)
}

const HOOK: &str =
    "if [ \"$reason\" = BOUND ]; then\n set -- $new_rfc3442_classless_static_routes\n ip route add $1\nfi\n";
const CONF: &str = "option rfc3442-classless-static-routes code 121 = array of unsigned integer 8;\nrequest routers, rfc3442-classless-static-routes;\ntimeout 10;\n";

#[test]
fn reads_configuration_hooks_and_leases() {
    let lease = "lease {\n  interface \"eth0\";\n  fixed-address 192.0.2.5;\n  option subnet-mask 255.255.255.0;\n}\n";
    let (_kept, root) = root(&[
        ("/usr/sbin/dhclient", "program"),
        ("/etc/dhcp/dhclient.conf", CONF),
        ("/etc/dhcp/dhclient-san.conf", "request routers;\n"),
        ("/etc/dhcp/dhclient-exit-hooks.d/rfc3442", HOOK),
        ("/etc/dhcp/dhclient-exit-hooks.d/rfc3442.bak", HOOK),
        ("/var/lib/dhcp/dhclient.eth0.leases", lease),
        ("/var/lib/dhcp/dhcpd.leases", lease),
        ("/run/dhclient.eth1.leases", lease),
    ]);
    let facts = read(&root, false);
    assert!(facts.problems.is_empty(), "{:?}", facts.problems);
    assert!(facts.dhclient_installed);
    let conf = facts.dhclient.unwrap();
    assert_eq!(conf.timeout.unwrap().value, 10);
    assert!(conf.asks_classless);
    assert_eq!((conf.interfaces[0].name.as_str(), conf.interfaces[0].asks_classless), ("san", false));
    assert_eq!(facts.hooks.iter().map(|hook| hook.active).collect::<Vec<_>>(), [true, false]);
    assert!(facts.hooks.iter().all(|hook| hook.installs_classless && hook.reasons == ["BOUND"]));
    assert_eq!(facts.leases.len(), 1, "/run is not the instance's");
    assert_eq!(read(&root, true).leases.len(), 2);
}

#[test]
fn what_cannot_be_read_names_its_source() {
    let long = HOOK.to_owned() + &"# x\n".repeat(100_000);
    let hook = "/etc/dhcp/dhclient-exit-hooks.d/rfc3442";
    let (kept, root) = root(&[("/etc/dhcp/dhclient.conf", CONF), (hook, &long)]);
    let first_line = |path: &str| [(format!("{path}:1"), Source::DhclientHooks)];
    assert_eq!(told(&root), first_line(hook), "a hook that is too long");
    let (_kept, open) = self::root(&[("/etc/dhcp/dhclient.conf", CONF), (hook, &format!("cat <<E\n{HOOK}"))]);
    assert_eq!(told(&open), first_line(hook), "a hook whose end is in a here-document");
    for path in [hook, "/etc/dhclient-up-hooks", "/sbin/dhclient", "/etc/dhcp/dhclient.conf", "/var/lib/dhcp/a.leases"]
    {
        let path = kept.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(path.file_name().unwrap(), &path).unwrap();
    }
    assert_eq!(
        told(&root),
        [
            ("/sbin/dhclient".to_owned(), Source::Dhclient),
            ("/etc/dhcp/dhclient.conf".to_owned(), Source::DhclientConf),
            (hook.to_owned(), Source::DhclientHooks),
            ("/etc/dhclient-up-hooks".to_owned(), Source::DhclientHooks),
            ("/var/lib/dhcp/a.leases".to_owned(), Source::Leases),
        ]
    );
}

/// What could not be read, and of which source that is.
fn told(root: &Root) -> Vec<(String, Source)> {
    read(root, true).problems.into_iter().map(|problem| (problem.place, problem.source)).collect()
}

#[test]
fn a_build_that_knows_the_option_asks_for_it() {
    let (_kept, known) =
        root(&[("/sbin/dhclient", "x\0classless-static-routes\0y"), ("/etc/dhcp/dhclient.conf", "timeout 3;\n")]);
    assert!(read(&known, true).dhclient.unwrap().asks_classless);
    let (_kept, listed) =
        root(&[("/sbin/dhclient", "x\0classless-static-routes\0y"), ("/etc/dhcp/dhclient.conf", "request routers;\n")]);
    assert!(!read(&listed, true).dhclient.unwrap().asks_classless);
    let (_kept, unknown) =
        root(&[("/sbin/dhclient", "x"), ("/etc/dhcp/dhclient.conf", "also request classless-static-routes;\n")]);
    assert!(!read(&unknown, true).dhclient.unwrap().asks_classless);
}

#[test]
fn included_files_count_and_circles_end() {
    let (_kept, root) = root(&[
        ("/etc/dhcp/dhclient.conf", "timeout 60\n;include \"/etc/dhcp/more.conf\";\n"),
        ("/etc/dhcp/more.conf", CONF),
    ]);
    let conf = read(&root, true).dhclient.unwrap();
    assert!(conf.asks_classless);
    assert_eq!(conf.timeout.unwrap().value, 10);
    let (_kept, circle) = self::root(&[("/etc/dhcp/dhclient.conf", "include \"/etc/dhcp/dhclient.conf\";")]);
    assert_eq!(read(&circle, true).problems.len(), 1);
}

/// A file that dhclient itself refuses in part is read all the same.
#[test]
fn what_is_not_read_of_the_configuration_is_told_of_it() {
    let sources = |conf: &str| {
        let (_kept, root) = root(&[("/etc/dhcp/dhclient.conf", conf)]);
        read(&root, true).problems.iter().map(|problem| problem.source).collect::<Vec<_>>()
    };
    assert_eq!(sources("timeout 5\n"), [Source::Other]);
    assert_eq!(sources(&format!("request {}routers;\n", "routers,".repeat(5000))), [Source::DhclientConf]);
    let (kept, root) = root(&[("/etc/dhcp/dhclient-san.conf", "include \"/etc/declared\";\nrequest x;\n")]);
    fs::write(kept.path().join("etc/declared"), "option x code 121 = text;\n").unwrap();
    assert!(read(&root, true).dhclient.unwrap().interfaces[0].asks_classless);
}

#[test]
fn an_empty_root_has_nothing_and_no_problem() {
    let (_kept, root) = root(&[]);
    let facts = read(&root, true);
    assert!(facts.problems.is_empty() && facts.dhclient.is_none() && facts.leases.is_empty());
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let (kept, root) = root(&[]);
    fs::create_dir_all(kept.path().join("etc/dhcp/dhclient.conf")).unwrap();
    assert_eq!(read(&root, true).problems.len(), 1);
}

#[test]
fn a_program_that_was_found_does_not_hang_on_other_places() {
    let (kept, root) = root(&[("/sbin/dhclient", "program")]);
    fs::create_dir_all(kept.path().join("usr/sbin")).unwrap();
    std::os::unix::fs::symlink("dhclient", kept.path().join("usr/sbin/dhclient")).unwrap();
    assert!(read(&root, true).dhclient_installed);
    assert_eq!(told(&root), []);
}
