//! Whatever a machine's names hold, a shell takes them as they stand.

use super::cases;
use super::jail::Jail;
use isctpl_checks::facts::Facts;
use isctpl_checks::{Reach, is_typable, registry};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// What a name holds besides itself: all that a shell, sed or a program's options make something of.
const TAIL: &str = "$(touch P)`touch P`';touch P;'\";touch P;\"|touch P&touch P\\ $P/*[a-z].^{}?+(x)|!#~ >P end";

/// What no command may hold, since a terminal or a reader of a line obeys it.
const OBEYED: &str = "x\ntouch P\nx\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{2066}\u{2028}touch P";

/// Every string among the facts, once.
fn strings<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => {
            found.insert(text);
        }
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(values) => values.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

/// The facts with one string in place of another, wherever it stands.
fn replaced(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::String(text) if text == old => Value::String(new.to_owned()),
        Value::Array(values) => values.iter().map(|value| replaced(value, old, new)).collect(),
        Value::Object(values) => {
            Value::Object(values.iter().map(|(key, value)| (key.clone(), replaced(value, old, new))).collect())
        }
        other => other.clone(),
    }
}

/// The commands that every check prints for its broken case with each string of the facts changed in turn, as far as
/// its findings show any of it.
fn commands(change: &dyn Fn(&str) -> String) -> Vec<(String, String)> {
    let mut commands = Vec::new();
    for check in registry::all() {
        let facts = cases::broken(check);
        let mut old = BTreeSet::new();
        strings(&facts, &mut old);
        let said = format!("{:?}", cases::findings(check, &serde_json::from_value(facts.clone()).unwrap()));
        for old in old.into_iter().filter(|old| !old.is_empty() && said.contains(*old)) {
            // What is no free text does not hold what is put there: those facts are not read at all.
            let Ok(changed) = serde_json::from_value::<Facts>(replaced(&facts, old, &change(old))) else { continue };
            for finding in cases::findings(check, &changed) {
                let typed = [Reach::Own, Reach::Mounted("/tar get")].map(|reach| finding.remedy.typed(reach));
                commands.extend(typed.concat().into_iter().map(|command| (format!("{} {old:?}", check.id), command)));
            }
        }
    }
    commands
}

#[test]
fn what_a_terminal_obeys_is_in_no_command() {
    for (name, command) in commands(&|old| format!("{old}{OBEYED}")) {
        assert!(is_typable(&command), "{name}: {command:?}");
    }
}

/// Says what it was called with, and runs what it is given to run.
const CALL: &str = r#"#!/bin/sh
{ printf '%s\0' "${0##*/}" "$@"; printf '\n\0'; } >> "$CALLS"
case ${0##*/} in
    chroot) shift; exec "$@" ;;
    unshare) shift; exec "$@" ;;
    isctpl) [ "$1 $2" != "rescue enter" ] || { shift 5; exec "$@"; } ;;
esac
"#;

#[test]
fn words_come_out_whole() {
    let Some(jail) = Jail::new("words_come_out_whole") else { return };
    for name in ["chroot", "unshare", "sed", "find", "rm", "truncate", "chmod", "mkdir", "ls", "grep", "touch"] {
        jail.stub(name, CALL);
    }
    jail.stub_all(CALL);
    let appended = |old: &str| format!("{old}{TAIL}");
    let in_place = |_: &str| format!("-x{TAIL}");
    let mut all: Vec<_> = commands(&appended).into_iter().chain(commands(&in_place)).collect();
    all.sort_by(|one, two| one.1.cmp(&two.1));
    all.dedup_by(|one, two| one.1 == two.1);
    let folder = jail.host().join("commands");
    fs::create_dir(&folder).unwrap();
    for (number, (_, command)) in all.iter().enumerate() {
        fs::write(folder.join(format!("{number:05}")), command).unwrap();
    }
    let output = jail.run(
        "cd /tmp && for file in /commands/?????; do CALLS=$file.calls; export CALLS; sh \"$file\" >\"$file.out\" 2>&1; \
         [ ! -e P ] || { echo $file >> /obeyed; rm P; }; done; exit 0",
    );
    assert!(output.status.success(), "{output:?}");
    assert!(!jail.host().join("obeyed").exists(), "{:?}", fs::read_to_string(jail.host().join("obeyed")));
    let mut hostile = BTreeSet::new();
    for (number, (name, command)) in all.iter().enumerate() {
        let file = folder.join(format!("{number:05}.calls"));
        // What only writes a file calls nobody.
        let calls = fs::read_to_string(&file).unwrap_or_default();
        assert!(!calls.split("\n\0").any(|call| call.starts_with("touch\0")), "{name}: {command}");
        // These are handed whole commands, which are run and tell what they were called with.
        let hands_on =
            |call: &&str| ["chroot\0", "unshare\0", "isctpl\0rescue\0"].iter().any(|one| call.starts_with(one));
        let told = calls.split("\n\0").filter(|call| !hands_on(call));
        for word in told.flat_map(|call| call.split('\0')).filter(|word| word.contains("touch P")) {
            // sed's own escapes are for sed, and to sysctl a dot in a name is a slash.
            let plain = |text: &str| text.replace('\\', "").replace('/', ".");
            assert!(plain(word).contains(&plain(TAIL)), "{name}: {command}\ngives {word}");
            hostile.insert(name.split_once(' ').unwrap().0);
        }
    }
    // The test is worth something: the names did reach commands.
    assert!(hostile.len() > 25, "{hostile:?}");
}
