//! What `isctpl watch --since-boot` keeps, and what doctor makes of it.

use crate::support::netns::{PORTAL, instance};
use crate::support::run::{answer, isctpl};
use isctpl_checks::facts::Timeline;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A file that holds the broken case of the check, as a snapshot that doctor can judge.
pub(super) fn snapshot_with_a_gap(directory: &Path) -> PathBuf {
    let fixtures = crate::support::fixtures();
    let read = |path: &str| -> Value { serde_json::from_slice(&std::fs::read(fixtures.join(path)).unwrap()).unwrap() };
    let mut facts = read("facts/initramfs-tools-live.json");
    let case = read("checks/san-route-lost-since-boot/broken.json");
    let patch: json_patch::Patch = serde_json::from_value(case["patch"].clone()).unwrap();
    json_patch::patch(&mut facts, &patch).unwrap();
    let file = directory.join("instance.json");
    let snapshot = serde_json::json!({"schema": isctpl_checks::facts::SCHEMA, "tool": "isctpl 0", "facts": facts});
    std::fs::write(&file, snapshot.to_string()).unwrap();
    file
}

#[test]
fn doctor_tells_each_phase_beside_what_foretold_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = snapshot_with_a_gap(directory.path());
    let said = isctpl(["doctor", "--snapshot", file.to_str().unwrap()]).out;
    let table: String =
        said.split("The SAN route since").nth(1).unwrap().lines().skip(1).take(9).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(table);
    assert!(said.contains("warning san-route-lost-since-boot: the SAN route was lost once"), "{said}");
    let report = isctpl(["doctor", "--format", "json", "--snapshot", file.to_str().unwrap()]).json();
    let phases = report["timeline"]["phases"].as_array().unwrap();
    let gaps: Vec<usize> = phases.iter().map(|phase| phase["gaps"].as_array().unwrap().len()).collect();
    assert_eq!(gaps, [0, 0, 1, 0], "{phases:#?}");
    crate::gate::doctor_schema(&report);
}

fn watch(namespace: &crate::support::netns::Namespace, file: &Path) -> Child {
    let mut command = namespace.command(env!("CARGO_BIN_EXE_isctpl"));
    command.args(["watch", "--portal", PORTAL, "--san-nic", "san"]);
    command.arg(format!("--since-boot={}", file.display())).stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().unwrap()
}

/// The file, once it says so.
fn until(file: &Path, wanted: impl Fn(&Timeline) -> bool) -> Timeline {
    let mut last = None;
    for _ in 0..300 {
        let read = std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice::<Timeline>(&bytes).ok());
        match read {
            Some(timeline) if wanted(&timeline) => return timeline,
            other => last = other,
        }
        sleep(Duration::from_millis(100));
    }
    panic!("it never came: {last:#?}");
}

fn end(mut child: Child) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_watch_keeps_its_gaps_and_the_next_one_goes_on() {
    let Some(namespace) = instance("timeline") else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("timeline.json");
    let first = watch(&namespace, &file);
    let begun = until(&file, |timeline| !timeline.portals.is_empty());
    assert_eq!(begun.portals[0].first.held, Some(true));
    namespace.ip("route del 100.97.0.0/16");
    until(&file, |timeline| timeline.portals[0].gaps == 1);
    namespace.ip("route add 100.97.0.0/16 via 100.64.16.49 dev san");
    until(&file, |timeline| timeline.portals[0].kept[0].length_us.is_some());
    end(first);
    let left = until(&file, |timeline| timeline.ended);
    let gap = &left.portals[0].kept[0];
    assert!(gap.cause.starts_with("route removed: 100.97.0.0/16 via 100.64.16.49 dev san"), "{gap:?}");
    assert!(gap.ended_by.starts_with("route added: 100.97.0.0/16"), "{gap:?}");
    // On a machine that lets the watch wait, the kernel's message is read late: the gap took its length at most, and the
    // time that was surely without the route is less.
    let (without, length) = (left.portals[0].without_us, gap.length_us.unwrap());
    assert!(if gap.at_most { without <= length } else { without == length }, "{gap:?}: {without} µs");

    let second = watch(&namespace, &file);
    let after = until(&file, |timeline| !timeline.unseen.is_empty());
    // One watch at a time keeps it; a further one says so, and ends.
    let mut further = namespace.command(env!("CARGO_BIN_EXE_isctpl"));
    further.args(["watch", "--portal", PORTAL, "--san-nic", "san"]).arg(format!("--since-boot={}", file.display()));
    let refused = further.output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("another isctpl watch keeps it"), "{said}");
    end(second);
    assert_eq!((after.begun_us, after.portals[0].gaps), (left.begun_us, 1));
    assert_eq!(after.unseen[0].from_us, left.seen_us);

    // The kernel lets go of the lock of a watch that is killed.
    let mut killed = watch(&namespace, &file);
    until(&file, |timeline| timeline.unseen.len() == 2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let last = watch(&namespace, &file);
    until(&file, |timeline| timeline.unseen.len() == 3);
    end(last);
}

/// doctor on the running system reads the place where the service keeps it.
#[test]
fn doctor_reads_the_file_of_this_boot() {
    let Some(namespace) = instance("timeline-live") else { return };
    let mut command = namespace.command("unshare");
    let isctpl = env!("CARGO_BIN_EXE_isctpl");
    // A /run of its own: nothing is left on this machine. systemd's links stand there as it makes them.
    let script = format!(
        "mount -t tmpfs none /run; mkdir -p /run/systemd/units; cd /run/systemd/units; \
         ln -s 1 invocation:systemd-journald.service; \
         {isctpl} watch --portal {PORTAL} --san-nic san --since-boot >/dev/null & \
         until_it_has() {{ for _ in $(seq 100); do grep -q \"$1\" /run/isctpl/timeline.json && return; sleep 0.1; done; }}; \
         until_it_has journald 2>/dev/null; ln -s 2 invocation:networking.service; until_it_has networking; \
         stat -c '%a' /run/isctpl /run/isctpl/timeline.json >&2; \
         {isctpl} doctor --portal {PORTAL} --san-nic san --only san-route-lost-since-boot --format json; kill $!; wait"
    );
    command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
    let answer = answer(command);
    let report = answer.json();
    assert_eq!(report["checks"][0]["outcome"], "pass", "{report:#}\n{}", answer.err);
    let phases = report["timeline"]["phases"].as_array().unwrap().iter();
    let phases: Vec<&str> = phases.map(|phase| phase["name"].as_str().unwrap()).collect();
    assert_eq!(phases, ["initramfs", "start of the root", "networking.service"]);
    assert!(answer.err.contains("755\n644\n"), "{}", answer.err);
}
