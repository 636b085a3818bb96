//! Who starts and is not read: units that are the network by order or by name, scripts, cloud-init.

use super::*;

/// The files of a machine: the targets of a boot, and some more.
fn machine<'a>(files: &[(&'a str, &'a str)]) -> SampleRoot {
    SampleRoot::of(&[&BOOT[..], files].concat())
}

/// The places of what starts and is not read.
fn unread(files: &[(&str, &str)], manager: Manager) -> Vec<String> {
    let facts = read(&machine(files));
    let of = |problem: &&isctpl_checks::facts::Problem| problem.source == Source::Manager(manager);
    let places: Vec<String> = facts.problems.iter().filter(of).map(|problem| problem.place.clone()).collect();
    let starts = facts.managers.iter().any(|state| state.manager == manager && state.enabled);
    assert_eq!(starts, !places.is_empty(), "{:?}", facts.problems);
    places
}

const WANTED: &str = "/etc/systemd/system/multi-user.target.wants";

/// systemd.special(7): a service that manages the network is ordered before network.target.
#[test]
fn a_unit_before_the_network_counts_where_it_starts_and_does_something() {
    let unit = |lines: &str| format!("[Unit]\nBefore=network.target\n[Service]\nType=oneshot\n{lines}\n");
    let san = unit("ExecStart=/usr/local/sbin/san-up\nExecStop=/sbin/ip link set enp0s3 down");
    let place = "/etc/systemd/system/san.service";
    let link = format!("{WANTED}/san.service");
    let wanted = (link.as_str(), "-> ../san.service");
    assert_eq!(unread(&[(place, &san), wanted], Manager::Unread), [place]);
    assert!(unread(&[(place, &san)], Manager::Unread).is_empty(), "nothing starts it");
    let masked = [("/usr/lib/systemd/system/san.service", san.as_str()), (place, "-> /dev/null"), wanted];
    assert!(unread(&masked, Manager::Unread).is_empty(), "it is masked");
    let tuned = unit("ExecStart=/sbin/ethtool -K enp0s3 tso off");
    assert!(unread(&[(place, &tuned), wanted], Manager::Unread).is_empty(), "it gives and takes no address");
    let later = san.replace("Before=network.target", "After=network.target");
    assert!(unread(&[(place, &later), wanted], Manager::Unread).is_empty(), "it is not the network");
}

/// connman.service of connman 1.41 (Debian 12), and wpa_supplicant's, which only serves others.
#[test]
fn connman_is_not_read_and_what_serves_a_manager_is_none() {
    let before = "[Unit]\nBefore=network.target\n[Service]\nExecStart=/usr/sbin/x\n";
    let of = |name: &str| {
        let (place, link) = (format!("/usr/lib/systemd/system/{name}"), format!("{WANTED}/{name}"));
        unread(&[(&place, before), (&link, &format!("-> {place}"))], Manager::Unread)
    };
    assert_eq!(of("connman.service"), ["/usr/lib/systemd/system/connman.service"]);
    for name in ["wpa_supplicant.service", "systemd-networkd.service", "NetworkManager.service", "ufw.service"] {
        assert!(of(name).is_empty(), "{name}");
    }
}

/// SUSE's managers and many a unit of somebody's own are `network.service`, which is no sign of Red Hat's initscripts.
#[test]
fn network_service_is_red_hats_only_where_it_runs_their_script() {
    let own = "[Service]\nExecStart=/usr/local/sbin/net start\n";
    let wanted = format!("{WANTED}/network.service");
    let started = (wanted.as_str(), "-> /etc/systemd/system/network.service");
    let place = "/etc/systemd/system/network.service";
    assert_eq!(unread(&[(place, own), started], Manager::Unread), [place]);
    let aliased =
        [("/usr/lib/systemd/system/net.service", own), (place, "-> /usr/lib/systemd/system/net.service"), started];
    assert_eq!(unread(&aliased, Manager::Unread), ["/usr/lib/systemd/system/net.service"]);
    let red_hats = "[Unit]\nBefore=network.target\n[Service]\nExecStart=/etc/rc.d/init.d/network start\n";
    let files = [(place, red_hats), started];
    assert!(unread(&files, Manager::Unread).is_empty());
    let is_ifcfg = |state: &isctpl_checks::facts::ManagerState| state.manager == Manager::Ifcfg && state.enabled;
    assert!(read(&machine(&files)).managers.iter().any(is_ifcfg));
    assert!(!read(&machine(&aliased)).managers.iter().any(is_ifcfg));
}

