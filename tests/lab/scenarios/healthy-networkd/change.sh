cmdline "iscsi_auto edd=off"
printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces
cat >/etc/systemd/network/10-san.network <<'NETWORK'
[Match]
MACAddress=52:54:00:00:00:01

[Network]
DHCP=ipv4
KeepConfiguration=yes

[Route]
Destination=100.97.0.0/16
Gateway=100.64.16.49
NETWORK
cat >/etc/systemd/network/20-wan.network <<'NETWORK'
[Match]
MACAddress=52:54:00:00:00:02

[Network]
DHCP=ipv4
NETWORK
systemctl enable systemd-networkd.service
update_image
