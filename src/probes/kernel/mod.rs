//! Kernels and their modules on the root disk.

mod asks;
mod wanted;

#[cfg(test)]
mod tests;

use crate::formats::image::elf;
use crate::formats::kernel::bzimage;
use crate::formats::kernel::module_index;
use crate::formats::text::names;
use crate::probes::files::first_of;
use crate::probes::unified::Unified;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Fact, Kernel, Loader, Located, Location, Module, Problem, Source};
use std::collections::{BTreeMap, BTreeSet};

/// The most that is read of one of depmod's files; those of a distribution's kernel have 1 or 2 MB.
const INDEX_LIMIT: u64 = 32 << 20;

/// The most that is read of a module's file, in bytes. What a compressed one unpacks to has a lower limit of its own,
/// `UNPACKED_LIMIT` in `formats/image/elf`.
const MODULE_LIMIT: u64 = 32 << 20;

/// The most kernels that are looked at.
const KERNEL_LIMIT: usize = 64;

/// Where modules lie. Both, since `/lib` need not be a link to `/usr/lib`.
const MODULES: [&str; 2] = ["/lib/modules", "/usr/lib/modules"];

/// Reads each kernel that the loader's entries name.
///
/// `modaliases` are those of the machine's NICs; `extra_modules` are looked up beside those that an
/// iSCSI root usually needs.
pub(crate) fn read(root: &Root, loader: &Loader, modaliases: &[String], extra_modules: &[String]) -> Vec<Kernel> {
    let mut paths: Vec<&str> = Vec::new();
    // The one that boots comes first, so that no limit can leave it out.
    for entry in loader.default_entry().into_iter().chain(&loader.entries) {
        let path =
            entry.kernel.as_ref().filter(|kernel| kernel.problem.is_none()).and_then(|kernel| kernel.path.as_deref());
        if let Some(path) = path
            && !paths.contains(&path)
            && paths.len() < KERNEL_LIMIT
        {
            paths.push(path);
        }
    }
    paths.into_iter().map(|path| kernel(root, path, modaliases, extra_modules)).collect()
}

fn kernel(root: &Root, path: &str, modaliases: &[String], extra_modules: &[String]) -> Kernel {
    let mut kernel = Kernel { path: path.to_owned(), ..Kernel::default() };
    let Some(version) = version(root, &mut kernel) else {
        let problem = Problem::new(
            root.name(path),
            "does not state its version, and its file name has no version with a modules directory",
        )
        .of(Source::Other);
        Source::Other.name(&mut kernel.problems);
        kernel.version = Fact::Unknown(problem.clone());
        kernel.builtin = Fact::Unknown(problem);
        return kernel;
    };
    kernel.version = Fact::Known(version.clone());
    let found = modules_of(root, &version);
    let directory = found.as_ref().ok().cloned().flatten();
    kernel.config = config(root, &version, directory.as_deref(), &mut kernel.problems);
    Source::Other.name(&mut kernel.problems);
    let Some(directory) = directory else {
        let [place, _] = MODULES.map(|base| root.name(&format!("{base}/{version}")));
        let absent = || Problem::new(place, "does not exist");
        kernel.problems.extend(found.as_ref().err().cloned());
        Source::KernelModules.name(&mut kernel.problems);
        kernel.builtin = Fact::Unknown(found.err().unwrap_or_else(absent).of(Source::KernelModules));
        return kernel;
    };
    let mut index = Index { root, directory: &directory, problems: Vec::new() };
    kernel.builtin = match index.text("modules.builtin") {
        Ok(Some(text)) => Fact::Known(module_index::builtin(&text)),
        Ok(None) => {
            Fact::Unknown(Problem::new(index.name("modules.builtin"), "does not exist").of(Source::KernelModules))
        }
        Err(problem) => Fact::Unknown(problem.of(Source::KernelModules)),
    };
    kernel.alias_matches = index.alias_matches(modaliases);
    kernel.requests = index.requests(kernel.builtin.known());
    let answers = kernel.requests.known().into_iter().flat_map(BTreeMap::values).flatten();
    let extra: Vec<&str> = extra_modules.iter().chain(answers).map(String::as_str).collect();
    kernel.modules = index.modules(&kernel.alias_matches, &extra);
    kernel.softdeps = index.softdeps(&kernel.modules);
    kernel.problems.extend(index.problems);
    Source::KernelModules.name(&mut kernel.problems);
    kernel.modules_dir = Some(directory);
    kernel
}

/// A kernel's version and the directory of its modules, where it has them.
pub(super) fn version_and_modules(root: &Root, path: &str) -> (Option<String>, Option<String>) {
    let version = version(root, &mut Kernel { path: path.to_owned(), ..Kernel::default() });
    let modules = version.as_ref().and_then(|version| modules_of(root, version).ok().flatten());
    (version, modules)
}

