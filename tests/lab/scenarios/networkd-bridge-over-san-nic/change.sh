cat >/etc/systemd/network/05-port.network <<'NETWORK'
[Match]
MACAddress=52:54:00:00:00:01

[Network]
Bridge=br0
NETWORK
printf '[NetDev]\nName=br0\nKind=bridge\n' >/etc/systemd/network/br0.netdev
printf '[Match]\nName=br0\n\n[Network]\nAddress=192.0.2.5/24\n' >/etc/systemd/network/30-br0.network
