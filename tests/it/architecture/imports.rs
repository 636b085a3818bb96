//! Which file of a crate needs which other one, read from its source with syn.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// A path of names, such as `formats::image::cpio`.
type Names = Vec<String>;

/// The source files of one crate, by the module that each one is.
pub(super) struct Crate {
    name: &'static str,
    modules: BTreeMap<Names, Module>,
}

/// A file.
struct Module {
    file: PathBuf,
    syntax: syn::File,
    /// What it hands on under a name of its own (`pub use`): the name, and what it stands for.
    handed_on: Vec<(String, Names)>,
}

/// One file needs another: both relative to the crate's `src`, and the path that says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
    pub(super) path: String,
}

impl Crate {
    /// Reads every file below `src` but those that are compiled for tests alone.
    pub(super) fn read(name: &'static str, src: &Path) -> Self {
        let mut modules = BTreeMap::new();
        add(src, &src.join("lib.rs"), Vec::new(), &mut modules);
        if src.join("main.rs").exists() {
            add(src, &src.join("main.rs"), vec!["main".into()], &mut modules);
        }
        Self { name, modules }
    }

    /// How many files it has.
    pub(super) fn len(&self) -> usize {
        self.modules.len()
    }

    /// Every import of one file from another. A file that only declares another, or hands its items on, does not
    /// need it.
    pub(super) fn imports(&self) -> BTreeSet<Import> {
        let mut found = BTreeSet::new();
        for (module, Module { file, syntax, .. }) in &self.modules {
            let is_face = file.ends_with("mod.rs") || file.ends_with("lib.rs");
            let mut paths = Paths { is_face, children: children(syntax), ..Paths::default() };
            paths.visit_file(syntax);
            for path in paths.found {
                let to = self.absolute(module, &path).and_then(|names| self.home(&names, 0));
                if let Some(to) = to.filter(|to| *to != module) {
                    let to = self.modules[to].file.clone();
                    found.insert(Import { from: file.clone(), to, path: path.join("::") });
                }
            }
        }
        found
    }

