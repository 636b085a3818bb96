//! What modules ask for while they run, against what the image holds.

use super::fixtures::case;
use super::machine::{Machine, machine};
use isctpl_checks::{Finding, Outcome, registry};
use serde_json::{Value, json};

const CHECK: &str = "initramfs-requested-module-missing";
const MODULES: &str = "/usr/lib/modules/6.1.0-50-amd64/kernel";

fn module(name: &str, path: &str, depends: &[&str]) -> Value {
    json!({"op": "add", "path": format!("/kernels/0/modules/{name}"), "value": {
        "name": name, "path": format!("{MODULES}/{path}"), "present": true, "depends": depends,
    }})
}

fn asks(module: &str, request: &str) -> Value {
    let asked = json!({"known": [{"request": request, "shown_by": "imports something"}]});
    json!({"op": "add", "path": format!("/kernels/0/modules/{module}/asks"), "value": asked})
}

fn answers(requests: Value) -> Value {
    json!({"op": "add", "path": "/kernels/0/requests", "value": {"known": requests}})
}

fn builtin(names: &[&str]) -> Value {
    json!({"op": "replace", "path": "/kernels/0/builtin/known", "value": names})
}

fn in_image(name: &str) -> Value {
    json!({"op": "add", "path": format!("/images/0/modules/{name}"), "value": format!("usr/lib/modules/6.1.0-50-amd64/{name}.ko")})
}

fn index(value: Value) -> Value {
    json!({"op": "add", "path": "/images/0/module_indexes", "value": {"6.1.0-50-amd64": value}})
}

/// A kernel with crc32c as a module, for which iscsi_tcp asks, and an image without it.
fn without_crc32c(base: &str) -> Machine {
    machine(base).patch(json!([
        builtin(&["unix", "af_packet", "ipv6"]),
        answers(json!({"crypto-crc32c": ["crc32c_intel", "crc32c_generic"], "net-pf-17": ["af_packet"]})),
        module("crc32c_intel", "arch/x86/crypto/crc32c-intel.ko", &[]),
        module("crc32c_generic", "crypto/crc32c_generic.ko", &[]),
        asks("iscsi_tcp", "crypto-crc32c"),
    ]))
}

/// What the check says of facts as JSON.
fn of_value(facts: Value) -> Outcome {
    let only = isctpl_checks::Selection { only: vec![CHECK.to_owned()], ..Default::default() };
    let facts = serde_json::from_value(facts).unwrap();
    isctpl_checks::judge(&facts, &only).results.pop().unwrap().outcome
}

