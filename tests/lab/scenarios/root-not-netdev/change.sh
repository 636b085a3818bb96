sed -i '/ubuntu-lv/s/,_netdev//' /etc/fstab
