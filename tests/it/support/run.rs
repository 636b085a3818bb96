//! Runs the real program in a clean environment.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

/// What isctpl said and how it ended.
#[derive(Debug)]
pub struct Answer {
    pub out: String,
    pub err: String,
    pub code: i32,
}

impl Answer {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}):\n{}\n{}", self.out, self.err))
    }
}

/// isctpl with these arguments, without the caller's locale, terminal or colours.
pub fn isctpl<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Answer {
    answer(command(args))
}

/// The command, to be changed before it is run.
pub fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isctpl"));
    command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs a command to its end.
pub fn answer(mut command: Command) -> Answer {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Answer {
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
        code: status.code().unwrap_or_else(|| panic!("isctpl was killed: {status}")),
    }
}

/// A copy of isctpl that an ordinary user can run, and that user's run of it.
pub fn as_ordinary_user(arguments: &[&str]) -> Answer {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = directory.path().join("isctpl");
    // By another process: a copy of ours could still be open for writing in a child that another test
    // has just started, and a file that is open for writing cannot be run.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_isctpl")).arg(&copy).status().unwrap();
    assert!(copied.success());
    let mut command = Command::new(&copy);
    command.args(arguments).env_clear().uid(65534).gid(65534);
    answer(command)
}

/// `isctpl doctor --root DIR` with further arguments.
pub fn doctor(root: &Path, args: &[&str]) -> Answer {
    isctpl(
        [OsStr::new("doctor"), OsStr::new("--root"), root.as_os_str()].into_iter().chain(args.iter().map(OsStr::new)),
    )
}

/// The verdict in short: `boots`, or `fails at LINK: CHECK, CHECK` with every critical check named.
pub fn verdict(root: &Path, args: &[&str]) -> String {
    let mut all = vec!["--format", "json"];
    all.extend(args);
    let answer = doctor(root, &all);
    let report = answer.json();
    let criticals: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["status"] == "fail" && finding["severity"] == "critical")
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    let boot = report["verdict"]["boot"].as_str().unwrap();
    match report["verdict"]["broken_link"].as_str() {
        Some(link) => format!("{boot} at {link}: {}", criticals.join(", ")),
        None if criticals.is_empty() => boot.to_owned(),
        None => format!("{boot}, yet critical: {}", criticals.join(", ")),
    }
}
