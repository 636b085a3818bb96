#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::load::Units;
use super::started::{Follow, started};
use super::startup::Startup;
use crate::probes::files::{Files, Found};
use crate::probes::sample::SampleRoot;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::Problem;
use std::borrow::Cow;

const UNIT: &str = "[Unit]\n";

/// A root whose default target is multi-user.target, with these files and links besides.
fn root_with(files: &[(&str, &str)]) -> SampleRoot {
    let root = SampleRoot::of(&[
        ("/usr/lib/systemd/systemd", ""),
        ("/lib", "-> usr/lib"),
        ("/usr/lib/systemd/system/default.target", "-> multi-user.target"),
        ("/usr/lib/systemd/system/multi-user.target", UNIT),
    ]);
    for (path, text) in files {
        root.put(path, text);
    }
    root
}

/// Which of the services start.
fn starts(root: &SampleRoot) -> Vec<String> {
    let root = root.open();
    let startup = Startup::read(&root);
    assert_eq!((startup.problems(), startup.cut_short()), (vec![], None));
    let services = startup.started.keys().filter(|name| name.ends_with(".service"));
    services.filter(|name| startup.service(name).is_some_and(|service| service.enabled)).cloned().collect()
}

#[test]
fn a_link_that_is_masked_starts_nothing() {
    let root = root_with(&[
        ("/usr/lib/systemd/system/null.service", UNIT),
        ("/usr/lib/systemd/system/empty.service", UNIT),
        ("/usr/lib/systemd/system/lost.service", UNIT),
        ("/usr/lib/systemd/system/multi-user.target.wants/null.service", "-> ../null.service"),
        ("/etc/systemd/system/multi-user.target.wants/null.service", "-> /dev/null"),
        ("/etc/systemd/system/multi-user.target.wants/empty.service", ""),
        ("/etc/systemd/system/multi-user.target.wants/lost.service", "-> /nowhere/lost.service"),
        ("/usr/lib/systemd/system/far.service", UNIT),
        ("/etc/systemd/system/null.service", "-> /dev/null"),
        ("/etc/systemd/system/multi-user.target.wants/far.service", "-> ../null.service"),
    ]);
    assert_eq!(starts(&root), ["lost.service"], "where a link leads does not matter, unless it masks");
}

#[test]
fn a_link_by_an_alias_starts_the_unit() {
    let root = root_with(&[
        ("/usr/lib/systemd/system/ssh.service", UNIT),
        ("/etc/systemd/system/sshd.service", "-> /lib/systemd/system/ssh.service"),
        ("/etc/systemd/system/multi-user.target.wants/sshd.service", "-> /lib/systemd/system/ssh.service"),
        ("/etc/systemd/system/sshd.service.d/x.conf", "[Unit]\nWants=more.service\n"),
        ("/usr/lib/systemd/system/more.service", UNIT),
        ("/usr/lib/systemd/system/sshd.service.wants/even-more.service", "-> ../even-more.service"),
        ("/usr/lib/systemd/system/even-more.service", UNIT),
    ]);
    assert_eq!(starts(&root), ["even-more.service", "more.service", "ssh.service"]);
}

#[test]
fn a_link_of_a_target_that_is_not_reached_starts_nothing() {
    let root = root_with(&[
        ("/usr/lib/systemd/system/snmpd.service", UNIT),
        ("/usr/lib/systemd/system/rescue.target", UNIT),
        ("/usr/lib/systemd/system/emergency.target.wants/snmpd.service", "-> ../snmpd.service"),
        ("/etc/systemd/system/rescue.target.wants/snmpd.service", "-> /lib/systemd/system/snmpd.service"),
    ]);
    assert_eq!(starts(&root), [""; 0]);
    root.put("/etc/systemd/system/default.target", "-> /lib/systemd/system/rescue.target");
    assert_eq!(starts(&root), ["snmpd.service"]);
}

#[test]
fn without_a_default_target_systemd_starts_the_rescue_target() {
    let root = SampleRoot::of(&[
        ("/usr/lib/systemd/system/rescue.target", UNIT),
        ("/usr/lib/systemd/system/multi-user.target", UNIT),
        ("/usr/lib/systemd/system/a.service", UNIT),
        ("/usr/lib/systemd/system/b.service", UNIT),
        ("/usr/lib/systemd/system/rescue.target.wants/a.service", "-> ../a.service"),
        ("/usr/lib/systemd/system/multi-user.target.wants/b.service", "-> ../b.service"),
    ]);
    assert_eq!(starts(&root), ["a.service"]);
}