/// systemd-sysv-generator orders what provides `$network` before network.target; System V init runs the links itself.
#[test]
fn scripts_that_provide_the_network() {
    let script = "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: san $network\n### END INIT INFO\n";
    let generator = ("/usr/lib/systemd/system-generators/systemd-sysv-generator", "program");
    let files = [("/usr/lib/systemd/systemd", "program"), generator, ("/etc/init.d/san", script)];
    assert!(unread(&files, Manager::Unread).is_empty(), "no run level starts it");
    let started = [&files[..], &[("/etc/rc3.d/S10san", "-> ../init.d/san")]].concat();
    assert_eq!(unread(&started, Manager::Unread), ["/etc/init.d/san"]);
    // SUSE 11's script has Red Hat's name, and other files.
    let suse = [("/etc/init.d/network", "#!/bin/bash\n"), ("/etc/rc3.d/S05network", "-> ../init.d/network")];
    assert_eq!(unread(&suse, Manager::Unread), ["/etc/init.d/network"]);
    let red_hat = [&suse[..], &[("/etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo\n")]].concat();
    assert!(unread(&red_hat, Manager::Unread).is_empty());
    let gentoo = [("/etc/runlevels/default/net.eth0", "-> /etc/init.d/net.eth0"), ("/etc/init.d/net.lo", "")];
    assert_eq!(unread(&gentoo, Manager::Unread), ["/etc/runlevels/default/net.eth0"]);
}

/// apply_network_config() and _find_networking_config() in cloudinit/stages.py (22.4.2).
#[test]
fn cloud_init_writes_the_network_of_an_instance_that_is_new_to_it() {
    const GENERATOR: &str = "/usr/lib/systemd/system-generators/cloud-init-generator";
    let local = "[Unit]\nBefore=network-pre.target\n[Service]\nExecStart=/usr/bin/cloud-init init --local\n";
    let new = [
        (GENERATOR, "program"),
        ("/usr/lib/systemd/system/cloud-init.target", "[Unit]\n"),
        ("/usr/lib/systemd/system/cloud-init-local.service", local),
        (
            "/etc/systemd/system/cloud-init.target.wants/cloud-init-local.service",
            "-> /usr/lib/systemd/system/cloud-init-local.service",
        ),
        ("/etc/cloud/cloud.cfg", "system_info:\n  network:\n    renderers: [eni]\n"),
    ];
    let with = |more: (&'static str, &'static str)| unread(&[&new[..], &[more]].concat(), Manager::CloudInit);
    assert_eq!(unread(&new, Manager::CloudInit).len(), 1);
    assert_eq!(
        with(("/etc/cloud/cloud.cfg.d/50-net.cfg", "network:\n  version: 1\n")),
        ["/etc/cloud/cloud.cfg.d/50-net.cfg:1"]
    );
    for off in [
        ("/etc/cloud/cloud-init.disabled", ""),
        ("/etc/cloud/cloud.cfg.d/99-off.cfg", "network: {config: disabled}\n"),
        ("/var/lib/cloud/data/instance-id", "i-1\n"),
        ("/etc/systemd/system/cloud-init-local.service", "-> /dev/null"),
    ] {
        assert!(with(off).is_empty(), "{off:?}");
    }
}

/// start-networking of ifupdown2 3.0.0: `stop` asks the setting, then the file, and else runs `ifdown -a`.
#[test]
fn ifupdown2_is_told_from_its_program_and_what_keeps_interfaces_up_from_its_settings() {
    let stays_up = |files: &[(&str, &str)]| {
        let program = ("/usr/share/ifupdown2/__main__.py", "program");
        let two = read(&machine(&[&[program], files].concat())).ifupdown2.unwrap();
        two.stays_up.map(|why| why.at.path)
    };
    const DEFAULTS: &str = "/etc/default/networking";
    assert_eq!(stays_up(&[(DEFAULTS, "# x\nSKIP_DOWN_AT_SYSRESET=\"yes\"\n")]).as_deref(), Some(DEFAULTS));
    assert_eq!(stays_up(&[(DEFAULTS, "SKIP_DOWN_AT_SYSRESET=yes\nSKIP_DOWN_AT_SYSRESET=no\n")]), None);
    assert_eq!(stays_up(&[(DEFAULTS, "#SKIP_DOWN_AT_SYSRESET=yes\n")]), None);
    const MARK: &str = "/etc/iscsi/iscsi.initramfs";
    assert_eq!(stays_up(&[(MARK, "ISCSI_AUTO=true\n")]).as_deref(), Some(MARK));
    assert_eq!(stays_up(&[]), None);
    assert!(read(&machine(&[])).ifupdown2.is_none());
}