    /// A path as seen from the crate's root; `None` for one that leads out of the crate.
    fn absolute(&self, module: &Names, path: &[String]) -> Option<Names> {
        let mut base = module.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = &path[1..];
            }
            first if first == self.name => {
                base.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            _ => {}
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    /// The module in whose file the thing stands: the longest beginning that is a module, and beyond it what that
    /// module hands on.
    fn home(&self, names: &[String], depth: usize) -> Option<&Names> {
        let length = (0..=names.len()).rev().find(|length| self.modules.contains_key(&names[..*length]))?;
        let (module, item) = self.modules.get_key_value(&names[..length])?;
        if let Some(name) = names.get(length).filter(|_| depth < 8) {
            for (_, target) in item.handed_on.iter().filter(|(as_name, _)| as_name == name || as_name == "*") {
                let target: Names = target.iter().chain(&names[length + 1..]).cloned().collect();
                let through = self.absolute(module, &target).filter(|target| *target != names);
                let home = through.and_then(|target| self.home(&target, depth + 1));
                if let Some(home) = home.filter(|home| home.len() > module.len() || !home.starts_with(module)) {
                    // What a glob hands on is looked for by name.
                    if target.is_empty()
                        || item.handed_on.iter().any(|(as_name, _)| as_name == name)
                        || self.defines(home, name)
                    {
                        return Some(home);
                    }
                }
            }
        }
        Some(module)
    }

    fn defines(&self, module: &Names, name: &str) -> bool {
        self.modules[module].syntax.items.iter().any(|item| name_of(item).is_some_and(|own| own == name))
    }
}

/// Adds a file and those that it declares.
fn add(src: &Path, file: &Path, module: Names, modules: &mut BTreeMap<Names, Module>) {
    let text = fs::read_to_string(file).unwrap();
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let is_root = module.is_empty() || module == ["main"];
    let directory = match file.file_name().and_then(|name| name.to_str()) {
        _ if is_root => file.parent().unwrap().to_owned(),
        Some("mod.rs") => file.parent().unwrap().to_owned(),
        _ => file.with_extension(""),
    };
    for child in children(&syntax) {
        let mut below = if is_root { Vec::new() } else { module.clone() };
        below.push(child.clone());
        let places = [directory.join(format!("{child}.rs")), directory.join(&child).join("mod.rs")];
        let file =
            places.into_iter().find(|place| place.exists()).unwrap_or_else(|| panic!("{child} of {}", file.display()));
        add(src, &file, below, modules);
    }
    let handed_on = syntax.items.iter().flat_map(handed_on).collect();
    modules.insert(module, Module { file: file.strip_prefix(src).unwrap().to_owned(), syntax, handed_on });
}

/// The modules that a file declares in files of their own, without those for tests.
fn children(file: &syn::File) -> BTreeSet<String> {
    let declared = |item: &syn::Item| match item {
        syn::Item::Mod(module) if module.content.is_none() && !is_for_tests(&module.attrs) => {
            Some(module.ident.to_string())
        }
        _ => None,
    };
    file.items.iter().filter_map(declared).collect()
}

fn handed_on(item: &syn::Item) -> Vec<(String, Names)> {
    match item {
        syn::Item::Use(item) if !matches!(item.vis, syn::Visibility::Inherited) && !is_for_tests(&item.attrs) => {
            let mut found = Vec::new();
            flatten(&item.tree, &mut Vec::new(), &mut found);
            found
        }
        _ => Vec::new(),
    }
}

/// Every name that a `use` brings in, with the path that it stands for.
fn flatten(tree: &syn::UseTree, before: &mut Names, found: &mut Vec<(String, Names)>) {
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
        syn::UseTree::Name(name) if name.ident == "self" => {
            found.push((before.last().cloned().unwrap_or_default(), before.clone()));
        }
        syn::UseTree::Name(name) => found.push((name.ident.to_string(), with(before, &name.ident))),
        syn::UseTree::Rename(name) => found.push((name.rename.to_string(), with(before, &name.ident))),
        syn::UseTree::Glob(_) => found.push(("*".into(), before.clone())),
    }
}

fn with(before: &[String], last: &syn::Ident) -> Names {
    before.iter().cloned().chain([last.to_string()]).collect()
}

fn name_of(item: &syn::Item) -> Option<String> {
    Some(match item {
        syn::Item::Const(item) => item.ident.to_string(),
        syn::Item::Enum(item) => item.ident.to_string(),
        syn::Item::Fn(item) => item.sig.ident.to_string(),
        syn::Item::Mod(item) => item.ident.to_string(),
        syn::Item::Static(item) => item.ident.to_string(),
        syn::Item::Struct(item) => item.ident.to_string(),
        syn::Item::Trait(item) => item.ident.to_string(),
        syn::Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// Collects the paths that may lead to other files: those that begin at the root, above, or at a module of this file.
#[derive(Default)]
struct Paths {
    is_face: bool,
    children: BTreeSet<String>,
    found: BTreeSet<Names>,
}

impl Paths {
    fn take(&mut self, names: Names) {
        let first = names.first().map(String::as_str).unwrap_or_default();
        let leads =
            matches!(first, "crate" | "super" | "self" | "isctpl" | "isctpl_checks") || self.children.contains(first);
        // A name of one segment is this file's own, or comes from a `use` that is looked at itself.
        if leads && names.len() > 1 {
            self.found.insert(names);
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Const(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // The face of a folder may hand on what it does not need; any other file needs what it names.
        if !self.is_face || matches!(item.vis, syn::Visibility::Inherited) {
            let mut found = Vec::new();
            flatten(&item.tree, &mut Vec::new(), &mut found);
            found.into_iter().for_each(|(_, names)| self.take(names));
        }
    }

    // Who may see an item is no need of it.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.take(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        // The arguments of most macros are expressions with commas between them.
        let arguments =
            called.parse_body_with(syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated);
        arguments.iter().flatten().for_each(|argument| self.visit_expr(argument));
        visit::visit_macro(self, called);
    }
}
