//! Node records of open-iscsi's database: `nodes/TARGET/IP,PORT,TPGT/IFACE`, or a file a portal as older
//! versions wrote it. Debian kept the database in `/etc/iscsi` before 2.1.10-3.

use crate::formats::iscsi::open_iscsi::{node_record, portal_of_name};
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{NodeRecord, Problem};

/// Where databases lie: upstream's place, and Debian's older one.
pub(crate) const DATABASES: [&str; 2] = ["/var/lib/iscsi", "/etc/iscsi"];

/// The most records that are read.
const RECORD_LIMIT: usize = 4096;

/// Every node record of both databases.
pub(super) fn nodes(root: &Root, problems: &mut Vec<Problem>) -> Vec<NodeRecord> {
    let mut records = Vec::new();
    for path in record_paths(root, problems) {
        match root.text(&path) {
            Ok(Some(text)) => {
                let (record, trouble) = node_record(&text, &path);
                problems.extend(trouble);
                records.push(record);
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    records
}

/// Paths of every node record.
pub(crate) fn record_paths(root: &Root, problems: &mut Vec<Problem>) -> Vec<String> {
    let mut paths = Vec::new();
    for database in DATABASES {
        let nodes = format!("{database}/nodes");
        for (target, kind) in list(root, &nodes, problems) {
            if kind == FileKind::File {
                continue;
            }
            for (portal, kind) in list(root, &format!("{nodes}/{target}"), problems) {
                let path = format!("{nodes}/{target}/{portal}");
                if portal_of_name(&portal).is_none() {
                    problems.push(Problem::new(path, "was not read: its name is not a portal (IP,PORT,TPGT)"));
                } else if kind == FileKind::File {
                    paths.push(path);
                } else {
                    let interfaces = list(root, &path, problems);
                    paths.extend(interfaces.into_iter().map(|(interface, _)| format!("{path}/{interface}")));
                }
            }
        }
    }
    if paths.len() > RECORD_LIMIT {
        paths.truncate(RECORD_LIMIT);
        problems.push(Problem::new(
            "/var/lib/iscsi/nodes",
            format!("has more than {RECORD_LIMIT} records; the rest was not read"),
        ));
    }
    paths
}

fn list(root: &Root, path: &str, problems: &mut Vec<Problem>) -> Vec<(String, FileKind)> {
    match root.list(path) {
        Ok(names) => names.unwrap_or_default(),
        Err(problem) => {
            problems.push(problem);
            Vec::new()
        }
    }
}
