sed -i 's/^allow-hotplug enp0s4/auto enp0s3\niface enp0s3 inet dhcp\n\n&/' /etc/network/interfaces
