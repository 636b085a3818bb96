//! lvm.conf and lvmlocal.conf, against LVM itself: the settings that it reads, and the devices that its filters reject.
//!
//! The devices are nodes in a root of its own. LVM cannot open them, and asks its filters for their names before that.

mod generate;

use super::compare::{Answer, Oracle};
use super::packages::{unpacked, version};
use super::shell::{Root, Shell, Shells};
use isctpl::probes::{GatherRequest, gather};
use isctpl_checks::facts::Located;
use isctpl_checks::readers::lvm_filter::{self, Ruling};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What stands before the lines of a file of its own.
const FILE: &str = "=== ";

/// Devices, by their numbers.
const DEVICES: [(&str, u64, u64); 9] = [
    ("sda", 8, 0),
    ("sda1", 8, 1),
    ("sda2", 8, 2),
    ("sdb", 8, 16),
    ("sdb2", 8, 18),
    ("xsda", 8, 32),
    ("vda", 254, 0),
    ("vda2", 254, 2),
    ("nvme0n1", 259, 0),
];

/// What LVM is told beside its files, so that it looks at the nodes alone.
const CONFIG: &str = "devices{obtain_device_list_from_udev=0 external_device_info_source=\"none\" use_devicesfile=0}";

const REFUSED: &str = "refused";

/// Writes the files of a case.
fn write(directory: &Path, case: &str) {
    fs::create_dir_all(directory).unwrap();
    let mut name = "lvm.conf";
    let mut text = String::new();
    for line in case.lines().chain([FILE]) {
        if let Some(next) = line.strip_prefix(FILE) {
            fs::write(directory.join(name), &text).unwrap();
            (name, text) = (next, String::new());
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
}

fn start(unpacked: &Path, trees: &Path) -> Shell {
    let root = Root::new(unpacked);
    root.install(&unpacked.join("sbin/lvm"), "lvm");
    root.install(&unpacked.join("bin/busybox"), "busybox");
    for name in ["sh", "grep"] {
        std::os::unix::fs::symlink("busybox", root.path(&format!("usr/bin/{name}"))).unwrap();
    }
    for directory in ["dev/mapper", "run/lvm", "run/lock/lvm", "etc/lvm", "trees"] {
        root.make(directory);
    }
    root.write("proc/devices", "Block devices:\n  8 sd\n254 virtblk\n259 blkext\n");
    root.write("proc/mounts", "");
    for (name, major, minor) in DEVICES {
        mknod(&root.path(&format!("dev/{name}")), SFlag::S_IFBLK, Mode::S_IRUSR, makedev(major, minor)).unwrap();
    }
    root.write("script", &include_str!("lvm.sh").replace("\"$1\"", &format!("'{CONFIG}'")));
    root.start(&format!("mount --bind {} \"$0/trees\"", trees.display()), "/usr/bin/sh")
}

/// The strings and numbers of a value as LVM prints it.
fn values(text: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = text.trim_matches(['[', ']']);
    while let Some(first) = rest.chars().next() {
        if first == ',' {
            rest = &rest[1..];
            continue;
        }
        let mut value = String::new();
        let mut chars = rest.char_indices().skip(usize::from(first == '"')).peekable();
        let mut end = rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' if first == '"' => {
                    end = at + 1;
                    break;
                }
                ',' if first != '"' => {
                    end = at;
                    break;
                }
                '\\' => value.extend(chars.next().map(|(_, c)| c)),
                c => value.push(c),
            }
        }
        values.push(value);
        rest = &rest[end..];
    }
    values
}

/// What LVM says, a line a fact.
fn told(said: &[String]) -> Answer {
    if said.iter().any(|line| line == REFUSED || line.contains("Failed to create regex")) {
        return vec![REFUSED.to_owned()];
    }
    let of = |setting: &str| {
        let value = said.iter().find_map(|line| line.trim().strip_prefix(setting)?.strip_prefix('='));
        value.map(values).unwrap_or_default()
    };
    let mut answer = Answer::new();
    for setting in ["filter", "global_filter", "use_devicesfile"] {
        answer.extend(of(setting).into_iter().enumerate().map(|(index, value)| format!("{setting} {index} {value}")));
    }
    let lists = ["volume_list", "auto_activation_volume_list"];
    let lists = lists.into_iter().map(|setting| (setting, of(setting))).find(|(_, list)| !list.is_empty());
    answer.extend(lists.into_iter().flat_map(|(setting, list)| listed(setting, &list)));
    let rejected = said.iter().filter_map(|line| line.split_once(": Skipping (regex)"));
    answer.extend(
        rejected.filter_map(|(before, _)| Some(format!("{} is rejected", before.get(before.rfind("/dev/")?..)?))),
    );
    answer
}

