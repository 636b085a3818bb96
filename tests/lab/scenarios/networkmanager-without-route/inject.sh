nmcli connection up san &
until grep FAILED /sys/class/iscsi_session/session*/state; do sleep 1; done
