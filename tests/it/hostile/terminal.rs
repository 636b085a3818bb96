//! What comes of hostile text on a terminal, in a log and in JSON: nothing but text.

use super::INITRD;
use crate::support::run::{Answer, answer, command};
use crate::support::tree::{Entry, Tree};
use crate::support::{elf, fixtures, image};
use isctpl_checks::facts::Facts;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What a terminal obeys, what nobody sees, and lines that say what isctpl would.
pub(super) const EVIL: &str = concat!(
    "x\u{1b}[2J\u{1b}[7m\u{1b}]0;t\u{7}\r\nBOOTS: forged\nOK: forged\t\u{7f}\u{85}\u{9b}31m\u{ad}\u{61c}\u{200b}\u{200e}",
    "\u{202e}\u{2028}\nBOOTS: forged\u{2029}\u{2066}\u{feff}\u{e000}\u{e0041}                              BOOTS: forged",
);

/// The colours that isctpl has.
const COLOURS: [&str; 7] = ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[4m", "\x1b[31m", "\x1b[32m", "\x1b[33m"];

fn forbidden(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..)
}

fn assert_clean(what: &str, text: &str) {
    let without_colours = COLOURS.iter().fold(text.to_owned(), |text, colour| text.replace(colour, ""));
    for line in without_colours.lines() {
        let bad: Vec<char> = line.chars().filter(|character| forbidden(*character)).collect();
        assert!(bad.is_empty(), "{what} prints {bad:?}: {line:?}");
        let forged = ["BOOTS", "OK: forged", "UP: forged"].iter().any(|word| line.starts_with(word));
        assert!(!forged || !line.contains("forged"), "{what} lets a line be forged: {line:?}");
    }
}

pub(super) fn assert_answers_cleanly<S: AsRef<OsStr>>(arguments: &[S]) -> Answer {
    let mut call = command(arguments);
    // As on a terminal that shows colours and more than ASCII.
    call.envs([("LANG", "C.UTF-8"), ("TERM", "xterm"), ("CLICOLOR_FORCE", "1")]);
    let answer = answer(call);
    let what = format!("{:?}", arguments.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    assert!(answer.code <= 3 && !answer.err.contains("panicked"), "{what}: {}", answer.err);
    assert_clean(&what, &answer.out);
    assert_clean(&what, &answer.err);
    answer
}

pub(super) const WHATS: [&str; 11] =
    ["ibft", "routes", "nics", "initramfs", "loader", "kernel", "dhcp", "netconfig", "iscsi", "storage", "services"];

/// A root with such characters in its names and files, in a directory of such a name.
fn evil_root(parent: &Path) -> PathBuf {
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    let mut put = |path: &str, content: String| {
        tree.entries.insert(path.to_owned(), Entry::File { mode: 0o644, content: content.into_bytes() });
    };
    let line = EVIL.replace(['\n', '\r'], " ");
    put("/etc/hostname", line.clone());
    put("/etc/os-release", format!("PRETTY_NAME=\"{EVIL}\"\n"));
    put(&format!("/etc/netplan/{EVIL}.yaml"), "network: [".to_owned());
    put("/etc/netplan/a.yaml", format!("network:\n  ethernets:\n    {:?}: {{dhcp4: true}}\n", line));
    put(&format!("/etc/network/interfaces.d/{EVIL}"), "iface".to_owned());
    put("/etc/network/interfaces", format!("auto {line}\niface {line} inet dhcp\n  {line} x\nsource /etc/{line}\n"));
    put("/etc/iscsi/initiatorname.iscsi", format!("InitiatorName=iqn.x:{line}\n"));
    put(&format!("/etc/iscsi/nodes/iqn.{EVIL}/10.0.0.1,3260,1/default"), format!("node.name = {line}\n"));
    put(
        &format!("/etc/systemd/system/{EVIL}.service"),
        format!("[Service]\nExecStart=/sbin/iscsiadm -m node -u {line}\n"),
    );
    put("/etc/systemd/network/a.network", format!("[Match]\nName={line}\n[Network]\n{line}=x\nDHCP=yes\n"));
    put("/etc/lvm/lvm.conf", format!("devices {{ filter = [ \"r|{EVIL}|\" ] }}\n"));
    put("/etc/fstab", format!("/dev/ubuntu-vg/ubuntu-lv / ext4 defaults 0 1\n/dev/{line} /{line} ext4 {line} 0 0\n"));
    put("/var/lib/dhcp/dhclient.leases", format!("lease {{ interface \"{EVIL}\"; option host-name \"{EVIL}\"; }}\n"));
    put("/etc/default/grub", format!("GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX=\"iscsi_auto console={EVIL}\"\n"));
    put(
        "/boot/grub/grub.cfg",
        format!(
            "set default=0\nmenuentry '{EVIL}' {{\n linux /vmlinuz-6.1.0-50-amd64 root=/dev/mapper/ubuntu--vg-ubuntu--lv \
             'console={EVIL}' iscsi_auto\n initrd /initrd.img-6.1.0-50-amd64 '/{EVIL}'\n}}\n{line}\n"
        ),
    );
    let mut inside = Tree::load("images/initramfs-tools.tree");
    inside.entries.insert(format!("/etc/{EVIL}"), Entry::File { mode: 0o644, content: b"x".to_vec() });
    inside.entries.insert("/link".to_owned(), Entry::Link { target: EVIL.to_owned() });
    let modules = format!("/usr/lib/modules/{EVIL}/a.ko");
    inside.entries.insert(modules, Entry::File { mode: 0o644, content: elf::module("6.1.0-50-amd64") });
    let content = image::build(&inside, "zstd");
    tree.entries.insert(format!("/{INITRD}"), Entry::File { mode: 0o644, content });
    let root = parent.join(OsStr::from_bytes(&[b"\xff\xfe".as_slice(), EVIL.as_bytes()].concat()));
    tree.write(&root);
    root
}

#[test]
fn what_files_hold_is_neither_obeyed_nor_a_line_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let root = evil_root(directory.path());
    let root = root.as_os_str();
    let run = |words: &[&str], options: &[&str]| {
        let words = words.iter().chain(options).map(OsStr::new);
        assert_answers_cleanly(&words.chain([OsStr::new("--root"), root]).collect::<Vec<_>>())
    };
    for format in ["table", "json", "prometheus", "nagios", "checkmk", "html", "junit"] {
        let answer = run(&["doctor", "-v", "--format", format], &["--color", "always"]);
        let escaped = ["\\u{202e}", "\\u202e", "/u{202e}"].iter().any(|escaped| answer.out.contains(escaped));
        assert!(escaped || format == "prometheus", "{format} holds nothing hostile:\n{}", answer.out);
        assert_eq!(answer.out.contains("\x1b[31m") || answer.out.contains("\x1b[32m"), format == "table", "{format}");
        if format == "json" {
            assert!(answer.json()["root"].as_str().unwrap().contains(EVIL));
        }
    }
    for what in WHATS {
        for format in ["table", "json"] {
            let answer = run(&["show", what, "-v", "--format", format], &[]);
            assert!(format == "table" || answer.json().is_object(), "{what}");
        }
    }
    let image = Path::new(root).join(INITRD);
    for format in ["table", "json"] {
        let words = [OsStr::new("show"), "initramfs".as_ref(), image.as_os_str(), "--format".as_ref(), format.as_ref()];
        let listing = assert_answers_cleanly(&words).out;
        assert!(listing.contains("202e") && listing.contains(r"\xff"), "{listing}");
    }
    let file = directory.path().join(EVIL);
    assert_answers_cleanly(&[OsStr::new("snapshot"), "--root".as_ref(), root, "-o".as_ref(), file.as_os_str()]);
    let answer = assert_answers_cleanly(&[OsStr::new("doctor"), "--snapshot".as_ref(), file.as_os_str()]);
    assert!(answer.out.contains(r"\u{202e}"), "{}{}", answer.out, answer.err);
}

#[test]
fn what_is_typed_is_neither_obeyed_nor_a_line_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let snapshot = file("snapshot", &serde_json::json!({"schema": EVIL, "tool": EVIL, "facts": {}}).to_string());
    let broken = file(EVIL, &serde_json::json!({"schema": EVIL, "facts": {"scope": {"mode": EVIL}}}).to_string());
    let option = format!("--{EVIL}");
    let target = ["--target", "iqn.x", "--portal", "192.0.2.1", "--lun", "1", "--initiator", "iqn.y"];
    let rescue = |more: &[&str]| {
        let given = target.chunks(2).filter(|pair| !more.contains(&pair[0])).flatten().copied();
        ["rescue", "plan"].into_iter().chain(given).chain(more.iter().copied()).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut calls: Vec<Vec<String>> = [
        &[EVIL][..],
        &[&option],
        &["doctor", EVIL],
        &["doctor", &option],
        &["doctor", "--format", EVIL],
        &["doctor", "--portal", EVIL],
        &["doctor", "--only", EVIL],
        &["doctor", "--san-nic", EVIL],
        &["doctor", "--root", EVIL],
        &["doctor", "--snapshot", EVIL],
        &["doctor", "--snapshot", &snapshot],
        &["doctor", "--snapshot", &broken],
        &["doctor", "--ibft-table", EVIL],
        &["doctor", "--ibft-table", &broken],
        &["doctor", "--sysfs", EVIL],
        &["explain", EVIL],
        &["show", EVIL],
        &["show", "routes", EVIL],
        &["show", "initramfs", EVIL],
        &["show", "initramfs", &broken],
        &["snapshot", "-o", "/nonexistent/\u{1b}[2J\nBOOTS: forged", "--root", "/nonexistent"],
    ]
    .iter()
    .map(|words| words.iter().map(|word| (*word).to_owned()).collect())
    .collect();
    calls.extend(
        ["--target", "--initiator", "--username", "--wwid", "--san-nic", "--portal"].map(|name| rescue(&[name, EVIL])),
    );
    calls.push(rescue(&["--at", &format!("/{EVIL}")]));
    calls.push(rescue(&["--root-device", EVIL]));
    calls.push(rescue(&["--instance-yaml", EVIL]));
    calls.push(rescue(&["--instance-yaml", &broken]));
    calls.push(rescue(&["--drive-yaml", &broken]));
    for call in calls {
        let answer = assert_answers_cleanly(&call);
        assert!(!answer.out.is_empty() || !answer.err.is_empty(), "{call:?}");
    }
    let bytes = OsStr::from_bytes(b"/nonexistent\xff\x9b");
    let answer = assert_answers_cleanly(&[OsStr::new("show"), "initramfs".as_ref(), bytes]);
    assert!(answer.err.contains(r"/nonexistent\xff\x9b"), "{}", answer.err);
}

/// Adds [`EVIL`] to every text of the facts that is no name of a kind, an address or the like.
fn poison(facts: &mut Value, known: &mut BTreeMap<String, bool>) {
    let mut pointers = Vec::new();
    collect_texts(facts, String::new(), &mut pointers);
    for pointer in pointers {
        let kind: String =
            pointer.split('/').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join("/");
        if known.get(&kind) == Some(&false) {
            continue;
        }
        let text = facts.pointer_mut(&pointer).unwrap();
        let before = text.take();
        *text = format!("{}{EVIL}", before.as_str().unwrap()).into();
        let holds = known.get(&kind).copied().unwrap_or_else(|| Facts::deserialize(&*facts).is_ok());
        if !holds {
            *facts.pointer_mut(&pointer).unwrap() = before;
        }
        known.insert(kind, holds);
    }
}

fn collect_texts(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(pointer),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect_texts(item, format!("{pointer}/{index}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            collect_texts(field, format!("{pointer}/{name}"), found);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every finding, of facts that somebody made up.
#[test]
fn what_a_snapshot_holds_is_neither_obeyed_nor_a_line_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("snapshot");
    let mut known = BTreeMap::new();
    let mut judged = 0;
    for check in fs::read_dir(fixtures().join("checks")).unwrap() {
        let case = fs::read_to_string(check.unwrap().path().join("broken.json")).unwrap();
        let case: Value = serde_json::from_str(&case).unwrap();
        let base = fixtures().join("facts").join(case["base"].as_str().unwrap()).with_extension("json");
        let mut facts: Value = serde_json::from_str(&fs::read_to_string(base).unwrap()).unwrap();
        if let Ok(patch) = serde_json::from_value::<json_patch::Patch>(case["patch"].clone()) {
            json_patch::patch(&mut facts, &patch).unwrap();
        }
        poison(&mut facts, &mut known);
        let snapshot = serde_json::json!({"schema": "isctpl.facts/v1", "tool": EVIL, "facts": facts});
        fs::write(&file, snapshot.to_string()).unwrap();
        for format in ["table", "json", "nagios"] {
            let answer =
                assert_answers_cleanly(&["doctor", "-v", "--snapshot", file.to_str().unwrap(), "--format", format]);
            assert!(answer.out.contains("202e"), "{format} holds nothing hostile:\n{}{}", answer.out, answer.err);
        }
        judged += 1;
    }
    assert!(judged > 50 && known.values().filter(|poisoned| **poisoned).count() > 50, "{judged}: {known:?}");
}
