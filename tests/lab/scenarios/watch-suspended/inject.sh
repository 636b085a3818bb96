# The kernel's own rehearsal: every process is frozen and every device suspended, the SAN NIC too, for 5 s. The machine
# in QEMU has no alarm that wakes it from a real one.
before=$(date +%s)
echo devices >/sys/power/pm_test
echo freeze >/sys/power/state
after=$(date +%s)
[ $((after - before)) -ge 5 ]
for route in 100.97.0.10 100.97.0.0/16 default; do ip route del $route via 100.64.16.49 dev enp0s3; done
sleep 2
ip route add 100.97.0.0/16 via 100.64.16.49 dev enp0s3
sleep 2
dmesg >/run/lab/dmesg.txt
grep 'PM: suspend exit' /run/lab/dmesg.txt
grep 'isctpl: .*GAP END after 2' /run/lab/dmesg.txt
systemctl is-active isctpl-watch.service
