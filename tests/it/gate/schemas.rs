//! What `show`, `checks` and `explain` print for programs, held against the schemas beside the reports.

use super::show::SHOWN;
use super::*;
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const FACTS: &str = include_str!("../../../src/report/facts-v1.schema.json");
const CHECKS: &str = include_str!("../../../src/report/checks-v1.schema.json");

/// A value that no field takes: every number in the schemas is whole.
const NO_FIELDS_VALUE: f64 = -0.5;

/// Fields that may be absent.
const OPTIONAL: [&str; 26] = [
    "/entries/*/target",
    "/initramfs/*/account",
    "/initramfs/*/crypttab",
    "/initramfs/*/md_arrays",
    "/initramfs/*/md_named_only",
    "/initramfs/*/module_indexes",
    "/initramfs/*/requests/*/kind/target/account",
    "/initramfs/*/starters",
    "/iscsi/initramfs_conf/account",
    "/kernel/*/modules/*/asks",
    "/kernel/*/requests",
    "/kernel/*/softdeps",
    "/storage/beside",
    "/storage/crypttab",
    "/storage/devices/known/*/btrfs_checksum",
    "/storage/devices/known/*/btrfs_devices",
    "/storage/devices/known/*/luks",
    "/storage/devices/known/*/raid",
    "/storage/devices/known/*/volumes",
    "/storage/fstab/*/present",
    "/storage/md_arrays",
    "/storage/overlayroot",
    "/storage/root_device/known/volumes",
    "/storage/root_subvolume",
    "/storage/volume_disks",
    "/storage/volume_groups",
];

/// Objects whose keys are names out of the facts: a missing key is another fact, and not a missing field.
const MAPS: [&str; 14] = [
    "/initramfs/*/files",
    "/initramfs/*/module_indexes",
    "/initramfs/*/module_indexes/*/known/requests",
    "/initramfs/*/modules",
    "/kernel/*/alias_matches",
    "/kernel/*/config/value",
    "/kernel/*/modules",
    "/kernel/*/requests/known",
    "/loader/loader/grubenv",
    "/modules",
    "/storage/devices/known/*/volumes",
    "/storage/volume_disks",
    "/storage/volume_groups",
    "/storage/volume_groups/*/value",
];

/// Validates as the schema is published, and as one that takes no field it does not name: the second shows that
/// every field that is printed is described.
struct Schema {
    open: Validator,
    closed: Validator,
}

impl Schema {
    fn new(text: &str) -> Self {
        let mut schema: Value = serde_json::from_str(text).unwrap();
        assert!(jsonschema::meta::is_valid(&schema));
        let open = jsonschema::validator_for(&schema).unwrap();
        close(&mut schema);
        Self { open, closed: jsonschema::validator_for(&schema).unwrap() }
    }

    fn holds(&self, value: &Value, of: &str) {
        for (validator, name) in
            [(&self.open, "the schema"), (&self.closed, "the schema, where every field must be described")]
        {
            let errors: Vec<String> =
                validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            let errors: Vec<&str> = errors.iter().take(5).map(|error| error.get(..400).unwrap_or(error)).collect();
            assert!(errors.is_empty(), "{of} against {name}: {errors:#?}");
        }
    }
}

/// Lets no object have a field that is not named. Conditions, which say nothing of a type, stay as they are.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let types = fields.get("type").map(Value::to_string).unwrap_or_default();
            if types.contains("object") && fields.contains_key("properties") {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every field and item of a value: its pointer, and the same with `*` for an index and for a key of a map. Of those
/// that differ in these alone, one.
fn paths(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![(String::new(), String::new(), value)];
    while let Some((pointer, general, value)) = open.pop() {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(fields) => {
                fields.iter().map(|(key, child)| (key.replace('~', "~0").replace('/', "~1"), child)).collect()
            }
            Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        let any = value.is_array() || MAPS.contains(&general.as_str());
        for (word, child) in children {
            let path = (format!("{pointer}/{word}"), format!("{general}/{}", if any { "*" } else { &word }));
            if seen.insert(path.1.clone()) {
                found.push(path.clone());
            }
            open.push((path.0, path.1, child));
        }
    }
    found
}

/// Takes one field away and gives it another type, for each field there is: the schema must refuse both.
fn refuses_every_change(schema: &Schema, value: &Value, of: &str) -> usize {
    assert!(schema.open.is_valid(value), "{of}");
    let mut changed = value.clone();
    let mut made = 0;
    for (pointer, general) in paths(value) {
        let place = changed.pointer_mut(&pointer).unwrap();
        let kept = std::mem::replace(place, json!(NO_FIELDS_VALUE));
        assert!(!schema.open.is_valid(&changed), "{of}: {pointer} of another type is taken");
        *changed.pointer_mut(&pointer).unwrap() = kept;
        made += 1;
        if general.ends_with("/*") || OPTIONAL.contains(&general.as_str()) {
            continue;
        }
        let (parent, word) = pointer.rsplit_once('/').unwrap();
        let key = word.replace("~1", "/").replace("~0", "~");
        let kept = changed.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(&key).unwrap();
        assert!(!schema.open.is_valid(&changed), "{of}: {pointer} may be missing");
        changed.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key, kept);
        made += 1;
    }
    assert_eq!(&changed, value);
    made
}

