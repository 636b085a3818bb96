# SCSI waits for longer than this machine, however slow, takes to be judged: then it fails the session.
echo 600 >/sys/block/sda/device/timeout
# A neighbour that is nobody stands for a gateway that drops everything.
/bin/ip neigh replace 100.64.16.49 lladdr 52:54:00:00:00:99 dev enp0s3 nud permanent
sleep 5
