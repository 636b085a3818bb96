//! Everything that stood in the way of reading, in one list.

use super::{Facts, Iscsi, Kernel, Loader, LookupAnswer, Network, Problem, Source, Storage};
use std::collections::BTreeSet;

/// A group of facts that are read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the field of `Facts` that has its name")]
pub enum Group {
    Scope,
    Firmware,
    Nics,
    Network,
    Cmdline,
    Loader,
    Kernels,
    Images,
    Dhcp,
    Netconfig,
    Iscsi,
    Storage,
    Services,
    Template,
}

impl Group {
    /// In the order in which the facts stand.
    const ALL: [Self; 14] = [
        Self::Scope,
        Self::Firmware,
        Self::Nics,
        Self::Network,
        Self::Cmdline,
        Self::Loader,
        Self::Kernels,
        Self::Images,
        Self::Dhcp,
        Self::Netconfig,
        Self::Iscsi,
        Self::Storage,
        Self::Services,
        Self::Template,
    ];
}

impl Source {
    /// The group of facts that it is read for.
    fn group(self) -> Option<Group> {
        Some(match self {
            Self::Root => Group::Scope,
            Self::Fstab | Self::Crypttab | Self::Lvm | Self::Resume => Group::Storage,
            Self::InitiatorName | Self::IscsidConf | Self::NodeRecords | Self::IscsiInitramfs => Group::Iscsi,
            Self::GrubDefaults | Self::KernelCmdline => Group::Loader,
            Self::KernelModules => Group::Kernels,
            Self::LinkFiles | Self::Firewall | Self::Manager(_) => Group::Netconfig,
            Self::Dhclient | Self::DhclientConf | Self::DhclientHooks | Self::Leases => Group::Dhcp,
            Self::Wanted | Self::Leftover(_) => Group::Template,
            Self::Unnamed | Self::Other => return None,
        })
    }
}

impl Facts {
    /// Whatever could not be read or understood, each once, in the order in which the facts stand.
    ///
    /// What is wrong with a thing that was read, such as the faults of a firmware table, is a finding's matter.
    pub fn problems(&self) -> Vec<&Problem> {
        let mut found: Vec<&Problem> = Group::ALL.into_iter().flat_map(|group| self.problems_of(group)).collect();
        let mut seen = BTreeSet::new();
        found.retain(|problem| seen.insert((&problem.place, &problem.what)));
        found
    }

    /// What stands in the way of a source, or may: the first of the problems of its group that is not another's, or
    /// else what kept any file of the root from being read.
    pub fn unread(&self, source: Source) -> Option<&Problem> {
        let problems: Vec<&Problem> = match source.group()? {
            Group::Storage => self.storage.problems.iter().collect(),
            Group::Iscsi => self.iscsi.problems.iter().collect(),
            Group::Loader => self.loader.problems.iter().collect(),
            Group::Netconfig => self.netconfig.problems.iter().collect(),
            Group::Template => self.template.problems.iter().collect(),
            group => self.problems_of(group),
        };
        problems.into_iter().chain(&self.scope.problems).find(|problem| source.is_behind(problem))
    }

    /// What could not be read or understood of one group.
    pub fn problems_of(&self, group: Group) -> Vec<&Problem> {
        let mut found = Vec::new();
        match group {
            Group::Scope => found.extend(&self.scope.problems),
            Group::Firmware => {
                found.extend(self.firmware.table.problem());
                found.extend(self.firmware.sysfs.problem());
            }
            Group::Nics => found.extend(self.nics.problem()),
            Group::Network => network(&self.network, &mut found),
            Group::Cmdline => found.extend(self.cmdline.problem()),
            Group::Loader => loader(&self.loader, &mut found),
            Group::Kernels => self.kernels.iter().for_each(|one| kernel(one, &mut found)),
            Group::Images => {
                found.extend(self.images.iter().flat_map(|image| image.damage.iter().chain(&image.problems)));
            }
            Group::Dhcp => found.extend(&self.dhcp.problems),
            Group::Netconfig => found.extend(&self.netconfig.problems),
            Group::Iscsi => iscsi(&self.iscsi, &mut found),
            Group::Storage => storage(&self.storage, &mut found),
            Group::Services => found.extend(&self.services.problems),
            Group::Template => found.extend(&self.template.problems),
        }
        found
    }

    /// Keeps the first problems of each group and counts the rest: a file of a million bad lines is
    /// one thing to be told, and not a million.
    pub fn cap_problems(&mut self) {
        let images = self.images.iter_mut().flat_map(|image| [&mut image.damage, &mut image.problems]);
        let kernels = self.kernels.iter_mut().map(|kernel| &mut kernel.problems);
        let groups = [
            &mut self.scope.problems,
            &mut self.network.problems,
            &mut self.loader.problems,
            &mut self.dhcp.problems,
            &mut self.netconfig.problems,
            &mut self.iscsi.problems,
            &mut self.storage.problems,
            &mut self.services.problems,
            &mut self.template.problems,
        ];
        groups.into_iter().chain(kernels).chain(images).for_each(cap);
    }
}

