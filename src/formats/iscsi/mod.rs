//! iSCSI: the firmware's boot table, iPXE's scripts, open-iscsi's files and database, and CHAP credentials.

pub(crate) mod credentials;
pub(crate) mod ibft_sysfs;
pub(crate) mod ibft_table;
pub(crate) mod ipxe;
pub(crate) mod open_iscsi;
