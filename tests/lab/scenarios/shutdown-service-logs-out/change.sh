service_that_stops_with "/sbin/iscsiadm -m session -u"