#[test]
fn an_empty_assignment_takes_no_dependency_away() {
    let root = root_with(&[
        ("/etc/systemd/system/multi-user.target.d/x.conf", "[Unit]\nWants=a.service\nWants=\nRequires=b.service\n"),
        ("/usr/lib/systemd/system/a.service", UNIT),
        ("/usr/lib/systemd/system/b.service", UNIT),
    ]);
    assert_eq!(starts(&root), ["a.service", "b.service"]);
}

#[test]
fn a_link_out_of_the_directories_of_units_is_no_alias() {
    let root = root_with(&[
        ("/usr/lib/systemd/system/b.service", UNIT),
        ("/opt/b.service", "[Unit]\nWants=c.service\n"),
        ("/usr/lib/systemd/system/c.service", UNIT),
        ("/etc/systemd/system/a.service", "-> /opt/b.service"),
        ("/etc/systemd/system/multi-user.target.wants/a.service", "-> ../a.service"),
    ]);
    assert_eq!(starts(&root), ["a.service", "c.service"]);
}

#[test]
fn links_that_systemd_refuses_as_aliases_hide_nothing() {
    let root = root_with(&[
        ("/usr/lib/systemd/system/a.service", UNIT),
        ("/etc/systemd/system/a.service", "-> /lib/systemd/system/a.service"),
        ("/etc/systemd/system/multi-user.target.wants/a.service", "-> /lib/systemd/system/a.service"),
        ("/usr/lib/systemd/system/b.service", UNIT),
        ("/etc/systemd/system/b.service", "-> multi-user.target"),
        ("/etc/systemd/system/multi-user.target.wants/b.service", "-> ../b.service"),
    ]);
    assert_eq!(starts(&root), ["a.service", "b.service"]);
}

#[test]
fn templates_are_made_into_instances() {
    let root = root_with(&[
        ("/usr/lib/systemd/system/t@.service", "[Unit]\nWants=u@.service\n"),
        ("/usr/lib/systemd/system/u@.service", UNIT),
        ("/usr/lib/systemd/system/other@.service", "-> t@.service"),
        ("/usr/lib/systemd/system/t@gone.service", "-> /dev/null"),
        ("/etc/systemd/system/multi-user.target.wants/other@1.service", "-> /lib/systemd/system/t@.service"),
        ("/etc/systemd/system/multi-user.target.wants/t@gone.service", "-> /lib/systemd/system/t@.service"),
        ("/etc/systemd/system/multi-user.target.wants/u@.service", "-> /lib/systemd/system/u@.service"),
        ("/usr/lib/systemd/system/other@2.service", "-> t@2.service"),
        ("/etc/systemd/system/multi-user.target.wants/other@2.service", "-> /lib/systemd/system/t@.service"),
        ("/usr/lib/systemd/system/t@circle.service", "-> other@circle.service"),
        ("/usr/lib/systemd/system/other@circle.service", "-> t@circle.service"),
        ("/etc/systemd/system/multi-user.target.wants/t@circle.service", "-> /lib/systemd/system/t@.service"),
    ]);
    assert_eq!(starts(&root), ["t@1.service", "t@2.service", "u@1.service", "u@2.service", "u@multi-user.service"]);
}

/// systemd 252 says the same of these: see add_names() of its unit-file.c.
#[test]
fn an_instance_with_a_file_of_its_own_has_none_of_the_names_of_its_template() {
    let root = root_with(&[
        ("/usr/lib/systemd/system/t@.service", "[Unit]\nWants=by-template.service\n"),
        ("/usr/lib/systemd/system/u@.service", "-> t@.service"),
        ("/etc/systemd/system/t@1.service", "[Unit]\nWants=by-instance.service\n"),
        ("/etc/systemd/system/u@.service.wants/x.service", "-> ../x.service"),
        ("/usr/lib/systemd/system/by-template.service", UNIT),
        ("/usr/lib/systemd/system/by-instance.service", UNIT),
        ("/usr/lib/systemd/system/x.service", UNIT),
        ("/etc/systemd/system/multi-user.target.wants/t@1.service", "-> ../t@1.service"),
    ]);
    assert_eq!(starts(&root), ["by-instance.service", "t@1.service"]);
    root.put("/etc/systemd/system/multi-user.target.wants/u@1.service", "-> ../u@.service");
    assert_eq!(
        starts(&root),
        ["by-instance.service", "by-template.service", "t@1.service", "u@1.service", "x.service"],
        "the alias is a unit of the template"
    );
}

