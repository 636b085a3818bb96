//! The options of `isctpl ipxe`.

use super::CredentialArgs;
use clap::{Args, ValueEnum};
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
    #[arg(conflicts_with_all = ["username", "password_file", "boot", "installer", "interface", "with_secret"])]
    pub check: Option<OsString>,

    /// Where the LUN is, and who logs in
    #[command(flatten)]
    pub credentials: CredentialArgs,

    /// Boot this with the LUN hooked and in the iBFT, such as an installer's image [default: boot from the LUN]
    #[arg(long, value_name = "URL", value_parser = url, help_heading = "Script")]
    pub boot: Option<String>,

    /// Boot the kernel of this installer with the LUN hooked and in the iBFT, and tell it what it has to know
    #[arg(long, value_name = "NAME", value_enum, help_heading = "Installer")]
    #[arg(requires_all = ["kernel", "initrd"], conflicts_with = "boot")]
    pub installer: Option<Installer>,

    /// The installer's kernel
    #[arg(long, value_name = "URL", value_parser = url_word, requires = "installer", help_heading = "Installer")]
    pub kernel: Option<String>,

    /// The installer's initial RAM disk
    #[arg(long, value_name = "URL", value_parser = url_word, requires = "installer", help_heading = "Installer")]
    pub initrd: Option<String>,

    /// What it installs from: anaconda's tree, or the image of Ubuntu; Debian's mirror is in its preseed
    #[arg(long, value_name = "URL", value_parser = url_word, requires = "installer", help_heading = "Installer")]
    pub source: Option<String>,

    /// What it would ask: a kickstart, a preseed, or the directory of user-data and meta-data [default: it asks]
    #[arg(long, value_name = "URL", value_parser = url_word, requires = "installer", help_heading = "Installer")]
    pub answers: Option<String>,

    /// A further word of its kernel's command line, such as console=ttyS0; may be repeated
    #[arg(long, value_name = "WORD", value_parser = kernel_word, requires = "installer", help_heading = "Installer")]
    pub append: Vec<String>,

    /// The SAN NIC as iPXE calls it, such as net0 [default: every NIC until one gets an address]
    #[arg(long, value_name = "NAME", value_parser = nic, help_heading = "Script")]
    pub interface: Option<String>,

    /// Write the script, with the CHAP password in it, to this file, which is made readable for its owner alone;
    /// without it the script goes to standard output, and asks for the password when it boots
    #[arg(long, value_name = "FILE", help_heading = "Script")]
    pub with_secret: Option<PathBuf>,
}

/// An installer that `--installer` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Installer {
    /// Red Hat's, Fedora's and their kin's; it takes the disk from the iBFT
    Anaconda,
    /// Ubuntu Server's; its user-data has to log in to the LUN
    Subiquity,
    /// Debian's; its preseed has to log in to the LUN
    Debian,
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

/// A URL that is a part of a kernel's command line, where quotes have a meaning.
fn url_word(text: &str) -> Result<String, String> {
    url(text).and_then(
        |url| if url.contains(['"', '\'']) { Err("a quote in it is written %22".to_owned()) } else { Ok(url) },
    )
}

/// A word of a kernel's command line. iPXE keeps what may be typed of it, and everybody on the machine can read it.
fn kernel_word(text: &str) -> Result<String, String> {
    let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if !is_word || text.starts_with('#') || [";", "&&", "||"].contains(&text) {
        return Err("not a word that iPXE hands on to a kernel; write console=ttyS0".to_owned());
    }
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    if name.to_ascii_lowercase().contains("passw") || (name.ends_with("root") && value.contains('@')) {
        return Err("a password has no place there: /proc/cmdline shows it to everybody".to_owned());
    }
    Ok(text.to_owned())
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
        assert!(url_word("http://a/b").is_ok() && url_word("http://a/\"").is_err());
        for word in ["console=ttyS0,115200", "ip=ens1:dhcp", "---", "a=\"b\""] {
            assert!(kernel_word(word).is_ok(), "{word:?}");
        }
        for word in ["", "a b", "#a", "&&", "||", ";", "a\\", "rd.iscsi.password=a", "netroot=iscsi:a:b@c::::d", "a\n"]
        {
            assert!(kernel_word(word).is_err(), "{word:?}");
        }
        assert!(nic("net0").is_ok());
        for text in ["net0 net1", "", "-a", "#net0"] {
            assert!(nic(text).is_err(), "{text:?}");
        }
    }
}
