//! What a machine's serial console tells of how far it came.

use serde::{Deserialize, Serialize};

/// How far a boot came, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The firmware and iPXE.
    Firmware,
    /// GRUB, read from the LUN.
    Loader,
    /// The kernel and the initramfs.
    Initramfs,
    /// The real root's init.
    RealRoot,
}

impl Stage {
    /// For people: where the machine stopped.
    pub fn name(self) -> &'static str {
        match self {
            Self::Firmware => "firmware",
            Self::Loader => "loader",
            Self::Initramfs => "initramfs",
            Self::RealRoot => "real root",
        }
    }
}

/// Texts that show that a stage was reached.
const REACHED: &[(&str, Stage)] = &[
    ("Booting from SAN device", Stage::Firmware),
    // GRUB says nothing when all is well; the entry that words.sh writes does.
    ("Loading Linux", Stage::Loader),
    ("GNU GRUB", Stage::Loader),
    ("grub>", Stage::Loader),
    ("] Linux version ", Stage::Initramfs),
    ("Begin: Running /scripts/init-bottom", Stage::RealRoot),
    ("Switching root", Stage::RealRoot),
];

/// Texts after which a boot is lost: nothing comes up by itself any more.
const LOST: &[&str] = &[
    "Dropping to a shell",
    "Kernel panic",
    "Entering emergency mode",
    "Press Enter for maintenance",
    "You are in emergency mode",
    "Press Enter for system logs",
    "Generating \"/run/initramfs/rdsosreport.txt\"",
    "grub rescue>",
    "grub>",
    "you need to load the kernel first",
    "UEFI Interactive Shell",
    "Shell>",
    "No bootable device",
    "Boot Failed. EFI",
    "No more network devices",
    "Could not open SAN device",
    "Could not boot from SAN device",
    "System halted",
    // Debian's installer, by its frontend "text": a question that its answers do not have, and a step that failed.
    "Prompt: '?' for help",
    "!! ERROR: ",
];

/// What iPXE says when the lab's network or target, and not the instance, failed it.
const BENCH: &[&str] = &["Connection reset", "Connection timed out", "No configuration methods succeeded"];

/// What shows that the root's disk went away, or a stop that hangs.
const DISK_LOST: &[&str] =
    &["I/O error", "detected conn error", "session recovery timed out", "rejecting I/O to offline device"];

/// What a console showed so far.
#[derive(Debug, Default)]
pub struct Console {
    /// The line that is not ended yet, its first 4096 characters.
    pub line: String,
    /// How far the boot came.
    pub stage: Option<Stage>,
    /// The line that showed the boot to be lost.
    pub lost: Option<String>,
    /// The line that showed the lab at fault.
    pub bench: Option<String>,
    /// The first line that showed the disk gone.
    pub disk_lost: Option<String>,
    /// The last stop that hung.
    pub stop_hangs: Option<String>,
}

impl Console {
    /// Takes what the console wrote next.
    pub fn take(&mut self, bytes: &[u8]) {
        for character in String::from_utf8_lossy(bytes).chars() {
            match character {
                '\n' => {
                    self.judge();
                    self.line.clear();
                }
                '\r' => {}
                // A console that never ends its line must not grow without a bound.
                _ if self.line.len() < 4096 => self.line.push(character),
                _ => {}
            }
        }
        // A prompt ends no line.
        self.judge();
    }

    fn judge(&mut self) {
        let line = printable(&self.line);
        let has = |texts: &[&str]| texts.iter().any(|text| line.contains(text));
        for (text, stage) in REACHED {
            if line.contains(text) && self.stage < Some(*stage) {
                self.stage = Some(*stage);
            }
        }
        // The same messages mean other things once the real root runs.
        if self.lost.is_none() && has(LOST) {
            self.lost = Some(line.clone());
        }
        if self.stage <= Some(Stage::Firmware) && has(BENCH) {
            self.bench = Some(line.clone());
            self.lost.get_or_insert_with(|| line.clone());
        }
        if self.disk_lost.is_none() && has(DISK_LOST) {
            self.disk_lost = Some(line.clone());
        }
        if line.contains("/stop running") || line.contains("A stop job is running") {
            self.stop_hangs = Some(line);
        }
    }
}

/// The line without the control sequences of firmware and systemd.
fn printable(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A sequence of its own, such as `ESC M`, is one character; one that `ESC [` begins ends with a letter.
            if characters.next() == Some('[') {
                while characters.next().is_some_and(|next| !next.is_ascii_alphabetic()) {}
            }
        } else if !character.is_control() {
            text.push(character);
        }
    }
    text.trim().to_owned()
}
