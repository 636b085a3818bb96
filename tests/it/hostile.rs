//! Bad input gives a finding or an unknown that names file and place: never a panic, a hang, or silence.

mod archives;
mod bombs;
mod bounds;
mod inputs;
mod lists;
mod roots;
mod terminal;

use crate::support::run::{Answer, doctor, isctpl};
use crate::support::tree::Tree;
use inputs::INITRD;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

fn machine() -> tempfile::TempDir {
    Tree::load("machines/initramfs-tools.tree").unpack()
}

/// Runs the doctor and sees that it ends in time, without a panic, and not with a pass.
fn judged(root: &Path, what: &str) -> Answer {
    let start = Instant::now();
    let answer = doctor(root, &["-v"]);
    assert!(start.elapsed() < Duration::from_secs(60), "{what}: took {:?}", start.elapsed());
    assert!(!answer.err.contains("panicked"), "{what}: {}", answer.err);
    assert!(answer.code <= 3, "{what}: {}", answer.code);
    answer
}

#[test]
fn a_damaged_image_is_found_wherever_it_is_cut() {
    let root = machine();
    let path = root.path().join(INITRD);
    let whole = std::fs::read(&path).unwrap();
    for part in [0, 1, 5, 100, whole.len() / 3, whole.len() / 2, whole.len() - 5, whole.len() - 1] {
        std::fs::write(&path, &whole[..part]).unwrap();
        let answer = judged(root.path(), &format!("image cut to {part} bytes"));
        assert_eq!(answer.code, 2, "image cut to {part} bytes:\n{}", answer.out);
        assert!(answer.out.contains(INITRD), "{}", answer.out);
    }
}

#[test]
fn a_flipped_byte_in_an_image_is_never_a_pass() {
    for compression in ["zstd", "gzip", "xz", "bzip2", "lz4"] {
        let root = machine();
        let path = root.path().join(INITRD);
        let whole = crate::support::image::build(&Tree::load("images/initramfs-tools.tree"), compression);
        for position in [3, whole.len() / 4, whole.len() / 2, whole.len() * 3 / 4] {
            let mut damaged = whole.clone();
            damaged[position] ^= 0x55;
            std::fs::write(&path, &damaged).unwrap();
            let answer = judged(root.path(), &format!("{compression} flipped at {position}"));
            assert_ne!(answer.code, 0, "{compression} flipped at {position}:\n{}", answer.out);
        }
    }
}

#[test]
fn every_compression_that_the_kernel_knows_is_read() {
    for compression in ["none", "zstd", "gzip", "xz", "lzma", "bzip2", "lz4-legacy"] {
        let root = machine();
        let bytes = crate::support::image::build(&Tree::load("images/initramfs-tools.tree"), compression);
        std::fs::write(root.path().join(INITRD), bytes).unwrap();
        let answer = judged(root.path(), compression);
        assert_eq!(answer.code, 0, "{compression}:\n{}", answer.out);
    }
}

/// isctpl reads LZ4 frames, but the kernel reads only the legacy format.
#[test]
fn an_lz4_frame_is_refused_as_the_kernel_refuses_it() {
    let root = machine();
    let bytes = crate::support::image::build(&Tree::load("images/initramfs-tools.tree"), "lz4");
    std::fs::write(root.path().join(INITRD), bytes).unwrap();
    let answer = judged(root.path(), "lz4 frame");
    assert_eq!(answer.code, 2, "{}", answer.out);
    assert!(answer.out.contains("initramfs-compression-unsupported"), "{}", answer.out);
}

#[test]
fn lzo_is_unsupported_by_name() {
    let root = machine();
    let mut image = b"\x89LZO\x00\r\n\x1a\n".to_vec();
    image.resize(4096, 7);
    std::fs::write(root.path().join(INITRD), image).unwrap();
    let answer = judged(root.path(), "lzo");
    assert!(answer.out.contains("lzo"), "{}", answer.out);
    assert_eq!(answer.code, 3, "what isctpl cannot read is unknown, not broken:\n{}", answer.out);
}

/// Files of text, cut and garbled: each is named, whatever becomes of the verdict.
#[test]
fn garbled_configuration_never_panics() {
    let names = [
        "etc/fstab",
        "etc/default/grub",
        "boot/grub/grub.cfg",
        "etc/network/interfaces",
        "etc/iscsi/iscsid.conf",
        "etc/iscsi/initiatorname.iscsi",
        "etc/lvm/lvm.conf",
        "usr/lib/modules/6.1.0-50-amd64/modules.dep",
        "usr/lib/systemd/system/iscsid.service",
    ];
    let garbage: [&[u8]; 6] = [
        b"\xff\xfe\x00\x00\xff",
        b"{{{{{{{{[[[[[[[[((((((((\"\"\"'''",
        b"menuentry {\nsubmenu {\nmenuentry {\n",
        &[b'['; 20_000],
        b"\n\n\\\n\\\n\\",
        b"a: &a [*a, *a]\n",
    ];
    for name in names {
        let root = machine();
        for bytes in garbage {
            std::fs::write(root.path().join(name), bytes).unwrap();
            judged(root.path(), name);
        }
    }
}