/// The directory of a version's modules; `None` when there is none.
///
/// # Errors
/// When none was found, and the kernel did not say of every place whether it is there.
fn modules_of(root: &Root, version: &str) -> Result<Option<String>, Problem> {
    first_of(root, MODULES.map(|base| format!("{base}/{version}")), FileKind::Directory)
}

/// The version of the image itself, or of its name where that has a modules directory.
fn version(root: &Root, kernel: &mut Kernel) -> Option<String> {
    match beginning(root, &kernel.path) {
        Ok(bytes) => {
            if let Some(version) = bzimage::version(&bytes).or_else(|| version_in_image(root, &kernel.path)) {
                kernel.version_from_image = true;
                return Some(version);
            }
        }
        Err(problem) => kernel.problems.push(problem),
    }
    let target = root.read_link(&kernel.path).ok().flatten();
    let names = [Some(kernel.path.as_str()), target.as_deref()];
    let candidates: Vec<String> = names.into_iter().flatten().flat_map(versions_in_path).collect();
    let has_modules = |version: &&String| matches!(modules_of(root, version), Ok(Some(_)));
    candidates.iter().find(has_modules).or_else(|| candidates.first()).cloned()
}

/// The version that a unified kernel image states: in a section of its own, or in the kernel's header.
fn version_in_image(root: &Root, path: &str) -> Option<String> {
    let image = Unified::open(root, path).ok().flatten()?;
    let stated = image.text(".uname").ok().flatten().map(|text| text.trim().to_owned());
    let is_release = |text: &String| text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(['/', ' ', '\n']);
    let of_kernel = || bzimage::version(&image.beginning(".linux", bzimage::HEADER_LIMIT)?);
    stated.filter(is_release).or_else(of_kernel)
}

/// What in a path may be a version: `vmlinuz-6.1.0`, or a directory as in `MACHINE/6.1.0/linux`.
fn versions_in_path(path: &str) -> Vec<String> {
    let is_version = |text: &&str| text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.');
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let parent = parts.next().unwrap_or_default();
    let behind_dash = file.split_once('-').map(|(_, version)| version);
    behind_dash
        .into_iter()
        .filter(is_version)
        .chain([parent].into_iter().filter(is_version))
        .map(str::to_owned)
        .collect()
}

fn beginning(root: &Root, path: &str) -> Result<Vec<u8>, Problem> {
    root.beginning(path, bzimage::HEADER_LIMIT)?.ok_or_else(|| Problem::new(root.name(path), "does not exist"))
}

