install btrfs-progs
sed -i '/ubuntu-lv/s/ext4 defaults,_netdev 0 1/btrfs defaults,subvol=@,_netdev 0 0/' /etc/fstab
