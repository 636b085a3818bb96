use super::*;
use isctpl_checks::facts::{Location, LogoutScope};
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

const OPEN_ISCSI: &str = "[Unit]\nWants=network-online.target\nDefaultDependencies=no\nConflicts=shutdown.target\n\
                          [Service]\nType=oneshot\nRemainAfterExit=true\nExecStart=/sbin/iscsiadm -m node --loginall=automatic\n\
                          ExecStop=/lib/open-iscsi/umountiscsi.sh\nExecStop=/bin/sync\nExecStop=/lib/open-iscsi/logout-all.sh\n";
const LOGOUT: &str = "#!/bin/sh\nISCSIADM=/sbin/iscsiadm\nif [ -f /etc/iscsi/iscsi.initramfs ] && [ $ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN -eq 1 ]; then\n\
                      exit 0\nfi\n[ -f /run/open-iscsi/shutdown-keep-sessions ] && keep=$(cat /run/open-iscsi/shutdown-keep-sessions)\n\
                      if [ -z \"$keep\" ]; then\n\t$ISCSIADM -m node --logoutall=all\nfi\n";
const UMOUNT: &str = "#!/bin/sh\nfor s in $sessions; do echo $s; done > /run/open-iscsi/shutdown-keep-sessions\n";

/// A root with systemd whose default target is multi-user.target.
fn base(root: &Path) {
    put(root, "/usr/lib/systemd/systemd", "");
    symlink("usr/lib", root.join("lib")).unwrap();
    put(root, "/usr/lib/systemd/system/multi-user.target", "[Unit]\nRequires=basic.target\n");
    link(root, "/usr/lib/systemd/system/default.target", "multi-user.target");
    put(root, "/usr/lib/systemd/system/basic.target", "[Unit]\nWants=sockets.target\n");
    put(root, "/usr/lib/systemd/system/sysinit.target", "[Unit]\n");
    put(root, "/usr/lib/systemd/system/sockets.target", "[Unit]\n");
}

fn facts(root: &Path) -> Services {
    let root = Root::open(root).unwrap();
    read(&root, &Startup::read(&root))
}

#[test]
fn debians_open_iscsi_keeps_the_root() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/usr/lib/systemd/system/open-iscsi.service", OPEN_ISCSI);
    put(root, "/usr/lib/open-iscsi/logout-all.sh", LOGOUT);
    put(root, "/usr/lib/open-iscsi/umountiscsi.sh", UMOUNT);
    link(root, "/etc/systemd/system/sysinit.target.wants/open-iscsi.service", "/lib/systemd/system/open-iscsi.service");
    link(root, "/etc/systemd/system/iscsi.service", "/lib/systemd/system/open-iscsi.service");
    let services = facts(root);
    assert_eq!(services.problems, []);
    let unit = services.unit("open-iscsi.service").unwrap();
    assert!(unit.starts() && unit.stopped_at_shutdown && unit.remain_after_exit);
    assert_eq!(unit.enabled_by, [Location::file("/etc/systemd/system/sysinit.target.wants/open-iscsi.service")]);
    let logout = unit.exec.iter().find_map(|line| line.logout.as_ref()).unwrap();
    assert_eq!((&logout.of, logout.keeps_root), (&LogoutScope::ByStartup("all".to_owned()), true));
    assert!(logout.keeps_by_list);
    assert_eq!(logout.at, Location::line("/lib/open-iscsi/logout-all.sh", 8));
    assert!(services.unit("iscsi.service").is_none());
}

#[test]
fn without_the_list_the_root_is_logged_out() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/usr/lib/systemd/system/open-iscsi.service", OPEN_ISCSI);
    put(root, "/usr/lib/open-iscsi/logout-all.sh", LOGOUT);
    put(root, "/usr/lib/open-iscsi/umountiscsi.sh", "#!/bin/sh\nexit 0\n");
    let keeps = |services: &Services| {
        let unit = services.unit("open-iscsi.service").unwrap();
        unit.exec.iter().find_map(|line| line.logout.as_ref()).unwrap().keeps_root
    };
    assert!(!keeps(&facts(root)));
    put(root, "/etc/default/open-iscsi", "ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n");
    assert!(!keeps(&facts(root)));
    put(root, "/etc/iscsi/iscsi.initramfs", "ISCSI_AUTO=true\n");
    assert!(keeps(&facts(root)));
    put(root, "/etc/default/open-iscsi", "[ -e /x ] && ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n");
    let doubtful = facts(root);
    assert!(!keeps(&doubtful));
    let unit = doubtful.unit("open-iscsi.service").unwrap();
    let unread = unit.exec.iter().find_map(|line| line.logout.as_ref()).unwrap().keeps_unread.as_ref().unwrap();
    assert_eq!(unread.place, "/etc/default/open-iscsi:1");
}

