service_that_stops_with "/sbin/ip link set enp0s3 down"
