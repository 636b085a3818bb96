# ifupdown's own settings would be in the way of ifupdown2's.
rm /etc/default/networking
install ifupdown2
sed -i 's/^SKIP_DOWN_AT_SYSRESET=.*/SKIP_DOWN_AT_SYSRESET="no"/' /etc/default/networking
# The command line asks for the login, too; the file is a sign to ifupdown2 that the root is on iSCSI.
rm /etc/iscsi/iscsi.initramfs
update_image
ifupdown_san
echo 'no-auto-down enp0s3' >>/etc/network/interfaces
