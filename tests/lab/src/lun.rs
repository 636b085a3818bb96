//! Makes LUNs: bases from nothing, scenarios from copies.

use crate::process::{Running, finish, log, uninterrupted};
use anyhow::{Context, Result, bail, ensure};
use isctpl_lab::scenario::{Catalogue, Origin, Recipe};
use nix::fcntl::{Flock, FlockArg};
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builders that take a LUN that is made already: what they do is no part of it.
const LATER_TOOLS: &[&str] =
    &["is-clean", "is-sound", "rescue-disk", "own-machine", "installer", "layout-of", "layers", "encrypt"];

/// Words of scenarios, which no base speaks.
const SETUPS: &str = "setups.sh";

/// Where LUNs are made and kept.
#[derive(Debug)]
pub(crate) struct Workshop {
    /// `tests/lab/build`.
    tools: PathBuf,
    /// The lab's cache.
    cache: PathBuf,
}

impl Workshop {
    /// A workshop with the builders of the lab's folder, which keeps LUNs in the cache.
    pub(crate) fn new(lab: &Path, cache: &Path) -> Self {
        Self { tools: lab.join("build"), cache: cache.join("luns") }
    }

    /// The LUN of a base or scenario, in a file of the caller's own.
    ///
    /// # Errors
    /// When a builder fails; the error has the end of its log.
    pub(crate) fn make(&self, catalogue: &Catalogue, name: &str, image: &Path, say: &dyn Fn(&str)) -> Result<()> {
        let recipe = catalogue.recipe(name)?;
        if recipe.kept {
            let kept = self.kept(catalogue, recipe, say)?;
            return copy(&kept, image);
        }
        self.build(catalogue, recipe, image, say)
    }

    /// The disk of a rescue system that is made of a base's files, with its kernel and initrd beside it.
    ///
    /// # Errors
    /// When a builder fails; the error has the end of its log.
    pub(crate) fn rescue_disk(&self, catalogue: &Catalogue, base: &str, say: &dyn Fn(&str)) -> Result<PathBuf> {
        let lun = self.kept(catalogue, catalogue.recipe(base)?, say)?;
        let disk = self.cache.join(format!("rescue-{base}.disk"));
        let stamp = self.cache.join(format!("rescue-{base}.made-of"));
        let mut hasher = DefaultHasher::new();
        self.key(catalogue, catalogue.recipe(base)?)?.hash(&mut hasher);
        fs::read(self.tools.join("rescue-disk"))?.hash(&mut hasher);
        let key = format!("{:016x}\n", hasher.finish());
        if !fs::read_to_string(&stamp).is_ok_and(|made_of| made_of == key) {
            say("making the rescue system's disk");
            finish(self.tool("rescue-disk").arg(lun).arg(&disk), &disk.with_extension("log"))?;
            fs::write(&stamp, key)?;
        }
        Ok(disk)
    }

    /// The LUN of a recipe that others are made from: built once, and again when what it is made of changed.
    fn kept(&self, catalogue: &Catalogue, recipe: &Recipe, say: &dyn Fn(&str)) -> Result<PathBuf> {
        let image = self.cache.join(format!("{}.img", recipe.name));
        let stamp = self.cache.join(format!("{}.made-of", recipe.name));
        let key = format!("{:016x}\n", self.key(catalogue, recipe)?);
        fs::create_dir_all(&self.cache)?;
        // Made by one at a time, of this lab and of any other that shares the cache.
        let lock = fs::File::create(self.cache.join(format!("{}.lock", recipe.name)))?;
        let _one = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
        if fs::read_to_string(&stamp).is_ok_and(|made_of| made_of == key) {
            return Ok(image);
        }
        if let Some(from) = recipe.origin.parent() {
            self.kept(catalogue, catalogue.recipe(from)?, say)?;
        }
        let part = self.cache.join(format!("{}.part", recipe.name));
        self.build_from(recipe, &part, say)?;
        fs::rename(&part, &image)?;
        fs::write(&stamp, key)?;
        Ok(image)
    }

    fn build(&self, catalogue: &Catalogue, recipe: &Recipe, image: &Path, say: &dyn Fn(&str)) -> Result<()> {
        if let Some(from) = recipe.origin.parent() {
            self.kept(catalogue, catalogue.recipe(from)?, say)?;
        }
        self.build_from(recipe, image, say)
    }