/// What stands behind the place where a script could not be read any more may be a logout.
#[test]
fn a_script_that_is_not_read_to_its_end_is_a_problem() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/usr/lib/systemd/system/a.service", "[Service]\nExecStop=/usr/lib/a\nExecStop=/bin/sh -c 'x \"a'\n");
    link(root, "/etc/systemd/system/multi-user.target.wants/a.service", "/usr/lib/systemd/system/a.service");
    put(root, "/usr/lib/a", "#!/bin/sh\ncat <<E\niscsiadm -m node -u\n");
    let places: Vec<_> = facts(root).problems.into_iter().map(|problem| problem.place).collect();
    assert_eq!(places, ["/usr/lib/a:2", "/usr/lib/systemd/system/a.service:3"]);
    put(root, "/usr/lib/a", "#!/bin/bash\n(( x << 2 ))\niscsiadm -m node -u\n");
    let unit = facts(root).units.into_iter().find(|unit| unit.name == "a.service").unwrap();
    assert_eq!(unit.exec[0].logout.as_ref().unwrap().at, Location::line("/usr/lib/a", 3));
}

#[test]
fn any_started_unit_that_logs_out_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    let tidy = "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\nExecStop=/bin/sh -c 'iscsiadm -m session -u'\n";
    put(root, "/etc/systemd/system/tidy.service", tidy);
    put(root, "/etc/systemd/system/idle.service", tidy);
    put(root, "/usr/local/bin/bye", "#!/bin/bash\n\niscsiadm -m node --logoutall=automatic\n");
    put(root, "/etc/systemd/system/bye.service", "[Service]\nExecStart=/usr/local/bin/bye\n");
    link(root, "/etc/systemd/system/multi-user.target.wants/tidy.service", "../tidy.service");
    link(root, "/etc/systemd/system/reboot.target.wants/bye.service", "../bye.service");
    put(root, "/usr/lib/systemd/system/reboot.target", "[Unit]\n");
    let services = facts(root);
    let names: Vec<_> = services.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["bye.service", "tidy.service"]);
    assert_eq!(services.units[1].exec[1].logout.as_ref().unwrap().of, LogoutScope::All);
    let bye = services.units[0].exec[0].logout.as_ref().unwrap();
    assert_eq!(bye.of, LogoutScope::ByStartup("automatic".to_owned()));
    assert_eq!(bye.at, Location::line("/usr/local/bin/bye", 3));
}

#[test]
fn masks_and_drop_ins_hold() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    for name in ["open-iscsi.service", "iscsi-shutdown.service"] {
        put(root, &format!("/usr/lib/systemd/system/{name}"), OPEN_ISCSI);
        link(
            root,
            &format!("/etc/systemd/system/multi-user.target.wants/{name}"),
            &format!("/lib/systemd/system/{name}"),
        );
    }
    link(root, "/etc/systemd/system/iscsi-shutdown.service", "/dev/null");
    put(root, "/etc/systemd/system/open-iscsi.service.d/keep.conf", "[Service]\nExecStop=\nExecStop=/bin/sync\n");
    link(root, "/etc/systemd/system/open-iscsi.service.d/gone.conf", "/dev/null");
    let services = facts(root);
    let masked = services.unit("iscsi-shutdown.service").unwrap();
    assert_eq!(masked.masked, Some(Location::file("/etc/systemd/system/iscsi-shutdown.service")));
    assert!(!masked.starts());
    let unit = services.unit("open-iscsi.service").unwrap();
    assert_eq!(unit.drop_ins, [Location::file("/etc/systemd/system/open-iscsi.service.d/keep.conf")]);
    let stops: Vec<_> = unit.exec.iter().filter(|line| line.directive == "ExecStop").collect();
    assert_eq!((stops.len(), stops[0].command.as_str()), (1, "/bin/sync"));
}

