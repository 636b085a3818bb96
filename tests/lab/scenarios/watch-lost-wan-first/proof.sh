# The watch saw the whole start, and doctor tells it.
/run/lab/isctpl doctor --only san-route-lost-since-boot,handover-wan-before-san -v >/run/lab/timeline.txt || true
cat /run/lab/timeline.txt
grep -q '^warning san-route-lost-since-boot: the SAN route was lost' /run/lab/timeline.txt
grep -q 'systemd-networkd.service .*lost' /run/lab/timeline.txt
# Until the lease came, the WAN's default route answered; and what took the SAN's away.
tr -s ' \n' ' ' </run/lab/timeline.txt >/run/lab/timeline.line
grep 'default via 185.90.50.245 dev enp0s4' /run/lab/timeline.line
grep 'by: route removed: ' /run/lab/timeline.line
