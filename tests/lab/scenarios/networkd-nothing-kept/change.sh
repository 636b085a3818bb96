sed -i '/^KeepConfiguration=/d' /etc/systemd/network/10-san.network
