cat >/etc/systemd/network/05-dhcp.network <<'NETWORK'
[Match]
Name=en*

[Network]
DHCP=ipv4

[DHCPv4]
UseRoutes=no
NETWORK
