//! A filesystem that was not unmounted.

use super::image::{Image, disk, mounted, opened};
use super::*;
use tempfile::tempdir;

/// After a commit everything is read, mounted or not; what was fsynced since waits in a log, which is told.
#[test]
fn not_unmounted() {
    let work = tempdir().unwrap();
    let script = r#"
        echo committed > file
        sync
        cp --sparse=always "$work/image1" "$work/committed"
        echo 'lost, and that is right' > other
        cp --sparse=always "$work/image1" "$work/uncommitted"
        echo fsynced > new; sync new
        cp --sparse=always "$work/image1" "$work/fsynced"
    "#;
    let Some((image, _)) = mounted(work.path(), &[], "noatime,commit=300", script) else { return };
    for (name, found) in [("committed", false), ("uncommitted", false), ("image1", true)] {
        let filesystem = opened(&image.with_file_name(name)).at(5).unwrap();
        assert!(filesystem.lookup(filesystem.top(), b"file").unwrap().is_some());
        assert_eq!(filesystem.lookup(filesystem.top(), b"new").unwrap().is_some(), found, "{name}");
    }
    let error = open(disk(Image::open(&image.with_file_name("fsynced")))).unwrap_err();
    assert_eq!(error.to_string(), "the btrfs has a log that the next mount replays, which isctpl does not read");
}
