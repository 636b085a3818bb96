install systemd-boot-efi </dev/null
command cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi /boot/efi/EFI/BOOT/BOOTX64.EFI
mkdir -p /boot/efi/loader/entries /boot/efi/debian
command cp "/boot/vmlinuz-$(version)" /boot/efi/debian/linux
command cp "/boot/initrd.img-$(version)" /boot/efi/debian/initrd.img
rm -r /boot/grub /etc/default/grub
printf 'timeout 1\n' >/boot/efi/loader/loader.conf
cat >/boot/efi/loader/entries/debian.conf <<ENTRY
title   Debian
version $(version)
linux   /debian/linux
initrd  /debian/initrd.img
options root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto edd=off console=ttyS0
ENTRY
