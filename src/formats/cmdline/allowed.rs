//! The words of a command line that are shown. Every other is a word that nobody here knows, and may hold a secret.

use crate::formats::text::harmless::{is_address, is_device, is_iscsi_name, is_path, is_plain, is_setting_name, mount};
use crate::formats::text::redact::{hide, is_secret_name};
use isctpl_checks::facts::{HIDDEN, Word};

/// Parameters whose plain values are shown: those that decide how the machine boots, and those that everybody
/// sets. A bare word that is one of them is shown too.
#[rustfmt::skip]
const PLAIN: &[&str] = &[
    // What boots, and from where.
    "BOOT_IMAGE", "BOOTIF", "bootdev", "root", "rootfstype", "rootdelay", "rootwait", "ro", "rw", "init", "rdinit",
    "resume", "noresume", "resume_offset", "resumedelay", "resumewait", "nohibernate", "hibernate", "boot",
    "recovery", "single", "S", "s", "1", "2", "3", "4", "5", "emergency", "rescue", "-b", "-s", "--", "---", "quiet",
    "splash", "nosplash", "rhgb", "text", "debug", "break", "BOOT_DEBUG", "fastboot", "forcefsck", "fsck.mode",
    "fsck.repair", "fips", "edd", "ds", "toram", "initrd",
    // The network.
    "ip", "ifname", "vlan", "bond", "bridge", "team", "nameserver", "biosdevname", "net.ifnames", "net.naming_scheme",
    "net.ifname-policy", "net.ifname_policy", "ipv6.disable", "ipv6.disable_ipv6", "ipv6.autoconf", "rd.route",
    "rd.neednet", "rd.bootif", "rd.peerdns", "rd.ethtool", "rd.net.timeout.dhcp", "rd.net.timeout.iflink",
    "rd.net.timeout.ifup", "rd.net.timeout.carrier", "rd.net.dhcp.retry", "ib.pkey", "gateway", "netmask", "ksdevice",
    "mtu",
    // iSCSI.
    "iscsi_auto", "iscsi_firmware", "iscsi_initiator", "iscsi_target_name", "iscsi_target_ip", "iscsi_target_port",
    "iscsi_target_group", "rd.iscsi", "rd.iscsi.firmware", "rd.iscsi.ibft", "rd.iscsi.initiator",
    "rd.iscsi.target.name", "rd.iscsi.target.ip", "rd.iscsi.target.port", "rd.iscsi.target.group", "rd.iscsi.waitnet",
    "rd.iscsi.testroute", "rd.iscsi.transport", "rd.iscsi.login_retry_max_count", "rd.iscsi.mp",
    // dracut.
    "rd.lvm", "rd.lvm.vg", "rd.lvm.lv", "rd.lvm.conf", "rd.luks", "rd.luks.uuid", "rd.luks.crypttab", "luks",
    "luks.uuid", "luks.crypttab", "rd.luks.name", "luks.name", "rd.luks.key", "luks.key", "rd.luks.partuuid",
    "rd.luks.serial", "rd.luks.allow-discards", "cryptdevice", "cryptkey", "rd.md", "rd.md.uuid", "rd.md.conf", "rd.md.imsm", "rd.md.ddf", "rd.md.waitclean",
    "rd.dm", "rd.dm.uuid", "rd.multipath", "rd.fstab", "rd.skipfsck", "rd.auto", "rd.break", "rd.shell", "rd.debug",
    "rd.retry", "rd.timeout", "rd.driver.pre", "rd.driver.post", "rd.driver.blacklist", "rd.driver.export",
    "rd.hostonly", "rd.plymouth", "rd.emergency", "rd.memdebug", "rd.info", "rd.kiso", "rd.nvmf", "rd.nonvmf",
    "rd.nofcoe", "rd.fcoe", "rd.auto", "rd.systemd.unit", "rd.systemd.gpt_auto", "rd.hwdb", "rd.zipl",
    "rd.znet_ifname", "plymouth.enable", "plymouth.use-simpledrm",
    // systemd.
    "systemd.unit", "systemd.log_level", "systemd.log_target", "systemd.log_color", "systemd.show_status",
    "systemd.debug_shell", "systemd.debug-shell", "systemd.mask", "systemd.wants", "systemd.gpt_auto",
    "systemd.volatile", "systemd.swap", "systemd.machine_id", "systemd.firstboot", "systemd.unified_cgroup_hierarchy",
    "systemd.confirm_spawn", "systemd.crash_shell", "systemd.crash_reboot", "systemd.default_timeout_start_sec",
    "systemd.journald.forward_to_console", "systemd.legacy_systemd_cgroup_controller", "systemd.run",
    "systemd.verity", "udev.log_level", "udev.log_priority", "udev.children_max", "udev.event_timeout",
    "udev.net_ifnames",
    // Consoles.
    "console", "earlycon", "earlyprintk", "loglevel", "ignore_loglevel", "consoleblank", "nomodeset", "vga", "video",
    "fbcon", "vt.handoff", "gfxpayload", "keep_bootcon", "no_console_suspend", "printk.devkmsg", "printk.time",
    "log_buf_len", "initcall_debug", "dyndbg", "noquiet", "nofb",
    // Modules.
    "modprobe.blacklist", "module_blacklist", "blacklist", "modules-load", "modules_load", "module.sig_enforce",
    // Processors, memory, devices.
    "nosmp", "maxcpus", "nr_cpus", "possible_cpus", "nosmt", "noapic", "nolapic", "apic", "x2apic", "nox2apic",
    "acpi", "acpi_osi", "noacpi", "pci", "pcie_aspm", "pcie_ports", "iommu", "intel_iommu", "amd_iommu",
    "iommu.passthrough", "iommu.strict", "mitigations", "spectre_v2", "spectre_v2_user", "spec_store_bypass_disable",
    "nopti", "pti", "kpti", "l1tf", "mds", "tsx", "tsx_async_abort", "srbds", "retbleed", "mmio_stale_data",
    "nospectre_v1", "nospectre_v2", "panic", "panic_on_oops", "oops", "softlockup_panic", "hung_task_panic",
    "nmi_watchdog", "watchdog", "nowatchdog", "crashkernel", "mem", "hugepages", "hugepagesz", "default_hugepagesz",
    "transparent_hugepage", "isolcpus", "nohz", "nohz_full", "rcu_nocbs", "irqaffinity", "numa", "numa_balancing",
    "elevator", "scsi_mod.use_blk_mq", "dm_mod.use_blk_mq", "scsi_mod.scan", "tsc", "clocksource", "hpet",
    "no_timer_check", "nokaslr", "kaslr", "idle", "processor.max_cstate", "intel_idle.max_cstate", "intel_pstate",
    "amd_pstate", "cpufreq.default_governor", "cpuidle.off", "random.trust_cpu", "random.trust_bootloader", "efi",
    "noefi", "add_efi_memmap", "reboot", "multipath", "nomultipath", "zswap.enabled", "zswap.compressor",
    "slub_debug", "page_poison", "init_on_alloc", "init_on_free", "vsyscall", "usbcore.autosuspend", "libata.force",
    "nvme_core.multipath", "nvme_core.io_timeout", "memory_corruption_check", "8250.nr_uarts", "dis_ucode_ldr", "swiotlb", "cma",
    "psi", "preempt", "threadirqs", "skew_tick", "audit", "audit_backlog_limit", "selinux", "enforcing",
    "autorelabel", "apparmor", "security", "lsm", "lockdown", "ima_policy", "ima_appraise", "cgroup_enable",
    "cgroup_disable", "cgroup_memory", "cgroup_no_v1", "swapaccount", "cgroup.memory", "overlayroot", "rootovl",
    "fscache", "locale", "lang", "vconsole.keymap", "vconsole.font", "vconsole.unimap", "rd.vconsole.keymap",
    "rd.vconsole.font", "locale.LANG", "rd.locale.LANG", "rd.udev.log_level", "rd.udev.log_priority", "rd.udev.debug",
    "rd.udev.children_max", "rd.udev.event_timeout", "rd.live.check", "rd.live.image", "rd.live.ram", "rd.live.dir",
    "rd.live.overlay", "rd.live.overlay.overlayfs", "rd.overlay", "rd.overlayfs", "persistence", "nopersistence",
    "nompath", "cloud-init", "cloud-init.disabled", "TERM",
];

