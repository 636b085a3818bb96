//! Damage is named, and nothing that lies on a disk makes the reader panic or run for long.

use super::sample::{Image, content, find, names, noise, open_bytes, tree};
use crate::formats::disk::{DiskError, Filesystem, InodeKind};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// A FAT16 of clusters of 512 bytes; `DIR` and `FILE` and their clusters.
fn sample() -> (Vec<u8>, usize, usize) {
    let image = Image::new(4 << 10, &["-F", "16", "-s", "1"]);
    image.tool("mmd", &["::DIR"]);
    image.write("DIR/INNER", &noise(1, 3000));
    // As directory entries these would be labels.
    image.write("FILE", &[b'h'; 3000]);
    let bytes = image.bytes();
    let fs = open_bytes(bytes.clone()).unwrap();
    let cluster = |path| {
        let at = usize::try_from(find(&fs, path).unwrap()).unwrap();
        usize::from(u16::from_le_bytes([bytes[at + 26], bytes[at + 27]]))
    };
    let (directory, file) = (cluster("/DIR"), cluster("/FILE"));
    (bytes, directory, file)
}

/// Puts a number into the first file allocation table.
fn chain(bytes: &mut [u8], cluster: usize, next: u16) {
    let table = usize::from(u16::from_le_bytes([bytes[14], bytes[15]])) * 512;
    bytes[table + 2 * cluster..][..2].copy_from_slice(&next.to_le_bytes());
}

#[test]
fn chains_that_go_wrong_are_damage() {
    let (bytes, directory, file) = sample();
    let name = |number: usize| u16::try_from(number).unwrap();
    let said = |cluster: usize, next: u16, path: &str| {
        let mut bytes = bytes.clone();
        chain(&mut bytes, cluster, next);
        let fs = open_bytes(bytes).unwrap();
        let number = find(&fs, path).unwrap();
        let read = match fs.inode(number).map(|inode| inode.kind) {
            Ok(InodeKind::File) => content(&fs, number).map(|_| ()),
            Ok(_) => names(&fs, number).map(|_| ()),
            Err(error) => Err(error),
        };
        read.unwrap_err().to_string()
    };
    let of_file = "is damaged: its chain ";
    assert!(said(file + 1, name(file), "/FILE").contains(&format!("{of_file}comes to cluster {file} twice")));
    assert!(said(file + 1, name(file + 1), "/FILE").contains("twice"));
    assert!(said(file + 1, 0, "/FILE").contains(&format!("goes to cluster 0 behind {}, which is no", file + 1)));
    assert!(said(file + 1, 1, "/FILE").contains("goes to cluster 1"));
    assert!(said(file + 1, 0xfff0, "/FILE").contains("goes to cluster 65520"));
    assert!(said(file + 1, 0xffff, "/FILE").contains("ends after 2 of 6 clusters"));
    assert!(said(file + 1, 0xfff7, "/FILE").contains("ends after 2 of 6"), "the mark of a bad cluster ends it");
    assert!(said(directory, name(directory), "/DIR").contains("the directory of the directory entry at byte"));
    assert!(said(directory, name(directory), "/DIR").contains("twice"));
    assert!(said(directory, 0, "/DIR").contains("goes to cluster 0"));
}

#[test]
fn entries_that_contradict_themselves_are_damage() {
    let (bytes, directory, first) = sample();
    let fs = open_bytes(bytes.clone()).unwrap();
    let at = |path| usize::try_from(find(&fs, path).unwrap()).unwrap();
    let (dir, file) = (at("/DIR"), at("/FILE"));
    let with = |place: usize, new: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[place..place + new.len()].copy_from_slice(new);
        open_bytes(bytes).unwrap()
    };
    let error = |result: Result<_, DiskError>| result.unwrap_err().to_string();
    assert!(error(with(dir + 26, &[0, 0]).inode(dir as u64)).ends_with("it begins at cluster 0"));
    assert!(
        error(with(dir + 26, &u16::try_from(first).unwrap().to_le_bytes()).inode(dir as u64))
            .contains("entries '.' and '..' are missing")
    );
    let data = usize::try_from(fs.layout.place(u32::try_from(directory).unwrap()).unwrap()).unwrap();
    assert!(error(with(data + 11, &[0x20]).inode(dir as u64)).contains("missing"));
    let opened = |fs: super::super::Fat| fs.open(file as u64).map(|_| ()).unwrap_err().to_string();
    assert!(opened(with(file + 26, &[0, 0])).contains("goes to cluster 0, which is no data cluster"));
    assert!(opened(with(file + 28, &[0xff; 4])).contains("4294967295 bytes long, more than all clusters"));
    assert_eq!(with(file + 28, &[0; 4]).open(file as u64).unwrap().size(), 0);
}

