cat >/etc/systemd/system/san-logout.service <<'UNIT'
[Unit]
Description=Log out of the SAN before the network goes
After=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/sbin/iscsiadm -m node --logoutall=all

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable san-logout.service
record=/etc/iscsi/nodes/iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4/100.97.0.10,3260,1
mkdir -p "$record"
# As a sendtargets discovery writes it.
cat >"$record/default" <<'RECORD'
# BEGIN RECORD 2.1.8
node.name = iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4
node.tpgt = 1
node.startup = automatic
node.leading_login = No
iface.iscsi_ifacename = default
iface.transport_name = tcp
node.discovery_address = 100.97.0.10
node.discovery_port = 3260
node.discovery_type = send_targets
node.session.initial_cmdsn = 0
node.session.auth.authmethod = CHAP
node.conn[0].address = 100.97.0.10
node.conn[0].port = 3260
node.conn[0].startup = manual
# END RECORD
RECORD
