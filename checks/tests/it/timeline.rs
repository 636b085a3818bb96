//! `san-route-lost-since-boot` and the phases: what was not seen is no route that held.

use super::machine::machine;
use isctpl_checks::facts::{Timeline, UnitStart};
use isctpl_checks::{Outcome, Sight};
use serde_json::{Value, json};

const CHECK: &str = "san-route-lost-since-boot";

/// A timeline of a machine that came up, watched from 3 s to 642 s, with these changes.
fn timeline(change: Value) -> Value {
    let way = json!({"held": true, "how": "100.97.0.0/16 via 100.64.16.49 dev enp0s3"});
    let mut timeline = json!({
        "schema": "isctpl.timeline/v1", "boot_id": "b", "begun_us": 3_000_000, "seen_us": 642_000_000,
        "seen_awake_us": 642_000_000, "ended": false, "unseen": [], "nic": "enp0s3",
        "portals": [{"portal": "100.97.0.10:3260", "first": way, "last": way, "gaps": 0, "without_us": 0, "kept": []}],
        "started": [
            {"unit": "systemd-journald.service", "at_us": null},
            {"unit": "networking.service", "at_us": 5_000_000},
            {"unit": "systemd-user-sessions.service", "at_us": 8_000_000},
        ],
    });
    let change = change.as_object().unwrap().clone();
    timeline.as_object_mut().unwrap().extend(change);
    timeline
}

fn says(timeline: &Value) -> Outcome {
    let patch = json!([{"op": "add", "path": "/network/timeline", "value": {"known": timeline}}]);
    machine("initramfs-tools-live").patch(patch).says(CHECK)
}

/// A portal with these gaps: from, and how long, in seconds.
fn gaps(gaps: &[(u64, Option<u64>)]) -> Value {
    let way = json!({"held": true, "how": "through enp0s3"});
    let without: u64 = gaps.iter().filter_map(|(_, length)| *length).sum();
    let kept: Vec<Value> = gaps
        .iter()
        .map(|(from, length)| {
            json!({
                "from_us": from * 1_000_000, "length_us": length.map(|length| length * 1_000_000), "at_most": false,
                "how": "no route", "cause": "route removed", "ended_by": "",
            })
        })
        .collect();
    json!([{
        "portal": "100.97.0.10:3260", "first": way, "last": way, "gaps": kept.len(), "without_us": without * 1_000_000,
        "kept": kept,
    }])
}

#[test]
fn a_pass_takes_all_to_be_seen() {
    assert!(matches!(says(&timeline(json!({}))), Outcome::Pass(_)));
    let missed = json!([{"from_us": 9, "to_us": 10, "why": "messages of the kernel were lost"}]);
    let unknown = json!({"held": null, "how": "not known"});
    for (change, wanted) in [
        (json!({"ended": true}), "but the watch ended after 642.000 s"),
        (json!({"unseen": missed}), "but not all was seen: messages of the kernel were lost"),
        (json!({"portals": []}), "did not tell the way to every portal"),
        (json!({"portals": [{"portal": "x", "first": unknown, "last": unknown}]}), "did not tell the way"),
    ] {
        match says(&timeline(change.clone())) {
            Outcome::Unknown { reason, .. } => assert!(reason.contains(wanted), "{change}: {reason}"),
            other => panic!("{change}: {other:?}"),
        }
    }
}

#[test]
fn a_gap_that_lasts_is_told_with_what_was_seen_of_it() {
    let Outcome::Fail(findings) = says(&timeline(json!({"portals": gaps(&[(6, Some(2)), (600, None)])}))) else {
        panic!("it passes");
    };
    assert!(
        findings[0].summary.ends_with("2.000 s in all, and was not back when the watch looked last"),
        "{findings:?}"
    );
    let told: Vec<&str> = findings[0].evidence.iter().map(|evidence| evidence.excerpt.as_str()).collect();
    assert!(told[0].contains("at 6.000 s for 2.000 s: no route"), "{told:?}");
    assert!(told[0].ends_with("1.000 s after networking.service was started"), "{told:?}");
    assert!(told[1].contains("at 600.000 s until 642.000 s at least: no route"), "{told:?}");
}

fn phases(change: Value) -> Vec<(String, usize, Sight)> {
    let timeline: Timeline = serde_json::from_value(timeline(change)).unwrap();
    timeline.phases().iter().map(|phase| (phase.name.to_owned(), phase.gaps.len(), phase.sight)).collect()
}

fn phase(name: &str, gaps: usize, sight: Sight) -> (String, usize, Sight) {
    (name.to_owned(), gaps, sight)
}

#[test]
fn a_gap_is_in_every_phase_that_it_reaches_into() {
    let long = phases(json!({"portals": gaps(&[(4, Some(100))])}));
    let all = [("start of the root", 1), ("networking.service", 1), ("machine is up", 1)];
    let all = all.map(|(name, gaps)| phase(name, gaps, Sight::Whole));
    assert_eq!(long[0], phase("initramfs", 0, Sight::None));
    assert_eq!(long[1..], all);
    // Nothing is held in a phase of which a part was not seen.
    let missed = json!([{"from_us": 4_000_000, "to_us": 4_500_000, "why": "x"}]);
    assert_eq!(phases(json!({"unseen": missed}))[1], phase("start of the root", 0, Sight::Part));
}

/// A watch that began late, or does not know what was started, saw no start of the machine.
#[test]
fn what_began_before_the_watch_is_one_phase() {
    let late = [
        vec![],
        vec![UnitStart { unit: "networking.service".to_owned(), at_us: None }],
        vec![UnitStart { unit: "systemd-user-sessions.service".to_owned(), at_us: None }],
    ];
    for started in late {
        let change = json!({"started": started, "portals": gaps(&[(4, Some(1))])});
        let wanted = [phase("start of the machine", 0, Sight::None), phase("machine is up", 1, Sight::Whole)];
        assert_eq!(phases(change.clone()), wanted);
        let Outcome::Fail(findings) = says(&timeline(change)) else { panic!("it passes") };
        assert!(findings[0].summary.contains("once since the machine started"), "{findings:?}");
    }
}
