install netplan.io
cmdline "iscsi_auto edd=off"
printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces
cat >/etc/netplan/50-instance.yaml <<'NETPLAN'
network:
  version: 2
  renderer: networkd
  ethernets:
    san:
      match: {macaddress: "52:54:00:00:00:01"}
      dhcp4: true
      critical: true
    wan:
      match: {macaddress: "52:54:00:00:00:02"}
      dhcp4: true
NETPLAN
chmod 600 /etc/netplan/50-instance.yaml
systemctl enable systemd-networkd.service
update_image
