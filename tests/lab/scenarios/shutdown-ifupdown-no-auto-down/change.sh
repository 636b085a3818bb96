ifupdown_san
echo 'no-auto-down enp0s3' >>/etc/network/interfaces
