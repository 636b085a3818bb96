use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn link(root: &Path, path: &str, target: &str) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(target, path).unwrap();
}

const SESSION: &str = "/sys/devices/platform/host6/session1";

/// A booted instance: root on a logical volume on the third partition of a LUN.
fn instance(root: &Path) {
    let disk = format!("{SESSION}/target6:0:0/6:0:0:47/block/sda");
    for (file, text) in [
        ("iscsi_session/session1/targetname", "iqn.2013-01.com.example:storage.a\n"),
        ("iscsi_session/session1/state", "LOGGED_IN\n"),
        ("iscsi_session/session1/recovery_tmo", "120\n"),
        ("iscsi_session/session1/initiatorname", "<NULL>\n"),
        ("iscsi_session/session1/password", "geheim\n"),
        ("connection1:0/iscsi_connection/connection1:0/persistent_address", "100.97.0.10\n"),
        ("connection1:0/iscsi_connection/connection1:0/persistent_port", "3260\n"),
        ("connection1:0/iscsi_connection/connection1:0/ping_tmo", "5\n"),
        ("connection1:0/iscsi_connection/connection1:0/state", "up\n"),
        ("connection1:0/iscsi_connection/connection1:0/local_port", "41000\n"),
        ("../iscsi_host/host6/ipaddress", "100.64.16.54\n"),
    ] {
        put(root, &format!("{SESSION}/{file}"), text);
    }
    link(root, &format!("{SESSION}/iscsi_session/session1/device"), "../../../session1");
    link(root, "/sys/devices/platform/host6/iscsi_host/host6/device", "../../../host6");
    link(root, "/sys/class/iscsi_host/host6", "../../devices/platform/host6/iscsi_host/host6");
    put(root, &format!("{disk}/dev"), "8:0\n");
    put(root, &format!("{disk}/sda3/dev"), "8:3\n");
    put(root, &format!("{disk}/sda3/partition"), "3\n");
    put(root, "/sys/devices/virtual/block/dm-0/dev", "254:0\n");
    put(root, "/sys/devices/virtual/block/dm-0/dm/name", "vg-lv\n");
    fs::create_dir_all(root.join("sys/devices/virtual/block/dm-0/slaves")).unwrap();
    link(root, "/sys/devices/virtual/block/dm-0/slaves/sda3", "../../../../../sda3");
    let up = "../../devices/platform/host6/session1";
    link(root, "/sys/class/iscsi_session/session1", &format!("{up}/iscsi_session/session1"));
    link(
        root,
        "/sys/class/iscsi_connection/connection1:0",
        &format!("{up}/connection1:0/iscsi_connection/connection1:0"),
    );
    for class in ["class/block", "dev/block"] {
        let (sda, sda3, dm) = if class == "class/block" { ("sda", "sda3", "dm-0") } else { ("8:0", "8:3", "254:0") };
        link(root, &format!("/sys/{class}/{sda}"), &format!("{up}/target6:0:0/6:0:0:47/block/sda"));
        link(root, &format!("/sys/{class}/{sda3}"), &format!("{up}/target6:0:0/6:0:0:47/block/sda/sda3"));
        link(root, &format!("/sys/{class}/{dm}"), "../../devices/virtual/block/dm-0");
    }
    put(root, "/proc/self/mountinfo", "26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-lv rw\n");
    put(root, "/proc/net/unix", "Num Ref\n0: 00000002 00000000 00010000 0001 01 14152 @ISCSIADM_ABSTRACT_NAMESPACE\n");
    put(root, "/proc/1/comm", "systemd\n");
    put(root, "/proc/346/comm", "iscsid\n");
}

fn facts(root: &Path) -> Iscsi {
    let sysfs = Root::open_labelled(&root.join("sys"), "/sys").unwrap();
    read(&Root::open(root).unwrap(), Some(&sysfs), None)
}

#[test]
fn a_session_that_holds_the_root_is_known() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    let iscsi = facts(directory.path());
    assert_eq!(iscsi.problems, []);
    let sessions = iscsi.sessions.known().unwrap();
    assert_eq!(sessions.len(), 1);
    let session = &sessions[0];
    assert_eq!((session.holds_root, session.state.as_str()), (Some(true), "LOGGED_IN"));
    assert_eq!(session.disks, ["sda"]);
    assert_eq!((session.address, session.port), (Some([100, 97, 0, 10].into()), Some(3260)));
    assert_eq!((session.local_address, session.local_port), (Some([100, 64, 16, 54].into()), Some(41000)));
    assert_eq!((session.recovery_tmo, session.ping_tmo, &session.initiator), (Some(120), Some(5), &None));
    assert_eq!(iscsi.iscsid_running.known(), Some(&true));
    assert!(!format!("{iscsi:?}").contains("geheim"));
}

#[test]
fn systemd_holding_the_socket_is_no_iscsid() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    fs::remove_dir_all(directory.path().join("proc/346")).unwrap();
    assert_eq!(facts(directory.path()).iscsid_running.known(), Some(&false));
}