fn finding(outcome: Outcome) -> Finding {
    match outcome {
        Outcome::Fail(findings) if findings.len() == 1 => findings.into_iter().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn reason(outcome: &Outcome) -> (&'static str, String) {
    match outcome {
        Outcome::Pass(why) => ("pass", why.clone()),
        Outcome::Unknown { reason, .. } => ("unknown", reason.clone()),
        Outcome::NotApplicable(why) => ("not applicable", why.clone()),
        Outcome::Fail(findings) => panic!("{findings:?}"),
    }
}

fn is(outcome: &Outcome, kind: &str, has: &str) {
    let (found, why) = reason(outcome);
    assert!(found == kind && why.contains(has), "{found}: {why}");
}

#[test]
fn every_asker_is_evidence_and_only_what_any_processor_runs_is_added() {
    let (_, _, facts) = case(registry::find(CHECK).unwrap(), "broken");
    let only = isctpl_checks::Selection { only: vec![CHECK.to_owned()], ..Default::default() };
    let found = finding(isctpl_checks::judge(&facts, &only).results.pop().unwrap().outcome);
    assert!(found.summary.contains("lacks crc32c_generic, which iscsi_tcp asks for"), "{}", found.summary);
    let evidence: Vec<_> = found.evidence.iter().map(|seen| format!("{}: {}", seen.source, seen.excerpt)).collect();
    for part in [
        "no module crc32c_generic",
        "iscsi_tcp.ko: imports crypto_alloc_ahash",
        "modules.alias: crypto-crc32c: crc32c_intel, crc32c_generic",
    ] {
        assert!(evidence.iter().any(|seen| seen.contains(part)), "{part}: {evidence:#?}");
    }
    let commands = found.remedy.plain_commands();
    assert!(commands.iter().any(|command| command.contains("crc32c_generic")), "{commands:?}");
    assert!(!commands.iter().any(|command| command.contains("crc32c_intel")), "{commands:?}");
}

#[test]
fn what_is_built_in_or_in_the_image_is_not_missing() {
    is(
        &without_crc32c("initramfs-tools-root").patch(json!([builtin(&["crc32c_generic", "af_packet"])])).says(CHECK),
        "pass",
        "crc32c_generic (built in)",
    );
    is(
        &without_crc32c("initramfs-tools-root").patch(json!([in_image("crc32c_generic")])).says(CHECK),
        "pass",
        "crc32c_generic",
    );
    // Kernels before 5.2 list no alias of what is built in.
    let old = json!([builtin(&["crc32c_generic", "af_packet"]), answers(json!({}))]);
    is(&without_crc32c("dracut-root").patch(old).says(CHECK), "pass", "crc32c_generic (built in)");
}

#[test]
fn what_only_some_processors_run_is_no_answer_and_no_lack() {
    let intel = json!([in_image("crc32c_intel")]);
    is(
        &without_crc32c("initramfs-tools-root").patch(intel).says(CHECK),
        "unknown",
        "which not every processor can run",
    );
}

#[test]
fn a_module_that_modprobe_does_not_find_in_the_image_does_not_answer() {
    let held = || without_crc32c("initramfs-tools-root").patch(json!([in_image("crc32c_generic")]));
    let at = "/boot/initrd!usr/lib/modules/6.1.0-50-amd64/modules.alias.bin";
    let lists = |requests: Value| {
        index(json!({"known": {"program": "/boot/initrd!usr/bin/kmod", "aliases_at": at, "requests": requests}}))
    };
    let found = finding(held().patch(json!([lists(json!({}))])).says(CHECK));
    assert!(found.summary.contains("does not find crc32c_generic by crypto-crc32c"), "{}", found.summary);
    assert_eq!(found.evidence[0].source, at);
    is(
        &held().patch(json!([lists(json!({"crypto-crc32c": ["crc32c_generic"]}))])).says(CHECK),
        "pass",
        "crc32c_generic",
    );
    let listed =
        json!([lists(json!({})), {"op": "add", "path": "/images/0/modules_listed/-", "value": "crc32c_generic"}]);
    is(&held().patch(listed).says(CHECK), "pass", "crc32c_generic");
    is(&held().patch(json!([index(json!({"known": {"program": null}}))])).says(CHECK), "unknown", "no /sbin/modprobe");
    let unread = json!([index(json!({"unknown": {"place": at, "what": "is too large"}}))]);
    is(&held().patch(unread).says(CHECK), "unknown", "is too large");
}

/// A NIC driver that depends on libcrc32c is not loaded without the algorithm.
#[test]
fn what_a_dependency_asks_for_is_needed() {
    let bnx2x = json!([
        {"op": "remove", "path": "/kernels/0/modules/iscsi_tcp/asks"},
        module("libcrc32c", "lib/libcrc32c.ko", &[]),
        module("xfs", "fs/xfs/xfs.ko", &["libcrc32c"]),
        asks("libcrc32c", "crypto-crc32c"),
        {"op": "replace", "path": "/storage/root_device/known/signature/known/filesystem/kind", "value": "xfs"},
    ]);
    let found = finding(without_crc32c("initramfs-tools-root").patch(bnx2x).says(CHECK));
    assert!(found.summary.contains("which libcrc32c asks for"), "{}", found.summary);
}

/// Whether ext4 asks hung on the filesystem until Linux 4.17 (CVE-2018-1094), and whether btrfs does hangs on its checksum.
#[test]
fn what_a_filesystem_may_ask_for_is_not_called_missing() {
    let ext4 = json!([{"op": "remove", "path": "/kernels/0/modules/iscsi_tcp/asks"}, asks("ext4", "crypto-crc32c")]);
    let found = finding(without_crc32c("initramfs-tools-root").patch(&ext4).says(CHECK));
    assert!(found.summary.contains("lacks crc32c_generic, which ext4 asks for"), "{}", found.summary);
    for (version, kind) in
        [("4.16.0-x86_64", "unknown"), ("3.10.0-1160.el7.x86_64", "unknown"), ("nonsense", "unknown")]
    {
        let mut facts = without_crc32c("initramfs-tools-root").patch(&ext4).value();
        let text = facts.to_string().replace("6.1.0-50-amd64", version);
        facts = serde_json::from_str(&text).unwrap();
        let outcome = of_value(facts);
        is(&outcome, kind, "only where the filesystem has checksums");
    }
    let btrfs = json!([
        {"op": "remove", "path": "/kernels/0/modules/iscsi_tcp/asks"},
        module("btrfs", "fs/btrfs/btrfs.ko", &[]),
        asks("btrfs", "crypto-crc32c"),
        {"op": "replace", "path": "/storage/root_device/known/signature/known/filesystem/kind", "value": "btrfs"},
    ]);
    is(&without_crc32c("initramfs-tools-root").patch(&btrfs).says(CHECK), "unknown", "its superblock names");
    let read = |name: &str| {
        let read = json!([
            asks("btrfs", "crypto-crc32c"),
            {"op": "add", "path": "/kernels/0/modules/btrfs/asks/known/-",
                "value": {"request": "crypto-xxhash64", "shown_by": "imports something"}},
            {"op": "add", "path": "/kernels/0/requests/known/crypto-xxhash64", "value": ["xxhash_generic"]},
            module("xxhash_generic", "crypto/xxhash_generic.ko", &[]),
            {"op": "add", "path": "/storage/root_device/known/btrfs_checksum", "value": name},
        ]);
        without_crc32c("initramfs-tools-root").patch(&btrfs).patch(read)
    };
    let found = finding(read("xxhash64").patch(json!([in_image("crc32c_generic")])).says(CHECK));
    assert!(found.summary.contains("lacks xxhash_generic, which btrfs asks for"), "{}", found.summary);
    is(&read("crc32c").patch(json!([in_image("crc32c_generic")])).says(CHECK), "pass", "crc32c_generic");
    is(&read("xxhash64").patch(json!([in_image("xxhash_generic")])).says(CHECK), "pass", "xxhash_generic");
}

/// What dm-crypt makes of `aes-xts-plain64`, on a kernel such as Debian's 6.1: aes compiled in, xts and ecb as modules.
#[test]
fn an_encrypted_root_needs_its_cipher() {
    let of = |cipher: &str, more: Vec<Value>| {
        let mut patch = vec![
            builtin(&["crc32c_generic", "af_packet", "aes_generic"]),
            answers(
                json!({"crypto-aes": ["aesni_intel", "aes_generic"], "crypto-xts": ["xts"], "crypto-ecb": ["ecb"]}),
            ),
            module("xts", "crypto/xts.ko", &[]),
            module("ecb", "crypto/ecb.ko", &[]),
            module("aesni_intel", "arch/x86/crypto/aesni-intel.ko", &[]),
            json!({"op": "add", "path": "/kernels/0/softdeps", "value": [
                {"value": "softdep xts pre: ecb", "at": {"path": "/usr/lib/modules/6.1.0-50-amd64/modules.softdep", "line": 1}}]}),
            json!({"op": "replace", "path": "/storage/root_device/known/slaves", "value": ["dm-1"]}),
            json!({"op": "replace", "path": "/storage/devices/known/4/slaves", "value": ["dm-1"]}),
            json!({"op": "add", "path": "/storage/devices/known/3/luks", "value": {"version": 2, "cipher": cipher}}),
            json!({"op": "add", "path": "/storage/devices/known/-", "value": {"name": "dm-1", "number": "254:1", "size": 1,
                "slaves": ["sda3"], "dm_name": "sda3_crypt", "dm_uuid": "CRYPT-LUKS2-0123-sda3_crypt", "signature": {"known": null}}}),
        ];
        patch.extend(more);
        machine("initramfs-tools-root").patch(Value::Array(patch)).says(CHECK)
    };
    let whole = || vec![in_image("xts"), in_image("ecb")];
    is(&of("aes-xts-plain64", whole()), "pass", "aes_generic (built in), xts, ecb");
    let found = finding(of("aes-xts-plain64", vec![in_image("ecb")]));
    assert!(found.summary.contains("lacks xts, which dm_crypt asks for: there is no xts(aes)"), "{}", found.summary);
    let found = finding(of("aes-xts-plain64", vec![in_image("xts")]));
    assert!(found.summary.contains("lacks ecb, which dm_crypt asks for"), "{}", found.summary);
    is(&of("aes-xts-plain64", vec![in_image("aesni_intel")]), "unknown", "aesni_intel in it has xts(aes) of its own");
    // Nothing of this kernel is known to answer for those.
    is(&of("aes-cbc-essiv:sha256", Vec::new()), "pass", "aes_generic (built in)");
    is(&of("capi:xts(aes)-plain64", Vec::new()), "pass", "");
}

/// The kernel asks for a cache's policy by name.
#[test]
fn a_cached_root_needs_the_policy() {
    let of = |more: Vec<Value>| {
        let mut patch = vec![
            builtin(&["crc32c_generic", "af_packet"]),
            answers(json!({"dm-cache-smq": ["dm_cache_smq"]})),
            module("dm_cache_smq", "drivers/md/dm-cache-smq.ko", &["dm_cache"]),
            module("dm_cache", "drivers/md/dm-cache.ko", &[]),
            in_image("dm_cache"),
            json!({"op": "add", "path": "/storage/devices/known/3/volumes", "value": {"ubuntu-lv": {"types": ["cache"], "on": []}}}),
        ];
        patch.extend(more);
        machine("initramfs-tools-root").patch(Value::Array(patch)).says(CHECK)
    };
    let found = finding(of(Vec::new()));
    assert!(found.summary.contains("lacks dm_cache_smq, which dm_cache asks for"), "{}", found.summary);
    is(&of(vec![in_image("dm_cache_smq")]), "pass", "dm_cache_smq");
}

#[test]
fn what_could_not_be_read_is_neither_a_pass_nor_a_lack() {
    let unread = json!([{"op": "add", "path": "/kernels/0/modules/iscsi_tcp/asks", "value": {"unknown": {"place": "/x.ko", "what": "is damaged"}}}]);
    is(&without_crc32c("initramfs-tools-root").patch(&unread).says(CHECK), "unknown", "is damaged");
    let held = json!([in_image("crc32c_generic")]);
    is(&without_crc32c("initramfs-tools-root").patch(unread).patch(held).says(CHECK), "pass", "crc32c_generic");
    let no_index = json!([{"op": "add", "path": "/kernels/0/requests", "value": {"unknown": {"place": "/modules.alias", "what": "does not exist"}}}]);
    is(&without_crc32c("initramfs-tools-root").patch(&no_index).says(CHECK), "unknown", "/modules.alias");
    // Where all is compiled in, no index decides.
    let all = json!([builtin(&["crc32c_generic", "af_packet"])]);
    is(&without_crc32c("initramfs-tools-root").patch(no_index).patch(all).says(CHECK), "pass", "built in");
    // A driver of the filesystem that could not be read may ask.
    let ext4 = json!([
        {"op": "remove", "path": "/kernels/0/modules/iscsi_tcp/asks"},
        {"op": "add", "path": "/kernels/0/modules/ext4/asks", "value": {"unknown": {"place": "/ext4.ko", "what": "is damaged"}}},
    ]);
    is(&without_crc32c("initramfs-tools-root").patch(ext4).says(CHECK), "unknown", "is damaged");
    is(&machine("initramfs-tools-root").says(CHECK), "not applicable", "was not asked for");
}

/// A driver alone makes no NIC of some cards.
#[test]
fn what_a_driver_needs_beside_it_is_looked_for() {
    let of = |driver: &str, more: Vec<Value>| {
        let mut patch = vec![
            builtin(&["crc32c_generic", "af_packet"]),
            json!({"op": "replace", "path": "/nics/known/0/driver", "value": driver}),
            json!({"op": "remove", "path": "/nics/known/0/modalias"}),
            answers(json!({"mlx4_en": ["mlx4_en"], "realtek": ["realtek"], "virtio_pci": ["virtio_pci"]})),
            module("mlx4_en", "m/mlx4_en.ko", &["mlx4_core"]),
            module("mlx4_core", "m/mlx4_core.ko", &[]),
            module("realtek", "p/realtek.ko", &[]),
            module("r8169", "r/r8169.ko", &[]),
            module("virtio_pci", "v/virtio_pci.ko", &[]),
            asks("r8169", "realtek"),
            in_image("mlx4_core"),
        ];
        patch.extend(more);
        machine("initramfs-tools-live").patch(Value::Array(patch)).says(CHECK)
    };
    for (driver, lacks) in [("mlx4_core", "mlx4_en"), ("r8169", "realtek")] {
        let found = finding(of(driver, Vec::new()));
        assert!(found.summary.contains(&format!("lacks {lacks}, which {driver} asks for")), "{}", found.summary);
        is(&of(driver, vec![in_image(lacks)]), "pass", lacks);
    }
    is(&of("virtio_net", Vec::new()), "pass", "virtio_pci");
    let without = vec![json!({"op": "remove", "path": "/images/0/modules/virtio_pci"})];
    assert!(finding(of("virtio_net", without)).summary.contains("lacks virtio_pci"));
}

/// SUSE's kernels have AF_PACKET as a module.
#[test]
fn a_dhcp_client_needs_its_socket() {
    let of = |words: &str| {
        let patch = json!([
            builtin(&["crc32c_generic"]),
            answers(json!({"net-pf-17": ["af_packet"]})),
            module("af_packet", "net/packet/af_packet.ko", &[]),
        ]);
        machine("dracut-root").patch(patch).cmdline(words).says(CHECK)
    };
    let found = finding(of("root=/dev/mapper/ubuntu--vg-ubuntu--lv rd.iscsi.firmware=1 ip=enp0s3:dhcp"));
    assert!(found.summary.contains("lacks af_packet, which the DHCP client asks for"), "{}", found.summary);
    is(&of("rd.iscsi.firmware=1 ip=10.0.0.2::10.0.0.1:24::enp0s3:none"), "pass", "");
    is(&of("rd.iscsi.firmware=1"), "unknown", "by DHCP");
}

#[test]
fn without_modules_on_the_disk_another_check_speaks() {
    let gone = json!([{"op": "replace", "path": "/kernels/0/modules_dir", "value": null}]);
    is(&without_crc32c("initramfs-tools-root").patch(gone).says(CHECK), "not applicable", "kernel-modules-missing");
}
