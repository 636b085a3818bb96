//! `/etc/network/interfaces` and what it includes.

use super::generated;
use crate::formats::network::ifupdown::{Iface, Include, Item, Stanza, interfaces, parse};
use crate::formats::text::harmless::wrong_value;
use crate::probes::files::Reader;
use crate::system::FileKind;
use isctpl_checks::facts::{Ifupdown2, Located, Location, NetConfig, Problem};
use std::collections::{BTreeMap, HashSet};

const MAIN: &str = "/etc/network/interfaces";

/// How deep files may include files.
const DEPTH_LIMIT: usize = 8;

/// The most files that are read, so that files that include each other come to an end.
const FILE_LIMIT: usize = 512;

/// The most stanzas of all files, and the most lines in them; a host with four thousand VLANs has some thirty
/// thousand lines.
const STANZA_LIMIT: usize = 20_000;
const LINE_LIMIT: usize = 50_000;

/// ifupdown2's program.
const IFUPDOWN2: &str = "/usr/share/ifupdown2/__main__.py";

/// Where ifupdown-ng has the programs that it runs.
const IFUPDOWN_NG: [&str; 2] = ["/usr/libexec/ifupdown-ng", "/usr/lib/ifupdown-ng"];

/// What ifupdown2's service reads its settings from (systemd.exec(5), EnvironmentFile=).
const DEFAULTS: &str = "/etc/default/networking";

struct Walk<'w> {
    files: &'w Reader<'w>,
    stanzas: Vec<Stanza>,
    authors: BTreeMap<String, String>,
    read: usize,
    lines: usize,
    /// Stanzas that others may inherit from: `NAME`, and `NAME FAMILY`.
    parents: HashSet<String>,
    /// Whether ifupdown itself reads the files, which refuses what it does not understand.
    strict: bool,
    /// Why it refuses all of them.
    refused: Option<Located<String>>,
}

/// Adds the interfaces of ifupdown to the facts.
pub(super) fn read(files: &Reader<'_>, facts: &mut NetConfig) {
    let strict = !files.is_file(IFUPDOWN2) && files.first_directory(IFUPDOWN_NG).is_none();
    let mut walk = Walk {
        files,
        stanzas: Vec::new(),
        authors: BTreeMap::new(),
        read: 0,
        lines: 0,
        parents: HashSet::new(),
        strict,
        refused: None,
    };
    walk.file(MAIN, DEPTH_LIMIT);
    let Walk { stanzas, authors, refused, .. } = walk;
    // What stands in files that are refused is worth no word.
    let mut problems = Vec::new();
    let (mut configs, renames) = interfaces(&stanzas, strict, &mut problems);
    match refused {
        Some(refused) => configs.iter_mut().for_each(|config| config.given_up = Some(refused.clone())),
        None => files.problems().append(&mut problems),
    }
    for config in &mut configs {
        config.generated_by = authors.get(&config.at.path).cloned();
    }
    facts.interfaces.extend(configs);
    facts.renames.extend(renames);
    facts.ifupdown2 =
        files.is_file(IFUPDOWN2).then(|| Ifupdown2 { at: files.location(IFUPDOWN2), stays_up: stays_up(files) });
}

/// What keeps ifupdown2's service from stopping interfaces at shutdown: start-networking gives up at once with
/// `SKIP_DOWN_AT_SYSRESET=yes`, or where open-iscsi's file for initramfs-tools is there.
fn stays_up(files: &Reader<'_>) -> Option<Located<String>> {
    const MARK: &str = "/etc/iscsi/iscsi.initramfs";
    let text = files.text(DEFAULTS).unwrap_or_default();
    let lines = (1u32..).zip(text.lines());
    let settings = lines.filter_map(|(line, text)| Some((line, text.trim().strip_prefix("SKIP_DOWN_AT_SYSRESET=")?)));
    let skips = settings.last().filter(|(_, value)| value.trim().trim_matches(['"', '\'']) == "yes");
    let skips = skips.map(|(line, _)| Location::line(files.name(DEFAULTS), line));
    let skips = skips.map(|at| Located::new("SKIP_DOWN_AT_SYSRESET=yes".to_owned(), at));
    skips.or_else(|| files.find(MARK).map(|_| Located::new("iSCSI root".to_owned(), files.location(MARK))))
}

