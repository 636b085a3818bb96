//! What modules on the way to the root ask for while they run: none of it stands in modules.dep.

use crate::facts::{Asked, Fact, Initramfs, Kernel, ModuleIndex, NetworkKind, Nic};
use crate::{Analysis, Evidence, Outcome, analysis};
use std::collections::BTreeSet;

/// What somebody asks the kernel to load.
#[derive(Debug)]
pub(super) struct Need {
    /// Who asks.
    pub by: String,
    /// The word with which the kernel asks modprobe, or a module's name.
    pub request: String,
    /// What does not come up without it.
    pub breaks: String,
    /// What shows that it is asked for.
    pub evidence: Vec<Evidence>,
    /// Why it is not known whether it is asked for on this machine.
    pub doubt: Option<String>,
}

/// What answers a need.
#[derive(Debug)]
pub(super) enum Answer<'k> {
    /// It is compiled into the kernel, or in the image where modprobe finds it.
    Held(String),
    /// These modules, by themselves or with others that they depend on, are not in the image.
    Lacks(Vec<&'k str>),
    /// The module is in the image, and modprobe does not find it by what is asked for; where it looks.
    Unfound(&'k str, String),
}

/// Names of what is compiled into kernels that list no alias of it: those before 5.2 have no `modules.builtin.modinfo`.
fn usual_modules(request: &str) -> &'static [&'static str] {
    match request {
        "crypto-crc32c" => &["crc32c_generic"],
        "crypto-crc32" => &["crc32_generic"],
        "crypto-xxhash64" => &["xxhash_generic"],
        "crypto-sha256" => &["sha256_generic"],
        "crypto-blake2b-256" => &["blake2b_generic"],
        "net-pf-10" => &["ipv6"],
        "net-pf-17" => &["af_packet"],
        _ => &[],
    }
}

/// Everything that is asked for on the way to the root.
pub(super) fn needs(facts: &Analysis<'_>, image: &Initramfs, kernel: &Kernel) -> Vec<Need> {
    let mut starts: Vec<String> = facts.needed_modules().into_iter().map(str::to_owned).collect();
    let nic = facts.san_nic().and_then(|(name, _)| facts.nics.known()?.iter().find(|nic| nic.name == name));
    // Where several may drive it, it is not known which one asks.
    let driver = nic.map(|nic| facts.drivers_of(nic)).and_then(|drivers| match <[String; 1]>::try_from(drivers) {
        Ok([driver]) => Some(driver),
        Err(_) => None,
    });
    starts.extend(driver.clone());
    let filesystem = facts.root_filesystem().map(|(kind, _)| analysis::filesystem_module(&kind).to_owned());
    starts.extend(filesystem);
    let mut modules: Vec<&str> = Vec::new();
    for module in starts.iter().flat_map(|start| kernel.closure(start)) {
        if !modules.contains(&module) && kernel.is_builtin(module) != Some(true) {
            modules.push(module);
        }
    }
    let mut needs: Vec<Need> = modules.iter().flat_map(|module| by_module(kernel, module)).collect();
    if let (Some(nic), Some(driver)) = (nic, &driver) {
        needs.extend(beside_driver(nic, driver));
    }
    needs.extend(by_dhcp(facts, image));
    needs.extend(by_portal(facts));
    needs
}

