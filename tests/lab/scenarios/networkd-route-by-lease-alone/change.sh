sed -i 's/^KeepConfiguration=yes$/KeepConfiguration=dhcp/; /^\[Route\]/,$d' /etc/systemd/network/10-san.network
