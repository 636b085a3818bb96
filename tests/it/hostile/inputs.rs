//! What grows when it is read, faster than it is, or beyond what a machine has: for the tests of the bounds, and for
//! `cargo bench --bench costs -- --hostile`, which measures each.

use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// The image that the machine's loader names.
pub(crate) const INITRD: &str = "boot/initrd.img-6.1.0-50-amd64";

/// What a run may allocate, in KiB: memory that is written to, the stacks of threads included. An input with a large
/// window has a limit of its own.
pub(crate) const MEMORY: u32 = 64 << 10;

/// One input.
pub(crate) struct Input {
    pub(crate) name: String,
    /// What the report has to say of it.
    pub(crate) told: &'static str,
    /// The place of which it says so, or how that begins; empty where the words name it.
    pub(crate) place: String,
    /// With what codes the report may end.
    pub(crate) codes: RangeInclusive<i32>,
    /// What a run over it may allocate, in KiB.
    pub(crate) memory: u32,
    /// Writes it into the machine's root.
    pub(crate) write: Box<dyn Fn(&Path)>,
}

impl Input {
    /// With the place of which the report has to say it.
    pub(crate) fn at(self, place: impl Into<String>) -> Self {
        Self { place: place.into(), ..self }
    }

    /// With the codes with which the report may end.
    pub(crate) fn ends(self, codes: RangeInclusive<i32>) -> Self {
        Self { codes, ..self }
    }
}

/// The verdict hangs on it, and is unknown.
pub(crate) const UNKNOWN: RangeInclusive<i32> = 3..=3;
/// The machine boots all the same, with warnings or without.
pub(crate) const BOOTS: RangeInclusive<i32> = 0..=1;
/// The kernel itself refuses it, and the machine does not boot.
pub(crate) const FAILS: RangeInclusive<i32> = 2..=2;

/// One on which the verdict hangs.
pub(crate) fn input(name: impl Into<String>, told: &'static str, write: impl Fn(&Path) + 'static) -> Input {
    Input { name: name.into(), told, place: String::new(), codes: UNKNOWN, memory: MEMORY, write: Box::new(write) }
}

pub(crate) fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&path);
    fs::write(path, text).unwrap();
}

/// A unit that is started.
pub(crate) fn start(root: &Path, name: &str, text: &str) {
    write(root, &format!("etc/systemd/system/{name}"), text);
    let wants = root.join("etc/systemd/system/multi-user.target.wants");
    fs::create_dir_all(&wants).unwrap();
    symlink(format!("../{name}"), wants.join(name)).unwrap();
}

