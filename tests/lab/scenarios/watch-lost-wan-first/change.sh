# DHCP on every NIC by one file; the SAN's route is that of its lease.
rm /etc/systemd/network/10-san.network /etc/systemd/network/20-wan.network
cat >/etc/systemd/network/10-all.network <<'NETWORK'
[Match]
Name=en*

[Network]
DHCP=ipv4
KeepConfiguration=dhcp
NETWORK
watched
