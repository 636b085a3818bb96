#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

const SAMPLE: &str = "title Rocky Linux (5.14.0-427.el9.x86_64) 9.4 (Blue Onyx)
version 5.14.0-427.el9.x86_64
linux /vmlinuz-5.14.0-427.el9.x86_64
initrd /initramfs-5.14.0-427.el9.x86_64.img $tuned_initrd
options root=/dev/mapper/rl-root ro rd.lvm.lv=rl/root $kernelopts ${tuned_params}
grub_users $grub_users
grub_arg --unrestricted
grub_class rocky
";

fn id(id: &str) -> Entry {
    Entry { id: id.to_owned(), ..Entry::default() }
}

#[test]
fn an_entry_is_read() {
    let (entry, problems) = parse(SAMPLE, "abc-5.14.0-427.el9.x86_64.conf", "/boot/loader/entries/x.conf");
    assert_eq!(problems, []);
    assert_eq!(entry.id, "abc-5.14.0-427.el9.x86_64");
    assert_eq!(entry.linux, Some(Line { value: "/vmlinuz-5.14.0-427.el9.x86_64".into(), line: 3 }));
    assert_eq!(entry.initrds.len(), 1);
    assert!(entry.shown_title().starts_with("Rocky"));
}

#[test]
fn several_options_and_initrds_keep_their_order() {
    let (entry, _) = parse("linux /l\ninitrd /a\ninitrd /b\noptions a=1\n# no\noptions  b\n", "x+0-3.conf", "x");
    assert_eq!(entry.options, "a=1 b");
    assert_eq!(entry.initrds.iter().map(|line| line.value.as_str()).collect::<Vec<_>>(), ["/a", "/b"]);
    assert_eq!((entry.id.as_str(), entry.exhausted), ("x", true));
    assert_eq!(parse("linux /l", "6.12.1+deb13.conf", "x").0.id, "6.12.1+deb13");
    assert_eq!(parse("title x", "x.conf", "x").1.len(), 1);
}

#[test]
fn variables_are_put_in() {
    let mut unresolved = BTreeSet::new();
    let value = |name: &str| match name {
        "kernelopts" => Some("root=/dev/x ro".to_owned()),
        "tuned_params" => None,
        _ => Some(String::new()),
    };
    let text = expand("a $kernelopts ${tuned_params}$none b$ $$", value, &mut unresolved);
    assert_eq!(text, "a root=/dev/x ro ${tuned_params} b$ $$");
    assert_eq!(unresolved.into_iter().collect::<Vec<_>>(), ["tuned_params"]);
}

#[test]
fn the_newest_comes_first() {
    let mut entries = [
        id("mid-0-rescue"),
        id("mid-5.14.0-70.el9.x86_64"),
        id("mid-5.14.0-427.el9.x86_64"),
        id("mid-6.1.0-1.el9.x86_64"),
    ];
    entries.sort_by(grub_order);
    assert_eq!(
        entries.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(),
        ["mid-6.1.0-1.el9.x86_64", "mid-5.14.0-427.el9.x86_64", "mid-5.14.0-70.el9.x86_64", "mid-0-rescue"]
    );
    entries[0].exhausted = true;
    entries.sort_by(systemd_order);
    assert_eq!(entries.last().unwrap().id, "mid-6.1.0-1.el9.x86_64");
}

#[test]
fn versions_compare_as_specified() {
    // The examples of UAPI.10, each less than the next.
    let ordered = [
        "~1",
        "",
        "ab",
        "abb",
        "abc",
        "0001",
        "002",
        "12",
        "122",
        "122.9",
        "123~rc1-1",
        "123",
        "123-a",
        "123-a.1",
        "123-a1",
        "123-a1.1",
        "123-3",
        "123-3.1",
        "123^patch1",
        "123^1",
        "123.a-1",
        "123.1-1",
        "123a-1",
        "124",
    ];
    for pair in ordered.windows(2) {
        assert_eq!(compare_versions(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        assert_eq!(compare_versions(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
    }
    assert_eq!(compare_versions("6.1.0", "6.1.0"), Ordering::Equal);
    assert_eq!(compare_versions("6.1.010", "6.1.10"), Ordering::Equal);
}

#[test]
fn every_truncation_is_read() {
    for end in 0..SAMPLE.len() {
        parse(SAMPLE.get(..end).unwrap(), "x.conf", "x");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let text = String::from_utf8_lossy(&bytes);
        parse(&text, &text, "x");
        expand(&text, |_| None, &mut BTreeSet::new());
    }

    #[test]
    fn any_versions_are_in_one_order(a in "[0-9a-z.~^+-]{0,12}", b in "[0-9a-z.~^+-]{0,12}") {
        prop_assert_eq!(compare_versions(&a, &b), compare_versions(&b, &a).reverse());
    }
}