/// What a module asks for, by its file.
fn by_module(kernel: &Kernel, module: &str) -> Vec<Need> {
    let Some(file) = kernel.modules.get(module) else { return Vec::new() };
    let softdeps = || {
        let of_module = |line: &str| line.split_whitespace().nth(1) == Some(module);
        kernel.softdeps.iter().filter(move |line| of_module(&line.value)).map(Evidence::from)
    };
    let need = |request: &str, evidence: Vec<Evidence>, doubt: Option<String>| Need {
        by: module.to_owned(),
        request: request.to_owned(),
        breaks: breaks(module),
        evidence: evidence.into_iter().chain(softdeps()).collect(),
        doubt,
    };
    match &file.asks {
        Fact::Known(asked) => asked
            .iter()
            .map(|Asked { request, shown_by }| {
                need(request, vec![Evidence::new(&file.path, shown_by.clone())], doubt(module))
            })
            .collect(),
        // They ask for one thing, if they do.
        Fact::Unknown(problem) if always_crc32c(module) => {
            vec![need("crypto-crc32c", vec![problem.into()], Some(problem.to_string()))]
        }
        Fact::NotApplicable(_) if always_crc32c(module) && !file.present => {
            vec![need("crypto-crc32c", Vec::new(), Some(format!("{} does not exist", file.path)))]
        }
        Fact::Unknown(_) | Fact::NotApplicable(_) => Vec::new(),
    }
}

/// Modules that go through the crypto API for crc32c, or through its library, whatever the machine is.
fn always_crc32c(module: &str) -> bool {
    matches!(module, "iscsi_tcp" | "libcrc32c")
}

/// What does not come up where a module is refused what it asks for.
fn breaks(module: &str) -> String {
    match module {
        "iscsi_tcp" => "no connection is made (iscsi_sw_tcp_conn_create), whatever digests the target wants".to_owned(),
        "libcrc32c" => "libcrc32c is not loaded, nor what depends on it".to_owned(),
        "r8169" => "the NIC is given up (r8169_mdio_register)".to_owned(),
        _ => format!("{module} does not mount the root"),
    }
}

/// Why it is not known whether a module asks on this machine.
fn doubt(module: &str) -> Option<String> {
    Some(match module {
        "ext4" | "jbd2" => format!("{module} asks for it only where the filesystem has checksums"),
        "btrfs" => "btrfs asks for the checksum that its superblock names, which was not read".to_owned(),
        _ => return None,
    })
}

/// Modules without which a driver makes no NIC.
fn beside_driver(nic: &Nic, driver: &str) -> Option<Need> {
    let (request, why) = match driver {
        "mlx4_core" => ("mlx4_en", "mlx4_core holds the card, and mlx4_en makes the NIC of it"),
        "virtio_net" if nic.pci.is_some() => ("virtio_pci", "virtio_pci makes the virtio device of the PCI device"),
        _ => return None,
    };
    Some(Need {
        by: driver.to_owned(),
        request: request.to_owned(),
        breaks: format!("there is no {}", nic.name),
        evidence: vec![Evidence::new(format!("/sys/class/net/{}", nic.name), format!("driver {driver}: {why}"))],
        doubt: None,
    })
}

/// The socket of every DHCP client of IPv4, which answers come to before there is an address.
fn by_dhcp(facts: &Analysis<'_>, image: &Initramfs) -> Option<Need> {
    let words = facts.boot_words();
    let ips = words.ip_words();
    if ips.iter().any(analysis::IpWord::is_static) {
        return None;
    }
    let client = image.network.iter().find(|network| network.kind != NetworkKind::IscsistartN)?;
    let asked = ips.iter().find(|ip| matches!(ip.method.as_str(), "dhcp" | "on" | "any" | "single-dhcp"));
    Some(Need {
        by: "the DHCP client".to_owned(),
        request: "net-pf-17".to_owned(),
        breaks: "it has no packet socket, and gets no address".to_owned(),
        evidence: std::iter::once(Evidence::at(&client.at, "brings up the network"))
            .chain(asked.map(|ip| Evidence::new("kernel command line", format!("ip={}", ip.text))))
            .collect(),
        doubt: asked.is_none().then(|| "it is not known whether the SAN NIC gets its address by DHCP".to_owned()),
    })
}

/// The socket of a session by IPv6.
fn by_portal(facts: &Analysis<'_>) -> Option<Need> {
    let portals = facts.login_portals();
    let portal = portals.iter().find(|portal| portal.is_ipv6())?;
    Some(Need {
        by: format!("the session with {portal}"),
        request: "net-pf-10".to_owned(),
        breaks: "there is no IPv6".to_owned(),
        evidence: Vec::new(),
        doubt: portals.iter().any(|portal| portal.is_ipv4()).then(|| "other portals have IPv4 addresses".to_owned()),
    })
}

