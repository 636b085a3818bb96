ip route del 100.97.0.10 via 100.64.16.49 dev enp0s3
# Long enough for a target that is not reached any more to be noticed.
sleep 15
