# What the lab's machine needs of a root that an installer left: what is mounted where, how it starts, and what it
# says on its console. Run in the LUN's root by chroot, after the packages.
# shellcheck shell=bash disable=SC2154 # the words come before it

cat >/etc/fstab <<'FSTAB'
/dev/ubuntu-vg/ubuntu-lv / ext4 defaults,_netdev 0 1
UUID=11111111-2222-3333-4444-555555555502 /boot ext4 defaults,_netdev 0 2
UUID=5555-AA03 /boot/efi vfat umask=0077,_netdev 0 1
FSTAB
echo instance-59725 >/etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 instance-59725\n' >/etc/hosts
echo root:root | chpasswd
systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer >/dev/null 2>&1

# The loader, for UEFI and for BIOS; the BIOS one is put before the first partition by the builder. What a
# configuration of grub-mkconfig loads besides lies where grub-install puts it.
search='search --no-floppy --fs-uuid --set=root 11111111-2222-3333-4444-555555555502
set prefix=($root)/grub
configfile ($root)/grub/grub.cfg'
echo "$search" >/tmp/early.cfg
mkdir -p /boot/efi/EFI/BOOT /usr/lib/lab
modules="part_gpt fat ext2 normal linux search search_fs_uuid configfile serial terminal echo test ls cat reboot gzio"
# shellcheck disable=SC2086 # a list of words
grub-mkimage -O x86_64-efi -o /boot/efi/EFI/BOOT/BOOTX64.EFI -p /grub -c /tmp/early.cfg $modules all_video
# shellcheck disable=SC2086
grub-mkimage -O i386-pc -o /usr/lib/lab/core.img -p /grub -c /tmp/early.cfg $modules biosdisk
rm /tmp/early.cfg
for platform in x86_64-efi i386-pc; do
    mkdir -p "/boot/grub/$platform"
    cp /usr/lib/grub/$platform/*.mod /usr/lib/grub/$platform/*.lst "/boot/grub/$platform/"
done
# As the package of GRUB puts it there, for a serial console.
sed -e 's/^GRUB_TIMEOUT=.*/GRUB_TIMEOUT=1/' -e 's/^GRUB_CMDLINE_LINUX_DEFAULT=.*/GRUB_CMDLINE_LINUX_DEFAULT=""/' \
    -e 's/^GRUB_CMDLINE_LINUX=.*/GRUB_CMDLINE_LINUX="console=ttyS0"/' /usr/share/grub/default/grub >/etc/default/grub
echo 'GRUB_TERMINAL="serial console"' >>/etc/default/grub
update_image
grub-mkconfig -o /boot/grub/grub.cfg
