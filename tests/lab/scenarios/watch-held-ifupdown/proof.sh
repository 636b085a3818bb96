# The watch saw the whole start, and doctor tells it.
/run/lab/isctpl doctor --only san-route-lost-since-boot -v >/run/lab/timeline.txt || true
cat /run/lab/timeline.txt
grep -q '^pass san-route-lost-since-boot: no gap' /run/lab/timeline.txt
grep -q 'networking.service .*held' /run/lab/timeline.txt
# The service that monitoring asks, fenced in as it is, comes to what doctor says here.
systemctl start isctpl-doctor.service
cat /run/isctpl/isctpl.prom
grep '^isctpl_boot_verdict{verdict="boots"} 1$' /run/isctpl/isctpl.prom
/run/lab/isctpl doctor --format json >/run/lab/by-hand.json || true
grep -E '^ *"(check|outcome)": ' /run/isctpl/doctor.json >/run/lab/by-the-service.txt
grep -E '^ *"(check|outcome)": ' /run/lab/by-hand.json >/run/lab/by-hand.txt
diff /run/lab/by-the-service.txt /run/lab/by-hand.txt
