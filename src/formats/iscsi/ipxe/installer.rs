//! Installers that iPXE boots from the network with the LUN in the iBFT: the words that their kernels are told.
//!
//! What each word does was read where its installer reads it; what none of them does is in `docs/unattended.md`.

/// The name under which iPXE keeps the initial RAM disk: where UEFI boots a kernel, it asks for the file by the name
/// that its word `initrd=` has (`Documentation/admin-guide/efi-stub.rst`); elsewhere the word means nothing.
pub(super) const INITRD: &str = "initrd";

/// An installer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installer {
    /// Red Hat's, Fedora's and their kin's.
    Anaconda,
    /// Ubuntu Server's.
    Subiquity,
    /// Debian's.
    Debian,
}

impl Installer {
    /// Whether the installer is fetched from somewhere else than its kernel: anaconda's runtime is in its tree
    /// (`inst.repo`), subiquity in the image of Ubuntu; Debian's is in its initial RAM disk, and the mirror in the
    /// preseed.
    pub(crate) fn needs_source(self) -> bool {
        self != Self::Debian
    }

    /// Whether it logs in to the LUN of the iBFT by itself. Anaconda does (`_start_ibft` of `blivet/iscsi.py`), and so
    /// does the dracut below it. Subiquity's sources speak of no iBFT, and Debian's `disk-detect` neither.
    pub(crate) fn logs_in(self) -> bool {
        self == Self::Anaconda
    }
}

/// An installer, and where its parts are.
#[derive(Debug)]
pub(crate) struct Netboot<'a> {
    /// Which one.
    pub(crate) installer: Installer,
    /// The URL of its kernel.
    pub(crate) kernel: &'a str,
    /// The URL of its initial RAM disk.
    pub(crate) initrd: &'a str,
    /// The URL of its tree or image, where [`Installer::needs_source`].
    pub(crate) source: Option<&'a str>,
    /// The URL of a kickstart, of a preseed, or of the directory of user-data and meta-data.
    pub(crate) answers: Option<&'a str>,
    /// Words that are added to the others.
    pub(crate) append: &'a [String],
}

impl Netboot<'_> {
    /// The words of the kernel's command line.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = vec![format!("initrd={INITRD}")];
        match self.installer {
            Installer::Anaconda => self.anaconda(&mut words),
            Installer::Subiquity => self.subiquity(&mut words),
            Installer::Debian => self.debian(&mut words),
        }
        words.extend_from_slice(self.append);
        words
    }

    /// `rd.iscsi.ibft` sets the NIC up (dracut's `parse-ibft.sh`, `nmi_cmdline_reader_parse` of NetworkManager), of
    /// which `ip=ibft` is the older name; `rd.iscsi.firmware` logs in (dracut's `parse-iscsiroot.sh`). Anaconda gives
    /// the installed system both. Its own words are in its `docs/user-guide/boot-options.rst`.
    fn anaconda(&self, words: &mut Vec<String>) {
        words.extend(["rd.iscsi.ibft=1", "rd.iscsi.firmware=1"].map(str::to_owned));
        words.extend(self.source.map(|url| format!("inst.repo={url}")));
        words.extend(self.answers.map(|url| format!("inst.ks={url}")));
    }

    /// The RAM disk fetches the image that `url` names (<https://ubuntu.com/server/docs/install/netboot-amd64>), and
    /// cloud-init would take it for its own configuration, were it not for `cloud-config-url`. `nocloud-net` is the
    /// name of the data source that every version of cloud-init takes with http (its `DataSourceNoCloud.py`).
    fn subiquity(&self, words: &mut Vec<String>) {
        words.push("ip=dhcp".to_owned());
        words.extend(self.source.map(|url| format!("url={url}")));
        words.push("cloud-config-url=/dev/null".to_owned());
        if let Some(url) = self.answers {
            // The names of the files are put right behind it.
            let slash = if url.ends_with('/') { "" } else { "/" };
            words.push("autoinstall".to_owned());
            words.push(format!("ds=nocloud-net;s={url}{slash}"));
        }
    }

    /// Appendix B.2 of Debian's installation guide. The preseed comes over the network, so it is too late for the
    /// question which NIC that is; it is asked at priority critical where there are two, and `interface=auto` takes
    /// the one that `BOOTIF=` names, else the first that has a link (netcfg's `netcfg_get_interface`).
    fn debian(&self, words: &mut Vec<String>) {
        if let Some(url) = self.answers {
            words.extend(["auto=true", "priority=critical", "interface=auto"].map(str::to_owned));
            words.push(format!("url={url}"));
        }
    }
}
