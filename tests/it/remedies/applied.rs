//! What a fix's commands are to fix is fixed by them, and nothing else is broken; typed again they change nothing.

use super::cases;
use super::jail::{Jail, contents};
use crate::support::{run::doctor, tree::Tree};
use isctpl_checks::{RunsIn, registry};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// A machine that has what a check finds, as changes to `fixtures/machines/initramfs-tools.tree`.
struct Broken {
    check: &'static str,
    tree: &'static str,
    options: &'static [&'static str],
}

const SAN_NIC: &[&str] = &["--san-nic", "enp0s4", "--sysfs", "tests/lab/sysfs/nics"];
const TEMPLATE: &[&str] = &["--only", "template"];

/// What every machine here has besides.
const SYSTEMD: &str = "l /lib64 usr/lib64\ne 0755 /usr/lib/systemd/systemd\n\
                       f 0644 /usr/lib/systemd/system/multi-user.target\n| [Unit]\n| Requires=basic.target\n\
                       f 0644 /usr/lib/systemd/system/basic.target\n| [Unit]\n";

/// The line of the loader's entry, and what it is made from.
macro_rules! command_line {
    ($defaults:literal, $words:literal) => {
        concat!(
            "f 0600 /boot/grub/grub.cfg\n| set default=\"0\"\n| menuentry 'Fixture Linux' {\n| \tlinux ",
            "/vmlinuz-6.1.0-50-amd64 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro ",
            $words,
            "\n| \tinitrd /initrd.img-6.1.0-50-amd64\n| }\nf 0644 /etc/default/grub\n",
            $defaults
        )
    };
}

