for route in 100.97.0.10 100.97.0.0/16 default; do ip route del $route via 100.64.16.49 dev enp0s3; done
until grep FAILED /sys/class/iscsi_session/session*/state; do sleep 1; done
# Whoever reads its own program's pages from the disk now sleeps; the watch goes on telling.
ip route add 100.97.0.0/16 via 192.0.2.1 dev enp0s4 || ip route add 100.97.0.0/16 dev enp0s4
sleep 3
dmesg >/run/lab/dmesg.txt
grep 'isctpl: .*GAP: portal 100.97.0.10:3260' /run/lab/dmesg.txt
grep 'isctpl: .*route added: 100.97.0.0/16' /run/lab/dmesg.txt
grep 'isctpl: .*SESSION session1 .*FAILED' /run/lab/dmesg.txt