fn listed(setting: &str, list: &[String]) -> Answer {
    list.iter().enumerate().map(|(index, value)| format!("{setting} {index} {value}")).collect()
}

/// What isctpl says.
fn claimed(case: &str) -> Result<Answer, String> {
    let root = tempfile::tempdir().unwrap();
    write(&root.path().join("etc/lvm"), case);
    let request = GatherRequest { root: root.path().to_owned(), ..GatherRequest::default() };
    let facts = gather(&request, &|_| ()).map_err(|problem| problem.to_string())?;
    let doubt = facts.storage.problems.iter().find(|problem| problem.to_string().contains("/lvm/"));
    if let Some(doubt) = doubt {
        return Err(doubt.to_string());
    }
    let lvm = &facts.storage.lvm;
    let mut answer = Answer::new();
    for (setting, filter) in [("filter", &lvm.filter), ("global_filter", &lvm.global_filter)] {
        let values: Vec<String> = filter.iter().map(|pattern| pattern.value.clone()).collect();
        answer.extend(listed(setting, &values));
    }
    let number = |used: &Located<bool>| format!("use_devicesfile 0 {}", u8::from(used.value));
    answer.extend(lvm.use_devicesfile.as_ref().map(number));
    if let (Some(setting), Some(list)) = (&lvm.activation_setting, &lvm.activation_list) {
        answer.extend(listed(setting.trim_start_matches("activation/"), &list.value));
    }
    for (name, ..) in DEVICES {
        let name = format!("/dev/{name}");
        let names = [name.clone()];
        let rulings = [&lvm.filter, &lvm.global_filter].map(|filter| lvm_filter::judge(filter, &names));
        if let Some(Ruling::Unclear(pattern)) = rulings.iter().find(|ruling| matches!(ruling, Ruling::Unclear(_))) {
            return Err(format!("{} is not clear", pattern.value));
        }
        if rulings.iter().any(|ruling| matches!(ruling, Ruling::Rejected(_))) {
            answer.push(format!("{name} is rejected"));
        }
    }
    Ok(answer)
}

/// Whether nodes of devices can be made here.
fn can_make_devices() -> bool {
    let probe = tempfile::tempdir().unwrap();
    mknod(&probe.path().join("sda"), SFlag::S_IFBLK, Mode::S_IRUSR, makedev(8, 0)).is_ok()
}

#[test]
fn lvm_reads_and_rejects_what_isctpl_says() {
    const TEST: &str = "oracles::lvm::lvm_reads_and_rejects_what_isctpl_says";
    let packages = ["lvm2", "libdevmapper1.02.1", "libdevmapper-event1.02.1", "libaio1", "busybox"];
    let Some(root) = unpacked(TEST, &packages) else { return };
    if !can_make_devices() {
        return crate::support::skip(TEST, "not root, which chroot and mknod need");
    }
    let trees = tempfile::tempdir().unwrap();
    let number = AtomicUsize::new(0);
    let shells = Shells::new(|| start(&root, trees.path()));
    let ask = |case: &str| {
        let number = number.fetch_add(1, Ordering::Relaxed).to_string();
        write(&trees.path().join(&number), case);
        let answer = told(&shells.ask(&number));
        fs::remove_dir_all(trees.path().join(&number)).unwrap();
        answer
    };
    Oracle {
        language: "lvm.conf",
        program: &format!("LVM {}", version(&root, "lvm2").unwrap()),
        kept: KEPT.iter().map(|case| case.lines().map(str::to_owned).collect()).collect(),
        between: "\n",
        cases: 1000,
        decided: 580,
        generate: &generate::lines,
        claimed: &claimed,
        real: &ask,
    }
    .run();
}

/// Cases that have shown a disagreement.
const KEPT: [&str; 4] = [
    "devices { filter = [ \"a|^/dev/sda$|\", \"r|.*|\" ] }",
    "devices/filter = \"a|sda|\"\n=== lvmlocal.conf\ndevices/filter = \"r|.*|\"",
    "activation/volume_list = \"vg0\"\n=== lvmlocal.conf\nactivation/volume_list = [ \"@san\" ]",
    "junk = 0x10",
];
