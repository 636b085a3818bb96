echo 'UUID=0b4d2a55-61a8-4c56-9a53-2f0b6a3c7e10 /data ext4 defaults 0 2' >>/etc/fstab
