//! The options that tell where a LUN is, and who logs in.

use clap::Args;
use isctpl_checks::facts::ISCSI_PORT;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Where the LUN is, and who logs in.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_line_help = true)]
pub struct CredentialArgs {
    /// The output of `instance-array get --show-iscsi-credentials --format yaml`: initiator name and CHAP
    /// credentials; - reads standard input
    #[arg(long, value_name = "FILE", help_heading = "Credentials")]
    pub instance_yaml: Option<PathBuf>,

    /// The output of `drive-array get --show-iscsi-credentials --format yaml`: portal, target and LUN
    #[arg(long, value_name = "FILE", help_heading = "Credentials")]
    pub drive_yaml: Option<PathBuf>,

    /// The instance's id or label, if the file has several
    #[arg(long, value_name = "ID", requires = "instance_yaml", help_heading = "Credentials")]
    pub instance: Option<String>,

    /// The drive's id or label, if the file has several
    #[arg(long, value_name = "ID", requires = "drive_yaml", help_heading = "Credentials")]
    pub drive: Option<String>,

    /// Take whatever is not given from this machine's iBFT; this is the default without files and --target
    #[arg(long, help_heading = "Credentials")]
    pub ibft: bool,

    /// The target's portal; the port is 3260 by default
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = portal, help_heading = "Credentials")]
    pub portal: Option<SocketAddr>,

    /// The target's iSCSI name
    #[arg(long, value_name = "IQN", help_heading = "Credentials")]
    pub target: Option<String>,

    /// The LUN number, in decimal, or in hexadecimal with 0x: 47 or 0x2F
    #[arg(long, value_name = "NUMBER", value_parser = lun, help_heading = "Credentials")]
    pub lun: Option<u64>,

    /// The initiator's iSCSI name
    #[arg(long, value_name = "IQN", help_heading = "Credentials")]
    pub initiator: Option<String>,

    /// The CHAP user name
    #[arg(long, value_name = "NAME", help_heading = "Credentials")]
    pub username: Option<String>,

    /// Read the CHAP password from the first line of this file; - reads standard input. If no source has the
    /// password, isctpl asks for it
    #[arg(long, value_name = "FILE", help_heading = "Credentials")]
    pub password_file: Option<PathBuf>,
}

/// A LUN number: decimal, or hexadecimal with 0x. Without it hexadecimal is not taken: 47 would mean two things.
fn lun(text: &str) -> Result<u64, String> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = hexadecimal.map_or_else(|| text.parse(), |digits| u64::from_str_radix(digits, 16));
    number.map_err(|_| {
        if !text.is_empty() && text.chars().all(|digit| digit.is_ascii_hexdigit()) && hexadecimal.is_none() {
            format!("a hexadecimal LUN number is written 0x{text}")
        } else {
            "a LUN number is written in decimal (47), or in hexadecimal with 0x (0x2F)".to_owned()
        }
    })
}

/// An address with an optional port; an IPv6 address with a port stands in brackets.
pub(super) fn portal(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.port() == 0 => {
            return Err("0 is not a port number; iSCSI uses 3260 unless the target says otherwise".to_owned());
        }
        Ok(address) => return Ok(address),
        Err(_) => {}
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>()
        .map(|ip| SocketAddr::new(ip, ISCSI_PORT))
        .map_err(|_| "not an IP address; write 100.97.0.10, 100.97.0.10:3260 or [2001:db8::1]:3260".to_owned())
}
