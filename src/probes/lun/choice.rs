//! Which filesystem is the root: recognised, or the one that was chosen.

use super::contents::{Filesystem, OTHER_NAME};
use super::system::{self, Evidence, RootVerdict, Subvolume};
use crate::system::command::quoted;
use serde::{Deserialize, Serialize};

/// Which filesystem is the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootChoice {
    /// A kernel name, a device's path, `VG/LV`, or `UUID=` with a filesystem's UUID.
    pub device: String,
    /// The subvolume, of btrfs.
    pub subvolume: Option<String>,
}

impl RootChoice {
    /// Whether a filesystem is the one that was chosen.
    pub(crate) fn is(&self, filesystem: &Filesystem) -> bool {
        let device = &filesystem.device;
        let wanted = self.device.as_str();
        let short = wanted.strip_prefix("/dev/").unwrap_or(wanted);
        // `VG/LV`: dashes within a name are doubled in the map's.
        let map = short
            .split_once('/')
            .map(|(group, volume)| format!("{}-{}", group.replace('-', "--"), volume.replace('-', "--")));
        let dm = device.dm_name.as_deref();
        device.name == short
            || dm.is_some_and(|dm| {
                Some(dm) == short.strip_prefix("mapper/")
                    || Some(dm) == map.as_deref()
                    || dm.strip_prefix(OTHER_NAME).is_some_and(|dm| Some(dm) == map.as_deref())
            })
            || wanted
                .strip_prefix("UUID=")
                .is_some_and(|uuid| filesystem.uuid.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(uuid)))
    }
}

/// A root that was found.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// What it stands on.
    pub(crate) filesystem: Filesystem,
    /// Its subvolume, of btrfs; `None` for the one that a mount without `subvol=` shows.
    pub(crate) subvolume: Option<String>,
    /// What it holds that tells a root.
    pub(crate) evidence: Evidence,
    /// What its filesystem is called where it is chosen.
    device: String,
    /// Its subvolume by name, whether or not a mount without `subvol=` shows it; `None` where that has no known name.
    named: Option<String>,
}

impl Candidate {
    /// The options that choose it, and what it is.
    pub(crate) fn in_words(&self) -> String {
        let subvolume = self.named.as_ref().map(|path| format!(" --subvolume {}", quoted(path))).unwrap_or_default();
        let name = self.evidence.name.as_deref().unwrap_or("(no name)");
        format!("--root-device {}{subvolume}   {name}", quoted(&self.device))
    }
}

/// What a look at a filesystem has shown.
#[derive(Debug)]
pub(crate) struct Looked {
    /// What a mount without `subvol=` shows.
    pub(crate) evidence: Evidence,
    /// Of a btrfs: the path of that, empty for the top; or why it is not known.
    pub(crate) shown: Result<String, String>,
    /// Of a btrfs: its subvolumes that may be roots, or why they are not known.
    pub(crate) subvolumes: Result<Vec<Subvolume>, String>,
}

/// What a look at several filesystems came to.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// Roots.
    pub(crate) found: Vec<Candidate>,
    /// Systems that have no first program: a root whose fault that may be.
    pub(crate) without_init: Vec<Candidate>,
    /// What could not be looked at.
    pub(crate) unread: Vec<String>,
    /// What is no root, and why: of use where nothing is.
    pub(crate) not_roots: Vec<String>,
}

