//! `initramfs-nic-driver-missing`: the image has no driver for the SAN NIC.

use crate::facts::{Facts, Initramfs, Nic};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-nic-driver-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs has no driver for the SAN NIC",
    doc: Doc {
        finds: "The driver of the SAN NIC, by the module that runs it and by what modules.alias of the booting kernel \
                says of its modalias, is neither in the image nor built into the kernel; or something the driver \
                depends on is missing. Where the instance's hardware is not known, only an image without any network \
                driver is reported.",
        breaks: "Without the driver there is no NIC in the initramfs and no way to the target. It happens when an \
                 image was built for the hardware at hand (MODULES=dep of initramfs-tools, hostonly of dracut) and \
                 the disk then moved to another machine, which is what a template is for.",
        fix: "Build the image with all drivers: MODULES=most for initramfs-tools, --no-hostonly for dracut; or name \
               the driver.",
        references: &[
            "initramfs.conf(5), MODULES",
            "dracut(8), --no-hostonly, --add-drivers",
            "modules.alias, depmod(8)",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let (image, kernel) = match super::image_and_kernel(facts) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let san = view::san_nic(facts).and_then(|(name, why)| {
        let nic = facts.nics.known()?.iter().find(|nic| nic.name == name)?;
        Some((nic, why))
    });
    let Some((nic, why)) = san else { return any_driver(facts, image) };
    let drivers = drivers_of(facts, nic);
    let Some(driver) = drivers.first() else {
        return Outcome::unknown(format!("the driver of {} is not known", nic.name));
    };
    // One that is whole is enough: an alias may match several modules.
    let mut missing = Vec::new();
    for driver in &drivers {
        match super::missing_of(image, kernel, driver) {
            Ok(lacking) if lacking.is_empty() => {
                return Outcome::pass(match view::in_image(kernel, image, driver) {
                    view::InImage::BuiltIn => format!("{driver}, the driver of {}, is built into the kernel", nic.name),
                    _ => format!("{} has {driver}, the driver of {}", super::name(image), nic.name),
                });
            }
            Ok(lacking) => missing.extend(lacking),
            Err(outcome) => return outcome,
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
        .evidences(view::omitting(facts, &[]))
        .remedy(view::rebuild(
            facts,
            "Have the driver put into the image (MODULES=most, --no-hostonly), and build it anew.",
        ))
        .into()
}

/// The modules that may drive a NIC: the one that does, then those of its modalias.
fn drivers_of(facts: &Facts, nic: &Nic) -> Vec<String> {
    let matches = nic.modalias.as_ref().and_then(|alias| view::default_kernel(facts)?.alias_matches.get(alias));
    let mut drivers: Vec<String> = Vec::new();
    for module in nic.driver.iter().chain(matches.into_iter().flatten()) {
        let module = module.replace('-', "_");
        if !drivers.contains(&module) {
            drivers.push(module);
        }
    }
    drivers
}

/// Without the hardware: an image without any network driver boots no machine from the network.
fn any_driver(facts: &Facts, image: &Initramfs) -> Outcome {
    let drivers = image.modules.iter().filter(|(_, path)| is_network_driver(path)).count();
    if drivers > 0 {
        return Outcome::pass(format!(
            "{} has {}; the instance's own NIC is not known here",
            super::name(image),
            super::count(drivers, "network driver")
        ));
    }
    if let Some(outcome) = view::incomplete(image) {
        return outcome;
    }
    let builtin = view::default_kernel(facts).and_then(|kernel| kernel.builtin.known());
    let common =
        ["e1000e", "igb", "ixgbe", "i40e", "ice", "mlx4_en", "mlx5_core", "bnxt_en", "tg3", "virtio_net", "vmxnet3"];
    if let Some(driver) = common.iter().find(|driver| builtin.is_some_and(|builtin| builtin.contains(**driver))) {
        return Outcome::pass(format!("the kernel has {driver} built in; the instance's own NIC is not known here"));
    }
    Finding::critical(format!("{} holds no driver of any network card", image.path))
        .evidence(Evidence::new(
            &image.path,
            format!("{}, none below drivers/net", super::count(image.modules.len(), "module")),
        ))
        .remedy(view::rebuild(facts, "Build the image with network drivers: MODULES=most, or --no-hostonly."))
        .into()
}

/// Whether a module drives a card: those below `drivers/net` that serve others do not.
fn is_network_driver(path: &str) -> bool {
    const HELPERS: [&str; 9] =
        ["phy/", "mdio/", "bonding/", "team/", "wireless/", "ppp/", "can/", "pcs/", "net_failover"];
    path.split_once("/drivers/net/").is_some_and(|(_, rest)| !HELPERS.iter().any(|helper| rest.starts_with(helper)))
}