/// Everything that `show` prints of one source, by name.
fn shown(source: &[&str]) -> Vec<(String, Value)> {
    let show = |what: &&str| {
        let args = [&["show", what, "--format", "json"], source].concat();
        let answer = isctpl(&args);
        // The tests may run where not everything can be read; what was read is printed all the same.
        assert!([0, 3].contains(&answer.code), "{args:?}: {}", answer.err);
        (args.join(" "), answer.json())
    };
    SHOWN.iter().map(show).collect()
}

fn captured() -> Vec<String> {
    let files = fs::read_dir(crate::support::fixtures().join("captured")).unwrap();
    let paths = files.map(|file| text(&file.unwrap().path()).to_owned());
    let found: Vec<String> = paths.filter(|path| path.ends_with(".json")).collect();
    assert!(found.len() > 3);
    found
}

#[test]
fn facts_keep_their_schema_whatever_is_read() {
    let schema = Schema::new(FACTS);
    let whole = machine("");
    let empty = tempfile::tempdir().unwrap();
    let unreadable = machine("- /boot/grub/grub.cfg\np 0644 /boot/grub/grub.cfg\np 0644 /etc/fstab\n");
    let roots = [whole.path(), empty.path(), unreadable.path(), Path::new("/")];
    for root in roots {
        for (of, value) in shown(&["--root", text(root)]) {
            schema.holds(&value, &of);
        }
    }
    let mut modes = BTreeSet::new();
    for file in captured() {
        for (of, value) in shown(&["--snapshot", &file]) {
            schema.holds(&value, &of);
            modes.insert(value["mode"].to_string());
        }
    }
    assert_eq!(modes.len(), 2, "one of a booted instance and one of a mounted root: {modes:?}");
}

/// The facts behind every finding, which hold what no sound machine has.
#[test]
fn facts_of_every_finding_keep_their_schema() {
    use clap::ValueEnum;
    use isctpl::report::{What, facts_json};
    let schema = Schema::new(FACTS);
    let mut judged = 0;
    for check in fs::read_dir(crate::support::fixtures().join("checks")).unwrap() {
        let path = check.unwrap().path().join("broken.json");
        let case: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let base = crate::support::fixtures().join("facts").join(case["base"].as_str().unwrap()).with_extension("json");
        let mut facts: Value = serde_json::from_str(&fs::read_to_string(base).unwrap()).unwrap();
        if let Ok(patch) = serde_json::from_value::<json_patch::Patch>(case["patch"].clone()) {
            json_patch::patch(&mut facts, &patch).unwrap();
        }
        let facts = serde_json::from_value(facts).unwrap();
        for what in What::value_variants() {
            let printed = serde_json::from_str(&facts_json(*what, &facts).unwrap()).unwrap();
            schema.holds(&printed, &format!("{what:?} of {}", path.display()));
        }
        judged += 1;
    }
    assert!(judged > 50, "{judged}");
}

#[test]
fn a_listed_image_keeps_the_schema() {
    let schema = Schema::new(FACTS);
    let root = machine("");
    let image = root.path().join("boot/initrd.img-6.1.0-50-amd64");
    let listing = isctpl(["show", "initramfs", text(&image), "--format", "json"]).json();
    schema.holds(&listing, "a sound image");
    assert!(refuses_every_change(&schema, &listing, "a sound image") > 30);
    fs::write(&image, "nothing that a kernel would read").unwrap();
    let listing = isctpl(["show", "initramfs", text(&image), "--format", "json"]).json();
    assert_ne!(listing["damage"], json!([]));
    schema.holds(&listing, "a damaged image");
}

#[test]
fn the_schema_of_facts_refuses_what_lacks_a_field_or_has_another_type() {
    let schema = Schema::new(FACTS);
    let root = machine("");
    let mut made = 0;
    for source in [&["--snapshot", CAPTURED_LIVE][..], &["--root", text(root.path())]] {
        for (of, value) in shown(source) {
            made += refuses_every_change(&schema, &value, &of);
        }
    }
    assert!(made > 1000, "only {made} changes were made");
}

#[test]
fn the_catalogue_keeps_its_schema() {
    let schema = Schema::new(CHECKS);
    for args in [&["checks"][..], &["explain", "san-route-missing"], &["explain", "template"]] {
        let of = args.join(" ");
        let catalogue = isctpl([args, &["--format", "json"]].concat()).json();
        schema.holds(&catalogue, &of);
        assert!(refuses_every_change(&schema, &catalogue, &of) >= 20, "{of}");
    }
    let other = json!({"schema": "isctpl.checks/v2", "checks": Map::new()});
    assert!(!schema.open.is_valid(&other));
}