#[test]
fn a_directory_of_more_than_65536_entries_is_damage() {
    let image = Image::new(8 << 10, &["-F", "16", "-s", "1"]);
    image.tool("mmd", &["::DIR"]);
    let mut bytes = image.bytes();
    let fs = open_bytes(bytes.clone()).unwrap();
    let number = find(&fs, "/DIR").unwrap();
    for cluster in 2..4096 + 2 {
        chain(&mut bytes, cluster, u16::try_from(cluster + 1).unwrap());
    }
    let error = open_bytes(bytes.clone()).unwrap().inode(number).unwrap_err().to_string();
    assert!(error.ends_with("its chain is longer than 4096 clusters"), "{error}");
    chain(&mut bytes, 4097, 0xffff);
    assert_eq!(open_bytes(bytes).unwrap().inode(number).unwrap().size, 2 << 20);
}

#[test]
fn numbers_are_held_against_what_lies_there() {
    let (bytes, ..) = sample();
    let fs = open_bytes(bytes.clone()).unwrap();
    let file = find(&fs, "/FILE").unwrap();
    let top = find(&fs, "/DIR").unwrap();
    for number in [1, 5, 512, file + 1, file + 3200, bytes.len() as u64, u64::MAX, u64::MAX - 31] {
        assert!(fs.inode(number).is_err(), "{number}");
        assert!(fs.open(number).is_err() && fs.lookup(number, b"x").is_err() && fs.read_link(number).is_err());
    }
    assert!(fs.open(0).is_err() && fs.open(top).is_err() && fs.read_link(file).is_err());
    assert!(fs.list(file, &mut |_| ControlFlow::Continue(())).is_err());
    let mut count = 0;
    let stop = |_: crate::formats::disk::DirEntry<'_>| {
        count += 1;
        ControlFlow::Break(())
    };
    fs.list(0, &mut { stop }).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn boot_sectors_that_the_kernel_refuses() {
    let bytes = Image::new(40 << 10, &["-F", "32", "-s", "1"]).with_sectors(4096);
    let said = |patches: &[(usize, &[u8])]| {
        let mut bytes = bytes.clone();
        for (at, new) in patches {
            bytes[*at..at + new.len()].copy_from_slice(new);
        }
        open_bytes(bytes).map(|_| ()).unwrap_err().to_string()
    };
    let damaged = |what: &str| format!("the boot sector is damaged: {what}");
    assert_eq!(said(&[(3, b"EXFAT   ")]), "an exFAT filesystem, which isctpl does not read");
    assert_eq!(said(&[(14, &[0, 0])]), damaged("BPB_RsvdSecCnt is 0"));
    assert_eq!(said(&[(16, &[0])]), damaged("BPB_NumFATs is 0"));
    assert_eq!(said(&[(21, &[0x70])]), damaged("BPB_Media is 0x70"));
    assert_eq!(said(&[(11, &[0, 1])]), damaged("BPB_BytsPerSec is 256"));
    assert_eq!(said(&[(11, &[1, 2])]), damaged("BPB_BytsPerSec is 513"));
    assert_eq!(said(&[(11, &[0, 0x20])]), damaged("BPB_BytsPerSec is 8192"));
    assert_eq!(said(&[(13, &[0])]), damaged("BPB_SecPerClus is 0"));
    assert_eq!(said(&[(13, &[3])]), damaged("BPB_SecPerClus is 3"));
    assert_eq!(said(&[(36, &[0; 4])]), damaged("BPB_FATSz16 and BPB_FATSz32 are 0"));
    assert_eq!(said(&[(17, &[5, 0])]), damaged("BPB_RootEntCnt is 5, which is not a whole number of sectors"));
    assert!(said(&[(32, &[9, 0, 0, 0])]).contains("it tells of 9 sectors, and data begins at"));
    assert!(
        said(&[(13, &[1]), (22, &[0x01, 0x01]), (32, &[0xff; 4]), (36, &[0xff; 4])])
            .contains("65790 clusters, too many")
    );
    assert!(said(&[(32, &[0xff; 4]), (36, &[0, 0, 0x10, 0])]).contains("behind the end"));
    assert!(said(&[(44, &[0; 4])]).starts_with("the top directory is damaged: its chain goes to cluster 0"));
    assert!(said(&[(44, &[0xff; 4])]).contains("which is no data cluster"));
    assert!(open_bytes(vec![0; 511]).is_err() && open_bytes(Vec::new()).is_err());
}

