//! Snapshots that are small and hold much.

use super::bounded;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Lists of every kind, of a million items or as many as are read.
#[test]
fn lists_of_nothing() {
    for place in [
        "\"images\":[#]",
        "\"kernels\":[#]",
        "\"loader\":{\"entries\":[#]}",
        "\"netconfig\":{\"interfaces\":[#]}",
        "\"storage\":{\"devices\":{\"known\":[#]}}",
        "\"network\":{\"routes\":{\"known\":[#]}}",
        "\"iscsi\":{\"nodes\":[#]}",
        "\"services\":{\"units\":[#]}",
    ] {
        for count in [1_000_000, 49_000] {
            let facts = place.replace('#', &vec!["{}"; count].join(","));
            let text = format!("{{\"schema\":\"isctpl.facts/v1\",\"tool\":\"0\",\"facts\":{{{facts}}}}}");
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut packed = GzEncoder::new(&file, Compression::best());
            packed.write_all(text.as_bytes()).unwrap();
            packed.finish().unwrap();
            for command in ["doctor", "show"] {
                let what = if command == "show" { vec!["storage"] } else { Vec::new() };
                let arguments = [command].into_iter().chain(what).chain(["--snapshot", file.path().to_str().unwrap()]);
                let answer = bounded(arguments, &format!("{command} {place} {count}"));
                assert!(answer.code > 0 || command == "show", "{command} {place} {count}: {}", answer.out);
            }
        }
    }
}
