sed -i '/^route1=/d' /etc/NetworkManager/system-connections/san.nmconnection
