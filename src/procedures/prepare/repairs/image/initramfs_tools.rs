//! initramfs-tools: `/etc/initramfs-tools` (initramfs-tools(7), initramfs.conf(5)).

use super::super::settings::ShellFiles;
use super::generator::compression;
use crate::formats::shell::Shell;
use crate::formats::text::edit::append;
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::ImageContents;
use isctpl_checks::facts::Facts;

const MODULES: &str = "/etc/initramfs-tools/modules";
const CONF: &str = "/etc/initramfs-tools/initramfs.conf";
const CONF_D: &str = "/etc/initramfs-tools/conf.d";
/// Files of packages, which those of the same name in /etc hide.
const VENDOR_D: &str = "/usr/share/initramfs-tools/conf.d";
const OWN: &str = "/etc/initramfs-tools/conf.d/isctpl";
const HOOK: &str = "/etc/initramfs-tools/hooks/isctpl";
/// open-iscsi's hook, and what it reads.
const ISCSI_HOOK: &str = "/usr/share/initramfs-tools/hooks/iscsi";
const ISCSI_CONF: &str = "/etc/initramfs-tools/conf.d/open-iscsi";
const ISCSI_SETTINGS: &str = "/etc/iscsi/iscsi.initramfs";

const BY_HAND: &str =
    "Make the change below /etc/initramfs-tools by hand (see initramfs-tools(7)), then run update-initramfs -u.";

const NEW_HOOK: [&str; 8] = [
    "#!/bin/sh",
    "# Written by isctpl: puts into the initramfs what its login needs.",
    "set -e",
    "case \"${1:-}\" in",
    "prereqs) echo; exit 0 ;;",
    "esac",
    ". /usr/share/initramfs-tools/hook-functions",
    "",
];

/// Changes the configuration so that the image holds this.
pub(super) fn configure(draft: &mut Draft<'_>, facts: &Facts, contents: &ImageContents) -> Result<(), Refusal> {
    let files = files(draft)?;
    modules(draft, &contents.modules)?;
    if contents.all_drivers && files.value(draft, "MODULES")?.is_some_and(|policy| policy != "most") {
        files.set(draft, "MODULES", "most")?;
    }
    if contents.owner_only {
        let is_safe = |mask: String| u32::from_str_radix(mask.trim(), 8).is_ok_and(|mask| mask & 0o077 == 0o077);
        if !files.value(draft, "UMASK")?.is_some_and(is_safe) {
            files.set(draft, "UMASK", "0077")?;
        }
    }
    if contents.plain_compression
        && let set = files.value(draft, "COMPRESS")?
        && let Some(other) = compression(facts, set.as_deref())
    {
        files.set(draft, "COMPRESS", other)?;
    }
    if contents.login_tools {
        login_tools(draft)?;
    }
    if contents.no_target {
        login_by_firmware(draft)?;
    }
    let directories =
        contents.directories.iter().map(|path| format!("mkdir -p \"${{DESTDIR}}/{}\"", path.trim_matches('/')));
    let programs = contents.programs.iter().map(|path| format!("copy_exec {path}"));
    hook(draft, &directories.chain(programs).collect::<Vec<_>>())
}

/// The image waits for no swap.
pub(super) fn no_resume(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    files(draft)?.set(draft, "RESUME", "none")
}

/// The files that `mkinitramfs` reads, in its order. Those of packages come before the ones of `conf.d`.
fn files(draft: &Draft<'_>) -> Result<ShellFiles, Refusal> {
    let names = |directory: &str| draft.root().names(directory).map_err(|problem| Refusal::unread(problem, BY_HAND));
    // It leaves out hidden files and those of dpkg.
    let is_read = |name: &&String| name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !name.contains(".dpkg-");
    let own = names(CONF_D)?;
    let mut paths = vec![CONF.to_owned()];
    let vendor = names(VENDOR_D)?;
    let vendor = vendor.iter().filter(is_read).filter(|name| !own.contains(name));
    paths.extend(vendor.map(|name| format!("{VENDOR_D}/{name}")));
    paths.extend(own.iter().filter(is_read).map(|name| format!("{CONF_D}/{name}")));
    Ok(ShellFiles { paths, shell: Shell::Any, own: OWN, by_hand: BY_HAND.to_owned() })
}

