cat >/usr/local/sbin/interfaces <<'SCRIPT'
#!/bin/sh
for interface in /sys/class/net/en*; do ip link set "${interface##*/}" "$1"; done
SCRIPT
chmod 755 /usr/local/sbin/interfaces
cat >/etc/systemd/system/interfaces.service <<'UNIT'
[Unit]
Before=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/interfaces up
ExecStop=/usr/local/sbin/interfaces down

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable interfaces.service
