cat >/etc/systemd/network/10-san.network <<'NETWORK'
[Match]
MACAddress=52:54:00:00:00:01

[Network]
Address=100.64.16.54/29
NETWORK
