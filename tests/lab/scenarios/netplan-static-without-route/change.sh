cat >/etc/netplan/50-instance.yaml <<'NETPLAN'
network:
  version: 2
  renderer: networkd
  ethernets:
    san:
      match: {macaddress: "52:54:00:00:00:01"}
      addresses: [100.64.16.54/29]
    wan:
      match: {macaddress: "52:54:00:00:00:02"}
      dhcp4: true
NETPLAN
