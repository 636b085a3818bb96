//! What comes after sealing: the machine is switched off, and the platform makes a template of its drive.
//!
//! Version 3 of metalcloud-cli is that of the platform's documentation. Version 7 takes a template as JSON
//! (`os-template example-create` prints one); how it makes a template of an iSCSI drive is not documented.

use super::style::Style;
use crate::procedures::seal::{Architecture, Bootstrap, Identity, Loaders};
use clap::ValueEnum;
use isctpl_checks::{is_typable, quoted};
use serde_json::json;

/// A generation of the platform's command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlatformCli {
    /// `volume-template create`
    V3,
    /// `os-template create`
    V7,
}

/// What a person has to put in.
const DRIVE: &str = "DRIVE-ID";
const BOOTSTRAP: &str = "BOOTSTRAP-FUNCTION";
const BOOT_TYPE: &str = "BOOT-TYPE";
const BOOT_MODE: &str = "BOOT-MODE";
const LABEL: &str = "LABEL";
const OS_TYPE: &str = "OS-TYPE";
const OS_VERSION: &str = "OS-VERSION";
const ARCHITECTURE: &str = "ARCHITECTURE";

/// What each of them is.
const MEANINGS: [(&str, &str); 8] = [
    (DRIVE, "the id of the drive, as `metalcloud-cli drive-array get` prints it"),
    (
        BOOTSTRAP,
        "the platform's function for this system's cloud-init; provisioner_os_cloudinit_prepare_centos, _rhel and _ubuntu are known",
    ),
    (BOOT_TYPE, "uefi_only, legacy_only or hybrid: no loader was found in this root"),
    (BOOT_MODE, "the firmware's mode; uefi is the only one that is documented"),
    (LABEL, "a short name for the template: small letters, digits, dashes"),
    (OS_TYPE, "the system's name; os-release does not tell it"),
    (OS_VERSION, "the system's version; os-release does not tell it"),
    (ARCHITECTURE, "x86_64 or aarch64: no program was found that tells it"),
];

/// The words of a template.
struct Words {
    name: String,
    label: String,
    os: String,
    version: String,
    architecture: &'static str,
}

impl Words {
    fn of(identity: &Identity) -> Self {
        let word = |value: &Option<String>, instead: &str| {
            value.clone().filter(|value| is_typable(value)).unwrap_or_else(|| instead.to_owned())
        };
        let os = word(&identity.name, OS_TYPE);
        let name = format!("{os} {}", word(&identity.point_version, OS_VERSION));
        let architecture = match identity.architecture {
            Some(Architecture::X86_64) => "x86_64",
            Some(Architecture::Aarch64) => "aarch64",
            None => ARCHITECTURE,
        };
        let is_told = ![OS_TYPE, OS_VERSION].iter().any(|unknown| name.contains(unknown));
        let label = if is_told { label(&name) } else { LABEL.to_owned() };
        Self { label, name, os, version: word(&identity.version, OS_VERSION), architecture }
    }
}

