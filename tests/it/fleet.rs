//! What `dist/` has for a fleet, with the programs that read it: Ansible, sos, and a kernel's way with an initramfs.

use crate::support::run::isctpl;
use crate::support::tree::Tree;
use crate::support::{fixtures, has, skip};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// A directory for the path whose `isctpl` is the one under test, of a machine that does not boot.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("tmp")).unwrap();
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    tree.add("- /boot/vmlinuz-6.1.0-50-amd64\n", "changes").write(&place.path().join("root"));
    let program = env!("CARGO_BIN_EXE_isctpl");
    let root = place.path().join("root");
    // Who judges snapshots judges no root.
    let script = format!(
        "#!/bin/sh\ncase $* in *--snapshot*) exec {program} \"$@\";; *) exec {program} \"$@\" --root {};; esac\n",
        root.display()
    );
    let bin = place.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("isctpl"), script).unwrap();
    fs::set_permissions(bin.join("isctpl"), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// Runs a program in that place, with its `isctpl` first on the path.
fn run(place: &Path, program: &str, arguments: &[&str]) -> Output {
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", place.join("bin").display());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(place)
        .env_clear()
        .env("PATH", path)
        .env("HOME", place)
        .env("TMPDIR", place.join("tmp"))
        .env("LC_ALL", "C.UTF-8");
    command.env("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3").env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn has_ansible(test: &str) -> bool {
    let there = has("ansible") && has("ansible-playbook");
    if !there {
        skip(test, "`ansible-core` is not installed");
    }
    there
}

fn dist(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dist").join(name)
}

#[test]
fn the_report_is_a_fact_of_ansibles() {
    if !has_ansible("the_report_is_a_fact_of_ansibles") {
        return;
    }
    let place = place();
    let facts = place.path().join("facts.d");
    fs::create_dir(&facts).unwrap();
    fs::copy(dist("ansible/isctpl.fact"), facts.join("isctpl.fact")).unwrap();
    let arguments = format!("fact_path={} filter=ansible_local", facts.display());
    let output =
        run(place.path(), "ansible", &["localhost", "-c", "local", "-m", "ansible.builtin.setup", "-a", &arguments]);
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    let json = told.split_once("SUCCESS => ").unwrap_or_else(|| panic!("{told}")).1;
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<serde_json::Value>();
    let gathered = values.next().unwrap().unwrap();
    let fact = &gathered["ansible_facts"]["ansible_local"]["isctpl"];
    assert_eq!(fact["verdict"]["boot"], "fails", "{told}");
    assert_eq!(fact["verdict"]["broken_link"], "loader");
}

#[test]
fn the_playbook_judges_every_host_and_fails_where_one_would_not_come_back() {
    if !has_ansible("the_playbook_judges_every_host") {
        return;
    }
    let place = place();
    fs::copy(dist("ansible/snapshots.yml"), place.path().join("snapshots.yml")).unwrap();
    fs::write(place.path().join("hosts"), "one ansible_connection=local\ntwo ansible_connection=local\n").unwrap();
    // The test is root already, or has nobody to become.
    let arguments = ["-i", "hosts", "-e", "ansible_become=false", "snapshots.yml"];
    let output = run(place.path(), "ansible-playbook", &arguments);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("\"FAILS at loader     one.snapshot "), "{told}");
    assert!(told.contains("\"2 snapshots\"") && told.contains("A machine would not come back"), "{told}");
    let kept = |prefix: &str| -> Vec<std::path::PathBuf> {
        let entries = fs::read_dir(place.path().join("tmp")).unwrap().map(|entry| entry.unwrap());
        entries
            .filter(|entry| entry.file_name().to_str().unwrap().starts_with(prefix))
            .map(|entry| entry.path())
            .collect()
    };
    let [snapshots] = &kept("isctpl.")[..] else { panic!("{told}") };
    let snapshot = snapshots.join("two.snapshot");
    assert_eq!(isctpl(["doctor", "--snapshot", snapshot.to_str().unwrap()]).code, 2);
    assert_eq!(kept("ansible."), [""; 0].map(Path::new), "the hosts keep something");
    // Nor do they where no snapshot comes of it.
    fs::write(place.path().join("bin/isctpl"), "#!/bin/sh\nexit 3\n").unwrap();
    let failed = run(place.path(), "ansible-playbook", &arguments);
    assert!(text(&failed).contains("Remove it there") && !failed.status.success(), "{}", text(&failed));
    assert_eq!(kept("ansible."), [""; 0].map(Path::new), "hosts that failed keep something");
}

/// sos looks for plugins where its own are, and for programs where a distribution has them: the test adds a directory to
/// the first, and keeps its own path.
const SOS: &str = "
import sys, sos.report.plugins
sos.report.plugins.__path__.append(sys.argv.pop(1))
from sos import SoS
from sos.policies import Policy
Policy._set_PATH = lambda self, path: None
SoS(sys.argv[1:]).execute()
";

#[test]
fn sos_takes_a_snapshot() {
    let python = |code: &str| Command::new("/usr/bin/python3").args(["-c", code]).output();
    if !python("import sos.report").is_ok_and(|output| output.status.success()) {
        return skip("sos_takes_a_snapshot", "`sosreport` is not installed");
    }
    if !crate::support::is_root() {
        return skip("sos_takes_a_snapshot", "sos runs as root alone");
    }
    let place = place();
    let built = place.path().join("built");
    fs::create_dir(&built).unwrap();
    let (plugins, built_name) = (dist("sos"), built.to_str().unwrap());
    let arguments = [
        "-c",
        SOS,
        plugins.to_str().unwrap(),
        "report",
        "--batch",
        "--only-plugins",
        "isctpl",
        "--build",
        "--tmp-dir",
        built_name,
    ];
    let output = run(place.path(), "/usr/bin/python3", &arguments);
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    let report = fs::read_dir(&built).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir());
    let of_isctpl = report.unwrap_or_else(|| panic!("{told}")).join("sos_commands/isctpl");
    let snapshot = of_isctpl.join("isctpl.snapshot");
    assert_eq!(isctpl(["doctor", "--snapshot", snapshot.to_str().unwrap()]).code, 2, "{told}");
    let table = fs::read_to_string(of_isctpl.join("isctpl_doctor_--verbose_--timeout_240")).unwrap();
    assert!(table.contains("FAILS at loader"), "{table}");
}

