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
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let text = String::from_utf8_lossy(&bytes);
        let modaliases = [text.to_string()];
        dependencies(&text, &builtin(&text));
        aliases(&format!("alias {text}"), &modaliases);
        builtin_aliases(&bytes, &modaliases);
        config(&text, &["CONFIG_A"]);
    }
}
