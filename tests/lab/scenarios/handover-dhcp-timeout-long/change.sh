sed -i 's/^timeout 10;/#timeout 60;/' /etc/dhcp/dhclient.conf
