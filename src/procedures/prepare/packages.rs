//! Packages that a template is to have and that the root lacks.

use super::tree::Tree;
use crate::procedures::{Failure, Kind};
use crate::system::command::{Invocation, Runner};
use crate::system::inside::inside_to_install;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::Facts;
use std::time::Duration;

/// How long a package manager may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Package managers: the program, how it learns what there is, how it installs, and what it calls snmpd and Python.
const MANAGERS: [Manager; 4] = [
    Manager {
        program: "apt-get",
        refresh: Some(&["-q", "update"]),
        install: &["-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "install"],
        snmpd: "snmpd",
        python: "python3",
    },
    Manager { program: "dnf", refresh: None, install: &["-y", "install"], snmpd: "net-snmp", python: "python3" },
    Manager { program: "yum", refresh: None, install: &["-y", "install"], snmpd: "net-snmp", python: "python3" },
    Manager {
        program: "zypper",
        refresh: Some(&["--non-interactive", "refresh"]),
        install: &["--non-interactive", "install"],
        snmpd: "net-snmp",
        python: "python3",
    },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Manager {
    program: &'static str,
    refresh: Option<&'static [&'static str]>,
    install: &'static [&'static str],
    snmpd: &'static str,
    python: &'static str,
}

/// What is to be installed, and by which program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packages {
    manager: Manager,
    /// The packages' names.
    pub(crate) names: Vec<&'static str>,
}

impl Packages {
    /// What a root lacks; `None` where it lacks nothing, or has no package manager that is known.
    pub(crate) fn missing(root: &Root, facts: &Facts) -> Option<Self> {
        let lacks =
            |what: &str| facts.template.wanted.iter().any(|wanted| wanted.what == what && wanted.found.is_none());
        let has = |program: &str| {
            ["/usr/bin", "/bin"]
                .iter()
                .any(|directory| root.kind(&format!("{directory}/{program}")) == Ok(Some(FileKind::File)))
        };
        let manager = MANAGERS.into_iter().find(|manager| has(manager.program))?;
        let wanted = [("snmpd", manager.snmpd), ("python", manager.python)];
        let names: Vec<_> = wanted.into_iter().filter(|(what, _)| lacks(what)).map(|(_, name)| name).collect();
        (!names.is_empty()).then_some(Self { manager, names })
    }

    /// The program that installs them.
    pub(crate) fn program(&self) -> &'static str {
        self.manager.program
    }

    /// Installs them in the root. No service of theirs is started where that is not the running system.
    ///
    /// # Errors
    /// When the root cannot be entered, or the package manager fails.
    pub(crate) fn install(&self, tree: &Tree, runner: &Runner) -> Result<(), Failure> {
        let refresh = self.manager.refresh.map(|arguments| self.invocation(arguments, &[]));
        let install = self.invocation(self.manager.install, &self.names);
        inside_to_install(&tree.at, move |no_names| -> Result<(), Failure> {
            for invocation in refresh.iter().chain([&install]) {
                runner.run(invocation).map_err(|error| explained(error.into(), no_names.as_deref()))?;
            }
            Ok(())
        })?
    }

    fn invocation(&self, arguments: &[&str], names: &[&str]) -> Invocation {
        Invocation::new("env", LIMIT)
            .args(["DEBIAN_FRONTEND=noninteractive", self.manager.program])
            .args(arguments.iter().copied())
            .args(names.iter().copied())
    }
}

/// A package manager that finds no server does not say that it has nobody to ask for names.
fn explained(failure: Failure, no_names: Option<&str>) -> Failure {
    match no_names {
        Some(why) if failure.kind == Kind::Failed => failure.advise(format!("names do not resolve in the root; {why}")),
        _ => failure,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::probes::sample::SampleRoot;
    use isctpl_checks::facts::Wanted;

    fn facts(found: [Option<&str>; 2]) -> Facts {
        let mut facts = Facts::default();
        for (what, found) in ["snmpd", "python"].into_iter().zip(found) {
            facts.template.wanted.push(Wanted {
                what: what.to_owned(),
                found: found.map(str::to_owned),
                enabled: None,
                looked_for: Vec::new(),
            });
        }
        facts
    }

    #[test]
    fn a_failure_says_that_there_are_no_name_servers() {
        let why = Some("the root's /etc/resolv.conf: it does not exist");
        let told = explained(Failure::failed("apt-get failed"), why);
        assert_eq!(told.advice, ["names do not resolve in the root; the root's /etc/resolv.conf: it does not exist"]);
        for (failure, why) in [(Failure::stopped("stopped"), why), (Failure::failed("failed"), None)] {
            assert_eq!(explained(failure.clone(), why), failure);
        }
    }

    #[test]
    fn what_is_missing_is_named_as_the_package_manager_names_it() {
        let root = SampleRoot::of(&[("/usr/bin/dnf", ""), ("/usr/bin/yum", "")]);
        let of =
            |found| Packages::missing(&root.open(), &facts(found)).map(|packages| (packages.program(), packages.names));
        assert_eq!(of([None, None]), Some(("dnf", vec!["net-snmp", "python3"])));
        assert_eq!(of([None, Some("/usr/bin/python3")]), Some(("dnf", vec!["net-snmp"])));
        assert_eq!(of([Some("/usr/sbin/snmpd"), Some("/usr/bin/python3")]), None);
        let bare = SampleRoot::of(&[("/etc/os-release", "")]);
        assert_eq!(Packages::missing(&bare.open(), &facts([None, None])), None);
    }
}
