systemd_boot
mkdir -p /boot/efi/loader/entries /boot/efi/debian
command cp "/boot/vmlinuz-$(version)" /boot/efi/debian/linux
command cp "/boot/initrd.img-$(version)" /boot/efi/debian/initrd.img
cat >/boot/efi/loader/entries/debian.conf <<ENTRY
title   Debian
version $(version)
linux   /debian/linux
initrd  /debian/initrd.img
options root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto edd=off console=ttyS0
ENTRY
