//! Options of mounts and what is mounted.

use super::{is_device, is_plain};
use isctpl_checks::facts::HIDDEN;

/// Options that are shown, with any plain value; those of filesystems with passwords are not among them.
#[rustfmt::skip]
const OPTIONS: &[&str] = &[
    "defaults", "rw", "ro", "_netdev", "auto", "noauto", "nofail", "fail", "user", "nouser", "users", "owner",
    "group", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "sync", "async", "dirsync", "atime", "noatime",
    "relatime", "norelatime", "strictatime", "nostrictatime", "nodiratime", "diratime", "lazytime", "nolazytime",
    "bind", "rbind", "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "remount", "move",
    "comment", "loop", "iversion", "noiversion", "mand", "nomand", "discard", "nodiscard", "barrier", "nobarrier",
    "acl", "noacl", "user_xattr", "nouser_xattr", "errors", "data", "commit", "stripe", "delalloc", "nodelalloc",
    "journal_checksum", "journal_async_commit", "journal_ioprio", "auto_da_alloc", "noauto_da_alloc", "init_itable",
    "noinit_itable", "quota", "noquota", "usrquota", "grpquota", "prjquota", "uquota", "gquota", "pquota",
    "uqnoenforce", "jqfmt", "usrjquota", "grpjquota", "attr2", "noattr2", "inode32", "inode64", "logbufs", "logbsize",
    "sunit", "swidth", "largeio", "swalloc", "allocsize", "nouuid", "norecovery", "noalign", "wsync", "ikeep",
    "noikeep", "filestreams", "subvol", "subvolid", "compress", "compress-force", "ssd", "nossd", "ssd_spread",
    "space_cache", "nospace_cache", "autodefrag", "noautodefrag", "degraded", "rescue", "datacow", "nodatacow",
    "datasum", "nodatasum", "thread_pool", "max_inline", "metadata_ratio", "clear_cache", "size", "nr_inodes",
    "nr_blocks", "mode", "uid", "gid", "huge", "mpol", "umask", "fmask", "dmask", "codepage", "iocharset",
    "shortname", "utf8", "flush", "tz", "quiet", "sw", "swap", "pri", "gid", "ptmxmode", "newinstance", "hidepid",
    "nsdelegate", "memory_recursiveprot", "favordynmods", "seclabel", "context", "fscontext", "defcontext",
    "rootcontext", "lowerdir", "upperdir", "workdir", "redirect_dir", "index", "metacopy", "xino", "nfs_export",
    "volatile", "vers", "nfsvers", "hard", "soft", "intr", "nointr", "rsize", "wsize", "timeo", "retrans", "retry",
    "bg", "fg", "lock", "nolock", "port", "mountport", "mountvers", "minorversion", "sec", "tcp", "udp", "namlen",
    "local_lock", "proto", "noresvport", "resvport", "nconnect", "actimeo", "acregmin", "acregmax", "acdirmin",
    "acdirmax", "lookupcache", "fsc", "nofsc", "prealloc", "fd", "pgrp", "timeout", "minproto", "maxproto", "direct",
    "pipe_ino", "max_read", "default_permissions", "allow_other", "user_id", "group_id", "blksize", "rootmode",
    "zstd", "inlinecrypt", "nogrpid", "grpid", "resuid", "resgid", "sb", "nombcache", "oldalloc", "orlov",
    "dioread_lock", "dioread_nolock", "min_batch_time", "max_batch_time", "i_version", "dax", "nodax", "percpu",
    "case", "posix", "hugetlbfs", "pagesize", "nosymfollow", "symfollow", "gquota", "noquota", "verbose",
];

/// Options of systemd, whose values are units, times and paths.
const SYSTEMD: [&str; 2] = ["x-systemd.", "x-initrd."];

/// Options as they may be shown, empty ones left out.
pub(crate) fn options(options: impl Iterator<Item = String>) -> Vec<String> {
    options.filter(|option| !option.is_empty()).map(|written| option(&written)).collect()
}

fn option(written: &str) -> String {
    let (name, value) = match written.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (written, None),
    };
    let known =
        OPTIONS.contains(&name) || SYSTEMD.iter().any(|begin| name.starts_with(begin)) && super::is_setting_name(name);
    match value {
        None if known => name.to_owned(),
        Some(value) if known && is_plain(&value.replace('@', "")) => written.to_owned(),
        Some(_) if known || super::is_setting_name(name) => format!("{name}={HIDDEN}"),
        // What follows a comma may be the rest of a password.
        _ => HIDDEN.to_owned(),
    }
}

/// What is mounted: a device, a path, a share of a host; never who logs in to it.
pub(crate) fn source(spec: &str) -> String {
    // Where a name stands before a host, an `@` ends it.
    if is_device(spec) || is_plain(&spec.replace(['\\', ' '], "")) {
        return spec.to_owned();
    }
    match spec.split_once("//").map(|(scheme, share)| (scheme, share.rsplit_once('@'))) {
        Some((scheme, Some((_, host)))) if is_plain(scheme) && is_plain(host) => format!("{scheme}//{HIDDEN}@{host}"),
        _ => HIDDEN.to_owned(),
    }
}
