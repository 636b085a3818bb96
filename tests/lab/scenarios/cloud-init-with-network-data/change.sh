cloud_init_from_seed '{version: 2, ethernets: {enp0s3: {dhcp4: true}, enp0s4: {dhcp4: true}}}'
