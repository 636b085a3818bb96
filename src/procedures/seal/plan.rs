//! What of the table lies in one root.

use super::images;
use super::table::{Edit, How, Names, Place, Row, TABLE};
use crate::formats::iscsi::open_iscsi;
use crate::formats::text::edit::Unedited;
use crate::formats::text::names;
use crate::probes::iscsi::INITIATOR_NAME;
use crate::probes::template::{self, is_of_running_system, is_package, is_rotated};
use crate::system::removal::{Eraser, Extent, Size};
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Leftover, LeftoverKind, Problem, Source};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wishes {
    /// SSH host keys are cleared, too.
    pub(crate) host_keys: bool,
    /// It is the running system's own root.
    pub(crate) live: bool,
}

/// A place that is to be cleared.
#[derive(Debug)]
pub(crate) struct Item {
    /// Its path in the root, without any link in it.
    pub(crate) path: String,
    /// How.
    pub(crate) how: How,
    /// How much goes; of an edited file its size.
    pub(crate) size: Size,
    /// Why.
    pub(crate) why: &'static str,
    /// What stays of a directory.
    pub(super) stays: Names,
}

impl Item {
    /// Whether a path is cleared with it.
    fn covers(&self, path: &str) -> bool {
        let Some(below) = path.strip_prefix(&self.path) else { return false };
        let first = below.strip_prefix('/').and_then(|below| below.split('/').next());
        match (self.how, first) {
            (_, None) => below.is_empty(),
            (How::Remove, Some(_)) => true,
            (How::RemoveContents, Some(first)) => !(self.stays)(first),
            (How::Empty | How::Edit(_), Some(_)) => false,
        }
    }
}

/// Everything that is to be cleared.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The places, in the order of clearing.
    pub(crate) items: Vec<Item>,
    /// What could not be looked at, or is left to a person.
    pub(crate) problems: Vec<Problem>,
}

/// Looks for everything of the table.
pub(crate) fn plan(root: &Root, eraser: &Eraser, wishes: Wishes) -> Plan {
    let (left, problems) = template::leftovers(root);
    let is_wanted = |kind: Option<LeftoverKind>| kind != Some(LeftoverKind::HostKeys) || wishes.host_keys;
    let mut search = Search { root, eraser, wishes, why: "", plan: Plan::default() };
    for problem in problems {
        let of_keys = problem.source == Source::Leftover(LeftoverKind::HostKeys);
        if wishes.host_keys || !of_keys {
            search.problem(problem);
        }
    }
    for row in TABLE.iter().filter(|row| is_wanted(row.kind)) {
        search.row(row, &left);
    }
    for problem in images::look(root) {
        search.problem(problem);
    }
    search.plan
}

/// Where units of packages lie.
const UNITS: [&str; 2] = ["/usr/lib/systemd/system", "/lib/systemd/system"];

/// Debian's scripts that make a name where `GenerateName=yes` stands; the older place comes second.
const NAME_BY_SCRIPT: [&str; 2] = ["/usr/lib/open-iscsi/startup-checks.sh", "/lib/open-iscsi/startup-checks.sh"];

/// The unit of Red Hat's and SUSE's packages that makes a name where there is no file.
const NAME_BY_UNIT: &str = "iscsi-init.service";

struct Search<'a> {
    root: &'a Root,
    eraser: &'a Eraser,
    wishes: Wishes,
    why: &'static str,
    plan: Plan,
}

