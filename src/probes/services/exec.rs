//! What the commands of a unit do to sessions, the shell scripts that they run included.

use crate::formats::iscsi::open_iscsi::keeps_all_sessions;
use crate::formats::shell::iscsi_logout::{Script, of_command, scan};
use crate::formats::shell::{is_run_by_shell, is_shell};
use crate::formats::systemd::UnitFile;
use crate::formats::systemd::exec::{Command, commands};
use crate::formats::text::harmless::command::redact_command;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{ExecLine, Location, Logout, Problem};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most text of a script that is read; a larger one is not looked into.
const SCRIPT_LIMIT: u64 = 64 << 10;
/// How deep scripts that run scripts are followed.
const DEPTH_LIMIT: u8 = 3;
/// How many scripts that one script runs are followed.
const BREADTH_LIMIT: usize = 16;
/// How often scripts are followed from one to the next, all units together.
const WEIGH_LIMIT: usize = 100_000;

/// Directives in the order in which systemd runs them.
const DIRECTIVES: [&str; 7] =
    ["ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"];

/// Reads scripts of a root, each once.
pub(super) struct Scripts<'a> {
    root: &'a Root,
    known: RefCell<BTreeMap<String, Option<Rc<Script>>>>,
    problems: RefCell<Vec<Problem>>,
    /// Scripts weighed so far, each as often as another runs it.
    weighed: Cell<usize>,
    /// Whether `/etc/default/open-iscsi` keeps every session, and `/etc/iscsi/iscsi.initramfs` lets it.
    keeps_all: Result<bool, Problem>,
}

/// What one command does.
#[derive(Default)]
struct Effect {
    logout: Option<Logout>,
    writes_list: bool,
}

impl<'a> Scripts<'a> {
    /// For the scripts of a root.
    pub(super) fn new(root: &'a Root) -> Self {
        const SWITCH: &str = "/etc/default/open-iscsi";
        let is_on = || root.text(SWITCH)?.map_or(Ok(false), |text| keeps_all_sessions(&text, SWITCH));
        let keeps_all = match root.kind("/etc/iscsi/iscsi.initramfs") {
            Ok(Some(FileKind::File)) => is_on(),
            Ok(_) => Ok(false),
            // Whether it is there only matters where the switch is on.
            Err(problem) => is_on().and_then(|is_on| if is_on { Err(problem) } else { Ok(false) }),
        };
        Self {
            root,
            known: RefCell::new(BTreeMap::new()),
            problems: RefCell::default(),
            weighed: Cell::new(0),
            keeps_all,
        }
    }

    /// The lines of a unit that run something.
    pub(super) fn exec_lines(&self, file: &UnitFile) -> Vec<ExecLine> {
        let mut lines = Vec::new();
        let mut list_is_written = false;
        for directive in DIRECTIVES {
            for entry in file.list("Service", directive) {
                for command in commands(&entry.value) {
                    let effect = self.effect(&command, &entry.at, list_is_written);
                    list_is_written |= effect.writes_list;
                    lines.push(ExecLine {
                        directive: directive.to_owned(),
                        command: redact_command(&command.argv),
                        at: entry.at.clone(),
                        logout: effect.logout,
                    });
                }
            }
        }
        lines
    }

    /// What a script does when it is run by itself, as a script of System V init is.
    pub(super) fn of_script(&self, path: &str) -> Option<Logout> {
        self.follow(path, false, DEPTH_LIMIT).logout
    }

    fn effect(&self, command: &Command, at: &Location, list_is_written: bool) -> Effect {
        if let Some(of) = of_command(&command.argv) {
            let (at, excerpt) = (at.clone(), redact_command(&command.argv));
            let logout = Logout { of, at, excerpt, keeps_root: false, keeps_by_list: false, keeps_unread: None };
            return Effect { logout: Some(logout), writes_list: false };
        }
        let shell = is_shell(command.program());
        match (shell, command.argv.get(1..)) {
            // sh -c 'TEXT'
            (true, Some([option, text, ..])) if option.starts_with('-') && option.ends_with('c') => {
                let script = scan(text);
                self.problems.borrow_mut().extend(script.unread.map(|(_, what)| Problem::new(at.to_string(), what)));
                self.weigh(&script, &|_| at.clone(), list_is_written, DEPTH_LIMIT)
            }
            // sh [OPTIONS] SCRIPT
            (true, Some(arguments)) => match arguments.iter().find(|argument| !argument.starts_with('-')) {
                Some(script) => self.follow(script, list_is_written, DEPTH_LIMIT),
                None => Effect::default(),
            },
            _ => self.follow(command.program(), list_is_written, DEPTH_LIMIT),
        }
    }

    fn follow(&self, path: &str, list_is_written: bool, depth: u8) -> Effect {
        match self.script(path) {
            Some(script) => self.weigh(&script, &|line| Location::line(path, line), list_is_written, depth),
            None => Effect::default(),
        }
    }

