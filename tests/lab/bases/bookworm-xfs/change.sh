install xfsprogs
sed -i '/ubuntu-lv/s/ext4 defaults,_netdev 0 1/xfs defaults,_netdev 0 0/' /etc/fstab
