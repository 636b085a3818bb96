//! iSCSI: the firmware's boot table, open-iscsi's files and database, and CHAP credentials.

pub mod credentials;
pub mod ibft_sysfs;
pub mod ibft_table;
pub mod open_iscsi;
