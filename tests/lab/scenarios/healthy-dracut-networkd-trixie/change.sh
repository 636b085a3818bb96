cmdline "ifname=san0:52:54:00:00:00:01 ip=san0:dhcp rd.iscsi.firmware=1 rd.neednet=1 edd=off"
ifupdown_wan
dracut_as_it_needs
DRACUT_MODULES="iscsi systemd-networkd" update_image
