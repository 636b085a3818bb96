install dhcpcd </dev/null
printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces
systemctl enable dhcpcd.service
