kernel=$(version)
rm -r "/lib/modules/$kernel"
update-initramfs -u -k "$kernel"
