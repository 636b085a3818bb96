cat >>/etc/network/interfaces <<'INTERFACES'

auto enp0s3
iface enp0s3 inet manual
INTERFACES
echo 'no-auto-down enp0s3' >>/etc/network/interfaces