/// How many problems of one group are kept.
const KEPT: usize = 100;

fn cap(problems: &mut Vec<Problem>) {
    // One more is no crowd: counted, it would take as much room.
    if problems.len() <= KEPT + 1 {
        return;
    }
    let more = problems.len() - KEPT;
    problems.truncate(KEPT);
    if let Some(last) = problems.last() {
        // The rest may be of any source.
        problems.push(Problem::new(last.place.clone(), format!("and {more} more like these")));
    }
}

fn network<'a>(network: &'a Network, found: &mut Vec<&'a Problem>) {
    let Network { links, addresses, routes, rules, lookups, timeline, default_routes: _, rp_filter: _, problems } =
        network;
    found.extend(links.problem());
    found.extend(addresses.problem());
    found.extend(routes.problem());
    found.extend(rules.problem());
    found.extend(lookups.problem());
    found.extend(timeline.problem());
    found.extend(lookups.known().into_iter().flatten().filter_map(|lookup| match &lookup.answer {
        LookupAnswer::Failed(problem) => Some(problem),
        LookupAnswer::Route(_) | LookupAnswer::Unreachable(_) => None,
    }));
    found.extend(problems);
}

fn loader<'a>(loader: &'a Loader, found: &mut Vec<&'a Problem>) {
    found.extend(loader.chosen.problem());
    found.extend(loader.esp.problem());
    found.extend(&loader.problems);
    let files = loader.entries.iter().flat_map(|entry| entry.kernel.iter().chain(&entry.initrds));
    found.extend(files.filter_map(|file| file.problem.as_ref()));
}

fn kernel<'a>(kernel: &'a Kernel, found: &mut Vec<&'a Problem>) {
    found.extend(kernel.version.problem());
    found.extend(kernel.builtin.problem());
    found.extend(&kernel.problems);
}

fn iscsi<'a>(iscsi: &'a Iscsi, found: &mut Vec<&'a Problem>) {
    found.extend(iscsi.sessions.problem());
    found.extend(iscsi.iscsid_running.problem());
    found.extend(iscsi.iscsid_libraries.problem());
    found.extend(&iscsi.problems);
}

fn storage<'a>(storage: &'a Storage, found: &mut Vec<&'a Problem>) {
    found.extend(storage.mounts.problem());
    found.extend(storage.root_device.problem());
    found.extend(storage.root_silence.problem());
    found.extend(storage.devices.problem());
    let root = storage.root_device.known().into_iter().flatten();
    let devices = storage.devices.known().into_iter().flatten();
    found.extend(root.chain(devices).filter_map(|device| device.signature.problem()));
    found.extend(&storage.problems);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{BlockDevice, Fact, Initramfs, Lookup};

    fn problem(place: &str) -> Problem {
        Problem::new(place, "does not answer")
    }

    #[test]
    fn many_problems_are_counted() {
        let mut facts = Facts::default();
        facts.iscsi.problems = (1..=1000).map(|line| problem(&format!("/etc/iscsi/iscsid.conf:{line}"))).collect();
        facts.cap_problems();
        assert_eq!(facts.iscsi.problems.len(), KEPT + 1);
        assert_eq!(facts.iscsi.problems[KEPT].to_string(), "/etc/iscsi/iscsid.conf:100: and 900 more like these");
        facts.cap_problems();
        assert_eq!(facts.problems().len(), KEPT + 1);
    }

    #[test]
    fn every_group_of_facts_tells_its_problems_once() {
        let mut facts = Facts::default();
        assert_eq!(facts.problems(), Vec::<&Problem>::new());
        facts.scope.problems.push(problem("a"));
        facts.firmware.table = Fact::Unknown(problem("b"));
        facts.network.lookups = Fact::Known(vec![Lookup {
            destination: [10, 0, 0, 1].into(),
            answer: LookupAnswer::Failed(problem("c")),
            matched: None,
            flow: None,
        }]);
        facts.loader.chosen = Fact::Unknown(problem("d"));
        facts.loader.problems.push(problem("d"));
        facts.kernels.push(Kernel { builtin: Fact::Unknown(problem("e")), ..Kernel::default() });
        facts.images.push(Initramfs { damage: vec![problem("f")], ..Initramfs::default() });
        facts.dhcp.problems.push(problem("g"));
        facts.netconfig.problems.push(problem("h"));
        facts.iscsi.problems.push(problem("i"));
        facts.storage.devices =
            Fact::Known(vec![BlockDevice { signature: Fact::Unknown(problem("j")), ..BlockDevice::default() }]);
        facts.services.problems.push(problem("k"));
        facts.template.problems.push(problem("l"));
        let places: Vec<&str> = facts.problems().iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(places, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]);
    }
}
