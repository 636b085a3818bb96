//! Images that the kernel has written: compression, subvolumes, snapshots. They need a mount.

use super::image::{mounted, opened, run};
use super::tree::{Tree, assert_same, of_directory, of_filesystem};
use super::*;
use std::path::Path;
use std::process::Command;
use tempfile::tempdir;

/// Files that compress well, somewhat and not at all, whole, changed in their middle, and cloned in parts.
const FILES: &str = r#"
    write() { dd of="$1" bs="$2" conv=notrunc status=none oflag=append iflag=fullblock "${@:3}"; }
    seq 200000 > numbers
    for size in 1 10 100 1000 2000 4095 4096 4097 131071 131072 131073 400000; do
        seq 1000000 | head -c $size > "text $size"
        head -c $size /dev/zero > "zeros $size"
        head -c $size /dev/urandom > "noise $size"
    done
    for index in $(seq 60); do head -c 2500 /dev/urandom; yes "$index words" | head -c 9000; done > mixed
    sync
    printf middle | dd of=numbers bs=1 seek=500001 conv=notrunc status=none
    fallocate -p -o 262144 -l 8192 mixed
    fallocate -l 1000000 reserved
    printf 'some of it' | dd of=reserved bs=1 seek=300000 conv=notrunc status=none
    sync
    cp --reflink=always numbers clone
    truncate -s 777777 clone
    truncate -s 5000000 clone
    xfs_io -c 'reflink numbers 131072 4096 65536' clone 2>/dev/null || true
    touch nocow; chattr +C nocow; head -c 300000 /dev/urandom > nocow
    for place in $(seq 0 2 20); do printf x | dd of=pieces bs=4096 seek=$place conv=notrunc status=none; sync pieces; done
    mknod null c 1 3; mknod big b 259 1000000; mkfifo fifo
    ln -s numbers link; ln -s "$(head -c 3000 /dev/zero | tr '\0' l)" 'long link'
    mkdir many; for index in $(seq 500); do echo $index > "many/file $index"; done
    for index in $(seq 1 3 500); do rm "many/file $index"; done
"#;

#[test]
fn compressed() {
    for (options, mkfs) in [
        ("compress-force=zlib", &[][..]),
        ("compress-force=lzo", &["--csum", "xxhash"]),
        ("compress-force=zstd", &["-M"]),
        ("compress=lzo,max_inline=2048", &["-O", "^no-holes", "-n", "4096"]),
    ] {
        let work = tempdir().unwrap();
        let Some((image, copy)) = mounted(work.path(), mkfs, options, FILES) else { return };
        let dump = run(Command::new("btrfs").args(["inspect-internal", "dump-tree", "-t", "5"]).arg(&image));
        let name = options.split(['=', ',']).nth(1).unwrap();
        let dump = String::from_utf8_lossy(&dump.stdout);
        for kind in ["type 0 (inline)", "type 1 (regular)", "type 2 (prealloc)", &format!("({name})")] {
            assert!(dump.contains(kind), "{options}: {kind}");
        }
        let filesystem = opened(&image).at(5).unwrap();
        assert_same(&of_filesystem(&filesystem).unwrap(), &of_directory(&copy));
        // In small steps, which keep the extent that was read last.
        let file = filesystem.lookup(filesystem.top(), b"mixed").unwrap().unwrap();
        let (content, wanted) = (filesystem.open(file).unwrap(), std::fs::read(copy.join("mixed")).unwrap());
        for start in (0..wanted.len()).step_by(777_777 / 13) {
            let mut part = [0; 5001];
            let count = content.read_at(start as u64, &mut part).unwrap();
            assert_eq!(part[..count], wanted[start..wanted.len().min(start + part.len())]);
        }
    }
}