/// Asks for everything that can be reached, within bounds of its own as whoever calls has them.
fn look_around(bytes: Vec<u8>) -> Result<usize, DiskError> {
    let fs = open_bytes(bytes)?;
    let mut left = vec![0];
    let mut seen = 0;
    while let Some(number) = left.pop() {
        seen += 1;
        let mut inside = Vec::new();
        let list = fs.list(number, &mut |entry| {
            inside.push((entry.name.to_vec(), entry.inode));
            if inside.len() < 200 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        drop(list);
        for (name, number) in inside {
            drop(fs.lookup(number, &name));
            match fs.inode(number) {
                Ok(inode) if inode.kind == InodeKind::Directory && seen < 50 => left.push(number),
                Ok(inode) if inode.size < 1 << 20 => drop(content(&fs, number)),
                _ => drop(fs.open(number)),
            }
        }
    }
    Ok(seen)
}

#[test]
#[allow(clippy::print_stderr)]
fn flipped_bytes_and_missing_ends_do_no_harm() {
    let mut slowest = Duration::ZERO;
    let mut read = 0;
    for (options, size) in
        [(["-F", "12", "-s", "1"], 512), (["-F", "16", "-s", "1"], 3000), (["-F", "32", "-s", "1"], 40 << 10)]
    {
        let image = Image::new(size, &options);
        image.tool("mmd", &["::dir", "::dir/another one", "::dir/another one/third"]);
        for (index, name) in ["a long name of a file", "dir/inner file", "dir/another one/x", "BIG"].iter().enumerate()
        {
            image.write(name, &noise(index as u64, 3000 * (index + 1)));
        }
        let bytes = if options[1] == "32" { image.with_sectors(4096) } else { image.bytes() };
        assert_eq!(tree(&open_bytes(bytes.clone()).unwrap()).unwrap().len(), 7);
        // Tables and directories lie at the beginning, as do the first clusters.
        let used = if options[1] == "32" { 700 << 10 } else { 40 << 10 };
        for seed in 0..150_u64 {
            let mut bytes = bytes.clone();
            for dice in noise(seed, 8 * (1 + usize::try_from(seed % 20).unwrap())).chunks(8) {
                let dice = u64::from_le_bytes(dice.try_into().unwrap());
                let range = [64, used, bytes.len()][usize::try_from(dice % 16).unwrap().min(2)];
                let at = usize::try_from((dice >> 16) % range as u64).unwrap();
                bytes[at] ^= dice.to_be_bytes()[0] | 1;
            }
            if seed % 10 == 9 {
                bytes.truncate(usize::try_from(seed).unwrap() * bytes.len() / 150);
            }
            let begin = Instant::now();
            read += usize::from(look_around(bytes).is_ok());
            slowest = slowest.max(begin.elapsed());
        }
    }
    eprintln!("the slowest of 450 damaged images took {slowest:?}; {read} could be opened");
    assert!(read > 100 && slowest < Duration::from_secs(2), "{read} {slowest:?}");
}
