//! What modules on the way to the root ask for while they run: none of it stands in modules.dep.

use super::layer_needs;
use super::need::Need;
use crate::facts::{Asked, Fact, Initramfs, Kernel, NetworkKind, Nic};
use crate::{Analysis, Evidence, analysis};

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
    starts.extend(layer_needs::modules(facts).into_iter().map(str::to_owned));
    let mut modules: Vec<&str> = Vec::new();
    for module in starts.iter().flat_map(|start| kernel.closure(start)) {
        if !modules.contains(&module) && kernel.is_builtin(module) != Some(true) {
            modules.push(module);
        }
    }
    let mut needs: Vec<Need> = modules.iter().flat_map(|module| by_module(facts, kernel, module)).collect();
    if let (Some(nic), Some(driver)) = (nic, &driver) {
        needs.extend(beside_driver(nic, driver));
    }
    needs.extend(layer_needs::needs(facts, image, kernel));
    needs.extend(by_dhcp(facts, image));
    needs.extend(by_portal(facts));
    needs
}

/// What a module asks for, by its file.
fn by_module(facts: &Analysis<'_>, kernel: &Kernel, module: &str) -> Vec<Need> {
    let Some(file) = kernel.modules.get(module) else { return Vec::new() };
    // Of what modprobe tries beside the module, the lines about what is asked for.
    let softdeps = |request: &str| {
        let bare = request.strip_prefix("crypto-").unwrap_or(request).to_owned();
        let is_about = move |line: &str| {
            let mut words = line.split_whitespace().skip(1);
            words.next() == Some(module) && words.any(|word| word.strip_prefix("crypto-").unwrap_or(word) == bare)
        };
        kernel.softdeps.iter().filter(move |line| is_about(&line.value)).map(Evidence::from)
    };
    let need = |request: &str, evidence: Vec<Evidence>, doubt: Option<String>| Need {
        by: module.to_owned(),
        request: request.to_owned(),
        breaks: breaks(module),
        evidence: evidence.into_iter().chain(softdeps(request)).collect(),
        doubt,
    };
    let checksum = facts.btrfs_checksum().filter(|_| module == "btrfs");
    match &file.asks {
        Fact::Known(asked) => asked
            .iter()
            .filter(|asked| checksum.is_none_or(|name| asked.request == format!("crypto-{name}")))
            .map(|Asked { request, shown_by }| {
                let of_superblock =
                    checksum.map(|name| Evidence::new("superblock of the root", format!("checksum {name}")));
                let seen = std::iter::once(Evidence::new(&file.path, shown_by.clone())).chain(of_superblock);
                need(request, seen.collect(), doubt(kernel, module).filter(|_| checksum.is_none()))
            })
            .collect(),
        Fact::Unknown(problem) => {
            let usual = usual_request(module).into_iter();
            usual.map(|request| need(request, vec![problem.into()], Some(problem.to_string()))).collect()
        }
        Fact::NotApplicable(_) if !file.present => {
            let usual = usual_request(module).into_iter();
            usual.map(|request| need(request, Vec::new(), Some(format!("{} does not exist", file.path)))).collect()
        }
        Fact::NotApplicable(_) => Vec::new(),
    }
}

/// What a module of that name asks for, in kernels in which it does.
fn usual_request(module: &str) -> Option<&'static str> {
    Some(match module {
        "iscsi_tcp" | "libcrc32c" | "ext4" | "jbd2" | "btrfs" => "crypto-crc32c",
        "f2fs" => "crypto-crc32",
        "r8169" => "realtek",
        _ => return None,
    })
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
fn doubt(kernel: &Kernel, module: &str) -> Option<String> {
    Some(match module {
        // Since 4.17 ext4_fill_super asks whatever the filesystem has; earlier kernels do by their makers' patches.
        "ext4" if kernel.is_since(4, 17) => return None,
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
    let ips = words.ip_words(Some(image));
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
