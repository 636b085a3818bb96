cmdline "iscsi_auto edd=off"
cat >/etc/network/interfaces <<'INTERFACES'
auto lo
iface lo inet loopback

allow-hotplug enp0s4
iface enp0s4 inet dhcp
INTERFACES
update_image
