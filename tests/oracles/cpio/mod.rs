//! Images of cpio archives, against the kernel: what lies in the root filesystem once it has unpacked one.

mod archive;
mod generate;
mod machine;

use super::compare::{Answer, Oracle};
use super::packages::{unpacked, version};
use isctpl::probes::{GatherRequest, gather};
use isctpl_checks::facts::EntryKind;
use machine::Machines;
use std::fmt::Write as _;
use std::fs;

/// That the image is damaged: the kernel says so, or does not come to its end.
const DAMAGED: &str = "damaged";

/// What is there without an image.
const BUILT_IN: [&str; 3] = ["dev: directory", "dev/console: special", "root: directory"];

/// What isctpl says of an image.
fn claimed(image: &[u8]) -> Result<Answer, String> {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("boot/grub/grub.cfg", b"menuentry Linux {\n linux /boot/vmlinuz\n initrd /boot/initrd.img\n}\n");
    write("boot/initrd.img", image);
    let request = GatherRequest { root: root.path().to_owned(), ..GatherRequest::default() };
    let facts = gather(&request, &|_| ()).map_err(|problem| problem.to_string())?;
    let [image] = facts.images.as_slice() else { panic!("{:?}", facts.problems()) };
    if image.incomplete {
        return Err(format!("{:?}", image.damage));
    }
    let mut answer = Answer::new();
    for (path, kind) in image.files.iter().filter(|(path, _)| !path.starts_with(".oracle")) {
        let path = escaped(path);
        answer.push(match kind {
            EntryKind::File(size) => format!("{path}: file of {size}"),
            EntryKind::Program(size) => format!("{path}: file of {size}, a program"),
            EntryKind::Directory => format!("{path}: directory"),
            EntryKind::Link(target) => format!("{path}: link to {}", escaped(target)),
            EntryKind::Special => format!("{path}: special"),
        });
    }
    answer.extend((!image.damage.is_empty()).then(|| DAMAGED.to_owned()));
    answer.retain(|line| !BUILT_IN.contains(&line.as_str()));
    Ok(answer)
}

/// A name as the first program writes it. Facts have a byte that is no UTF-8 as a character for private use.
fn escaped(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, character| {
        let mut bytes = [0; 4];
        let bytes = match u32::from(character).checked_sub(0x10_ff00) {
            Some(byte) => &[u8::try_from(byte).unwrap()][..],
            None => character.encode_utf8(&mut bytes).as_bytes(),
        };
        for byte in bytes {
            if byte.is_ascii_graphic() && *byte != b'%' {
                text.push(char::from(*byte));
            } else {
                write!(text, "%{byte:02X}").unwrap();
            }
        }
        text
    })
}

#[test]
fn the_kernel_unpacks_what_isctpl_says() {
    const TEST: &str = "oracles::cpio::the_kernel_unpacks_what_isctpl_says";
    let Some(root) = unpacked(TEST, &["user-mode-linux"]) else { return };
    let machines = match Machines::new(root.join("usr/bin/linux.uml")) {
        Ok(machines) => machines,
        Err(why) => return crate::support::skip(TEST, &why),
    };
    Oracle {
        language: "cpio archives",
        program: &format!("Linux {}", version(&root, "user-mode-linux").unwrap()),
        kept: KEPT.iter().map(|case| case.lines().map(str::to_owned).collect()).collect(),
        between: "\n",
        cases: 1000,
        decided: 950,
        generate: &generate::lines,
        claimed: &|case| claimed(&machines.image(case)),
        real: &|case| machines.unpack(case),
    }
    .run();
}

/// Cases that have shown a disagreement.
const KEPT: [&str; 14] = [
    "entry 100644 no-directory/x data=5",
    "entry 100644 a data=5 name=0\nentry 100644 b data=5",
    "entry 100644 a data=5 name=4097\nentry 100644 b data=5",
    "entry 120777 l to={4097}\nentry 100644 b data=5",
    "entry 40755 d data=5\nentry 100644 b data=5",
    "entry 100644 a data=5\nzeros 8\nentry 100644 b data=5",
    "entry 100644 a data=5\npack gzip\nentry 100644 b data=5",
    "pack gzip\nentry 100644 a data=5",
    "pack gzip\nentry 100644 a data=5 unpadded",
    "entry 120777 l to=a%00b",
    "entry 100644 a links=2 ino=1 data=5\nentry 100755 b links=2 ino=1 data=3",
    "pack gzip\nentry 100644 a links=2 ino=1 data=5\nend\npack zstd\nentry 100644 b links=2 ino=1",
    "entry 40755 d\nentry 100644 d/a\nentry 100644 d data=5\nentry 0 d/a\nentry 100644 d data=5",
    "entry 100644 root data=5\nentry 40755 dev\nentry 20600 dev/x",
];
