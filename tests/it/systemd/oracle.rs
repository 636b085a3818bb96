//! systemd as an oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

pub(super) const SYSTEMD: &str = "/lib/systemd/systemd";

/// Whom systemd runs as: it refuses to test as root.
const NOBODY: &str = "65534";

/// Puts the root's units in the place of this machine's, in a mount namespace of its own, and has systemd compute
/// what it would start. Generators of this machine have no part in it.
const SCRIPT: &str = r#"
set -e
root=$1 nobody=$2
mount --bind "$root/etc/systemd" /etc/systemd
mount --bind "$root/usr/lib/systemd/system" /usr/lib/systemd/system
for kind in system-generators system-environment-generators; do
    [ ! -d "/usr/lib/systemd/$kind" ] || mount -t tmpfs none "/usr/lib/systemd/$kind"
done
mount -t tmpfs none /usr/local/lib
mkdir -p /usr/local/lib/systemd/system
mount --bind "$root/usr/local/lib/systemd/system" /usr/local/lib/systemd/system
mount --bind "$root/opt" /opt
mount -t tmpfs none /run
mkdir -p /run/systemd/system
chown -R "$nobody" /run
mount --bind "$root/run/systemd/system" /run/systemd/system
exec setpriv --reuid="$nobody" --regid="$nobody" --clear-groups env -i /lib/systemd/systemd --test --system --no-pager
"#;

/// What systemd says of a root.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    /// Units that it would start at boot.
    pub(super) started: BTreeSet<String>,
    /// Units that it loaded.
    pub(super) units: BTreeMap<String, Loaded>,
}

/// What systemd says of a unit.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// `loaded`, `masked`, `not-found` …
    pub(super) state: String,
    pub(super) fragment: String,
    pub(super) drop_ins: Vec<String>,
}

/// Asks systemd; what stands in the way otherwise.
pub(super) fn ask(root: &Path) -> Result<Oracle, String> {
    for directory in
        ["etc/systemd", "usr/lib/systemd/system", "usr/local/lib/systemd/system", "opt", "run/systemd/system"]
    {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    let root = root.to_str().unwrap();
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private", "sh", "-c", SCRIPT, "sh", root, NOBODY]);
    let output = unshare.output().map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stdout);
    let oracle = parse(&told);
    // A target without a job means that systemd came to no transaction.
    if oracle.started.is_empty() {
        return Err(format!("systemd --test does not run here: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(oracle)
}

/// Reads what `systemd --test` prints: units with their properties, then jobs.
fn parse(told: &str) -> Oracle {
    let mut oracle = Oracle::default();
    let mut unit = String::new();
    for line in told.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("-> Unit ") {
            unit = name.trim_end_matches(':').to_owned();
        } else if let Some(job) = line.strip_prefix("Action: ").and_then(|action| action.strip_suffix(" -> start")) {
            oracle.started.insert(job.to_owned());
        } else if let Some((key, value)) = line.split_once(": ") {
            let loaded = oracle.units.entry(unit.clone()).or_default();
            match key {
                "Unit Load State" => loaded.state = value.to_owned(),
                "Fragment Path" => loaded.fragment = merged(value),
                "DropIn Path" => loaded.drop_ins.push(merged(value)),
                _ => {}
            }
        }
    }
    oracle
}

/// A path without the link from `/lib` to `/usr/lib`.
fn merged(path: &str) -> String {
    if path.starts_with("/lib/") { format!("/usr{path}") } else { path.to_owned() }
}

/// What `systemctl is-enabled` says of a unit of a root that is not booted; `None` when it does not know.
pub(super) fn is_enabled(root: &Path, unit: &str) -> Option<String> {
    let output = Command::new("systemctl").arg("--root").arg(root).args(["is-enabled", unit]).output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!state.is_empty()).then_some(state)
}
