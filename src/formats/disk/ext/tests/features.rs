//! Every feature that mke2fs(8) knows of.

use super::shapes::everything;
use super::tools::{Image, file_disk, run};
use super::walk;
use crate::formats::disk::ext::open;
use crate::formats::disk::{DiskError, Filesystem as _};
use std::process::Command;

/// Options of mke2fs, and whether large directories get an index (e2fsck waits ten seconds for a filesystem with mmp).
const FORMATS: [(&str, bool); 31] = [
    ("-t ext2 -b 1024", false),
    ("-t ext2 -b 4096 -I 128", true),
    ("-t ext2 -r 0 -O none", false),
    ("-t ext3 -b 2048", true),
    ("-t ext3 -b 1024 -I 128 -O ^resize_inode,^filetype", true),
    ("-t ext4 -b 1024", true),
    ("-t ext4 -b 2048", false),
    ("-t ext4 -b 4096", true),
    ("-t ext4 -b 65536", true),
    ("-t ext4 -O ^64bit -b 1024", true),
    ("-t ext4 -O ^metadata_csum,uninit_bg", true),
    ("-t ext4 -O ^metadata_csum,uninit_bg,^64bit", true),
    ("-t ext4 -O ^metadata_csum,^uninit_bg -b 1024", true),
    ("-t ext4 -O ^extent,^64bit", true),
    ("-t ext4 -I 128", true),
    ("-t ext4 -I 1024", true),
    ("-t ext4 -O inline_data -I 256", true),
    ("-t ext4 -O inline_data -I 512 -b 1024", true),
    ("-t ext4 -O inline_data,^metadata_csum -I 1024", true),
    ("-t ext4 -O bigalloc -C 65536", true),
    ("-t ext4 -O bigalloc -b 1024 -C 8192", true),
    ("-t ext4 -O meta_bg,^resize_inode -b 1024 -g 256", true),
    ("-t ext4 -O meta_bg,^resize_inode,^flex_bg,^64bit,^sparse_super -b 1024 -g 512", true),
    ("-t ext4 -O meta_bg,^resize_inode,bigalloc -b 1024 -C 2048 -g 1024", true),
    ("-t ext4 -O sparse_super2,meta_bg,^resize_inode -b 1024 -g 1024", true),
    ("-t ext4 -O ^flex_bg,^sparse_super,^resize_inode -b 1024 -g 2048", true),
    ("-t ext4 -O metadata_csum_seed,ea_inode,large_dir", true),
    ("-t ext4 -O quota,project,mmp,orphan_file,verity,stable_inodes", false),
    ("-t ext4 -O fast_commit -J size=8", true),
    ("-t ext4 -O casefold -E encoding=utf8", true),
    ("-t ext4 -O encrypt,^has_journal", true),
];

#[test]
fn a_filesystem_of_every_format_is_read_whole() {
    let source = everything();
    let wanted = walk::host(source.path());
    for (options, index) in FORMATS {
        let options: Vec<_> = options.split(' ').collect();
        let image = Image::make(&options, Some(source.path()), "40M");
        if index {
            image.index_directories();
        }
        let found = walk::read(&image.open()).unwrap_or_else(|error| panic!("{options:?}: {error}"));
        walk::must_be_equal(&found, &wanted);
    }
}

#[test]
fn a_new_uuid_changes_no_checksums_where_their_seed_is_kept() {
    let source = everything();
    for features in ["metadata_csum_seed", "metadata_csum"] {
        let image = Image::make(&["-t", "ext4", "-O", features], Some(source.path()), "32M");
        image.must_be_clean();
        run(Command::new("tune2fs").args(["-f", "-U", "random"]).arg(&image.path), &[0]);
        walk::must_be_equal(&walk::read(&image.open()).unwrap(), &walk::host(source.path()));
    }
}

#[test]
fn a_feature_that_is_not_known_is_named() {
    let image = Image::make(&["-t", "ext4", "-O", "^metadata_csum"], None, "8M");
    for (bit, name) in
        [(0_u32, "compression"), (3, "journal_dev"), (12, "dirdata"), (20, "FEATURE_I20"), (31, "FEATURE_I31")]
    {
        let mut bytes = image.bytes();
        bytes[1024 + 0x60 + bit as usize / 8] |= 1 << (bit % 8);
        let error = open(super::tools::disk(std::sync::Arc::new(bytes))).unwrap_err();
        assert_eq!(error, DiskError::Unsupported(format!("an ext4 with the feature {name}")));
    }
    // A read-only one is nothing to whoever reads.
    let mut bytes = image.bytes();
    bytes[1024 + 0x67] |= 0x80;
    open(super::tools::disk(std::sync::Arc::new(bytes))).unwrap();
}

#[test]
fn what_is_encrypted_is_refused_and_the_rest_is_read() {
    let source = everything();
    let image = Image::make(&["-t", "ext4", "-O", "encrypt"], Some(source.path()), "32M");
    image.debugfs(b"sif file-1024 flags 0x80800\nsif few flags 0x80800\nsif link-200 flags 0x80800\n");
    let ext = image.open();
    let number = |path| walk::resolve(&ext, path).unwrap().unwrap();
    let refused = [
        ext.open(number("file-1024")).unwrap_err(),
        ext.lookup(number("few"), b"few").unwrap_err(),
        ext.read_link(number("link-200")).unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(&error, DiskError::Unsupported(what) if what.ends_with("is encrypted")), "{error}");
    }
    assert_eq!(ext.inode(number("file-1024")).unwrap().size, 1024);
    assert_eq!(walk::content(&ext, number("file-1025")).unwrap().len(), 1025);
}

#[test]
fn a_name_that_may_differ_in_case_is_not_said_to_be_missing() {
    let image = Image::make(&["-t", "ext4", "-O", "casefold", "-E", "encoding=utf8"], None, "8M");
    let mut commands = "mkdir folded\nsif folded flags 0x40080000\nmkdir plain\ncd folded\nmkdir Name\n".to_owned();
    (0..300).for_each(|index| commands += &format!("mkdir \"Name {index}\"\n"));
    image.debugfs(commands.as_bytes());
    image.index_directories();
    assert!(image.debugfs(b"stat folded\n").contains("Flags: 0x40081000"));
    let ext = image.open();
    let number = |path| walk::resolve(&ext, path).unwrap().unwrap();
    for index in 0..300 {
        assert!(ext.lookup(number("folded"), format!("Name {index}").as_bytes()).unwrap().is_some());
    }
    assert!(ext.lookup(number("folded"), b"Name").unwrap().is_some());
    assert!(matches!(ext.lookup(number("folded"), b"name"), Err(DiskError::Unsupported(_))));
    assert_eq!(ext.lookup(number("plain"), b"name"), Ok(None));
}

#[test]
fn an_image_that_is_cut_short_is_refused() {
    let image = Image::make(&["-t", "ext4"], None, "8M");
    let file = std::fs::OpenOptions::new().write(true).open(&image.path).unwrap();
    file.set_len(7 << 20).unwrap();
    let error = open(file_disk(&image.path)).unwrap_err();
    assert!(matches!(&error, DiskError::Damaged { .. }), "{error}");
}
