//! What leads where in the tree that an image unpacks to.

use super::*;

#[test]
fn names_that_are_no_utf_8_are_told_apart() {
    let missing = |target: &[u8]| {
        let library = program(None, &[], None);
        let archive = Archive::new()
            .directory("usr")
            .entry("usr/lib", 0o120_777, 1, target)
            .entry(b"usr/l\xfe", 0o040_755, 2, b"")
            .entry(b"usr/l\xff", 0o040_755, 2, b"")
            .entry(b"usr/l\xff/liba.so.1", 0o100_644, 1, &library)
            .file("ld.so", &library)
            .program("usr/bin/tool", program(Some("/ld.so"), &["liba.so.1"], None));
        facts_of(&archive.finish()).missing_libraries.len()
    };
    assert_eq!(missing(b"l\xff"), 0);
    assert_eq!(missing(b"l\xfe"), 1);
}

#[test]
fn libraries_are_looked_for_where_the_linker_looks() {
    let ld = "/lib64/ld-linux-x86-64.so.2";
    let mut foreign = program(None, &[], None);
    foreign[18] = 183;
    let archive = Archive::new()
        .directory("usr")
        .link("lib64", "usr/lib64")
        .file("usr/lib64/ld-linux-x86-64.so.2", program(None, &[], None))
        .file("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n")
        .file("etc/ld.so.conf.d/extra.conf", "# more\n/opt/extra\n")
        .program(
            "usr/bin/a",
            program(Some(ld), &["libown.so", "libextra.so", "libdeep.so", "libforeign.so"], Some("$ORIGIN/../own")),
        )
        .file("usr/own/libown.so", program(None, &["libtwice.so", "libextra.so"], None))
        .file("opt/extra/libextra.so", program(None, &[], None))
        .file("usr/lib64/glibc-hwcaps/x86-64-v3/libdeep.so", program(None, &[], None))
        .file("usr/lib64/libforeign.so", foreign)
        .file("usr/lib64/libplugin.so", program(None, &["libnobody.so"], None))
        .program("usr/bin/b", program(Some(ld), &["libdeep.so", "libdirect.so", "libalso.so"], None))
        .file("usr/lib64/libdirect.so", program(None, &["libnone.so"], None))
        .file("usr/lib64/libalso.so", program(None, &["libdirect.so"], None))
        .program("usr/bin/c", program(Some(ld), &["libalso.so"], None))
        .program("usr/bin/static", program(None, &[], None));
    let facts = facts_of(&archive.finish());
    let missing: Vec<_> = facts.missing_libraries.iter().map(|m| (m.name.as_str(), m.needed_by.as_str())).collect();
    assert_eq!(
        missing,
        [
            ("libforeign.so", "usr/bin/a"),
            ("libnone.so", "usr/lib64/libdirect.so"),
            ("libtwice.so", "usr/own/libown.so")
        ]
    );
    assert_eq!(facts.missing_libraries[1].programs, ["usr/bin/b", "usr/bin/c"]);
}

#[test]
fn hard_links_share_what_comes_with_one_of_them() {
    let image = Archive::new()
        .program("init", "#!/bin/sh\n")
        .hard_links(&["usr/sbin/first", "usr/sbin/second"], 0o100_755, b"#!/bin/sh\ngetarg rd.route\n")
        .finish();
    let facts = facts_of(&image);
    assert_eq!(facts.files["usr/sbin/first"], EntryKind::Program(26));
    assert_eq!(facts.readers.len(), 2);
}

#[test]
fn what_has_no_directory_is_not_made() {
    let image = Archive::new()
        .entry("etc/hosts", 0o100_644, 1, b"x")
        .entry("dev/null", 0o020_666, 1, b"")
        .entry("l", 0o120_777, 1, b"dev")
        .entry("l/zero", 0o020_666, 1, b"")
        .entry("d", 0o040_755, 2, b"")
        .entry("d/f", 0o100_644, 1, b"x")
        .entry("d", 0o100_644, 1, b"a directory with something in it stays")
        .entry("f", 0o100_755, 1, b"x")
        .entry("f/below", 0o100_644, 1, b"x")
        .entry("f", 0o040_755, 2, b"")
        .entry("n".repeat(256), 0o100_644, 1, b"x")
        .finish();
    let files = facts_of(&image).files;
    let found: Vec<_> = files.iter().map(|(path, kind)| (path.as_str(), kind)).collect();
    let link = EntryKind::Link("dev".to_owned());
    assert_eq!(
        found,
        [
            ("d", &EntryKind::Directory),
            ("d/f", &EntryKind::File(1)),
            ("dev/null", &EntryKind::Special),
            ("dev/zero", &EntryKind::Special),
            ("f", &EntryKind::Directory),
            ("l", &link),
        ]
    );
}

#[test]
fn hard_links_end_with_their_archive_and_share_what_comes_last() {
    let linked = |archive: Archive, name: &str, mode: u32, data: &[u8]| archive.linked(7, name, mode, data);
    let mut first = linked(Archive::new(), "a", 0o100_644, b"12345");
    first = linked(first, "b", 0o100_755, b"");
    first = linked(first, "c", 0o100_644, b"123");
    let image = [first.finish(), linked(Archive::new(), "other", 0o100_644, b"1").finish()].concat();
    let files = facts_of(&image).files;
    assert_eq!(["a", "b", "c", "other"].map(|name| files[name].clone()), [3, 3, 3, 1].map(EntryKind::File));
    // Segments without an end are one archive.
    let parts = [("a", b"12".as_slice()), ("b", b"")].map(|(name, data)| linked(Archive::new(), name, 0o100_644, data));
    let image: Vec<u8> = parts.into_iter().flat_map(|part| gzip(&part.unfinished())).collect();
    assert_eq!(facts_of(&image).files["b"], EntryKind::File(2));
    // Of a file with one name that is written anew, all names tell.
    let image = first_two().file("a", "1234").finish();
    assert_eq!(facts_of(&image).files["b"], EntryKind::File(4));
}

fn first_two() -> Archive {
    Archive::new().linked(1, "a", 0o100_644, b"1").linked(1, "b", 0o100_644, b"")
}

#[test]
fn links_in_a_circle_lead_nowhere() {
    let image = Archive::new()
        .link("a", "b")
        .link("b", "a")
        .file("a/below", "lost")
        .link("self", "self/self")
        .link("up", "../../..")
        .program("up/init", "#!/bin/sh\n")
        .program("usr/bin/x", program(Some("/self/ld.so"), &["libx.so"], None))
        .finish();
    let facts = facts_of(&image);
    assert!(facts.files.contains_key("init") && !facts.files.contains_key("a/below"));
    assert_eq!(facts.missing_libraries.len(), 2);
}

#[test]
fn an_image_made_of_detours_does_not_keep_the_search_busy() {
    let detour = "d/../".repeat(800);
    let mut archive = Archive::new().directory("d");
    for number in 0..2_000 {
        archive = archive.link(&format!("link{number}"), &detour).file(&format!("link{number}/file"), "x");
    }
    let facts = facts_of(&archive.finish());
    assert!(facts.incomplete);
    assert!(facts.problems.iter().any(|problem| problem.what.contains("nested too deeply")));
}
