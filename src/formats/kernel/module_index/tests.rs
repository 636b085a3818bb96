use super::*;
use proptest::prelude::*;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const DEP: &str = "kernel/drivers/scsi/iscsi_tcp.ko.xz: kernel/drivers/scsi/libiscsi_tcp.ko.xz \
kernel/drivers/scsi/libiscsi.ko.xz kernel/drivers/scsi/scsi_transport_iscsi.ko.xz kernel/drivers/scsi/scsi_mod.ko.xz
kernel/drivers/scsi/libiscsi_tcp.ko.xz: kernel/drivers/scsi/libiscsi.ko.xz
kernel/drivers/scsi/libiscsi.ko.xz:
kernel/drivers/scsi/scsi_transport_iscsi.ko.xz:
kernel/drivers/scsi/scsi_mod.ko.xz:
kernel/fs/xfs/xfs.ko.xz: kernel/lib/libcrc32c.ko.xz
kernel/drivers/net/virtio-net.ko: kernel/net/net-failover.ko
";

#[test]
fn names_are_taken_from_files() {
    assert_eq!(module_name("kernel/drivers/net/virtio-net.ko.zst").as_deref(), Some("virtio_net"));
    assert_eq!(module_name("/lib/modules/6.1/x.ko").as_deref(), Some("x"));
    assert_eq!(module_name("kernel/a.ko.sig"), None);
    assert_eq!(module_name(".ko"), None);
    assert_eq!(builtin("kernel/a-b.ko\n\nkernel/c.ko\n"), set(&["a_b", "c"]));
}

#[test]
fn dependencies_come_with_what_they_need() {
    let found = dependencies(DEP, &set(&["iscsi_tcp", "virtio-net", "none"]));
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["iscsi_tcp", "libiscsi", "libiscsi_tcp", "scsi_mod", "scsi_transport_iscsi", "virtio_net"]);
    let tcp = found.get("iscsi_tcp").cloned().unwrap_or_default();
    assert_eq!(tcp.path, "kernel/drivers/scsi/iscsi_tcp.ko.xz");
    assert_eq!(tcp.depends, ["libiscsi_tcp", "libiscsi", "scsi_transport_iscsi", "scsi_mod"]);
}

#[test]
fn aliases_match_as_fnmatch_does() {
    let text = "# Aliases\nalias virtio:d00000001v* virtio_net\nalias pci:v00008086d0000100Esv*sd*bc*sc*i* e1000\n\
                alias pci:v*d*sv*sd*bc01sc[0-7]?i* storage-mod\nalias net-pf-1 unix\n";
    let modaliases = [
        "virtio:d00000001v00001AF4",
        "pci:v00008086d0000100Esv00008086sd00001E83bc02sc00i00",
        "pci:v1d2sv3sd4bc01sc06i01",
    ]
    .map(str::to_owned);
    let found = aliases(text, &modaliases);
    let of = |at: usize| modaliases.get(at).and_then(|modalias| found.get(modalias)).cloned().unwrap_or_default();
    assert_eq!((of(0), of(1), of(2)), (vec!["virtio_net".into()], vec!["e1000".into()], vec!["storage_mod".into()]));
    let builtin = builtin_aliases(b"virtio_net.alias=virtio:d00000001v*\0x.license=GPL\0", &modaliases);
    assert_eq!(builtin.values().flatten().collect::<Vec<_>>(), ["virtio_net"]);
}

#[test]
fn what_the_kernel_asks_for_is_answered_by_alias_or_name() {
    let text = "alias crypto-crc32c crc32c_intel\nalias crypto-crc32c-generic crc32c_generic\n\
                alias crypto-crc32c crc32c-generic\nalias net-pf-17-proto-1 other\n";
    let builtin = b"af_packet.alias=net-pf-17\0x.license=GPL\0";
    let aliases = alias_lines(text).chain(builtin_alias_fields(builtin));
    let found = requests(aliases, |name| name == "mlx4_en");
    let seen: Vec<_> = found.iter().map(|(word, modules)| (word.as_str(), modules.join(" "))).collect();
    let crc32c = "crc32c_intel crc32c_generic".to_owned();
    assert_eq!(seen, [("crypto-crc32c", crc32c), ("mlx4_en", "mlx4_en".into()), ("net-pf-17", "af_packet".into())]);
}