/// Parameters that take a password, and show as names.
const PASSWORDS: [&str; 4] = ["iscsi_password", "iscsi_in_password", "rd.iscsi.password", "rd.iscsi.in.password"];

fn is_password(key: &str) -> bool {
    PASSWORDS.iter().any(|known| key.eq_ignore_ascii_case(known))
}

/// Beginnings of names of open-iscsi's settings that hold times, counts and switches (`rd.iscsi.param=`).
const SETTINGS: [&str; 7] = [
    "node.session.timeo.",
    "node.session.err_timeo.",
    "node.conn[0].timeo.",
    "node.session.iscsi.",
    "node.conn[0].iscsi.",
    "node.startup",
    "node.session.initial_login_retry_max",
];

/// Whether a parameter is one of those whose values are shown.
pub(super) fn is_known(key: &str) -> bool {
    PLAIN.contains(&key) || matches!(key, "netroot" | "iscsiroot" | "rootflags" | "resumeflags" | "rd.iscsi.param")
}

/// A word as it may be shown. It is marked where a secret is known to have stood in it.
pub(super) fn word(key: &str, value: Option<&str>) -> Word {
    match value {
        // `=` behind a word is what pads base64.
        Some(value) if !value.trim_matches('=').is_empty() => assigned(key, value),
        Some("") if PLAIN.contains(&key) || is_password(key) => {
            Word { key: key.to_owned(), value: Some(String::new()), ..Word::default() }
        }
        _ => bare(key),
    }
}

