//! Roots of units, made by chance; one seed makes the same root everywhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Where units may lie, beside the directories that systemd empties at boot.
const DIRECTORIES: [&str; 6] = [
    "/etc/systemd/system.control",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
];

/// Units that may be anything. isctpl reports every unit whose name begins so, whether it starts or not.
const SERVICES: [&str; 10] = [
    "cloud-a.service",
    "cloud-b.service",
    "cloud-c.service",
    "cloud-a-b.service",
    "cloud-a-b-c.service",
    "cloud-d.service",
    "cloud-e.service",
    "cloud-t@1.service",
    "cloud-t@2.service",
    "cloud-u-v@1.service",
];
const TEMPLATES: [&str; 3] = ["cloud-t@.service", "cloud-u-v@.service", "cloud-w@.service"];

/// Units that can always be started: one that is required and cannot be keeps systemd from looking further.
const SOUND: [&str; 2] = ["bigstep-1.service", "bigstep-2.service"];

/// Whose directories may hold links or drop-ins, beside the units'.
const HOLDERS: [&str; 8] = [
    "multi-user.target",
    "default.target",
    "other.target",
    "cloud-.service",
    "cloud-a-.service",
    "cloud-u-@.service",
    "service",
    "target",
];

/// Chance that repeats (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) >> 33).unwrap() % limit
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }

    fn service(&mut self) -> &'static str {
        if self.one_in(4) { self.of(&TEMPLATES) } else { self.of(&SERVICES) }
    }

    /// A name that a link may have.
    fn named(&mut self) -> &'static str {
        if self.one_in(4) { self.of(&TEMPLATES) } else { self.unit() }
    }

    /// A name that a setting may have. A template would stand for an instance of the name, of all that a unit has,
    /// under which it happens to be loaded first.
    fn unit(&mut self) -> &'static str {
        match self.below(12) {
            0 => "cloud-absent.service",
            1 => "cloud-w@5.service",
            2 => "other.target",
            _ => self.of(&SERVICES),
        }
    }
}

/// Puts a file where nothing is yet.
fn put(root: &Path, path: &str, text: &str) {
    let path = parent_of(root, path);
    if path.symlink_metadata().is_err() {
        fs::write(path, text).unwrap();
    }
}

/// Puts a link where nothing is yet.
fn link(root: &Path, path: &str, target: &str) {
    let path = parent_of(root, path);
    if path.symlink_metadata().is_err() {
        symlink(target, path).unwrap();
    }
}

fn parent_of(root: &Path, path: &str) -> std::path::PathBuf {
    let path = root.join(&path[1..]);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

/// A unit without default dependencies: those of its kind would be pulled in by every one.
fn unit(chance: &mut Chance) -> String {
    let mut text = "[Unit]\nDefaultDependencies=no\n".to_owned();
    for _ in 0..chance.below(3) {
        let line = match chance.below(12) {
            0 => format!("Requires={}", chance.of(&SOUND)),
            1 => format!("BindsTo={}", chance.of(&SOUND)),
            2 => format!("Requisite={}", chance.of(&SOUND)),
            3 => format!("PropagatesStopTo={}", chance.unit()),
            4 => "Wants=".to_owned(),
            5 => format!("Upholds={}", chance.unit()),
            6 => format!("Wants={} {}", chance.unit(), chance.unit()),
            7 => format!("Wants={} \\\n  # comment\n  {}", chance.unit(), chance.unit()),
            8 => format!("After={}", chance.of(&SOUND)),
            _ => format!("Wants={}", chance.unit()),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

const RUN: &str = "[Service]\nExecStart=/bin/true\n";

/// Fills a root.
pub(super) fn fill(root: &Path, seed: u64) {
    let mut chance = Chance(seed.wrapping_mul(0x1000));
    base(root);
    for name in SERVICES.iter().chain(&TEMPLATES) {
        for _ in 0..1 + chance.below(2) {
            if !chance.one_in(4) {
                definition(root, name, &mut chance);
            }
        }
    }
    for _ in 0..14 {
        wanted(root, &mut chance);
    }
    for _ in 0..10 {
        drop_in(root, &mut chance);
    }
}

/// What every root has.
fn base(root: &Path) {
    symlink("usr/lib", root.join("lib")).unwrap();
    put(root, "/usr/lib/systemd/systemd", "");
    let directory = "/usr/lib/systemd/system";
    link(root, &format!("{directory}/default.target"), "multi-user.target");
    for target in ["multi-user.target", "other.target"] {
        put(root, &format!("{directory}/{target}"), "[Unit]\nDefaultDependencies=no\n");
    }
    for name in SOUND {
        put(root, &format!("{directory}/{name}"), &format!("[Unit]\nDefaultDependencies=no\n{RUN}"));
    }
    put(root, "/opt/linked.service", &format!("[Unit]\nDefaultDependencies=no\nWants=cloud-e.service\n{RUN}"));
}

/// A file, a mask, an alias or a link to elsewhere, in one of the directories.
fn definition(root: &Path, name: &str, chance: &mut Chance) {
    let path = format!("{}/{name}", chance.of(&DIRECTORIES));
    // Where an instance is linked to another's template, its names depend on which is loaded first.
    let is_instance = name.contains('@') && !name.contains("@.");
    let target = if is_instance { chance.of(&SERVICES) } else { chance.named() };
    match chance.below(16) {
        0 => link(root, &path, "/dev/null"),
        1 => put(root, &path, ""),
        2 => link(root, &path, target),
        3 => link(root, &path, &format!("/lib/systemd/system/{target}")),
        4 => link(root, &path, &format!("../../systemd/system/./{target}")),
        5 => link(root, &path, "/opt/linked.service"),
        6 => link(root, &path, "/opt/absent.service"),
        _ => put(root, &path, &format!("{}{RUN}", unit(chance))),
    }
}

/// An entry of a `.wants` or `.requires` directory.
fn wanted(root: &Path, chance: &mut Chance) {
    let directory = chance.of(&DIRECTORIES);
    if chance.one_in(6) {
        let path = format!("{directory}/{}.requires/{}", chance.service(), chance.of(&SOUND));
        return link(root, &path, "/usr/lib/systemd/system/bigstep-1.service");
    }
    let holder = match chance.below(5) {
        0 => chance.service(),
        1 => chance.of(&HOLDERS),
        _ => "multi-user.target",
    };
    let name = if chance.one_in(16) { "no unit.txt" } else { chance.named() };
    let path = format!("{directory}/{holder}.wants/{name}");
    match chance.below(10) {
        0 => link(root, &path, "/dev/null"),
        1 => put(root, &path, ""),
        2 => link(root, &path, "/nowhere/x.service"),
        3 => link(root, &path, &format!("../{}", chance.service())),
        _ => link(root, &path, &format!("../{name}")),
    }
}

/// A drop-in of a unit, of a prefix or of a kind.
fn drop_in(root: &Path, chance: &mut Chance) {
    let holder = if chance.one_in(2) { chance.of(&HOLDERS) } else { chance.service() };
    let file = chance.of(&["10.conf", "20.conf", "30.conf", "40.txt", ".50.conf"]);
    let path = format!("{}/{holder}.d/{file}", chance.of(&DIRECTORIES));
    match chance.below(8) {
        0 => link(root, &path, "/dev/null"),
        1 => put(root, &path, ""),
        _ => put(root, &path, &unit(chance)),
    }
}
