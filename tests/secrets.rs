//! A canary in every place that may hold a secret shows up in no output of any command or format.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::io::Read;
use std::path::Path;
use support::run::isctpl;
use support::tree::Tree;

/// Stands in the fixtures too: the table and the sysfs tree.
const CANARY: &str = "CANARY-SECRET";

/// The canary in every file of a root that may hold a secret.
const PLACES: &str = r#"
f 0600 /etc/iscsi/iscsid.conf
| node.session.auth.authmethod = CHAP
| node.session.auth.username = user
| node.session.auth.password = CANARY-SECRET
| node.session.auth.password_in=CANARY-SECRET
| discovery.sendtargets.auth.password = CANARY-SECRET
f 0600 /etc/iscsi/iscsi.initramfs
| ISCSI_AUTO=true
| ISCSI_USERNAME="user"
| ISCSI_PASSWORD="CANARY-SECRET"
| ISCSI_IN_PASSWORD=CANARY-SECRET
f 0600 /etc/iscsi/nodes/iqn.2013-01.com.bigstep:storage/100.97.0.10,3260,1/default
| # BEGIN RECORD 2.1.8
| node.name = iqn.2013-01.com.bigstep:storage
| node.startup = onboot
| node.conn[0].address = 100.97.0.10
| node.session.auth.password = CANARY-SECRET
| # END RECORD
f 0600 /var/lib/iscsi/nodes/iqn.2013-01.com.bigstep:storage/100.97.0.10,3260,1/default
| node.session.auth.password_in = CANARY-SECRET
f 0600 /etc/default/grub
| GRUB_CMDLINE_LINUX="iscsi_auto iscsi_password=CANARY-SECRET netroot=iscsi:user:CANARY-SECRET@100.97.0.10::3260:47:iqn.x"
f 0600 /boot/grub/grub.cfg
| set default="0"
| set password_of=CANARY-SECRET
| password user CANARY-SECRET
| menuentry 'Fixture Linux' {
| 	linux /vmlinuz-6.1.0-50-amd64 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto iscsi_password=CANARY-SECRET iscsi_in_password="CANARY-SECRET" rd.iscsi.password=CANARY-SECRET rd.iscsi.in.password=CANARY-SECRET root=iscsi:user:CANARY-SECRET:user2:CANARY-SECRET@100.97.0.10::3260:47:iqn.x netroot=iscsi:user:CANARY-SECRET@100.97.0.10::3260:47:iqn.x iscsiroot=user:CANARY-SECRET@100.97.0.10::::iqn.x
| 	initrd /initrd.img-6.1.0-50-amd64
| }
f 0600 /boot/grub/grubenv
| # GRUB Environment Block
| kernelopts=root=/dev/sda rd.iscsi.password=CANARY-SECRET
f 0600 /boot/loader/entries/a.conf
| title A
| linux /vmlinuz-6.1.0-50-amd64
| options rd.iscsi.password=CANARY-SECRET netroot=iscsi:u:CANARY-SECRET@1.2.3.4::::iqn.x
f 0600 /etc/kernel/cmdline
| rd.iscsi.password=CANARY-SECRET
f 0600 /var/lib/dhcp/dhclient.leases
| lease {
|   interface "enp0s3";
|   fixed-address 100.64.16.54;
|   option root-path "iscsi:user:CANARY-SECRET@100.97.0.10::::iqn.x";
|   option unknown-190 "CANARY-SECRET";
|   option subnet-mask 255.255.255.248;
|   expire never;
| }
f 0600 /run/net-enp0s3.conf
| DEVICE='enp0s3'
| PROTO='dhcp'
| IPV4ADDR='100.64.16.54'
| ROOTPATH='iscsi:user:CANARY-SECRET@100.97.0.10::::iqn.x'
f 0600 /run/systemd/netif/leases/2
| ADDRESS=100.64.16.54
| ROOT_PATH=iscsi:user:CANARY-SECRET@100.97.0.10::::iqn.x
f 0600 /etc/netplan/50.yaml
| network:
|   version: 2
|   wifis:
|     wlan0:
|       access-points:
|         "net": {password: "CANARY-SECRET"}
|   ethernets:
|     enp0s9:
|       dhcp4: true
|       auth: {password: CANARY-SECRET}
f 0600 /etc/netplan/60-bad.yaml
| network:
|   ethernets:
|     x: {auth: {password: CANARY-SECRET
f 0600 /etc/NetworkManager/system-connections/a.nmconnection
| [connection]
| id=a
| type=wifi
| [wifi-security]
| psk=CANARY-SECRET
| [802-1x]
| password=CANARY-SECRET
f 0600 /etc/network/interfaces
| auto lo
| iface lo inet loopback
| iface wlan0 inet dhcp
|   wpa-psk CANARY-SECRET
f 0644 /etc/systemd/system/login.service
| [Service]
| ExecStart=/usr/sbin/iscsiadm -m node --op update -n node.session.auth.password -v CANARY-SECRET
| ExecStop=/usr/sbin/iscsiadm -m node -u
| [Install]
| WantedBy=multi-user.target
l /etc/systemd/system/multi-user.target.wants/login.service /etc/systemd/system/login.service
f 0600 /root/.bash_history
| iscsiadm -m node -o update -n node.session.auth.password -v CANARY-SECRET
"#;

/// The canary inside the image.
const IN_IMAGE: &str = r#"
f 0600 /etc/iscsi.initramfs
| ISCSI_AUTO=true
| ISCSI_PASSWORD=CANARY-SECRET
f 0600 /etc/iscsi/iscsid.conf
| node.session.auth.password = CANARY-SECRET
f 0600 /etc/cmdline.d/10-odd.conf
| ISCSI_PASSWORD=CANARY-SECRET rd.iscsi.param=node.session.auth.password=CANARY-SECRET 'iscsi_password=half CANARY-SECRET'
| RD.ISCSI.PASSWORD="half CANARY-SECRET" iscsi_password="half CANARY-SECRET
f 0600 /etc/cmdline.d/20-iscsi.conf
| netroot=iscsi:user:CANARY-SECRET@100.97.0.10::3260:47:iqn.x rd.iscsi.password=CANARY-SECRET
f 0600 /etc/iscsi/nodes/iqn.x/100.97.0.10,3260,1/default
| node.session.auth.password = CANARY-SECRET
"#;

/// The canary in odd forms: quoted, continued, mistyped, behind variables, and where somebody forgot a quote, so
/// that one value runs into the next.
const ODD_PLACES: &str = r#"
f 0600 /etc/iscsi/iscsid.conf
| node.session.auth.PASSWORD = "half CANARY-SECRET
| node.session.auth.password CANARY-SECRET
| password=CANARY-SECRET more = CANARY-SECRET
| #node.session.auth.password = CANARY-SECRET
f 0600 /etc/iscsi/iscsi.initramfs
| ISCSI_AUTO=true
| ISCSI_INITIATOR="iqn.2013-01.com.example:open
| ISCSI_PASSWORD="CANARY-SECRET"
| ISCSI_TARGET_NAME=iqn.x
f 0600 /etc/default/grub
| GRUB_CMDLINE_LINUX="iscsi_auto iscsi_password='half CANARY-SECRET' rd.iscsi.password=\"half CANARY-SECRET\""
| GRUB_CMDLINE_LINUX_DEFAULT="ISCSI_PASSWORD=half\ CANARY-SECRET iscsi_password = CANARY-SECRET"
| GRUB_DEFAULT="0
| GRUB_CMDLINE_LINUX="iscsi_password=CANARY-SECRET"
| . "/etc/x
| iscsi_password=CANARY-SECRET
f 0600 /etc/default/grub.d/a.cfg
| . "/etc/x
| iscsi_password=CANARY-SECRET
f 0600 /boot/grub/grub.cfg
| set default="0"
| set chap=CANARY-SECRET
| set line="ro iscsi_in_password=CANARY-SECRET netroot=iscsi:user:CANARY-SECRET@1.2.3.4::::iqn.x"
| load_env
| source "$iscsi_password"
| source "/boot/password=CANARY-SECRET"
| menuentry "Fixture password=CANARY-SECRET" --id "password=CANARY-SECRET" {
| 	linux "/vmlinuz-6.1.0-50-amd64 iscsi_password=CANARY-SECRET" iscsi_password=$chap $line $kernelopts \
| 		ISCSI_PASSWORD='half "CANARY-SECRET' "iscsi_password"=CANARY-SECRET rd.iscsi.param=node.session.auth.password=CANARY-SECRET
| 	initrd /initrd.img-6.1.0-50-amd64 password=CANARY-SECRET
| }
f 0600 /boot/grub/grubenv
| # GRUB Environment Block
| kernelopts=root=/dev/sda RD.ISCSI.PASSWORD=CANARY-SECRET netroot="iscsi:user:CANARY-SECRET@1.2.3.4::::iqn.x"
| iscsi_password=CANARY-SECRET
| chap_secret=CANARY-SECRET
f 0600 /boot/loader/entries/a.conf
| title A password=CANARY-SECRET
| linux /vmlinuz-6.1.0-50-amd64 rd.iscsi.password=CANARY-SECRET
| options iscsi_password="half CANARY-SECRET" 'iscsi_password=half CANARY-SECRET'
f 0600 /etc/kernel/cmdline
| RD.ISCSI.PASSWORD="half CANARY-SECRET"
| rd.iscsi.in.password=CANARY-SECRET
f 0600 /etc/fstab
| /dev/mapper/ubuntu--vg-ubuntu--lv / ext4 defaults,_netdev 0 1
| //nas/share /mnt cifs username=user,password=CANARY-SECRET,pass=CANARY-SECRET 0 0
| https://user:CANARY-SECRET@nas/dav /dav davfs _netdev 0 0
| //user:CANARY-SECRET@nas/share /mnt2 cifs _netdev 0 0
f 0600 /var/lib/dhcp/dhclient.leases
| lease {
|   interface "enp0s3
|   option root-path "iscsi:user:CANARY-SECRET@100.97.0.10::::iqn.x";
|   fixed-address 100.64.16.54;
| }
f 0600 /etc/dhcp/dhclient.conf
| key k { algorithm hmac-md5; secret CANARY-SECRET }
| send host-name "password=CANARY-SECRET"
| timeout CANARY-SECRET;
f 0600 /etc/netplan/50.yaml
| network:
|   ethernets:
|     enp0s9:
|       gateway4: "10.0.0.1
|       auth: {password: CANARY-SECRET, identity: x}"
|       routes: [{to: "password: CANARY-SECRET"}]
f 0600 /etc/netplan/60-bad.yaml
| network:
|   ethernets:
|     x: {auth: {password: &CANARY-SECRET *CANARY-SECRETS
f 0600 /etc/netplan/61-bad.yaml
| network: {a: !CANARY-SECRET!x b}
f 0600 /etc/netplan/62-bad.yaml
| password: CANARY-SECRET: CANARY-SECRET
| CANARY-SECRET
|   x: [
f 0600 /etc/network/interfaces
| password=CANARY-SECRET
| iface enp0s9 inet static
|   address password=CANARY-SECRET
|   up iscsiadm -m node -o update -n node.session.auth.password -v CANARY-SECRET
|   post-up iscsiadm -m node -n node.session.auth.password --value="half CANARY-SECRET"
|   pre-up iscsistart -i a -t b -u user -w CANARY-SECRET
|   down curl -u user:CANARY-SECRET https://user:CANARY-SECRET@host/ --password 'half CANARY-SECRET'
|   source password=CANARY-SECRET$x
f 0600 /etc/sysconfig/network-scripts/ifcfg-eth7
| DEVICE=eth7
| KEY=CANARY-SECRET
| WPA_PSK="CANARY-SECRET"
| IPADDR="password=CANARY-SECRET"
| CANARY-SECRET
f 0600 /etc/sysconfig/network-scripts/keys-eth7
| KEY=CANARY-SECRET
f 0644 /etc/systemd/network/10.network
| [Match]
| Name=enp0s9
| KernelCommandLine=rd.iscsi.password=CANARY-SECRET
| [Network]
| Address=password=CANARY-SECRET
f 0644 /etc/systemd/system/login.service
| [Service]
| ExecStartPre=/usr/sbin/iscsistart -i a -t b -u user -w CANARY-SECRET -W CANARY-SECRET
| ExecStartPre=/usr/sbin/iscsiadm -m node -o update -n node.session.auth.password -v "half CANARY-SECRET"
| ExecStartPre=/usr/sbin/iscsiadm -m node -o update -n node.session.auth.password -v 'half\x20CANARY-SECRET'
| ExecStartPre=/usr/sbin/iscsiadm -m node -n node.session.auth.password "--value=half CANARY-SECRET"
| ExecStart=/bin/sh -c 'CHAP_PASS=CANARY-SECRET; iscsiadm -n $KEY -v "half CANARY-SECRET"; iscsiadm -m node -u'
| ExecStart=/bin/sh -c "printf 'node.session.auth.password = %%s' 'CANARY-SECRET'"
| ExecStop=/usr/sbin/iscsiadm -m node -u \
|   --value=CANARY-SECRET
| ExecStop=/usr/local/sbin/logout.sh
| [Install]
| WantedBy=multi-user.target
f 0755 /usr/local/sbin/logout.sh
| #!/bin/sh
| iscsiadm -m node -n node.session.auth.password -v 'half
| CANARY-SECRET' ; PASS=CANARY-SECRET iscsiadm -m node -u -v "half CANARY-SECRET" --value 'half CANARY-SECRET'
l /etc/rc0.d/K01logout /etc/init.d/logout
f 0755 /etc/init.d/logout
| #!/bin/sh
| iscsiadm -m node --logoutall=all -v CANARY-SECRET || iscsistart -w "half CANARY-SECRET"
"#;

fn assert_silent(what: &str, text: &str) {
    // In whatever case, and as hexadecimal or base64 of itself.
    let forms = [CANARY, "canary-secret", "43414e4152592d534543524554", "Q0FOQVJZLVNFQ1JFVA"];
    for form in forms {
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(form)).collect();
        assert!(lines.is_empty(), "{what} gives the secret away as {form}:\n{}", lines.join("\n"));
    }
}

fn judged(root: &Path, more: &[&str]) {
    let root = root.to_str().unwrap();
    for format in ["table", "json", "prometheus", "nagios"] {
        for only in [&[][..], &["--only", "template"]] {
            let answer = isctpl([&["doctor", "-v", "--root", root, "--format", format], more, only].concat());
            assert!(answer.code <= 3);
            assert_silent(&format!("doctor {format}"), &answer.out);
            assert_silent(&format!("doctor {format}"), &answer.err);
        }
    }
    for what in
        ["ibft", "routes", "nics", "initramfs", "loader", "kernel", "dhcp", "netconfig", "iscsi", "storage", "services"]
    {
        for format in ["table", "json"] {
            let answer = isctpl([&["show", what, "-v", "--root", root, "--format", format], more].concat());
            assert_eq!(answer.code, 0, "show {what}: {}", answer.err);
            assert_silent(&format!("show {what} {format}"), &answer.out);
            assert_silent(&format!("show {what} {format}"), &answer.err);
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let written = isctpl([&["snapshot", "--root", root, "-o", file.path().to_str().unwrap()], more].concat());
    assert_eq!(written.code, 0, "{}", written.err);
    let mut text = String::new();
    zstd::stream::read::Decoder::new(std::fs::File::open(file.path()).unwrap())
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("ubuntu--vg"), "the snapshot holds facts");
    assert_silent("snapshot", &text);
}

#[test]
fn no_secret_leaves_in_any_form() {
    leaves_nowhere(PLACES);
}

#[test]
fn no_secret_leaves_from_odd_places() {
    leaves_nowhere(ODD_PLACES);
}

fn leaves_nowhere(places: &str) {
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    tree.add(places, "places");
    let root = tree.unpack();
    let mut image = Tree::load("images/initramfs-tools.tree");
    image.add(IN_IMAGE, "image");
    let image = support::image::build(&image, "zstd");
    std::fs::write(root.path().join("boot/initrd.img-6.1.0-50-amd64"), &image).unwrap();
    judged(root.path(), &[]);

    let sysfs = Tree::load("machines/vm.sysfs.tree").unpack();
    let directory = sysfs.path().to_str().unwrap();
    let table = sysfs.path().join("firmware/acpi/tables/iBFT");
    judged(root.path(), &["--sysfs", directory]);
    judged(root.path(), &["--sysfs", directory, "--ibft-table", table.to_str().unwrap()]);

    let listing = isctpl(["show", "initramfs", root.path().join("boot/initrd.img-6.1.0-50-amd64").to_str().unwrap()]);
    assert_silent("show initramfs IMAGE", &listing.out);
}
