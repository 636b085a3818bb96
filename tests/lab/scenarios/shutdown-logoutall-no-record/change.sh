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
