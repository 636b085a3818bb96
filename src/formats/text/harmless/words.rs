//! Words of commands that say what is done, and to what.

/// Programs, subcommands and keywords of the commands that log in and out, set routes, and start or stop what
/// they need; the words of a shell around them.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    // The shell.
    "!", "[", "[[", "]", "]]", ".", ":", "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while",
    "until", "case", "esac", "function", "exit", "return", "test", "true", "false", "exec", "set", "export", "local",
    "echo", "printf", "sleep", "sh", "bash", "dash", "ksh", "env", "nice", "timeout", "eval", "source", "command",
    "cat", "grep", "sed", "awk", "logger", "log_daemon_msg", "log_end_msg", "sync", "kill", "killall", "pkill",
    "pidof", "rm", "mkdir", "touch", "ln", "cp", "mv", "chmod", "chown", "-", "--", "||", "&&", "=", "!=", "==",
    // open-iscsi.
    "iscsiadm", "iscsistart", "iscsid", "iscsi", "iscsid.service", "iscsi-iname", "iscsi_discovery", "node",
    "session", "discovery", "discoverydb", "iface", "host", "fw", "flashnode", "update", "delete", "new",
    "nonpersistent", "applyall", "login", "logout", "automatic", "all", "manual", "onboot", "sendtargets", "st",
    "isns", "slp", "default", "tcp", "open-iscsi", "umountiscsi.sh", "logout-all.sh",
    // iproute2, ifupdown, the network managers.
    "ip", "route", "link", "addr", "address", "rule", "neigh", "add", "del", "replace", "change", "append", "flush",
    "show", "get", "list", "via", "dev", "proto", "static", "kernel", "boot", "dhcp", "metric", "scope", "table",
    "main", "local", "global", "up", "down", "mtu", "src", "onlink", "nodad", "from", "to", "lookup", "netmask", "gw",
    "net", "broadcast", "ifup", "ifdown", "ifconfig", "ifquery", "dhclient", "dhcpcd", "nmcli", "networkctl",
    "netplan", "apply", "connection", "device", "arping", "ethtool", "sysctl", "type", "vlan", "bond", "bridge",
    "name", "id", "inet", "inet6", "resolvconf", "none", "auto", "pre-up", "post-up", "pre-down", "post-down",
    // Services and disks.
    "systemctl", "service", "start", "stop", "restart", "reload", "try-restart", "enable", "disable", "is-active",
    "status", "daemon-reload", "invoke-rc.d", "vgchange", "vgscan", "vgs", "pvscan", "lvchange", "lvscan", "lvs",
    "lvm", "dmsetup", "remove_all", "multipath", "multipathd", "mount", "umount", "swapoff", "swapon", "udevadm",
    "settle", "trigger", "modprobe", "rmmod", "blkdeactivate", "fsfreeze", "lsof", "fuser", "ext4", "xfs", "btrfs",
];

/// Whether a word says what is done.
pub(crate) fn is_known(word: &str) -> bool {
    KNOWN.contains(&word)
}
