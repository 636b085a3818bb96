printf '\nauto ibft0\niface ibft0 inet dhcp\n' >>/etc/network/interfaces
