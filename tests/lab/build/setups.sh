# Words for set-ups that several scenarios share, beside those of words.sh. No base speaks them.
# shellcheck shell=bash

# ifupdown_wan [auto|allow-hotplug]: ifupdown configures the WAN NIC by DHCP, and leaves the SAN NIC alone.
# The boot waits for what is `auto`.
ifupdown_wan() {
    cat >/etc/network/interfaces <<INTERFACES
auto lo
iface lo inet loopback

${1:-allow-hotplug} enp0s4
iface enp0s4 inet dhcp
INTERFACES
}

# ifupdown_san: ifupdown has a stanza for the SAN NIC too, and configures nothing by it
ifupdown_san() { printf '\nauto enp0s3\niface enp0s3 inet manual\n' >>/etc/network/interfaces; }

# dracut_as_it_needs: what every image of dracut for the lab's machine needs besides its modules
dracut_as_it_needs() {
    # dracut takes iscsid.conf along; the iBFT has the password.
    sed -i '/^node\.session\.auth\./d' /etc/iscsi/iscsid.conf
    # gzip, which dracut takes by itself, packs for minutes on a busy machine.
    echo 'compress="zstd -q -3"' >/etc/dracut.conf.d/05-compress.conf
}

# service_that_stops_with COMMAND: a service of somebody's own that does nothing but run COMMAND when it is
# stopped, while the network is still there
service_that_stops_with() {
    cat >/etc/systemd/system/san-logout.service <<UNIT
[Unit]
Description=Log out of the SAN before the network goes
After=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=$1

[Install]
WantedBy=multi-user.target
UNIT
    systemctl enable san-logout.service
}

# discovered_record: the record of the root's target as a discovery by sendtargets writes it
discovered_record() {
    local record=/etc/iscsi/nodes/iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4/100.97.0.10,3260,1
    mkdir -p "$record"
    cat >"$record/default" <<'RECORD'
# BEGIN RECORD 2.1.8
node.name = iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4
node.tpgt = 1
node.startup = automatic
node.leading_login = No
iface.iscsi_ifacename = default
iface.transport_name = tcp
node.discovery_address = 100.97.0.10
node.discovery_port = 3260
node.discovery_type = send_targets
node.session.initial_cmdsn = 0
node.session.auth.authmethod = CHAP
node.conn[0].address = 100.97.0.10
node.conn[0].port = 3260
node.conn[0].startup = manual
# END RECORD
RECORD
}

# systemd_boot [PACKAGE...]: systemd-boot in GRUB's place, with these packages besides, and nothing that it could boot yet
systemd_boot() {
    install systemd-boot-efi "$@" </dev/null
    command cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi /boot/efi/EFI/BOOT/BOOTX64.EFI
    mkdir -p /boot/efi/loader
    printf 'timeout 1\n' >/boot/efi/loader/loader.conf
    rm -r --one-file-system /boot/grub /etc/default/grub
}

# unified_kernel_image: a unified kernel image of the newest kernel and its initramfs, where systemd-boot finds it
unified_kernel_image() {
    systemd_boot systemd-ukify
    mkdir -p /boot/efi/EFI/Linux
    ukify build --linux="/boot/vmlinuz-$(version)" --initrd="/boot/initrd.img-$(version)" --uname="$(version)" \
        --os-release=@/etc/os-release --output="/boot/efi/EFI/Linux/debian-$(version).efi" \
        --cmdline="root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto edd=off console=ttyS0"
}

# installer_with_dracut PACKAGE...: dracut in place of initramfs-tools, as an installer that knows of no SAN leaves it
installer_with_dracut() {
    # gzip, which dracut takes by itself, packs for minutes on a busy machine.
    mkdir -p /etc/dracut.conf.d
    echo 'compress="zstd -q -3"' >/etc/dracut.conf.d/05-compress.conf
    install dracut dracut-network "$@"
    grub-mkconfig -o /boot/grub/grub.cfg
    printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces
}

# bridge_over_san: NetworkManager's profile of the SAN NIC makes it a port of a bridge
bridge_over_san() {
    local profiles=/etc/NetworkManager/system-connections
    sed -i -e '/^\[ipv4\]/,$d' -e 's/^type=ethernet$/&\nmaster=br0\nslave-type=bridge/' "$profiles/san.nmconnection"
    cat >"$profiles/br0.nmconnection" <<'PROFILE'
[connection]
id=br0
uuid=6e4d7b06-7a3c-4c7e-9a3c-52540000003a
type=bridge
interface-name=br0

[ipv4]
method=manual
address1=192.0.2.5/24

[ipv6]
method=disabled
PROFILE
    chmod 600 "$profiles/br0.nmconnection"
}

# cloud_init_from_seed [NETWORK]: cloud-init with a data source on the disk, and with NETWORK as its network data
cloud_init_from_seed() {
    local seed=/var/lib/cloud/seed/nocloud
    install cloud-init
    echo 'datasource_list: [NoCloud, None]' >/etc/cloud/cloud.cfg.d/90-seed.cfg
    mkdir -p "$seed"
    echo 'instance-id: instance-59725' >"$seed/meta-data"
    echo '#cloud-config' >"$seed/user-data"
    if [ -n "${1:-}" ]; then echo "$1" >"$seed/network-config"; fi
}

# watched: isctpl watch follows the SAN route from before the network's managers start, and tells the kernel's log
watched() {
    command install -m 0755 /run/isctpl-program /usr/bin/isctpl
    sed 's/watch --since-boot/& --also-to kmsg/; s/^Type=notify/&\nStandardOutput=journal+console\nStandardError=journal+console/' /run/dist/isctpl-watch.service >/etc/systemd/system/isctpl-watch.service
    grep -q kmsg /etc/systemd/system/isctpl-watch.service
    systemctl enable isctpl-watch.service
    command cp /run/dist/isctpl-doctor.service /etc/systemd/system/
}

# gated: isctpl gate judges each change of what the machine boots from, and holds reboots. What inject.sh asks of it is in
# /root/gate.sh.
gated() {
    local hook
    command install -m 0755 /run/isctpl-program /usr/bin/isctpl
    command cp /run/dist/isctpl-gate*.path /run/dist/isctpl-gate*.service /run/dist/isctpl-gate.timer /etc/systemd/system/
    # Behind zz-update-grub.
    for hook in kernel/postinst.d kernel/postrm.d initramfs/post-update.d; do
        mkdir -p "/etc/$hook"
        command install -m 0755 /run/dist/hooks/isctpl-gate "/etc/$hook/zzz-isctpl-gate"
    done
    systemctl enable isctpl-gate.path
    cat >/root/gate.sh <<'WORDS'
# change: something is changed from now on
change() { sleep 1; touch /run/lab/changed; sleep 1; }

# told CODE: the gate has judged since the last change, has systemd do so, and ends with this code
told() {
    for _ in $(seq 120); do
        if [ /run/isctpl/gate.json -nt /run/lab/changed ]; then
            code=0
            isctpl gate >/run/lab/gate.txt || code=$?
            if [ $code = "$1" ] && ! grep -q 'not taken\|has begun' /run/lab/gate.txt; then
                cat /run/lab/gate.txt
                return
            fi
        fi
        sleep 1
    done
    cat /run/lab/gate.txt
    return 1
}

# refused: systemd refuses to reboot, and goes on
refused() {
    if timeout 30 systemctl reboot >/run/lab/refused.txt 2>&1; then return 1; fi
    cat /run/lab/refused.txt
    grep 'by dependency only' /run/lab/refused.txt
    systemctl is-system-running | grep -v stopping
}
WORDS
}
