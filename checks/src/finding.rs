//! What a check has to say, and on what evidence.

use crate::facts::{Located, Location, Problem};
use crate::shell_command::is_typable;
use crate::{Reach, Repair, RunsIn, ShellCommand};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It works by luck, or will hurt later.
    Warning,
    /// The machine will not boot, will lose its root, or will not shut down.
    Critical,
}

impl Severity {
    /// The word that stands for it in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that was seen, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// A file and line, or the kernel interface that answered.
    pub source: String,
    /// What stands there, shortened to the telling part; never a secret.
    pub excerpt: String,
}

impl Evidence {
    /// Evidence from any source.
    pub fn new(source: impl Into<String>, excerpt: impl Into<String>) -> Self {
        Self { source: source.into(), excerpt: excerpt.into() }
    }

    /// Evidence at a place in a file.
    pub fn at(place: &Location, excerpt: impl Into<String>) -> Self {
        Self::new(place.to_string(), excerpt)
    }
}

impl<T: fmt::Display> From<&Located<T>> for Evidence {
    fn from(located: &Located<T>) -> Self {
        Self::at(&located.at, located.value.to_string())
    }
}

impl From<&Problem> for Evidence {
    fn from(problem: &Problem) -> Self {
        Self::new(problem.place.clone(), problem.what.clone())
    }
}

/// What is added to a remedy whose command changes the network.
const MAY_CUT: &str = "This can cut a remote login that comes over the same network: type it at the console";

/// What fixes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remedy {
    /// What to do, in a sentence or two.
    pub text: String,
    /// Commands for a root shell, in order. None was refused.
    commands: Vec<ShellCommand>,
    /// What `isctpl prepare` changes in the files of the root to fix it; empty where it cannot.
    repairs: Vec<Repair>,
}

impl Remedy {
    /// A remedy in words.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Adds a command to paste. One with a word that cannot be typed safely is left out, and the text says so.
    #[must_use]
    pub fn command(mut self, command: ShellCommand) -> Self {
        let at = self.commands.len();
        self.insert(at, command);
        self
    }

    /// Adds several commands.
    #[must_use]
    pub fn commands(self, commands: impl IntoIterator<Item = ShellCommand>) -> Self {
        commands.into_iter().fold(self, Self::command)
    }

    /// Puts a command before the others, as [`Self::command`] does.
    #[must_use]
    pub fn first(mut self, command: ShellCommand) -> Self {
        self.insert(0, command);
        self
    }

    /// Adds what `isctpl prepare` changes to fix it, once.
    #[must_use]
    pub fn repair(mut self, repair: Repair) -> Self {
        if !self.repairs.contains(&repair) {
            self.repairs.push(repair);
        }
        self
    }

    /// Adds several repairs.
    #[must_use]
    pub fn repairs_by(self, repairs: impl IntoIterator<Item = Repair>) -> Self {
        repairs.into_iter().fold(self, Self::repair)
    }

    /// Leaves out the repairs that do not hold.
    pub(crate) fn retain_repairs(&mut self, holds: impl FnMut(&Repair) -> bool) {
        self.repairs.retain(holds);
    }

    /// The same, for the person alone to do.
    #[must_use]
    pub(crate) fn without_repairs(mut self) -> Self {
        self.repairs.clear();
        self
    }

    /// What `isctpl prepare` changes in the files of the root to fix it, in order; empty where it cannot.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// Says that there is no command because of a name that cannot be typed safely.
    #[must_use]
    pub fn without_command_for(mut self, name: &str) -> Self {
        let shown: String = name.chars().take(80).flat_map(shown).collect();
        self.say(&format!("\"{shown}\" cannot be typed safely, so the command with it is left out"));
        self
    }

    /// The commands as a shell of the instance takes them.
    pub fn plain_commands(&self) -> Vec<String> {
        self.typed(Reach::Own)
    }

    /// The commands as they are typed to act on the judged root; none where its directory cannot be typed.
    pub fn typed(&self, reach: Reach<'_>) -> Vec<String> {
        let typable = !matches!(reach, Reach::Mounted(directory) if !is_typable(directory));
        self.commands.iter().filter(|_| typable).map(|command| command.typed(reach)).collect()
    }

    /// Where the commands act. They are for the root as soon as one of them is.
    pub fn runs_in(&self) -> RunsIn {
        match self.commands.iter().all(|command| command.runs_in() == RunsIn::Machine) {
            true if !self.commands.is_empty() => RunsIn::Machine,
            _ => RunsIn::Root,
        }
    }

    fn insert(&mut self, at: usize, command: ShellCommand) {
        if let Some(name) = command.refused() {
            *self = std::mem::take(self).without_command_for(name);
            return;
        }
        if command.may_cut_session() {
            self.say(MAY_CUT);
        }
        self.commands.insert(at, command);
    }

    /// Adds a sentence to the text, once.
    fn say(&mut self, sentence: &str) {
        if self.text.contains(sentence) {
            return;
        }
        let full_stop = if self.text.ends_with('.') { "" } else { "." };
        self.text = format!("{}{full_stop} {sentence}.", self.text);
    }
}

/// A character, or its number where a terminal would obey it.
fn shown(c: char) -> Vec<char> {
    if is_typable(c.encode_utf8(&mut [0; 4])) { vec![c] } else { c.escape_unicode().collect() }
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad this one is; a check's own severity unless it says otherwise.
    pub severity: Severity,
    /// One sentence: what is wrong, with the names that matter.
    pub summary: String,
    /// What was seen.
    pub evidence: Vec<Evidence>,
    /// What fixes it.
    pub remedy: Remedy,
}

impl Finding {
    /// A critical finding.
    pub fn critical(summary: impl Into<String>) -> Self {
        Self::new(Severity::Critical, summary)
    }

    /// A warning.
    pub fn warning(summary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary)
    }

    /// Something worth knowing.
    pub fn info(summary: impl Into<String>) -> Self {
        Self::new(Severity::Info, summary)
    }

    fn new(severity: Severity, summary: impl Into<String>) -> Self {
        Self { severity, summary: summary.into(), evidence: Vec::new(), remedy: Remedy::default() }
    }

    /// Adds evidence.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Into<Evidence>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// Adds several pieces of evidence.
    #[must_use]
    pub fn evidences(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// Sets the remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = remedy;
        self
    }
}