#[test]
fn drop_ins_of_a_stronger_directory_hide_those_of_a_nearer_name() {
    let root = root_with(&[
        ("/usr/lib/systemd/system/a-b.service", UNIT),
        ("/usr/lib/systemd/system/a-b.service.d/10.conf", UNIT),
        ("/etc/systemd/system/a-.service.d/10.conf", UNIT),
        ("/etc/systemd/system/service.d/10.conf", UNIT),
        ("/etc/systemd/system/service.d/20.conf", UNIT),
        ("/etc/systemd/system.attached/a-b.service.d/30.conf", UNIT),
        ("/run/systemd/system/a-b.service.d/30.conf", UNIT),
        ("/run/systemd/system/a-b.service.d/40.conf", "-> /dev/null"),
        ("/usr/local/lib/systemd/system/a-b.service.d/40.conf", UNIT),
    ]);
    let root = root.open();
    let units = Units::list(&root);
    let drop_ins: Vec<_> = units.load("a-b.service").unwrap().drop_ins.iter().map(|at| at.path.clone()).collect();
    assert_eq!(
        drop_ins,
        [
            "/etc/systemd/system/a-.service.d/10.conf",
            "/etc/systemd/system/service.d/20.conf",
            "/etc/systemd/system.attached/a-b.service.d/30.conf"
        ]
    );
}

#[test]
fn a_script_starts_only_where_its_links_are_read() {
    let root = root_with(&[
        ("/etc/init.d/snmpd", "#!/bin/sh\n"),
        ("/etc/rc2.d/S01snmpd", "-> ../init.d/snmpd"),
        ("/etc/init.d/early", "#!/bin/sh\n"),
        ("/etc/rcS.d/S01early", "-> ../init.d/early"),
    ]);
    let enabled = |name: &str| Startup::read(&root.open()).service(name).unwrap().enabled;
    assert!(!enabled("snmpd.service"), "systemd has no generator for scripts");
    root.put("/usr/lib/systemd/system-generators/systemd-sysv-generator", "");
    assert!(enabled("snmpd.service") && !enabled("early.service"));
    root.put("/usr/lib/systemd/system/snmpd.service", UNIT);
    assert!(!enabled("snmpd.service"), "a unit stands before a script");
    std::fs::remove_file(root.path("/usr/lib/systemd/systemd")).unwrap();
    assert!(enabled("early.service"), "System V init");
}

#[test]
fn a_run_that_was_captured_with_a_root_is_its_own() {
    let link = ("/run/systemd/system/multi-user.target.wants/a.service", "-> ../a.service");
    let root = root_with(&[link, ("/usr/lib/systemd/system/a.service", UNIT)]);
    assert_eq!(starts(&root), ["a.service"]);
}

/// A root with another system's `/run` bound into it.
struct WithForeignRun(Root);

impl Files for WithForeignRun {
    fn name(&self, path: &str) -> String {
        Files::name(&self.0, path)
    }
    fn text(&self, path: &str) -> Result<Option<Cow<'_, str>>, Problem> {
        Files::text(&self.0, path)
    }
    fn list(&self, directory: &str) -> Result<Option<Vec<(String, FileKind)>>, Problem> {
        Files::list(&self.0, directory)
    }
    fn find(&self, path: &str) -> Result<Option<Found>, Problem> {
        Files::find(&self.0, path)
    }
    fn link(&self, path: &str) -> Result<Option<String>, Problem> {
        Files::link(&self.0, path)
    }
    fn has_foreign_run(&self) -> bool {
        true
    }
}

#[test]
fn a_run_of_another_system_has_no_units_of_the_root() {
    let root = root_with(&[
        ("/usr/lib/systemd/system/a.service", UNIT),
        ("/usr/lib/systemd/system/b.service", UNIT),
        ("/usr/lib/systemd/system/multi-user.target.wants/b.service", "-> ../b.service"),
        ("/run/systemd/system/multi-user.target.wants/a.service", "-> ../a.service"),
        ("/run/systemd/system/b.service", "[Unit]\nWants=a.service\n"),
        ("/run/systemd/system/b.service.d/x.conf", "[Unit]\nWants=a.service\n"),
    ]);
    let root = WithForeignRun(root.open());
    let units = Units::list(&root);
    let started = started(&units, [("multi-user.target".to_owned(), None)], Follow::All);
    assert_eq!(started.keys().collect::<Vec<_>>(), ["b.service", "multi-user.target"]);
    assert_eq!((units.problems(), units.cut_short()), (vec![], None));
}