#[test]
fn hidden_processes_are_not_absent() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    fs::remove_dir_all(directory.path().join("proc/346")).unwrap();
    fs::remove_dir_all(directory.path().join("proc/1")).unwrap();
    let hidden = facts(directory.path()).iscsid_running;
    assert!(hidden.problem().is_some_and(|problem| problem.what.contains("hidepid")), "{hidden:?}");
    // With hidepid=1 they are there, and cannot be looked into.
    link(directory.path(), "/proc/1/comm", "comm");
    assert!(facts(directory.path()).iscsid_running.problem().is_some());
}

#[test]
fn a_root_elsewhere_is_held_by_no_session() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    put(directory.path(), "/sys/devices/virtual/block/vda/dev", "252:0\n");
    link(directory.path(), "/sys/dev/block/252:0", "../../devices/virtual/block/vda");
    put(directory.path(), "/proc/self/mountinfo", "26 1 252:0 / / rw - ext4 /dev/vda rw\n");
    assert_eq!(facts(directory.path()).sessions.known().unwrap()[0].holds_root, Some(false));
    put(directory.path(), "/proc/self/mountinfo", "26 1 0:40 / / rw - overlay overlay rw\n");
    let iscsi = facts(directory.path());
    assert_eq!(iscsi.sessions.known().unwrap()[0].holds_root, None);
    assert_eq!(iscsi.problems.len(), 1);
}

#[test]
fn no_class_of_sessions_is_no_session() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("sys/class")).unwrap();
    put(directory.path(), "/proc/net/unix", "Num\n");
    let iscsi = facts(directory.path());
    assert_eq!(iscsi.sessions.known(), Some(&Vec::new()));
    assert_eq!(iscsi.problems, []);
}

#[test]
fn reads_the_files_of_a_mounted_root() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    put(root, "/etc/iscsi/initiatorname.iscsi", "InitiatorName=iqn.2020-10.com.example:i\n");
    put(root, "/etc/iscsi/iscsi.initramfs", "ISCSI_AUTO=true\n");
    put(root, "/etc/default/open-iscsi", "ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n");
    put(root, "/usr/sbin/iscsiadm", "");
    put(root, "/etc/iscsi/nodes/iqn.a/10.0.0.1,3260", "node.startup = manual\n");
    put(
        root,
        "/var/lib/iscsi/nodes/iqn.b/10.0.0.2,3260,1/default",
        "node.startup = automatic\nnode.session.auth.password = x\n",
    );
    put(root, "/var/lib/iscsi/nodes/iqn.b/odd/default", "node.startup = automatic\n");
    let iscsi = read(&Root::open(root).unwrap(), None, None);
    assert_eq!(iscsi.initiator_name.unwrap().value, "iqn.2020-10.com.example:i");
    assert!(iscsi.initramfs_conf.unwrap().keep_all_sessions);
    assert_eq!(iscsi.iscsiadm.as_deref(), Some("/usr/sbin/iscsiadm"));
    let nodes: Vec<_> = iscsi.nodes.iter().map(|node| (node.target.as_str(), node.secret)).collect();
    assert_eq!(nodes, [("iqn.b", true), ("iqn.a", false)]);
    assert_eq!(iscsi.problems.len(), 1);
    assert!(matches!(iscsi.sessions, Fact::NotApplicable(_)));
}

#[test]
fn an_iscsiadm_that_cannot_be_looked_at_is_not_missing() {
    let directory = tempfile::tempdir().unwrap();
    link(directory.path(), "/usr/sbin/iscsiadm", "iscsiadm");
    let found = || {
        let iscsi = read(&Root::open(directory.path()).unwrap(), None, None);
        let told: Vec<_> = iscsi.problems.into_iter().map(|problem| (problem.place, problem.source)).collect();
        (iscsi.iscsiadm, told)
    };
    assert_eq!(found(), (None, vec![("/usr/sbin/iscsiadm".to_owned(), Source::Other)]));
    put(directory.path(), "/bin/iscsiadm", "");
    assert_eq!(found(), (Some("/bin/iscsiadm".to_owned()), Vec::new()));
}

#[test]
fn a_unit_whose_disk_cannot_be_looked_at_is_not_without_one() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    link(directory.path(), &format!("{SESSION}/target6:0:0/6:0:0:48/block"), "block");
    let sysfs = Root::open_labelled(&directory.path().join("sys"), "/sys").unwrap();
    let problem = sessions::units(&sysfs, "session1").err().unwrap();
    assert!(problem.place.ends_with("/6:0:0:48/block"), "{problem}");
}

#[test]
fn what_iscsid_is_linked_with_stands_in_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let libraries = || read(&Root::open(directory.path()).unwrap(), None, None).iscsid_libraries;
    assert_eq!(libraries(), Fact::Known(None));
    let program = directory.path().join("usr/sbin/iscsid");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, elf::sample::program(None, &["libcrypto.so.3", "libc.so.6"], None)).unwrap();
    assert_eq!(libraries(), Fact::Known(Some(vec!["libcrypto.so.3".to_owned(), "libc.so.6".to_owned()])));
    fs::write(&program, "#!/bin/sh\n").unwrap();
    let problem = libraries().problem().cloned().unwrap();
    assert!(problem.place.ends_with("/usr/sbin/iscsid"), "{problem}");
}
