sed -i '/^KEYFILE_PATTERN/d' /etc/cryptsetup-initramfs/conf-hook
update_image
