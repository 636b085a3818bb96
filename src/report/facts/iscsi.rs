//! The iBFT, and open-iscsi's files and sessions.

use super::page::{Page, list, located};
use isctpl_checks::facts::{
    Fact, Facts, Ibft, IbftNic, IbftTarget, InitramfsConf, Iscsi, IscsidConf, Lun, NodeRecord, Session,
};
use std::net::{IpAddr, SocketAddr};

/// What the boot firmware handed over.
pub(super) fn ibft(facts: &Facts, page: &mut Page<'_>) {
    let firmware = &facts.firmware;
    let table = firmware.table.known().and_then(Option::as_ref);
    let sysfs = firmware.sysfs.known().and_then(Option::as_ref);
    match (table, sysfs) {
        (None, None) if matches!((&firmware.table, &firmware.sysfs), (Fact::Known(_), Fact::Known(_))) => {
            page.heading("No iBFT was found");
        }
        (None, None) => page.heading("iBFT"),
        (Some(table), Some(sysfs)) if same(table, sysfs) => {
            one_ibft("iBFT, ACPI table", table, facts, page);
            page.note(&format!("The kernel's view in {} is the same.", sysfs.source));
        }
        (table, sysfs) => {
            table.iter().for_each(|table| one_ibft("iBFT, ACPI table", table, facts, page));
            sysfs.iter().for_each(|sysfs| one_ibft("iBFT, the kernel's view", sysfs, facts, page));
        }
    }
    page.unread(&firmware.table);
    // Both are not read for one and the same reason where a mounted root is judged.
    if !matches!((&firmware.table, &firmware.sysfs), (Fact::NotApplicable(one), Fact::NotApplicable(other)) if one == other)
    {
        page.unread(&firmware.sysfs);
    }
    match firmware.efi {
        Some(true) => page.note("This machine was started by UEFI."),
        Some(false) => page.note("This machine was started by BIOS."),
        None => {}
    }
}

/// Whether two accounts of the table say the same of everything that both have.
fn same(table: &Ibft, sysfs: &Ibft) -> bool {
    let without_pci = |nic: &IbftNic| IbftNic { pci_bdf: None, hostname: None, ..nic.clone() };
    table.initiator == sysfs.initiator
        && table.targets == sysfs.targets
        && table.faults == sysfs.faults
        && table.nics.iter().map(without_pci).eq(sysfs.nics.iter().map(without_pci))
}

fn one_ibft(what: &str, ibft: &Ibft, facts: &Facts, page: &mut Page<'_>) {
    let maker = [ibft.oem_id.as_str(), ibft.oem_table_id.as_str()];
    let maker = maker.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let maker = if maker.is_empty() { String::new() } else { format!(", made by {maker}") };
    page.heading(&format!("{what} ({}){maker}", ibft.source));
    let initiator = ibft.initiator.as_ref().map_or_else(
        || "missing".to_owned(),
        |initiator| initiator.name.clone().unwrap_or_else(|| "without a name".to_owned()),
    );
    let mut rows = vec![vec!["initiator".to_owned(), initiator]];
    for nic in &ibft.nics {
        rows.push(vec![format!("NIC {}", nic.index), nic_text(nic, facts)]);
    }
    for target in &ibft.targets {
        let name = target.name.clone().unwrap_or_else(|| "without a name".to_owned());
        rows.push(vec![format!("target {}", target.index), format!("{name}, {}", target_text(target))]);
    }
    rows.extend(ibft.faults.iter().map(|fault| vec!["fault".to_owned(), fault.to_string()]));
    page.rows(rows);
}

