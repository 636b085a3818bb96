echo '/srv/data.img /data ext4 loop 0 0' >>/etc/fstab
