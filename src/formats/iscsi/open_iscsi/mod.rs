//! open-iscsi's files: iscsid.conf and records (`key = value`), initiatorname.iscsi, and the shell
//! assignments of `/etc/iscsi/iscsi.initramfs` and `/etc/default/open-iscsi`.
//!
//! Source: open-iscsi `usr/idbm.c` (`idbm_recinfo_config`), `usr/config.h`, Debian's
//! `scripts/local-top/iscsi`. A password's value is dropped where it is read: nothing here returns one.

mod anonymous;
pub(crate) mod edit;
mod initramfs;
mod record;

pub(crate) use anonymous::{generated_name, initramfs_without_credentials, without_credentials};
pub(crate) use initramfs::{initramfs_conf, keeps_all_sessions};
pub(crate) use record::{initiator_name, iscsid_conf, node_record, portal_of_name, secrets};