impl Search {
    /// Looks at one filesystem, where it was chosen or none was: a root itself, or with subvolumes that are. `device` is
    /// what it is called.
    pub(crate) fn look_at(
        &mut self,
        choice: Option<&RootChoice>,
        filesystem: &Filesystem,
        device: &str,
        look: impl FnOnce() -> Result<Looked, String>,
    ) {
        if choice.is_some_and(|choice| !choice.is(filesystem)) {
            return;
        }
        let looked = match look() {
            Ok(looked) => looked,
            Err(what) => return self.unread.push(what),
        };
        let shown = looked.shown.as_deref().ok();
        // A slash at the beginning means as little as in `subvol=`.
        let wanted = choice.and_then(|choice| choice.subvolume.as_deref()).map(|path| path.trim_start_matches('/'));
        let shown_is_wanted = wanted.is_none_or(|wanted| Some(wanted) == shown);
        let candidate = |subvolume: Option<String>, evidence| {
            let named = subvolume.as_deref().or(shown).filter(|path| !path.is_empty()).map(str::to_owned);
            Candidate { filesystem: filesystem.clone(), subvolume, evidence, device: device.to_owned(), named }
        };
        let verdict = system::judge(&looked.evidence);
        let shows_root = verdict == RootVerdict::Root;
        match verdict {
            RootVerdict::Root if shown_is_wanted => self.found.push(candidate(None, looked.evidence)),
            RootVerdict::Unknown(problems) => self.unread.extend(problems.iter().map(ToString::to_string)),
            RootVerdict::NoRoot(_) if shown_is_wanted && system::is_named(&looked.evidence) => {
                self.without_init.push(candidate(None, looked.evidence));
            }
            RootVerdict::NoRoot(why) if filesystem.kind != "btrfs" => self.not_roots.push(format!("{device}: {why}")),
            _ => {}
        }
        // What lies within a root is its own matter, such as snapshots of it, where nobody asks for it. Where it is not
        // known which one is shown, any of them may be that, or lie within it.
        let within = |path: &str| {
            shown.is_none_or(|shown| {
                path.strip_prefix(shown).is_some_and(|rest| shown.is_empty() || rest.starts_with('/'))
            })
        };
        let is_wanted = |one: &Subvolume| match wanted {
            Some(wanted) => wanted == one.path,
            None => !(shows_root && within(&one.path)),
        };
        let is_root = |one: &Subvolume| system::judge(&one.evidence) == RootVerdict::Root;
        match looked.subvolumes {
            Ok(subvolumes) => {
                let roots = subvolumes.into_iter().filter(is_wanted).filter(is_root);
                self.found.extend(roots.map(|one| candidate(Some(one.path), one.evidence)));
            }
            Err(what) => self.unread.push(format!("{device}: {what}")),
        }
        if let Err(what) = looked.shown {
            self.unread.push(format!("{device}: {what}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isctpl_checks::facts::BlockDevice;

    /// A system, or one without its first program.
    fn system(init: Option<&str>) -> Evidence {
        let os_release = Some("/etc/os-release".to_owned());
        Evidence { os_release, init: init.map(str::to_owned), ..Evidence::default() }
    }

    /// What is found on `sda`, where one subvolume is shown and systems lie at these paths besides.
    fn search(
        shown: Result<&str, &str>,
        init: Option<&str>,
        others: Result<&[&str], &str>,
        wanted: Option<&str>,
    ) -> Search {
        let device = BlockDevice { name: "sda".to_owned(), ..BlockDevice::default() };
        let filesystem = Filesystem { device, kind: "btrfs".to_owned(), uuid: None, label: None };
        let choice = RootChoice { device: "sda".to_owned(), subvolume: wanted.map(str::to_owned) };
        let other = |path: &&str| Subvolume { path: (*path).to_owned(), evidence: system(Some("/sbin/init")) };
        let subvolumes = others.map(|paths| paths.iter().map(other).collect()).map_err(str::to_owned);
        let shown = shown.map(str::to_owned).map_err(str::to_owned);
        let looked = Looked { evidence: system(init), shown, subvolumes };
        let mut search = Search::default();
        search.look_at(Some(&choice), &filesystem, "sda", || Ok(looked));
        search
    }

    fn subvolumes(found: &[Candidate]) -> Vec<Option<&str>> {
        found.iter().map(|one| one.subvolume.as_deref()).collect()
    }

    #[test]
    fn whichever_is_told_can_be_chosen() {
        let init = Some("/sbin/init");
        for (shown, other) in [("@", "@old"), ("@/.snapshots/1/snapshot", "@"), ("@new", "@")] {
            let search = |wanted: Option<&str>| search(Ok(shown), init, Ok(&[other]), wanted);
            let several = search(None);
            assert_eq!(subvolumes(&several.found), [None, Some(other)]);
            let told: Vec<String> = several.found.iter().map(Candidate::in_words).collect();
            let option = |path: &str| format!("--root-device sda --subvolume {path}   (no name)");
            assert_eq!(told, [option(shown), option(other)]);
            for spelt in [shown.to_owned(), format!("/{shown}")] {
                assert_eq!(subvolumes(&search(Some(&spelt)).found), [None], "{spelt}");
            }
            for spelt in [other.to_owned(), format!("/{other}")] {
                assert_eq!(subvolumes(&search(Some(&spelt)).found), [Some(other)], "{spelt}");
            }
            assert!(search(Some("@none")).found.is_empty());
        }
    }

    #[test]
    fn one_that_is_shown_alone_needs_no_subvolume_and_may_have_one() {
        let init = Some("/sbin/init");
        for wanted in [None, Some("@")] {
            assert_eq!(subvolumes(&search(Ok("@"), init, Ok(&["@/before"]), wanted).found), [None], "{wanted:?}");
            let without_init = search(Ok("@"), None, Ok(&[]), wanted).without_init;
            assert_eq!(subvolumes(&without_init), [None], "{wanted:?}");
        }
        let of_the_top = search(Ok(""), init, Ok(&["@/before"]), None).found;
        assert_eq!(of_the_top.iter().map(Candidate::in_words).collect::<Vec<_>>(), ["--root-device sda   (no name)"]);
    }

    #[test]
    fn what_the_list_does_not_tell_is_no_subvolume() {
        let init = Some("/sbin/init");
        let damaged = "subvolume 257 is damaged";
        for (wanted, found) in [(None, 1), (Some("@"), 1), (Some(""), 0)] {
            let search = search(Ok("@"), init, Err(damaged), wanted);
            assert_eq!(search.found.len(), found, "{wanted:?}");
            assert_eq!(search.unread, [format!("sda: {damaged}")], "{wanted:?}");
        }
    }

    #[test]
    fn one_that_is_shown_without_a_name_hides_none_that_is_asked_for() {
        let init = Some("/sbin/init");
        let unnamed = "no path leads to it";
        for (wanted, found) in [(None, vec![None]), (Some("@"), vec![Some("@")]), (Some("@none"), vec![])] {
            let search = search(Err(unnamed), init, Ok(&["@", "@old"]), wanted);
            assert_eq!(subvolumes(&search.found), found, "{wanted:?}");
            assert_eq!(search.unread, [format!("sda: {unnamed}")], "{wanted:?}");
        }
    }
}
