#![allow(clippy::unwrap_used)]

use super::*;
use isctpl_checks::facts::{BootEntry, FileRef};
use std::fs;
use std::path::Path;

fn put(root: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn image(version: &str) -> Vec<u8> {
    let mut bytes = vec![0; 0x800];
    bytes.splice(0x1fe..0x200, [0x55, 0xaa]);
    bytes.splice(0x202..0x206, *b"HdrS");
    bytes.splice(0x206..0x208, [0x0f, 0x02]);
    bytes.splice(0x20e..0x210, [0x00, 0x04]);
    bytes.splice(0x600..0x600 + version.len(), version.bytes());
    bytes
}

fn loader(paths: &[&str]) -> Loader {
    let entry = |path: &&str| BootEntry {
        kernel: Some(FileRef { path: Some((*path).to_owned()), ..FileRef::default() }),
        ..BootEntry::default()
    };
    Loader { entries: paths.iter().map(entry).collect(), ..Loader::default() }
}

#[test]
fn a_kernel_is_read_with_its_modules() {
    let dir = tempfile::tempdir().unwrap();
    let modules = "/lib/modules/6.1.0-50-amd64";
    put(dir.path(), "/boot/vmlinuz-x", image("6.1.0-50-amd64 (me) #1"));
    put(dir.path(), "/boot/config-6.1.0-50-amd64", "CONFIG_ISCSI_TCP=m\n");
    put(dir.path(), &format!("{modules}/modules.builtin"), "kernel/drivers/scsi/sd_mod.ko\n");
    put(dir.path(), &format!("{modules}/modules.alias"), "alias virtio:d00000001v* virtio_net\n");
    put(dir.path(), &format!("{modules}/modules.builtin.modinfo"), "hv_netvsc.alias=vmbus:6351*\0");
    put(
        dir.path(),
        &format!("{modules}/modules.dep"),
        "kernel/iscsi_tcp.ko: kernel/libiscsi.ko\nkernel/libiscsi.ko:\nkernel/virtio_net.ko:\nextra/own.ko:\n",
    );
    put(dir.path(), &format!("{modules}/kernel/libiscsi.ko"), "");
    put(dir.path(), &format!("{modules}/kernel/virtio_net.ko"), "no ELF");
    let root = Root::open(dir.path()).unwrap();
    let modaliases = ["virtio:d00000001v00001AF4".to_owned(), "vmbus:635161F8".to_owned()];
    let paths = ["/boot/vmlinuz-x", "/boot/vmlinuz-x"];
    let kernels = read(&root, &loader(&paths), &modaliases, &["own".to_owned()]);
    let [kernel] = kernels.as_slice() else { panic!("{kernels:?}") };
    assert_eq!(kernel.version, Fact::Known("6.1.0-50-amd64".to_owned()));
    assert!(kernel.version_from_image);
    assert_eq!(kernel.modules_dir.as_deref(), Some(modules));
    assert!(kernel.builtin.known().unwrap().contains("sd_mod"));
    let seen: Vec<_> = kernel.modules.values().map(|module| (module.name.as_str(), module.present)).collect();
    assert_eq!(seen, [("iscsi_tcp", false), ("libiscsi", true), ("own", false), ("virtio_net", true)]);
    assert_eq!(kernel.modules["iscsi_tcp"].depends, ["libiscsi"]);
    assert_eq!(kernel.alias_matches["virtio:d00000001v00001AF4"], ["virtio_net"]);
    assert_eq!(kernel.alias_matches["vmbus:635161F8"], ["hv_netvsc"]);
    assert_eq!(kernel.config.as_ref().unwrap().value["CONFIG_ISCSI_TCP"], "m");
    assert_eq!(kernel.config.as_ref().unwrap().value["CONFIG_ISCSI_IBFT"], "n");
    assert_eq!(kernel.problems.len(), 1, "{:?}", kernel.problems);
}

#[test]
fn a_name_tells_the_version_where_the_image_does_not() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "/boot/Image-6.6.1-arm64", [0; 100]);
    put(dir.path(), "/boot/abc/6.9.2/linux", [0; 100]);
    put(dir.path(), "/boot/bzImage", [0; 100]);
    put(dir.path(), "/usr/lib/modules/6.9.2/modules.dep", "");
    let root = Root::open(dir.path()).unwrap();
    let kernels =
        read(&root, &loader(&["/boot/Image-6.6.1-arm64", "/boot/abc/6.9.2/linux", "/boot/bzImage"]), &[], &[]);
    assert_eq!(kernels[0].version, Fact::Known("6.6.1-arm64".to_owned()));
    assert!(!kernels[0].version_from_image);
    assert_eq!((kernels[0].modules_dir.as_deref(), kernels[0].builtin.problem().is_some()), (None, true));
    assert_eq!(kernels[1].modules_dir.as_deref(), Some("/usr/lib/modules/6.9.2"));
    assert!(kernels[2].version.problem().is_some());
}

