sed -i '/critical:/d' /etc/netplan/50-instance.yaml
