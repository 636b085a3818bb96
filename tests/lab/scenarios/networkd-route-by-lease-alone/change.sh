sed -i '/^\[Route\]/,$d' /etc/systemd/network/10-san.network