    /// Weighs a script with those that it runs.
    fn weigh(&self, script: &Script, place: &dyn Fn(u32) -> Location, list_is_written: bool, depth: u8) -> Effect {
        let weighed = self.weighed.replace(self.weighed.get().saturating_add(1));
        if weighed == WEIGH_LIMIT {
            let what = "call each other too often; isctpl did not follow every one";
            self.problems.borrow_mut().push(Problem::new("service scripts", what));
        }
        let depth = if weighed >= WEIGH_LIMIT { 0 } else { depth };
        let mut effect = Effect { logout: None, writes_list: script.writes_list };
        let mut inner = Vec::new();
        if let Some(depth) = depth.checked_sub(1) {
            // Which script runs first is not followed: a list that one writes is there for the others.
            for round in 0..2 {
                inner.clear();
                let scripts = script.runs.iter().filter(|path| self.script(path).is_some());
                for path in scripts.take(BREADTH_LIMIT) {
                    let found = self.follow(path, list_is_written || effect.writes_list, depth);
                    effect.writes_list |= found.writes_list;
                    inner.extend(found.logout);
                }
                if round == 0 && (inner.is_empty() || !effect.writes_list) {
                    break;
                }
            }
        }
        let keeps_all = script.heeds_switch && self.keeps_all == Ok(true);
        let keeps_by_list = !keeps_all && script.heeds_list && (list_is_written || effect.writes_list);
        effect.logout = match &script.logout {
            Some((of, line, excerpt)) => Some(Logout {
                of: of.clone(),
                at: place(*line),
                excerpt: excerpt.clone(),
                keeps_root: keeps_all || keeps_by_list,
                keeps_by_list,
                keeps_unread: self.keeps_all.clone().err().filter(|_| script.heeds_switch),
            }),
            // The one that does harm decides.
            None => inner.into_iter().min_by_key(|found| (found.keeps_root, found.keeps_unread.is_some())),
        };
        effect
    }

    fn script(&self, path: &str) -> Option<Rc<Script>> {
        if let Some(known) = self.known.borrow().get(path) {
            return known.clone();
        }
        // Against scripts that run each other.
        self.known.borrow_mut().insert(path.to_owned(), None);
        let script = self.text(path).map(|text| Rc::new(scan(&text)));
        let unread = script.as_ref().and_then(|script| script.unread);
        let problem =
            unread.map(|(line, what)| Problem::new(Location::line(self.root.name(path), line).to_string(), what));
        self.problems.borrow_mut().extend(problem);
        self.known.borrow_mut().insert(path.to_owned(), script.clone());
        script
    }

    /// What could not be read so far.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// The text of a shell script; `None` of a program, or where there is none. What cannot be read is noted.
    fn text(&self, path: &str) -> Option<String> {
        // Only a path says which file it is, and a directory or device is no script, nor is what the kernel shows of its
        // processes and devices, by links such as /etc/mtab either.
        if !path.starts_with('/')
            || self.root.is_kernels(path)
            || matches!(self.root.stat(path), Ok(Some(meta)) if meta.kind != FileKind::File)
        {
            return None;
        }
        let unread = |problem: Problem| self.problems.borrow_mut().push(problem);
        let beginning = |most: u64| self.root.beginning(path, most).map_err(unread).ok().flatten();
        if beginning(2)? != b"#!" {
            return None;
        }
        let bytes = beginning(SCRIPT_LIMIT + 1)?;
        let fits = bytes.len() as u64 <= SCRIPT_LIMIT;
        let text = String::from_utf8_lossy(bytes.get(2..)?).into_owned();
        let interpreter = text.lines().next().unwrap_or_default();
        let shell = is_run_by_shell(interpreter);
        if shell && !fits {
            let what = format!("is a script of more than {SCRIPT_LIMIT} bytes; it is not read");
            unread(Problem::new(self.root.name(path), what));
        }
        // Line 1 stays line 1.
        (fits && shell).then_some(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What is noted of a script that names a path which other commands read.
    fn noted_of(path: &Path) -> Vec<Problem> {
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("stop");
        std::fs::write(&script, format!("#!/bin/sh\ngrep -q / {}\n", path.display())).unwrap();
        let root = Root::open(Path::new("/")).unwrap();
        let scripts = Scripts::new(&root);
        assert!(scripts.of_script(script.to_str().unwrap()).is_none());
        scripts.into_problems()
    }

    #[test]
    fn what_links_show_of_the_kernel_is_no_script() {
        let directory = tempfile::tempdir().unwrap();
        let link = |name: &str, to: &str| std::os::unix::fs::symlink(to, directory.path().join(name)).unwrap();
        link("mtab", "/proc/self/mounts");
        link("mounts", "mtab");
        link("process", "/proc/self");
        link("program", "process/exe");
        for name in ["mtab", "mounts", "process/mounts", "process/none", "program", "process/root/etc/passwd"] {
            assert_eq!(noted_of(&directory.path().join(name)), [], "{name}");
        }
        for path in ["/proc/self/mounts", "/proc/1/exe", "/sys/kernel/none", "/dev/stdin", "/dev/fd/9"] {
            assert_eq!(noted_of(Path::new(path)), [], "{path}");
        }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let circle = directory.path().join("circle");
        std::os::unix::fs::symlink("circle", &circle).unwrap();
        let noted = noted_of(&circle);
        assert!(matches!(&noted[..], [problem] if problem.what.contains("symbolic links")), "{noted:?}");
    }
}
