//! `initramfs-nic-driver-missing`: the image has no driver for the SAN NIC.

use crate::facts::Initramfs;
use crate::{Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Scope, Severity, analysis};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-nic-driver-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs has no driver for the SAN NIC",
    doc: Doc {
        finds: "The driver of the SAN NIC, or a module that the driver depends on, is neither in the initramfs nor \
                built into the kernel. The driver is the module that runs the NIC now, or a module that modules.alias \
                of the booting kernel lists for the NIC's modalias. If the instance's hardware is not known, only an \
                initramfs without any network driver is reported.",
        breaks: "Without the driver the initramfs has no NIC and cannot reach the target. This happens when an \
                 initramfs was built only for the building host's hardware (MODULES=dep of initramfs-tools, hostonly \
                 of dracut) and the disk then moved to another machine, as every template does.",
        fix: "Build the initramfs with all drivers (MODULES=most for initramfs-tools, --no-hostonly for dracut), or \
              name the driver.",
        references: &[
            "initramfs.conf(5), MODULES",
            "dracut(8), --no-hostonly, --add-drivers",
            "modules.alias, depmod(8)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let (image, kernel) = match facts.image_and_kernel() {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    let san = facts.san_nic().and_then(|(name, why)| {
        let nic = facts.nics.known()?.iter().find(|nic| nic.name == name)?;
        Some((nic, why))
    });
    let Some((nic, why)) = san else { return any_driver(facts, image) };
    let drivers = facts.drivers_of(nic);
    let Some(driver) = drivers.first() else {
        return Err(Outcome::unknown(format!("it is not known which driver {} needs", nic.name)));
    };
    // One that is whole is enough: an alias may match several modules.
    let mut missing = Vec::new();
    for driver in &drivers {
        match kernel.missing_in(image, driver) {
            Ok(lacking) if lacking.is_empty() => {
                return Ok(Outcome::pass(match kernel.in_image(image, driver) {
                    analysis::InImage::BuiltIn => {
                        format!("{driver}, the driver of {}, is built into the kernel", nic.name)
                    }
                    _ => format!("{} has {driver}, the driver of {}", image.name(), nic.name),
                }));
            }
            Ok(lacking) => missing.extend(lacking),
            Err(outcome) => return Ok(outcome),
        }
    }
    missing.dedup();
    let mut finding =
        Finding::critical(format!("{} lacks {}, for the SAN NIC {}", image.path, missing.join(", "), nic.name))
            .evidence(Evidence::new(&image.path, format!("no module {}", missing.join(", "))))
            .evidence(Evidence::new(format!("/sys/class/net/{}", nic.name), format!("driver {driver}; {why}")));
    if let Some(policy) = &image.modules_policy {
        finding = finding.evidence(Evidence::at(&policy.at, format!("MODULES={}", policy.value)));
    }
    finding
        .evidences(facts.omitting(&[]))
        .remedy(facts.rebuild_holding(
            ImageContents {
                modules: missing.iter().map(|&module| module.to_owned()).collect(),
                all_drivers: true,
                ..ImageContents::default()
            },
            "Add the driver to the initramfs (MODULES=most, --no-hostonly), and rebuild it.",
        ))
        .into()
}

/// Without the hardware: an image without any network driver boots no machine from the network.
fn any_driver(facts: &Analysis<'_>, image: &Initramfs) -> Result<Outcome, Outcome> {
    let drivers = image.modules.iter().filter(|(_, path)| is_network_driver(path)).count();
    if drivers > 0 {
        return Ok(Outcome::pass(format!(
            "{} has {} (the instance's own NIC is not known here)",
            image.name(),
            super::count::count(drivers, "network driver")
        )));
    }
    image.whole()?;
    let builtin = facts.default_kernel().and_then(|kernel| kernel.builtin.known());
    let common =
        ["e1000e", "igb", "ixgbe", "i40e", "ice", "mlx4_en", "mlx5_core", "bnxt_en", "tg3", "virtio_net", "vmxnet3"];
    if let Some(driver) = common.iter().find(|driver| builtin.is_some_and(|builtin| builtin.contains(**driver))) {
        return Ok(Outcome::pass(format!(
            "{driver} is built into the kernel (the instance's own NIC is not known here)"
        )));
    }
    Finding::critical(format!("{} has no NIC driver at all", image.path))
        .evidence(Evidence::new(
            &image.path,
            format!("{}, none below drivers/net", super::count::count(image.modules.len(), "module")),
        ))
        .remedy(facts.rebuild_holding(
            ImageContents { all_drivers: true, ..ImageContents::default() },
            "Rebuild the initramfs with network drivers: MODULES=most, or --no-hostonly.",
        ))
        .into()
}

/// Whether a module drives a card: those below `drivers/net` that serve others do not.
fn is_network_driver(path: &str) -> bool {
    const HELPERS: [&str; 9] =
        ["phy/", "mdio/", "bonding/", "team/", "wireless/", "ppp/", "can/", "pcs/", "net_failover"];
    path.split_once("/drivers/net/").is_some_and(|(_, rest)| !HELPERS.iter().any(|helper| rest.starts_with(helper)))
}
