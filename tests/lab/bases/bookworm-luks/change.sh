install cryptsetup cryptsetup-initramfs
mkdir -m 0700 /etc/keys
printf lab-instance-59725 >/etc/keys/root.key
chmod 0400 /etc/keys/root.key
echo 'root_crypt /dev/mapper/ubuntu--vg-ubuntu--lv /etc/keys/root.key luks,initramfs' >/etc/crypttab
echo 'KEYFILE_PATTERN=/etc/keys/*.key' >>/etc/cryptsetup-initramfs/conf-hook
echo UMASK=0077 >>/etc/initramfs-tools/initramfs.conf
sed -i 's#^/dev/[^ ]*ubuntu-lv #/dev/mapper/root_crypt #; s#^/dev/mapper/ubuntu--vg-ubuntu--lv #/dev/mapper/root_crypt #' /etc/fstab
grep -q '^/dev/mapper/root_crypt / ' /etc/fstab
