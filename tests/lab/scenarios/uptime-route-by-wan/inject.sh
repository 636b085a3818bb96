ip route replace 100.97.0.10 via 185.90.50.245 dev enp0s4
until grep FAILED /sys/class/iscsi_session/session*/state; do sleep 1; done
