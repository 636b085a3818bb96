# Words that a base and a scenario speak in their change.sh, run in the LUN's root by chroot.
# The scenario's folder is at /run/scenario.
# shellcheck shell=bash

# install PACKAGE...: from Debian
install() { apt-get install -y -q --no-install-recommends "$@"; apt-get clean; }

# version: of the newest kernel
version() { basename "$(find /lib/modules -mindepth 1 -maxdepth 1 | sort -V | tail -n 1)"; }

# cmdline WORDS: what GRUB shall hand to the kernel, besides root=
cmdline() {
    cat >/etc/default/grub <<GRUB
GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_CMDLINE_LINUX="$1 console=ttyS0"
GRUB_TERMINAL="serial console"
GRUB
    update_grub
}

# update_grub: grub.cfg as grub-mkconfig's 10_linux writes it. That program itself asks the kernel for
# the root's device, which a chroot on a host without device mapper does not have.
update_grub() {
    local kernel boot_uuid arguments
    boot_uuid=$(awk '$2 == "/boot" { sub("UUID=", "", $1); print $1 }' /etc/fstab)
    # shellcheck disable=SC1091 # the root's own file
    arguments=$(. /etc/default/grub; echo "${GRUB_CMDLINE_LINUX:-} ${GRUB_CMDLINE_LINUX_DEFAULT:-}")
    kernel=$(version)
    mkdir -p /boot/grub
    cat >/boot/grub/grub.cfg <<GRUB
set default="0"
set timeout=1
serial --unit=0
terminal_input serial console
terminal_output serial console
### BEGIN /etc/grub.d/10_linux ###
menuentry 'Debian GNU/Linux' --class debian --class gnu-linux --class gnu --class os \$menuentry_id_option 'gnulinux-simple-root' {
	insmod gzio
	insmod part_gpt
	insmod ext2
	search --no-floppy --fs-uuid --set=root $boot_uuid
	echo	'Loading Linux $kernel ...'
	linux	/vmlinuz-$kernel root=${ROOT:-/dev/mapper/ubuntu--vg-ubuntu--lv} ro ${arguments% }
	echo	'Loading initial ramdisk ...'
	initrd	/initrd.img-$kernel
}
### END /etc/grub.d/10_linux ###
GRUB
}

# update_image: the initramfs made anew by the generator that the root has
update_image() {
    if [ -x /usr/sbin/update-initramfs ] && [ -d /etc/initramfs-tools ]; then
        update-initramfs -u -k "$(version)"
    else
        dracut --force --no-hostonly --add "${DRACUT_MODULES:-iscsi network-legacy}" "/boot/initrd.img-$(version)" "$(version)"
    fi
}

# edit_image COMMANDS: the initramfs unpacked, COMMANDS run in it, and packed again
edit_image() {
    local image tree
    image=/boot/initrd.img-$(version)
    tree=$(mktemp -d)
    (cd "$tree" && zstd -dc "$image" | cpio -id --quiet && eval "$1" && find . | cpio -o -H newc --quiet -R 0:0 | zstd -q -3 >"$image.new")
    mv "$image.new" "$image"
    rm -rf --one-file-system "${tree:?}"
}

# recipe: what the document has every instance set up, after the packages
recipe() {
    printf 'iscsi_tcp\niscsi_ibft\n' >>/etc/initramfs-tools/modules
    echo ISCSI_AUTO=true >/etc/iscsi/iscsi.initramfs
    echo InitiatorName=iqn.2020-10.com.bigstep.storage:instance-59725 >/etc/iscsi/initiatorname.iscsi
    cat >>/etc/iscsi/iscsid.conf <<'CHAP'
node.session.auth.authmethod = CHAP
node.session.auth.username = GMBYHg5keXknd
node.session.auth.password = WpccjYD9NgYhR
CHAP
    for unit in iscsid.service iscsid.socket open-iscsi.service; do
        systemctl disable "$unit" >/dev/null 2>&1
    done
    find /etc/rc?.d -name '*iscsi*' -delete
    sed -i 's/^#timeout 60;/timeout 10;/' /etc/dhcp/dhclient.conf
}
