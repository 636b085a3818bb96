//! Whatever a tree or an image holds, a run ends soon and takes no more than 64 MiB, and says what it did not read.

mod growth;
mod images;
mod snapshots;

use super::machine;
use crate::support::run::Answer;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// What a run may allocate, in KiB: memory that is written to, the stacks of threads included.
const MEMORY: u32 = 64 << 10;

/// After this many seconds a run is killed. It is far more than any takes, on any machine.
const SECONDS: &str = "120";

/// Runs isctpl within these bounds; it ends by itself, and without a panic.
fn bounded<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>, what: &str) -> Answer {
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", SECONDS, "sh", "-c"]).arg(format!("ulimit -d {MEMORY} && exec \"$0\" \"$@\""));
    command.arg(env!("CARGO_BIN_EXE_isctpl")).args(arguments).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!err.contains("panicked"), "{what}: {err}");
    let code = output.status.code().filter(|code| *code <= 3);
    Answer {
        code: code.unwrap_or_else(|| panic!("{what}: {}: {err}", output.status)),
        out: out.into(),
        err: err.into(),
    }
}

/// The report of a root, in one line.
fn doctor(root: &Path, what: &str) -> Answer {
    let answer = bounded([OsStr::new("doctor"), OsStr::new("-v"), OsStr::new("--root"), root.as_os_str()], what);
    Answer { out: answer.out.split_whitespace().collect::<Vec<_>>().join(" "), ..answer }
}

fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&path);
    fs::write(path, text).unwrap();
}

/// A file of some 4 MB that says the same again and again, under two thousand names.
fn hard_links(root: &Path, directory: &str, prefix: &str, suffix: &str, line: &str) {
    let first = format!("{directory}/{prefix}0000{suffix}");
    write(root, &first, line.repeat((4 << 20) / line.len()));
    for number in 1..2000 {
        fs::hard_link(root.join(&first), root.join(format!("{directory}/{prefix}{number:04}{suffix}"))).unwrap();
    }
}

/// A unit that is started.
fn start(root: &Path, name: &str, text: &str) {
    write(root, &format!("etc/systemd/system/{name}"), text);
    let wants = root.join("etc/systemd/system/multi-user.target.wants");
    fs::create_dir_all(&wants).unwrap();
    symlink(format!("../{name}"), wants.join(name)).unwrap();
}

/// Directories of drop-ins, and what stands in a file of each.
const DIRECTORIES: &[(&str, &str, &str, &str)] = &[
    ("etc/sysctl.d", "", ".conf", "net.ipv4.conf.all.rp_filter = 1\n"),
    ("etc/NetworkManager/conf.d", "", ".conf", "[main]\ndns=none\n"),
    ("etc/NetworkManager/system-connections", "", ".nmconnection", "[connection]\nid=a\n"),
    ("etc/netplan", "", ".yaml", "# nothing\n"),
    ("etc/network/interfaces.d", "", "", "iface a inet manual\n"),
    ("etc/iscsi/nodes/iqn.2026-01.example:a", "", "", "node.startup = manual\n"),
    ("etc/systemd/network", "", ".network", "[Network]\nDHCP=yes\n"),
    ("etc/systemd/system/open-iscsi.service.d", "", ".conf", "[Service]\nExecStart=/bin/x\n"),
    ("etc/systemd/system/open-iscsi.service.d", "", ".conf", "x\n"),
    ("etc/systemd/system/open-iscsi.service.d", "", ".conf", "[a]\n"),
    ("etc/udev/rules.d", "", ".rules", "ACTION==\"add\", NAME=\"a\"\n"),
    ("etc/dhcp/dhclient-exit-hooks.d", "", "", "a=b\n"),
    ("etc/dracut.conf.d", "", ".conf", "omit_dracutmodules+=\" a \"\n"),
    ("etc/default/grub.d", "", ".cfg", "GRUB_TIMEOUT=1\n"),
];

#[test]
fn a_large_file_of_many_names_is_read_up_to_the_limit_of_the_run() {
    for (directory, prefix, suffix, line) in DIRECTORIES {
        let root = machine();
        write(root.path(), "etc/network/interfaces", "source /etc/network/interfaces.d/*\n");
        start(root.path(), "open-iscsi.service", "[Service]\nExecStart=/bin/x\n");
        hard_links(root.path(), directory, prefix, suffix, line);
        let answer = doctor(root.path(), directory);
        assert!(answer.out.contains(directory), "{directory} is not told:\n{}", answer.out);
        let told = answer.out.matches("is not read: in one run").count();
        assert!(told < 400, "{directory}: told {told} times");
    }
}

