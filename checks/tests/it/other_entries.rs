//! The entry that boots by itself starts something else than Linux.
use super::machine::machine;
use isctpl_checks::{BootVerdict, Judgement, Link, Outcome, Severity};
use serde_json::{Value, json};

fn judged(starts: Value) -> Judgement {
    let patch = json!([
        {"op": "replace", "path": "/loader/entries/0/linux", "value": false},
        {"op": "add", "path": "/loader/entries/0/starts", "value": starts},
        {"op": "replace", "path": "/loader/entries/0/kernel", "value": null},
        {"op": "replace", "path": "/loader/entries/0/initrds", "value": []},
        {"op": "replace", "path": "/loader/entries/0/cmdline/words", "value": []},
    ]);
    machine("initramfs-tools-root").patch(patch).judged()
}

/// The firmware's setup, a reboot and a power-off never boot the root, whatever else the disk holds.
#[test]
fn what_boots_no_system_breaks_the_loader() {
    for starts in ["firmware_setup", "reboot", "power_off"] {
        let judgement = judged(json!(starts));
        assert_eq!((judgement.verdict.boot, judgement.verdict.broken_link), (BootVerdict::Fails, Some(Link::Loader)));
        let critical: Vec<_> =
            judgement.findings().into_iter().filter(|(_, finding)| finding.severity == Severity::Critical).collect();
        let [(check, finding)] = critical.as_slice() else { panic!("{critical:?}") };
        assert_eq!(check.id, "loader-kernel-missing");
        assert!(finding.summary.contains("no Linux kernel"), "{}", finding.summary);
    }
}

/// Xen, another loader, another menu, the firmware's next entry, or what nobody knows may boot the root.
#[test]
fn what_may_boot_the_root_is_unknown() {
    for starts in [json!("xen"), json!("multiboot"), json!("loader"), json!("menu"), json!("firmware"), Value::Null] {
        let judgement = judged(starts.clone());
        assert_eq!(judgement.verdict.boot, BootVerdict::Unknown, "{starts}");
        let outcome =
            &judgement.results.iter().find(|result| result.check.id == "loader-kernel-missing").unwrap().outcome;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        assert!(!judgement.findings().iter().any(|(_, finding)| finding.severity == Severity::Critical));
    }
}

/// The command line of an entry that is longer than isctpl reads may have any word in what is left out.
#[test]
fn an_entry_that_was_not_read_whole_lacks_nothing_for_sure() {
    let rest = json!({
        "written": "more that was not read", "path": null,
        "problem": {"place": "/boot/grub/grub.cfg:14", "what": "the command grows longer than isctpl reads"},
    });
    for check in ["loader-root-unresolved", "login-not-requested"] {
        let of = |rest: &[Value]| {
            let words = json!([{"op": "replace", "path": "/images/0/requests", "value": []}]);
            let more: Vec<Value> = rest
                .iter()
                .map(|file| json!({"op": "add", "path": "/loader/entries/0/initrds/-", "value": file}))
                .collect();
            machine("initramfs-tools-root").cmdline("quiet").patch(words).patch(Value::Array(more)).says(check)
        };
        assert!(matches!(of(&[]), Outcome::Fail(_)), "{check}: {:?}", of(&[]));
        let unread = of(std::slice::from_ref(&rest));
        assert!(matches!(unread, Outcome::Unknown { .. }), "{check}: {unread:?}");
    }
}
