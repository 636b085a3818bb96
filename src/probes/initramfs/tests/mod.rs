#![allow(clippy::unwrap_used, clippy::expect_used)]

mod dialects;
mod first_program;
mod layers;
mod stream;
mod tree;
mod units;

use super::*;
use crate::formats::image::cpio::sample::Archive;
use crate::formats::image::elf::sample::program;
use std::io::{Cursor, Seek, Write};

fn facts_of(image: &[u8]) -> Initramfs {
    let mut facts = Initramfs { path: "/boot/initrd.img".to_owned(), size: image.len() as u64, ..Initramfs::default() };
    fill(Cursor::new(image), &mut facts, &Budget::of_images(), &mut |_| ());
    facts
}

fn zstd(archive: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(archive).unwrap();
    encoder.finish().unwrap()
}

fn gzip(archive: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(archive).unwrap();
    encoder.finish().unwrap()
}

fn damage(facts: &Initramfs) -> Vec<&str> {
    facts.damage.iter().map(|problem| problem.what.as_str()).collect()
}

const ISCSI: &str = "#!/bin/sh
. /scripts/functions
iscsistart -N
configure_networking
iscsistart -b
for x in $(cat /proc/cmdline); do
\tcase $x in
\tiscsi_auto) A=1 ;;
\tesac
done
";

const FUNCTIONS: &str = "configure_networking()\n{\n\tipconfig -t 2 -d \"$IP\"\n}\nunused()\n{\n\tgetarg netroot=\n}\n";

/// In the manner of initramfs-tools: an archive with microcode, then one that is compressed.
fn initramfs_tools(ipconfig: &[u8]) -> Archive {
    Archive::new()
        .directory(".")
        .link("bin", "usr/bin")
        .link("lib", "usr/lib")
        .link("lib64", "usr/lib64")
        .link("sbin", "usr/sbin")
        .program(
            "init",
            "#!/bin/sh\nfor x in $(cat /proc/cmdline); do\ncase $x in\nip=*)\n IP=${x#ip=}\n ;;\nesac\ndone\n",
        )
        .file("scripts/functions", FUNCTIONS)
        .program("scripts/local-top/iscsi", ISCSI)
        .program("scripts/local-top/unlisted", "#!/bin/sh\ngetarg iscsi_firmware\n")
        .file(
            "scripts/local-top/ORDER",
            "/scripts/local-top/iscsi \"$@\"\n[ -e /conf/param.conf ] && . /conf/param.conf\n",
        )
        .file("conf/initramfs.conf", "# MODULES: [ most | dep ]\nMODULES=most\n")
        .file("conf/conf.d/resume", "RESUME=UUID=0a0b\n")
        .file("conf/modules", "iscsi_tcp \niscsi-ibft\n")
        .file("etc/iscsi.initramfs", "ISCSI_AUTO=true\nISCSI_PASSWORD=\"hidden-from-all\"\n")
        .file("etc/initiatorname.iscsi", "## comment\nInitiatorName=iqn.2026-01.example:host\n")
        .program("usr/bin/ipconfig", ipconfig)
        .program("usr/sbin/iscsistart", program(Some("/lib64/ld-linux-x86-64.so.2"), &["libkmod.so.2"], None))
        .file("usr/lib64/ld-linux-x86-64.so.2", program(None, &[], None))
        .file("usr/lib/x86_64-linux-gnu/libkmod.so.2", program(None, &["liblzma.so.5"], None))
        .file("usr/lib/modules/6.1.0/kernel/drivers/scsi/iscsi_tcp.ko", "x")
        .file("lib/modules/6.1.0/kernel/drivers/firmware/iscsi-ibft.ko.xz", "x")
        .file("usr/lib/udev/rules.d/80-net-setup-link.rules", "x")
}

fn ipconfig(string: &str) -> Vec<u8> {
    let mut bytes = program(Some("/lib/klibc-x.so"), &[], None);
    bytes.extend_from_slice(string.as_bytes());
    bytes
}

