//! What cloud-init's own configuration says of the network (`/etc/cloud/cloud.cfg` and `cloud.cfg.d`).

use crate::formats::text::yaml::{Document, Fault};

/// `network:` of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Nothing.
    Unsaid,
    /// `config: disabled`: cloud-init writes none.
    Disabled,
    /// It has a configuration, from this line on.
    Own(u32),
}

/// Reads a file.
pub(crate) fn network(text: &str) -> Result<Network, Fault> {
    let document = Document::read(text)?;
    let entries = document.root().map(|root| root.entries()).unwrap_or_default();
    let Some((_, key, value)) = entries.into_iter().find(|(key, ..)| *key == "network") else {
        return Ok(Network::Unsaid);
    };
    let config = value.entries().into_iter().find(|(key, ..)| *key == "config").map(|(.., config)| config);
    Ok(match config.and_then(|config| config.text()) {
        Some("disabled") => Network::Disabled,
        _ if value.is_null() => Network::Unsaid,
        _ => Network::Own(key.line()),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// is_disabled_cfg() in cloudinit/net/__init__.py: `config` is the word `disabled`.
    #[test]
    fn what_is_said_of_the_network() {
        for (text, said) in [
            ("network: {config: disabled}\n", Network::Disabled),
            ("# by hand\nnetwork:\n  config: disabled\n", Network::Disabled),
            ("network:\n  version: 2\n  ethernets: {enp0s3: {dhcp4: true}}\n", Network::Own(1)),
            ("network:\n", Network::Unsaid),
            ("system_info:\n  network:\n    renderers: [netplan, eni]\n", Network::Unsaid),
            ("", Network::Unsaid),
        ] {
            assert_eq!(network(text).unwrap(), said, "{text}");
        }
        assert!(network("network: [").is_err());
    }
}
