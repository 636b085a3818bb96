//! The firmware's iSCSI tables, open-iscsi's files, iPXE's scripts, and credentials.

use super::target::{Target, edits_once, text};
use crate::formats::iscsi::credentials;
use crate::formats::iscsi::ibft_sysfs::{self, Directory, READABLE};
use crate::formats::iscsi::ibft_table::{self, chap};
use crate::formats::iscsi::ipxe::{SanUri, check};
use crate::formats::iscsi::open_iscsi::{self, edit};
use std::hint::black_box;

pub(super) const TARGETS: &[Target] = &[
    Target::new("ibft-table", &["iscsi/ibft_table/"], |input| {
        drop(ibft_table::parse(input, "/t"));
        black_box(chap::of_target(input, "iqn.2001-04.com.example:storage"));
    })
    .most(4 << 10),
    Target::new("ibft-sysfs", &["iscsi/ibft_sysfs.rs"], ibft_sysfs),
    Target::new("iscsid-conf", &["iscsi/open_iscsi/"], open_iscsi),
    Target::new("iscsi-initramfs", &["iscsi/open_iscsi/initramfs.rs", "iscsi/open_iscsi/anonymous.rs"], |input| {
        let text = text(input);
        black_box(open_iscsi::initramfs_conf(&text, "/i"));
        drop(open_iscsi::keeps_all_sessions(&text, "/i"));
        edits_once(&text, open_iscsi::initramfs_without_credentials);
    }),
    Target::new("ipxe", &["iscsi/ipxe/"], |input| {
        let text = text(input);
        black_box((check::uri(&text), check::script(&text)));
        // What is shown of a URI is read again as the same.
        if let Ok((uri, _)) = SanUri::parse(&text) {
            let again = SanUri::parse(&uri.to_string()).ok().map(|(uri, _)| uri.to_string());
            assert_eq!(again, Some(uri.to_string()), "what is written is read as something else");
        }
    }),
    Target::new("credentials", &["iscsi/credentials/"], |input| {
        let text = text(input);
        drop(black_box(credentials::initiators(&text, "/c")));
        drop(black_box(credentials::targets(&text, "/c")));
    }),
];

/// Lines `directory/attribute text`, as `grep -r . /sys/firmware/ibft` shows them.
fn ibft_sysfs(input: &[u8]) {
    let text = text(input);
    let mut directories: Vec<Directory> = Vec::new();
    for line in text.lines() {
        let (place, value) = line.split_once(' ').unwrap_or((line, ""));
        let (name, attribute) = place.split_once('/').unwrap_or((place, "index"));
        let known = READABLE.contains(&attribute).then(|| value.to_owned());
        let place = directories.iter().position(|directory| directory.name == name).unwrap_or(directories.len());
        if place == directories.len() && place < 64 {
            directories.push(Directory { name: name.to_owned(), ..Directory::default() });
        }
        if let Some(directory) = directories.get_mut(place) {
            directory.attributes.insert(attribute.to_owned(), known);
        }
    }
    black_box(ibft_sysfs::parse(&directories, "/sys/firmware/ibft"));
    black_box(ibft_sysfs::lun(&text));
}

fn open_iscsi(input: &[u8]) {
    let text = text(input);
    black_box((open_iscsi::iscsid_conf(&text, "/i"), open_iscsi::node_record(&text, "/i")));
    black_box((open_iscsi::initiator_name(&text, "/i"), open_iscsi::portal_of_name(&text)));
    let clean = open_iscsi::without_credentials(&text);
    assert_eq!(open_iscsi::secrets(&clean, "/i"), [], "a secret is left");
    black_box(open_iscsi::generated_name(&text));
    edits_once(&text, |text| edit::edited(text, "node.startup", "automatic"));
}
