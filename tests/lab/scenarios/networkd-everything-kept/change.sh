cat >/etc/systemd/network/10-san.network <<'NETWORK'
[Match]
MACAddress=52:54:00:00:00:01

[Network]
DHCP=ipv4
KeepConfiguration=yes

[DHCPv4]
UseRoutes=no
NETWORK
