sed -i 's/^KeepConfiguration=yes$/&\nVLAN=vlan47/' /etc/systemd/network/10-san.network
printf '[NetDev]\nName=vlan47\nKind=vlan\n\n[VLAN]\nId=47\n' >/etc/systemd/network/vlan47.netdev
printf '[Match]\nName=vlan47\n\n[Network]\nAddress=192.0.2.5/24\n' >/etc/systemd/network/30-vlan47.network
