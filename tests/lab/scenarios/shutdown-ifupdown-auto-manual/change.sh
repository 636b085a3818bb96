cat >>/etc/network/interfaces <<'INTERFACES'

auto enp0s3
iface enp0s3 inet manual
INTERFACES
