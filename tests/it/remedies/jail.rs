//! Two systems in a directory: a host, and below its /target the root that is judged. Commands run in the host
//! with chroot(8), in a mount namespace of their own, whose /dev holds one file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Programs that are not to do what they are for. Each writes into the log of the root that it runs in what it
/// was called with, and that it lacks something, if it does.
const STUBS: &str = "apt-get blkid df depmod dmesg dnf dracut grub-install grub-mkconfig grub2-mkconfig grubby ip \
                     iscsiadm isctpl lspci lvs modprobe netplan nft pvs sysctl systemctl ufw update-grub \
                     update-initramfs vgimportdevices yum zypper";

const STUB: &str = r#"#!/bin/sh
{
    printf '%s' "${0##*/}"
    [ $# = 0 ] || printf ' <%s>' "$@"
    [ -c /dev/null ] && [ -e /proc/self/stat ] && [ -d /sys/class ] && [ -d /run/lock ] || printf ' LACKS'
    echo
} >> /var/log/stubs
: > /run/stub-was-here
"#;

/// isctpl itself where it is to enter a root, and a stub for all else.
const ISCTPL: &str = r#"#!/bin/sh
case "$1 $2 $3" in "rescue enter --root") exec isctpl-itself "$@" ;; esac
"#;

const SETUP: &str = r#"
mount --bind "$0" "$0"
cd "$0"
for root in . target; do
    mount --bind -o ro /usr "$root/usr"
    mount -t tmpfs stubs "$root/usr/sbin"
    cp -a stubs/. "$root/usr/sbin/"
done
: > usr/sbin/isctpl-itself
mount --bind -o ro "$2" usr/sbin/isctpl-itself
mount -t tmpfs run run
mkdir run/lock
mount -t tmpfs dev dev
: > dev/null
mount --bind -o ro /dev/null dev/null
mount -t proc proc proc
mount --bind /sys sys
if [ -d target/tmp/other ]; then
    mount -t tmpfs other target/tmp/other
    : > target/tmp/other/kept
fi
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /bin/sh -c "$1" || code=$?
[ ! -d target/tmp/other ] || [ -e target/tmp/other/kept ] || echo "what is mounted below /tmp is deleted" >&2
[ ! -e run/stub-was-here ] || echo "/run of the host is written to" >&2
exit "${code:-0}"
"#;

/// The two systems.
pub(crate) struct Jail {
    directory: tempfile::TempDir,
}

impl Jail {
    /// Makes them; `None`, said loudly, where that takes root.
    pub(crate) fn new(test: &str) -> Option<Self> {
        if !crate::support::is_root() || !crate::support::has("unshare") {
            crate::support::skip(test, "a mount namespace needs root and unshare(1)");
            return None;
        }
        let jail = Self { directory: tempfile::tempdir().unwrap() };
        for root in [jail.host(), jail.root()] {
            for directory in ["dev", "proc", "sys", "run", "usr", "tmp/other", "var/log", "etc"] {
                fs::create_dir_all(root.join(directory)).unwrap();
            }
            for link in ["bin", "sbin", "lib", "lib64"] {
                symlink(format!("usr/{link}"), root.join(link)).unwrap();
            }
        }
        let stubs = jail.host().join("stubs");
        fs::create_dir(&stubs).unwrap();
        jail.stub_all(STUB);
        jail.stub("isctpl", &STUB.replacen("#!/bin/sh\n", ISCTPL, 1));
        fs::copy("/usr/sbin/chroot", stubs.join("chroot")).unwrap();
        Some(jail)
    }

    /// Puts a script in place of a program, in both systems.
    pub(crate) fn stub(&self, name: &str, text: &str) {
        let path = self.host().join("stubs").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Puts a script in place of every program that the commands name.
    pub(crate) fn stub_all(&self, text: &str) {
        STUBS.split_whitespace().for_each(|name| self.stub(name, text));
    }

    /// The host.
    pub(crate) fn host(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// The root that is judged.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("target")
    }

    /// Runs a script on the host.
    pub(crate) fn run(&self, script: &str) -> Output {
        Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-ec", SETUP])
            .arg(self.host())
            .arg(script)
            .arg(env!("CARGO_BIN_EXE_isctpl"))
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    }
}

/// What is in a system, without the other: the kind and content of each file by its path.
pub(crate) fn contents(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let inside = path.strip_prefix(root).unwrap().to_owned();
            if inside == Path::new("target") {
                continue;
            }
            let meta = fs::symlink_metadata(&path).unwrap();
            let mode = meta.permissions().mode();
            let content = if meta.is_symlink() {
                format!("link to {}", fs::read_link(&path).unwrap().display())
            } else if meta.is_dir() {
                directories.push(path);
                format!("directory {mode:o}")
            } else {
                format!("file {mode:o} {}", String::from_utf8_lossy(&fs::read(&path).unwrap()))
            };
            found.insert(inside, content);
        }
    }
    found
}
