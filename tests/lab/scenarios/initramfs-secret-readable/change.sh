rm /etc/initramfs-tools/conf.d/umask
update_image
