//! `isctpl gate`: reboots that this machine would not come back from are held.

use super::doctor::judged;
use super::output::Output;
use crate::cli::{Cli, Command, DoctorArgs, GateAction, GateArgs, Source};
use crate::probes::is_running_root;
use crate::procedures::gate::{Gate, GateState};
use crate::system::since_boot;
use anyhow::{Context, bail};
use clap::Parser;
use isctpl_checks::Reboot;

/// Whether the machine comes back is not known, or not yet.
const NOT_KNOWN: u8 = 1;

/// Reboots are held.
const HELD: u8 = 2;

/// How to go on where they are.
const WAY_PAST: &str = "isctpl doctor says what to fix; isctpl gate pass lets reboots through all the same; \
                        powering off is not held";

pub(super) fn run(args: &GateArgs, output: &mut Output) -> anyhow::Result<u8> {
    let gate = Gate::of_this_machine()?;
    let state = match &args.action {
        None | Some(GateAction::Status) => gate.read()?,
        Some(GateAction::Judge { source, timeout }) => {
            let doctor = as_doctor(source, *timeout)?;
            let began = since_boot();
            gate.change(|state| state.begin(began))?;
            let reboot = match judged(&doctor) {
                Ok(judged) => judged.judgement.reboot(),
                Err(error) => {
                    gate.change(|state| state.take(began, Reboot::Unknown(format!("{error:#}"))))?;
                    return Err(error);
                }
            };
            gate.change(|state| state.take(began, reboot))?
        }
        Some(GateAction::Pass) => {
            let state = gate.change(GateState::pass)?;
            if state.breaks.is_empty() {
                output.print("nothing holds reboots now; what is found from now on does\n")?;
                return Ok(0);
            }
            state
        }
        Some(GateAction::Off) => {
            gate.forget(since_boot())?;
            output.print("reboots are let through; what was judged is forgotten\n")?;
            return Ok(0);
        }
    };
    let (text, code) = told(&state);
    output.print(&text)?;
    Ok(code)
}

/// How it stands, and the exit code for that.
fn told(state: &GateState) -> (String, u8) {
    let unknown = state.last.as_ref().and_then(|last| last.unknown.as_deref());
    let mut text = match (state.holding().next(), state.breaks.first(), &state.last) {
        (Some(first), ..) => {
            let checks: Vec<&str> = state.holding().map(|broken| broken.check.as_str()).collect();
            let checks = checks.join(", ");
            format!("reboots are held: this machine would not come back: {} ({checks})\n{WAY_PAST}\n", first.because)
        }
        (None, Some(passed), _) => format!(
            "reboots are let through by isctpl gate pass, though this machine would not come back: {} ({})\n",
            passed.because, passed.check
        ),
        (None, None, None) => {
            "reboots are let through: this machine was not judged since it started (isctpl-gate.path is not on, or has \
             not come to it yet)\n"
                .to_owned()
        }
        (None, None, Some(_)) if unknown.is_some() => "reboots are let through\n".to_owned(),
        (None, None, Some(_)) => "reboots are let through: this machine comes back from one\n".to_owned(),
    };
    if let Some(why) = unknown {
        text.push_str(&format!("whether this machine comes back is not known, by the last judgement: {why}\n"));
    }
    if state.is_pending() {
        text.push_str("a judgement has begun, and has not come to its end\n");
    }
    if !state.is_in_force() {
        text.push_str("systemd has not taken that in: isctpl gate judge tries again\n");
    }
    let code = match (
        state.holds(),
        unknown.is_some() || state.last.is_none() || state.is_pending() || !state.is_in_force(),
    ) {
        (true, _) => HELD,
        (false, true) => NOT_KNOWN,
        (false, false) => 0,
    };
    (text, code)
}

/// What doctor is asked.
fn as_doctor(source: &Source, timeout: u64) -> anyhow::Result<DoctorArgs> {
    if !is_running_root(&source.root) {
        bail!("only the running system's reboots can be held; leave --root out");
    }
    let cli = Cli::try_parse_from(["isctpl", "doctor"]).context("doctor takes no options")?;
    let Command::Doctor(args) = cli.command else { bail!("doctor is another command") };
    Ok(DoctorArgs { source: source.clone(), timeout: Some(timeout), ..args })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn state(judgements: Vec<Reboot>) -> GateState {
        let mut state = GateState::of("");
        judgements.into_iter().for_each(|reboot| state.take(Duration::ZERO, reboot));
        state
    }

    fn broken() -> Reboot {
        Reboot::StaysAway(vec![("loader-initrd-missing", "the image is gone".to_owned())])
    }

    fn unknown() -> Reboot {
        Reboot::Unknown("initramfs: not read".to_owned())
    }

    #[test]
    fn nothing_is_said_to_be_sound_that_was_not_judged() {
        for (judgements, said, code) in [
            (vec![], "was not judged", NOT_KNOWN),
            (vec![unknown()], "is not known, by the last judgement: initramfs: not read", NOT_KNOWN),
            (vec![broken()], "held: this machine would not come back: the image is gone (loader-initrd-missing)", HELD),
            (vec![broken(), unknown()], "is not known, by the last judgement", HELD),
            (vec![broken(), unknown()], "held: this machine would not come back: the image is gone", HELD),
            (vec![unknown(), Reboot::ComesBack], "let through: this machine comes back from one", 0),
        ] {
            let (text, told) = told(&state(judgements));
            assert!(text.contains(said) && told == code, "{told}: {text}");
        }
    }

    #[test]
    fn what_has_begun_and_what_systemd_does_not_know_is_told() {
        let mut begun = state(vec![Reboot::ComesBack]);
        begun.begin(Duration::from_secs(1));
        let (text, code) = told(&begun);
        assert!(text.contains("has begun") && code == NOT_KNOWN, "{code}: {text}");
        begun.forget(Duration::from_secs(2));
        assert!(!told(&begun).0.contains("has begun"));
        let mut elsewhere = GateState::default();
        elsewhere.take(Duration::ZERO, Reboot::ComesBack);
        let (text, code) = told(&elsewhere);
        assert!(text.contains("systemd has not taken that in") && code == NOT_KNOWN, "{code}: {text}");
    }

    #[test]
    fn what_is_passed_over_is_told() {
        let mut state = state(vec![broken()]);
        state.pass();
        let (text, code) = told(&state);
        assert_eq!(code, 0, "{text}");
        assert!(
            text.contains("let through by isctpl gate pass, though") && text.contains("the image is gone"),
            "{text}"
        );
    }
}
