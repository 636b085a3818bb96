bridge_over_san
sed -i 's/^type=bridge$/&\nautoconnect-slaves=1/' /etc/NetworkManager/system-connections/br0.nmconnection
