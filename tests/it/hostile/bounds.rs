//! Whatever a tree or an image holds, a run ends soon and takes no more than 64 MiB, and says what it did not read.

mod bombs;
mod growth;
mod images;
mod snapshots;

use super::inputs::{hard_links, write};
use super::machine;
use crate::support::run::Answer;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// What a run may allocate, in KiB: memory that is written to, the stacks of threads included.
const MEMORY: u32 = 64 << 10;

/// After this many seconds a run is killed, on the clock and of CPU. It is far more than any takes, on any machine.
const SECONDS: u32 = 120;

/// Runs isctpl within these bounds; it ends by itself, and without a panic.
pub(super) fn bounded<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>, what: &str) -> Answer {
    bounded_in(SECONDS, arguments, what)
}

/// The same, with no more than so many seconds of CPU.
fn bounded_in<S: AsRef<OsStr>>(cpu: u32, arguments: impl IntoIterator<Item = S>, what: &str) -> Answer {
    let mut command = Command::new("timeout");
    let limits = format!("ulimit -d {MEMORY} && ulimit -t {cpu} && exec \"$0\" \"$@\"");
    command.args(["-s", "KILL", &SECONDS.to_string(), "sh", "-c"]).arg(limits);
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

/// What lies behind the limit is not known, however sound the rest looks.
#[test]
fn no_check_passes_on_files_that_were_not_read() {
    let root = machine();
    assert_eq!(doctor(root.path(), "sound").code, 0);
    hard_links(root.path(), "etc/sysctl.d", ".conf", "# nothing\n");
    let answer = doctor(root.path(), "sysctl.d");
    assert_eq!(answer.code, 3, "{}", answer.out);
    let place = "/: is not read from /etc/sysctl.d/10.0.0.1,3260,0007.conf on: in one run isctpl reads no more than";
    assert!(answer.out.contains(place), "{place} is not told:\n{}", answer.out);
    let report = bounded(
        [OsStr::new("doctor"), "--format".as_ref(), "json".as_ref(), "--root".as_ref(), root.path().as_os_str()],
        "json",
    );
    let report = report.json();
    assert_eq!(report["verdict"]["boot"], "unknown");
    let passed: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["status"] == "pass")
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert_eq!(passed, [""; 0], "of files that were not read");
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
            for number in 1..100 {
                let name = format!("{number}{}{suffix}", "n".repeat(200));
                fs::hard_link(root.path().join(&first), root.path().join(directory).join(&name)).unwrap();
                symlink(format!("../{name}"), wants.join(&name)).unwrap();
            }
            let answer = doctor(root.path(), &what);
            let told = match (directory, suffix, line) {
                (_, ".network", "x\n") => ".network:2: is not a section",
                (_, ".network", _) => ".network: its [Match",
                (_, ".link", _) | (.., "x\n") => "BOOTS: ",
                (_, ".conf", _) => "a file and its drop-ins have more than 5000 lines",
                _ => "systemd's units: add up to too many settings",
            };
            assert!(answer.out.contains(told), "{what} does not tell {told}:\n{}", answer.out);
        }
    }
}
