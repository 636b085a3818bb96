#![allow(clippy::unwrap_used)]

use super::*;
use isctpl_checks::Reboot;
use std::cell::Cell;

/// A gate in a directory of its own, and how often systemd was asked to read its units anew.
struct Machine {
    directory: tempfile::TempDir,
    gate: Gate,
    reloads: Cell<u32>,
}

impl Machine {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (units, state) = (directory.path().join("units"), directory.path().join("state"));
        std::fs::create_dir(&units).unwrap();
        Self { gate: Gate::at(units, state, "this boot".to_owned()).unwrap(), directory, reloads: Cell::new(0) }
    }

    fn change(&self, change: impl FnOnce(&mut GateState)) -> GateState {
        let reload = || {
            self.reloads.set(self.reloads.get() + 1);
            Ok(())
        };
        self.gate.change_by(change, reload).unwrap()
    }

    fn judged(&self, breaks: &[(&'static str, &str)]) -> GateState {
        let breaks: Vec<_> = breaks.iter().map(|(check, because)| (*check, (*because).to_owned())).collect();
        let reboot = if breaks.is_empty() { Reboot::ComesBack } else { Reboot::StaysAway(breaks) };
        self.change(|state| state.take(Duration::ZERO, reboot))
    }

    fn drop_ins(&self) -> Vec<String> {
        let read = |target| std::fs::read_to_string(self.gate.drop_in(target)).ok();
        TARGETS.into_iter().filter_map(read).collect()
    }
}

const IMAGE: (&str, &str) = ("loader-initrd-missing", "the image is gone");
const KERNEL: (&str, &str) = ("loader-kernel-missing", "the kernel is gone");

#[test]
fn it_closes_opens_and_asks_systemd_only_when_something_changed() {
    let machine = Machine::new();
    assert!(!machine.judged(&[]).holds());
    assert_eq!((machine.drop_ins().len(), machine.reloads.get()), (0, 0));
    assert!(machine.judged(&[IMAGE]).holds());
    for text in machine.drop_ins() {
        assert!(text.contains("\nRefuseManualStart=yes\n"), "{text}");
        assert!(text.contains("holds: the image is gone\n"), "{text}");
    }
    assert_eq!((machine.drop_ins().len(), machine.reloads.get()), (2, 1));
    assert!(machine.judged(&[IMAGE]).is_in_force());
    assert_eq!(machine.reloads.get(), 1);
    assert!(!machine.judged(&[]).holds());
    assert_eq!((machine.drop_ins().len(), machine.reloads.get()), (0, 2));
}

#[test]
fn what_is_passed_over_holds_no_more_and_what_comes_later_does() {
    let machine = Machine::new();
    machine.judged(&[IMAGE]);
    machine.change(GateState::pass);
    assert_eq!(machine.drop_ins().len(), 0);
    assert!(!machine.judged(&[IMAGE]).holds());
    let state = machine.judged(&[IMAGE, KERNEL]);
    assert_eq!(state.holding().map(|broken| broken.check.as_str()).collect::<Vec<_>>(), [KERNEL.0]);
    assert!(machine.drop_ins().iter().all(|text| text.contains(KERNEL.1)) && machine.drop_ins().len() == 2);
    // Fixed, and broken again.
    machine.judged(&[]);
    assert!(machine.judged(&[IMAGE]).holds());
    assert!(!machine.change(|state| state.forget(Duration::ZERO)).holds());
}

#[test]
fn what_is_not_known_changes_nothing() {
    let machine = Machine::new();
    let unknown = || Reboot::Unknown("not read".to_owned());
    let state = machine.change(|state| state.take(Duration::ZERO, unknown()));
    assert!(!state.holds() && state.last.unwrap().unknown.is_some());
    machine.judged(&[IMAGE]);
    assert!(machine.change(|state| state.take(Duration::ZERO, unknown())).holds());
    assert_eq!(machine.drop_ins().len(), 2);
}

#[test]
fn of_two_judgements_the_one_that_began_later_counts() {
    let machine = Machine::new();
    let (before, after) = (Duration::from_secs(1), Duration::from_secs(2));
    machine.change(|state| state.begin(before));
    machine.change(|state| state.begin(after));
    assert!(machine.gate.read().unwrap().is_pending());
    machine.change(|state| state.take(after, Reboot::StaysAway(vec![(IMAGE.0, IMAGE.1.to_owned())])));
    assert!(!machine.gate.read().unwrap().is_pending());
    assert!(machine.change(|state| state.take(before, Reboot::ComesBack)).holds());
    assert!(!machine.change(|state| state.take(after, Reboot::ComesBack)).holds());
    // What has begun before everything was forgotten is too late.
    let broken = Reboot::StaysAway(vec![(IMAGE.0, IMAGE.1.to_owned())]);
    machine.change(|state| state.forget(after));
    assert!(!machine.change(|state| state.take(after, broken)).holds());
    assert!(!machine.gate.read().unwrap().is_pending(), "nothing has begun since");
}

/// Killed, or refused by systemd, between the drop-ins and the end.
#[test]
fn what_was_left_half_way_is_brought_to_its_end() {
    let machine = Machine::new();
    let failed = || Err(CommandError::Missing { program: "systemctl".to_owned() });
    let broken = || Reboot::StaysAway(vec![(IMAGE.0, IMAGE.1.to_owned())]);
    assert!(machine.gate.change_by(|state| state.take(Duration::ZERO, broken()), failed).is_err());
    assert_eq!((machine.drop_ins().len(), machine.reloads.get()), (2, 0));
    assert!(!machine.gate.read().unwrap().is_in_force());
    assert!(machine.judged(&[IMAGE]).holds());
    assert_eq!(machine.reloads.get(), 1, "the drop-ins stood there, and systemd did not know them");
    assert!(machine.gate.forget_by(Duration::ZERO, failed).is_err());
    machine.change(|_| ());
    assert_eq!((machine.drop_ins().len(), machine.reloads.get()), (0, 2), "nor that they are gone");
}

#[test]
fn another_boot_knows_nothing_of_it() {
    let machine = Machine::new();
    machine.judged(&[IMAGE]);
    machine.change(GateState::pass);
    let next = Gate { boot_id: "the next boot".to_owned(), ..machine.gate.clone() };
    assert_eq!(next.read().unwrap(), next.nothing());
}

#[test]
fn a_reason_becomes_no_setting_and_no_specifier() {
    let machine = Machine::new();
    for reason in ["a\nRefuseManualStart=no\\\n\u{1b}[2J %H", "ends in \\"] {
        machine.judged(&[("x", reason)]);
        let text = machine.drop_ins().remove(0);
        let set: Vec<&str> = text.lines().filter(|line| line.starts_with("RefuseManualStart=")).collect();
        assert_eq!(set, ["RefuseManualStart=yes"], "{text}");
        assert!(text.lines().rev().skip(1).all(|line| !line.ends_with('\\')), "{text}");
        assert!(!text.contains('\u{1b}') && !text.replace("%%", "").contains('%'), "{text}");
    }
}

#[test]
fn a_state_that_is_none_and_a_machine_without_systemd_are_told() {
    let machine = Machine::new();
    machine.judged(&[]);
    std::fs::write(machine.gate.state_file(), "{").unwrap();
    assert!(matches!(machine.gate.read(), Err(GateError::State { .. })));
    assert!(machine.gate.change_by(|_| (), || Ok(())).is_err());
    assert!(machine.gate.forget_by(Duration::ZERO, || Ok(())).unwrap().is_in_force());
    let elsewhere = Gate::at(machine.directory.path().join("none"), PathBuf::new(), String::new());
    assert!(matches!(elsewhere, Err(GateError::NoSystemd(_))));
}
