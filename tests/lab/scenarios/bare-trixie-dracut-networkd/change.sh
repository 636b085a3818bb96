installer_with_dracut
printf '[Match]\nName=enp0s4\n\n[Network]\nDHCP=yes\n' >/etc/systemd/network/20-wan.network
systemctl enable systemd-networkd.service
