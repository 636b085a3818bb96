use super::*;
use isctpl_checks::facts::{LeftoverKind, Source};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn facts(root: &Path) -> Template {
    let root = Root::open(root).unwrap();
    read(&root, &Startup::read(&root))
}

fn paths(template: &Template, kind: LeftoverKind) -> Vec<&str> {
    template.left.iter().filter(|left| left.kind == kind).map(|left| left.path.as_str()).collect()
}

#[test]
fn an_empty_root_has_nothing_left_and_nothing_wanted() {
    let directory = tempfile::tempdir().unwrap();
    let template = facts(directory.path());
    assert_eq!((template.left.as_slice(), template.problems.as_slice()), (&[][..], &[][..]));
    let found: Vec<_> = template.wanted.iter().map(|wanted| (wanted.what.as_str(), wanted.found.is_some())).collect();
    assert_eq!(found, [("snmpd", false), ("python", false), ("helper", false)]);
}

#[test]
fn finds_every_kind() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for (path, text) in [
        ("/root/.bash_history", "ls\n"),
        ("/home/a/.zsh_history", "ls\n"),
        ("/home/b/.bash_history", ""),
        ("/var/log/wtmp", "x"),
        ("/var/log/btmp", ""),
        ("/var/log/syslog.2.gz", "x"),
        ("/var/log/messages-20260101", "x"),
        ("/var/log/cronjob.txt", "x"),
        ("/var/log/dpkg.log", "x"),
        ("/var/log/audit/audit.log", "x"),
        ("/var/log/journal/0123/system.journal", "x"),
        ("/etc/udev/rules.d/70-persistent-net.rules", "# c\nSUBSYSTEM==\"net\", NAME=\"eth0\"\n"),
        ("/etc/udev/rules.d/75-persistent-net.rules", "# nothing\n"),
        ("/etc/ssh/ssh_host_rsa_key", "x"),
        ("/etc/ssh/ssh_host_rsa_key.pub", "x"),
        ("/etc/machine-id", "0123\n"),
        ("/tmp/x", ""),
        ("/tmp/systemd-private-1/x", ""),
        ("/var/tmp/.X11-unix/x", ""),
        ("/var/cache/apt/archives/a.deb", "x"),
        ("/var/cache/apt/archives/lock", ""),
        ("/etc/iscsi/iscsid.conf", "node.startup = manual\nnode.session.auth.password = geheim\n"),
        ("/etc/iscsi/nodes/iqn.a/10.0.0.1,3260", "node.session.auth.password = geheim\n"),
        ("/var/lib/iscsi/send_targets/10.0.0.1,3260/st_config", "discovery.sendtargets.auth.password = geheim\n"),
        ("/etc/iscsi/iscsi.initramfs", "return\nx(1)\nISCSI_PASSWORD=geheim\n"),
        ("/var/lib/cloud/instances/i-1/user-data.txt", "#cloud-config\nusers:\n  - passwd: geheim\n"),
        ("/var/lib/cloud/instances/i-2/user-data.txt", "#cloud-config\n# password: none\n"),
    ] {
        put(root, path, text);
    }
    fs::create_dir_all(root.join("var/lib/dbus")).unwrap();
    symlink("/etc/machine-id", root.join("var/lib/dbus/machine-id")).unwrap();
    let template = facts(root);
    assert_eq!(template.problems, []);
    assert_eq!(paths(&template, LeftoverKind::History), ["/root/.bash_history", "/home/a/.zsh_history"]);
    let logs = [
        "/var/log/messages-20260101",
        "/var/log/syslog.2.gz",
        "/var/log/wtmp",
        "/var/log/audit/audit.log",
        "/var/log/journal/0123",
    ];
    assert_eq!(paths(&template, LeftoverKind::Logs), logs);
    assert_eq!(paths(&template, LeftoverKind::NetRules), ["/etc/udev/rules.d/70-persistent-net.rules"]);
    assert_eq!(paths(&template, LeftoverKind::HostKeys), ["/etc/ssh/ssh_host_rsa_key"]);
    assert_eq!(paths(&template, LeftoverKind::MachineId), ["/etc/machine-id"]);
    assert_eq!(paths(&template, LeftoverKind::Tmp), ["/tmp"]);
    assert_eq!(paths(&template, LeftoverKind::PackageCache), ["/var/cache/apt/archives"]);
    let credentials = template.left.iter().filter(|left| left.kind == LeftoverKind::Credentials);
    let credentials: Vec<_> = credentials.map(|left| (left.path.as_str(), left.line)).collect();
    let expected = [
        ("/etc/iscsi/iscsid.conf", 2),
        ("/etc/iscsi/nodes/iqn.a/10.0.0.1,3260", 1),
        ("/var/lib/iscsi/send_targets/10.0.0.1,3260/st_config", 1),
        ("/etc/iscsi/iscsi.initramfs", 3),
        ("/var/lib/cloud/instances/i-1/user-data.txt", 3),
    ];
    assert_eq!(credentials, expected);
    assert!(!format!("{template:?}").contains("geheim"));
}

#[test]
fn what_cannot_be_looked_at_is_not_missing() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    symlink("python3", root.join("usr/bin/python3")).unwrap();
    let template = facts(root);
    assert_eq!(template.wanted[1].found, None);
    let told: Vec<_> = template.problems.iter().map(|problem| (problem.place.as_str(), problem.source)).collect();
    assert_eq!(told, [("/usr/bin/python3", Source::Wanted)]);
    // Any one will do.
    put(root, "/usr/bin/python", "");
    let template = facts(root);
    assert_eq!((template.wanted[1].found.as_deref(), template.problems.len()), (Some("/usr/bin/python"), 0));
}

#[test]
fn finds_what_a_template_needs() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    put(root, "/usr/sbin/snmpd", "");
    put(root, "/usr/share/initramfs-tools/scripts/local-top/iscsi", "");
    put(root, "/usr/bin/python3.11", "");
    symlink("python3.11", root.join("usr/bin/python3")).unwrap();
    let found = |template: &Template| -> Vec<Option<String>> {
        template.wanted.iter().map(|wanted| wanted.found.clone()).collect()
    };
    let template = facts(root);
    let some = |path: &str| Some(path.to_owned());
    let script = "/usr/share/initramfs-tools/scripts/local-top/iscsi";
    assert_eq!(found(&template), [some("/usr/sbin/snmpd"), some("/usr/bin/python3"), some(script)]);
    assert_eq!(template.wanted[0].enabled, Some(false));
    put(root, "/etc/systemd/system/bigstep.service", "[Service]\n");
    put(root, "/usr/lib/systemd/system/default.target", "[Unit]\n");
    put(root, "/usr/lib/systemd/system/snmpd.service", "[Service]\n");
    fs::create_dir_all(root.join("etc/systemd/system/default.target.wants")).unwrap();
    symlink("../snmpd.service", root.join("etc/systemd/system/default.target.wants/snmpd.service")).unwrap();
    let template = facts(root);
    assert_eq!(template.wanted[0].enabled, Some(true));
    assert_eq!(template.wanted[2].found.as_deref(), Some("/etc/systemd/system/bigstep.service"));
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    symlink("tmp", root.join("tmp")).unwrap();
    assert_eq!(facts(root).problems.len(), 1);
}
