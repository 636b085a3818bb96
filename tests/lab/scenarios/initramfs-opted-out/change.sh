echo NO_ISCSI_IN_INITRAMFS=yes >/etc/initramfs-tools/conf.d/open-iscsi
update_image
