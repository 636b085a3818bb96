# The watch saw the whole start, and doctor tells it.
/run/lab/isctpl doctor --only san-route-lost-since-boot -v >/run/lab/timeline.txt || true
cat /run/lab/timeline.txt
grep -q '^pass san-route-lost-since-boot: no gap' /run/lab/timeline.txt
grep -q 'systemd-networkd.service .*held' /run/lab/timeline.txt
