kernel=$(version)
mkdir -p "/lib/modules/$kernel/weak-updates"
# Of the same length, so that the module stays as it is but for this word.
sed "s/vermagic=6\.1\.0-[0-9][0-9]-/vermagic=6.1.0-10-/" "/lib/modules/$kernel/kernel/drivers/scsi/iscsi_tcp.ko" \
    >"/lib/modules/$kernel/weak-updates/iscsi_tcp.ko"
mkdir -p /etc/depmod.d
echo 'search updates weak-updates built-in' >/etc/depmod.d/weak-updates.conf
depmod "$kernel"
update_image
