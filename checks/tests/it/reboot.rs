//! What a reboot would come to: what the gate asks.
use super::fixtures::case;
use super::machine::machine;
use isctpl_checks::{BootVerdict, Judgement, Link, Outcome, Reboot, Selection, Severity, judge, registry};
use serde_json::json;

/// The checks that keep it away.
fn held_by(judgement: &Judgement) -> Vec<&'static str> {
    match judgement.reboot() {
        Reboot::StaysAway(breaks) => {
            assert!(!breaks.is_empty() && breaks.iter().all(|(_, because)| !because.is_empty()));
            breaks.into_iter().map(|(id, _)| id).collect()
        }
        Reboot::ComesBack | Reboot::Unknown(_) => Vec::new(),
    }
}

#[test]
fn a_sound_machine_comes_back() {
    for name in ["initramfs-tools-live", "initramfs-tools-root", "dracut-live", "dracut-root"] {
        assert_eq!(machine(name).judged().reboot(), Reboot::ComesBack, "{name}");
    }
}

/// Of every check there is a machine that it finds fault with.
#[test]
fn what_breaks_the_boot_or_the_shutdown_keeps_it_away_and_how_it_stands_now_does_not() {
    let (mut held, mut uptime) = (0, 0);
    for check in registry::all() {
        let (name, _, facts) = case(check, "broken");
        let judgement = judge(&facts, &Selection::default());
        let of_check = judgement.results.iter().find(|result| result.check.id == check.id);
        let is_critical = matches!(of_check.map(|result| &result.outcome), Some(Outcome::Fail(findings))
            if findings.iter().any(|finding| finding.severity == Severity::Critical));
        let counts = is_critical && !matches!(check.link, Link::Uptime | Link::Template);
        assert_eq!(held_by(&judgement).contains(&check.id), counts, "{name}: {:?}", judgement.reboot());
        held += usize::from(counts);
        if is_critical && check.link == Link::Uptime && judgement.verdict.boot == BootVerdict::AtRisk {
            uptime += 1;
            assert_eq!(judgement.reboot(), Reboot::ComesBack, "{name}");
        }
    }
    assert!(held > 40 && uptime > 5, "{held} keep it away, {uptime} are of how it stands now");
}

/// What a boot does not reach is a warning in the report, and all the same what keeps the machine away once the first is
/// passed over.
#[test]
fn what_the_boot_does_not_reach_keeps_it_away_too() {
    const KERNEL: &str = "loader-kernel-missing";
    let mut both = 0;
    for check in registry::all().filter(|check| check.link > Link::Loader && check.link.is_boot_path()) {
        let (name, _, facts) = case(check, "broken");
        let mut facts = serde_json::to_value(facts).unwrap();
        facts["loader"]["entries"][0]["kernel"]["path"] = json!(null);
        let facts = serde_json::from_value(facts).unwrap();
        let judgement = judge(&facts, &Selection::default());
        let held = held_by(&judgement);
        assert!(held.contains(&KERNEL), "{name}: {held:?}");
        both += usize::from(held.contains(&check.id));
        // The same where it is ignored, which softens nothing.
        let ignore = vec![KERNEL.to_owned()];
        let without: Vec<&str> = held.into_iter().filter(|id| *id != KERNEL).collect();
        assert_eq!(held_by(&judge(&facts, &Selection { ignore, ..Selection::default() })), without, "{name}");
    }
    assert!(both > 10, "{both}");
}

#[test]
fn what_is_not_known_is_told_as_that() {
    let nothing = Judgement::of_nothing(&Selection::default(), "no answer within the 1 s of --timeout");
    assert!(matches!(nothing.reboot(), Reboot::Unknown(why) if why.contains("no answer")));
}

/// What is not known of the running machine's network hangs on no reboot.
#[test]
fn what_is_not_known_of_how_it_stands_now_is_no_reason() {
    let unread = json!({"unknown": {"place": "netlink", "what": "cannot be asked"}});
    let patch = json!([{"op": "replace", "path": "/network/lookups", "value": unread}]);
    let judgement = machine("initramfs-tools-live").patch(&patch).judged();
    assert_eq!(judgement.verdict.boot, BootVerdict::Unknown, "{:?}", judgement.verdict);
    assert_eq!(judgement.reboot(), Reboot::ComesBack);
}

#[test]
fn what_is_ignored_holds_nothing() {
    let check = registry::find("loader-kernel-missing").unwrap();
    let (_, _, facts) = case(check, "broken");
    let checks = held_by(&judge(&facts, &Selection::default()));
    assert!(checks.contains(&check.id));
    let ignore = checks.into_iter().map(str::to_owned).collect();
    let ignored = judge(&facts, &Selection { ignore, ..Selection::default() });
    assert_eq!(held_by(&ignored), [""; 0]);
}