impl Search<'_> {
    fn problem(&mut self, problem: Problem) {
        let is_known = self.plan.problems.iter().any(|it| (&it.place, &it.what) == (&problem.place, &problem.what));
        if !is_known {
            self.plan.problems.push(problem);
        }
    }

    /// What was learnt, unless it could not be.
    fn known<T>(&mut self, answer: Result<Option<T>, Problem>) -> Option<T> {
        answer.unwrap_or_else(|problem| {
            self.problem(problem);
            None
        })
    }

    fn row(&mut self, row: &'static Row, left: &[Leftover]) {
        self.why = row.why;
        for place in row.places {
            match *place {
                Place::One(path) => self.fixed(path, |search| search.one(path, How::Remove)),
                Place::Contents(path, stays) => self.contents(path, stays),
                Place::Entries(path, fits, how) => self.entries(path, fits, how),
                Place::Lines(path, edit) => self.found(path, How::Edit(edit)),
                Place::InHomes(name) => {
                    for home in template::homes(self.root) {
                        self.found(&format!("{home}/{name}"), How::Remove);
                    }
                }
                Place::InitiatorName => self.initiator_name(),
            }
        }
        for leftover in left.iter().filter(|leftover| Some(leftover.kind) == row.kind) {
            self.leftover(leftover);
        }
    }

    /// What a check finds, so that it finds it no more.
    fn leftover(&mut self, Leftover { kind, path, .. }: &Leftover) {
        match kind {
            LeftoverKind::History => self.found(path, How::Empty),
            LeftoverKind::Logs if path.starts_with("/var/log/journal/") || is_rotated(path) => {
                self.found(path, How::Remove);
            }
            LeftoverKind::Logs => self.found(path, How::Empty),
            LeftoverKind::NetRules | LeftoverKind::HostKeys => self.found(path, How::Remove),
            // An empty file is an order to systemd; D-Bus takes it for a broken one.
            LeftoverKind::MachineId if path == "/etc/machine-id" => self.found(path, How::Empty),
            LeftoverKind::MachineId => self.found(path, How::Remove),
            LeftoverKind::Tmp => self.contents(path, |_| false),
            LeftoverKind::PackageCache if path.contains("/archives") || path.ends_with("/pkg") => {
                self.entries(path, is_package, How::Remove);
            }
            LeftoverKind::PackageCache => self.contents(path, |_| false),
            LeftoverKind::Credentials => self.credentials(path),
        }
    }

    fn credentials(&mut self, path: &str) {
        let is_edited = |place: &Place| matches!(place, Place::Lines(file, _) if *file == path);
        if TABLE.iter().flat_map(|row| row.places).any(is_edited) {
            return;
        }
        // A seed is used as a whole.
        match path.strip_prefix("/var/lib/cloud/seed/").and_then(|rest| rest.split('/').next()) {
            Some(seed) => self.found(&format!("/var/lib/cloud/seed/{seed}"), How::Remove),
            None => self.found(path, How::Remove),
        }
    }

    /// A name is asked for only where something makes one: without it iscsid does not start.
    fn initiator_name(&mut self) {
        let mut by_script = false;
        for path in NAME_BY_SCRIPT {
            let kind = self.root.kind(path);
            by_script |= self.known(kind) == Some(FileKind::File);
        }
        if by_script {
            return self.found(INITIATOR_NAME, How::Edit(Edit::InitiatorName));
        }
        for directory in UNITS {
            let kind = self.root.kind(&format!("{directory}/{NAME_BY_UNIT}"));
            if self.known(kind) == Some(FileKind::File) {
                return self.found(INITIATOR_NAME, How::Remove);
            }
        }
    }

    fn contents(&mut self, path: &str, stays: Names) {
        let is_temporary = ["/tmp", "/var/tmp"].contains(&path);
        let stays = if is_temporary && self.wishes.live { is_of_running_system } else { stays };
        self.fixed(path, |search| search.measured(path, How::RemoveContents, stays));
    }

    fn entries(&mut self, path: &str, fits: Names, how: How) {
        self.fixed(path, |search| {
            let listed = search.root.list(path);
            for (name, kind) in search.known(listed).unwrap_or_default() {
                if kind == FileKind::File && fits(&name) {
                    search.one(&format!("{path}/{name}"), how);
                }
            }
        });
    }

    /// A place of the table, which has to be where the table says. Were it a link, or below one, something else would
    /// be cleared.
    fn fixed(&mut self, path: &str, then: impl FnOnce(&mut Self)) {
        let resolved = self.resolved(path);
        let Some(real) = self.known(resolved) else { return };
        if real == path {
            return then(self);
        }
        let is_cleared_by_itself = TABLE.iter().flat_map(|row| row.places).any(|place| place.path() == Some(&real));
        if !is_cleared_by_itself {
            self.problem(Problem::new(path, format!("leads through a symbolic link to {real}; clear that by hand")));
        }
    }

    /// What a search has found by its own name. The directories above it may be links within the root.
    fn found(&mut self, path: &str, how: How) {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let resolved = self.resolved(if parent.is_empty() { "/" } else { parent });
        if let Some(real) = self.known(resolved) {
            self.one(&format!("{}/{name}", real.trim_end_matches('/')), how);
        }
    }

    /// The path in the root that a path leads to.
    fn resolved(&self, path: &str) -> Result<Option<String>, Problem> {
        let Some(real) = self.root.resolved(path)? else { return Ok(None) };
        let top = self.root.resolved("/")?.unwrap_or_else(|| PathBuf::from("/"));
        let below = real.strip_prefix(&top).map_err(|_| Problem::new(path, "leads out of the root"))?;
        Ok(Some(format!("/{}", names::decode(below.as_os_str().as_bytes()))))
    }

    fn one(&mut self, path: &str, how: How) {
        let meta = self.root.lstat(path);
        let Some(meta) = self.known(meta) else { return };
        let is_file = meta.kind == FileKind::File;
        match how {
            How::Remove if is_file || meta.kind == FileKind::Directory => {}
            How::Empty if is_file && meta.size > 0 => {}
            How::Edit(edit) if is_file => match edited(self.root, path, edit) {
                Ok(None) => return,
                Ok(Some(_)) => {}
                Err(problem) => return self.problem(problem),
            },
            // A link, a device or an empty file tells nothing of this machine.
            _ => return,
        }
        self.measured(path, how, |_| false);
    }

    fn measured(&mut self, path: &str, how: How, stays: Names) {
        if self.plan.items.iter().any(|item| item.covers(path)) {
            return;
        }
        match self.eraser.measure(path, extent(how, stays)) {
            Ok(Some((size, problems))) => {
                if how != How::RemoveContents || size.files + size.directories > 0 {
                    self.plan.items.push(Item { path: path.to_owned(), how, size, why: self.why, stays });
                }
                problems.into_iter().for_each(|problem| self.problem(problem));
            }
            Ok(None) => {}
            Err(problem) => self.problem(problem),
        }
    }
}