const SUBVOLUMES: &str = r#"
    umask 022
    btrfs subvolume create @ @home 'name with é' >/dev/null 2>&1 || for name in @ @home 'name with é'; do btrfs subvolume create "$name"; done >/dev/null
    mkdir -p @/var/lib plain/directory
    btrfs subvolume create @/var/lib/portables >/dev/null
    btrfs subvolume create @/var/lib/portables/inner >/dev/null
    btrfs subvolume create plain/directory/below >/dev/null
    echo root > @/file; echo home > @home/file; echo inner > @/var/lib/portables/inner/file
    echo below > plain/directory/below/file
    mkdir @/.snapshots
    btrfs subvolume snapshot @ @/.snapshots/1 >/dev/null
    btrfs subvolume snapshot -r @ @/.snapshots/2 >/dev/null
    echo changed > @/file
    btrfs subvolume create gone >/dev/null; echo x > gone/x; sync; btrfs subvolume delete -c gone >/dev/null
    mv @home renamed
    btrfs subvolume set-default $(btrfs inspect-internal rootid @) .
"#;

fn below(tree: Tree, path: &str) -> Tree {
    let start = format!("/{path}");
    let inside = |name: &Vec<u8>| name.starts_with(start.as_bytes()) && name.get(start.len()) == Some(&b'/');
    tree.into_iter().filter(|(name, _)| inside(name)).map(|(name, seen)| (name[start.len()..].to_vec(), seen)).collect()
}

#[test]
fn subvolumes() {
    let work = tempdir().unwrap();
    let Some((image, copy)) = mounted(work.path(), &[], "noatime", SUBVOLUMES) else { return };
    let btrfs = opened(&image);
    let found = btrfs.subvolumes().unwrap();
    let paths: Vec<(u64, String)> =
        found.iter().map(|one| (one.id, String::from_utf8(one.path.clone()).unwrap())).collect();
    let path_of = |id| paths.iter().find(|(one, _)| *one == id).unwrap().1.clone();
    assert_eq!(paths[0], (5, String::new()));
    let wanted = [
        "@",
        "renamed",
        "name with é",
        "@/var/lib/portables",
        "@/var/lib/portables/inner",
        "plain/directory/below",
        "@/.snapshots/1",
        "@/.snapshots/2",
    ];
    assert_eq!(paths[1..].iter().map(|(_, path)| path.as_str()).collect::<Vec<_>>(), wanted);
    let read_only: Vec<u64> = found.iter().filter(|one| one.read_only).map(|one| one.id).collect();
    assert_eq!(read_only.iter().map(|id| path_of(*id)).collect::<Vec<_>>(), ["@/.snapshots/2"]);
    assert_eq!(path_of(btrfs.default_subvolume().unwrap()), "@");
    assert_eq!(subvolume_list(&image), paths[1..].iter().map(|(id, _)| *id).collect::<Vec<_>>());
    // Each of them, as it is seen when it is mounted: with the ones below it, and empty directories where they are not
    // in a snapshot.
    let whole = of_directory(&copy);
    assert_same(&of_filesystem(&btrfs.at(5).unwrap()).unwrap(), &whole);
    for (id, path) in &paths[1..] {
        let seen = of_filesystem(&btrfs.at(*id).unwrap()).unwrap();
        assert_same(&seen, &below(of_directory(&copy), path));
    }
    let snapshot = of_filesystem(&btrfs.at(paths[7].0).unwrap()).unwrap();
    assert_eq!(snapshot[&b"/file"[..]].bytes, b"root\n");
    assert!(snapshot.contains_key(&b"/var/lib/portables"[..]));
    assert!(!snapshot.keys().any(|path| path.starts_with(b"/var/lib/portables/")));
}

/// The numbers of the subvolumes that the root tree has, by btrfs-progs.
fn subvolume_list(image: &Path) -> Vec<u64> {
    let dump = run(Command::new("btrfs").args(["inspect-internal", "dump-tree", "-t", "1"]).arg(image));
    let text = String::from_utf8(dump.stdout).unwrap();
    let keys = text.lines().filter_map(|line| line.split_once(" ROOT_BACKREF ")?.0.rsplit_once('(')?.1.parse().ok());
    keys.collect()
}