fn assigned(key: &str, value: &str) -> Word {
    let (_, secret) = hide(key, value);
    if let Some(shown) = shown(key, value) {
        return Word { key: key.to_owned(), value: Some(shown), secret, quoted: false };
    }
    let named = is_setting_name(key) || is_password(key);
    let key = if named { key } else { HIDDEN };
    Word { key: key.to_owned(), value: Some(HIDDEN.to_owned()), secret, quoted: false }
}

/// A word without a value. Unless it is known it may be an argument for init, or the rest of a value whose quotes
/// somebody has forgotten.
fn bare(written: &str) -> Word {
    // `password:SECRET` means nothing to anybody, and is a secret all the same.
    if let Some((name, value)) = written.split_once(':')
        && is_secret_name(name)
        && !value.is_empty()
    {
        let name = if is_setting_name(name) || is_password(name) { name } else { HIDDEN };
        return Word { key: format!("{name}:{HIDDEN}"), value: None, secret: true, quoted: false };
    }
    let unresolved = written.starts_with("${") && is_plain(written);
    let known = PLAIN.contains(&written) || is_password(written) || unresolved;
    Word { key: if known { written } else { HIDDEN }.to_owned(), ..Word::default() }
}

/// `SERVER:/PATH` of NFS (nfsroot): a name or an address, and a path that every server may have.
fn is_export(value: &str) -> bool {
    let is_server = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-[]:".contains(c))
    };
    value.split_once(":/").is_some_and(|(server, path)| is_server(server) && is_path(&format!("/{path}")))
}