fn many(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// Variables of which each holds the one before twice.
fn doubling(set: &str, times: usize, quote: &str) -> String {
    format!("{set}a={quote}xxxxxxxx{quote}\n") + &format!("{set}a={quote}$a$a{quote}\n").repeat(times)
}

/// Chains of a firewall of which each jumps to the next one sixty times.
fn jumps(open: &str, jump: &str, close: &str) -> String {
    let numbered = |text: &str, chain: usize| text.replace('#', &chain.to_string());
    many(15, |chain| format!("{}{}{close}", numbered(open, chain), numbered(jump, chain + 1).repeat(60)))
}

/// Single files.
pub(crate) fn files() -> Vec<Input> {
    let globs = many(64, |number| format!("e{number}*{} ", "x".repeat(200)));
    let maps = |count| many(count, |number| format!(" map l{number}\n"));
    let stanzas = |text: &str| many(400, |number| format!("iface l{number} inet manual{text}\n"));
    let menu = |text: &str| {
        format!("{}\nmenuentry x {{\n linux /vmlinuz-6.1.0-50-amd64 {text}\n}}\n", doubling("set ", 10, "\""))
    };
    let hook = "type filter hook output priority 0; policy drop;";
    let cases: Vec<(&str, &str, String)> = vec![
        (
            "etc/network/interfaces",
            "in one run isctpl reads no more than",
            many(10_000, |number| format!("source /etc/*/*{number}x\n")),
        ),
        ("etc/network/interfaces", "more than 100000 lines", format!("mapping {globs}\n script x\n{}", maps(200_000))),
        (
            "etc/network/interfaces",
            "mappings and `inherits` give the stanzas more than isctpl reads",
            format!("mapping {globs}\n script x\n{}{}", maps(400), stanzas("")),
        ),
        (
            "etc/network/interfaces",
            "mappings and `inherits` give the stanzas more than isctpl reads",
            format!(
                "iface p inet manual\n{}{}",
                " up ip route add 10.0.0.1 via 10.0.0.1\n".repeat(4000),
                stanzas(" inherits p")
            ),
        ),
        (
            "boot/grub/grub.cfg",
            "is too long; the rest was not read",
            doubling("set ", 40, "") + &many(100_000, |number| format!("set b{number}=$a$a$a\n")),
        ),
        (
            "boot/grub/grub.cfg",
            "is too long; the rest was not read",
            doubling("set ", 10, "\"") + "set b=" + &"$a".repeat(1_000_000),
        ),
        ("boot/grub/grub.cfg", "the command grows longer than isctpl reads", menu(&"$a ".repeat(50_000))),
        ("boot/grub/grub.cfg", "the rest was not read", menu("x").repeat(20_000)),
        (
            "boot/grub/grub.cfg",
            "is too long; the rest was not read",
            many(20_000, |number| format!("set v{number}=1\n")) + &"if [ -s $x ]; then set a=1; fi\n".repeat(50_000),
        ),
        (
            "etc/default/grub",
            "a value is too long and was cut",
            doubling("", 40, "") + &many(100_000, |number| format!("GRUB_{number}=$a$a$a\n")),
        ),
        (
            "etc/default/grub",
            "a command has more than 65536 words; the rest was not read",
            format!(": {}\n", "a ".repeat(2_000_000)),
        ),
        (
            "etc/default/grub",
            "its values exceed 8388608 bytes; the rest was not read",
            many(100_000, |number| format!("for v{number} in a; do :; done\n")),
        ),
        ("etc/default/grub", "runs `set`, which may set any variable, or end the shell", "set\n".repeat(1_000_000)),
        ("etc/iscsi/iscsi.initramfs", "a quote (\") is not closed", "A=\"".to_owned() + &" #".repeat(2_000_000)),
        ("etc/lvm/lvm.conf", "sections are nested too deeply", "a/".repeat((2 << 20) - 8) + "x{\n"),
        (
            "etc/lvm/lvm.conf",
            "sections are nested too deeply",
            ("a/".repeat(1000) + "x{\n").repeat(30) + &"a=1\n".repeat(50_000),
        ),
        (
            "etc/lvm/lvm.conf",
            "/etc/lvm/lvm.conf:2: has too many values; the rest was not read",
            format!("devices {{\nfilter=[{}]\n}}\n", "\"a|x|\",".repeat(500_000)),
        ),
        (
            "etc/fstab",
            "/etc/fstab:10001: has too many lines; the rest was not read",
            many(100_000, |number| format!("/dev/x{number} /m{number} ext4 defaults 0 0\n")),
        ),
        (
            "etc/nftables.conf",
            "rules of nftables that isctpl cannot judge may decide",
            format!(
                "table inet f {{\n{}chain output {{ {hook}\n jump c0\n }}\n}}\n",
                jumps("chain c# {\n", "jump c#\n", "}\n")
            ),
        ),
        (
            "etc/nftables.conf",
            "rules of nftables that isctpl cannot judge may decide",
            format!("table inet f {{\nchain output {{ {hook}\n{}}}\n}}\n", "ip daddr 10.0.0.1 accept\n".repeat(90_000)),
        ),
        (
            "etc/iptables/rules.v4",
            "rules of iptables that isctpl cannot judge may decide",
            format!(
                "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -j c0\n{}COMMIT\n",
                many(15, |chain| format!("-A c{chain} -j c{}\n", chain + 1).repeat(60))
            ),
        ),
        (
            "etc/iptables/rules.v4",
            "rules of iptables that isctpl cannot judge may decide",
            format!("*filter\n:OUTPUT DROP [0:0]\n{}COMMIT\n", "-A OUTPUT -p tcp -j ACCEPT\n".repeat(100_000)),
        ),
        (
            "etc/dhcp/dhclient.conf",
            "/etc/dhcp/dhclient.conf:1: the file has more than 100000 words and marks",
            "a {".repeat(1_000_000),
        ),
        (
            "etc/dhcp/dhclient.conf",
            "/etc/dhcp/dhclient.conf:8334: the file has more than 100000 words and marks",
            many(70_000, |number| format!("interface \"e{number}\" {{ request a, b; timeout 5; }}\n")),
        ),
        (
            "etc/dhcp/dhclient.conf",
            "the lists of options have more than 4096 names",
            format!(
                "request {}routers;\n{}",
                "routers,".repeat(3000),
                many(5000, |number| format!("interface \"e{number}\" {{ also request routers; }}\n"))
            ),
        ),
        (
            "etc/netplan/a.yaml",
            "/etc/netplan/a.yaml:1: is not valid YAML: recursion limit exceeded",
            "[".repeat(2_000_000),
        ),
        (
            "etc/netplan/a.yaml",
            "/etc/netplan/a.yaml:1: has more than 100000 values",
            format!("a: [{}{{}}]\n", "{},".repeat(1_300_000)),
        ),
        (
            "etc/netplan/a.yaml",
            "/etc/netplan/a.yaml:25001: has more than 100000 values",
            format!("network:\n  ethernets:\n{}", many(100_000, |number| format!("    e{number}: {{dhcp4: true}}\n"))),
        ),
        (
            "etc/systemd/network/a.network",
            "have more than 5000 lines",
            format!(
                "[Match]\nName={}\n{}",
                many(20_000, |number| format!("e{number} ")),
                "[Route]\nGateway=10.0.0.1\n".repeat(50_000)
            ),
        ),
        (
            "etc/systemd/network/a.network",
            "have more than 5000 lines",
            format!("[Match]\nName={}\n", many(400_000, |number| format!("e{number} "))),
        ),
        (
            "etc/NetworkManager/NetworkManager.conf",
            "the lists have more than 512 words; the rest is not read",
            format!("[keyfile]\nunmanaged-devices={}{}\n", "except:e;".repeat(150_000), "f;".repeat(300_000)),
        ),
        (
            "etc/NetworkManager/NetworkManager.conf",
            "the file has more than 20000 keys and groups",
            many(250_000, |number| format!("[device{number}]\n")),
        ),
        (
            "var/lib/dhcp/dhclient.a.leases",
            "there are more than 1024 leases",
            many(30_000, |number| {
                format!(
                    "lease {{\n interface \"e{number}\";\n fixed-address 10.0.0.1;\n option subnet-mask 255.255.255.0;\n}}\n"
                )
            }),
        ),
        (
            "boot/loader/entries/a.conf",
            "/boot/loader/entries/a.conf:101: has more than 100 lines",
            format!("linux /v\n{}", "initrd /i\n".repeat(1000)),
        ),
        (
            "etc/sysctl.d/a.conf",
            "more than 10000 settings of rp_filter",
            many(80_000, |number| format!("net.ipv4.conf.e{number}.rp_filter = 1\n")),
        ),
        (
            "etc/iscsi/nodes/iqn.2026-01.example:a/10.0.0.1,3260",
            "10.0.0.1,3260:10001: has too many settings; the rest was not read",
            many(150_000, |number| format!("a{number} = b\n")),
        ),
        (
            "etc/iscsi/iscsid.conf",
            "/etc/iscsi/iscsid.conf:10001: has too many settings; the rest was not read",
            many(150_000, |number| format!("a{number} = b\n")),
        ),
        (
            "etc/systemd/system/iscsid.service",
            "have more than 5000 lines",
            format!("[Service]\n{}", "ExecStart=/bin/x\n".repeat(200_000)),
        ),
        (
            "etc/lvm/devices/system.devices",
            "/etc/lvm/devices/system.devices:10001: has too many entries",
            "IDTYPE=sys_wwid IDNAME=x PVID=y\n".repeat(100_000),
        ),
    ];
    let of_case = |(path, told, text): (&'static str, &'static str, String)| {
        input(format!("{path}: {:.40}", text.escape_debug().to_string()), told, move |root| {
            start(root, "nftables.service", "[Service]\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n");
            start(root, "netfilter-persistent.service", "[Service]\nExecStart=/usr/sbin/netfilter-persistent start\n");
            start(root, "NetworkManager.service", "[Service]\nExecStart=/usr/sbin/NetworkManager\n");
            start(root, "systemd-networkd.service", "[Service]\nExecStart=/usr/lib/systemd/systemd-networkd\n");
            write(root, "usr/sbin/NetworkManager", "");
            write(root, path, &text);
        })
    };
    // What only warnings go by, or an entry that does not boot.
    let aside = ["boot/loader", "etc/default", "etc/dhcp", "etc/iscsi", "etc/sysctl.d", "var/lib/dhcp"];
    let codes = |input: &Input| if aside.iter().any(|path| input.name.starts_with(path)) { BOOTS } else { UNKNOWN };
    let ending = |input: Input| {
        let codes = codes(&input);
        input.ends(codes)
    };
    cases.into_iter().map(of_case).map(ending).collect()
}

/// Directories of drop-ins, and what stands in a file of each.
const DIRECTORIES: &[(&str, &str, &str)] = &[
    ("etc/sysctl.d", ".conf", "kernel.panic = 1\n"),
    ("etc/NetworkManager/conf.d", ".conf", "[main]\ndns=none\n"),
    ("etc/NetworkManager/system-connections", ".nmconnection", "[connection]\nid=a\n"),
    ("etc/netplan", ".yaml", "# nothing\n"),
    ("etc/network/interfaces.d", "", "iface a inet manual\n"),
    ("etc/iscsi/nodes/iqn.2026-01.example:a", "", "node.startup = manual\n"),
    ("etc/systemd/network", ".network", "[Network]\nDHCP=yes\n"),
    ("etc/systemd/system/open-iscsi.service.d", ".conf", "[Service]\nExecStart=/bin/x\n"),
    ("etc/udev/rules.d", ".rules", "ACTION==\"add\", NAME=\"a\"\n"),
    ("etc/dhcp/dhclient-exit-hooks.d", "", "a=b\n"),
    ("etc/dracut.conf.d", ".conf", "omit_dracutmodules+=\" a \"\n"),
    ("etc/default/grub.d", ".cfg", "GRUB_TIMEOUT=1\n"),
];

/// A file of some 4 MB that says the same again and again, under two thousand names.
pub(crate) fn hard_links(root: &Path, directory: &str, suffix: &str, line: &str) {
    // Such names are taken for node records, too.
    let name = |number: usize| root.join(format!("{directory}/10.0.0.1,3260,{number:04}{suffix}"));
    let first = name(0);
    fs::create_dir_all(root.join(directory)).unwrap();
    fs::write(&first, line.repeat((4 << 20) / line.len())).unwrap();
    fs::set_permissions(&first, fs::Permissions::from_mode(0o600)).unwrap();
    for number in 1..2000 {
        fs::hard_link(&first, name(number)).unwrap();
    }
}

/// Lines that say nothing take no less room than others. Many names of a file of as many lines as are read.
pub(crate) fn lines() -> Vec<Input> {
    let mut inputs = Vec::new();
    for line in ["x\n", "[a]\n", "a=\n"] {
        for (directory, suffix) in [
            ("etc/systemd/network", ".network"),
            ("etc/systemd/network", ".link"),
            ("etc/systemd/system/service.d", ".conf"),
            ("etc/systemd/system", ".service"),
        ] {
            let (told, codes) = match (suffix, line) {
                (".network", "x\n") => (".network:2: is not a section", UNKNOWN),
                (".network", _) => (".network: its [Match", BOOTS),
                (".link", _) | (_, "x\n") => ("BOOTS: ", BOOTS),
                (".conf", _) => ("a file and its drop-ins have more than 5000 lines", UNKNOWN),
                _ => ("systemd's units: add up to too many settings", UNKNOWN),
            };
            let name = format!("{directory}/*{suffix}: a hundred names of many lines {}", line.escape_debug());
            let of_lines = input(name, told, move |root| {
                let wants = root.join("etc/systemd/system/multi-user.target.wants");
                fs::create_dir_all(&wants).unwrap();
                let first = format!("{directory}/0{suffix}");
                write(root, &first, format!("[Match]\n{}", line.repeat(4_990)));
                for number in 1..100 {
                    let name = format!("{number}{}{suffix}", "n".repeat(200));
                    fs::hard_link(root.join(&first), root.join(directory).join(&name)).unwrap();
                    symlink(format!("../{name}"), wants.join(&name)).unwrap();
                }
            });
            inputs.push(of_lines.ends(codes));
        }
    }
    inputs
}

/// Many files, many names of one file, many entries of directories.
pub(crate) fn trees() -> Vec<Input> {
    let told = "in one run isctpl reads no more than";
    let mut trees: Vec<Input> = DIRECTORIES
        .iter()
        .map(|&(directory, suffix, line)| {
            // Those of a glob have a limit of their own.
            let told = if directory.ends_with("interfaces.d") { "matches more than 1024 files" } else { told };
            let input = input(format!("{directory}: two thousand names of a file of 4 MB"), told, move |root| {
                write(root, "etc/network/interfaces", "source /etc/network/interfaces.d/*\n");
                start(root, "open-iscsi.service", "[Service]\nExecStart=/bin/x\n");
                hard_links(root, directory, suffix, line);
            });
            input.at(format!("/{directory}/"))
        })
        .collect();
    let records = "/nodes: has more than 4096 records; the rest was not read";
    let of_records = |root: &Path| {
        let record =
            "node.name = iqn.x\nnode.conn[0].address = 10.0.0.1\nnode.conn[0].port = 3260\nnode.startup = automatic\n";
        for target in 0..20 {
            let directory = format!("etc/iscsi/nodes/iqn.2026-01.example:{target}");
            let first = format!("{directory}/10.0.0.0,3260");
            write(root, &first, record);
            for portal in 1..1000 {
                let name = format!("{directory}/10.0.{}.{},3260", portal / 250, portal % 250);
                fs::hard_link(root.join(&first), root.join(name)).unwrap();
            }
        }
    };
    trees.push(input("etc/iscsi/nodes: twenty thousand names of a record", records, of_records).ends(BOOTS));
    trees.push(input("etc/systemd/system: four thousand names of a unit", "have more than 5000 lines", |root| {
        let unit = format!("[Service]\n{}", "ExecStart=/bin/x\n".repeat(20_000));
        write(root, "etc/systemd/system/big.service", unit);
        let wants = root.join("etc/systemd/system/multi-user.target.wants");
        fs::create_dir_all(&wants).unwrap();
        for number in 0..4000 {
            symlink("big.service", root.join(format!("etc/systemd/system/l{number}.service"))).unwrap();
            symlink(format!("../l{number}.service"), wants.join(format!("l{number}.service"))).unwrap();
        }
    }));
    let entries = "in one run isctpl reads no more than 131072 directory entries";
    trees.push(input("directories of sixty thousand files", entries, |root| {
        fs::create_dir(root.join("big")).unwrap();
        for number in 0..60_000 {
            fs::write(root.join(format!("big/{number}.conf")), "").unwrap();
        }
        for directory in [
            "etc/sysctl.d",
            "etc/netplan",
            "etc/udev/rules.d",
            "etc/systemd/network",
            "var/lib/dhcp",
            "boot/loader/entries",
        ] {
            let directory = root.join(directory);
            let _ = fs::remove_dir_all(&directory);
            fs::create_dir_all(directory.parent().unwrap()).unwrap();
            symlink("/big", &directory).unwrap();
        }
    }));
    trees.push(input(
        "etc/systemd/system: a thousand drop-ins of a thousand units",
        "systemd's units: add up to too many settings and links",
        |root| {
            let wants = root.join("etc/systemd/system/multi-user.target.wants");
            fs::create_dir_all(&wants).unwrap();
            for number in 0..1000 {
                write(root, &format!("etc/systemd/system/service.d/{number}.conf"), "[Service]\nExecStart=/bin/y\n");
                write(root, &format!("etc/systemd/system/u{number}.service"), "[Service]\nExecStart=/bin/x\n");
                symlink(format!("../u{number}.service"), wants.join(format!("u{number}.service"))).unwrap();
            }
        },
    ));
    trees
}
