iscsiadm -m session -u
sleep 5
