//! The HTML report: one page that needs nothing else, whatever the facts hold.

use super::timeline::snapshot_with_a_gap;
use crate::support::run::{doctor, isctpl};
use crate::support::tree::Tree;
use isctpl_checks::facts::Facts;
use serde_json::Value;

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

/// A name that means harm, in markup, in an attribute, on a terminal, and to the eye.
const EVIL: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;\u{1b}[2J\u{202e}txt\n\u{0}";

/// Every string at or below a place becomes the evil one; where the facts do not take that, as an address is none, each
/// place below is tried by itself.
fn turn_evil(facts: &mut Value, place: &str, turned: &mut usize) {
    fn all(value: &mut Value, count: &mut usize) {
        match value {
            Value::String(text) => {
                EVIL.clone_into(text);
                *count += 1;
            }
            Value::Array(items) => items.iter_mut().for_each(|item| all(item, count)),
            Value::Object(fields) => fields.values_mut().for_each(|field| all(field, count)),
            _ => {}
        }
    }
    let before = facts.pointer(place).unwrap().clone();
    let mut count = 0;
    all(facts.pointer_mut(place).unwrap(), &mut count);
    if serde_json::from_value::<Facts>(facts.clone()).is_ok() {
        *turned += count;
        return;
    }
    *facts.pointer_mut(place).unwrap() = before.clone();
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match before {
        Value::Array(items) => (0..items.len()).for_each(|at| turn_evil(facts, &format!("{place}/{at}"), turned)),
        Value::Object(fields) => {
            fields.keys().for_each(|key| turn_evil(facts, &format!("{place}/{}", escaped(key)), turned));
        }
        _ => {}
    }
}

#[test]
fn a_machine_whose_every_name_means_harm_makes_a_page_that_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = snapshot_with_a_gap(directory.path());
    let mut snapshot: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let mut turned = 0;
    turn_evil(&mut snapshot["facts"], "", &mut turned);
    assert!(turned > 100, "{turned} names alone mean harm");
    std::fs::write(&file, snapshot.to_string()).unwrap();
    let page = page(&["--snapshot", file.to_str().unwrap()]);
    assert_well_formed(&page);
    assert!(page.contains("&lt;script&gt;") && page.contains("<h2>The SAN route since"), "{page}");
    for harm in ["<script", "<img", "\u{1b}", "\u{202e}", "\u{0}"] {
        assert!(!page.contains(harm), "{harm:?}:\n{page}");
    }
}
