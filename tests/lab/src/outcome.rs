//! Holds what a machine did against what was said of it.

use crate::machine::Life;
use crate::report::Report;
use isctpl_lab::console::Stage;
use isctpl_lab::scenario::{Scenario, Seen};
use serde::{Deserialize, Serialize};

/// Everything that was seen of a machine.
#[derive(Debug)]
pub(crate) struct Seeing<'a> {
    /// Its life.
    pub(crate) life: &'a Life,
    /// What doctor said in it once it was up.
    pub(crate) live: Option<&'a Report>,
    /// What doctor said after the injection.
    pub(crate) injected: Option<&'a Report>,
    /// Whether the root's disk answered, once up and after the injection.
    pub(crate) disk: [Option<bool>; 2],
    /// Whether the root's filesystem was written whole at the end.
    pub(crate) clean: Option<bool>,
    /// The exit code of the scenario's `proof.sh`, where it has one.
    pub(crate) proof: Option<i32>,
    /// The exit code of the scenario's `inject.sh`, where it has one.
    pub(crate) inject: Option<i32>,
}

/// What a machine did, in words and as data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Happened {
    /// One sentence.
    pub(crate) summary: String,
    /// How far it came.
    pub(crate) stage: Stage,
    /// Whether it came up.
    pub(crate) came_up: bool,
    /// Whether the root's disk answered at the end; nothing where it was not asked.
    pub(crate) disk_answers: Option<bool>,
    /// Whether it shut down by itself, with the filesystem written whole; nothing where it did not come so far.
    pub(crate) shuts_down: Option<bool>,
}

impl Happened {
    /// Puts together what was seen.
    pub(crate) fn of(seeing: &Seeing) -> Self {
        let life = seeing.life;
        let disk_answers = seeing.disk[1].or(seeing.disk[0]);
        // A machine whose disk was taken away cannot shut down; that it does not, says nothing.
        let shuts_down =
            (life.judged && disk_answers == Some(true)).then_some(life.went_off && seeing.clean == Some(true));
        let line = |line: &Option<String>| line.as_ref().map(|line| format!(": {line}")).unwrap_or_default();
        let summary = match (life.came_up, life.judged, disk_answers, shuts_down) {
            (false, ..) if life.stage == Stage::RealRoot => {
                format!(
                    "reached the real root and did not come up{}",
                    line(&life.trouble.clone().or(life.lost.clone()))
                )
            }
            (false, ..) => format!("stopped in the {}{}", life.stage.name(), line(&life.lost)),
            (true, false, ..) => format!("came up and froze{}", line(&life.trouble)),
            (true, true, Some(false), _) => "came up, then lost the root's disk".to_owned(),
            (true, true, _, Some(false)) if life.went_off => {
                "came up, shut down without writing the root whole".to_owned()
            }
            (true, true, _, Some(false)) => format!("came up, never shut down{}", line(&life.trouble)),
            (true, true, ..) => "came up, shut down".to_owned(),
        };
        // Not every initramfs tells its end on the console; a machine that came up left it.
        let stage = if life.came_up { Stage::RealRoot } else { life.stage };
        Self { summary, stage, came_up: life.came_up, disk_answers, shuts_down }
    }

    /// Where the verdict and the machine disagree, each in a sentence.
    pub(crate) fn unlike(&self, verdict: &str, link: Option<&str>, seen: Seen) -> Vec<String> {
        let sound = self.came_up && self.disk_answers == Some(true) && self.shuts_down == Some(true);
        let mut differences = Vec::new();
        match verdict {
            "boots" if !sound => differences.push(format!("said to boot, but it {}", self.summary)),
            "fails" => {
                let stages = stages(link.unwrap_or_default());
                if self.came_up || !stages.contains(&self.stage) {
                    let link = link.unwrap_or("no link");
                    differences.push(format!("said to fail at {link}, but it {}", self.summary));
                }
            }
            "at-risk" if self.stage < Stage::RealRoot => {
                differences.push(format!("said to reach its root, but it {}", self.summary));
            }
            "at-risk" if sound && seen == Seen::default() => {
                differences.push("said to be at risk, but nothing went wrong".to_owned());
            }
            // Whoever does not know is wrong whatever happens only where nobody saw what.
            "unknown" if seen == Seen::default() => {
                differences.push("said that it does not know, and [seen] does not tell what happens".to_owned());
            }
            "boots" | "at-risk" | "unknown" => {}
            other => differences.push(format!("the verdict {other} says nothing that a machine could do")),
        }
        let told = [
            ("come up", seen.comes_up, Some(self.came_up)),
            ("have its disk answer", seen.disk_answers, self.disk_answers),
            ("shut down", seen.shuts_down, self.shuts_down),
        ];
        for (what, wanted, was) in told {
            if wanted.is_some() && wanted != was {
                let not = if wanted == Some(true) { "" } else { "not " };
                differences.push(format!("must {not}{what}, but it {}", self.summary));
            }
        }
        differences
    }
}

/// In which stages a machine stops whose chain breaks at the link.
fn stages(link: &str) -> &'static [Stage] {
    match link {
        // A broken iBFT is read by the kernel; one that iPXE itself cannot use stops it earlier.
        "firmware" => &[Stage::Firmware, Stage::Initramfs],
        "loader" => &[Stage::Firmware, Stage::Loader, Stage::Initramfs],
        "kernel" | "initramfs" | "login" | "root" => &[Stage::Loader, Stage::Initramfs],
        _ => &[],
    }
}

/// All disagreements of a scenario.
pub(crate) fn disagreements(
    scenario: &Scenario,
    inherited: &[String],
    before: &Report,
    seeing: &Seeing,
    happened: &Happened,
) -> Vec<String> {
    let mut all: Vec<String> = before
        .unlike(&scenario.expect, false, inherited)
        .into_iter()
        .map(|text| format!("before the boot, {text}"))
        .collect();
    // What was injected breaks a machine that was sound: then the last verdict is held against the machine.
    let (verdict, link) = match (seeing.injected.filter(|_| !scenario.again), seeing.live) {
        (Some(injected), _) => (injected.verdict.boot.as_str(), injected.verdict.broken_link.as_deref()),
        (None, Some(live)) if scenario.live.is_some() => {
            (live.verdict.boot.as_str(), live.verdict.broken_link.as_deref())
        }
        _ => (before.verdict.boot.as_str(), before.verdict.broken_link.as_deref()),
    };
    all.extend(happened.unlike(verdict, link, scenario.seen));

    let comes_up = scenario.expect.verdict == "boots" && scenario.seen.comes_up != Some(false);
    let live = scenario.live.as_ref().or(comes_up.then_some(&scenario.expect));
    match (live, seeing.live) {
        (Some(expected), Some(report)) => {
            all.extend(
                report.unlike(expected, true, inherited).into_iter().map(|text| format!("in the instance, {text}")),
            );
        }
        (Some(_), None) => all.push("there is no verdict of the booted instance".to_owned()),
        (None, _) => {}
    }
    match (&scenario.injected, seeing.injected) {
        (Some(expected), Some(report)) => {
            all.extend(
                report.unlike(expected, true, inherited).into_iter().map(|text| format!("after the injection, {text}")),
            );
        }
        (Some(_), None) => all.push("there is no verdict after the injection".to_owned()),
        (None, _) => {}
    }
    if let Some(code) = seeing.inject.filter(|code| *code != 0) {
        all.push(format!("inject.sh ended with {code}: see inject.log"));
    }
    if let Some(code) = seeing.proof.filter(|code| *code != 0) {
        all.push(format!("proof.sh ended with {code}: see proof.log"));
    }
    all
}