const DHCLIENT_SCRIPT: &str = "#!/bin/sh
parse_option_121() {
    while [ $# -ne 0 ]; do
        shift
    done
}
parse_option_121 \"$new_classless_static_routes\"
";

const DHCLIENT_CONF: &str = "option classless-static-routes code 121 = array of unsigned integer 8;
request routers, classless-static-routes;
";

/// In the manner of dracut with network-legacy.
fn dracut() -> Archive {
    let system = "usr/lib/systemd/system";
    Archive::new()
        .link("bin", "usr/bin")
        .link("sbin", "usr/sbin")
        .link("lib", "usr/lib")
        .program("usr/lib/systemd/systemd", program(None, &[], None))
        .link("etc/systemd/system/default.target", "/lib/systemd/system/initrd.target")
        .file(&format!("{system}/initrd.target"), "[Unit]\nRequires=basic.target\nWants=dracut-mount.service\n")
        .file(&format!("{system}/basic.target"), "[Unit]\nRequires=sockets.target\n")
        .file(&format!("{system}/sockets.target"), "[Unit]\n")
        .link("etc/systemd/system/sockets.target.wants/iscsid.socket", "/lib/systemd/system/iscsid.socket")
        .file(&format!("{system}/iscsid.socket"), "[Socket]\nListenStream=@ISCSIADM\n")
        .file(
            &format!("{system}/iscsid.service"),
            "[Unit]\nRequires=helper.service\n[Service]\nExecStartPre=/lib/open-iscsi/startup-checks.sh\nExecStart=/sbin/iscsid -f\n",
        )
        .file(&format!("{system}/helper.service"), "[Service]\nExecStart=-+/usr/bin/helper \\\n  --now\n")
        .file(&format!("{system}/dracut-mount.service"), "[Service]\nExecStart=/usr/bin/absent\n")
        .file(&format!("{system}/dracut-mount.service.d/10-fix.conf"), "[Service]\nExecStart=\nExecStart=dracut-mount\n")
        .file(&format!("{system}/never.service"), "[Service]\nExecStart=/usr/bin/nowhere\n")
        .program("usr/sbin/iscsid", program(None, &[], None))
        .program("usr/bin/dracut-mount", "#!/bin/sh\n")
        .program("usr/sbin/iscsiroot", "#!/bin/sh\ngetargbool 0 rd.iscsi.firmware && iscsiadm -m fw -l -W 2> /dev/null\n")
        .program("usr/sbin/ifup", "#!/bin/sh\ndhclient --help | grep x\ndhclient \"$@\" -q\n")
        .program("usr/sbin/dhclient", program(None, &[], None))
        .program("usr/sbin/dhclient-script", DHCLIENT_SCRIPT)
        .program("usr/bin/mawk", program(None, &[], None))
        .link("usr/bin/awk", "/etc/alternatives/awk")
        .link("etc/alternatives/awk", "/usr/bin/mawk")
        .file("usr/lib/dracut-lib.sh", "getarg() {\n:\n}\n")
        .file("usr/lib/net-lib.sh", "ibft_to_cmdline() {\n awk -- 'BEGIN { exit (!and('\"$flags\"',1)) }'\n}\n")
        .file("usr/lib/dracut/hooks/cmdline/92-parse-ibft.sh", "getargbool 0 rd.iscsi.ibft -d \"ip=ibft\" && ibft_to_cmdline\n")
        .file("usr/lib/dracut/modules.txt", "systemd\niscsi\n")
        .file("usr/lib/dracut/build-parameter.txt", " --force --no-hostonly --add 'iscsi network-legacy'\n")
        .file("etc/dhclient.conf", DHCLIENT_CONF)
        .file("etc/cmdline.d/20-iscsi.conf", "rd.iscsi.firmware=1 rd.iscsi.password=tell-nobody\nnetroot=iscsi:me:tell-nobody@192.0.2.1::3260:1:iqn.2026-01.example:lun\n")
        .file("etc/iscsi/initiatorname.iscsi", "GenerateName=yes\n")
        .file("etc/iscsi/iscsid.conf", "#node.session.auth.password = commented\nnode.session.auth.password = tell-nobody\n")
        .file("var/lib/iscsi/nodes/iqn.x/192.0.2.1,3260,1/default", "node.session.auth.password_in = tell-nobody\n")
        .file("etc/lvm/lvm.conf", "devices {\n # filter = [ \"a|.*|\" ]\n global_filter = [ \"a|/dev/sda#|\", # first\n \"r|.*|\" ]\n}\n")
        .file("etc/lvm/devices/system.devices", "# LVM\nIDTYPE=sys_wwid IDNAME=naa.6001 DEVNAME=/dev/sda3 PVID=x\n")
}
