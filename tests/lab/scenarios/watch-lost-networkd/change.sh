sed -i 's/^KeepConfiguration=yes$/KeepConfiguration=dhcp/' /etc/systemd/network/10-san.network
watched
