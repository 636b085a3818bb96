watched
sed -i 's/^allow-hotplug enp0s4/auto enp0s4/' /etc/network/interfaces
printf '\nauto enp0s3\niface enp0s3 inet dhcp\n' >>/etc/network/interfaces