/// The commands of the manual, on an image whose length is no multiple of four.
#[test]
fn an_overlay_is_a_part_of_a_rescue_image() {
    if let Some(missing) = ["cpio", "gzip", "truncate"].into_iter().find(|program| !has(program)) {
        return skip("an_overlay_is_a_part_of_a_rescue_image", &format!("`{missing}` is not installed"));
    }
    let place = place();
    let overlay = place.path().join("overlay/usr/bin");
    fs::create_dir_all(&overlay).unwrap();
    fs::write(overlay.join("isctpl"), "the executable").unwrap();
    fs::write(place.path().join("init"), "rescue").unwrap();
    let packed = "echo init | cpio --quiet -o -H newc | gzip -9n > rescue.img";
    let manual = include_str!("../../docs/rescue-image.md");
    let commands = manual.lines().filter_map(|line| line.strip_prefix("    "));
    let commands =
        commands.filter(|line| ["(cd ", "cp ", "truncate ", "cat "].iter().any(|word| line.starts_with(word)));
    let commands: Vec<&str> = commands.collect();
    assert_eq!(commands.len(), 4, "{commands:?}");
    let odd = "while [ $(($(stat -c %s rescue.img) % 4)) = 0 ]; do echo more >> init; eval \"$1\"; done";
    let script = format!("set -e\nset -- '{packed}'\neval \"$1\"\n{odd}\n{}", commands.join("\n"));
    let output = run(place.path(), "sh", &["-c", &script]);
    assert!(output.status.success(), "{}", text(&output));
    let image = place.path().join("rescue-isctpl.img");
    let listing = isctpl(["show", "initramfs", image.to_str().unwrap(), "--format", "json"]).json();
    assert_eq!(listing["segments"].as_array().map(Vec::len), Some(2), "{listing}");
    assert_eq!(listing["damage"], serde_json::json!([]), "{listing}");
    let paths: Vec<&str> =
        listing["entries"].as_array().unwrap().iter().filter_map(|entry| entry["path"].as_str()).collect();
    assert!(paths.contains(&"init") && paths.contains(&"usr/bin/isctpl"), "{paths:?}");
}

/// What the manual of fleets names is there.
#[test]
fn the_manual_names_what_there_is() {
    let manual = include_str!("../../docs/fleet.md");
    let named = manual.split('`').skip(1).step_by(2);
    let project = fixtures().parent().unwrap().to_owned();
    let files: Vec<&str> = named.filter(|name| name.starts_with("dist/") || name.starts_with("tests/")).collect();
    assert!(files.len() > 5, "{files:?}");
    for file in files {
        assert!(project.join(file).exists(), "{file}");
    }
}
