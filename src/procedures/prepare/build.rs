//! What is built from the files of a root: the image of the entry that boots, and GRUB's configuration.

use super::repairs::image::generator::Generator;
use crate::system::command::Invocation;
use std::time::Duration;

/// How long a generator may take: a slow machine packs for minutes.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Where dracut puts what it needs for a while, whatever its configuration says.
const TEMPORARY: &str = "/var/tmp";

/// Something that is built anew, and replaces a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Build {
    /// An initramfs.
    Image {
        /// Who builds it.
        generator: Generator,
        /// The version of its kernel.
        version: String,
        /// Its path in the root.
        path: String,
    },
    /// GRUB's configuration.
    GrubConfig {
        /// `grub-mkconfig` or `grub2-mkconfig`.
        program: String,
        /// Its path in the root.
        path: String,
    },
}

impl Build {
    /// The file that is replaced.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Image { path, .. } | Self::GrubConfig { path, .. } => path,
        }
    }

    /// The program that builds it.
    pub(crate) fn program(&self) -> &str {
        match self {
            Self::Image { generator: Generator::InitramfsTools, .. } => "mkinitramfs",
            Self::Image { generator: Generator::Dracut, .. } => "dracut",
            Self::GrubConfig { program, .. } => program,
        }
    }

    /// The command that builds it at another path in the root.
    pub(crate) fn invocation(&self, output: &str) -> Invocation {
        let invocation = Invocation::new(self.program(), LIMIT);
        match self {
            Self::Image { generator: Generator::InitramfsTools, version, .. } => {
                invocation.args(["-o", output, version])
            }
            Self::Image { generator: Generator::Dracut, version, .. } => {
                invocation.args(["--force", "--tmpdir", TEMPORARY, output, version])
            }
            Self::GrubConfig { .. } => invocation.args(["-o", output]),
        }
    }
}
