//! Commands that edit a file: they do what they say, on the files that there are, and once.
use super::machine::machine;
use isctpl_checks::facts::Facts;
use isctpl_checks::{Selection, judge};
use serde_json::{Value, json};

fn set(path: &str, value: Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

/// What a command prints in place of a file's text; run twice, it changes nothing more.
fn edited(command: &str, named: &str, text: &str) -> String {
    let file = std::env::temp_dir().join(format!("isctpl-edit-{}-{}", std::process::id(), named.replace('/', "-")));
    std::fs::write(&file, text).unwrap();
    let mut after = Vec::new();
    for _ in 0..2 {
        let here = command.replace(named, file.to_str().unwrap());
        let status = std::process::Command::new("sh").args(["-c", &here]).status().unwrap();
        assert!(status.success(), "{here}");
        after.push(std::fs::read_to_string(&file).unwrap());
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(after[0], after[1], "{command} changes more each time");
    after.remove(0)
}

fn commands(facts: &Facts, check: &str) -> (Vec<String>, String) {
    let judgement = judge(facts, &Selection::default());
    let (_, finding) = judgement.findings().into_iter().find(|(known, _)| known.id == check).unwrap();
    let commands = finding.remedy.plain_commands();
    (commands, finding.evidence.iter().map(|one| format!("{}: {}\n", one.source, one.excerpt)).collect())
}

#[test]
fn the_timeout_of_dhclient_is_set_where_it_stands() {
    const PATH: &str = "/etc/dhcp/dhclient.conf";
    const INCLUDED: &str = "/etc/dhcp/more.conf";
    for (path, line, before, after) in [
        (PATH, Some(1), "timeout 60;\n", "timeout 10;\n"),
        (PATH, Some(2), "#timeout 60;\n\ttimeout  300 ;\n", "#timeout 60;\n\ttimeout 10;\n"),
        (PATH, Some(1), "retry 60; timeout 60; reboot 5;\n", "retry 60; timeout 10; reboot 5;\n"),
        (PATH, Some(1), "timeout 60", "timeout 10;"),
        (INCLUDED, Some(1), "timeout 60;\n", "timeout 10;\n"),
        (PATH, None, "#timeout 60;\n", "#timeout 60;\n\ntimeout 10;\n"),
        (PATH, None, "send x 1;", "send x 1;\ntimeout 10;\n"),
    ] {
        let timeout = line.map(|line| json!({"value": 60, "at": {"path": path, "line": line}}));
        let facts = machine("initramfs-tools-live")
            .patch(json!([
                set("/netconfig/interfaces/2/method", json!("dhcp")),
                set("/netconfig/interfaces/2/addresses", json!([])),
                set("/netconfig/interfaces/2/gateway", json!(null)),
                set("/dhcp/dhclient/path", json!(PATH)),
                set("/dhcp/dhclient/timeout", json!(timeout)),
            ]))
            .facts();
        let (commands, _) = commands(&facts, "handover-dhcp-timeout-long");
        assert_eq!(commands.len(), 1);
        assert_eq!(edited(&commands[0], path, before), after, "{}", commands[0]);
    }
}

#[test]
fn what_dracut_keeps_out_is_taken_out_before_the_image_is_built() {
    const PATH: &str = "/etc/dracut.conf.d/50-small.conf";
    let facts = machine("dracut-root")
        .patch(json!([
            {"op": "remove", "path": "/images/0/modules/iscsi_tcp"},
            set("/loader/omits", json!([
                {"key": "omit_dracutmodules", "words": ["iscsi", "nfs"], "at": {"path": PATH, "line": 2}},
            ])),
        ]))
        .facts();
    let (commands, evidence) = commands(&facts, "initramfs-module-missing");
    assert!(evidence.contains("/etc/dracut.conf.d/50-small.conf:2: omit_dracutmodules lists iscsi"), "{evidence}");
    let before = "hostonly=yes\nomit_dracutmodules+=\" nfs iscsi \"\nadd_dracutmodules+=\" iscsi \"\n";
    let after = "hostonly=yes\nomit_dracutmodules+=\" nfs  \"\nadd_dracutmodules+=\" iscsi \"\n";
    assert_eq!(edited(&commands[0], PATH, before), after, "{}", commands[0]);
    assert!(commands.last().unwrap().starts_with("dracut "), "{commands:?}");
}
