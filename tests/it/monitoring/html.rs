//! The HTML report: one page that needs nothing else, whatever the facts hold.

use super::timeline::snapshot_with_a_gap;
use crate::support::run::{doctor, isctpl};
use crate::support::tree::Tree;

fn page(arguments: &[&str]) -> String {
    isctpl([&["doctor", "--format", "html"], arguments].concat()).out
}

/// Every element that is opened is closed, in the order in which HTML wants it.
fn assert_well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    // What is in the style is no markup.
    let (head, rest) = page.split_once("<style>").unwrap();
    let body = rest.split_once("</style>").unwrap().1;
    for piece in [head, body].into_iter().flat_map(|part| part.split('<').skip(1)) {
        let (tag, _) = piece.split_once('>').unwrap_or_else(|| panic!("not closed: <{piece}"));
        let name = tag.trim_start_matches('/').split_ascii_whitespace().next().unwrap_or_default();
        match (tag.starts_with('/'), name) {
            (_, "!DOCTYPE" | "meta") => {}
            (false, name) => open.push(name),
            (true, name) => assert_eq!(open.pop(), Some(name), "near <{piece}"),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn the_page_has_the_chain_the_findings_and_the_timeline() {
    let directory = tempfile::tempdir().unwrap();
    let page = page(&["--snapshot", snapshot_with_a_gap(directory.path()).to_str().unwrap()]);
    assert_well_formed(&page);
    for wanted in [
        "<h2>The boot chain</h2>",
        "<b>handover: ok</b>",
        "<h2>The SAN route since the kernel started</h2>",
        "<b>networking.service</b>",
        "<span class=\"doubt\">warning san-route-lost-since-boot</span>",
        // The gap lies from 0.69 % to 1.38 % of networking.service's phase, which takes a minute.
        "<i style=\"left:0.69%;width:0.69%\"></i>",
    ] {
        assert!(page.contains(wanted), "{wanted} is missing:\n{page}");
    }
    for foreign in ["<script", "http://", "https://", "url(", "@import", "<img", "<link", "onload", "onerror"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn what_facts_hold_becomes_no_markup() {
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    let evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;";
    tree.add(&format!("f 0644 /etc/hostname\n| {evil}\nf 0644 /etc/os-release\n| PRETTY_NAME='{evil}'\n- /boot/vmlinuz-6.1.0-50-amd64\n"), "changes");
    let root = tree.unpack();
    let page = doctor(root.path(), &["--format", "html"]).out;
    assert_well_formed(&page);
    assert!(page.contains("&lt;script&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
}