#[test]
fn bad_files_of_managers_are_named() {
    for (path, content) in [
        ("/etc/netplan/50-bad.yaml", "network:\n  ethernets:\n    enp0s3: [unclosed\n"),
        (
            "/etc/netplan/50-laughs.yaml",
            "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nnetwork: *c\n",
        ),
    ] {
        let root = machine();
        std::fs::create_dir_all(root.path().join("etc/netplan")).unwrap();
        std::fs::write(root.path().join(&path[1..]), content).unwrap();
        let answer = judged(root.path(), path);
        assert!(answer.out.contains(path), "{path} is not named:\n{}", answer.out);
    }
}

#[test]
fn a_bad_snapshot_is_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bad");
    let bomb = zstd::stream::encode_all(std::io::repeat(b' ').take(200 << 20), 3).unwrap();
    let wrong = zstd::stream::encode_all(&b"{\"schema\":\"other/v1\",\"tool\":\"0\",\"facts\":{}}"[..], 3).unwrap();
    for (bytes, wanted) in [
        (b"".to_vec(), "snapshot"),
        (b"not a snapshot".to_vec(), "facts"),
        (bomb, "unpacks to more than"),
        (wrong, "other/v1"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let answer = isctpl(["doctor", "--snapshot", file.to_str().unwrap()]);
        assert_eq!(answer.code, 3);
        assert!(answer.err.contains(wanted) && answer.err.contains("bad"), "{}", answer.err);
    }
}

use std::io::Read as _;

#[test]
fn a_bad_table_is_a_finding() {
    let root = machine();
    let file = root.path().join("table");
    for (bytes, wanted) in [(vec![], "table"), (b"iBFT".to_vec(), "table"), (vec![0xff; 700], "table")] {
        std::fs::write(&file, bytes).unwrap();
        let answer = doctor(root.path(), &["-v", "--ibft-table", file.to_str().unwrap()]);
        assert!(answer.code == 2 || answer.code == 3, "{}", answer.out);
        assert!(answer.out.contains(wanted), "{}", answer.out);
    }
}

/// No check asks for these files here, so only the report can say that they were not read.
#[test]
fn what_no_check_asks_for_is_told_all_the_same() {
    let root = machine();
    for name in ["etc/os-release", "etc/multipath.conf", "etc/dhcp/dhclient.conf"] {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    let answer = doctor(root.path(), &[]);
    assert!(answer.out.contains("/etc/os-release: is a device, FIFO or socket"), "{}", answer.out);
    let report = doctor(root.path(), &["--format", "json"]).json();
    let places: Vec<_> = report["problems"].as_array().unwrap().iter().map(|problem| &problem["place"]).collect();
    assert!(places.iter().any(|place| *place == "/etc/os-release"), "{places:?}");
    assert!(places.iter().any(|place| *place == "/etc/dhcp/dhclient.conf"), "{places:?}");
}

/// A file that reads in others has as many lines as it likes, and each may name itself or a long one.
#[test]
fn files_that_read_each_other_in_come_to_an_end() {
    let root = machine();
    let include = |path: &str, line: &str, lines: usize| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, line.repeat(lines)).unwrap();
    };
    include("etc/dhcp/dhclient.conf", "include \"/etc/dhcp/dhclient.conf\";\n", 1000);
    include("etc/network/interfaces", "source /etc/network/interfaces\n", 1000);
    include("boot/grub/long.cfg", "# nothing but a comment that takes time to read over and over\n", 60_000);
    let grub = std::fs::read_to_string(root.path().join("boot/grub/grub.cfg")).unwrap();
    let sources = "source /grub/long.cfg\nsource /boot/grub/long.cfg\n".repeat(20_000);
    std::fs::write(root.path().join("boot/grub/grub.cfg"), grub + &sources).unwrap();
    let answer = judged(root.path(), "includes");
    for wanted in ["/etc/dhcp/dhclient.conf", "/etc/network/interfaces", "takes too long to evaluate"] {
        assert!(answer.out.contains(wanted), "{wanted} is not told:\n{}", answer.out);
    }
}