fn config(
    root: &Root,
    version: &str,
    directory: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Option<Located<BTreeMap<String, String>>> {
    let beside = directory.map(|directory| format!("{directory}/config"));
    for path in [format!("/boot/config-{version}")].into_iter().chain(beside) {
        match root.text(&path) {
            Ok(Some(text)) => {
                let values = module_index::config(&text, &wanted::OPTIONS);
                return Some(Located::new(values, Location::file(root.name(&path))));
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    None
}

/// A modules directory.
struct Index<'a> {
    root: &'a Root,
    directory: &'a str,
    problems: Vec<Problem>,
}

impl Index<'_> {
    fn name(&self, file: &str) -> String {
        self.root.name(&format!("{}/{file}", self.directory))
    }

    fn bytes(&self, file: &str) -> Result<Option<Vec<u8>>, Problem> {
        self.root.read(&format!("{}/{file}", self.directory), INDEX_LIMIT)
    }

    fn text(&self, file: &str) -> Result<Option<String>, Problem> {
        Ok(self.bytes(file)?.map(|bytes| names::decode(&bytes)))
    }

    /// A file that a kernel's package brings; that it is not there is a problem.
    fn required(&mut self, file: &str) -> Option<String> {
        match self.text(file) {
            Ok(Some(text)) => Some(text),
            Ok(None) => {
                self.problems.push(Problem::new(self.name(file), "does not exist; depmod writes it"));
                None
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn alias_matches(&mut self, modaliases: &[String]) -> BTreeMap<String, Vec<String>> {
        if modaliases.is_empty() {
            return BTreeMap::new();
        }
        let text = self.required("modules.alias").unwrap_or_default();
        let mut matches = module_index::aliases(&text, modaliases);
        match self.bytes("modules.builtin.modinfo") {
            // Kernels before 5.2 have no such file.
            Ok(bytes) => {
                for (modalias, modules) in module_index::builtin_aliases(&bytes.unwrap_or_default(), modaliases) {
                    let known = matches.entry(modalias).or_default();
                    known.extend(modules.into_iter().filter(|module| !known.contains(module)).collect::<Vec<_>>());
                }
            }
            Err(problem) => self.problems.push(problem),
        }
        matches
    }

    /// What modprobe takes for each word that the kernel asks for.
    fn requests(&self, builtin: Option<&BTreeSet<String>>) -> Fact<BTreeMap<String, Vec<String>>> {
        let text = |file: &str| {
            let absent = || Problem::new(self.name(file), "does not exist; depmod writes it");
            self.text(file)?.ok_or_else(absent)
        };
        let read = || -> Result<_, Problem> {
            let (aliases, names) = (text("modules.alias")?, module_index::names(&text("modules.dep")?));
            // Kernels before 5.2 have no such file.
            let of_builtin = self.bytes("modules.builtin.modinfo")?.unwrap_or_default();
            let aliases = module_index::alias_lines(&aliases).chain(module_index::builtin_alias_fields(&of_builtin));
            let is_name = |name: &str| names.contains(name) || builtin.is_some_and(|builtin| builtin.contains(name));
            Ok(module_index::requests(aliases, is_name))
        };
        read().map_err(|problem| problem.of(Source::KernelModules)).into()
    }

    /// What modprobe tries beside the modules; nothing of it is needed, so that a file that is not there is none.
    fn softdeps(&mut self, modules: &BTreeMap<String, Module>) -> Vec<Located<String>> {
        let file = "modules.softdep";
        let text = self.text(file).unwrap_or_else(|problem| {
            self.problems.push(problem.of(Source::Other));
            None
        });
        let located = |(line, text): (u32, &str)| Located::new(text.to_owned(), Location::line(self.name(file), line));
        module_index::softdeps(&text.unwrap_or_default(), |module| modules.contains_key(module))
            .into_iter()
            .map(located)
            .collect()
    }

    fn modules(&mut self, aliases: &BTreeMap<String, Vec<String>>, extra: &[&str]) -> BTreeMap<String, Module> {
        let drivers: BTreeSet<&str> = aliases.values().flatten().map(String::as_str).collect();
        let wanted = wanted::MODULES.into_iter().chain(drivers.iter().copied()).chain(extra.iter().copied());
        let wanted = wanted.map(module_index::normal).collect();
        let Some(text) = self.required("modules.dep") else { return BTreeMap::new() };
        let found = module_index::dependencies(&text, &wanted);
        let module = |(name, dependencies): (String, module_index::Dependencies)| {
            let path = match dependencies.path.starts_with('/') {
                true => dependencies.path,
                false => format!("{}/{}", self.directory, dependencies.path),
            };
            let present = self.root.stat(&path).map(|meta| meta.is_some_and(|meta| meta.kind == FileKind::File));
            let mut module = Module {
                present: present.unwrap_or_else(|problem| {
                    self.problems.push(problem);
                    false
                }),
                depends: dependencies.depends,
                name: name.clone(),
                path,
                ..Module::default()
            };
            let states = wanted::READ.contains(&name.as_str()) || drivers.contains(name.as_str());
            if module.present && (states || asks::may_ask(&name)) {
                self.read_file(&mut module, states);
            }
            (name, module)
        };
        found.into_iter().map(module).collect()
    }

    /// Reads what a module's file tells: what it says of itself, where that is wanted, and what it asks for.
    fn read_file(&mut self, module: &mut Module, states: bool) {
        let bytes = match self.root.read(&module.path, MODULE_LIMIT) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return,
            Err(problem) => {
                module.asks = Fact::Unknown(problem.clone().of(Source::KernelModules));
                self.problems.push(problem);
                return;
            }
        };
        let problem = |error: elf::Error| Problem::new(self.root.name(&module.path), error.to_string());
        let bytes = match elf::unpacked(bytes, self.root.budget().unpacking()) {
            Ok(bytes) => bytes,
            Err(error) => {
                let problem = problem(error);
                if asks::may_ask(&module.name) {
                    module.asks = Fact::Unknown(problem.clone().of(Source::KernelModules));
                }
                self.problems.push(problem);
                return;
            }
        };
        if asks::may_ask(&module.name) {
            let asked = asks::asked(&module.name, &bytes);
            module.asks = asked.map_err(|error| problem(error).of(Source::KernelModules)).into();
        }
        if states {
            match elf::modinfo(&bytes) {
                Ok(info) => {
                    module.vermagic = info.vermagic.map(|vermagic| vermagic.trim().to_owned());
                    module.firmware = info.firmware;
                }
                Err(error) => self.problems.push(problem(error)),
            }
        }
    }
}
