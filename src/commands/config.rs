//! Which `isctpl.toml` counts, and what it says.
//!
//! `--config` names one for any run. Without it, a run on the booted instance reads /etc/isctpl.toml. A mounted
//! root and a snapshot have none of their own: what is judged must not say what counts, and the host that judges
//! them has its file for itself.

use crate::cli::DoctorArgs;
use crate::formats::isctpl_toml::{self, Ignore};
use crate::formats::text::printable;
use crate::report::Stand;
use anyhow::{Context, bail};
use isctpl_checks::facts::{Facts, Mode, Problem, Source};
use isctpl_checks::{Judgement, Selection, registry};
use jiff::civil::Date;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The file of the booted instance.
const OWN: &str = "/etc/isctpl.toml";

/// The most that the file may hold.
const LIMIT: u64 = 1 << 20;

/// What the operator says.
#[derive(Debug, Clone)]
pub(super) struct Config {
    name: String,
    ignores: Vec<Ignore>,
    today: Date,
}

/// Where it is read from.
#[derive(Debug, Clone)]
pub(super) struct ConfigFile {
    named: Option<PathBuf>,
    snapshot: bool,
}

impl ConfigFile {
    pub(super) fn of(args: &DoctorArgs) -> Self {
        Self { named: args.config.clone(), snapshot: !args.snapshot.is_empty() }
    }

    /// Reads what counts for these facts. A file that was named, and cannot be asked for, becomes one of their problems.
    ///
    /// # Errors
    /// When the file cannot be read, or says what is not understood.
    pub(super) fn read_for(&self, facts: &mut Facts) -> anyhow::Result<Config> {
        let live = !self.snapshot && facts.scope.mode == Mode::Live;
        // A disk that does not answer would hold this process as well: then nothing of `/` was read.
        let silent = live && facts.scope.problems.iter().any(|problem| problem.source == Source::Root);
        match &self.named {
            Some(file) if silent => {
                let what = "was not read, and counts for nothing: the root's disk does not answer";
                facts.scope.problems.push(Problem::new(printable::path(file), what).of(Source::Other));
                Ok(Config::none())
            }
            Some(file) => Config::read(file, true),
            None if silent => Ok(Config::none()),
            None if live => Config::read(Path::new(OWN), false),
            None => Ok(Config::none()),
        }
    }
}

impl Config {
    fn none() -> Self {
        Self {
            name: String::new(),
            ignores: Vec::new(),
            today: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
        }
    }

    fn read(path: &Path, must_exist: bool) -> anyhow::Result<Self> {
        let name = printable::path(path);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => return Ok(Self::none()),
            Err(error) => return Err(error).with_context(|| format!("{name}: cannot be opened")),
        };
        if !file.metadata().with_context(|| name.clone())?.is_file() {
            bail!("{name} is not a regular file");
        }
        let mut said = String::new();
        file.take(LIMIT + 1).read_to_string(&mut said).with_context(|| format!("{name}: cannot be read"))?;
        if said.len() as u64 > LIMIT {
            bail!("{name} holds more than {LIMIT} bytes");
        }
        let ignores = isctpl_toml::parse(&said, |id| registry::find(id).is_some())
            .map_err(|fault| anyhow::anyhow!("{name}:{}: {}", fault.line, fault.what))?;
        Ok(Self { name, ignores, ..Self::none() })
    }

    /// The selection without what does not count today.
    pub(super) fn applied_to(&self, selection: &Selection) -> Selection {
        let holds = |ignore: &&Ignore| ignore.until >= self.today;
        let ignore = self.ignores.iter().filter(holds).map(|ignore| ignore.check.clone()).collect();
        Selection { ignore, ..selection.clone() }
    }

    /// How each ignore stands against a judgement.
    pub(super) fn stands(&self, judgement: &Judgement) -> Vec<Stand> {
        self.ignores.iter().map(|ignore| Stand::of(ignore, &self.name, self.today, judgement)).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_a_disk_that_does_not_answer_keeps_a_file_from_being_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "[[ignore]]\ncheck = \"san-nic-down\"\nreason = \"x\"\nuntil = 2999-12-31").unwrap();
        let named = ConfigFile { named: Some(file.path().to_owned()), snapshot: false };
        let mut facts = Facts::default();
        facts.scope.mode = Mode::Live;
        // As where the limit of what one run reads was met.
        facts.scope.problems.push(Problem::new("/", "was not read further"));
        assert_eq!(named.read_for(&mut facts).unwrap().ignores.len(), 1);
        facts.scope.problems = vec![Problem::new("/", "does not answer").of(Source::Root)];
        assert_eq!(named.read_for(&mut facts).unwrap().ignores.len(), 0);
        assert_eq!(facts.scope.problems[1].place, printable::path(file.path()));
        let own = ConfigFile { named: None, snapshot: false };
        own.read_for(&mut facts).unwrap();
        assert_eq!(facts.scope.problems.len(), 2, "nobody named one");
    }
}
