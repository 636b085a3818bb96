cmdline "iscsi_auto edd=off rootflags=subvol=@"
ifupdown_wan
update_image
# iscsid logs in again while the root's disk does not answer, and OpenSSL would open a file of it.
mkdir -p /etc/systemd/system/iscsid.service.d
printf '[Service]\nEnvironment=OPENSSL_CONF=/dev/null\n' >/etc/systemd/system/iscsid.service.d/openssl.conf