    /// Builds an image; the LUN that it is made from is in the cache.
    fn build_from(&self, recipe: &Recipe, image: &Path, say: &dyn Fn(&str)) -> Result<()> {
        let log_path = image.with_extension("log");
        if log_path.exists() {
            fs::remove_file(&log_path)?;
        }
        say(&format!("making the LUN {}", recipe.name));
        let mount = image.with_extension("root");
        let parent = |from: &str| self.cache.join(format!("{from}.img"));
        let attached = match &recipe.origin {
            Origin::Suite(suite) => {
                finish(self.tool("create").arg(image), &log_path)?;
                let attached = self.attach(image, &mount, &log_path)?;
                finish(self.tool("debian").arg(suite).arg(&mount), &log_path)?;
                finish(self.tool("bios-boot").arg(image).arg(&mount), &log_path)?;
                attached
            }
            Origin::Copy(from) => {
                copy(&parent(from), image)?;
                self.attach(image, &mount, &log_path)?
            }
            Origin::Files { from, root_fs } => {
                finish(self.tool("create").arg(image).env("ROOT_FS", root_fs), &log_path)?;
                let attached = self.attach(image, &mount, &log_path)?;
                finish(self.tool("transfer").arg(parent(from)).arg(&mount), &log_path)?;
                finish(self.tool("bios-boot").arg(image).arg(&mount), &log_path)?;
                attached
            }
            Origin::Layered { from, layers } => {
                finish(self.tool("create").arg(image), &log_path)?;
                finish(self.tool("layers").arg(layers).arg(image), &log_path)?;
                let attached = self.attach(image, &mount, &log_path)?;
                finish(self.tool("transfer").arg(parent(from)).arg(&mount), &log_path)?;
                let backup = mount.join("etc/lvm/backup");
                fs::create_dir_all(&backup)?;
                let text = image.with_extension("lvm");
                fs::copy(&text, backup.join("ubuntu-vg"))?;
                fs::remove_file(text)?;
                finish(self.tool("bios-boot").arg(image).arg(&mount), &log_path)?;
                attached
            }
        };
        let change = recipe.folder.join("change.sh");
        if change.exists() {
            self.inside(&mount, recipe, &change, &log_path)?;
        }
        attached.detach()
    }

    /// Mounts a LUN's root; what the mount hides goes with it.
    ///
    /// # Errors
    /// When a mount fails.
    pub(crate) fn attach<'a>(&'a self, image: &'a Path, mount: &'a Path, log_path: &'a Path) -> Result<Attached<'a>> {
        let alone = self.alone(image)?;
        finish(self.tool_for("attach", image).arg(image).arg(mount), log_path)?;
        Ok(Attached { workshop: self, image, mount, log_path, done: false, _alone: alone })
    }

    /// Waits for its turn, where the kernel mounts none beside another one: copies of a btrfs have one UUID.
    fn alone(&self, image: &Path) -> Result<Option<Flock<fs::File>>> {
        if !fs::read_to_string(layout(image)).is_ok_and(|layout| layout.contains("ALONE=yes")) {
            return Ok(None);
        }
        let lock = fs::File::create(self.cache.join("alone.lock"))?;
        Flock::lock(lock, FlockArg::LockExclusive).map(Some).map_err(|(_, error)| error.into())
    }

    /// Encrypts the root of a LUN that is laid out for that, before a machine boots from it.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn encrypt(&self, image: &Path, log_path: &Path) -> Result<()> {
        finish(self.tool_for("encrypt", image).arg(image), log_path)
    }

    /// Runs a `change.sh` in a root, after the words that it may speak.
    fn inside(&self, mount: &Path, recipe: &Recipe, change: &Path, log_path: &Path) -> Result<()> {
        let script = log_path.with_extension("change");
        let mut text = fs::read_to_string(self.tools.join("words.sh"))?;
        if speaks_setups(recipe) {
            text.push_str(&fs::read_to_string(self.tools.join(SETUPS))?);
        }
        text.push_str(&fs::read_to_string(change)?);
        fs::write(&script, text)?;
        let output = log(log_path)?;
        let mut command = self.tool("inside");
        command.arg(mount).env("SCENARIO", &recipe.folder).stdin(fs::File::open(&script)?);
        command.stdout(output.try_clone()?).stderr(output);
        let mut child = Running(command.spawn().context("build/inside: cannot be started")?);
        while child.lives()? {
            uninterrupted()?;
            std::thread::sleep(crate::process::GLANCE);
        }
        let status = child.0.wait()?;
        fs::remove_file(&script)?;
        if status.success() {
            return Ok(());
        }
        let text = fs::read_to_string(log_path).unwrap_or_default();
        let tail: Vec<&str> = text.lines().rev().take(15).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("{}: {status}; {} ends with:\n  {}", change.display(), log_path.display(), tail.join("\n  "))
    }

    pub(crate) fn tool(&self, name: &str) -> Command {
        Command::new(self.tools.join(name))
    }

    /// A builder that takes the LUN in that file: where something else has laid it out, by the layout beside it.
    pub(crate) fn tool_for(&self, name: &str, image: &Path) -> Command {
        let mut command = self.tool(name);
        let layout = layout(image);
        if layout.exists() {
            command.env("LAYOUT", layout);
        }
        command
    }

    /// Finds out how a LUN was laid out, and keeps that beside it.
    ///
    /// # Errors
    /// When there is no system on it as an installer lays one out.
    pub(crate) fn learn_layout(&self, image: &Path) -> Result<()> {
        let output = self.tool("layout-of").arg(image).output().context("build/layout-of: cannot be started")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(fs::write(layout(image), output.stdout)?)
    }

    /// A figure that changes when anything changes that the LUN is made of.
    fn key(&self, catalogue: &Catalogue, recipe: &Recipe) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        if let Some(from) = recipe.origin.parent() {
            self.key(catalogue, catalogue.recipe(from)?)?.hash(&mut hasher);
        }
        format!("{:?}", recipe.origin).hash(&mut hasher);
        if matches!(recipe.origin, Origin::Layered { .. }) {
            fs::read(self.tools.join("layers"))?.hash(&mut hasher);
        }
        hash_files(&self.tools, &mut hasher, |name| {
            !LATER_TOOLS.contains(&name) && (name != SETUPS || speaks_setups(recipe))
        })?;
        // What a scenario expects is no part of its LUN.
        hash_files(&recipe.folder, &mut hasher, |name| name != "scenario.toml" && name != "base.toml")?;
        Ok(hasher.finish())
    }
}

