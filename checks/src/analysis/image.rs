//! What an image can do, by what lies in it.

use crate::facts::{
    EntryKind, Initramfs, LoginKind, NetworkKind, Option121, Option121Support, Problem, Source, TokenReader,
};
use crate::{Evidence, Outcome};

/// How many problems of an image are told where it was not read completely.
const TOLD: usize = 3;

/// Who built an image, by what lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// initramfs-tools: `conf/initramfs.conf`, `scripts/functions`.
    InitramfsTools,
    /// dracut: a module list, or hooks below `usr/lib/dracut`.
    Dracut,
    /// Neither.
    Other,
}

impl Initramfs {
    /// The name of its file.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it has a CHAP user in the file of open-iscsi's script, which takes it for a target of the command line as
    /// well.
    pub(crate) fn has_chap_user(&self) -> bool {
        self.account == Some(true) && self.family() == Family::InitramfsTools
    }

    /// Who built this image.
    pub fn family(&self) -> Family {
        if !self.dracut_modules.is_empty()
            || self.files.keys().any(|path| path.starts_with("usr/lib/dracut/") || path.starts_with("lib/dracut/"))
            || self.login.iter().any(|login| login.kind != LoginKind::Iscsistart)
        {
            Family::Dracut
        } else if self.files.contains_key("conf/initramfs.conf")
            || self.files.contains_key("scripts/functions")
            || self.login.iter().any(|login| login.kind == LoginKind::Iscsistart)
        {
            Family::InitramfsTools
        } else {
            Family::Other
        }
    }

    /// Goes on with an image that was read whole: nothing that is missing from another may be called missing.
    ///
    /// # Errors
    /// The outcome of a check that found something missing: why the image was not read whole.
    pub(crate) fn whole(&self) -> Result<(), Outcome> {
        match (self.incomplete, self.damage.first()) {
            (false, _) => Ok(()),
            (true, Some(problem)) => Err(Outcome::unread(problem)),
            (true, None) => {
                let problems = || self.problems.iter().take(TOLD);
                let whole = format!("{} was not read completely", self.path);
                let reason = std::iter::once(whole).chain(problems().map(Problem::to_string)).collect::<Vec<_>>();
                Err(Outcome::Unknown { reason: reason.join("; "), evidence: problems().map(Evidence::from).collect() })
            }
        }
    }

    /// Goes on where a source was read in the image.
    ///
    /// # Errors
    /// The outcome of a check that needs it: what stands in the way, or may.
    pub(crate) fn was_read(&self, source: Source) -> Result<(), Outcome> {
        self.unread(source).map_or(Ok(()), |problem| Err(Outcome::unread(problem)))
    }

    /// What stands in the way of a source in the image, or may.
    pub(crate) fn unread(&self, source: Source) -> Option<&Problem> {
        self.problems.iter().find(|problem| source.is_behind(problem))
    }

    /// The path of a program in an image, looked for where programs lie.
    pub(crate) fn program(&self, name: &str) -> Option<String> {
        ["usr/sbin", "sbin", "usr/bin", "bin", "usr/local/sbin", "usr/local/bin"].iter().find_map(|directory| {
            let path = format!("{directory}/{name}");
            match self.files.get(&path) {
                Some(EntryKind::Program(_) | EntryKind::Link(_)) => Some(path),
                _ => None,
            }
        })
    }

    /// Whether an image can bring up a network in this way.
    pub(crate) fn has_network(&self, kind: NetworkKind) -> bool {
        self.network.iter().any(|network| network.kind == kind)
    }

    /// Whether a DHCP client of dracut's network-legacy drops the routes of option 121, or may.
    pub(crate) fn drops_option_121(&self) -> bool {
        let of_legacy = |client: &&Option121| client.network == NetworkKind::DracutLegacy;
        self.classless.iter().filter(of_legacy).any(|client| client.support != Option121Support::Yes)
    }

    /// Whether it sets the routes of `rd.route=`: initramfs-tools' scripts and iscsistart know no such word.
    pub(crate) fn reads_routes(&self) -> bool {
        use NetworkKind::{DracutLegacy, InitramfsDhclient, Ipconfig, IscsistartN, NetworkManager, Networkd};
        self.network.iter().any(|network| match network.kind {
            DracutLegacy | Networkd | NetworkManager => true,
            Ipconfig | InitramfsDhclient | IscsistartN => false,
        })
    }

    /// The script that reads a word of the command line, when one does.
    pub(crate) fn reader(&self, token: &str) -> Option<&TokenReader> {
        self.readers.iter().find(|reader| reader.token == token)
    }

    /// Whether it takes its NIC from the iBFT for this word, `rd.iscsi.ibft` or `ip=ibft`. NetworkManager's generator is
    /// a program, in which no script's line shows what it reads.
    pub(crate) fn reads_firmware_nic(&self, word: &str) -> bool {
        self.has_network(NetworkKind::NetworkManager) || self.reader(word).is_some()
    }

    /// Whether it has modules, and none of this version.
    pub(crate) fn is_of_other_version(&self, version: &str) -> bool {
        !self.module_versions.is_empty() && !self.module_versions.contains(version)
    }
}

/// The path inside an image of a place `IMAGE!path:LINE`.
pub(crate) fn path_inside(place: &str) -> &str {
    place.split_once('!').map_or(place, |(_, inside)| inside)
}
