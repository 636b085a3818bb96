# Less than 32 MiB, of which any iPXE gives the firmware all.
printf '%s\n' MODULES=list COMPRESS=xz >/etc/initramfs-tools/conf.d/small
printf '%s\n' virtio_pci virtio_net virtio_rng af_packet sd_mod ext4 dm_mod >>/etc/initramfs-tools/modules
update_image
unified_kernel_image
