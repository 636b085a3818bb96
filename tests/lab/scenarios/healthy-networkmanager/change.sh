install network-manager
cmdline "iscsi_auto edd=off"
printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces
cd /etc/NetworkManager/system-connections
cat >san.nmconnection <<'PROFILE'
[connection]
id=san
uuid=6e4d7b06-7a3c-4c7e-9a3c-52540000001a
type=ethernet

[ethernet]
mac-address=52:54:00:00:00:01

[ipv4]
method=manual
address1=100.64.16.54/29
route1=100.97.0.0/16,100.64.16.49
never-default=true

[ipv6]
method=disabled
PROFILE
cat >wan.nmconnection <<'PROFILE'
[connection]
id=wan
uuid=6e4d7b06-7a3c-4c7e-9a3c-52540000002a
type=ethernet

[ethernet]
mac-address=52:54:00:00:00:02

[ipv4]
method=auto

[ipv6]
method=disabled
PROFILE
chmod 600 ./*.nmconnection
update_image