#[test]
fn a_unit_with_more_lines_than_are_read_is_told() {
    let long = |lines: usize, ending: &str| format!("[Unit]\n{}{ending}", "Description=x\n".repeat(lines));
    let wants = "Wants=a.service\n";
    for (name, files) in [
        ("a file", vec![("/usr/lib/systemd/system/multi-user.target.d/a.conf", long(5_000, wants))]),
        (
            "drop-ins",
            vec![
                ("/usr/lib/systemd/system/multi-user.target.d/a.conf", long(4_000, "")),
                ("/usr/lib/systemd/system/multi-user.target.d/b.conf", long(1_000, wants)),
            ],
        ),
    ] {
        let root = root_with(&[("/usr/lib/systemd/system/a.service", UNIT)]);
        files.iter().for_each(|(path, text)| root.put(path, text));
        let root = root.open();
        let startup = Startup::read(&root);
        assert!(!startup.started.contains_key("a.service"), "{name}");
        let cut = startup.cut_short().unwrap_or_else(|| panic!("{name}: nothing is told"));
        assert!(cut.place.starts_with("/usr/lib/systemd/system/multi-user.target.d/"), "{name}: {cut}");
        assert!(cut.what.contains("more than 5000 lines"), "{name}: {cut}");
    }
}

#[test]
fn lines_that_systemd_ignores_are_not_kept() {
    let root = root_with(&[("/usr/lib/systemd/system/a.service", "[Unit]\nx\n[\n=\n")]);
    let root = root.open();
    let unit = Units::list(&root).load("a.service").unwrap();
    assert_eq!((unit.file.sections.len(), unit.file.problems.len()), (1, 0));
}

/// The work of following every unit of a root, and whether some of it was left.
fn work(root: &SampleRoot) -> (usize, bool) {
    let root = root.open();
    let units = Units::list(&root);
    started(&units, [("multi-user.target".to_owned(), None)], Follow::All);
    (units.work(), units.cut_short().is_some())
}

#[test]
fn many_names_of_one_unit_are_one_unit() {
    let of = |count: usize| {
        let root = root_with(&[("/usr/lib/systemd/system/one.service", "[Unit]\nDescription=one\n")]);
        for number in 0..count {
            let alias = format!("alias{number}.service");
            root.put(&format!("/usr/lib/systemd/system/{alias}"), "-> one.service");
            root.put(
                &format!("/etc/systemd/system/multi-user.target.wants/{alias}"),
                "-> /lib/systemd/system/one.service",
            );
        }
        work(&root)
    };
    let ((once, left), (twice, left_of_twice)) = (of(500), of(1000));
    assert!(!left && !left_of_twice);
    assert!(twice <= 2 * once, "{once} for 500 names, {twice} for 1000");
}

#[test]
fn many_instances_of_a_template_are_read_once() {
    let settings = "Description=x\n".repeat(20);
    let of = |count: usize| {
        let root = root_with(&[("/usr/lib/systemd/system/t@.service", &format!("[Unit]\n{settings}"))]);
        for number in 0..count {
            let link = format!("/etc/systemd/system/multi-user.target.wants/t@{number}.service");
            root.put(&link, "-> /lib/systemd/system/t@.service");
        }
        work(&root)
    };
    let ((once, left), (twice, left_of_twice)) = (of(500), of(1000));
    assert!(!left && !left_of_twice);
    assert!(twice <= 2 * once, "{once} for 500 instances, {twice} for 1000");
}

#[test]
fn what_all_units_have_in_common_comes_to_an_end() {
    let root = root_with(&[]);
    for number in 0..600 {
        root.put(&format!("/usr/lib/systemd/system/a{number}.service"), UNIT);
        root.put(&format!("/usr/lib/systemd/system/multi-user.target.wants/a{number}.service"), "-> ../x");
        root.put(&format!("/usr/lib/systemd/system/service.d/{number}.conf"), "[Unit]\nWants=b.service\n");
    }
    let (work, left) = work(&root);
    assert!(left && work < 400_000, "{work}");
}