fn nic_text(nic: &IbftNic, facts: &Facts) -> String {
    let name = facts.nics.known().and_then(|nics| nics.iter().find(|known| known.mac == nic.mac && known.physical));
    let mut words = vec![name.map_or_else(|| nic.mac.clone(), |name| format!("{} ({})", nic.mac, name.name))];
    words.push(match nic.ip {
        Some(ip) => format!("{ip}/{}{}", nic.prefix_len, origin(nic.origin)),
        None => "no address".to_owned(),
    });
    words.push(nic.gateway.map_or_else(|| "no gateway".to_owned(), |gateway| format!("gateway {gateway}")));
    words.extend(nic.dhcp.map(|server| format!("DHCP server {server}")));
    words.extend((!nic.dns.is_empty()).then(|| format!("DNS {}", list(&nic.dns))));
    words.extend((nic.vlan != 0).then(|| format!("VLAN {}", nic.vlan)));
    words.extend(nic.hostname.as_ref().map(|name| format!("host name {name}")));
    words.extend(nic.pci_bdf.map(|bdf| format!("PCI {:02x}:{:02x}.{}", bdf >> 8, (bdf >> 3) & 0x1f, bdf & 7)));
    words.extend(flags(nic.flags));
    words.join(", ")
}

fn target_text(target: &IbftTarget) -> String {
    let portal = target.ip.map_or_else(|| "no portal".to_owned(), |ip| format!("portal {}", socket(ip, target.port)));
    let mut words = vec![portal, lun(&target.lun), format!("by NIC {}", target.nic_assoc), chap(target)];
    words.extend(flags(target.flags));
    words.join(", ")
}

fn chap(target: &IbftTarget) -> String {
    let there = |present: bool| if present { "set" } else { "missing" };
    let (name, secret) = (there(target.chap_name_present), there(target.chap_secret_present));
    match target.chap_type {
        0 => "no CHAP".to_owned(),
        1 => format!("CHAP (user name {name}, secret {secret})"),
        2 => format!(
            "mutual CHAP (user name {name}, secret {secret}, reverse secret {})",
            there(target.reverse_chap_secret_present)
        ),
        other => format!("unknown CHAP type {other}"),
    }
}

/// Words on a structure that is not what the firmware booted by.
fn flags(flags: u8) -> Option<String> {
    match (flags & 1 != 0, flags & 2 != 0) {
        (true, true) => None,
        (true, false) => Some("not used for this boot".to_owned()),
        (false, _) => Some("not marked valid".to_owned()),
    }
}

fn origin(origin: u8) -> &'static str {
    match origin {
        1 => " (static)",
        2 => " (well-known)",
        3 => " (DHCP)",
        4 => " (router advertisement)",
        _ => "",
    }
}

fn lun(lun: &Lun) -> String {
    match lun {
        Lun::Number(number) => format!("LUN {number}"),
        Lun::Ambiguous { text, candidates } => {
            let numbers = candidates.iter().map(u64::to_string).collect::<Vec<_>>().join(" or ");
            format!("LUN {numbers} (the kernel shows `{text}`)")
        }
        Lun::Invalid(text) => format!("invalid LUN `{text}`"),
    }
}

fn socket(ip: IpAddr, port: u16) -> String {
    SocketAddr::new(ip, port).to_string()
}

/// open-iscsi: identity, settings, records, sessions.
pub(super) fn iscsi(iscsi: &Iscsi, page: &mut Page<'_>) {
    page.heading("open-iscsi");
    let name = match (&iscsi.initiator_name, &iscsi.initiator_generated) {
        (Some(name), _) => located(Some(name)),
        (None, Some(at)) => format!("generated at the first start (GenerateName=yes, {at})"),
        (None, None) => "none".to_owned(),
    };
    let running = iscsi.iscsid_running.known().map(|yes| if *yes { "running" } else { "not running" });
    page.fields([
        ("initiator name", name),
        ("iscsiadm", iscsi.iscsiadm.clone().unwrap_or_else(|| "not installed".to_owned())),
        ("iscsid", running.unwrap_or_default().to_owned()),
    ]);
    iscsi.iscsid_conf.iter().for_each(|conf| iscsid_conf(conf, page));
    iscsi.initramfs_conf.iter().for_each(|conf| initramfs_conf(conf, page));
    page.heading("Node records");
    if iscsi.nodes.is_empty() {
        page.line("none");
    }
    iscsi.nodes.iter().for_each(|node| record(node, page));
    page.heading("Sessions of the running kernel");
    match &iscsi.sessions {
        Fact::Known(sessions) if sessions.is_empty() => page.line("none"),
        Fact::Known(sessions) => sessions.iter().for_each(|one| session(one, page)),
        unread => page.unread(unread),
    }
    page.problems(&iscsi.problems);
}