/// wicked.service of wicked 0.6: `Before=network.target`, `Alias=network.service`.
#[test]
fn wicked_is_read_and_its_alias_is_no_sign_of_red_hats_initscripts() {
    const UNIT: &str = "/usr/lib/systemd/system/wicked.service";
    let unit = "[Unit]\nBefore=network.target\n[Service]\nExecStart=/usr/sbin/wicked --systemd ifup all\nExecStop=/usr/sbin/wicked --systemd ifdown all\n";
    let wanted = format!("{WANTED}/wicked.service");
    let files = [
        (UNIT, unit),
        ("/etc/systemd/system/network.service", "-> /usr/lib/systemd/system/wicked.service"),
        (wanted.as_str(), "-> /usr/lib/systemd/system/wicked.service"),
        ("/etc/sysconfig/network/ifcfg-eth0", "BOOTPROTO='dhcp'\nSTARTMODE='auto'\n"),
        ("/etc/sysconfig/network/ifcfg-eth0.rpmsave", "BOOTPROTO='static'\nSTARTMODE='auto'\n"),
        ("/etc/wicked/extensions/ibft", "#!/bin/bash\n"),
    ];
    let facts = read(&machine(&files));
    assert!(facts.problems.is_empty(), "{:?}", facts.problems);
    let started: Vec<Manager> = facts.managers.iter().filter(|it| it.enabled).map(|it| it.manager).collect();
    assert_eq!(started, [Manager::Wicked]);
    let [eth0] = facts.interfaces.as_slice() else { panic!("{:?}", facts.interfaces) };
    assert_eq!((eth0.manager, eth0.method, eth0.at.line), (Manager::Wicked, Method::Dhcp, 2));
    assert_eq!(facts.wicked_ibft.unwrap().path, "/etc/wicked/extensions/ibft");
    let own = [&files[..], &[("/etc/wicked/ifconfig/san.xml", "<interface/>")]].concat();
    assert_eq!(unread(&own, Manager::Wicked), ["/etc/wicked/ifconfig/san.xml"]);
}

/// What ifupdown itself gives up on, by the name of each interface.
fn given_up(files: &[(&str, &str)]) -> Vec<(String, bool)> {
    let facts = read(&machine(files));
    assert!(facts.problems.is_empty(), "{:?}", facts.problems);
    facts.interfaces.iter().map(|config| (config.matches.names.join(" "), config.given_up.is_some())).collect()
}

/// Run with ifquery of ifupdown 0.8.41: what its own file says is refused as a whole, of a file that is read in what
/// stands before the line stays. ifupdown2 and ifupdown-ng take such lines.
#[test]
fn a_file_that_ifupdown_refuses_configures_nothing() {
    let main = "/etc/network/interfaces";
    let part = "/etc/network/interfaces.d/wan";
    let wrong = "auto eth0\niface eth0 inet static\n  address 192.0.2.5/24\n  ...\nauto eth1\niface eth1 inet dhcp\n";
    let both = |one: bool, two: bool| vec![("eth0".to_owned(), one), ("eth1".to_owned(), two)];
    assert_eq!(given_up(&[(main, wrong)]), both(true, true));
    assert_eq!(given_up(&[(main, "source interfaces.d/*\n"), (part, wrong)]), both(false, false)[..1]);
    let after = format!("source interfaces.d/*\n{wrong}");
    let dhcp = "iface eth9 inet dhcp\n";
    assert!(given_up(&[(main, &after), (part, dhcp)]).iter().all(|(_, given_up)| *given_up));
    for other in ["/usr/share/ifupdown2/__main__.py", "/usr/libexec/ifupdown-ng/bond"] {
        assert_eq!(given_up(&[(main, wrong), (other, "")]), both(false, false), "{other}");
    }
    assert_eq!(given_up(&[(main, "iface eth0 inet dhcp inherits base\n")]), []);
    let parent = "iface base inet manual\niface eth0 inet dhcp inherits base\n";
    assert_eq!(given_up(&[(main, parent)]).len(), 2);
    let of_another_family = "iface base inet6 manual\niface eth0 inet dhcp inherits base\n";
    assert_eq!(given_up(&[(main, of_another_family)]), [("base".to_owned(), true)][..0]);
}

