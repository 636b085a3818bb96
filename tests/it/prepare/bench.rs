//! A root with faults that files can fix, and generators of its own.

use crate::support::image;
use crate::support::run::{Answer, isctpl};
use crate::support::tree::Tree;
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The recipe's own command line, of which the image's script reads no word.
pub(crate) const SEED_WORDS: &str = r#"
f 0644 /etc/default/grub
| # By hand.
| GRUB_DEFAULT=0
| GRUB_CMDLINE_LINUX="iscsi_firmware ip=ibft edd=off console=ttyS0"  # as the recipe says
f 0600 /boot/grub/grub.cfg
| set default="0"
| menuentry 'Fixture Linux' {
| 	search --no-floppy --fs-uuid --set=root 11111111-2222-3333-4444-555555555502
| 	linux	/vmlinuz-6.1.0-50-amd64 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_firmware ip=ibft edd=off console=ttyS0
| 	initrd	/initrd.img-6.1.0-50-amd64
| }
"#;

/// A service that logs every session out when it is stopped.
pub(crate) const LOGS_OUT: &str = r#"
f 0644 /etc/systemd/system/san-logout.service
| [Unit]
| After=network.target
| [Service]
| Type=oneshot
| RemainAfterExit=yes
| ExecStart=/bin/true
| ExecStop=/sbin/iscsiadm -m session -u
| [Install]
| WantedBy=multi-user.target
l /etc/systemd/system/multi-user.target.wants/san-logout.service /etc/systemd/system/san-logout.service
"#;

/// An image that was cut short.
pub(super) const CUT_IMAGE: &str = "
f 0644 /boot/initrd.img-6.1.0-50-amd64
| cut
";

/// What every root here has: generators that write what is at /usr/share, and say in /tmp that they ran.
const GENERATORS: &str = r#"
f 0755 /usr/sbin/update-initramfs
| #!/bin/sh
f 0755 /usr/sbin/mkinitramfs
| #!/bin/sh
| # mkinitramfs -o OUTPUT VERSION
| : > /tmp/mkinitramfs-was-here
| if (: > /etc/mkinitramfs-was-here) 2> /dev/null; then exit 2; fi
| for path in /sys/kernel /proc/sys/kernel/hostname; do if [ -w "$path" ]; then exit 3; fi; done
| while read -r name value; do
|     # CAP_SYS_MODULE is the 17th.
|     if [ "$name" = CapBnd: ] && [ $((0x$value >> 16 & 1)) = 1 ]; then exit 4; fi
| done < /proc/self/status
| cp /usr/share/image "$2"
f 0644 /etc/initramfs-tools/initramfs.conf
| MODULES=most
f 0755 /usr/sbin/update-grub
| #!/bin/sh
f 0755 /usr/sbin/grub-mkconfig
| #!/bin/sh
| # grub-mkconfig -o OUTPUT
| . /etc/default/grub
| printf '%s\n' 'set default="0"' "menuentry 'Fixture Linux' {" \
|     'search --no-floppy --fs-uuid --set=root 11111111-2222-3333-4444-555555555502' \
|     "linux /vmlinuz-6.1.0-50-amd64 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro $GRUB_CMDLINE_LINUX" \
|     'initrd /initrd.img-6.1.0-50-amd64' '}' > "$2"
d 0755 /dev
d 1777 /var/tmp
d 0755 /var/lib
"#;

/// A root, and what it takes to look at it whole.
pub(crate) struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    /// Makes it with these changes to a healthy machine; `None`, said loudly, where that takes root.
    pub(crate) fn new(test: &str, changes: &[&str]) -> Option<Self> {
        if !crate::support::is_root() {
            crate::support::skip(test, "prepare needs root");
            return None;
        }
        let bench = Self { directory: tempfile::tempdir().unwrap() };
        bench.fill(changes);
        Some(bench)
    }

    fn fill(&self, changes: &[&str]) {
        let mut tree = Tree::load("machines/initramfs-tools.tree");
        tree.add(GENERATORS, "generators");
        for change in changes {
            tree.add(change, "changes");
        }
        tree.write(self.root());
        for (name, path) in [("sh", "/usr/bin/sh"), ("cp", "/usr/bin/cp")] {
            crate::support::copy_program(name, path, self.root());
        }
        self.write("usr/share/image", &image::build(&Tree::load("images/initramfs-tools.tree"), "zstd"));
        // What is made anew must differ in its time from what was there.
        for entry in walk(self.root()) {
            if !entry.is_symlink() {
                self.age(&entry);
            }
        }
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn write(&self, path: &str, content: &[u8]) {
        let place = self.root().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }

    /// Makes a path look as if it was changed long ago.
    pub(super) fn age(&self, path: &Path) {
        fs::File::open(path)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_001))
            .unwrap();
    }

    pub(super) fn prepare(&self, args: &[&str]) -> Answer {
        let root = self.root().to_str().unwrap();
        isctpl(["prepare", "--root", root].iter().chain(args))
    }

    /// Everything in the root.
    pub(super) fn seen(&self) -> Seen {
        seen(self.root())
    }

    /// Fails where something is not as it was.
    #[track_caller]
    pub(super) fn assert_as(&self, before: &Seen, when: &str) {
        assert_as_before(before, &self.seen(), when);
    }
}

/// What was seen of a tree, by path: mode, owner, links, time, content.
pub(super) type Seen = BTreeMap<PathBuf, String>;

/// What is not the same, a line for each.
pub(super) fn differences(before: &Seen, after: &Seen) -> Vec<String> {
    let none = String::new();
    let of = |seen: &Seen, path: &PathBuf| seen.get(path).unwrap_or(&none).clone();
    let paths: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differs = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    differs.map(|path| format!("{}: {} -> {}", path.display(), of(before, path), of(after, path))).collect()
}

const NOTHING: &[String] = &[];

/// Fails where something is not as it was.
#[track_caller]
pub(super) fn assert_as_before(before: &Seen, after: &Seen, when: &str) {
    assert_eq!(differences(before, after), NOTHING, "{when}");
}

/// Everything in a tree: mode, owner, links, time, content.
fn seen(root: &Path) -> Seen {
    walk(root)
        .into_iter()
        .map(|path| {
            let meta = fs::symlink_metadata(&path).unwrap();
            let mut content = DefaultHasher::new();
            match meta.file_type() {
                kind if kind.is_symlink() => fs::read_link(&path).unwrap().hash(&mut content),
                kind if kind.is_file() => fs::read(&path).unwrap().hash(&mut content),
                _ => {}
            }
            let links = if meta.is_dir() { 0 } else { meta.nlink() };
            let line = format!(
                "{:o} {}:{} {links} {}.{} {:x}",
                meta.mode(),
                meta.uid(),
                meta.gid(),
                meta.mtime(),
                meta.mtime_nsec(),
                content.finish()
            );
            (path.strip_prefix(root).unwrap().to_owned(), line)
        })
        .collect()
}

fn walk(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        next += 1;
        if path.is_dir() && !path.is_symlink() {
            found.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found
}