/// The value, where it is one that such a parameter takes.
fn shown(key: &str, value: &str) -> Option<String> {
    let fits = match key {
        "netroot" | "root" | "iscsiroot" if key == "iscsiroot" || has_scheme(value) => {
            return Some(iscsi_target(value));
        }
        "root" | "resume" if is_device(value) || is_path(value) => true,
        "netroot" => matches!(value, "dhcp" | "dhcp6" | "ibft" | "iscsi"),
        "root" if value.strip_prefix("live:").is_some_and(|live| is_device(live) || is_path(live)) => true,
        "root" => matches!(value, "ibft" | "iscsi") || is_export(value),
        "resume" | "ds" => false,
        "rootflags" | "resumeflags" => {
            let options = mount::options(value.split(',').map(str::to_owned));
            return Some(options.join(","));
        }
        "rd.iscsi.param" => value.split_once('=').is_some_and(|(name, value)| {
            SETTINGS.iter().any(|begin| name.starts_with(begin)) && value.len() <= 10 && is_plain(value)
        }),
        "rd.luks.name" | "luks.name" | "rd.luks.key" | "luks.key" => {
            let is_uuid = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-');
            let of_key = key.ends_with(".key");
            match value.split_once('=') {
                Some((uuid, rest)) => is_uuid(uuid) && if of_key { is_path(rest) } else { is_plain(rest) },
                None => of_key && is_path(value),
            }
        }
        // What follows may be a passphrase.
        "overlayroot" if value.contains(':') => {
            let mode = value.split(':').next().unwrap_or_default();
            return ["tmpfs", "device", "crypt"].contains(&mode).then(|| format!("{mode}:{HIDDEN}"));
        }
        "cryptdevice" => return value.split(':').next().filter(|device| is_device(device)).map(str::to_owned),
        "cryptkey" => false,
        "crashkernel" | "mem" => is_plain(&value.replace('@', "")),
        // Runlevels and switches (`1`, `S`, `-b`) take no value: what is assigned to one is something else.
        key => {
            key.len() > 1 && !key.starts_with('-') && PLAIN.contains(&key) && is_plain(value) && !value.contains("//")
        }
    };
    fits.then(|| value.to_owned())
}

fn has_scheme(value: &str) -> bool {
    value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("iscsi:"))
}

/// `[iscsi:][USER:PASSWORD[:USER:PASSWORD]@]SERVER:PROTOCOL:PORT:[INTERFACE:NETDEV:]LUN:TARGET` without the
/// credentials (dracut.cmdline(7)); nothing of it where it has another form.
fn iscsi_target(value: &str) -> String {
    let (scheme, rest) = if has_scheme(value) { value.split_at(6) } else { ("", value) };
    let name = [":iqn.", ":eui.", ":naa."].iter().filter_map(|name| rest.rfind(name)).max();
    let Some((place, target)) = name.and_then(|at| rest.split_at_checked(at)) else {
        let empty = rest.is_empty();
        return format!("{scheme}{}", if empty { "" } else { HIDDEN });
    };
    let (credentials, place) = match place.rsplit_once('@') {
        // An `@` alone lets the target's name have one.
        Some(("", place)) => ("@", place),
        Some((_, place)) => ("hidden", place),
        None => ("", place),
    };
    let name = target.trim_start_matches(':');
    if !is_iscsi_place(place) || !is_iscsi_name(&name.replace('@', "")) {
        return format!("{scheme}{HIDDEN}");
    }
    let credentials = if credentials == "hidden" { format!("{HIDDEN}@") } else { credentials.to_owned() };
    format!("{scheme}{credentials}{place}{target}")
}

/// `SERVER:PROTOCOL:PORT:[INTERFACE:NETDEV:]LUN`.
fn is_iscsi_place(place: &str) -> bool {
    let (server, rest) = match place.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((server, rest)) => (server, rest.strip_prefix(':').unwrap_or(rest)),
        None => place.split_once(':').unwrap_or((place, "")),
    };
    let host = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let server = server.is_empty() || is_address(server) || server.contains('.') && server.chars().all(host);
    let short = |field: &str| field.len() <= 5 && field.chars().all(|c| c.is_ascii_digit());
    let name = |field: &str| field.len() <= 15 && is_plain(field);
    let lun = |field: &str| field.len() <= 20 && field.chars().all(|c| c.is_ascii_hexdigit() || "-x".contains(c));
    let fields: Vec<&str> = rest.split(':').collect();
    server
        && match fields.as_slice() {
            [protocol, port, number] => short(protocol) && short(port) && lun(number),
            [protocol, port, interface, device, number] => {
                short(protocol) && short(port) && name(interface) && name(device) && lun(number)
            }
            _ => false,
        }
}
