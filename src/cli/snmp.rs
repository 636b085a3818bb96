//! The options of `isctpl snmp`.

use clap::Args;
use std::path::PathBuf;

/// `isctpl snmp`
#[derive(Debug, Args)]
pub struct SnmpArgs {
    /// The report, as `isctpl doctor --format json --output FILE` writes it
    #[arg(long, value_name = "FILE", default_value = "/run/isctpl/doctor.json")]
    pub report: PathBuf,

    /// A report that is older tells nothing any more: the verdict is unknown then
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub max_age: u32,

    /// The identifier below which the values stand: that of the pass_persist line
    #[arg(long, value_name = "OID", default_value = ".1.3.6.1.4.1.8072.9999.9999.3260")]
    pub base: String,
}
