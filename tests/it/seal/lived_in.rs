//! A root that a machine has lived in, and what changes in one.

use crate::support::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a machine leaves, of every kind.
const LIVED_IN: &str = "\
f 0755 /usr/lib/systemd/systemd
| x
f 0644 /etc/passwd
| root:x:0:0:root:/root:/bin/bash
| db:x:5:5::/srv/db/:/bin/sh
| daemon:x:1:1::/nowhere:/bin/false
f 0600 /root/.bash_history
| mysql -pCANARY-SECRET
f 0600 /srv/db/.psql_history
| select
f 0600 /home/a/.local/share/fish/fish_history
| - cmd: ls
f 0600 /home/a/.viminfo
| # register
f 0644 /home/a/kept
| kept
f 0664 /var/log/wtmp
| x
f 0664 /var/log/lastlog
| x
f 0600 /var/log/btmp.1
| x
f 0640 /var/log/syslog
| x
f 0640 /var/log/syslog.2.gz
| x
f 0644 /var/log/dpkg.log
| kept
f 0600 /var/log/audit/audit.log
| x
f 0600 /var/log/audit/audit.log.1
| x
f 0640 /var/log/journal/0123/system.journal
| x
f 0600 /var/log/installer/autoinstall-user-data
| CANARY-SECRET
f 0644 /etc/udev/rules.d/70-persistent-net.rules
| SUBSYSTEM==\"net\", NAME=\"eth0\"
f 0644 /etc/udev/rules.d/71-kept.rules
| kept
f 0600 /etc/ssh/ssh_host_rsa_key
| CANARY-SECRET
f 0644 /etc/ssh/ssh_host_rsa_key.pub
| x
f 0600 /etc/ssh/sshd_config
| kept
f 0444 /etc/machine-id
| 0123456789abcdef0123456789abcdef
f 0644 /var/lib/dbus/machine-id
| 0123456789abcdef0123456789abcdef
f 0600 /tmp/a/b
| x
f 0600 /tmp/.X11-unix/x
| x
f 0600 /var/tmp/c
| x
f 0644 /var/cache/apt/archives/a.deb
| x
f 0644 /var/cache/apt/archives/lock
f 0644 /var/cache/apt/pkgcache.bin
| x
f 0644 /var/cache/dnf/updates/repomd.xml
| x
f 0600 /etc/iscsi/iscsid.conf
| # kept
| node.startup = manual
| node.session.auth.authmethod = CHAP
| node.session.auth.username = CANARY-SECRET
| node.session.auth.password = CANARY-SECRET
| node.session.auth.chap_algs = MD5
f 0600 /etc/iscsi/iscsi.initramfs
| ISCSI_AUTO=1
| ISCSI_USERNAME=CANARY-SECRET
| ISCSI_PASSWORD='CANARY-SECRET'
f 0600 /etc/iscsi/nodes/iqn.a/10.0.0.1,3260
| node.session.auth.password = CANARY-SECRET
f 0600 /var/lib/iscsi/send_targets/10.0.0.1,3260/st_config
| discovery.sendtargets.auth.password = CANARY-SECRET
f 0600 /var/lib/iscsi/ifaces/eth1
| iface.initiatorname = iqn.2020-10.com.example:instance-1
f 0600 /etc/iscsi/ifaces/iface.example
| # kept
f 0600 /etc/lvm/devices/system.devices
| IDTYPE=sys_wwid IDNAME=naa.6001 DEVNAME=/dev/sda3 PVID=x
f 0600 /etc/multipath/bindings
| mpatha 36001405
f 0600 /etc/multipath/wwids
| /36001405/
f 0644 /etc/nvme/hostid
| x
f 0644 /etc/nvme/hostnqn
| nqn.2014-08.org.nvmexpress:uuid:x
f 0600 /etc/iscsi/initiatorname.iscsi
| # kept
| InitiatorName=iqn.2020-10.com.example:instance-1
f 0755 /usr/lib/open-iscsi/startup-checks.sh
| #!/bin/sh
f 0600 /var/lib/cloud/instances/i-1/user-data.txt
| password: CANARY-SECRET
f 0600 /var/lib/cloud/data/instance-id
| i-1
l /var/lib/cloud/instance /var/lib/cloud/instances/i-1
f 0755 /var/lib/cloud/scripts/per-boot/kept.sh
| #!/bin/sh
f 0600 /var/lib/cloud/seed/nocloud/user-data
| password: CANARY-SECRET
f 0600 /var/lib/cloud/seed/kept/user-data
| #cloud-config
f 0644 /var/lib/dhcp/dhclient.eth0.leases
| lease {}
f 0644 /var/lib/NetworkManager/internal-1-eth0.lease
| ADDRESS=10.0.0.2
f 0600 /var/lib/NetworkManager/secret_key
| x
f 0600 /var/lib/systemd/random-seed
| x
f 0600 /var/crash/core
| CANARY-SECRET
f 0600 /var/mail/root
| From x
f 0600 /var/lib/isctpl/backup/iscsid.conf
| CANARY-SECRET
";

pub(super) fn lived_in(more: &str) -> tempfile::TempDir {
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    tree.add(LIVED_IN, "lived in").add(more, "more").unpack()
}

/// The kind, mode and content of everything in a root.
pub(super) fn contents(root: &Path) -> BTreeMap<PathBuf, String> {
    let (mut found, mut open) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let content = if meta.is_dir() {
                open.push(path.clone());
                "directory".to_owned()
            } else if meta.is_symlink() {
                format!("link to {}", fs::read_link(&path).unwrap().display())
            } else {
                format!("{:?}", String::from_utf8_lossy(&fs::read(&path).unwrap()))
            };
            let at = path.strip_prefix(root).unwrap().to_owned();
            found.insert(at, format!("{:o} {}:{} {content}", meta.mode() & 0o7777, meta.uid(), meta.gid()));
        }
    }
    found
}

/// What differs between two of them: `-` gone, `+` new, `~` with the new content.
pub(super) fn changes(before: &BTreeMap<PathBuf, String>, after: &BTreeMap<PathBuf, String>) -> String {
    let mut text = String::new();
    for path in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        match (before.get(path), after.get(path)) {
            (Some(_), None) => text += &format!("- {}\n", path.display()),
            (None, Some(_)) => text += &format!("+ {}\n", path.display()),
            (Some(old), Some(new)) if old != new => text += &format!("~ {} {new}\n", path.display()),
            _ => {}
        }
    }
    text
}
