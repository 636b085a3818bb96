//! dracut: one file of isctpl's own in `/etc/dracut.conf.d` (dracut.conf(5)), and nothing elsewhere that keeps out
//! what it asks for.

use super::super::settings::ShellFiles;
use super::generator::{booting_image, compression};
use super::names::refuse_odd;
use crate::formats::shell::Shell;
use crate::formats::systemd::{self, exec};
use crate::formats::text::edit::append;
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::ImageContents;
use isctpl_checks::facts::Facts;

const OWN: &str = "/etc/dracut.conf.d/90-isctpl.conf";
/// A file of the first directory hides one of the same name in the second.
const DIRECTORIES: [&str; 2] = ["/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d"];
const MODULES_D: &str = "/usr/lib/dracut/modules.d";

const BY_HAND: &str = "Make the change in /etc/dracut.conf.d by hand (see dracut.conf(5)), then run dracut -f.";

const LEGACY: &str = "network-legacy";

/// What modules of dracut that are asked for here stand on.
const BENEATH: [&str; 7] =
    ["network", "dm", "kernel-modules", "kernel-network-modules", "rootfs-block", "udev-rules", "base"];

/// Changes the configuration so that the image holds this.
pub(super) fn configure(draft: &mut Draft<'_>, facts: &Facts, contents: &ImageContents) -> Result<(), Refusal> {
    let files = files(draft)?;
    begin(draft)?;
    // An image that only fits this host does not fit one that the template is cloned to.
    if files.value(draft, "hostonly")?.as_deref() != Some("no") {
        files.set(draft, "hostonly", "no")?;
    }
    let network = network(draft, facts, &files, contents.login_tools)?;
    let mut modules = vec!["iscsi"];
    modules.extend(network.as_deref());
    if contents.lvm {
        modules.push("lvm");
    }
    if contents.login_tools && network.as_deref() != Some(LEGACY) {
        files.remove_words(draft, "add_dracutmodules", |word| word == LEGACY)?;
    }
    files.remove_words(draft, "omit_dracutmodules", |word| modules.contains(&word) || BENEATH.contains(&word))?;
    files.add_to_own(draft, "add_dracutmodules", &modules)?;
    let drivers: Vec<&str> = contents.modules.iter().map(String::as_str).collect();
    let kernel_name = |word: &str| word.trim_end_matches(".ko").replace('-', "_");
    let is_wanted = |word: &str| drivers.iter().any(|driver| kernel_name(driver) == kernel_name(word));
    files.remove_words(draft, "omit_drivers", is_wanted)?;
    files.add_to_own(draft, "add_drivers", &drivers)?;
    let mut items: Vec<String> = contents.programs.iter().chain(&contents.directories).cloned().collect();
    if contents.login_tools {
        items.extend(programs_of_iscsid(draft)?);
    }
    files.add_to_own(draft, "install_items", &items.iter().map(String::as_str).collect::<Vec<_>>())?;
    if contents.no_target {
        name_no_target(draft, &files)?;
    }
    let set = files.value(draft, "compress")?;
    // By itself dracut looks at the kernel's own configuration.
    if contents.plain_compression
        && set.is_some()
        && let Some(other) = compression(facts, set.as_deref())
    {
        files.set(draft, "compress", other)?;
    }
    Ok(())
}

/// Nothing of this host's session or of the configuration's own words names a target in the image.
fn name_no_target(draft: &mut Draft<'_>, files: &ShellFiles) -> Result<(), Refusal> {
    if files.value(draft, "hostonly_cmdline")?.is_some_and(|value| value != "no") {
        files.set(draft, "hostonly_cmdline", "no")?;
    }
    let names_target =
        |word: &str| ["netroot=iscsi:", "iscsiroot=", "rd.iscsi.target."].iter().any(|start| word.starts_with(start));
    files.remove_words(draft, "kernel_cmdline", names_target)
}

/// The image waits for no swap: the module that does is left out.
pub(super) fn no_resume(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let files = files(draft)?;
    begin(draft)?;
    files.remove_words(draft, "add_dracutmodules", |word| word == "resume")?;
    files.add_to_own(draft, "omit_dracutmodules", &["resume"])
}

/// The own file says what it is.
fn begin(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    const REMARK: &str = "# Written by isctpl: puts into the initramfs what its login needs.";
    draft.edit(OWN, BY_HAND, |text| Ok(if text.is_empty() { append("", &[REMARK]) } else { text.to_owned() }))
}

/// The files that dracut reads, in its order.
fn files(draft: &Draft<'_>) -> Result<ShellFiles, Refusal> {
    let mut listings = Vec::new();
    for directory in DIRECTORIES {
        let names = draft.root().names(directory).map_err(|problem| Refusal::unread(problem, BY_HAND))?;
        listings.push((directory, names));
    }
    let mut paths = vec!["/etc/dracut.conf".to_owned()];
    paths.extend(systemd::conf_files(&listings, ".conf"));
    Ok(ShellFiles { paths, shell: Shell::Bash, own: OWN, by_hand: BY_HAND.to_owned() })
}

/// The module that brings up the network: the one that the configuration or the image has. `network-legacy` only where
/// there is no other, for it drops the routes of option 121, and dracut drops it.
fn network(
    draft: &Draft<'_>,
    facts: &Facts,
    files: &ShellFiles,
    replaces_legacy: bool,
) -> Result<Option<String>, Refusal> {
    let configured = files.value(draft, "add_dracutmodules")?.unwrap_or_default();
    let in_image = booting_image(facts).map(|image| image.dracut_modules.as_slice()).unwrap_or_default();
    let named: Vec<&str> = configured.split_whitespace().chain(in_image.iter().map(String::as_str)).collect();
    let is_other = |name: &&&str| matches!(**name, "network-manager" | "systemd-networkd" | "connman");
    if let Some(name) = named.iter().find(is_other) {
        return Ok(Some((*name).to_owned()));
    }
    if named.contains(&LEGACY) && !replaces_legacy {
        return Ok(Some(LEGACY.to_owned()));
    }
    match facts.loader.networks.first() {
        Some(network) => Ok(Some(network.clone())),
        None if !replaces_legacy => Ok(None),
        None => Err(Refusal::new(
            MODULES_D,
            "has no module that can bring up the network with what is installed",
            "Install dracut's network module, and NetworkManager or systemd-networkd with it.",
        )),
    }
}

/// Programs that iscsid's unit starts and that dracut does not put in by itself, such as a script of open-iscsi's.
fn programs_of_iscsid(draft: &Draft<'_>) -> Result<Vec<String>, Refusal> {
    let unread = |problem| Refusal::unread(problem, BY_HAND);
    let mut programs = Vec::new();
    for directory in ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"] {
        let path = format!("{directory}/iscsid.service");
        let Some(text) = draft.text(&path).map_err(unread)? else { continue };
        let unit = systemd::parse(&text, &path);
        for key in ["ExecStartPre", "ExecStart", "ExecStartPost"] {
            for entry in unit.list("Service", key) {
                let named = exec::commands(&entry.value).into_iter().map(|command| command.program().to_owned());
                for program in named.filter(|program| program.starts_with('/')) {
                    if draft.root().stat(&program).map_err(unread)?.is_some() {
                        refuse_odd(&program)?;
                        programs.push(program);
                    }
                }
            }
        }
        return Ok(programs);
    }
    Ok(programs)
}
