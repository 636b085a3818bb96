cmdline "ip=:::::enp0s3:dhcp edd=off"
