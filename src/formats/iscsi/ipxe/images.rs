//! Commands that fetch images and boot them (`src/hci/commands/image_cmd.c`, <https://ipxe.org/cmd/kernel>,
//! <https://ipxe.org/cmd/initrd>), and the words of a kernel's command line that tell an installer of the LUN.

use super::values::without_secrets;
use std::collections::BTreeSet;

/// The names of these commands.
pub(super) const NAMES: [&str; 9] =
    ["kernel", "imgselect", "imgload", "imgfetch", "module", "initrd", "imgargs", "boot", "imgexec"];

/// What a command does with its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Select,
    Fetch,
    /// Sets the words of one that is there.
    Arguments,
    Boot,
}

/// A command that was read.
#[derive(Debug)]
pub(super) struct Image<'a> {
    command: &'a str,
    does: Does,
    /// Its name, where `--name` gives it one.
    name: Option<&'a str>,
    /// The URI to fetch it from, or the name of one that is there; the selected one without it.
    from: Option<&'a str>,
    /// What the image is told.
    words: Vec<&'a str>,
}

/// Why a command was not read.
#[derive(Debug)]
pub(super) enum Unread<'a> {
    /// Options that are written together, and such.
    Unknown,
    /// iPXE has no such option.
    NoOption(&'a str),
    /// It names no image, and has to.
    Nothing,
}

/// What is wrong with an image where it is booted.
#[derive(Debug)]
pub(super) enum Wrong {
    /// There is none.
    NothingSelected,
    /// Its word `initrd=` names another file than those that were fetched.
    OtherInitrd(String),
}

/// Reads a command of [`NAMES`].
pub(super) fn read<'a>(command: &'a str, arguments: &[&'a str]) -> Result<Image<'a>, Unread<'a>> {
    let does = match command {
        "kernel" | "imgselect" | "imgload" => Does::Select,
        "imgargs" => Does::Arguments,
        "boot" | "imgexec" => Does::Boot,
        _ => Does::Fetch,
    };
    let mut name = None;
    let mut words = arguments.iter().copied().peekable();
    while let Some(option) = words.next_if(|word| word.starts_with('-')) {
        let (option, given) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        match option {
            "-n" | "--name" => name = given.or_else(|| words.next()),
            "-t" | "--timeout" => drop(given.or_else(|| words.next())),
            "-a" | "--autofree" => {}
            "-r" | "--replace" if does == Does::Boot => {}
            _ if !option.starts_with("--") || option == "--" => return Err(Unread::Unknown),
            _ => return Err(Unread::NoOption(option)),
        }
    }
    let from = words.next();
    if from.is_none() && does != Does::Boot {
        return Err(Unread::Nothing);
    }
    Ok(Image { command, does, name, from, words: words.collect() })
}

impl Image<'_> {
    /// What the command means, piece by piece; words that are not known may be secrets, and are counted alone.
    pub(super) fn told(&self) -> Vec<(String, String)> {
        let from = self.from.map(without_secrets).unwrap_or_default();
        let does = match self.does {
            Does::Select => format!("the kernel: {from}"),
            Does::Fetch => format!("a file for the kernel: {from}"),
            Does::Arguments => format!("what {from} is told, in place of what it was told before:"),
            Does::Boot if from.is_empty() => "boots the kernel".to_owned(),
            Does::Boot => format!("boots {from}"),
        };
        let mut told = vec![(self.command.to_owned(), does)];
        if self.does == Does::Fetch {
            return told;
        }
        let known: Vec<(String, String)> = self.words.iter().filter_map(|word| meaning(word)).collect();
        let others = self.words.len() - known.len();
        told.extend(known);
        match others {
            0 => {}
            1 => told.push(("  ".to_owned(), "one other word (not shown)".to_owned())),
            _ => told.push(("  ".to_owned(), format!("{others} other words (not shown)"))),
        }
        told
    }
}

/// The images that are there.
#[derive(Debug, Default)]
pub(super) struct Images {
    is_selected: bool,
    names: BTreeSet<String>,
    /// The file that the kernel asks UEFI for.
    initrd: Option<String>,
}

impl Images {
    /// Notes what a command does, and tells what is wrong where it boots.
    pub(super) fn run(&mut self, image: &Image<'_>) -> Option<Wrong> {
        let named = image.name.or_else(|| image.from?.split(['?', '#']).next()?.rsplit('/').next());
        if image.does != Does::Arguments {
            self.names.extend(named.map(str::to_owned));
        }
        if matches!(image.does, Does::Select | Does::Arguments) || (image.does == Does::Boot && image.from.is_some()) {
            self.initrd = image.words.iter().find_map(|word| word.strip_prefix("initrd=")).map(str::to_owned);
            self.is_selected |= image.does != Does::Arguments;
        }
        match (&self.initrd, image.does) {
            (_, Does::Boot) if !self.is_selected => Some(Wrong::NothingSelected),
            (Some(initrd), Does::Boot) if !self.names.contains(initrd) => Some(Wrong::OtherInitrd(initrd.clone())),
            _ => None,
        }
    }
}

/// What a word of a command line means to the kernels of installers ([`super::installer`]).
fn meaning(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let url = without_secrets(value);
    let meaning = match (name, value) {
        ("initrd", _) => format!("the initial RAM disk, where UEFI boots the kernel: {value}"),
        ("rd.iscsi.firmware", _) => "dracut logs in to the LUN that is in the iBFT".to_owned(),
        ("rd.iscsi.ibft", _) | ("ip", "ibft") => "dracut sets the NIC up as the iBFT tells".to_owned(),
        ("ip", "dhcp") => "every NIC asks for an address".to_owned(),
        ("inst.ks", _) => format!("anaconda's kickstart: {url}"),
        ("inst.repo" | "inst.stage2", _) => format!("anaconda's installation tree: {url}"),
        ("autoinstall", "") => "Ubuntu's installer does not ask before it erases disks".to_owned(),
        ("ds", _) => match value.split_once("s=") {
            Some((_, seed)) => format!("where user-data and meta-data are: {}", without_secrets(seed)),
            None => return None,
        },
        ("cloud-config-url", "/dev/null") => "cloud-init does not read what `url` names".to_owned(),
        ("url", _) => format!("Ubuntu's image, or Debian's preseed: {url}"),
        ("auto" | "auto-install/enable", "true") => "Debian's installer reads the preseed before it asks".to_owned(),
        ("priority" | "debconf/priority", _) => format!("Debian's installer asks what is {value} alone"),
        ("disk-detect/ibft/enable" | "partman-iscsi/iscsi_auto", _) => {
            "nothing: Debian's installer has no such question".to_owned()
        }
        _ => return None,
    };
    Some((format!("  {name}"), meaning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_known_is_not_shown() {
        let words = [
            "http://192.0.2.1/linux",
            "rd.iscsi.firmware=1",
            "rd.iscsi.password=canary",
            "inst.ks=http://a:canary@b/k?canary",
        ];
        let told = read("kernel", &words).map(|image| image.told()).unwrap_or_default();
        let shown: Vec<&str> = told.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(shown, ["kernel", "  rd.iscsi.firmware", "  inst.ks", "  "]);
        assert!(!format!("{told:?}").contains("canary"), "{told:?}");
    }
}