/// What answers a need.
///
/// # Errors
/// The outcome to return where that cannot be told.
pub(super) fn answer<'k>(image: &Initramfs, kernel: &'k Kernel, need: &Need) -> Result<Answer<'k>, Outcome> {
    let request = need.request.as_str();
    let answers = kernel.requests.needed()?.get(request).map_or(&[][..], Vec::as_slice);
    let usual = usual_modules(request).iter().copied();
    let of_any_processor = |module: &str| {
        let path = kernel.modules.get(module).map_or("", |module| module.path.as_str());
        !path.contains("/arch/") && !path.contains("/drivers/crypto/")
    };
    let mut builtin = answers.iter().map(String::as_str).chain(usual);
    if let Some(module) = builtin.find(|module| kernel.is_builtin(module) == Some(true) && of_any_processor(module)) {
        return Ok(Answer::Held(format!("{module} (built in)")));
    }
    if answers.is_empty() {
        return Err(match kernel.unread_modules() {
            Some(problem) => Outcome::unread(problem),
            None => Outcome::unknown(format!(
                "{} asks for {request}, which no module of {} answers: it is not known whether the kernel has it",
                need.by,
                kernel.name()
            )),
        });
    }
    let mut lacks: BTreeSet<&str> = BTreeSet::new();
    let (mut unfound, mut of_some_processors) = (None, None);
    for module in answers {
        let lacking = kernel.missing_in(image, module)?;
        if !lacking.is_empty() {
            if of_any_processor(module) {
                lacks.extend(lacking);
            }
        } else if !finds(image, kernel, request, module)? {
            unfound = unfound.or(Some(module));
        } else if of_any_processor(module) {
            return Ok(Answer::Held(module.clone()));
        } else {
            of_some_processors = of_some_processors.or(Some(module));
        }
    }
    if let Some(module) = of_some_processors {
        return Err(Outcome::unknown(format!(
            "{} asks for {request}: of what answers that, {} has {module} alone, which not every processor can run",
            need.by, image.path
        )));
    }
    if let Some(module) = unfound {
        let at = index(image, kernel).and_then(Fact::known).and_then(|index| index.aliases_at.clone());
        return Ok(Answer::Unfound(module, at.unwrap_or_else(|| image.path.clone())));
    }
    // All that answers runs on some processors only.
    if lacks.is_empty() {
        lacks.extend(answers.iter().map(String::as_str));
    }
    Ok(Answer::Lacks(lacks.into_iter().collect()))
}

/// What modprobe finds in the image for this kernel; `None` in a snapshot of an earlier version.
fn index<'i>(image: &'i Initramfs, kernel: &Kernel) -> Option<&'i Fact<ModuleIndex>> {
    image.module_indexes.get(kernel.version.known()?)
}

/// Whether a module that is in the image is found there when the kernel asks.
fn finds(image: &Initramfs, kernel: &Kernel, request: &str, module: &str) -> Result<bool, Outcome> {
    // What is listed is loaded before anybody asks, and what goes by its name has aliases of its own.
    if image.modules_listed.contains(module) || request == module {
        return Ok(true);
    }
    let index = match index(image, kernel) {
        None | Some(Fact::NotApplicable(_)) => return Ok(true),
        Some(Fact::Unknown(problem)) => return Err(Outcome::unread(problem)),
        Some(Fact::Known(index)) => index,
    };
    if index.program.is_none() {
        image.whole()?;
        let reason = format!("{} has no /sbin/modprobe, by which the kernel loads what is asked for", image.path);
        return Err(Outcome::unknown(reason));
    }
    Ok(index.requests.get(request).is_some_and(|modules| modules.iter().any(|found| found == module)))
}
