cmdline "ip=enp0s3:dhcp rd.iscsi.firmware=1 rd.neednet=1 edd=off"
ifupdown_wan
dracut_as_it_needs
echo 'install_items+=" /lib/open-iscsi/startup-checks.sh "' >/etc/dracut.conf.d/10-iscsi.conf
DRACUT_MODULES="iscsi systemd-networkd" update_image
