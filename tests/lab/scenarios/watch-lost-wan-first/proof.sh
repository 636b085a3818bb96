# The watch saw the whole start, and doctor tells it.
/run/lab/isctpl doctor --only san-route-lost-since-boot,handover-wan-before-san -v >/run/lab/timeline.txt || true
cat /run/lab/timeline.txt
grep -q '^warning san-route-lost-since-boot: the SAN route was lost' /run/lab/timeline.txt
grep -q 'systemd-networkd.service .*lost' /run/lab/timeline.txt
# And by what.
tr -s ' \n' ' ' </run/lab/timeline.txt >/run/lab/timeline.line
grep 'the kernel has no route to it; by: route removed: ' /run/lab/timeline.line
# In the gap the WAN got its default route, which took the session's packets once their address was back.
dmesg | grep 'isctpl: .*portal 100.97.0.10:3260: default via 185.90.50.245 dev enp0s4'
