install systemd-boot-efi systemd-ukify </dev/null
printf '%s\n' MODULES=list COMPRESS=xz >/etc/initramfs-tools/conf.d/small
printf '%s\n' virtio_pci virtio_net virtio_rng af_packet sd_mod ext4 dm_mod >>/etc/initramfs-tools/modules
update_image
command cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi /boot/efi/EFI/BOOT/BOOTX64.EFI
mkdir -p /boot/efi/loader /boot/efi/EFI/Linux
printf 'timeout 1\n' >/boot/efi/loader/loader.conf
ukify build --linux="/boot/vmlinuz-$(version)" --initrd="/boot/initrd.img-$(version)" --uname="$(version)" \
    --os-release=@/etc/os-release --cmdline="root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto edd=off console=ttyS0" \
    --output="/boot/efi/EFI/Linux/debian-$(version).efi"
rm -r /boot/grub /etc/default/grub
