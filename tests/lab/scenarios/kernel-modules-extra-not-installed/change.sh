# As where a distribution splits its modules into packages, and the one with storage drivers is left out.
kernel=$(version)
cd "/lib/modules/$kernel/kernel/drivers/scsi"
rm iscsi_tcp.ko libiscsi.ko libiscsi_tcp.ko scsi_transport_iscsi.ko
depmod "$kernel"
update_image
