//! The kernel that unpacks an image: User Mode Linux, started with it.

use super::super::compare::Answer;
use super::archive::{LAST, image};
use crate::support::image::{Record, records};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What of the kernel has nothing to do with the images and takes time: measurements, large tables, drivers.
const LEFT_OUT: [&str; 13] = [
    "init_zswap",
    "strp_dev_init",
    "init_jfs_fs",
    "init_btrfs_fs",
    "init_xfs_fs",
    "crypto_algapi_init",
    "pty_init",
    "ssl_init",
    "calibrate_xor_blocks",
    "raid6_select_algo",
    "libcrc32c_mod_init",
    "userfaultfd_init",
    "mconsole_init",
];

/// How long a machine may take on one that is busy, in seconds; it takes a twentieth.
const PATIENCE: &str = "30";

/// What is needed to start machines.
pub(super) struct Machines {
    kernel: PathBuf,
    directory: tempfile::TempDir,
    /// An archive with the first program, which stands before each case.
    before: Vec<u8>,
}

impl Machines {
    /// With the first program built anew; why not.
    pub(super) fn new(kernel: PathBuf) -> Result<Self, String> {
        let directory = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/cpio/init.c");
        let init = directory.path().join("init");
        let mut compiler = Command::new("cc");
        let built = compiler.args(["-static", "-O1", "-o"]).args([&init, &source]).output();
        match built {
            Ok(built) if built.status.success() => {}
            Ok(built) => return Err(format!("cc -static fails: {}", String::from_utf8_lossy(&built.stderr))),
            Err(error) => return Err(format!("cc cannot be run: {error}")),
        }
        let program = fs::read(&init).unwrap();
        let mut before = records(&[Record::new(".oracle/init", 0o100_755, &program)]);
        before.resize(before.len().next_multiple_of(512), 0);
        Ok(Self { kernel, directory, before })
    }

    /// The image of a case, as the kernel gets it.
    pub(super) fn image(&self, case: &str) -> Vec<u8> {
        image(&self.before, case)
    }

    /// What the kernel makes of a case.
    pub(super) fn unpack(&self, case: &str) -> Answer {
        let directory = tempfile::tempdir_in(self.directory.path()).unwrap();
        fs::write(directory.path().join("image"), self.image(case)).unwrap();
        let output = Command::new("timeout")
            // Where addresses are random, the machine has to manage the gap between its parts, too.
            .args(["-k", "5", PATIENCE, "setarch", "-R"])
            .arg(&self.kernel)
            .args([
                "mem=64M",
                "con=null",
                "con0=null,fd:1",
                "quiet",
                "audit=0",
                "lpj=5000000",
                "lsm=",
                "rdinit=/.oracle/init",
            ])
            .arg(format!("initcall_blacklist={}", LEFT_OUT.join(",")))
            .arg(format!("initrd={}", directory.path().join("image").display()))
            .arg(format!("oracle={}", directory.path().display()))
            .env("TMPDIR", "/dev/shm")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = fs::read_to_string(directory.path().join("answer")).unwrap_or_else(|error| {
            let console = String::from_utf8_lossy(&output.stdout);
            panic!("{}: {error}: the kernel tells nothing of\n{case}\n{console}", output.status)
        });
        told(&said, case)
    }
}

/// What the first program tells, a line a fact.
fn told(said: &str, case: &str) -> Answer {
    let mut answer = Answer::new();
    let mut damaged = case.lines().any(|line| line.starts_with("cut "));
    let mut goes_on = false;
    for line in said.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, execute, size, path, target] = fields.as_slice() else {
            assert!(line.starts_with("! "), "{line}");
            damaged = true;
            continue;
        };
        goes_on |= *path == LAST.0;
        answer.push(match *kind {
            "f" => format!("{path}: file of {size}{}", if *execute == "x" { ", a program" } else { "" }),
            "d" => format!("{path}: directory"),
            "l" => format!("{path}: link to {target}"),
            _ => format!("{path}: special"),
        });
    }
    if damaged || !goes_on {
        answer.push(super::DAMAGED.to_owned());
    }
    answer.retain(|line| !super::BUILT_IN.contains(&line.as_str()));
    answer
}
