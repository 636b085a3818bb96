//! What the SAN NIC is called on the real root, as far as it is known.

use super::evidence::on_disk;
use crate::Analysis;
use crate::facts::{Mode, NicMatch};

/// What is known of the SAN NIC as the real root will see it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct SanIdentity {
    /// Its name on the real root.
    pub(crate) name: Option<String>,
    /// Its MAC address.
    pub(crate) mac: Option<String>,
    /// Its driver.
    pub(super) driver: Option<String>,
    /// Whether a NIC without a name of its own is called `eth0` and so on (`net.ifnames=0`).
    pub(super) kernel_names: bool,
    /// A name or MAC address that is not given here is one that no configuration bears; otherwise it is not known.
    pub(crate) settled: bool,
    /// The name is this host's, whose names need not be those of the real root.
    pub(super) name_of_host: bool,
}

impl SanIdentity {
    /// In order: the NIC that is tried, what the user told, the firmware and the running kernel, the image and
    /// its command line, what else lies on the disk.
    pub(crate) fn of(facts: &Analysis<'_>) -> Self {
        let words = facts.boot_words();
        let kernel_names = words.last("net.ifnames") == Some("0");
        if let Some(tried) = &facts.scope.supposed {
            let (name, mac, driver) = (tried.name.clone(), tried.mac.clone(), tried.driver.clone());
            return Self { name, mac, driver, kernel_names, settled: true, name_of_host: false };
        }
        if facts.scope.san_nic_is_unconfigured() {
            return Self { kernel_names, settled: true, ..Self::default() };
        }
        let live = facts.scope.mode == Mode::Live;
        let current = facts.any_nic().map(|nic| nic.name);
        let given = facts.scope.san_nic_name().map(str::to_owned);
        let known_mac = facts.scope.san_nic_mac().or_else(|| facts.san_mac().map(str::to_owned));
        // What the firmware and the user do not tell, the disk may.
        let told = given.is_some() || known_mac.is_some() || (live && current.is_some());
        let found = on_disk(facts, words, told);
        let name_of_host = !live && given.is_none() && found.name.is_none() && current.is_some();
        let name = match live {
            true => given.or_else(|| current.clone()).or(found.name),
            false => given.or(found.name).or_else(|| current.clone()),
        };
        let nics = || facts.nics.known().into_iter().flatten().filter(|nic| nic.physical);
        let called = |wanted: &Option<String>| nics().find(|nic| wanted.as_ref() == Some(&nic.name));
        let hardware = called(&current).or_else(|| called(&name));
        let mac = known_mac.or_else(|| hardware.map(|nic| nic.mac.clone())).or(found.mac);
        let by_mac = || nics().find(|nic| mac.as_ref() == Some(&nic.mac));
        let driver = hardware.or_else(by_mac).and_then(|nic| nic.driver.clone());
        Self { name, mac, driver, kernel_names, settled: false, name_of_host }
    }

    /// Another NIC, as far as a configuration that is for it alone says what it is.
    pub(super) fn of_another(of: &NicMatch) -> Self {
        Self { name: of.only_name().map(str::to_owned), mac: of.macs.first().cloned(), ..Self::default() }
    }

    /// How to call it in a sentence.
    pub(crate) fn title(&self) -> String {
        match (&self.name, &self.mac) {
            (Some(name), _) => format!("the SAN NIC {name}"),
            (None, Some(mac)) => format!("the SAN NIC ({mac})"),
            (None, None) => "the SAN NIC".to_owned(),
        }
    }
}
