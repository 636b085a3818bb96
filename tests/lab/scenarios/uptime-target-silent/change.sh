# What the README recommends for a root; iscsid takes the session over with it.
sed -i 's/^node.conn\[0\].timeo.noop_out_interval = .*/node.conn[0].timeo.noop_out_interval = 0/
s/^node.conn\[0\].timeo.noop_out_timeout = .*/node.conn[0].timeo.noop_out_timeout = 0/' /etc/iscsi/iscsid.conf
