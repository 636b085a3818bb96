for route in 100.97.0.10 100.97.0.0/16 default; do ip route del $route via 100.64.16.49 dev enp0s3; done
# The kernel notices by the target's silence.
until grep FAILED /sys/class/iscsi_session/session*/state; do sleep 1; done
