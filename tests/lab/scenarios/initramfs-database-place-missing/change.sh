sed -i '/^\t*mkdir -p \/var\/lib$/d' /usr/share/initramfs-tools/scripts/local-top/iscsi
update_image
