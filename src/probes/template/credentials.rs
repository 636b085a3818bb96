//! Credentials: CHAP secrets of open-iscsi, and passwords in what cloud-init was given. Only that one is there,
//! and where, is ever told.

use super::search::Search;
use crate::formats::iscsi::open_iscsi;
use crate::probes::iscsi::records::{DATABASES, record_paths};
use isctpl_checks::facts::{Leftover, LeftoverKind, Location};

/// Looks through the files that may hold one.
pub(super) fn look(search: &mut Search<'_>) {
    let mut paths = vec!["/etc/iscsi/iscsid.conf".to_owned()];
    paths.extend(record_paths(search.root, &mut search.problems));
    paths.extend(discovery_records(search));
    for path in paths {
        if let Some(text) = search.text(&path) {
            found(search, open_iscsi::secrets(&text, &path).first().cloned(), text.len());
        }
    }
    const INITRAMFS: &str = "/etc/iscsi/iscsi.initramfs";
    if let Some(text) = search.text(INITRAMFS) {
        let (conf, _) = open_iscsi::initramfs_conf(&text, INITRAMFS);
        found(search, conf.secret, text.len());
    }
    for path in user_data(search) {
        if let Some(text) = search.text(&path) {
            found(search, password_line(&text).map(|line| Location::line(path, line)), text.len());
        }
    }
}

fn found(search: &mut Search<'_>, at: Option<Location>, size: usize) {
    let Some(at) = at else { return };
    let amount = u64::try_from(size).unwrap_or(u64::MAX);
    search.left.push(Leftover { kind: LeftoverKind::Credentials, path: at.path, amount, line: at.line });
}

/// Discovery records hold the secret of a discovery: `send_targets/ADDRESS,PORT/st_config`.
fn discovery_records(search: &mut Search<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    for database in DATABASES {
        let directory = format!("{database}/send_targets");
        for (portal, _) in search.list(&directory) {
            paths.push(format!("{directory}/{portal}/st_config"));
        }
    }
    paths
}

/// User data of cloud-init's instances and seeds.
fn user_data(search: &mut Search<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    for (directory, name) in [("/var/lib/cloud/instances", "user-data.txt"), ("/var/lib/cloud/seed", "user-data")] {
        for (instance, _) in search.list(directory) {
            paths.push(format!("{directory}/{instance}/{name}"));
        }
    }
    paths
}

/// The first line of user data that sets a password (cloud-init's `password`, `passwd`, `hashed_passwd`,
/// `chpasswd`).
fn password_line(text: &str) -> Option<u32> {
    let sets = |line: &str| {
        let key = line.trim_start_matches(['-', ' ', '\t', '{', '"']);
        ["password:", "passwd:", "hashed_passwd:", "plain_text_passwd:", "chpasswd:"]
            .iter()
            .any(|word| key.starts_with(word))
    };
    (1u32..).zip(text.lines()).find(|(_, line)| sets(line)).map(|(number, _)| number)
}
