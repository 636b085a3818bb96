use super::*;
use proptest::prelude::*;

const INSTANCES: &str = "- details: 'M.8.32.v2 (#9095) '
id: 59725
iscsi: 'Initiator IQN: iqn.2020-10.com.bigstep.storage:instance-59725 Username:
    GMBYHg5keXknd Password: WpccjYD9NgYhR '
status: active
subdomain: instance-59725.bigstep.io
wanIp: 185.90.50.238
";

const DRIVES: &str = "- attachedTo: instance-59725
credentials: 'Target: 100.97.0.0 Port:3260 IQN:iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4
    LUN ID:47'
details: none  none
id: 75618
label: drive-75618
sizemb: 40960
status: active
template: \"\"
type: iscsi_ssd
";

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.starts_with('-') { format!("{line}\n") } else { format!("  {line}\n") }).collect()
}

fn initiator_of(text: &str) -> Entry<InitiatorCredentials> {
    let mut entries = initiators(text, "instance.yaml").unwrap();
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

fn target_of(text: &str) -> Entry<TargetAddress> {
    let mut entries = targets(text, "drive.yaml").unwrap();
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

#[test]
fn reads_an_instance_as_it_is_printed_and_as_yaml() {
    let deeper: String = INSTANCES.lines().map(|line| format!("    {line}\n")).collect();
    let flat = INSTANCES.replace("\n    GMB", "\nGMB");
    for text in [INSTANCES.to_owned(), indented(INSTANCES), deeper, flat, INSTANCES.replace('\n', "\r\n")] {
        let entry = initiator_of(&text);
        assert_eq!(
            (entry.line, entry.id.as_deref(), entry.label.as_deref()),
            (3, Some("59725"), Some("instance-59725"))
        );
        assert_eq!(entry.value.initiator_name, "iqn.2020-10.com.bigstep.storage:instance-59725");
        assert_eq!(entry.value.username, "GMBYHg5keXknd");
        assert_eq!(entry.value.password.expose(), "WpccjYD9NgYhR");
    }
}

#[test]
fn reads_a_drive_as_it_is_printed_and_as_yaml() {
    let wanted = TargetAddress {
        address: "100.97.0.0".parse().unwrap(),
        port: 3260,
        target_name: "iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4".to_owned(),
        lun: 47,
    };
    for text in [DRIVES.to_owned(), indented(DRIVES)] {
        let entry = target_of(&text);
        assert_eq!((entry.line, entry.name().as_str()), (2, "drive-75618 (75618)"));
        assert_eq!(entry.value, wanted);
    }
    let ipv6 = DRIVES.replace("100.97.0.0", "[2001:db8::1]");
    assert_eq!(target_of(&ipv6).value.address, "2001:db8::1".parse::<IpAddr>().unwrap());
}

#[test]
fn reads_one_transcript_of_both() {
    let text = format!(
        "x@y ~ % metalcloud-cli instance-array get -id a --show-iscsi-credentials --format yaml\n{INSTANCES}\n\n\
         metalcloud-cli drive-array get -id  b --show-iscsi-credentials --format yaml\n{DRIVES}"
    );
    assert_eq!(initiator_of(&text).line, 4);
    assert_eq!(target_of(&text).line, 13);
}

#[test]
fn a_mapping_and_json_will_do() {
    let mapping = indented(DRIVES).replace("- a", "  a");
    assert_eq!(target_of(&mapping).value.lun, 47);
    let json = r#"[{"id": 1, "iscsi": "Initiator IQN: iqn.a:b Username: u Password: p"}]"#;
    assert_eq!(initiator_of(json).value.password.expose(), "p");
}

#[test]
fn several_items_are_chosen_from() {
    let second = DRIVES.replace("75618", "75619").replace("LUN ID:47", "LUN ID:48");
    let entries = targets(&format!("{DRIVES}{second}"), "drive.yaml").unwrap();
    assert_eq!(choose(&entries, Some("75619")).unwrap().value.lun, 48);
    assert_eq!(choose(&entries, Some("drive-75618")).unwrap().value.lun, 47);
    let several = choose(&entries, None).unwrap_err();
    assert!(several.to_string().ends_with(": drive-75618 (75618), drive-75619 (75619)"), "{several}");
    let absent = choose(&entries, Some("x")).unwrap_err().to_string();
    assert!(absent.contains("label x") && absent.contains("drive-75618"), "{absent}");
    let twice = targets(&format!("{DRIVES}{DRIVES}"), "drive.yaml").unwrap();
    assert!(matches!(choose(&twice, Some("75618")), Err(ChoiceError::Several { .. })));
    assert_eq!(choose(&entries[..1], None).unwrap().value.lun, 47);
}

#[test]
fn an_item_without_credentials_is_none() {
    let bare = "- id: 1\n  iscsi: ''\n- id: 2\n  iscsi:\n- id: 3\n";
    let error = initiators(bare, "instance.yaml").unwrap_err();
    assert!(error.to_string().starts_with("instance.yaml: no item has `iscsi:`"), "{error}");
    assert_eq!(initiators(&format!("{bare}{}", indented(INSTANCES)), "i").unwrap().len(), 1);
    assert!(targets(INSTANCES, "instance.yaml").unwrap_err().what.contains("drive-array get"));
    for text in ["", "text", "# none\n", "[]", "{}"] {
        assert_eq!(initiators(text, "f").unwrap_err().line, 0, "{text}");
    }
}

#[test]
fn errors_name_the_line_and_what_was_expected() {
    let of = |from: &str, to: &str| {
        assert!(INSTANCES.contains(from));
        initiators(&INSTANCES.replace(from, to), "i").unwrap_err()
    };
    assert!(of("Username:", "User:").what.contains("`Username:`"));
    assert!(of("    GMBYHg5keXknd", "").what.contains("`Username:`"));
    assert!(of("NgYhR '", "NgYhR and more'").what.contains("nothing after it"));
    assert!(of("WpccjYD9NgYhR", "").what.contains("`Password:`"));
    assert!(of("iqn.2020-10.com.bigstep.storage:instance-59725", "instance").what.contains("iSCSI name"));
    assert_eq!(of("Password:", "Secret:").line, 3);
    assert_eq!(of("NgYhR '", "NgYhR").to_string().split(": ").nth(1), Some("is not valid YAML"));
    let long = format!("Wp{}", "x".repeat(255));
    assert!(of("WpccjYD9NgYhR", &long).what.contains("255 bytes"));

    let of = |from: &str, to: &str| {
        assert!(DRIVES.contains(from));
        targets(&DRIVES.replace(from, to), "d").unwrap_err()
    };
    assert!(of("100.97.0.0", "san.example").what.contains("names are not looked up"));
    for port in ["0", "65536", "+1", "x"] {
        assert!(of("3260", port).what.contains("TCP port"), "{port}");
    }
    for lun in ["-1", "2F", "99999999999999999999"] {
        assert!(of("LUN ID:47", &format!("LUN ID:{lun}")).what.contains("`LUN ID:`"), "{lun}");
    }
    assert!(of("LUN ID:47", "").what.contains("`LUN ID:`"));
    assert!(of("iqn.2013-01.com.bigstep:storage", "storage").what.contains("iSCSI name"));
    let twice = INSTANCES.replace("status: active", "iscsi: x");
    assert_eq!(initiators(&twice, "i").unwrap_err().line, 5);
    assert!(initiators("- iscsi: [a]\n", "i").unwrap_err().what.contains("not a text"));
}

/// Whatever a text comes to, as a person, a log or a panic message would show it.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    match initiators(text, "f") {
        Ok(entries) => {
            shown += &format!("{entries:?}");
            for name in [None, Some("x")] {
                shown += &choose(&entries, name).map_or_else(|e| format!("{e} {e:?}"), |e| format!("{e:?}"));
            }
        }
        Err(error) => shown += &format!("{error} {error:?}"),
    }
    shown + &targets(text, "f").map_or_else(|error| format!("{error} {error:?}"), |entries| format!("{entries:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024)) {
        shown(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn never_panics_on_likely_text(text in "(- |  |    |id: |iscsi: |credentials: |'|\"|Initiator |IQN:|Username:|Password: |Port:|LUN |ID:|iqn.a|1|\\n|#|x){0,60}") {
        shown(&text);
    }

    #[test]
    fn a_secret_is_read_back_and_never_shown(secret in "[!-&(-~]{12,40}", indent in any::<bool>()) {
        prop_assume!(!secret.contains('\\'));
        let text = INSTANCES.replace("WpccjYD9NgYhR", &secret);
        let text = if indent { indented(&text) } else { text };
        let entry = initiator_of(&text);
        prop_assert_eq!(entry.value.password.expose(), secret.as_str());
        prop_assert!(!shown(&text).contains(&secret));
    }

    #[test]
    fn a_secret_in_a_damaged_text_is_never_shown(
        secret in "S3cr[a-z0-9]{12,20}",
        cuts in proptest::collection::vec((0usize..400, 0usize..12, "[ :'\"\n#x-]{0,3}"), 0..4),
    ) {
        let mut text = INSTANCES.replace("WpccjYD9NgYhR", &secret);
        for (at, length, put) in cuts {
            let start = at.min(text.len());
            let end = (start + length).min(text.len());
            text.replace_range(start..end, &put);
        }
        // Of a secret that is cut in two the longer part must not be seen either.
        let shown = shown(&text);
        prop_assert!(!shown.contains("S3cr") && !shown.contains(&secret[8..]), "{}", text);
    }
}
