//! iSCSI: the firmware's boot table, open-iscsi's files and database, and CHAP credentials.

pub(crate) mod credentials;
pub(crate) mod ibft_sysfs;
pub(crate) mod ibft_table;
pub(crate) mod open_iscsi;