/// Scripts that run each other, from many units, by every way there is.
#[test]
fn scripts_that_run_each_other_come_to_an_end() {
    let root = machine();
    let scripts: Vec<String> = (0..16).map(|number| format!("/usr/local/sbin/script{number}")).collect();
    let text = format!("#!/bin/sh\niscsiadm -m session\n> /run/shutdown-keep-sessions\n{}\n", scripts.join("\n"));
    for script in &scripts {
        let path = root.path().join(&script[1..]);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    let wants = root.path().join("etc/systemd/system/multi-user.target.wants");
    std::fs::create_dir_all(&wants).unwrap();
    let unit = format!("[Service]\n{}", format!("ExecStart={}\n", scripts[0]).repeat(200));
    for number in 0..50 {
        let name = format!("lvm2-hostile{number}.service");
        std::fs::write(root.path().join("etc/systemd/system").join(&name), &unit).unwrap();
        std::os::unix::fs::symlink(format!("../{name}"), wants.join(&name)).unwrap();
    }
    let answer = judged(root.path(), "scripts");
    assert!(answer.out.contains("call each other too often"), "{}", answer.out);
}

#[test]
fn a_script_that_is_too_large_to_read_is_told() {
    let root = machine();
    let script = root.path().join("etc/init.d/open-iscsi");
    std::fs::create_dir_all(script.parent().unwrap()).unwrap();
    std::fs::write(&script, format!("#!/bin/sh\n{}iscsiadm -m node -u\n", "# long\n".repeat(20_000))).unwrap();
    std::fs::create_dir_all(root.path().join("etc/rc0.d")).unwrap();
    std::os::unix::fs::symlink("../init.d/open-iscsi", root.path().join("etc/rc0.d/K01open-iscsi")).unwrap();
    let answer = judged(root.path(), "large script");
    assert!(answer.out.contains("/etc/init.d/open-iscsi") && answer.out.contains("is a script of"), "{}", answer.out);
}

/// A file where a directory belongs is no empty directory.
#[test]
fn what_is_no_directory_is_told() {
    let root = machine();
    for name in ["etc/netplan", "etc/default/grub.d"] {
        let path = root.path().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "x").unwrap();
        let answer = judged(root.path(), name);
        assert!(answer.out.contains(&format!("/{name}: is not a directory")), "{name}:\n{}", answer.out);
    }
}

/// What a file says counts, whatever bytes its name or the name that a link gives it consists of.
#[test]
fn names_that_are_no_utf_8_are_read_like_others() {
    let take_over = "network:\n  ethernets:\n    san:\n      match: {name: enp0s3}\n      dhcp4: true\n";
    let machine = |name: &[u8]| {
        let mut tree = Tree::load("machines/initramfs-tools.tree");
        tree.add(
            "- /usr/lib/systemd/system/networking.service\n- /etc/network\n\
             f 0755 /usr/lib/systemd/system-generators/netplan\nd 0755 /etc/netplan\n\
             f 0644 /usr/lib/systemd/system/systemd-networkd.service\n| [Service]\n",
            "netplan",
        );
        let root = tree.unpack();
        std::fs::write(root.path().join("etc/netplan").join(OsStr::from_bytes(name)), take_over).unwrap();
        root
    };
    let judged = |root: &Path| doctor(root, &["--format", "json", "--san-nic", "enp0s3"]);
    let plain = judged(machine(b"99-a.yaml").path());
    assert_eq!((plain.code, &plain.json()["verdict"]["boot"]), (2, &"at-risk".into()), "{}", plain.out);
    for name in [&b"99-\xff.yaml"[..], b"99-\xc3.yaml", "99-\u{10ffff}.yaml".as_bytes()] {
        let odd = judged(machine(name).path());
        assert_eq!(odd.code, 2, "{}", odd.out);
        assert_eq!(odd.json()["verdict"]["checks"], plain.json()["verdict"]["checks"]);
        let shown = name.escape_ascii().to_string().replace('\\', "\\\\");
        assert!(odd.out.contains(&format!("/etc/netplan/{shown}")), "{shown}: {}", odd.out);
    }
    // By a link of such a name, and through a directory of such a name.
    let root = machine(b"unread");
    let netplan = root.path().join("etc/netplan");
    std::fs::rename(&netplan, root.path().join(OsStr::from_bytes(b"etc/n\xff"))).unwrap();
    symlink(OsStr::from_bytes(b"n\xff"), &netplan).unwrap();
    symlink("unread", netplan.join(OsStr::from_bytes(b"\xfe.yaml"))).unwrap();
    assert_eq!(judged(root.path()).code, 2);
}