const BROKEN: &[Broken] = &[
    Broken {
        check: "login-interface-named-ibft",
        tree: command_line!("| GRUB_CMDLINE_LINUX=\"iscsi_auto ip=ibft edd=off\"\n", "iscsi_auto ip=ibft edd=off"),
        options: &[],
    },
    Broken {
        check: "login-interface-named-ibft",
        tree: command_line!(
            "| GRUB_CMDLINE_LINUX='iscsi_auto edd=off'\n| GRUB_CMDLINE_LINUX_DEFAULT='ip=ibft'\n",
            "iscsi_auto edd=off ip=ibft"
        ),
        options: &[],
    },
    Broken {
        check: "login-not-requested",
        tree: concat!(
            "i 0644 /boot/initrd.img-6.1.0-50-amd64 zstd images/asks-for-nothing.tree\n",
            command_line!("| GRUB_CMDLINE_LINUX=edd=off\n", "edd=off")
        ),
        options: &[],
    },
    Broken {
        check: "login-interface-absent",
        tree: command_line!(
            "| GRUB_CMDLINE_LINUX=\"iscsi_auto edd=off ip=:::::eth7:dhcp\"\n",
            "iscsi_auto edd=off ip=:::::eth7:dhcp"
        ),
        options: SAN_NIC,
    },
    Broken {
        check: "loader-edd-probe",
        tree: concat!("- /boot/efi\n", command_line!("| GRUB_CMDLINE_LINUX=\"iscsi_auto\"\n", "iscsi_auto")),
        options: &[],
    },
    Broken {
        check: "handover-dhcp-timeout-long",
        tree: "e 0755 /usr/sbin/dhclient needed=libc.so.6\nf 0644 /etc/dhcp/dhclient.conf\n| #timeout 60;\n\
               f 0644 /etc/network/interfaces\n| auto enp0s3\n| iface enp0s3 inet dhcp\n",
        options: SAN_NIC,
    },
    Broken {
        check: "handover-dhcp-timeout-long",
        tree: "e 0755 /usr/sbin/dhclient needed=libc.so.6\nf 0644 /etc/dhcp/dhclient.conf\n| timeout 300;\n\
               f 0644 /etc/network/interfaces\n| auto enp0s3\n| iface enp0s3 inet dhcp\n",
        options: SAN_NIC,
    },
    Broken {
        check: "handover-san-nic-reconfigured",
        tree: "f 0644 /etc/network/interfaces\n| auto enp0s4\n| iface enp0s4 inet dhcp\n",
        options: SAN_NIC,
    },
    Broken {
        check: "handover-san-nic-reconfigured",
        tree: "f 0644 /usr/lib/systemd/system/systemd-networkd.service\n| [Service]\n| \
               ExecStart=/usr/lib/systemd/systemd-networkd\n| [Install]\n| WantedBy=multi-user.target\n\
               l /etc/systemd/system/multi-user.target.wants/systemd-networkd.service \
               /usr/lib/systemd/system/systemd-networkd.service\n\
               f 0644 /etc/systemd/network/10-san.network\n| [Match]\n| Name=enp0s4\n| [Network]\n| DHCP=ipv4\n",
        options: SAN_NIC,
    },
    Broken {
        check: "service-takes-san-nic-down",
        tree: "f 0644 /etc/network/interfaces\n| auto enp0s4\n| iface enp0s4 inet manual\n\
               f 0644 /usr/lib/systemd/system/networking.service\n| [Service]\n| Type=oneshot\n| \
               RemainAfterExit=yes\n| ExecStart=/sbin/ifup -a\n| ExecStop=/sbin/ifdown -a --read-environment\n| \
               [Install]\n| WantedBy=multi-user.target\n",
        options: SAN_NIC,
    },
    Broken {
        check: "service-logs-out-root",
        tree: "f 0644 /etc/systemd/system/logout.service\n| [Service]\n| Type=oneshot\n| RemainAfterExit=yes\n| \
               ExecStart=/bin/true\n| ExecStop=/sbin/iscsiadm -m session -u\n| [Install]\n| \
               WantedBy=multi-user.target\n\
               l /etc/systemd/system/multi-user.target.wants/logout.service /etc/systemd/system/logout.service\n",
        options: &[],
    },
    Broken {
        check: "session-timeouts-short",
        tree: "f 0600 /etc/iscsi/iscsid.conf\n| node.startup = manual\n| node.session.timeo.replacement_timeout = 20\n",
        options: &[],
    },
    Broken {
        check: "ibft-initiator-mismatch",
        tree: "f 0600 /etc/iscsi/initiatorname.iscsi\n| InitiatorName=iqn.1993-08.org.debian:01:cloned\n",
        options: &["--sysfs", "tests/lab/sysfs/booted"],
    },
    Broken {
        check: "firewall-blocks-san",
        tree: "f 0640 /etc/iptables/rules.v4\n| *filter\n| :INPUT ACCEPT [0:0]\n| :FORWARD ACCEPT [0:0]\n| \
               :OUTPUT DROP [0:0]\n| COMMIT\n\
               f 0644 /usr/lib/systemd/system/netfilter-persistent.service\n| [Service]\n| Type=oneshot\n| \
               ExecStart=/usr/sbin/netfilter-persistent start\n| [Install]\n| WantedBy=multi-user.target\n\
               l /etc/systemd/system/multi-user.target.wants/netfilter-persistent.service \
               /usr/lib/systemd/system/netfilter-persistent.service\n",
        options: &[],
    },
    Broken {
        check: "initramfs-secret-inside",
        tree: "i 0644 /boot/initrd.img-6.1.0-50-amd64 zstd images/with-password.tree\n\
               d 0755 /etc/initramfs-tools/conf.d\n",
        options: &[],
    },
    Broken { check: "template-history-left", tree: "f 0600 /root/.bash_history\n| ls\n", options: TEMPLATE },
    Broken {
        check: "template-logs-left",
        tree: "f 0644 /var/log/syslog\n| line\nf 0644 /var/log/syslog.1\n| line\n\
               f 0640 /var/log/journal/0123456789abcdef0123456789abcdef/system.journal\n| LPKSHHRH\n",
        options: TEMPLATE,
    },
    Broken {
        check: "template-net-rules-left",
        tree: "f 0644 /etc/udev/rules.d/70-persistent-net.rules\n| SUBSYSTEM==\"net\", \
               ATTR{address}==\"52:54:00:00:00:01\", NAME=\"eth0\"\n",
        options: TEMPLATE,
    },
    Broken {
        check: "template-host-keys-left",
        tree: "f 0600 /etc/ssh/ssh_host_rsa_key\n| key\nf 0600 /etc/ssh/ssh_host_ed25519_key\n| key\n",
        options: TEMPLATE,
    },
    Broken {
        check: "template-machine-id-left",
        tree: "f 0444 /etc/machine-id\n| 0123456789abcdef0123456789abcdef\n",
        options: TEMPLATE,
    },
    Broken {
        check: "template-tmp-left",
        tree: "f 0600 /tmp/build/left\n| x\nd 1777 /var/tmp\nf 0600 /var/tmp/y\n| y\n",
        options: TEMPLATE,
    },
    Broken {
        check: "template-credentials-left",
        tree: "f 0600 /etc/iscsi/iscsid.conf\n| node.session.auth.username = somebody\n| \
               node.session.auth.password = not-a-real-one\n\
               f 0600 /etc/iscsi/iscsi.initramfs\n| ISCSI_USERNAME=somebody\n| ISCSI_PASSWORD=not-a-real-one\n",
        options: TEMPLATE,
    },
];

