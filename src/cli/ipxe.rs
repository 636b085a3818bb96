//! The options of `isctpl ipxe`.

use super::CredentialArgs;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// `isctpl ipxe`
#[derive(Debug, Args)]
#[command(next_line_help = true)]
pub struct IpxeArgs {
    /// Explain this script, or this SAN URI (iscsi:SERVER:PROTOCOL:PORT:LUN:TARGET), and say what iPXE refuses in it;
    /// - reads a script from standard input
    #[arg(long, value_name = "FILE|URI")]
    #[arg(conflicts_with_all = ["instance_yaml", "drive_yaml", "ibft", "portal", "target", "lun", "initiator"])]
    #[arg(conflicts_with_all = ["username", "password_file", "boot", "interface", "with_secret"])]
    pub check: Option<OsString>,

    /// Where the LUN is, and who logs in
    #[command(flatten)]
    pub credentials: CredentialArgs,

    /// Boot this with the LUN hooked and in the iBFT, such as an installer's image [default: boot from the LUN]
    #[arg(long, value_name = "URL", value_parser = url, help_heading = "Script")]
    pub boot: Option<String>,

    /// The SAN NIC as iPXE calls it, such as net0 [default: every NIC until one gets an address]
    #[arg(long, value_name = "NAME", value_parser = nic, help_heading = "Script")]
    pub interface: Option<String>,

    /// Write the script, with the CHAP password in it, to this file, which is made readable for its owner alone;
    /// without it the script goes to standard output, and asks for the password when it boots
    #[arg(long, value_name = "FILE", help_heading = "Script")]
    pub with_secret: Option<PathBuf>,
}

/// What iPXE boots as a drive, which only HTTP lets it read in parts: a URL that its scripts take for one word. Its
/// settings may stand in it, `${next-server}`.
fn url(text: &str) -> Result<String, String> {
    let is_scheme = |scheme: &str| ["http", "https"].contains(&scheme);
    let is_url = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && text.split_once("://").is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty());
    is_url
        .then(|| text.to_owned())
        .ok_or_else(|| "not a URL of http or https; write http://192.0.2.1/installer.iso".to_owned())
}

/// A NIC's name in iPXE.
fn nic(text: &str) -> Result<String, String> {
    let is_nic = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_nic.then(|| text.to_owned()).ok_or_else(|| "not a NIC of iPXE; write net0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_booted_is_one_word() {
        assert!(url("https://example.org/a.iso?x=1").is_ok() && url("http://${next-server}/a").is_ok());
        for text in
            ["a.iso", "tftp://192.0.2.1/a", "http://", "http://a b", "://a", "http://a\n", "http://a\\", "#://a"]
        {
            assert!(url(text).is_err(), "{text:?}");
        }
        assert!(nic("net0").is_ok());
        for text in ["net0 net1", "", "-a", "#net0"] {
            assert!(nic(text).is_err(), "{text:?}");
        }
    }
}