/// What lies behind the limit is not known, however sound the rest looks.
#[test]
fn no_check_passes_on_files_that_were_not_read() {
    let root = machine();
    assert_eq!(doctor(root.path(), "sound").code, 0);
    hard_links(root.path(), "etc/sysctl.d", "", ".conf", "# nothing\n");
    let answer = doctor(root.path(), "sysctl.d");
    assert_eq!(answer.code, 3, "{}", answer.out);
    let place = "/: is not read from /etc/sysctl.d/0007.conf on: in one run isctpl reads no more than";
    assert!(answer.out.contains(place), "{place} is not told:\n{}", answer.out);
    let report = bounded(
        [OsStr::new("doctor"), "--format".as_ref(), "json".as_ref(), "--root".as_ref(), root.path().as_os_str()],
        "json",
    );
    assert_eq!(report.json()["verdict"]["boot"], "unknown");
}

/// Trees of many files.
#[test]
fn many_files_are_read_up_to_the_limit_of_the_run() {
    let record =
        "node.name = iqn.x\nnode.conn[0].address = 10.0.0.1\nnode.conn[0].port = 3260\nnode.startup = automatic\n";
    let root = machine();
    for target in 0..100 {
        let directory = format!("etc/iscsi/nodes/iqn.2026-01.example:{target}");
        write(root.path(), &format!("{directory}/10.0.0.0,3260"), record);
        for portal in 1..1000 {
            let (first, name) = (
                format!("{directory}/10.0.0.0,3260"),
                format!("{directory}/10.0.{}.{},3260", portal / 250, portal % 250),
            );
            fs::hard_link(root.path().join(first), root.path().join(name)).unwrap();
        }
    }
    doctor(root.path(), "a hundred thousand node records");

    let root = machine();
    let unit = format!("[Service]\n{}", "ExecStart=/bin/x\n".repeat(20_000));
    write(root.path(), "etc/systemd/system/big.service", &unit);
    let wants = root.path().join("etc/systemd/system/multi-user.target.wants");
    fs::create_dir_all(&wants).unwrap();
    for number in 0..4000 {
        symlink("big.service", root.path().join(format!("etc/systemd/system/l{number}.service"))).unwrap();
        symlink(format!("../l{number}.service"), wants.join(format!("l{number}.service"))).unwrap();
    }
    doctor(root.path(), "many names of one unit");

    let root = machine();
    fs::create_dir(root.path().join("big")).unwrap();
    for number in 0..60_000 {
        fs::write(root.path().join(format!("big/{number}.conf")), "").unwrap();
    }
    for directory in [
        "etc/sysctl.d",
        "etc/netplan",
        "etc/udev/rules.d",
        "etc/systemd/network",
        "var/lib/dhcp",
        "boot/loader/entries",
    ] {
        let directory = root.path().join(directory);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.parent().unwrap()).unwrap();
        symlink("/big", &directory).unwrap();
    }
    let answer = doctor(root.path(), "directories of many entries");
    assert_eq!(answer.code, 3, "{}", answer.out);
    assert!(answer.out.contains("in one run isctpl reads no more than 131072 directory entries"), "{}", answer.out);
}

/// What is merged into every unit, and many units.
#[test]
fn drop_ins_of_every_unit_are_read_up_to_the_limit_of_the_run() {
    let root = machine();
    for number in 0..1000 {
        write(root.path(), &format!("etc/systemd/system/service.d/{number}.conf"), "[Service]\nExecStart=/bin/y\n");
        write(root.path(), &format!("etc/systemd/system/u{number}.service"), "[Service]\nExecStart=/bin/x\n");
        fs::create_dir_all(root.path().join("etc/systemd/system/multi-user.target.wants")).unwrap();
        let link = root.path().join(format!("etc/systemd/system/multi-user.target.wants/u{number}.service"));
        symlink(format!("../u{number}.service"), link).unwrap();
    }
    doctor(root.path(), "drop-ins of every unit");
}

/// Lines that say nothing take no less room than others. Many names of a file of as many lines as are read.
#[test]
fn lines_that_systemd_ignores_are_read_up_to_the_limit_of_the_run() {
    for line in ["x\n", "[a]\n", "a=\n"] {
        for (directory, suffix) in [
            ("etc/systemd/network", ".network"),
            ("etc/systemd/network", ".link"),
            ("etc/systemd/system/service.d", ".conf"),
            ("etc/systemd/system", ".service"),
        ] {
            let what = format!("{directory}/*{suffix} of {line}");
            let root = machine();
            let wants = root.path().join("etc/systemd/system/multi-user.target.wants");
            fs::create_dir_all(&wants).unwrap();
            let first = format!("{directory}/0{suffix}");
            write(root.path(), &first, format!("[Match]\n{}", line.repeat(4_990)));
            for number in 1..500 {
                let name = format!("{number}{}{suffix}", "n".repeat(200));
                fs::hard_link(root.path().join(&first), root.path().join(directory).join(&name)).unwrap();
                symlink(format!("../{name}"), wants.join(&name)).unwrap();
            }
            let answer = doctor(root.path(), &what);
            let adds_up = line != "x\n" && directory.starts_with("etc/systemd/system");
            let told = ["systemd's units: add up to too many settings", "have more than 5000 lines"];
            assert!(!adds_up || told.iter().any(|told| answer.out.contains(told)), "{what}:\n{}", answer.out);
        }
    }
}
