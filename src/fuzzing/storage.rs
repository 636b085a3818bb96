//! Tables of mounts and volumes, and what the first blocks of a device say.

use super::target::{Target, edits_once, text};
use crate::formats::storage::signature::{self, Area};
use crate::formats::storage::{crypttab, fstab, fstab_edit, lvm, mdadm_conf, vpd};
use std::hint::black_box;
use std::io::Cursor;

pub(super) const TARGETS: &[Target] = &[
    Target::new("fstab", &["storage/fstab.rs", "storage/fstab_edit.rs", "storage/lines.rs"], |input| {
        let text = text(input);
        black_box((fstab::parse(&text, "/f"), fstab::unescape(&text)));
        edits_once(&text, |text| fstab_edit::with_option(text, "/", "_netdev"));
    }),
    Target::new("crypttab", &["storage/crypttab.rs", "storage/lines.rs"], |input| {
        black_box(crypttab::parse(&text(input), "/c"));
    }),
    Target::new("mdadm-conf", &["storage/mdadm_conf.rs"], |input| {
        let text = text(input);
        black_box((mdadm_conf::parse(&text, "/m"), mdadm_conf::digits(&text)));
    }),
    Target::new("lvm-conf", &["storage/lvm/config.rs", "storage/lvm/tree.rs", "storage/lvm/edit.rs"], |input| {
        let text = text(input);
        black_box(lvm::settings(&text, "/l"));
        drop(black_box(lvm::edit::accepting(&text, "filter", "a|/dev/sda|")));
    }),
    Target::new("lvm-devices", &["storage/lvm/devices_file.rs"], |input| {
        black_box(lvm::devices_file(&text(input), "/l"));
    }),
    Target::new("lvm-metadata", &["storage/lvm/metadata.rs", "storage/lvm/segments.rs"], |input| {
        let text = text(input);
        black_box(lvm::volume_group(&text));
        if let Some(layout) = lvm::layout(&text) {
            black_box((layout.dm_uuid("root"), layout.physical_volumes("root")));
        }
    }),
    // An input may have all of a device's beginning; what is short has zeros behind it.
    Target::new("signature", &["storage/signature/"], |input| {
        black_box(signature::identify(input));
        black_box((signature::gpt_partitions(input), signature::gpt_entries(input, 512), signature::pv_label(input)));
        if let Some(area) = signature::metadata_area(input, Area { offset: 4096, size: 1 << 20 }) {
            black_box((area.is_sound(input), area.pieces()));
        }
        drop(signature::read(&mut Cursor::new(input)));
    })
    .most(256 << 10),
    Target::new("vpd", &["storage/vpd.rs"], |input| {
        black_box(vpd::identifiers(input, "/p"));
    })
    .most(4 << 10),
];
