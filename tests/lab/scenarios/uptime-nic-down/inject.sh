ip link set dev enp0s3 down
until grep FAILED /sys/class/iscsi_session/session*/state; do sleep 1; done
