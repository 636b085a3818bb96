//! What boot loaders read.

use super::target::{Target, text, two};
use crate::formats::loader::grub_cfg::{self, Presence, World};
use crate::formats::loader::uki::Uki;
use crate::formats::loader::{bls, grub_defaults, grubenv};
use crate::formats::text::names;
use isctpl_checks::facts::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

pub(super) const TARGETS: &[Target] = &[
    // A loop that does not end is followed for as many steps as GRUB's own menus never need.
    Target::new("grub-cfg", &["loader/grub_cfg/"], grub).allocates(64 << 20, 4 << 10),
    Target::new("bls", &["loader/bls/"], bls),
    Target::new("grubenv", &["loader/grubenv.rs"], grubenv),
    Target::new("grub-defaults", &["loader/grub_defaults.rs"], |input| {
        let (first, second) = two(input);
        drop(grub_defaults::evaluate([("/a".to_owned(), first), ("/b".to_owned(), second)]));
    }),
    Target::new("uki", &["loader/uki.rs"], uki),
];

/// A disk of a few files. What the script itself is can be read in again.
struct Disk<'a> {
    script: &'a str,
}

impl World for Disk<'_> {
    fn presence(&self, path: &str) -> Option<Presence> {
        match path.len() % 4 {
            0 => None,
            1 => Some(Presence::Absent),
            2 => Some(Presence::Directory),
            _ => Some(Presence::File(path.len() as u64)),
        }
    }

    fn names(&self, directory: &str) -> Option<Vec<String>> {
        let names = ["a", "vmlinuz-6.1", "vmlinuz-6.12", "x.conf", "*", "\\"];
        (!directory.len().is_multiple_of(4)).then(|| names.map(str::to_owned).into())
    }

    fn environment(&self, path: &str) -> Result<Option<BTreeMap<String, String>>, Problem> {
        match path.len() % 3 {
            0 => Err(Problem::new(path, "is unread")),
            1 => Ok(None),
            _ => Ok(Some(
                [("saved_entry", "0>1"), ("next_entry", "x"), ("kernelopts", "ro a=$b")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
            )),
        }
    }

    fn source(&self, path: &str) -> Result<Option<(String, String)>, Problem> {
        match path.len() % 3 {
            0 => Err(Problem::new(path, "is unread")),
            1 => Ok(None),
            _ => Ok(Some((self.script.to_owned(), path.to_owned()))),
        }
    }

    fn bls(&self, _: Option<&str>) -> Result<Vec<(String, bls::Entry)>, Problem> {
        let (entry, _) = bls::parse("title x\nlinux /v $kernelopts\ninitrd /i $tuned_initrd\n", "x.conf", "/x.conf");
        Ok(vec![("x".to_owned(), entry)])
    }
}

fn grub(input: &[u8]) {
    let script = text(input);
    let menu = grub_cfg::evaluate(&script, "/g", &Disk { script: &script });
    black_box(grub_cfg::choose(&menu));
}

fn bls(input: &[u8]) {
    let (first, second) = two(input);
    let (one, _) = bls::parse(&first, "6.1.0-1+2.conf", "/e");
    let (other, _) = bls::parse(&second, &first, "/e");
    for order in [bls::grub_order, bls::systemd_order] {
        assert_eq!(order(&one, &other), order(&other, &one).reverse(), "which comes first depends on who asks");
    }
    black_box((one.shown_title(), bls::Entry::of_image(&first).shown_title()));
    let mut unresolved = BTreeSet::new();
    black_box(bls::expand(&first, |name| (name.len() % 2 == 0).then(|| name.to_owned()), &mut unresolved));
    let meant = |word: &str| word.starts_with("ip=");
    let edited = bls::edit::edited(&first, meant, &["a=b".to_owned()], &[("kernelopts", "ro")]);
    black_box(bls::parse(&edited, "e.conf", "/e"));
}

fn grubenv(input: &[u8]) {
    black_box(grubenv::parse(input, "/g"));
    if let Ok(edited) = grubenv::edited(&text(input), "saved_entry", |value| format!("{value}1")) {
        let edited = names::encode(&edited);
        let value = |bytes: &[u8]| grubenv::parse(bytes, "/g").0.get("saved_entry").cloned();
        assert_eq!(value(&edited), value(input).map(|value| value + "1"), "the edit is not there");
        assert_eq!(edited.len(), input.len(), "GRUB writes in place");
    }
}

fn uki(input: &[u8]) {
    if let Some(uki) = Uki::parse(input) {
        black_box((uki.section(".cmdline"), uki.section(".initrd"), uki.has_profiles()));
    }
}