/// Why the fix of a check is not tried here.
#[derive(Clone, Copy, PartialEq)]
enum Untried {
    /// It is said in words alone.
    InWords,
    /// Its commands act on the running machine: its network, its kernel, its services.
    OnTheMachine,
    /// Its commands only show what there is, or write anew what a person has edited by what its text says.
    ByThePerson,
    /// It changes the command line by the commands that login-interface-absent is tried with; its evidence is in disks
    /// or in an image of dracut, which a tree of files does not show.
    AsAnother,
    /// Packages are installed, or an image or a loader is built, by programs that a tree of files does not have.
    ByItsPrograms,
}

use Untried::{AsAnother, ByItsPrograms, ByThePerson, InWords, OnTheMachine};

const UNTRIED: &[(Untried, &[&str])] = &[
    (
        InWords,
        &[
            "ibft-target-incomplete",
            "ibft-missing",
            "ibft-unreadable",
            "ibft-gateway-missing",
            "ibft-vlan-unsupported",
            "loader-secret-on-cmdline",
            "loader-unified-image-too-large",
            "handover-relogin-reads-root",
            "login-account-missing",
            "template-target-left",
            "kernel-iscsi-unsupported",
            "initramfs-layer-unknown",
            "root-mount-not-netdev",
            "handover-san-route-not-kept",
            "handover-classless-routes-ignored",
            "handover-wan-before-san",
            "handover-interface-renamed",
            "handover-mount-device-missing",
            "handover-start-delayed",
        ],
    ),
    (
        OnTheMachine,
        &[
            "san-route-lost-since-boot",
            "ibft-table-invalid",
            "ibft-nic-absent",
            "san-route-missing",
            "san-nic-down",
            "san-route-wrong-nic",
            "session-not-logged-in",
            "san-address-expires",
            "san-disk-silent",
            "default-route-via-san",
            "san-route-host-override",
            "san-route-unlike-lease",
            "san-mtu-mismatch",
            "san-rp-filter-strict",
            "iscsid-not-running",
        ],
    ),
    (
        ByThePerson,
        &[
            "loader-cmdline-drift",
            "login-arguments-conflict",
            "login-word-refused",
            "login-address-missing",
            "login-route-missing",
            "login-option-121-dropped",
            "login-target-mismatch",
            "login-dhcp-on-every-nic",
            "root-volume-missing",
            "loader-kernel-missing",
            "loader-root-unresolved",
            "root-subvolume-other",
        ],
    ),
    (AsAnother, &["login-route-interface-unknown", "root-resume-device-missing", "handover-default-route-beaten"]),
    (
        ByItsPrograms,
        &[
            "loader-initrd-missing",
            "loader-efi-fallback-missing",
            "kernel-modules-missing",
            "initramfs-module-missing",
            "initramfs-requested-module-missing",
            "initramfs-unreadable",
            "initramfs-compression-unsupported",
            "initramfs-init-refused",
            "initramfs-hooks-not-run",
            "initramfs-kernel-mismatch",
            "initramfs-nic-driver-missing",
            "initramfs-login-tool-missing",
            "initramfs-library-missing",
            "initramfs-unit-program-missing",
            "initramfs-crypt-missing",
            "initramfs-raid-missing",
            "initramfs-multipath-missing",
            "initramfs-database-place-missing",
            "initramfs-lvm-missing",
            "initramfs-filesystem-missing",
            "initramfs-stale",
            "initramfs-initiator-mismatch",
            "login-awk-without-and",
            "root-lvm-filtered",
            "node-record-logs-out-root",
            "template-snmpd-missing",
            "template-package-cache-left",
            "template-helper-missing",
            "template-python-missing",
        ],
    ),
];

