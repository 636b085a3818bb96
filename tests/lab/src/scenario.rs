//! Bases and scenarios: what stands in their folders.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A LUN that others are made from: `bases/NAME/base.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BaseFile {
    /// What it is, for people.
    #[serde(rename = "title")]
    _title: String,
    /// The Debian suite that it is made of with debootstrap.
    suite: Option<String>,
    /// The base that it is made from.
    from: Option<String>,
    /// What the root is made with, where it is not ext4.
    root_fs: Option<String>,
    /// What the root's volume is, where it is not linear: a kind that `build/layers` makes.
    layers: Option<String>,
}

/// What is done, and what must come of it: `scenarios/NAME/scenario.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// What it is, in one line.
    pub title: String,
    /// The base, or the healthy scenario, that its `change.sh` is done to.
    pub from: String,
    /// Where the fault is known from: a row of the field's literature, a bug, a real boot.
    pub source: Option<String>,
    /// What starts the machine.
    #[serde(default)]
    pub firmware: Firmware,
    /// More arguments for `isctpl doctor --root`, where they are not the baseline's; `{dir}` is the scenario's folder,
    /// and `{lab}` the lab's.
    pub doctor: Option<Vec<String>>,
    /// How `isctpl prepare` is tried on it, where that is not as usual.
    pub prepare: Option<Prepare>,
    /// Warnings that are true of the machine once it is prepared, besides those of the baseline.
    #[serde(default)]
    pub stays: Vec<String>,
    /// How long the machine may take to come up, in seconds.
    #[serde(default = "default_patience")]
    pub patience: u64,
    /// Lines for dnsmasq that go before the lab's own.
    #[serde(default)]
    pub dhcp: Vec<String>,
    /// iPXE gets its orders by a script of `isctpl ipxe` with these arguments, and by nothing else.
    pub ipxe: Option<Vec<String>>,
    /// How long a lease lasts, where it is not the baseline's, or an hour.
    pub lease: Option<String>,
    /// What doctor must say of the root before it boots.
    pub expect: Expectation,
    /// What doctor must say in the booted instance, where it comes up.
    #[serde(default)]
    pub live: Option<Expectation>,
    /// What doctor must say after `inject.sh` was run in the instance.
    #[serde(default)]
    pub injected: Option<Expectation>,
    /// What is injected breaks the next boot and not this one: the LUN is booted again, and that boot is held against
    /// what doctor said last.
    #[serde(default)]
    pub again: bool,
    /// What the machine must be seen to do; from the verdict where it is not said.
    #[serde(default)]
    pub seen: Seen,
    /// Its folder's name.
    #[serde(skip)]
    pub name: String,
    /// Its folder.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// What a scenario shows, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `healthy-`: a machine that boots, which faults are done to.
    Healthy,
    /// `bare-`: a system as an installer leaves it, with nothing of the document done.
    Bare,
    /// One fault.
    Fault,
}

impl Scenario {
    fn read(name: &str, folder: &Path) -> Result<Self> {
        let mut scenario: Self = parse(&folder.join("scenario.toml"))?;
        name.clone_into(&mut scenario.name);
        folder.clone_into(&mut scenario.folder);
        Ok(scenario)
    }

    /// What it shows.
    pub fn kind(&self) -> Kind {
        match &self.name {
            name if name.starts_with("healthy-") => Kind::Healthy,
            name if name.starts_with("bare-") => Kind::Bare,
            _ => Kind::Fault,
        }
    }
}

fn default_patience() -> u64 {
    300
}

/// How `isctpl prepare` is tried on a scenario's root, where its finding says that prepare fixes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Prepare {
    /// Not at all, for this reason.
    Not(String),
    /// With these arguments besides those of doctor; `{dir}` and `{lab}` are as there.
    With(Vec<String>),
}

/// The firmware of a machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Firmware {
    /// OVMF; the iBFT is an ACPI table.
    #[default]
    Uefi,
    /// SeaBIOS; the iBFT lies in low memory.
    Bios,
}

/// A verdict, and what it must rest on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// `boots`, `fails`, `at-risk` or `unknown`.
    pub verdict: String,
    /// The link that breaks.
    pub link: Option<String>,
    /// The check that must decide the verdict, or that keeps it open; where it boots, the warning that the
    /// scenario is about.
    pub finding: Option<String>,
    /// Every other finding, critical or warning, that is true of the machine.
    #[serde(default)]
    pub also: Vec<String>,
}

/// What must be seen of a machine that reaches its real root, besides what the verdict says by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Seen {
    /// Whether it comes up.
    pub comes_up: Option<bool>,
    /// Whether the root's disk answers once it is up, or after the injection.
    pub disk_answers: Option<bool>,
    /// Whether it goes off by itself when told to, with the root's filesystem written whole.
    pub shuts_down: Option<bool>,
}

/// How a LUN comes to be.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The name of the base or scenario.
    pub name: String,
    /// Its folder, which holds its `change.sh`, if it has one.
    pub folder: PathBuf,
    /// Where it begins.
    pub origin: Origin,
    /// Whether others are made from it, so that it is kept.
    pub kept: bool,
}