impl Walk<'_> {
    fn file(&mut self, path: &str, depth: usize) {
        if self.read == FILE_LIMIT {
            self.files.note(Problem::new(path, format!("is not read: more than {FILE_LIMIT} files are included")));
        }
        self.read += 1;
        if self.read > FILE_LIMIT {
            return;
        }
        let Some(text) = self.files.text(path) else { return };
        if let Some(program) = generated::by(&text) {
            self.authors.insert(path.to_owned(), program);
        }
        let mut file = parse(&text, path);
        match file.refused.take().filter(|_| self.strict) {
            Some(refused) if depth == DEPTH_LIMIT => self.refused = Some(refused.what),
            // Of a file that is read in counts what stands before it.
            Some(refused) => file.items.truncate(refused.items),
            None => self.files.problems().extend(file.problems),
        }
        for item in file.items {
            match item {
                Item::Stanza(stanza) => {
                    if let Some(unknown) = self.unknown_parent(&stanza) {
                        if depth == DEPTH_LIMIT {
                            self.refused = self.refused.take().or(Some(unknown));
                        }
                        return;
                    }
                    if let Stanza::Iface(Iface { name, family, .. }) = &stanza {
                        self.parents.insert(name.clone());
                        self.parents.extend(family.as_ref().map(|family| format!("{name} {family}")));
                    }
                    self.lines += stanza.lines();
                    if self.stanzas.len() == STANZA_LIMIT || self.lines > LINE_LIMIT {
                        let what = format!(
                            "has no room: more than {STANZA_LIMIT} stanzas or {LINE_LIMIT} lines; the rest is not read"
                        );
                        self.files.note(Problem::new(path, what));
                        self.read = FILE_LIMIT + 1;
                        return;
                    }
                    self.stanzas.push(stanza);
                }
                Item::Include(include) if depth == 0 => {
                    self.files
                        .note(Problem::new(include.at.to_string(), "the include is nested too deeply; it is not read"));
                }
                Item::Include(include) => self.include(&include, depth - 1),
            }
        }
    }

    /// Why ifupdown itself refuses a stanza that inherits: what it inherits from has to stand before it.
    fn unknown_parent(&self, stanza: &Stanza) -> Option<Located<String>> {
        let Stanza::Iface(iface) = stanza else { return None };
        let is_known = |name: &String| match &iface.family {
            Some(family) => self.parents.contains(&format!("{name} {family}")),
            None => self.parents.contains(name),
        };
        let unknown = iface.inherits.first().filter(|name| self.strict && !is_known(name))?;
        Some(Located::new(format!("`{}` is not there to inherit from", wrong_value(unknown)), iface.at.clone()))
    }

    fn include(&mut self, include: &Include, depth: usize) {
        if self.read > FILE_LIMIT {
            return;
        }
        if include.pattern.contains(['$', '`', '~']) {
            let what = format!(
                "only a shell can expand `{}`; the files that it includes are not read",
                wrong_value(&include.pattern)
            );
            self.files.note(Problem::new(include.at.to_string(), what));
            return;
        }
        let pattern = if include.pattern.starts_with('/') {
            include.pattern.clone()
        } else {
            let directory = include.at.path.rsplit_once('/').map_or("", |(directory, _)| directory);
            format!("{directory}/{}", include.pattern)
        };
        for path in self.files.glob(&pattern) {
            match self.files.find(&path).map(|found| found.kind) {
                Some(FileKind::File) if !include.directory => self.file(&path, depth),
                Some(FileKind::Directory) if include.directory => {
                    for name in self.files.names(&path).into_iter().filter(|name| is_plain(name)) {
                        self.file(&format!("{path}/{name}"), depth);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The names that `source-directory` takes (interfaces(5)).
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
