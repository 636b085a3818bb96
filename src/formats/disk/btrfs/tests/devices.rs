//! One device of several.

use super::image::{mounted_devices, opened};
use super::tree::{Tree, assert_same, of_directory, of_filesystem};
use super::*;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

const FILES: &str = r#"
    head -c 4000000 /dev/urandom > large
    echo small > small
    mkdir directory; for index in $(seq 200); do echo $index > directory/$index; done
"#;

/// Images of a filesystem, and what is in it; `None` where nothing can be mounted.
fn made(devices: usize, metadata: &str, data: &str) -> Option<(TempDir, Vec<PathBuf>, Tree)> {
    let work = tempdir().unwrap();
    let options = ["-m", metadata, "-d", data];
    let (images, copy) = mounted_devices(work.path(), devices, &options, "noatime", FILES)?;
    let tree = of_directory(&copy);
    Some((work, images, tree))
}

/// Opens a file in the top directory.
fn file(image: &Path, name: &[u8]) -> Box<dyn Content> {
    let filesystem = opened(image).at(5).unwrap();
    filesystem.open(filesystem.lookup(filesystem.top(), name).unwrap().unwrap()).unwrap()
}

/// Where each device has all, each is enough.
#[test]
fn mirrored() {
    for (devices, profile) in [(2, "raid1"), (3, "raid1c3")] {
        let Some((_work, images, wanted)) = made(devices, profile, profile) else { return };
        for image in &images {
            assert_same(&of_filesystem(&opened(image).at(5).unwrap()).unwrap(), &wanted);
        }
    }
}

/// Where each device has a part, a file is read as far as it lies there: all parts together are the file.
#[test]
fn striped() {
    for (devices, profile, copies) in [(2, "raid0", 1), (3, "raid0", 1), (4, "raid10", 2)] {
        let metadata = if devices == 4 { "raid1c4" } else { "raid1c3" };
        let metadata = if devices == 2 { "raid1" } else { metadata };
        let Some((_work, images, wanted)) = made(devices, metadata, profile) else { return };
        let wanted = &wanted[&b"/large"[..]].bytes;
        let mut found = vec![0; wanted.len().div_ceil(4096)];
        for image in &images {
            assert_eq!(file(image, b"small").size(), 6);
            let content = file(image, b"large");
            for (sector, found) in found.iter_mut().enumerate() {
                let mut part = [0; 4096];
                match content.read_at(sector as u64 * 4096, &mut part) {
                    Ok(count) => {
                        assert_eq!(part[..count], wanted[sector * 4096..][..count], "{profile}: {sector}");
                        *found += 1;
                    }
                    Err(error) => {
                        let text = error.to_string();
                        assert!(text.contains(&format!("lies on another one of its {devices} devices")), "{text}");
                    }
                }
            }
        }
        assert_eq!(found, vec![copies; found.len()], "{profile} on {devices}");
    }
}

#[test]
fn parity() {
    let Some((_work, images, _)) = made(3, "raid1c3", "raid5") else { return };
    let text = file(&images[0], b"large").read_at(0, &mut [0; 10]).unwrap_err().to_string();
    assert!(text.starts_with("the btrfs's chunk ") && text.contains("has the profile RAID5, which isctpl"), "{text}");
}

#[test]
fn metadata_elsewhere() {
    let Some((_work, images, _)) = made(2, "raid0", "single") else { return };
    let mut errors = images.iter().filter_map(|image| {
        let filesystem = open(super::image::disk(super::image::Image::open(image))).and_then(|btrfs| btrfs.at(5));
        filesystem.and_then(|filesystem| of_filesystem(&filesystem)).err()
    });
    assert!(errors.any(|error| error.to_string().contains("lies on another one of its 2 devices")));
}
