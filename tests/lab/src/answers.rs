//! What a person puts into the answers of docs/unattended, and nothing else of them changes.

/// What stands there for the LUN, by its name below `/dev/disk/by-path`.
const LUN: &str = "ip-192.0.2.10:3260-iscsi-iqn.2013-01.com.example:storage.1-lun-47";
/// What stands there for the key of who gets in.
const KEY: &str = "ssh-ed25519 YOUR-PUBLIC-KEY admin@example.org";

/// The answers with that LUN and that key; nothing where they do not name each in one place.
pub fn filled_in(text: &str, lun: &str, key: &str) -> Option<String> {
    let once = |what: &str| text.matches(what).count() == 1;
    (once(LUN) && once(KEY)).then(|| text.replace(LUN, lun).replace(KEY, key))
}

/// What the commands of an installer said, of its log: what its `log-output` wrote, without what stands before it.
pub fn said(log: &str) -> String {
    let mut text = String::new();
    for line in log.lines() {
        if let Some((_, said)) = line.split_once(" log-output: ") {
            text.push_str(said);
            text.push('\n');
        }
    }
    text
}