/// netplan 0.106 writes nothing where it refuses anything; what other versions do was not tried.
#[test]
fn netplan_refuses_all_of_its_files_or_is_in_doubt() {
    let files = [
        ("/usr/lib/systemd/system-generators/netplan", "program"),
        ("/usr/lib/systemd/system/systemd-networkd.service", "[Service]\n"),
        ("/etc/netplan/1.yaml", "network: {ethernets: {san: {dhcp4: true}}}\n"),
        ("/etc/netplan/2.yaml", "network: {ethernets: {lan: {dhcp4: }}}\n"),
    ];
    let of_files = |more: &[(&str, &str)]| {
        let facts = read(&machine(&[&files[..], more].concat()));
        let given_up = facts.interfaces.iter().filter(|config| config.given_up.is_some()).count();
        let starts = facts.managers.iter().any(|state| state.manager == Manager::Networkd && state.enabled);
        (given_up, facts.problems.len(), starts)
    };
    let status = |version: &str| {
        format!(
            "Package: lvm2\nVersion: 0.106-1\n\nPackage: netplan.io\nStatus: install ok installed\nVersion: {version}\n"
        )
    };
    let of = |version: &str| of_files(&[("/var/lib/dpkg/status", &status(version))]);
    assert_eq!(of("0.106-2+deb12u1"), (2, 0, false));
    for other in ["0.104-0ubuntu2", "0.106.1-7ubuntu0.22.04.2", "0.107.1-3", "1.1.2-7"] {
        assert_eq!(of(other), (0, 1, true), "{other}");
    }
    assert_eq!(of_files(&[]), (0, 1, true));
    // A file that was cut short may hold what the refusal says is missing.
    let many: String = (0..5000).map(|id| format!("    e{id}: {{}}\n")).collect();
    let many = format!("network:\n  ethernets:\n{many}  vlans:\n    v: {{id: 1, link: e4999}}\n");
    let facts = read(&machine(
        &[&files[..3], &[("/var/lib/dpkg/status", &status("0.106-2")), ("/etc/netplan/2.yaml", &many)]].concat(),
    ));
    assert!(facts.interfaces.iter().all(|config| config.given_up.is_none()));
    assert!(!facts.problems.is_empty());
}

/// `/etc/sysconfig/network` is a file of Red Hat's initscripts, and SUSE's directory of ifcfg files.
#[test]
fn red_hats_file_is_no_directory_of_wicked() {
    let facts = read(&machine(&[("/etc/sysconfig/network", "NETWORKING=yes\n")]));
    assert!(facts.problems.is_empty(), "{:?}", facts.problems);
}

/// initscripts 9.49.53 of CentOS 7 asks systemd, those of CentOS 6 look into `/etc/mtab`.
#[test]
fn initscripts_know_a_root_that_needs_the_network_by_what_their_script_asks() {
    use isctpl_checks::facts::LeavesUp;
    let asks_systemd =
        "#!/bin/bash\nif systemctl show --property=RequiredBy -- -.mount | grep -q 'remote-fs.target' ; then\n";
    let asks_mtab =
        "#!/bin/bash\nopts=$(awk '{ if ($2 == \"/\") print $4 }' /etc/mtab)\nif [[ $opts =~ _netdev ]] ; then\n";
    let of = |script: &str, more: &[(&str, &str)]| {
        let ifcfg = ("/etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\nNM_CONTROLLED=no\n");
        let files = [&[("/etc/rc.d/init.d/network", script), ifcfg], more].concat();
        let facts = read(&machine(&files));
        assert!(facts.interfaces[0].by_initscripts && facts.interfaces[0].matches.other.is_empty());
        facts.initscripts.map(|script| script.leaves_up)
    };
    assert_eq!(of(asks_systemd, &[]), Some(LeavesUp::RemoteRoot));
    assert_eq!(of(asks_mtab, &[("/etc/mtab", "")]), Some(LeavesUp::Mtab));
    assert_eq!(of(asks_mtab, &[("/etc/mtab", "-> ../proc/self/mounts")]), Some(LeavesUp::KernelMounts));
    assert_eq!(of("#!/bin/bash\n# asks remote-fs.target by systemctl\n", &[]), Some(LeavesUp::Unclear));
    assert_eq!(read(&machine(&[("/etc/rc.d/init.d/network", asks_systemd)])).initscripts, None, "no network-scripts");
}
