//! systemd-boot: `loader/loader.conf`, `loader/entries/*.conf` and unified kernel images (loader.conf(5), UAPI.1).

use super::disk::Disk;
use super::found::{Found, is_recovery, left_out};
use super::{grub, type2};
use crate::formats::cmdline;
use crate::formats::loader::bls;
use crate::formats::text::glob::glob_matches;
use crate::formats::text::harmless::{loader_file, title};
use crate::probes::unified::Unified;
use isctpl_checks::facts::{BootEntry, Chosen, Esp, Fact, Located, Location, Problem};

/// What systemd-boot's image says of itself.
const MARK: &[u8] = b"LoaderInfo: systemd-boot";

/// The most that is read of a loader to find the mark.
const LOADER_LIMIT: u64 = 4 << 20;

/// Reads entries as systemd-boot shows them; `None` when none of its files is there.
pub(super) fn read(disk: &Disk<'_>, esp: Option<&Esp>) -> Option<Found> {
    let mut mounts: Vec<&str> = esp.and_then(|esp| esp.mount_point.as_deref()).into_iter().collect();
    for mount in ["/boot", "/efi", "/boot/efi"] {
        if !mounts.contains(&mount) {
            mounts.push(mount);
        }
    }
    let mut found = Found::default();
    let mut entries = Vec::new();
    let (mut conf, mut unread) = (None, None);
    for mount in &mounts {
        match grub::bls_entries(disk, &format!("{mount}/loader/entries")) {
            Ok(read) => entries.extend(read.into_iter().map(|(path, entry)| (*mount, path, entry))),
            Err(problem) => {
                unread.get_or_insert(problem.clone());
                found.problems.push(problem);
            }
        }
        let path = format!("{mount}/loader/loader.conf");
        match disk.root.text(&path) {
            Ok(Some(text)) if conf.is_none() => conf = Some((text, disk.root.name(&path))),
            Ok(_) => {}
            Err(problem) => {
                // It may set the default.
                if conf.is_none() {
                    unread.get_or_insert(problem.clone());
                }
                found.problems.push(problem);
            }
        }
    }
    let images = type2::read(disk, &mounts);
    let mut entries: Vec<(bls::Entry, BootEntry)> = entries
        .into_iter()
        .map(|(mount, path, entry)| {
            let boot = boot_entry(disk, mount, &path, &entry);
            (entry, boot)
        })
        .chain(images.entries)
        .collect();
    if entries.is_empty() && images.unread.is_empty() && found.problems.is_empty() {
        return None;
    }
    entries.sort_by(|(left, _), (right, _)| bls::systemd_order(left, right));
    let settings = conf.as_ref().map(|(text, path)| settings(text, path)).unwrap_or_default();
    found.timeout = settings.timeout;
    let place = conf.map_or_else(|| disk.root.name("/boot/loader/entries"), |(_, path)| path);
    let ids: Vec<&str> = entries.iter().map(|(entry, _)| entry.id.as_str()).collect();
    let unlisted = images
        .unread
        .first()
        .cloned()
        .or_else(|| ids.is_empty().then(|| Problem::new(place, "has no entry that was read")));
    let choice = || choose(&ids, settings.default.as_ref(), unlisted);
    found.chosen = unread.map_or_else(choice, Fact::Unknown);
    found.problems.extend(images.unread);
    found.entries = entries.into_iter().map(|(_, boot)| boot).collect();
    Some(found)
}

/// What loader.conf sets.
#[derive(Debug, Default)]
struct Settings {
    default: Option<Located<String>>,
    timeout: Option<Located<i64>>,
}

fn settings(text: &str, path: &str) -> Settings {
    let mut settings = Settings::default();
    for (number, line) in (1_u32..).zip(text.lines()) {
        let mut words = line.split_whitespace();
        let at = Location::line(path, number);
        match (words.next(), words.next()) {
            (Some("default"), Some(value)) => settings.default = Some(Located::new(value.to_owned(), at)),
            (Some("timeout"), Some("menu-force")) => settings.timeout = Some(Located::new(-1, at)),
            (Some("timeout"), Some(value)) => {
                settings.timeout = value.parse().ok().map(|seconds| Located::new(seconds, at));
            }
            _ => {}
        }
    }
    settings
}

/// The entry that boots; `unread` says why there may be others than those that were read.
fn choose(ids: &[&str], default: Option<&Located<String>>, unread: Option<Problem>) -> Fact<Chosen> {
    let matching = default.and_then(|default| {
        let pattern = default.value.to_lowercase();
        let matches = |id: &str| {
            let id = id.to_lowercase();
            glob_matches(&pattern, &id) || glob_matches(&pattern, &format!("{id}.conf"))
        };
        Some((ids.iter().position(|id| matches(id))?, default))
    });
    // What was not read may match as well, and come before.
    let is_pattern = default.is_some_and(|default| default.value.contains(['*', '?', '[']));
    let matching = matching.filter(|_| !is_pattern || unread.is_none());
    match (matching, default, unread) {
        (_, Some(default), _) if default.value.starts_with('@') => Fact::Unknown(Problem::new(
            default.at.to_string(),
            "boots the entry that was chosen last, which only the firmware's variables store",
        )),
        (Some((index, default)), ..) => {
            let because = format!("default {}", default.value);
            Fact::Known(Chosen { index, because, at: Some(default.at.clone()) })
        }
        (None, _, Some(problem)) => Fact::Unknown(problem),
        (None, Some(default), None) => {
            let because =
                format!("default {}: no entry has that name, so systemd-boot boots the first one", default.value);
            Fact::Known(Chosen { index: 0, because, at: Some(default.at.clone()) })
        }
        (None, None, None) => {
            let because = "no default is set, so systemd-boot boots the first entry".to_owned();
            Fact::Known(Chosen { index: 0, because, at: None })
        }
    }
}

fn boot_entry(disk: &Disk<'_>, mount: &str, path: &str, entry: &bls::Entry) -> BootEntry {
    // Paths are relative to the filesystem that the entry itself lies on.
    let file = |line: &bls::Line| {
        let at = Some(Location::line(path, line.line));
        let below = format!("{mount}/{}", line.value.trim_start_matches('/'));
        let mut file = disk.file(None, &below, at);
        file.written = loader_file(&line.value);
        file
    };
    // What it starts may be a unified kernel image, by whatever key.
    let started = entry.linux.as_ref().or(entry.efi.as_ref()).map(file);
    let image = started.as_ref().and_then(|file| Unified::open(disk.root, file.path.as_deref()?).ok().flatten());
    let linux = entry.linux.is_some() || image.is_some();
    let mut boot = BootEntry {
        title: title(&entry.shown_title()),
        id: Some(entry.id.clone()),
        at: Some(Location::file(path)),
        kernel: started.filter(|_| linux),
        initrds: entry.initrds.iter().map(file).chain(entry.left_out.clone().map(left_out)).collect(),
        cmdline: cmdline::parse(&entry.options, Some(Location::file(path))),
        linux,
        ..BootEntry::default()
    };
    if let Some(image) = image {
        type2::join(&mut boot, &image);
    }
    boot.recovery = is_recovery(&boot);
    boot
}

/// Whether the ESP's fallback loader is systemd-boot.
pub(super) fn is_fallback(disk: &Disk<'_>, esp: &Esp) -> bool {
    let Some(mount) = &esp.mount_point else { return false };
    esp.fallback.iter().any(|path| {
        let loader = disk.root.beginning(&format!("{mount}/{path}"), LOADER_LIMIT);
        matches!(loader, Ok(Some(bytes)) if bytes.windows(MARK.len()).any(|window| window == MARK))
    })
}
