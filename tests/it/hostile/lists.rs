//! Snapshots that are small and hold much: for the tests of the bounds, and for
//! `cargo bench --bench costs -- --hostile`, which measures each.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Lists of every kind, of a million items that say nothing, or as many as are read; and what each is, in words.
pub(crate) fn snapshots() -> impl Iterator<Item = (String, Vec<u8>)> {
    let places = [
        "\"images\":[#]",
        "\"kernels\":[#]",
        "\"loader\":{\"entries\":[#]}",
        "\"netconfig\":{\"interfaces\":[#]}",
        "\"storage\":{\"devices\":{\"known\":[#]}}",
        "\"network\":{\"routes\":{\"known\":[#]}}",
        "\"iscsi\":{\"nodes\":[#]}",
        "\"services\":{\"units\":[#]}",
    ];
    places.into_iter().flat_map(|place| [1_000_000, 49_000].map(|count| (place, count))).map(|(place, count)| {
        let facts = place.replace('#', &vec!["{}"; count].join(","));
        let text = format!("{{\"schema\":\"isctpl.facts/v1\",\"tool\":\"0\",\"facts\":{{{facts}}}}}");
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(text.as_bytes()).unwrap();
        (format!("a snapshot with {place} of {count}"), packed.finish().unwrap())
    })
}
