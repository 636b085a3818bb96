//! Template: what could not be looked for is not missing.

use super::machine::machine;
use isctpl_checks::{Outcome, Selection, judge};
use serde_json::json;

#[test]
fn what_could_not_be_looked_for_is_unknown() {
    let outcome = |source: &str| {
        let problem = json!({"place": "/usr/bin/python3", "what": "too many links", "source": source});
        let facts = machine("initramfs-tools-root")
            .patch(json!([
                {"op": "replace", "path": "/template/wanted", "value": [
                    {"what": "python", "found": null, "enabled": null, "looked_for": ["/usr/bin/python3"]}]},
                {"op": "replace", "path": "/template/problems", "value": [problem]},
            ]))
            .facts();
        let only = Selection { only: vec!["template-python-missing".to_owned()], ..Selection::default() };
        judge(&facts, &only).results.pop().unwrap().outcome
    };
    assert!(matches!(outcome("wanted"), Outcome::Unknown { .. }), "{:?}", outcome("wanted"));
    assert!(matches!(outcome("logs"), Outcome::Fail(_)), "{:?}", outcome("logs"));
}
