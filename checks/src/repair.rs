//! What `isctpl prepare` changes to fix a finding: what is to hold afterwards, and not yet which bytes of which file.

use crate::facts::{InterfaceConfig, StaticRoute};

/// A change to the files of the root that fixes a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Words leave the kernel's command line for good, then others join it; the loader's configuration is written
    /// again.
    Words {
        /// Words that leave it, wherever they stand.
        remove: Vec<WordMatch>,
        /// Words that join it, in order, where they do not stand there yet.
        add: Vec<String>,
    },
    /// The login is requested in the words that this image reads: [`crate::login_words`] tells them.
    RequestLogin,
    /// The loader's configuration is written again from what it is made of.
    WriteLoader,
    /// A loader is copied to where firmware looks for it without a boot entry (`EFI/BOOT`).
    InstallFallbackLoader {
        /// The loader, as a path in the root.
        from: String,
    },
    /// The image of the entry that boots is built again, and holds this.
    BuildImage(ImageContents),
    /// A unit is not started any more by its own links.
    DisableUnit {
        /// Its name.
        unit: String,
    },
    /// A unit cannot be started by anything.
    MaskUnit {
        /// Its name.
        unit: String,
    },
    /// A unit starts as its `[Install]` section says.
    EnableUnit {
        /// Its name.
        unit: String,
    },
    /// A link goes, such as a stop link of a System V service.
    RemoveLink {
        /// Its path.
        path: String,
    },
    /// A setting of open-iscsi, in `iscsid.conf` or a node record.
    SetIscsi {
        /// The file.
        path: String,
        /// Such as `node.startup`.
        key: String,
        /// Its value.
        value: String,
    },
    /// The SAN NIC keeps its address and its route to the target in the real root.
    SanNic {
        /// The configuration that takes it over.
        config: Box<InterfaceConfig>,
        /// What that configuration lacks.
        need: SanNicNeed,
    },
    /// A DHCP client gives up after this time.
    DhcpTimeout {
        /// Its configuration file.
        path: String,
        /// Seconds.
        seconds: u32,
    },
    /// A mount of fstab has one more option.
    MountOption {
        /// The mount point, as fstab writes it.
        mount_point: String,
        /// The option, such as `_netdev`.
        option: String,
    },
    /// LVM accepts the LUN: a filter lets its device in, a list of volumes its group.
    AcceptVolume {
        /// The configuration file.
        path: String,
        /// The setting, such as `devices/global_filter`.
        setting: String,
        /// A pattern or name that is added in front.
        add: String,
    },
    /// The image waits for no swap to resume from.
    NoResume,
    /// A firewall lets packets out to the portals, and the target's replies in.
    AcceptPortal {
        /// `ufw`, `nftables`, `iptables` or `firewalld`.
        kind: String,
        /// The file with its rules.
        path: String,
    },
}

/// The most words and bytes of a configuration that is changed.
const LONGEST: (usize, usize) = (256, 16 << 10);

impl Repair {
    /// That the configuration of the SAN NIC gets what it lacks. `None` for one that is longer than anybody writes:
    /// it is kept with every finding, for each NIC that is tried, and left to the person.
    pub(crate) fn of_san_nic(config: &InterfaceConfig, need: SanNicNeed) -> Option<Self> {
        let of = &config.matches;
        let lists = [&of.names, &of.macs, &of.drivers, &of.types, &of.other, &config.lower];
        let commands = config.commands.iter().map(|command| &command.value);
        let texts = lists.into_iter().flatten().chain(commands);
        let (words, bytes) = texts.fold((0, 0), |(words, bytes), text| (words + 1, bytes + text.len()));
        let words = words + config.addresses.len() + config.routes.len() + config.also.len();
        let is_short = words <= LONGEST.0 && bytes <= LONGEST.1;
        is_short.then(|| Self::SanNic { config: Box::new(config.clone()), need })
    }
}

/// Which words of a command line are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordMatch {
    /// This very word.
    Word(String),
    /// Every word with this key, whatever its value.
    Key(String),
}

impl WordMatch {
    /// Whether a word is meant.
    pub fn matches(&self, word: &str) -> bool {
        match self {
            Self::Word(meant) => word == meant,
            Self::Key(key) => word.split('=').next() == Some(key),
        }
    }
}

/// What an image is to hold, besides what its generator puts in by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageContents {
    /// Kernel modules, by name.
    pub modules: Vec<String>,
    /// The drivers of every NIC, and not only of this host's.
    pub all_drivers: bool,
    /// What logs in to the target, with a network.
    pub login_tools: bool,
    /// LVM.
    pub lvm: bool,
    /// Programs and scripts, by their path in the root.
    pub programs: Vec<String>,
    /// Directories that must exist in it.
    pub directories: Vec<String>,
    /// Nobody but root may read it, because it holds a secret.
    pub owner_only: bool,
    /// A compression that the kernel can unpack.
    pub plain_compression: bool,
    /// It names no target of its own: its login is by the firmware.
    pub no_target: bool,
}

/// What the configuration that takes the SAN NIC over lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SanNicNeed {
    /// It must leave what the initramfs has set up: address, lease and routes.
    Keep,
    /// It needs a static route to the target's subnet.
    Route(StaticRoute),
    /// It must use the routes of the lease (option 121).
    LeaseRoutes,
    /// It must leave the NIC up at shutdown.
    StayUp,
}