/// What the commands run, done as far as a tree of files shows it.
const PROGRAMS: [(&str, &str); 2] = [
    (
        "update-grub",
        "#!/bin/sh\nGRUB_CMDLINE_LINUX= GRUB_CMDLINE_LINUX_DEFAULT=\n. /etc/default/grub\n\
         sed -i \"s|^\\(\tlinux.* ro\\).*|\\1 $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT|\" /boot/grub/grub.cfg\n",
    ),
    (
        "systemctl",
        "#!/bin/sh\ncase $1 in\ndisable) rm -f /etc/systemd/system/*.wants/$2 ;;\n\
         mask) ln -sf /dev/null /etc/systemd/system/$2 ;;\n*) exit 1 ;;\nesac\n",
    ),
];

/// Checks that fail, with the commands of their fixes.
fn failing(jail: &Jail, options: &[&str]) -> BTreeMap<String, Vec<String>> {
    let mut all = vec!["--format", "json"];
    all.extend(options);
    let report = doctor(&jail.root(), &all).json();
    let mut failing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap().iter().filter(|finding| finding["status"] == "fail") {
        let commands = finding["remedy"]["commands"].as_array().unwrap().iter().map(Value::as_str).map(Option::unwrap);
        let known = failing.entry(finding["check"].as_str().unwrap().to_owned()).or_default();
        known.extend(commands.map(|command| command.replace(jail.root().to_str().unwrap(), "/target")));
    }
    failing
}

/// What each check says.
fn explained(jail: &Jail, broken: &Broken) -> String {
    let options: Vec<&str> = broken.options.iter().copied().chain(["-v"]).collect();
    doctor(&jail.root(), &options).out
}

fn type_all(jail: &Jail, commands: &[String], name: &str) {
    for command in commands {
        let output = jail.run(command);
        assert!(output.status.success(), "{name}: {command}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn what_a_fix_is_for_is_fixed() {
    for broken in BROKEN {
        let Some(jail) = Jail::new("what_a_fix_is_for_is_fixed") else { return };
        PROGRAMS.iter().for_each(|(name, text)| jail.stub(name, text));
        for link in ["bin", "sbin", "lib", "lib64"] {
            fs::remove_file(jail.root().join(link)).unwrap();
        }
        fs::remove_dir_all(jail.root().join("tmp")).unwrap();
        let mut tree = Tree::load("machines/initramfs-tools.tree");
        tree.add(SYSTEMD, "systemd").add(broken.tree, broken.check).write(&jail.root());
        let before = failing(&jail, broken.options);
        let name = format!("{} by {:?}", broken.check, before.get(broken.check));
        let commands =
            before.get(broken.check).unwrap_or_else(|| panic!("{name}: not found:\n{}", explained(&jail, broken)));
        assert!(!commands.is_empty(), "{name}");
        type_all(&jail, commands, &name);
        let after = failing(&jail, broken.options);
        assert!(!after.contains_key(broken.check), "{name}: is still found");
        let new: Vec<_> = after.keys().filter(|check| !before.contains_key(*check)).collect();
        assert!(new.is_empty(), "{name}: brings {new:?}");
        let state = || {
            let mut state = contents(&jail.root());
            // The stubs' own notes.
            state.remove(std::path::Path::new("var/log/stubs"));
            state
        };
        let fixed = state();
        type_all(&jail, commands, &name);
        assert!(state() == fixed, "{name}: changes more when it is typed again");
    }
}

#[test]
fn every_fix_is_tried_or_has_a_reason_not_to_be() {
    let tried: BTreeSet<&str> = BROKEN.iter().map(|broken| broken.check).collect();
    let untried: BTreeMap<&str, Untried> =
        UNTRIED.iter().flat_map(|(why, checks)| checks.iter().map(|check| (*check, *why))).collect();
    for check in tried.iter().chain(untried.keys()) {
        assert!(registry::find(check).is_some(), "{check} is no check");
    }
    for (check, findings) in cases::all() {
        let commands = || findings.iter().flat_map(|finding| finding.remedy.plain_commands());
        let on_machine = findings.iter().all(|finding| finding.remedy.runs_in() == RunsIn::Machine);
        match (tried.contains(check.id), untried.get(check.id)) {
            (true, None) => {}
            (false, Some(InWords)) => assert_eq!(commands().count(), 0, "{} has commands to be tried", check.id),
            (false, Some(OnTheMachine)) => assert!(on_machine, "{} has commands for the root", check.id),
            (false, Some(ByThePerson | AsAnother | ByItsPrograms)) => assert_ne!(commands().count(), 0, "{}", check.id),
            (true, Some(_)) => panic!("{} is tried and has a reason not to be", check.id),
            (false, None) => panic!("{} is not tried: {:?}", check.id, commands().collect::<Vec<_>>()),
        }
    }
}