fn iscsid_conf(conf: &IscsidConf, page: &mut Page<'_>) {
    page.heading(&format!("Defaults for new records ({})", conf.path));
    page.fields([
        ("node.startup", located(conf.startup.as_ref())),
        ("replacement_timeout", located(conf.replacement_timeout.as_ref())),
        ("noop_out_interval", located(conf.noop_interval.as_ref())),
        ("noop_out_timeout", located(conf.noop_timeout.as_ref())),
        ("authmethod", located(conf.auth_method.as_ref())),
        ("iscsid.startup", located(conf.iscsid_startup.as_ref())),
        ("iscsid.safe_logout", located(conf.safe_logout.as_ref())),
        (
            "CHAP secret",
            if conf.secrets.is_empty() { String::new() } else { format!("set at {}", list(&conf.secrets)) },
        ),
    ]);
}

fn initramfs_conf(conf: &InitramfsConf, page: &mut Page<'_>) {
    page.heading(&format!("What the initramfs is to log in to ({})", conf.path));
    page.fields([
        ("ISCSI_AUTO", conf.auto.as_ref().map(|at| format!("set ({at})")).unwrap_or_default()),
        ("target", located(conf.target_name.as_ref())),
        ("portal", list(conf.target_ips.iter().map(|ip| located(Some(ip))))),
        ("initiator", located(conf.initiator.as_ref())),
        ("CHAP secret", conf.secret.as_ref().map(|at| format!("set ({at})")).unwrap_or_default()),
        ("at shutdown", if conf.keep_all_sessions { "all sessions are kept".to_owned() } else { String::new() }),
    ]);
}

fn record(node: &NodeRecord, page: &mut Page<'_>) {
    page.line(&node.target);
    page.fields([
        ("  portal", node.address.map(|ip| socket(ip, node.port)).unwrap_or_default()),
        ("  startup", located(node.startup.as_ref())),
        ("  record", node.path.clone()),
        ("  interface", node.iface.clone()),
        ("  replacement_timeout", located(node.replacement_timeout.as_ref())),
        ("  noop_out_interval", located(node.noop_interval.as_ref())),
        ("  noop_out_timeout", located(node.noop_timeout.as_ref())),
        ("  CHAP secret", if node.secret { "set".to_owned() } else { String::new() }),
    ]);
}

fn session(session: &Session, page: &mut Page<'_>) {
    page.line(&format!("{}: {}", session.name, session.target));
    let portal = session.address.map(|ip| match session.port {
        Some(port) => socket(ip, port),
        None => ip.to_string(),
    });
    let seconds = |value: Option<i64>| value.map(|value| format!("{value} s")).unwrap_or_default();
    let root = match session.holds_root {
        Some(true) => "holds the root filesystem",
        Some(false) => "does not hold the root filesystem",
        None => "unknown whether it holds the root filesystem",
    };
    page.fields([
        ("  portal", portal.unwrap_or_default()),
        ("  state", list([Some(&session.state), session.connection_state.as_ref()].into_iter().flatten())),
        ("  disks", if session.disks.is_empty() { "none".to_owned() } else { list(&session.disks) }),
        ("  root", root.to_owned()),
        ("  initiator", session.initiator.clone().unwrap_or_default()),
        ("  local address", session.local_address.map(|ip| ip.to_string()).unwrap_or_default()),
        ("  recovery_tmo", seconds(session.recovery_tmo)),
        ("  noop_out_interval", seconds(session.recv_tmo)),
        ("  noop_out_timeout", seconds(session.ping_tmo)),
    ]);
}
