//! A script that logs in to a LUN and boots from it, or from somewhere else with the LUN in the iBFT.

use super::SanUri;
use super::installer::{INITRD, Netboot};
use crate::formats::text::secret::Secret;
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// The number of the drive that is booted beside the LUN, which is the first hard disk, 0x80: iPXE refuses to hook a
/// second one under the same number (`register_sandev` of `src/core/sanboot.c`).
const SECOND_DRIVE: &str = "0x81";

/// What a script does.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// The LUN.
    pub(crate) uri: &'a SanUri,
    /// The initiator's iSCSI name.
    pub(crate) initiator: &'a str,
    /// The CHAP name, where there is one.
    pub(crate) username: Option<&'a str>,
    /// The CHAP secret; without it whoever boots is asked.
    pub(crate) secret: Option<&'a Secret>,
    /// The NIC in iPXE's words, such as `net0`; every one without it.
    pub(crate) interface: Option<&'a str>,
    /// What is booted.
    pub(crate) boot: Boot<'a>,
}

/// What is booted.
#[derive(Debug)]
pub(crate) enum Boot<'a> {
    /// The LUN.
    Lun,
    /// A drive at this URL, beside the LUN.
    Drive(&'a str),
    /// A kernel, with the LUN hooked.
    Installer(Netboot<'a>),
}

/// The script. It holds the secret where one is given.
pub(crate) fn script(wanted: &Wanted<'_>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    text.push_str("#!ipxe\n");
    let nic = wanted.interface.map(|name| format!(" {name}")).unwrap_or_default();
    // Writing to a string does not fail.
    let _ = writeln!(text, "dhcp{nic}");
    setting(&mut text, "initiator-iqn", wanted.initiator);
    if let Some(name) = wanted.username {
        setting(&mut text, "username", name);
        match wanted.secret {
            Some(secret) => setting(&mut text, "password", secret.expose()),
            None => text.push_str("login\n"),
        }
    }
    text.push_str("set keep-san 1\n");
    let _ = match &wanted.boot {
        Boot::Lun => writeln!(text, "sanboot {}", wanted.uri),
        Boot::Drive(url) => {
            writeln!(text, "sanhook {}\nsanboot --no-describe --drive {SECOND_DRIVE} {url}", wanted.uri)
        }
        Boot::Installer(netboot) => {
            let Netboot { kernel, initrd, .. } = netboot;
            let words = netboot.words().join(" ");
            writeln!(text, "sanhook {}\nkernel {kernel} {words}\ninitrd --name {INITRD} {initrd}\nboot", wanted.uri)
        }
    };
    text
}

/// A value as it stands, where iPXE takes it so; else its bytes in hexadecimal (`setting_type_hexraw` of
/// `src/core/settings.c`), for its scripts have no quotes.
fn setting(text: &mut String, name: &str, value: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_@/+=,".contains(&byte);
    if value.bytes().all(plain) {
        let _ = writeln!(text, "set {name} {value}");
        return;
    }
    let _ = write!(text, "set {name}:hexraw ");
    value.bytes().for_each(|byte| {
        let _ = write!(text, "{byte:02x}");
    });
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    fn wanted(uri: &SanUri) -> Wanted<'_> {
        Wanted {
            uri,
            initiator: "iqn.2020-10.com.example:a",
            username: Some("user"),
            secret: None,
            interface: None,
            boot: Boot::Lun,
        }
    }

    fn uri() -> SanUri {
        SanUri::new(([192, 0, 2, 10], 3260).into(), 47, "iqn.2013-01.com.example:storage.1")
    }

    #[test]
    fn a_script_asks_for_the_secret_that_it_does_not_hold() {
        let uri = uri();
        let text = script(&wanted(&uri));
        assert_eq!(
            *text,
            "#!ipxe\ndhcp\nset initiator-iqn iqn.2020-10.com.example:a\nset username user\nlogin\nset keep-san 1\n\
             sanboot iscsi:192.0.2.10:::2F:iqn.2013-01.com.example:storage.1\n"
        );
    }

    #[test]
    fn what_means_something_to_ipxe_is_written_in_hexadecimal() {
        for (secret, line) in [
            ("WpccjYD9NgYhR", "set password WpccjYD9NgYhR"),
            ("a b", "set password:hexraw 612062"),
            ("#a", "set password:hexraw 2361"),
            ("${mac}", "set password:hexraw 247b6d61637d"),
            ("a\\", "set password:hexraw 615c"),
            ("ä\n", "set password:hexraw c3a40a"),
        ] {
            let (uri, secret) = (uri(), Secret::new(secret.to_owned()));
            let text = script(&Wanted { secret: Some(&secret), ..wanted(&uri) });
            assert!(text.lines().any(|found| found == line), "{line}");
            assert_eq!(text.lines().count(), 7);
        }
    }

    #[test]
    fn a_second_drive_has_another_number() {
        let uri = uri();
        let text =
            script(&Wanted { interface: Some("net0"), boot: Boot::Drive("http://192.0.2.1/a.iso"), ..wanted(&uri) });
        assert!(text.contains("\ndhcp net0\n") && text.contains("\nsanhook iscsi:"), "{}", *text);
        assert!(text.ends_with("\nsanboot --no-describe --drive 0x81 http://192.0.2.1/a.iso\n"), "{}", *text);
        let checked = check::script(&text);
        assert!(checked.faults.is_empty() && checked.doubts.is_empty(), "{checked:?}");
    }
}