#[test]
fn sockets_and_rules_pull_units_in() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/usr/lib/systemd/system/iscsid.service", "[Service]\nExecStart=/sbin/iscsid\n");
    put(root, "/usr/lib/systemd/system/iscsid.socket", "[Socket]\nListenStream=@ISCSIADM_ABSTRACT_NAMESPACE\n");
    assert!(!facts(root).unit("iscsid.service").unwrap().starts());
    let rule = "# comment\nSUBSYSTEM==\"block\", ENV{ID_PATH}==\"*-iscsi-*\", ENV{SYSTEMD_WANTS}+=\"iscsid.service\"\n";
    put(root, "/usr/lib/udev/rules.d/70-open-iscsi.rules", rule);
    assert_eq!(facts(root).unit("iscsid.service").unwrap().pulled_by, ["/usr/lib/udev/rules.d/70-open-iscsi.rules:2"]);
    link(root, "/etc/systemd/system/sockets.target.wants/iscsid.socket", "/lib/systemd/system/iscsid.socket");
    let pulled = facts(root).unit("iscsid.service").unwrap().pulled_by.clone();
    assert_eq!(pulled, ["/usr/lib/udev/rules.d/70-open-iscsi.rules:2", "iscsid.socket"]);
}

#[test]
fn a_masked_rule_pulls_nothing_in_and_is_no_problem() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/usr/lib/systemd/system/iscsid.service", "[Service]\nExecStart=/sbin/iscsid\n");
    let rule = "SUBSYSTEM==\"block\", ENV{SYSTEMD_WANTS}+=\"iscsid.service\"\n";
    put(root, "/usr/lib/udev/rules.d/70-open-iscsi.rules", rule);
    link(root, "/etc/udev/rules.d/70-open-iscsi.rules", "/dev/null");
    let facts = facts(root);
    assert!(facts.unit("iscsid.service").unwrap().pulled_by.is_empty());
    assert!(!facts.problems.iter().any(|problem| problem.place.contains("udev")), "{:?}", facts.problems);
}

#[test]
fn a_link_of_a_target_that_is_not_reached_starts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/usr/lib/systemd/system/snmpd.service", "[Service]\nExecStart=/bin/x\n");
    put(root, "/usr/lib/systemd/system/rescue.target", "[Unit]\n");
    link(root, "/etc/systemd/system/rescue.target.wants/snmpd.service", "/lib/systemd/system/snmpd.service");
    assert!(!facts(root).unit("snmpd.service").unwrap().starts());
}

#[test]
fn scripts_of_system_v_become_units() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/usr/lib/systemd/system-generators/systemd-sysv-generator", "");
    put(root, "/etc/init.d/san-tidy", "#!/bin/sh\ncase $1 in stop) iscsiadm -m node -u ;; esac\n");
    link(root, "/etc/rc2.d/S01san-tidy", "../init.d/san-tidy");
    link(root, "/etc/rc0.d/K01san-tidy", "../init.d/san-tidy");
    put(
        root,
        "/etc/init.d/open-iscsi",
        "#!/bin/sh\n/usr/lib/open-iscsi/umountiscsi.sh\n/usr/lib/open-iscsi/logout-all.sh\n",
    );
    put(root, "/usr/lib/open-iscsi/logout-all.sh", LOGOUT);
    put(root, "/usr/lib/open-iscsi/umountiscsi.sh", UMOUNT);
    link(root, "/etc/rc0.d/K01open-iscsi", "../init.d/open-iscsi");
    put(root, "/usr/lib/systemd/system/open-iscsi.service", OPEN_ISCSI);
    let services = facts(root);
    let unit = services.unit("san-tidy.service").unwrap();
    assert!(unit.from_sysv && unit.starts());
    assert!(!unit.exec[1].logout.as_ref().unwrap().keeps_root);
    let link = services.sysv.iter().find(|link| link.path == "/etc/rc0.d/K01open-iscsi").unwrap();
    assert!(link.shadowed_by_unit && !link.start);
    assert!(link.logout.as_ref().unwrap().keeps_root);
}

