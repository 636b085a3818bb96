//! From what a finding asks for to the files that change, and to what is built of them.

use super::build::Build;
use super::draft::{Draft, Refusal};
use super::repairs::image::generator;
use super::repairs::{dhcp, fallback_loader, firewall, image, san_nic, services, storage, words};
use super::targets;
use isctpl_checks::facts::Facts;
use isctpl_checks::{Finding, ImageContents, Repair, login_words};

/// What is to be built once all files are as they are to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    contents: Option<ImageContents>,
    loader: bool,
}

/// When a finding is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fixed {
    /// By this plan.
    Now,
    /// By the next one: what it takes is told by the image that this one builds.
    Later,
}

/// Drafts what fixes a finding.
pub(super) fn apply(
    draft: &mut Draft<'_>,
    wanted: &mut Wanted,
    facts: &Facts,
    finding: &Finding,
    dhcp_timeout: u32,
) -> Result<Fixed, Refusal> {
    let mut fixed = Fixed::Now;
    for repair in finding.remedy.repairs() {
        match repair {
            Repair::Words { remove, add } => {
                words::words(draft, facts, remove, add)?;
                wanted.loader = true;
            }
            Repair::RequestLogin if wanted.builds_login() => fixed = Fixed::Later,
            Repair::RequestLogin => {
                let Some(found) = login_words(facts) else { return Err(no_words(facts, finding)) };
                words::words(draft, facts, &found.remove, &found.add)?;
                wanted.loader = true;
            }
            Repair::WriteLoader => wanted.loader = true,
            Repair::BuildImage(contents) => wanted.add(contents),
            Repair::NoResume => {
                image::no_resume(draft, facts)?;
                wanted.loader = true;
            }
            Repair::InstallFallbackLoader { from } => fallback_loader::install_fallback_loader(draft, from)?,
            Repair::DisableUnit { unit } => services::disable_unit(draft, unit)?,
            Repair::MaskUnit { unit } => services::mask_unit(draft, unit)?,
            Repair::EnableUnit { unit } => services::enable_unit(draft, unit)?,
            Repair::RemoveLink { path } => services::remove_link(draft, path)?,
            Repair::SetIscsi { path, key, value } => storage::set_iscsi(draft, path, key, value)?,
            Repair::SanNic { config, need } => san_nic::san_nic(draft, facts, config, need)?,
            Repair::DhcpTimeout { path, .. } => {
                for path in dhcp::clients(draft, facts, path)? {
                    dhcp::dhcp_timeout(draft, facts, &path, dhcp_timeout)?;
                }
            }
            Repair::MountOption { mount_point, option } => storage::mount_option(draft, mount_point, option)?,
            Repair::AcceptVolume { path, setting, add } => storage::accept_volume(draft, path, setting, add)?,
            Repair::AcceptPortal { kind, path } => firewall::accept_portal(draft, facts, kind, path)?,
        }
    }
    Ok(fixed)
}

fn no_words(facts: &Facts, finding: &Finding) -> Refusal {
    let image = generator::booting_image(facts).map_or("the initramfs", |image| image.path.as_str());
    Refusal::new(
        image,
        "isctpl knows no words on the command line by which it would log in",
        finding.remedy.text.clone(),
    )
}

impl Wanted {
    fn builds_login(&self) -> bool {
        self.contents.as_ref().is_some_and(|contents| contents.login_tools)
    }

    /// Adds what an image is to hold.
    fn add(&mut self, contents: &ImageContents) {
        let all = self.contents.get_or_insert_default();
        for (list, more) in [
            (&mut all.modules, &contents.modules),
            (&mut all.programs, &contents.programs),
            (&mut all.directories, &contents.directories),
        ] {
            for one in more {
                if !list.contains(one) {
                    list.push(one.clone());
                }
            }
        }
        all.all_drivers |= contents.all_drivers;
        all.login_tools |= contents.login_tools;
        all.lvm |= contents.lvm;
        all.owner_only |= contents.owner_only;
        all.plain_compression |= contents.plain_compression;
        all.no_target |= contents.no_target;
    }

    /// Whether it asks for more to be built than another one does.
    pub(super) fn asks_more_than(&self, other: &Self) -> Asked {
        Asked { image: self.contents != other.contents, loader: self.loader && !other.loader }
    }

    /// Drafts what the image's generator reads, and tells what it builds.
    pub(super) fn image(&self, draft: &mut Draft<'_>, facts: &Facts) -> Result<Option<Build>, Refusal> {
        let Some(contents) = &self.contents else { return Ok(None) };
        image::build_image(draft, facts, contents)?;
        let built = generator::generator(facts).and_then(|generator| targets::image(facts, generator));
        built.map(Some).ok_or_else(|| {
            Refusal::new(
                "the loader's configuration",
                "does not tell which image boots, or for which kernel it is",
                "Rebuild the initramfs of the kernel that is to boot by hand.",
            )
        })
    }

    /// Tells how the loader's configuration is written anew; entries of their own need none of that.
    pub(super) fn loader(&self, facts: &Facts) -> Result<Option<Build>, Refusal> {
        if !self.loader {
            return Ok(None);
        }
        let at = facts.loader.default_entry().and_then(|entry| entry.at.as_ref());
        if at.is_some_and(|at| at.path.contains("/loader/entries/")) {
            return Ok(None);
        }
        let place = at.map_or_else(|| "the loader's configuration".to_owned(), |at| at.path.clone());
        targets::grub_config(facts).map(Some).ok_or_else(|| {
            Refusal::new(
                place,
                "is not written by grub-mkconfig of this root",
                "Change the words in that file by hand, or write it again with the loader's own program.",
            )
        })
    }
}

/// What a finding asks to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) image: bool,
    pub(super) loader: bool,
}
