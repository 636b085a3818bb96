ip address flush dev enp0s3 scope global
until grep FAILED /sys/class/iscsi_session/session*/state; do sleep 1; done