#[test]
fn scripts_that_run_each_other_end() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/a.sh", "#!/bin/sh\n/b.sh\n/a.sh\n");
    put(root, "/b.sh", "#!/bin/sh\n/a.sh\n/b.sh\niscsiadm -m node -u\n");
    put(root, "/etc/systemd/system/x.service", "[Service]\nExecStop=/a.sh\n");
    link(root, "/etc/systemd/system/multi-user.target.wants/x.service", "../x.service");
    assert!(facts(root).unit("x.service").unwrap().exec[0].logout.is_some());
}

#[test]
fn an_empty_root_has_no_units() {
    let directory = tempfile::tempdir().unwrap();
    let services = facts(directory.path());
    assert!(services.units.is_empty() && !services.systemd);
    assert_eq!(services.problems, []);
}

/// Scripts of booted instances look whether /proc is there; it is no file of the root, and no script.
#[test]
fn a_mount_point_of_the_kernel_is_no_script_that_could_not_be_read() {
    let root = Root::open(Path::new("/")).unwrap();
    for path in ["/proc", "/proc/", "/proc/self/environ", "/sys", "/dev"] {
        let scripts = super::exec::Scripts::new(&root);
        assert_eq!(scripts.of_script(path), None);
        assert_eq!(scripts.into_problems(), [], "{path}");
    }
}

#[test]
fn a_switch_whose_file_cannot_be_looked_at_is_not_off() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/usr/lib/systemd/system/open-iscsi.service", OPEN_ISCSI);
    put(root, "/usr/lib/open-iscsi/logout-all.sh", LOGOUT);
    link(root, "/etc/iscsi/iscsi.initramfs", "iscsi.initramfs");
    let unread = |services: &Services| {
        let unit = services.unit("open-iscsi.service").unwrap();
        let logout = unit.exec.iter().find_map(|line| line.logout.as_ref()).unwrap();
        assert!(!logout.keeps_root);
        logout.keeps_unread.as_ref().map(|problem| problem.place.clone())
    };
    assert_eq!(unread(&facts(root)), None);
    put(root, "/etc/default/open-iscsi", "ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n");
    assert_eq!(unread(&facts(root)).as_deref(), Some("/etc/iscsi/iscsi.initramfs"));
}

#[test]
fn a_script_of_system_v_that_cannot_be_looked_at_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    put(root, "/usr/lib/systemd/system-generators/systemd-sysv-generator", "");
    link(root, "/etc/init.d/open-iscsi", "open-iscsi");
    link(root, "/etc/rc2.d/S01open-iscsi", "../init.d/open-iscsi");
    let services = facts(root);
    assert!(services.unit("open-iscsi.service").is_none());
    assert!(services.problems.iter().any(|problem| problem.place == "/etc/init.d/open-iscsi"));
}

#[test]
fn of_the_environment_openssls_variables_alone_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    base(root);
    let text =
        "[Service]\nEnvironment=OPENSSL_CONF=/a\nEnvironment=\nEnvironment=\"TOKEN=geheim\" 'OPENSSL_CONF=/b c'\n";
    put(root, "/usr/lib/systemd/system/iscsid.service", text);
    put(root, "/etc/systemd/system/iscsid.service.d/x.conf", "[Service]\nEnvironmentFile=-/etc/default/iscsid\n");
    let services = facts(root);
    let unit = services.unit("iscsid.service").unwrap();
    let at = Location::line("/usr/lib/systemd/system/iscsid.service", 4);
    assert_eq!(unit.environment, [Located::new("OPENSSL_CONF=/b c".to_owned(), at)]);
    assert_eq!(unit.unread_environment, Some(Location::line("/etc/systemd/system/iscsid.service.d/x.conf", 2)));
    put(root, "/etc/systemd/system/iscsid.service.d/x.conf", "[Service]\nEnvironmentFile=-/x\nEnvironmentFile=\n");
    assert_eq!(facts(root).unit("iscsid.service").unwrap().unread_environment, None);
}
