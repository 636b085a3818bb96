//! What a reader allocates grows no faster than its input: for each one, inputs of n and of 2n parts.

#![allow(clippy::unwrap_used)]

use super::firewall::{iptables::Table, nftables::RuleSet};
use super::image::allowance::Allowance;
use super::image::cpio::{Before, Input, Reader, sample::Archive};
use super::image::elf;
use super::iscsi::open_iscsi;
use super::kernel::module_index;
use super::loader::{bls, grub_cfg, grub_defaults, grubenv};
use super::network::keyfile::{self, ifcfg, nm_conf::NmConf, profile};
use super::network::{classless_routes, dhclient_conf, dhcpcd_conf, ifupdown, leases, link, netplan, networkd};
use super::shell::{self, Shell, dhcp_hook, initramfs_script, iscsi_logout, option_121};
use super::storage::{fstab, lvm, vpd};
use super::systemd::{self, sysctl, udev_rules};
use super::{cmdline, isctpl_toml, text};
use crate::system::allocations;
use isctpl_checks::facts::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

/// Parts of the smaller input: many enough to show how it grows. Fewer where twice as many go over a limit.
const PARTS: usize = 400;

/// A reader by name, the parts of the smaller input, what it reads of so many parts, and how it does.
type Case = (&'static str, usize, fn(usize) -> String, fn(&str));

/// Parts, numbered.
fn many(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

/// A case whose input is a beginning, a part for each number in place of `#`, and an end.
macro_rules! case {
    ($name:literal, $before:literal, $part:literal, $after:literal, $read:expr) => {
        case!(PARTS, $name, $before, $part, $after, $read)
    };
    ($parts:expr, $name:literal, $before:literal, $part:literal, $after:literal, $read:expr) => {
        (
            $name,
            $parts,
            |count| $before.to_owned() + &many(count, |number| $part.replace('#', &number.to_string())) + $after,
            |text| {
                black_box($read(text));
            },
        )
    };
}

struct NoDisk;

impl grub_cfg::World for NoDisk {
    fn presence(&self, _: &str) -> Option<grub_cfg::Presence> {
        None
    }

    fn names(&self, _: &str) -> Option<Vec<String>> {
        None
    }

    fn environment(&self, _: &str) -> Result<Option<BTreeMap<String, String>>, Problem> {
        Ok(None)
    }

    fn source(&self, _: &str) -> Result<Option<(String, String)>, Problem> {
        Ok(None)
    }

    fn bls(&self, _: Option<&str>) -> Result<Vec<(String, bls::Entry)>, Problem> {
        Ok(Vec::new())
    }
}

fn grub(text: &str) -> grub_cfg::Choice {
    grub_cfg::choose(&grub_cfg::evaluate(text, "/g", &NoDisk))
}

fn interfaces(text: &str) -> usize {
    let stanzas: Vec<_> = ifupdown::parse(text, "/i")
        .items
        .into_iter()
        .filter_map(|item| match item {
            ifupdown::Item::Stanza(stanza) => Some(stanza),
            ifupdown::Item::Include(_) => None,
        })
        .collect();
    ifupdown::interfaces(&stanzas, true, &mut Vec::new()).0.len()
}

fn netplan(text: &str) -> usize {
    let mut all = netplan::Netplan::default();
    all.add(text, "/n", None);
    all.finish(false).0.len()
}

fn nm_conf(text: &str) -> usize {
    let mut conf = NmConf::default();
    conf.add(&keyfile::parse(text, "/n"));
    let (configs, problems) = conf.unmanaged();
    assert_eq!(problems, []);
    configs.len()
}

fn nftables(text: &str) -> usize {
    let mut set = RuleSet::default();
    set.add(text, "/f");
    set.chains.len()
}

fn iptables(text: &str) -> usize {
    let mut table = Table::default();
    table.add(text, "/f");
    table.chains.len()
}

fn unit(text: &str) -> systemd::UnitFile {
    systemd::parse(text, "/u")
}

fn readers() -> Vec<Case> {
    vec![
        case!("grub.cfg: settings", "", "set v#=a$v#\n", "", grub),
        case!("grub.cfg: conditions", "", "if [ -s $x ]; then set a=#; fi\n", "", grub),
        case!("grub.cfg: entries", "", "menuentry x# { linux /v a=#\ninitrd /i }\n", "", grub),
        case!("grub.cfg: submenus", "", "submenu x# { menuentry y { linux /v } }\n", "", grub),
        case!("grub.cfg: words", "menuentry x {\nlinux /v", " a=#", "\n}\n", grub),
        case!(49, "BLS: lines", "", "options a=#\n", "", |text| bls::parse(text, "e.conf", "/e")),
        case!("BLS: words", "linux /v\ninitrd", " /i#", "\n", |text| bls::parse(text, "e.conf", "/e")),
        case!("BLS: variables", "", "$a# ", "", |text| bls::expand(text, |_| None, &mut BTreeSet::new())),
        case!("grubenv", "# GRUB Environment Block\n", "a#=b\n", "", |text: &str| grubenv::parse(
            text.as_bytes(),
            "/g"
        )),
        case!("/etc/default/grub", "", "GRUB_#=\"a $GRUB_# b\"\n", "", |text: &str| grub_defaults::evaluate([(
            "/g".to_owned(),
            text.to_owned()
        )])),
        case!("/etc/default/grub: words", "GRUB_CMDLINE_LINUX=\"", "a=# ", "\"\n", |text: &str| {
            grub_defaults::evaluate([("/g".to_owned(), text.to_owned())])
        }),
        case!(100, "kernel command line", "", "rd.route=10.0.#.0/24:1.1.1.1 ", "", |text| cmdline::parse(text, None)),
        case!("fstab: lines", "", "/dev/a# /m# ext4 defaults 0 0\n", "", |text| fstab::parse(text, "/f")),
        case!("fstab: options", "/dev/a /m ext4 ", "o#,", "x 0 0\n", |text| fstab::parse(text, "/f")),
        case!("lvm.conf: settings", "devices {\n", "a# = [ \"b\", 1 ]\n", "}\n", |text| lvm::settings(text, "/l")),
        case!("lvm.conf: patterns", "devices { filter = [", "\"a|x#|\", ", "\"r|.*|\" ] }\n", |text| lvm::settings(
            text, "/l"
        )),
        case!("lvm.conf: sections", "", "a#/b { c = 1 }\n", "", |text| lvm::settings(text, "/l")),
        case!(
            "LVM metadata",
            "vg { physical_volumes {\n",
            "pv# { id = \"x\" device = \"/dev/x\" }\n",
            "} }\n",
            |text| { lvm::volume_group(text) }
        ),
        case!("LVM devices file", "", "IDTYPE=sys_wwid IDNAME=naa.# DEVNAME=/dev/x\n", "", |text| lvm::devices_file(
            text, "/l"
        )),
        case!("iscsid.conf", "", "node.session.timeo.x# = 5\n", "", |text| open_iscsi::iscsid_conf(text, "/i")),
        case!("node record", "", "iface.x# = 5\n", "", |text| open_iscsi::node_record(text, "/i")),
        case!("iscsi.initramfs", "", "ISCSI_TARGET_IP=\"10.0.0.#\"\n", "", |text| open_iscsi::initramfs_conf(
            text, "/i"
        )),
        case!("initiatorname.iscsi", "InitiatorName=iqn.", "a#", "\n", |text| open_iscsi::initiator_name(text, "/i")),
        case!(
            "dhclient.conf: blocks",
            "request routers, host-name;\n",
            "interface \"e#\" { also request ntp-servers; timeout 5; }\n",
            "",
            |text| { dhclient_conf::parse(text, "/d", true) }
        ),
        case!("dhclient.conf: statements", "", "option o# code # = text; also request o#;\n", "", |text| {
            dhclient_conf::parse(text, "/d", true)
        }),
        case!("dhcpcd.conf", "", "interface e#\noption 121\n", "", |text| dhcpcd_conf::parse(
            text,
            "/d",
            &mut Vec::new()
        )),
        case!("dhcpcd.conf: lists", "allowinterfaces", " e#", "\n", |text| dhcpcd_conf::parse(
            text,
            "/d",
            &mut Vec::new()
        )),
        case!(
            "dhclient.leases",
            "",
            "lease {\n interface \"e#\";\n fixed-address 10.0.0.1;\n option routers 10.0.0.1;\n}\n",
            "",
            |text| { leases::dhclient::parse(text, "/l") }
        ),
        case!("lease of networkd", "", "ROUTES=10.0.0.0/8,10.0.0.#\n", "", |text| leases::networkd::parse(
            text, "/l", None
        )),
        case!("lease of NetworkManager", "[dhcp4]\n", "a#=b\n", "", |text| leases::networkmanager::parse_device(
            text, "/l", None
        )),
        case!("internal lease of NetworkManager", "ADDRESS=10.0.0.1\nROUTES=", "10.0.0.0/8,10.0.0.1 ", "\n", |text| {
            leases::networkmanager::parse_internal(text, "/l")
        }),
        case!("lease of klibc", "", "IPV4ROUTE#SUBNET='10.0.0.0'\n", "", |text| leases::klibc::parse(text, "/l")),
        case!("option 121", "", "24 10 0 1 10 0 0 1 ", "", classless_routes::parse),
        case!(
            "interfaces: stanzas",
            "",
            "auto e#\niface e# inet dhcp\n mtu 9000\n up ip route add 10.0.0.#/32 via 10.0.0.1\n",
            "",
            interfaces
        ),
        case!("interfaces: inherited", "iface p inet manual\n up true\n", "iface e# inherits p\n", "", interfaces),
        case!("interfaces: mappings", "iface x inet dhcp\n", "mapping e#*\n script x\n map a x\n", "", interfaces),
        case!("interfaces: names", "auto", " e#", "\niface e1 inet dhcp\n", interfaces),
        case!("netplan: definitions", "network:\n  ethernets:\n", "    e#: {dhcp4: true, mtu: 9000}\n", "", netplan),
        case!("netplan: lists", "network: {ethernets: {e: {addresses: [", "'fd00::#/64',", "]}}}\n", netplan),
        case!("netplan: anchors", "a: &a [x]\nb: [", "*a,", "]\n", netplan),
        case!("NetworkManager: profile", "[connection]\nid=a\n[ipv4]\n", "route#=10.0.0.0/8,10.0.0.1\n", "", |text| {
            profile::read(&keyfile::parse(text, "/n"), "/n", &mut Vec::new())
        }),
        case!(
            200,
            "NetworkManager.conf",
            "[keyfile]\nunmanaged-devices=",
            "interface-name:e#;",
            "\nunmanaged-devices-=x;\n",
            nm_conf
        ),
        case!("ifcfg", "", "IPADDR#=10.0.0.1\nPREFIX#=24\n", "", |text| ifcfg::read(text, "/i", "x", &mut Vec::new())),
        case!("route-", "", "ADDRESS#=10.0.0.1\n10.0.0.#/32 via 10.0.0.1\n", "", |text| ifcfg::routes(
            text,
            "/i",
            &mut Vec::new()
        )),
        case!(
            ".network",
            "[Match]\nName=e\n",
            "[Route]\nGateway=10.0.0.1\n[Network]\nVLAN=v#\nAddress=10.0.0.1/24\n",
            "",
            |text| {
                let file = unit(text);
                (networkd::uppers(&file).len(), networkd::read(&file, "/u", &mut Vec::new()))
            }
        ),
        case!(".network: names", "[Match]\nName=", "e# ", "\n", |text| networkd::read(
            &unit(text),
            "/u",
            &mut Vec::new()
        )),
        case!(".netdev", "[NetDev]\nName=v\nKind=vlan\n", "[VLAN]\nId=#\n", "", |text| networkd::netdev(&unit(text))),
        case!(
            200,
            "NetworkManager.conf: exceptions",
            "[device-x]\nmanaged=0\nmatch-device=f;",
            "except:e#;",
            "\n",
            nm_conf
        ),
        case!(
            200,
            "NetworkManager.conf: devices with an exception",
            "[device-x]\nmanaged=0\nmatch-device=except:f;",
            "e#;",
            "\n",
            nm_conf
        ),
        case!(200, "NetworkManager.conf: groups", "", "[device#]\nmanaged=0\nmatch-device=e#\n", "", nm_conf),
        case!(".link", "[Match]\nMACAddress=", "52:54:00:00:00:01 ", "\n[Link]\nName=x\n", |text| link::read(
            &unit(text),
            "/u"
        )),
        case!("unit", "[Service]\n", "ExecStart=/bin/x # \"a b\"\n", "", |text| {
            unit(text)
                .entries("Service", "ExecStart")
                .iter()
                .map(|entry| systemd::exec::commands(&entry.value).len())
                .sum::<usize>()
        }),
        case!("unit: merged", "", "[Unit]\nAfter=a#\n", "", |text| {
            let mut file = unit(text);
            file.merge(unit(text));
            file
        }),
        case!("udev rules", "", "ACTION==\"add\", ATTR{address}==\"#\", NAME=\"e#\"\n", "", |text| {
            let mut names = udev_rules::Names::default();
            names.read(text, "/r", &mut |_| ());
            names.finish()
        }),
        case!("udev rules: jumps", "", "KERNEL==\"a#\", GOTO=\"l#\"\n", "LABEL=\"l1\"\nNAME=\"a\"\n", |text| {
            let mut names = udev_rules::Names::default();
            names.read(text, "/r", &mut |_| ());
            names.finish()
        }),
        case!("udev rules: one", "", "ENV{A#}==\"x\", ", "NAME=\"a\"\n", |text| udev_rules::parse(text, "/r")),
        case!("sysctl.d", "", "net.ipv4.conf.e#.rp_filter = 1\n", "", |text| {
            sysctl::parse(text, "/s").filter_map(|setting| sysctl::rp_filter(&setting)).collect::<Vec<_>>()
        }),
        case!(
            "nftables: rules",
            "table inet f {\nchain output {\ntype filter hook output priority 0;\n",
            "ip daddr 10.0.0.# tcp dport 3260 drop\n",
            "}\n}\n",
            nftables
        ),
        case!("nftables: chains", "table inet f {\n", "chain c# { jump c1; }\n", "}\n", nftables),
        case!("nftables: sets", "table inet f { chain c { tcp dport {", "#, ", "3260 } drop\n} }\n", nftables),
        case!(
            "iptables",
            "*filter\n:OUTPUT ACCEPT [0:0]\n",
            "-A OUTPUT -d 10.0.0.# -p tcp --dport 3260 -j c#\n",
            "COMMIT\n",
            iptables
        ),
        case!("modules.dep", "", "a#.ko: a1.ko b.ko\n", "", |text| module_index::dependencies(
            text,
            &["a1".to_owned()].into()
        )),
        case!("modules.alias", "", "alias pci:v* m#\n", "", |text| module_index::aliases(text, &["pci:v1".to_owned()])),
        case!("modules.builtin", "", "kernel/a#.ko\n", "", module_index::builtin),
        case!("config of a kernel", "CONFIG_A1=", "#", "\n", |text| module_index::config(text, &["CONFIG_A1"])),
        case!("isctpl.toml", "", "[[ignore]]\ncheck = \"a\"\nreason = \"#\"\nuntil = 2027-06-30\n", "", |text| {
            isctpl_toml::parse(text, |_| true).unwrap()
        }),
        case!("YAML", "", "a#: {b: [c, d]}\n", "", |text| text::yaml::Document::read(text).unwrap()),
        case!("shell: assignments", "", "a#=\"b $a# c\"\n", "", |text| {
            shell::Variables::default().read(text, "/s", Shell::Any)
        }),
        case!("shell: commands", "", "if a \"$#\"; then b | c; fi\n", "", shell::commands),
        case!("shell: initramfs", "", "f#() { getarg a#=; }\nf# && iscsistart -b\n", "", initramfs_script::scan),
        case!("shell: logout", "", "iscsiadm -m node -T t# -u\n", "", iscsi_logout::scan),
        case!("shell: hook", "", "ip route add $new_classless_static_routes\n", "", dhcp_hook::scan),
        case!(
            "shell: option 121",
            "f() {\n",
            "f#() {\nf \"$new_classless_static_routes\"\n",
            "",
            option_121::option_121
        ),
    ]
}

/// Twice the input takes twice the work, or three times where a table grows by steps, and more than once the input,
/// or a limit has cut it; what is wrong otherwise.
fn wrong(name: &str, parts: usize, work: impl Fn(usize) -> usize) -> Option<String> {
    let (once, twice) = (work(parts), work(2 * parts));
    let told = || format!("{name}: {once} bytes are allocated for {parts} parts, {twice} for twice as many\n");
    (twice <= once || twice > 3 * once).then(told)
}

#[test]
fn what_a_reader_allocates_grows_with_its_input() {
    let wrong: String = readers()
        .into_iter()
        .filter_map(|(name, parts, input, read)| {
            wrong(name, parts, |count| {
                let text = input(count);
                allocations::during(|| read(&text))
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_a_reader_of_bytes_allocates_grows_with_its_input() {
    let grows = |name: &str, parts: usize, work: &dyn Fn(usize) -> usize| assert_eq!(wrong(name, parts, work), None);
    grows("cpio", PARTS, &|count| {
        let archive = (0..count).fold(Archive::new(), |all, number| all.file(&format!("a/{number}"), "data")).finish();
        let allowance = Allowance::unlimited();
        let mut input = Input::new(std::io::Cursor::new(&archive), archive.len() as u64, &allowance);
        allocations::during(|| {
            let mut reader = Reader::new(&mut input, 0, Before::default());
            // The directory of the files is one more.
            assert_eq!(std::iter::from_fn(|| reader.next_entry().unwrap()).count(), count + 1);
        })
    });
    grows("ELF", PARTS, &|count| {
        let names: Vec<String> = (0..count).map(|number| format!("lib{number}.so")).collect();
        let program = elf::sample::program(None, &names.iter().map(String::as_str).collect::<Vec<_>>(), None);
        allocations::during(|| elf::linkage(&program).unwrap())
    });
    grows("module", PARTS, &|count| {
        let fields: Vec<String> = (0..count).map(|number| format!("alias=a{number}")).collect();
        let module = elf::sample::module(&fields.iter().map(String::as_str).collect::<Vec<_>>());
        allocations::during(|| elf::modinfo(&module).unwrap())
    });
    grows("lease of dhcpcd", PARTS, &|count| {
        let bytes: Vec<u8> = std::iter::repeat_n([121, 8, 24, 10, 0, 1, 10, 0, 0, 1], count).flatten().collect();
        let lease = [&[0; 236], &[99, 130, 83, 99][..], &bytes].concat();
        allocations::during(|| leases::dhcpcd::parse(&lease, "/l", None))
    });
    // At most 64 identifiers of a page are kept.
    grows("VPD page", 30, &|count| {
        let identifiers = many(count, |number| format!("\u{2}\u{8}\u{0}\u{4}{number:04}"));
        let length = u16::try_from(identifiers.len()).unwrap().to_be_bytes();
        let page = [&[0, 0x83], &length[..], identifiers.as_bytes()].concat();
        allocations::during(|| assert_eq!(vpd::identifiers(&page, "/p").0.len(), count))
    });
}

/// Each device takes the exceptions of its list with it: of as many words as are read that is the most.
#[test]
fn exceptions_of_many_devices_stay_within_bounds() {
    let text = format!(
        "[keyfile]\nunmanaged-devices={}\n",
        many(256, |number| format!("except:interface-name:e{number};interface-name:f{number};"))
    );
    let taken = allocations::during(|| assert_eq!(nm_conf(&text), 256));
    assert!(taken < 8 << 20, "{taken} bytes");
}
