kernel=$(version)
module=/lib/modules/$kernel/weak-updates/iscsi_tcp.ko
mkdir -p "${module%/*}"
# Of the same length, so that the module stays as it is but for this word.
sed "s/vermagic=6\.1\.0-[0-9][0-9]-/vermagic=6.1.0-10-/" "/lib/modules/$kernel/kernel/drivers/scsi/iscsi_tcp.ko" >"$module"
# The signature that is not its own any more goes with the debug sections: the kernel takes a module
# without one, and not one with a wrong one.
install binutils
strip --strip-debug "$module"
mkdir -p /etc/depmod.d
echo 'search updates weak-updates built-in' >/etc/depmod.d/weak-updates.conf
depmod "$kernel"
update_image