#[test]
fn a_directory_of_modules_that_cannot_be_looked_at_is_not_missing() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "/boot/vmlinuz-x", image("6.1.0 (me) #1"));
    let modules_of = || {
        let kernels = read(&Root::open(dir.path()).unwrap(), &loader(&["/boot/vmlinuz-x"]), &[], &[]);
        let kernel = kernels.into_iter().next().unwrap();
        (kernel.modules_dir, kernel.problems, kernel.builtin.problem().map(|problem| problem.what.clone()))
    };
    let (directory, problems, builtin) = modules_of();
    assert_eq!((directory, problems, builtin.as_deref()), (None, vec![], Some("does not exist")));

    std::os::unix::fs::symlink("lib", dir.path().join("lib")).unwrap();
    let (directory, problems, builtin) = modules_of();
    assert_eq!((directory, problems.len()), (None, 1));
    assert_eq!((problems[0].source, Some(&problems[0].what)), (Source::KernelModules, builtin.as_ref()));

    put(dir.path(), "/usr/lib/modules/6.1.0/modules.dep", "");
    assert_eq!(modules_of().0.as_deref(), Some("/usr/lib/modules/6.1.0"));
}

#[test]
fn a_module_that_cannot_be_looked_at_is_told() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "/boot/vmlinuz-x", image("6.1.0 (me) #1"));
    put(dir.path(), "/lib/modules/6.1.0/modules.builtin", "");
    put(dir.path(), "/lib/modules/6.1.0/modules.dep", "iscsi_tcp.ko:\n");
    std::os::unix::fs::symlink("iscsi_tcp.ko", dir.path().join("lib/modules/6.1.0/iscsi_tcp.ko")).unwrap();
    let kernels = read(&Root::open(dir.path()).unwrap(), &loader(&["/boot/vmlinuz-x"]), &[], &[]);
    let told: Vec<_> = kernels[0].problems.iter().map(|told| (told.place.as_str(), told.source)).collect();
    assert_eq!(told, [("/lib/modules/6.1.0/iscsi_tcp.ko", Source::KernelModules)]);
    assert_eq!(kernels[0].modules["iscsi_tcp"].path, told[0].0, "a check finds it by its place");
}

#[test]
fn what_modules_ask_for_is_read_with_what_answers() {
    use crate::formats::image::elf::sample::asking;
    let dir = tempfile::tempdir().unwrap();
    let modules = "/lib/modules/6.1.0";
    put(dir.path(), "/boot/vmlinuz-x", image("6.1.0 (me) #1"));
    put(dir.path(), &format!("{modules}/modules.builtin"), "kernel/net/packet/af_packet.ko\n");
    put(dir.path(), &format!("{modules}/modules.builtin.modinfo"), "af_packet.alias=net-pf-17\0");
    put(dir.path(), &format!("{modules}/modules.alias"), "alias crypto-crc32c crc32c_generic\n");
    put(dir.path(), &format!("{modules}/modules.softdep"), "softdep ext4 pre: crypto-crc32c\nsoftdep snd pre: x\n");
    let dep = "kernel/iscsi_tcp.ko:\nkernel/ext4.ko:\nkernel/libcrc32c.ko:\nkernel/crc32c_generic.ko: kernel/y.ko\n\
               kernel/y.ko:\nkernel/snd.ko:\nkernel/jbd2.ko:\n";
    put(dir.path(), &format!("{modules}/modules.dep"), dep);
    put(dir.path(), &format!("{modules}/kernel/iscsi_tcp.ko"), asking(&["crypto_alloc_ahash"], &["crc32c"]));
    put(dir.path(), &format!("{modules}/kernel/ext4.ko"), asking(&["crc32c"], &["crc32c"]));
    put(dir.path(), &format!("{modules}/kernel/libcrc32c.ko"), "no ELF");
    let kernels = read(&Root::open(dir.path()).unwrap(), &loader(&["/boot/vmlinuz-x"]), &[], &[]);
    let kernel = &kernels[0];
    let requests = kernel.requests.known().unwrap();
    assert_eq!(requests["crypto-crc32c"], ["crc32c_generic"]);
    assert_eq!(requests["net-pf-17"], ["af_packet"]);
    assert_eq!(kernel.modules["crc32c_generic"].depends, ["y"], "what answers is looked up with what it needs");
    let asks = |module: &str| kernel.modules[module].asks.clone();
    let asked = asks("iscsi_tcp");
    assert_eq!(asked.known().unwrap()[0].request, "crypto-crc32c");
    assert_eq!(asked.known().unwrap()[0].shown_by, "imports crypto_alloc_ahash, and has the text \"crc32c\"");
    assert_eq!(asks("ext4"), Fact::Known(vec![]), "it calls the library");
    assert!(asks("libcrc32c").problem().is_some());
    assert_eq!(asks("jbd2"), Fact::default(), "its file is not there");
    let softdeps: Vec<_> = kernel.softdeps.iter().map(|line| (line.value.as_str(), line.at.line)).collect();
    assert_eq!(softdeps, [("softdep ext4 pre: crypto-crc32c", 1)]);
}
