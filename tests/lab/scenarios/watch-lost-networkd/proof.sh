# The watch saw the whole start, and doctor tells it.
/run/lab/isctpl doctor --only san-route-lost-since-boot -v >/run/lab/timeline.txt || true
cat /run/lab/timeline.txt
grep -q '^warning san-route-lost-since-boot: the SAN route was lost' /run/lab/timeline.txt
grep -q 'systemd-networkd.service .*lost' /run/lab/timeline.txt
# And by what.
tr -s ' \n' ' ' </run/lab/timeline.txt >/run/lab/timeline.line
grep 'by: route removed: ' /run/lab/timeline.line