/// The name of a module as the kernel has it.
fn module_name(written: &str) -> String {
    written.replace('-', "_")
}

fn modules(draft: &mut Draft<'_>, modules: &[String]) -> Result<(), Refusal> {
    draft.edit(MODULES, BY_HAND, |text| {
        let first_word =
            |line: &str| line.split_whitespace().next().filter(|word| !word.starts_with('#')).map(module_name);
        let mut listed: Vec<String> = text.lines().filter_map(first_word).collect();
        let mut new: Vec<&str> = Vec::new();
        for module in modules {
            if !listed.contains(&module_name(module)) {
                listed.push(module_name(module));
                new.push(module);
            }
        }
        Ok(append_some(text, &new))
    })
}

/// The text with lines at its end; where there are none, its last line stays as it is.
fn append_some(text: &str, lines: &[&str]) -> String {
    if lines.is_empty() { text.to_owned() } else { append(text, lines) }
}

/// open-iscsi's hook is not kept from putting iscsistart in.
fn login_tools(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let unread = |problem| Refusal::unread(problem, BY_HAND);
    let Some(hook) = draft.text(ISCSI_HOOK).map_err(unread)? else {
        return Err(Refusal::new(ISCSI_HOOK, "is not in the root", "Install open-iscsi in the root."));
    };
    if hook.contains("NO_ISCSI_IN_INITRAMFS") && draft.text(ISCSI_CONF).map_err(unread)?.is_some() {
        let files = ShellFiles {
            paths: vec![ISCSI_CONF.to_owned()],
            shell: Shell::Any,
            own: ISCSI_CONF,
            by_hand: BY_HAND.to_owned(),
        };
        if files.value(draft, "NO_ISCSI_IN_INITRAMFS")?.is_some_and(|value| value == "yes") {
            files.set(draft, "NO_ISCSI_IN_INITRAMFS", "no")?;
        }
    }
    // Older hooks put nothing in without this file.
    let wants_settings = hook.lines().any(|line| line.contains("iscsi.initramfs") && line.contains("! -"));
    if wants_settings && draft.text(ISCSI_SETTINGS).map_err(unread)?.is_none() {
        draft.write(ISCSI_SETTINGS, "ISCSI_AUTO=true\n".to_owned()).map_err(unread)?;
        // Names and passwords may be written into it later.
        draft.set_mode(ISCSI_SETTINGS, 0o600);
    }
    Ok(())
}

/// open-iscsi's script in the image logs in to a target by name where both of these are set, even beside `ISCSI_AUTO`.
fn login_by_firmware(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let files = ShellFiles {
        paths: vec![ISCSI_SETTINGS.to_owned()],
        shell: Shell::Any,
        own: ISCSI_SETTINGS,
        by_hand: format!("Remove the target from {ISCSI_SETTINGS}, set ISCSI_AUTO=true, then run update-initramfs -u."),
    };
    for name in ["ISCSI_TARGET_NAME", "ISCSI_TARGET_IP"] {
        if files.value(draft, name)?.is_some_and(|value| !value.is_empty()) {
            files.set(draft, name, "")?;
        }
    }
    if files.value(draft, "ISCSI_AUTO")?.is_none_or(|value| value.is_empty()) {
        files.set(draft, "ISCSI_AUTO", "true")?;
    }
    Ok(())
}

/// Lines of a hook of isctpl's own.
fn hook(draft: &mut Draft<'_>, commands: &[String]) -> Result<(), Refusal> {
    if commands.is_empty() {
        return Ok(());
    }
    draft.edit(HOOK, BY_HAND, |text| {
        let mut edited = if text.is_empty() { append("", &NEW_HOOK) } else { text.to_owned() };
        for command in commands {
            if !edited.lines().any(|line| line == command) {
                edited = append(&edited, &[command]);
            }
        }
        Ok(edited)
    })?;
    draft.set_mode(HOOK, 0o755);
    Ok(())
}