/// How far clearing goes.
pub(super) fn extent(how: How, stays: Names) -> Extent {
    if how == How::RemoveContents { Extent::Contents(stays) } else { Extent::Whole }
}

/// A file as it is to be; `None` where it is so already, or is not there.
///
/// # Errors
/// When it cannot be read, or not be edited safely.
pub(super) fn edited(root: &Root, path: &str, edit: Edit) -> Result<Option<String>, Problem> {
    let Some(text) = root.text(path)? else { return Ok(None) };
    let unedited = |Unedited { line, what }: Unedited| {
        let place = line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"));
        Problem::new(place, format!("{what}; edit it by hand"))
    };
    let after = match edit {
        Edit::IscsidConf => open_iscsi::without_credentials(&text),
        Edit::InitramfsConf => open_iscsi::initramfs_without_credentials(&text).map_err(unedited)?,
        Edit::InitiatorName => open_iscsi::generated_name(&text),
    };
    Ok(Some(after).filter(|after| *after != text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    /// What is planned for a root of these files, each with its name as its content.
    fn planned(files: &[&str], live: bool) -> Vec<(String, How)> {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("InitiatorName={file}\n")).unwrap();
        }
        let (root, eraser) = (Root::open(directory.path()).unwrap(), Eraser::open(directory.path()).unwrap());
        let plan = plan(&root, &eraser, Wishes { host_keys: false, live });
        assert_eq!(plan.problems, []);
        plan.items.into_iter().map(|item| (item.path, item.how)).collect()
    }

    #[test]
    fn a_name_goes_only_where_something_makes_a_new_one() {
        const NAME: &str = "etc/iscsi/initiatorname.iscsi";
        let of = |more: &[&str]| planned(&[&[NAME], more].concat(), false);
        assert_eq!(of(&[]), []);
        let path = || INITIATOR_NAME.to_owned();
        assert_eq!(of(&["usr/lib/systemd/system/iscsi-init.service"]), [(path(), How::Remove)]);
        assert_eq!(of(&["lib/open-iscsi/startup-checks.sh"]), [(path(), How::Edit(Edit::InitiatorName))]);
    }

    #[test]
    fn what_programs_have_open_stays_in_tmp_of_a_system_that_runs() {
        let files = ["tmp/.X11-unix/X0", "tmp/lost+found/x"];
        assert_eq!(planned(&files, true), []);
        assert_eq!(planned(&files, false), [("/tmp".to_owned(), How::RemoveContents)]);
    }

    #[test]
    fn what_is_below_a_place_is_cleared_with_it_unless_it_stays() {
        let item = |how, stays: Names| Item { path: "/a".to_owned(), how, size: Size::default(), why: "", stays };
        let nothing: Names = |_| false;
        assert!(item(How::Remove, nothing).covers("/a/b") && item(How::Empty, nothing).covers("/a"));
        assert!(!item(How::Remove, nothing).covers("/ab") && !item(How::Empty, nothing).covers("/a/b"));
        let but_b = item(How::RemoveContents, |name| name == "b");
        assert!(but_b.covers("/a/c/b") && !but_b.covers("/a/b/c"));
    }
}