/// What a LUN is made from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// An empty disk and debootstrap.
    Suite(String),
    /// A copy of another LUN.
    Copy(String),
    /// The files of another LUN, on a root of another filesystem.
    Files {
        /// The LUN whose files they are.
        from: String,
        /// The filesystem's name.
        root_fs: String,
    },
    /// The files of another LUN, on a root whose volume is of another kind.
    Layered {
        /// The LUN whose files they are.
        from: String,
        /// The kind, as `build/layers` calls it.
        layers: String,
    },
}

impl Origin {
    /// The LUN that it is made from.
    pub fn parent(&self) -> Option<&str> {
        match self {
            Self::Suite(_) => None,
            Self::Copy(from) | Self::Files { from, .. } | Self::Layered { from, .. } => Some(from),
        }
    }
}

/// All bases and scenarios.
#[derive(Debug)]
pub struct Catalogue {
    recipes: BTreeMap<String, Recipe>,
    scenarios: BTreeMap<String, Scenario>,
    installers: BTreeMap<String, Scenario>,
}

impl Catalogue {
    /// Reads `bases/`, `scenarios/` and `installers/` of the lab's folder.
    ///
    /// # Errors
    /// When a folder lacks its file, a file is not of the form, or a name that another is made from is unknown.
    pub fn read(lab: &Path) -> Result<Self> {
        let mut recipes = BTreeMap::new();
        for (name, folder) in folders(&lab.join("bases"))? {
            let file: BaseFile = parse(&folder.join("base.toml"))?;
            let origin = match (file.suite, file.from, file.root_fs, file.layers) {
                (Some(suite), None, None, None) => Origin::Suite(suite),
                (None, Some(from), None, None) => Origin::Copy(from),
                (None, Some(from), Some(root_fs), None) => Origin::Files { from, root_fs },
                (None, Some(from), None, Some(layers)) => Origin::Layered { from, layers },
                _ => bail!("{}: a base has either suite, or from (and root-fs or layers)", folder.display()),
            };
            recipes.insert(name.clone(), Recipe { name, folder, origin, kept: true });
        }
        let mut scenarios = BTreeMap::new();
        for (name, folder) in folders(&lab.join("scenarios"))? {
            let scenario = Scenario::read(&name, &folder)?;
            ensure!(!recipes.contains_key(&name), "{name} is a base and a scenario");
            let inject = folder.join("inject.sh").exists();
            ensure!(inject == scenario.injected.is_some(), "{name}: inject.sh and [injected] go together");
            ensure!(inject || !scenario.again, "{name}: again goes with inject.sh");
            let origin = Origin::Copy(scenario.from.clone());
            recipes.insert(name.clone(), Recipe { name: name.clone(), folder, origin, kept: false });
            scenarios.insert(name, scenario);
        }
        let baselines = scenarios.clone();
        for scenario in scenarios.values_mut() {
            let Some(baseline) = baselines.get(&scenario.from) else { continue };
            scenario.lease = scenario.lease.take().or_else(|| baseline.lease.clone());
            scenario.doctor = scenario.doctor.take().or_else(|| baseline.doctor.clone());
        }
        let parents: Vec<(String, String)> = recipes
            .values()
            .filter_map(|recipe| Some((recipe.name.clone(), recipe.origin.parent()?.to_owned())))
            .collect();
        for (name, from) in parents {
            let parent = recipes.get_mut(&from).with_context(|| format!("{name}: from = \"{from}\" is unknown"))?;
            parent.kept = true;
        }
        let installers = folders(&lab.join("installers"))?
            .into_iter()
            .map(|(name, folder)| Ok((name.clone(), Scenario::read(&name, &folder)?)))
            .collect::<Result<_>>()?;
        Ok(Self { recipes, scenarios, installers })
    }

    /// The scenarios, by name.
    pub fn scenarios(&self) -> impl Iterator<Item = &Scenario> {
        self.scenarios.values()
    }

    /// The installers, by name: what each makes of an empty LUN is tried as a scenario's root is.
    pub fn installers(&self) -> impl Iterator<Item = &Scenario> {
        self.installers.values()
    }

    /// The scenario of that name.
    pub fn scenario(&self, name: &str) -> Option<&Scenario> {
        self.scenarios.get(name)
    }

    /// How the LUN of that base or scenario is made.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn recipe(&self, name: &str) -> Result<&Recipe> {
        self.recipes.get(name).with_context(|| format!("{name} is neither a base nor a scenario"))
    }

    /// The warnings that are true of the healthy machine that a fault is done to, and so of the fault's, too.
    pub fn inherited(&self, scenario: &Scenario) -> Vec<String> {
        let healthy = self.scenarios.get(&scenario.from);
        let expected = healthy.into_iter().flat_map(|healthy| std::iter::once(&healthy.expect).chain(&healthy.live));
        expected.flat_map(|expected| expected.finding.iter().chain(&expected.also)).cloned().collect()
    }

    /// Whether a scenario begins at a base: it is a healthy machine that faults are done to.
    pub fn is_baseline(&self, scenario: &Scenario) -> bool {
        !self.scenarios.contains_key(&scenario.from)
    }
}

/// The folders in a folder, by name.
fn folders(place: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(place).with_context(|| format!("{}: cannot be read", place.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.insert(entry.file_name().to_string_lossy().into_owned(), entry.path());
        }
    }
    Ok(found)
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{}: is not of the form that README.md shows", path.display()))
}
