echo ISCSI_AUTO=true >>/etc/iscsi/iscsi.initramfs
