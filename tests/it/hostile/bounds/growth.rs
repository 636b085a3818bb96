//! Files whose reading could grow faster than they are: cut at a limit, and told.

use super::{doctor, write};
use crate::hostile::machine;

/// One file each, and what has to be told of it.
#[test]
fn what_grows_when_it_is_read_is_cut_and_told() {
    let globs: String = (0..64).map(|number| format!("e{number}*{} ", "x".repeat(200))).collect();
    let maps: String = (0..200_000).map(|number| format!(" map l{number}\n")).collect();
    let stanzas =
        |text: &str| (0..18_000).map(|number| format!("iface l{number} inet manual{text}\n")).collect::<String>();
    let doubling = |set: &str, times: usize, quote: &str| {
        format!("{set}a={quote}xxxxxxxx{quote}\n") + &format!("{set}a={quote}$a$a{quote}\n").repeat(times)
    };
    let menu = |text: &str| format!("{}\nmenuentry x {{\n linux /vmlinuz {text}\n}}\n", doubling("set ", 10, "\""));
    let many = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let jump = |count: usize, open: &str, line: &dyn Fn(usize) -> String, close: &str| {
        (0..count)
            .map(|chain| format!("{}{}{close}", open.replace('#', &chain.to_string()), line(chain).repeat(60)))
            .collect::<String>()
    };
    let cases: Vec<(&str, String, &str)> = vec![
        ("etc/network/interfaces", many(20_000, &|number| format!("source /etc/*/*{number}x\n")), "/etc"),
        ("etc/network/interfaces", format!("mapping {globs}\n script x\n{maps}"), "/etc/network/interfaces"),
        (
            "etc/network/interfaces",
            format!(
                "mapping {globs}\n script x\n{}{}",
                many(18_000, &|number| format!(" map l{number}\n")),
                stanzas("")
            ),
            "/etc/network/interfaces",
        ),
        (
            "etc/network/interfaces",
            format!(
                "iface p inet manual\n{}{}",
                " up ip route add 10.0.0.1 via 10.0.0.1\n".repeat(4000),
                stanzas(" inherits p")
            ),
            "mappings and `inherits` give the stanzas more than isctpl reads",
        ),
        (
            "boot/grub/grub.cfg",
            doubling("set ", 40, "") + &many(100_000, &|number| format!("set b{number}=$a$a$a\n")),
            "grub.cfg",
        ),
        ("boot/grub/grub.cfg", doubling("set ", 10, "\"") + "set b=" + &"$a".repeat(1_000_000), "grub.cfg"),
        ("boot/grub/grub.cfg", menu(&"$a ".repeat(100_000)), "the command grows longer than isctpl reads"),
        ("boot/grub/grub.cfg", menu("x").repeat(20_000), "grub.cfg"),
        (
            "boot/grub/grub.cfg",
            many(20_000, &|number| format!("set v{number}=1\n")) + &"if [ -s $x ]; then set a=1; fi\n".repeat(50_000),
            "grub.cfg",
        ),
        (
            "etc/default/grub",
            doubling("", 40, "") + &many(100_000, &|number| format!("GRUB_{number}=$a$a$a\n")),
            "/etc/default/grub",
        ),
        ("etc/lvm/lvm.conf", "a/".repeat(2 << 20) + "x{\n", "/etc/lvm/lvm.conf"),
        ("etc/lvm/lvm.conf", ("a/".repeat(1000) + "x{\n").repeat(30) + &"a=1\n".repeat(50_000), "/etc/lvm/lvm.conf"),
        (
            "etc/lvm/lvm.conf",
            format!("devices {{\nfilter=[{}]\n}}\n", "\"a|x|\",".repeat(500_000)),
            "/etc/lvm/lvm.conf",
        ),
        ("etc/fstab", many(100_000, &|number| format!("/dev/x{number} /m{number} ext4 defaults 0 0\n")), "/etc/fstab"),
        (
            "etc/nftables.conf",
            format!(
                "table inet f {{\n{}chain output {{ type filter hook output priority 0; policy drop;\n jump c0\n }}\n}}\n",
                jump(15, "chain c# {\n", &|chain| format!("jump c{}\n", chain + 1), "}\n")
            ),
            "",
        ),
        (
            "etc/iptables/rules.v4",
            format!(
                "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -j c0\n{}COMMIT\n",
                jump(15, "", &|chain| format!("-A c{chain} -j c{}\n", chain + 1), "")
            ),
            "",
        ),
        ("etc/dhcp/dhclient.conf", "a {".repeat(1_000_000), "/etc/dhcp/dhclient.conf"),
        (
            "etc/dhcp/dhclient.conf",
            many(90_000, &|number| format!("interface \"e{number}\" {{ request a, b; timeout 5; }}\n")),
            "",
        ),
        ("etc/netplan/a.yaml", "[".repeat(2_000_000), "/etc/netplan/a.yaml"),
        ("etc/netplan/a.yaml", format!("a: [{}{{}}]\n", "{},".repeat(1_300_000)), "/etc/netplan/a.yaml"),
        (
            "etc/netplan/a.yaml",
            format!("network:\n  ethernets:\n{}", many(100_000, &|number| format!("    e{number}: {{dhcp4: true}}\n"))),
            "/etc/netplan/a.yaml",
        ),
        (
            "etc/systemd/network/a.network",
            format!(
                "[Match]\nName={}\n{}",
                many(300_000, &|number| format!("e{number} ")),
                "[Route]\nGateway=10.0.0.1\n".repeat(50_000)
            ),
            "",
        ),
        (
            "var/lib/dhcp/dhclient.a.leases",
            "lease {\n fixed-address 10.0.0.1;\n option subnet-mask 255.255.255.0;\n}\n".repeat(80_000),
            "",
        ),
    ];
    for (path, text, wanted) in cases {
        let root = machine();
        let what = format!("{path} of {} bytes: {:.60}", text.len(), text);
        write(root.path(), path, &text);
        let answer = doctor(root.path(), &what);
        assert!(
            answer.out.contains(wanted) || answer.err.contains(wanted),
            "{what}: {wanted} is not told:\n{}",
            answer.out
        );
    }
}
