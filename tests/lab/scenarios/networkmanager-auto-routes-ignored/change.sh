cd /etc/NetworkManager/system-connections
sed -i '/^address1=/d; /^route1=/d; s/^method=manual/method=auto\nignore-auto-routes=true/' san.nmconnection