/// Bases speak the words that make a system, and scenarios those for set-ups as well.
fn speaks_setups(recipe: &Recipe) -> bool {
    recipe.folder.join("scenario.toml").exists()
}

/// A LUN whose root is mounted.
#[derive(Debug)]
pub(crate) struct Attached<'a> {
    workshop: &'a Workshop,
    image: &'a Path,
    mount: &'a Path,
    log_path: &'a Path,
    done: bool,
    /// Held while it is mounted.
    _alone: Option<Flock<fs::File>>,
}

impl Attached<'_> {
    /// Where the root is.
    pub(crate) fn root(&self) -> &Path {
        self.mount
    }

    /// A program that finds the root's volume and /boot in /dev by the names that they are mounted by.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.workshop.tool_for("with-names", self.image);
        command.arg(self.mount).arg(program);
        command
    }

    /// Gives the root the unit that runs what the lab shares with the machine.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn let_the_lab_in(&self) -> Result<()> {
        let output = log(self.log_path)?;
        let mut command = self.workshop.tool_for("inside", self.image);
        command.arg(self.mount).stdin(fs::File::open(self.workshop.tools.join("get-in.sh"))?);
        let status = command.stdout(output.try_clone()?).stderr(output).status().context("build/inside")?;
        ensure!(status.success(), "get-in.sh: {status}; see {}", self.log_path.display());
        Ok(())
    }

    /// Writes the ESP back and takes the mounts down.
    ///
    /// # Errors
    /// When something still uses them.
    pub(crate) fn detach(self) -> Result<()> {
        self.end("keep")
    }

    /// Takes the mounts down.
    ///
    /// # Errors
    /// When something still uses them.
    pub(crate) fn let_go(self) -> Result<()> {
        self.end("discard")
    }

    fn end(mut self, esp: &str) -> Result<()> {
        let mut command = self.workshop.tool_for("detach", self.image);
        finish(command.arg(self.image).arg(self.mount).arg(esp), self.log_path)?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        if !self.done {
            // After a failure: the lab goes on with other scenarios, and mounts end with the lab at the latest.
            let _ = Command::new("umount").args(["--recursive", "--lazy"]).arg(self.mount).status();
        }
    }
}

/// The file that says how something other than the lab laid out a LUN.
fn layout(image: &Path) -> PathBuf {
    image.with_extension("layout")
}

/// Copies a sparse file, sharing blocks where the filesystem can.
///
/// # Errors
/// When it cannot be copied.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let status =
        Command::new("cp").args(["--sparse=always", "--reflink=auto"]).arg(from).arg(to).status().context("cp")?;
    ensure!(status.success(), "cp {} {}: {status}", from.display(), to.display());
    if layout(from).exists() {
        fs::copy(layout(from), layout(to))?;
    }
    Ok(())
}

fn hash_files(folder: &Path, hasher: &mut DefaultHasher, counts: impl Fn(&str) -> bool) -> Result<()> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && counts(&name) {
            name.hash(hasher);
            fs::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}