#[test]
fn soft_dependencies_are_read() {
    let text = "# Soft dependencies\nsoftdep ext4 pre: crypto-crc32c\nsoftdep snd pre: x\nsoftdep lib-x post: y\n";
    let found = softdeps(text, |module| ["ext4", "lib_x"].contains(&module));
    assert_eq!(found, [(2, "softdep ext4 pre: crypto-crc32c"), (4, "softdep lib-x post: y")]);
}

/// An index as depmod writes it: each node as flags, label and bytes, children first.
fn index() -> Vec<u8> {
    let mut bytes = vec![0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0, 0, 0, 0];
    let mut node = |flags: u32, content: &[u8]| {
        let at = u32::try_from(bytes.len()).unwrap_or_default() | flags;
        bytes.extend_from_slice(content);
        at.to_be_bytes()
    };
    let value = |text: &str| [&7_u32.to_be_bytes()[..], text.as_bytes(), &[0]].concat();
    let two = [&2_u32.to_be_bytes()[..], &value("crc32c_generic"), &value("crc32c_intel")].concat();
    let one = [&1_u32.to_be_bytes()[..], &value("af_packet")].concat();
    let crypto = node(0xc000_0000, &[b"rypto_crc32c\0", two.as_slice()].concat());
    let net = node(0xc000_0000, &[b"et_pf_17\0", one.as_slice()].concat());
    let mut children = vec![b'c', b'n'];
    (b'c'..=b'n').for_each(|label| {
        children.extend(match label {
            b'c' => crypto,
            b'n' => net,
            _ => [0; 4],
        });
    });
    let root = node(0x2000_0000, &children);
    bytes.splice(8..12, root);
    bytes
}

#[test]
fn the_index_of_modprobe_is_read() {
    let pairs = entries(&index(), may_answer).unwrap_or_default();
    let pairs = pairs.iter().map(|(alias, module)| (alias.as_str(), module.as_str()));
    let found = requests(pairs, |_| false);
    assert_eq!(found.get("crypto-crc32c").cloned().unwrap_or_default(), ["crc32c_generic", "crc32c_intel"]);
    assert_eq!(found.get("net-pf-17").cloned().unwrap_or_default(), ["af_packet"]);
}

#[test]
fn an_index_that_is_none_is_refused() {
    let sound = index();
    for end in 0..sound.len() {
        assert_eq!(entries(sound.get(..end).unwrap_or_default(), may_answer), Err(Malformed), "{end}");
    }
    assert_eq!(entries(&sound, |_| false), Ok(Vec::new()));
    // A child that is its own parent.
    let mut circle = sound.clone();
    circle.splice(8..12, [0x20, 0, 0, 12]);
    circle.splice(12.., [b'a', b'a', 0x20, 0, 0, 12]);
    assert_eq!(entries(&circle, may_answer), Err(Malformed));
    assert_eq!(entries(b"\xb0\x07\xf4\x57\0\x01\0\x01\0\0\0\0", may_answer), Err(Malformed));
}

#[test]
fn options_are_read() {
    let text = "CONFIG_ISCSI_IBFT=m\n# CONFIG_IKCONFIG is not set\nCONFIG_DEFAULT_HOSTNAME=\"(none)\"\n";
    let values = config(text, &["CONFIG_ISCSI_IBFT", "CONFIG_IKCONFIG", "CONFIG_ISCSI_TCP", "CONFIG_DEFAULT_HOSTNAME"]);
    let seen: Vec<_> = values.values().map(String::as_str).collect();
    assert_eq!(seen, ["(none)", "n", "m", "n"]);
}

#[test]
fn every_truncation_is_read() {
    for end in 0..DEP.len() {
        dependencies(DEP.get(..end).unwrap_or_default(), &set(&["iscsi_tcp"]));
    }
}

proptest! {
    #[test]
    fn an_index_with_any_bytes_in_it_is_read(at in 0_usize..200, value in any::<[u8; 4]>()) {
        let mut bytes = index();
        let at = at.min(bytes.len() - value.len());
        bytes.splice(at..at + value.len(), value);
        let _ = entries(&bytes, |_| true);
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let text = String::from_utf8_lossy(&bytes);
        let modaliases = [text.to_string()];
        dependencies(&text, &builtin(&text));
        aliases(&format!("alias {text}"), &modaliases);
        builtin_aliases(&bytes, &modaliases);
        softdeps(&text, |_| true);
        let _ = entries(&[&b"\xb0\x07\xf4\x57\0\x02\0\x01"[..], &bytes].concat(), |_| true);
        config(&text, &["CONFIG_A"]);
    }
}
