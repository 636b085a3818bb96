//! The layers between the disk and the root's filesystem: what the image must hold for each, and what runs it.
use super::fixtures::case;
use super::machine::{Machine, alarms, machine};
use isctpl_checks::facts::Facts;
use isctpl_checks::{Link, Outcome, registry};
use serde_json::{Value, json};

const IMAGE: &str = "/boot/initrd.img-6.1.0-50-amd64";
const LUKS: &str = "5d0b8a4e-6b1f-4f7e-9a61-2f0c6a3d1e55";
const ARRAY: &str = "b1a2c3d4e5f60718293a4b5c6d7e8f90";

fn add(path: &str, value: Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

fn replace(path: &str, value: Value) -> Value {
    json!({"op": "replace", "path": path, "value": value})
}

fn file(path: &str) -> Value {
    add(&format!("/images/0/files/{}", path.replace('/', "~1")), json!({"program": 1000}))
}

fn module(name: &str) -> Value {
    let path = format!("usr/lib/modules/6.1.0-50-amd64/kernel/drivers/md/{name}.ko");
    add(&format!("/images/0/modules/{name}"), json!(path))
}

fn inside(path: &str) -> Value {
    json!({"path": format!("{IMAGE}!{path}"), "line": 1})
}

fn starters(of: &[(&str, &str)]) -> Value {
    let starters: Vec<Value> = of.iter().map(|(layer, path)| json!({"layer": layer, "at": inside(path)})).collect();
    add("/images/0/starters", json!(starters))
}

/// The volume group lies on another device, and that on the partition.
fn below(device: Value) -> Vec<Value> {
    let name = device["name"].clone();
    vec![
        replace("/storage/root_device/known/slaves", json!([name])),
        replace("/storage/devices/known/4/slaves", json!([name])),
        add("/storage/devices/known/-", device),
    ]
}

fn luks(base: &str, patch: Vec<Value>) -> Machine {
    let map = json!({"name": "dm-1", "number": "254:1", "size": 1, "slaves": ["sda3"], "dm_name": "sda3_crypt",
        "dm_uuid": format!("CRYPT-LUKS2-{}-sda3_crypt", LUKS.replace('-', "")), "signature": {"known": null}});
    let mut all = below(map);
    all.extend([
        module("dm_crypt"),
        file("usr/sbin/cryptsetup"),
        file("usr/lib/cryptsetup/functions"),
        starters(&[("lvm", "usr/lib/udev/rules.d/69-lvm.rules"), ("crypt", "scripts/local-top/cryptroot")]),
        add("/images/0/crypttab", json!([entry(Some("/cryptroot/keyfiles/sda3_crypt.key"), &["luks"])])),
        file("cryptroot/keyfiles/sda3_crypt.key"),
    ]);
    all.extend(patch);
    machine(base).patch(json!(all))
}

fn entry(key: Option<&str>, options: &[&str]) -> Value {
    json!({"name": "sda3_crypt", "device": format!("UUID={LUKS}"), "key": key, "options": options,
        "at": inside("cryptroot/crypttab")})
}

/// `critical`, `warning`, `unknown`, `pass` or `-`, with what is said.
fn told(outcome: &Outcome) -> (&'static str, String) {
    match outcome {
        Outcome::Fail(found) => (found[0].severity.name(), found[0].summary.clone()),
        Outcome::Unknown { reason, .. } => ("unknown", reason.clone()),
        Outcome::Pass(reason) => ("pass", reason.clone()),
        Outcome::NotApplicable(reason) => ("-", reason.clone()),
    }
}

fn assert_told(outcome: &Outcome, kind: &str, part: &str) {
    let (told, text) = told(outcome);
    assert!(told == kind && text.contains(part), "{kind} {part:?}: {told}: {text}");
}

/// By cryptsetup-initramfs 2.6.1: its hook copies the key file that KEYFILE_PATTERN matches, and leaves the root's device
/// out of its list where it does not; its script skips a device whose key file is not there.
#[test]
fn initramfs_tools_unlocks_what_its_list_names() {
    let says = |patch: Vec<Value>| luks("initramfs-tools-root", patch).says("initramfs-crypt-missing");
    let gone = |path: &str| json!({"op": "remove", "path": path});
    assert_told(&says(vec![]), "pass", "/cryptroot/keyfiles/sda3_crypt.key");
    assert_told(&says(vec![gone("/images/0/files/usr~1sbin~1cryptsetup")]), "critical", "no program cryptsetup");
    assert_told(&says(vec![starters(&[])]), "critical", "nothing that unlocks a device");
    assert_told(&says(vec![gone("/images/0/files/usr~1lib~1cryptsetup~1functions")]), "critical", "functions");
    assert_told(&says(vec![gone("/images/0/modules/dm_crypt")]), "critical", "lacks dm_crypt");
    assert_told(&says(vec![gone("/images/0/crypttab")]), "critical", "does not list it");
    let key_gone = gone("/images/0/files/cryptroot~1keyfiles~1sda3_crypt.key");
    assert_told(&says(vec![key_gone]), "critical", "lacks its key file");
    let with =
        |key: Option<&str>, options: &[&str]| says(vec![add("/images/0/crypttab", json!([entry(key, options)]))]);
    assert_told(&with(None, &["luks"]), "warning", "passphrase");
    // So cryptsetup's hook writes the root's mount point (lib/cryptsetup/functions): the key lies in the root that it
    // unlocks.
    assert_told(&with(Some("/FIXME-initramfs-rootmnt/etc/key"), &["luks"]), "critical", "lacks its key file");
    assert_told(&with(Some("/dev/disk/by-label/KEY"), &["luks"]), "unknown", "not followed");
    assert_told(&with(None, &["luks", "keyscript=/lib/cryptsetup/scripts/passdev"]), "unknown", "keyscript");
    assert_told(&says(vec![gone("/images/0/starters")]), "-", "snapshot");
    assert_told(&machine("initramfs-tools-root").says("initramfs-crypt-missing"), "-", "not known");
}

/// systemd 252: rd.luks.uuid= and rd.luks.name= let nothing else through, and name what crypttab does not.
#[test]
fn dracut_unlocks_what_it_is_asked_for() {
    let generator = "usr/lib/systemd/system-generators/systemd-cryptsetup-generator";
    let says = |words: &str, patch: Vec<Value>| {
        let mut all = vec![
            json!({"op": "remove", "path": "/images/0/crypttab"}),
            file("usr/lib/systemd/systemd-cryptsetup"),
            file(generator),
            starters(&[("lvm", "etc/udev/rules.d/64-lvm.rules"), ("crypt", generator)]),
        ];
        all.extend(patch);
        let words = format!("root=/dev/mapper/ubuntu--vg-ubuntu--lv rd.iscsi.firmware=1 {words}");
        luks("dracut-root", all).cmdline(&words).says("initramfs-crypt-missing")
    };
    let other = "00000000-1111-2222-3333-444444444444";
    let key = file("etc/keys/root.key");
    let asked = format!("rd.luks.uuid=luks-{LUKS}");
    assert_told(&says("", vec![]), "critical", "neither the command line nor crypttab");
    assert_told(&says(&asked, vec![]), "warning", "passphrase");
    assert_told(&says("rd.auto", vec![]), "warning", "passphrase");
    assert_told(
        &says(&format!("{asked} rd.luks.key=/etc/keys/root.key"), vec![key.clone()]),
        "pass",
        "/etc/keys/root.key",
    );
    assert_told(&says(&format!("{asked} rd.luks.key=/etc/keys/root.key"), vec![]), "critical", "lacks its key file");
    assert_told(&says(&format!("{asked} rd.luks.key={LUKS}=/key:/dev/sdb1"), vec![]), "unknown", "not followed");
    assert_told(
        &says(&asked, vec![file(&format!("etc/cryptsetup-keys.d/luks-{LUKS}.key"))]),
        "pass",
        "cryptsetup-keys.d",
    );
    assert_told(&says(&format!("{asked} rd.luks=0"), vec![]), "critical", "rd.luks=0");
    assert_told(&says(&format!("rd.luks.uuid={other}"), vec![]), "critical", "name other devices only");
    let table = || add("/images/0/crypttab", json!([entry(Some("/etc/keys/root.key"), &["luks"])]));
    assert_told(&says("", vec![table(), key.clone()]), "pass", "/etc/keys/root.key");
    assert_told(&says("rd.luks.crypttab=0", vec![table(), key.clone()]), "critical", "neither the command line");
    assert_told(&says(&format!("rd.luks.uuid={other}"), vec![table(), key]), "critical", "name other devices only");
    let tpm = add("/images/0/crypttab", json!([entry(None, &["tpm2-device"])]));
    assert_told(&says("", vec![tpm]), "unknown", "tpm2-device");
    let hook = starters(&[("crypt", "usr/lib/dracut/hooks/cmdline/30-parse-crypt.sh")]);
    assert_told(&says(&asked, vec![hook]), "critical", "nothing that unlocks a device");
    let lost = json!({"op": "remove", "path": "/images/0/files/usr~1lib~1systemd~1systemd-cryptsetup"});
    assert_told(&says(&asked, vec![lost]), "critical", "no program systemd-cryptsetup");
    for word in ["rd.luks.options=tpm2-device=auto", "rd.luks.partuuid=1-2", "rd.luks.serial=x"] {
        assert_told(&says(&format!("{asked} {word}"), vec![]), "unknown", "was not followed");
    }
    assert_told(&says(&format!("{asked} rd.luks=0 rd.luks=1"), vec![]), "warning", "passphrase");
    let no_key = add("/images/0/crypttab", json!([entry(None, &["luks"])]));
    let own = file("etc/cryptsetup-keys.d/sda3_crypt.key");
    assert_told(&says("", vec![no_key, own]), "pass", "cryptsetup-keys.d/sda3_crypt.key");
}

/// A tree without its disk: root=, crypttab and LVM's backup tell.
#[test]
fn names_tell_what_the_root_lies_on() {
    let tree = |root: &str, patch: Vec<Value>| {
        let mut all = vec![
            replace("/storage/root_device", json!({"known": null})),
            replace("/storage/devices", json!({"not_applicable": "the root is a plain directory"})),
            replace("/storage/fstab/0/spec", json!(root)),
            starters(&[("lvm", "usr/lib/udev/rules.d/69-lvm.rules")]),
        ];
        all.extend(patch);
        machine("initramfs-tools-root").cmdline(&format!("root={root} iscsi_auto")).patch(json!(all))
    };
    let crypttab = |name: &str| {
        add(
            "/storage/crypttab",
            json!([{"name": name, "device": "/dev/sda3", "options": ["luks"], "at": {"path": "/etc/crypttab", "line": 1}}]),
        )
    };
    let crypt = "initramfs-crypt-missing";
    assert_told(&tree("/dev/mapper/cryptroot", vec![crypttab("cryptroot")]).says(crypt), "critical", "cryptroot");
    // One hyphen looks like a volume's name.
    assert_told(&tree("/dev/mapper/crypt-root", vec![crypttab("crypt-root")]).says(crypt), "critical", "crypt-root");
    assert_told(
        &tree("/dev/mapper/crypt-root", vec![crypttab("crypt-root")]).says("initramfs-lvm-missing"),
        "-",
        "logical volume",
    );
    let hint = add("/storage/volume_disks", json!({"ubuntu-vg": ["/dev/mapper/sda3_crypt"]}));
    let volume = "/dev/mapper/ubuntu--vg-ubuntu--lv";
    assert_told(&tree(volume, vec![crypttab("sda3_crypt"), hint.clone()]).says(crypt), "critical", "sda3_crypt");
    assert_told(&tree(volume, vec![hint]).says(crypt), "-", "not known");
    assert_told(&tree("/dev/md0", vec![]).says("initramfs-raid-missing"), "critical", "/dev/md0");
    let hint = |disk: &str| vec![add("/storage/volume_disks", json!({"ubuntu-vg": [disk]}))];
    assert_told(&tree(volume, hint("/dev/md127")).says("initramfs-raid-missing"), "critical", "/dev/md127");
    assert_told(
        &tree("/dev/mapper/mpatha-part3", vec![]).says("initramfs-multipath-missing"),
        "critical",
        "mpatha-part3",
    );
    assert_told(&tree(volume, hint("/dev/mapper/mpatha3")).says("initramfs-multipath-missing"), "warning", "mpatha3");
    assert_told(&tree("/dev/bcache0", vec![]).says("initramfs-layer-unknown"), "unknown", "bcache0");
    assert_told(&tree("UUID=1-2", vec![]).says("initramfs-layer-unknown"), "pass", "nothing");
}

/// dracut 059 and 106, parse-md.sh: without rd.md.uuid= and rd.auto no array is assembled.
#[test]
fn an_array_is_assembled_where_it_is_asked_for() {
    let raid = |level: Value| {
        below(
            json!({"name": "md0", "number": "9:0", "size": 1, "slaves": ["sda3"], "raid": {"level": level, "uuid": ARRAY},
            "signature": {"known": null}}),
        )
    };
    let says = |base: &str, words: &str, level: Value, patch: Vec<Value>| {
        let mut all = raid(level);
        all.extend([
            file("usr/sbin/mdadm"),
            module("raid1"),
            module("md_mod"),
            starters(&[("lvm", "x"), ("raid", "etc/udev/rules.d/65-md-incremental-imsm.rules")]),
        ]);
        all.extend(patch);
        let words = format!("root=/dev/mapper/ubuntu--vg-ubuntu--lv iscsi_auto {words}");
        machine(base).cmdline(&words).patch(json!(all)).says("initramfs-raid-missing")
    };
    let tools = |patch: Vec<Value>| says("initramfs-tools-root", "", json!("raid1"), patch);
    assert_told(&tools(vec![]), "pass", "raid1");
    assert_told(&tools(vec![starters(&[])]), "critical", "no rule or script");
    assert_told(&says("initramfs-tools-root", "", json!("raid10"), vec![]), "critical", "lacks raid10");
    assert_told(&says("initramfs-tools-root", "", json!("container"), vec![]), "unknown", "container");
    assert_told(&says("initramfs-tools-root", "", Value::Null, vec![]), "unknown", "level");
    let only = add("/images/0/md_named_only", json!({"value": "AUTO -all", "at": inside("etc/mdadm/mdadm.conf")}));
    assert_told(&tools(vec![only.clone()]), "unknown", "only arrays that mdadm.conf names");
    let line = add(
        "/images/0/md_arrays",
        json!([{"value": {"device": "/dev/md/0", "uuid": ARRAY}, "at": inside("etc/mdadm/mdadm.conf")}]),
    );
    assert_told(&tools(vec![only, line]), "pass", "md0");
    let hook = || file("usr/lib/dracut/hooks/pre-trigger/30-parse-md.sh");
    let dracut = |words: &str| says("dracut-root", words, json!("raid1"), vec![hook()]);
    assert_told(&dracut(""), "critical", "neither rd.md.uuid= nor rd.auto");
    assert_told(&dracut("rd.auto"), "pass", "md0");
    assert_told(&dracut("rd.md.uuid=b1a2c3d4:e5f60718:293a4b5c:6d7e8f90"), "pass", "md0");
    assert_told(&dracut("rd.md.uuid=00000000:e5f60718:293a4b5c:6d7e8f90"), "critical", "other arrays only");
    assert_told(&dracut("rd.auto rd.md=0"), "critical", "rd.md=0");
    let by_name = [replace("/storage/root_device/known/slaves", json!(["md0"]))];
    let mut patch = raid(json!("raid1"));
    patch.extend(by_name);
    patch.extend([
        replace(
            "/storage/root_device/known",
            json!({"name": "md0", "number": "9:0", "size": 1, "slaves": ["sda3"], "raid": {"level": "raid1"}}),
        ),
        file("usr/sbin/mdadm"),
        module("raid1"),
        starters(&[("raid", "usr/lib/udev/rules.d/64-md-raid-assembly.rules")]),
    ]);
    let named = machine("initramfs-tools-root").cmdline("root=/dev/md0 iscsi_auto").patch(json!(patch));
    assert_told(&named.says("initramfs-raid-missing"), "unknown", "another name");
}

#[test]
fn multipath_is_needed_by_its_name() {
    let broken = |id: &str| case(registry::find(id).unwrap(), "broken").2;
    let says = |facts: &Facts| super::fixtures::alone(registry::find("initramfs-multipath-missing").unwrap(), facts);
    let facts = broken("initramfs-multipath-missing");
    assert_told(&says(&facts), "critical", "mpatha-part3");
    let by_uuid = |value: &mut isctpl_checks::facts::Facts| {
        value.loader.entries[0].cmdline.words[0].value = Some("UUID=11111111-2222-3333-4444-555555555501".to_owned());
    };
    let mut facts = facts;
    by_uuid(&mut facts);
    assert_told(&says(&facts), "warning", "comes up on one path");
    let mut healthy = case(registry::find("initramfs-multipath-missing").unwrap(), "healthy").2;
    assert_told(&says(&healthy), "pass", "mpatha-part3");
    healthy.loader.entries[0].cmdline.words.push(serde_json::from_value(json!({"key": "nompath"})).unwrap());
    assert_told(&says(&healthy), "critical", "nompath");
    healthy.loader.entries[0].cmdline.words.pop();
    let bindings = healthy.images[0].files.remove("etc/multipath/bindings");
    assert!(bindings.is_some());
    assert_told(&says(&healthy), "unknown", "what names maps get");
    healthy.images[0].files.remove("usr/sbin/kpartx");
    assert_told(&says(&healthy), "critical", "kpartx");
}

/// What one line of the command line, or of a list in the image, says of an array or a device is no more than it says.
#[test]
fn what_is_not_followed_is_not_taken_for_an_answer() {
    let array = |more: Vec<Value>| {
        let mut all = below(json!({"name": "md0", "number": "9:0", "size": 1, "slaves": ["sda3"],
            "raid": {"level": "raid1", "uuid": ARRAY}, "signature": {"known": null}}));
        all.extend([file("usr/sbin/mdadm"), module("raid1"), module("md_mod"), starters(&[("raid", "x.rules")])]);
        all.extend(more);
        machine("initramfs-tools-root").patch(json!(all)).says("initramfs-raid-missing")
    };
    let line = |value: Value| {
        add("/images/0/md_arrays", json!([{"value": value, "at": {"path": "i!etc/mdadm/mdadm.conf", "line": 3}}]))
    };
    assert_told(&array(vec![line(json!({"uuid": ARRAY}))]), "pass", "md0");
    assert_told(&array(vec![line(json!({"uuid": ARRAY, "ignored": true}))]), "unknown", "leave /dev/md0 alone");
    // A map that nothing tells of may be anything.
    let named = replace("/storage/root_device", json!({"known": null}));
    let unnamed = machine("initramfs-tools-root")
        .patch(json!([named, replace("/storage/fstab/0/spec", json!("/dev/mapper/other"))]))
        .cmdline("root=/dev/mapper/other iscsi_auto");
    assert_told(&unnamed.says("initramfs-layer-unknown"), "unknown", "/dev/mapper/other");
}

#[test]
fn the_metadata_on_the_disk_outweighs_the_backup() {
    let backup = |kind: &str| {
        add(
            "/storage/volume_groups",
            json!({"ubuntu-vg": {"value": {"ubuntu-lv": {"types": [kind], "on": []}},
            "at": {"path": "/etc/lvm/backup/ubuntu-vg", "line": 0}}}),
        )
    };
    let disk = |kind: &str, on: &[&str]| {
        add("/storage/devices/known/3/volumes", json!({"ubuntu-lv": {"types": [kind], "on": on}}))
    };
    let says = |patch: Vec<Value>| machine("initramfs-tools-root").patch(json!(patch)).says("initramfs-lvm-missing");
    assert_told(&says(vec![]), "pass", "is not known");
    assert_told(&says(vec![backup("striped")]), "pass", "/etc/lvm/backup/ubuntu-vg tells");
    assert_told(&says(vec![backup("striped"), disk("thin", &[])]), "critical", "dm_thin_pool");
    assert_told(&says(vec![backup("thin"), disk("striped", &[])]), "pass", "/dev/sda3 tells");
    assert_told(&says(vec![disk("vdo", &[])]), "unknown", "vdo");
    assert_told(&says(vec![disk("raid1", &[]), module("dm_raid")]), "critical", "lacks raid1");
    assert_told(&says(vec![disk("raid1", &[]), module("dm_raid"), module("raid1")]), "pass", "/dev/sda3");
    assert_told(&says(vec![disk("raid5_ls", &[]), module("dm_raid"), module("raid1")]), "critical", "lacks raid456");
    assert_told(&says(vec![starters(&[])]), "critical", "no script or udev rule");
}

#[test]
fn a_subvolume_is_the_one_that_is_mounted() {
    let facts = case(registry::find("root-subvolume-other").unwrap(), "healthy").2;
    let says = |flags: Option<&str>, subvolume: Option<&str>| {
        let mut facts = facts.clone();
        facts.storage.root_subvolume = subvolume.map(str::to_owned);
        match flags {
            Some(flags) => facts.loader.entries[0].cmdline.words[2].value = Some(flags.to_owned()),
            None => drop(facts.loader.entries[0].cmdline.words.remove(2)),
        }
        super::fixtures::alone(registry::find("root-subvolume-other").unwrap(), &facts)
    };
    assert_told(&says(Some("subvol=/@rootfs/"), Some("/@rootfs")), "pass", "@rootfs");
    assert_told(&says(Some("subvol=a,subvol=@rootfs"), Some("/@rootfs")), "pass", "@rootfs");
    assert_told(&says(Some("subvol=@old"), Some("/@rootfs")), "critical", "@old");
    // fstab says @rootfs.
    assert_told(&says(Some("subvol=@old"), None), "critical", "@old");
    assert_told(&says(Some("subvolid=257"), Some("/@rootfs")), "unknown", "number");
    assert_told(&says(None, Some("/@rootfs")), "unknown", "default subvolume");
    assert_told(&says(None, Some("/")), "pass", "no subvolume");
    assert_told(&says(Some("noatime"), None), "unknown", "default subvolume");
    let mut devices = facts.clone();
    let root = devices.storage.root_device.known().cloned().flatten().unwrap();
    let root = isctpl_checks::facts::BlockDevice { btrfs_devices: Some(2), ..root };
    devices.storage.root_device = isctpl_checks::facts::Fact::Known(Some(root));
    devices.images[0].starters = Some(Vec::new());
    let alone = |facts: &Facts| super::fixtures::alone(registry::find("initramfs-filesystem-missing").unwrap(), facts);
    assert_told(&alone(&devices), "critical", "2 devices");
    let rule = json!([{"layer": "btrfs", "at": inside("usr/lib/udev/rules.d/64-btrfs.rules")}]);
    devices.images[0].starters = serde_json::from_value(rule).unwrap();
    assert_told(&alone(&devices), "pass", "btrfs");
}

/// umountiscsi.sh keeps the session of the device that is mounted at /, and an overlay is none.
#[test]
fn the_session_under_an_overlay_is_not_spared() {
    let at = json!({"path": "/etc/init.d/open-iscsi", "line": 80});
    let link = |path: &str, start: bool| {
        let logout = json!({"of": "all", "at": at, "excerpt": "iscsiadm -m session --logout", "keeps_root": true});
        json!({"path": path, "script": "/etc/init.d/open-iscsi", "runlevel": if start { "S" } else { "0" }, "start": start,
            "shadowed_by_unit": false, "logout": if start { Value::Null } else { logout }})
    };
    let says = |words: &str, patch: Vec<Value>| {
        let mut all = vec![
            replace("/services/units", json!([])),
            replace(
                "/services/sysv",
                json!([link("/etc/rc0.d/K01open-iscsi", false), link("/etc/rcS.d/S01open-iscsi", true)]),
            ),
        ];
        all.extend(patch);
        let words = format!("root=/dev/mapper/ubuntu--vg-ubuntu--lv iscsi_auto {words}");
        alarms(&machine("initramfs-tools-root").cmdline(&words).patch(json!(all)).facts(), &[Link::Shutdown])
    };
    let script = |path: &str| starters(&[("overlay", path)]);
    let conf = |mode: &str| {
        add("/storage/overlayroot", json!({"value": mode, "at": {"path": "/etc/overlayroot.conf", "line": 2}}))
    };
    let overlayroot = "scripts/init-bottom/overlayroot";
    for (words, patch, expected) in [
        ("", vec![], false),
        ("overlayroot=tmpfs", vec![script(overlayroot)], true),
        ("overlayroot=disabled", vec![script(overlayroot), conf("tmpfs")], false),
        ("", vec![script(overlayroot), conf("tmpfs")], true),
        ("", vec![script(overlayroot), conf("")], false),
        // Nothing in the image reads the word.
        ("overlayroot=tmpfs", vec![starters(&[])], false),
        ("boot=live", vec![script("scripts/live")], true),
        ("rd.live.image", vec![script("usr/sbin/dmsquash-live-root")], true),
        ("rootovl", vec![script("usr/lib/dracut/hooks/pre-pivot/10-overlay-mount.sh")], true),
        ("systemd.volatile=state", vec![script("usr/lib/systemd/system/systemd-volatile-root.service")], false),
        ("systemd.volatile=overlay", vec![script("usr/lib/systemd/system/systemd-volatile-root.service")], true),
    ] {
        let found = says(words, patch);
        assert_eq!(found.contains(&"service-logs-out-root".to_owned()), expected, "{words}: {found:?}");
    }
}