/// A name as a label: small letters, digits, and dashes between them.
fn label(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// What to do with a sealed root.
pub(crate) fn next_steps(
    identity: &Identity,
    cli: PlatformCli,
    drives: &[String],
    live: bool,
    style: &Style,
) -> String {
    let mut text = "\nNEXT\n".to_owned();
    let off =
        "1. Switch the server off through its BMC. Do not type poweroff: a shell writes its history when it ends.";
    let off_mounted =
        "1. Take the root down (isctpl rescue down, or unmount it), and switch the server off through its BMC.";
    text += &style.wrap(if live { off } else { off_mounted }, "", "   ");
    text += match cli {
        PlatformCli::V3 => {
            "     metalcloud-cli instance power-control --autoconfirm -id INSTANCE-ID \\\n       --operation off\n"
        }
        PlatformCli::V7 => "     metalcloud-cli server power SERVER-ID --action off\n",
    };
    text += "     ipmitool -I lanplus -H BMC -U USER -a chassis power off   # without the CLI\n";
    text += "2. Remove the virtual media, so that no installer boots. Redfish:\n";
    text += "     curl -u USER -X POST -H 'Content-Type: application/json' -d '{}' \\\n       \
             https://BMC/redfish/v1/Managers/ID/VirtualMedia/ID/Actions/VirtualMedia.EjectMedia\n";
    text += "3. Make the template:\n";
    for problem in &identity.problems {
        text += &style.wrap(&format!("not read: {problem}"), "     # ", "     #   ");
    }
    let none = [DRIVE.to_owned()];
    let drives = if drives.is_empty() { &none[..] } else { drives };
    let command = match cli {
        PlatformCli::V3 => drives.iter().map(|drive| volume_template(identity, drive)).collect::<String>(),
        PlatformCli::V7 => os_template(identity),
    };
    for (word, meaning) in MEANINGS.iter().filter(|(word, _)| command.contains(word)) {
        text += &style.wrap(&format!("replace {word}: {meaning}"), "     # ", "     #   ");
    }
    if cli == PlatformCli::V7 {
        let unknown = "replace INSTALL-METHOD, DRIVE-TYPE and READY-METHOD: how version 7 makes a template of an iSCSI \
                       drive, and where it takes the drive's id, is not documented; `metalcloud-cli os-template \
                       list-repo` shows templates to compare with";
        text += &style.wrap(unknown, "     # ", "     #   ");
    }
    text + &command
}

/// `volume-template create`, filled in.
fn volume_template(identity: &Identity, drive: &str) -> String {
    let words = Words::of(identity);
    let boot_type = match identity.loaders {
        Loaders { uefi: true, bios: true } => "hybrid",
        Loaders { uefi: true, .. } => "uefi_only",
        Loaders { bios: true, .. } => "legacy_only",
        Loaders { .. } => BOOT_TYPE,
    };
    let mut options = vec![
        ("id", drive),
        ("boot-methods-supported", "pxe_iscsi"),
        ("boot-type", boot_type),
        ("label", &words.label),
        ("description", &words.name),
        ("name", &words.name),
    ];
    // Without cloud-init there is nothing that such a function would set up.
    match identity.bootstrap {
        Bootstrap::None => {}
        Bootstrap::Function(function) => options.push(("os-bootstrap-function-name", function)),
        Bootstrap::Unknown => options.push(("os-bootstrap-function-name", BOOTSTRAP)),
    }
    options.extend([
        ("os-type", words.os.as_str()),
        ("os-version", &words.version),
        ("os-architecture", words.architecture),
    ]);
    let mut text = "     metalcloud-cli volume-template create".to_owned();
    for (option, value) in options {
        text += &format!(" \\\n       --{option} {}", quoted(value));
    }
    text + "\n"
}

/// `os-template create`, which reads JSON.
fn os_template(identity: &Identity) -> String {
    let words = Words::of(identity);
    let boot_mode = match identity.loaders {
        Loaders { uefi: true, .. } => "uefi",
        Loaders { .. } => BOOT_MODE,
    };
    let template = json!({ "template": {
        "name": words.name,
        "label": words.label,
        "description": words.name,
        "device": { "type": "server", "bootMode": boot_mode, "architecture": words.architecture },
        "install": { "method": "INSTALL-METHOD", "driveType": "DRIVE-TYPE", "readyMethod": "READY-METHOD" },
        "imageBuild": { "required": false },
        "os": { "name": words.os, "version": words.version, "credential": { "username": "root", "passwordType": "plain" } },
        "visibility": "private",
    }});
    let mut text = "metalcloud-cli os-template create --config-source pipe <<'EOF'\n".to_owned();
    // A map of JSON cannot fail to be written.
    text += &serde_json::to_string_pretty(&template).unwrap_or_default();
    text + "\nEOF\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style { width: 80, ascii: true, verbose: false };

    fn ubuntu() -> Identity {
        Identity {
            name: Some("Ubuntu".to_owned()),
            version: Some("20.04".to_owned()),
            point_version: Some("20.04.1".to_owned()),
            architecture: Some(Architecture::X86_64),
            loaders: Loaders { uefi: true, bios: false },
            bootstrap: Bootstrap::Function("provisioner_os_cloudinit_prepare_ubuntu"),
            problems: Vec::new(),
        }
    }

    #[test]
    fn the_command_is_that_of_the_documentation() {
        let command = volume_template(&ubuntu(), "75618").replace(" \\\n       ", " ");
        let documented = "metalcloud-cli volume-template create --id 75618 --boot-methods-supported pxe_iscsi --boot-type \
                          uefi_only --label ubuntu-20-04-1 --description 'Ubuntu 20.04.1' --name 'Ubuntu 20.04.1' \
                          --os-bootstrap-function-name provisioner_os_cloudinit_prepare_ubuntu --os-type Ubuntu \
                          --os-version 20.04 --os-architecture x86_64";
        assert_eq!(command.trim(), documented);
    }

    #[test]
    fn what_is_not_known_is_left_to_be_filled_in_and_explained() {
        let text = next_steps(&Identity::default(), PlatformCli::V3, &[], false, &STYLE);
        for (word, _) in MEANINGS.iter().filter(|(word, _)| ![BOOTSTRAP, BOOT_MODE].contains(word)) {
            assert!(text.contains(&format!("# replace {word}: ")), "{word}\n{text}");
        }
        assert!(!text.contains("bootstrap"), "{text}");
        let unknown = Identity { bootstrap: Bootstrap::Unknown, ..ubuntu() };
        let text = next_steps(&unknown, PlatformCli::V3, &["1".to_owned(), "2".to_owned()], true, &STYLE);
        assert!(text.contains("--os-bootstrap-function-name BOOTSTRAP-FUNCTION"), "{text}");
        assert_eq!(text.matches("volume-template create").count(), 2);
    }

    #[test]
    fn a_hostile_name_is_a_word_of_the_command() {
        let hostile =
            Identity { name: Some("a'; reboot; '".to_owned()), version: Some("\u{1b}[2J".to_owned()), ..ubuntu() };
        let text = volume_template(&hostile, "1");
        assert!(text.contains(r"--os-type 'a'\''; reboot; '\'''"), "{text}");
        assert!(text.contains("--os-version OS-VERSION"), "{text}");
        let json = os_template(&hostile);
        let body = json.split("<<'EOF'\n").nth(1).and_then(|rest| rest.strip_suffix("\nEOF\n")).unwrap_or_default();
        assert!(body.starts_with('{') && !body.contains("\nEOF"), "{json}");
    }
}
