//! Where secrets stand: in every file that may hold one, in odd forms, and under names that nobody knows.

/// The canary in every file of a root that may hold a secret.
pub(crate) const PLACES: &str = r#"
f 0600 /etc/iscsi/iscsid.conf
| node.session.auth.authmethod = CHAP
| node.session.auth.username = user
| node.session.auth.password = CANARY-SECRET
| node.session.auth.password_in=CANARY-SECRET
| discovery.sendtargets.auth.password = CANARY-SECRET
f 0600 /etc/iscsi/iscsi.initramfs
| ISCSI_AUTO=true
| ISCSI_USERNAME="user"
| ISCSI_PASSWORD="CANARY-SECRET"
| ISCSI_IN_PASSWORD=CANARY-SECRET
f 0600 /etc/iscsi/nodes/iqn.2013-01.com.bigstep:storage/100.97.0.10,3260,1/default
| # BEGIN RECORD 2.1.8
| node.name = iqn.2013-01.com.bigstep:storage
| node.startup = onboot
| node.conn[0].address = 100.97.0.10
| node.session.auth.password = CANARY-SECRET
| # END RECORD
f 0600 /var/lib/iscsi/nodes/iqn.2013-01.com.bigstep:storage/100.97.0.10,3260,1/default
| node.session.auth.password_in = CANARY-SECRET
f 0600 /etc/default/grub
| GRUB_CMDLINE_LINUX="iscsi_auto iscsi_password=CANARY-SECRET netroot=iscsi:user:CANARY-SECRET@100.97.0.10::3260:47:iqn.x"
f 0600 /boot/grub/grub.cfg
| set default="0"
| set password_of=CANARY-SECRET
| password user CANARY-SECRET
| menuentry 'Fixture Linux' {
| 	linux /vmlinuz-6.1.0-50-amd64 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto iscsi_password=CANARY-SECRET iscsi_in_password="CANARY-SECRET" rd.iscsi.password=CANARY-SECRET rd.iscsi.in.password=CANARY-SECRET root=iscsi:user:CANARY-SECRET:user2:CANARY-SECRET@100.97.0.10::3260:47:iqn.x netroot=iscsi:user:CANARY-SECRET@100.97.0.10::3260:47:iqn.x iscsiroot=user:CANARY-SECRET@100.97.0.10::::iqn.x
| 	initrd /initrd.img-6.1.0-50-amd64
| }
f 0600 /boot/grub/grubenv
| # GRUB Environment Block
| kernelopts=root=/dev/sda rd.iscsi.password=CANARY-SECRET
f 0600 /boot/loader/entries/a.conf
| title A
| linux /vmlinuz-6.1.0-50-amd64
| options rd.iscsi.password=CANARY-SECRET netroot=iscsi:u:CANARY-SECRET@1.2.3.4::::iqn.x
f 0600 /etc/kernel/cmdline
| rd.iscsi.password=CANARY-SECRET
f 0600 /var/lib/dhcp/dhclient.leases
| lease {
|   interface "enp0s3";
|   fixed-address 100.64.16.54;
|   option root-path "iscsi:user:CANARY-SECRET@100.97.0.10::::iqn.x";
|   option unknown-190 "CANARY-SECRET";
|   option subnet-mask 255.255.255.248;
|   expire never;
| }
f 0600 /run/net-enp0s3.conf
| DEVICE='enp0s3'
| PROTO='dhcp'
| IPV4ADDR='100.64.16.54'
| ROOTPATH='iscsi:user:CANARY-SECRET@100.97.0.10::::iqn.x'
f 0600 /run/systemd/netif/leases/2
| ADDRESS=100.64.16.54
| ROOT_PATH=iscsi:user:CANARY-SECRET@100.97.0.10::::iqn.x
f 0600 /etc/netplan/50.yaml
| network:
|   version: 2
|   wifis:
|     wlan0:
|       access-points:
|         "net": {password: "CANARY-SECRET"}
|   ethernets:
|     enp0s9:
|       dhcp4: true
|       auth: {password: CANARY-SECRET}
f 0600 /etc/netplan/60-bad.yaml
| network:
|   ethernets:
|     x: {auth: {password: CANARY-SECRET
f 0600 /etc/NetworkManager/system-connections/a.nmconnection
| [connection]
| id=a
| type=wifi
| [wifi-security]
| psk=CANARY-SECRET
| [802-1x]
| password=CANARY-SECRET
f 0600 /etc/network/interfaces
| auto lo
| iface lo inet loopback
| iface wlan0 inet dhcp
|   wpa-psk CANARY-SECRET
f 0644 /etc/systemd/system/login.service
| [Service]
| ExecStart=/usr/sbin/iscsiadm -m node --op update -n node.session.auth.password -v CANARY-SECRET
| ExecStop=/usr/sbin/iscsiadm -m node -u
| [Install]
| WantedBy=multi-user.target
l /etc/systemd/system/multi-user.target.wants/login.service /etc/systemd/system/login.service
f 0600 /root/.bash_history
| iscsiadm -m node -o update -n node.session.auth.password -v CANARY-SECRET
"#;

/// The canary inside the image.
pub(crate) const IN_IMAGE: &str = r#"
f 0600 /etc/iscsi.initramfs
| ISCSI_AUTO=true
| ISCSI_PASSWORD=CANARY-SECRET
f 0600 /etc/iscsi/iscsid.conf
| node.session.auth.password = CANARY-SECRET
f 0600 /etc/cmdline.d/10-odd.conf
| ISCSI_PASSWORD=CANARY-SECRET rd.iscsi.param=node.session.auth.password=CANARY-SECRET 'iscsi_password=half CANARY-SECRET'
| RD.ISCSI.PASSWORD="half CANARY-SECRET" iscsi_password="half CANARY-SECRET
f 0600 /etc/cmdline.d/20-iscsi.conf
| netroot=iscsi:user:CANARY-SECRET@100.97.0.10::3260:47:iqn.x rd.iscsi.password=CANARY-SECRET
f 0600 /etc/iscsi/nodes/iqn.x/100.97.0.10,3260,1/default
| node.session.auth.password = CANARY-SECRET
"#;

/// The canary inside the image, under names that say nothing of a secret.
pub(crate) const UNKNOWN_IN_IMAGE: &str = r#"
f 0600 /etc/cmdline.d/30-unknown.conf
| WORDS
f 0600 /etc/cmdline
| WORDS
f 0600 /conf/conf.d/mine
| MINE=CANARY-SECRET
f 0755 /scripts/local-top/mine
| #!/bin/sh
| MINE=CANARY-SECRET iscsistart -i a -t b -x CANARY-SECRET CANARY-SECRET
f 0644 /etc/systemd/system/login.service
| [Service]
| ExecStart=/sbin/none CANARY-SECRET --mine=CANARY-SECRET
f 0644 /usr/lib/dracut/build-parameter.txt
|  --kernel-cmdline 'CANARY-SECRET' --mine CANARY-SECRET
"#;

/// The canary in odd forms: quoted, continued, mistyped, behind variables, and where somebody forgot a quote, so
/// that one value runs into the next.
pub(crate) const ODD_PLACES: &str = r#"
f 0600 /etc/iscsi/iscsid.conf
| node.session.auth.PASSWORD = "half CANARY-SECRET
| node.session.auth.password CANARY-SECRET
| password=CANARY-SECRET more = CANARY-SECRET
| #node.session.auth.password = CANARY-SECRET
f 0600 /etc/iscsi/iscsi.initramfs
| ISCSI_AUTO=true
| ISCSI_INITIATOR="iqn.2013-01.com.example:open
| ISCSI_PASSWORD="CANARY-SECRET"
| ISCSI_TARGET_NAME=iqn.x
f 0600 /etc/default/grub
| GRUB_CMDLINE_LINUX="iscsi_auto iscsi_password='half CANARY-SECRET' rd.iscsi.password=\"half CANARY-SECRET\""
| GRUB_CMDLINE_LINUX_DEFAULT="ISCSI_PASSWORD=half\ CANARY-SECRET iscsi_password = CANARY-SECRET"
| GRUB_DEFAULT="0
| GRUB_CMDLINE_LINUX="iscsi_password=CANARY-SECRET"
| . "/etc/x
| iscsi_password=CANARY-SECRET
f 0600 /etc/default/grub.d/a.cfg
| . "/etc/x
| iscsi_password=CANARY-SECRET
f 0600 /boot/grub/grub.cfg
| set default="0"
| set chap=CANARY-SECRET
| set line="ro iscsi_in_password=CANARY-SECRET netroot=iscsi:user:CANARY-SECRET@1.2.3.4::::iqn.x"
| load_env
| source "$iscsi_password"
| source "/boot/password=CANARY-SECRET"
| menuentry "Fixture password=CANARY-SECRET" --id "password=CANARY-SECRET" {
| 	linux "/vmlinuz-6.1.0-50-amd64 iscsi_password=CANARY-SECRET" iscsi_password=$chap $line $kernelopts \
| 		ISCSI_PASSWORD='half "CANARY-SECRET' "iscsi_password"=CANARY-SECRET rd.iscsi.param=node.session.auth.password=CANARY-SECRET
| 	initrd /initrd.img-6.1.0-50-amd64 password=CANARY-SECRET
| }
f 0600 /boot/grub/grubenv
| # GRUB Environment Block
| kernelopts=root=/dev/sda RD.ISCSI.PASSWORD=CANARY-SECRET netroot="iscsi:user:CANARY-SECRET@1.2.3.4::::iqn.x"
| iscsi_password=CANARY-SECRET
| chap_secret=CANARY-SECRET
f 0600 /boot/loader/entries/a.conf
| title A password=CANARY-SECRET
| linux /vmlinuz-6.1.0-50-amd64 rd.iscsi.password=CANARY-SECRET
| options iscsi_password="half CANARY-SECRET" 'iscsi_password=half CANARY-SECRET'
f 0600 /etc/kernel/cmdline
| RD.ISCSI.PASSWORD="half CANARY-SECRET"
| rd.iscsi.in.password=CANARY-SECRET
f 0600 /etc/fstab
| /dev/mapper/ubuntu--vg-ubuntu--lv / ext4 defaults,_netdev 0 1
| //nas/share /mnt cifs username=user,password=CANARY-SECRET,pass=CANARY-SECRET 0 0
| https://user:CANARY-SECRET@nas/dav /dav davfs _netdev 0 0
| //user:CANARY-SECRET@nas/share /mnt2 cifs _netdev 0 0
f 0600 /var/lib/dhcp/dhclient.leases
| lease {
|   interface "enp0s3
|   option root-path "iscsi:user:CANARY-SECRET@100.97.0.10::::iqn.x";
|   fixed-address 100.64.16.54;
| }
f 0600 /etc/dhcp/dhclient.conf
| key k { algorithm hmac-md5; secret CANARY-SECRET }
| send host-name "password=CANARY-SECRET"
| timeout CANARY-SECRET;
f 0600 /etc/netplan/50.yaml
| network:
|   ethernets:
|     enp0s9:
|       gateway4: "10.0.0.1
|       auth: {password: CANARY-SECRET, identity: x}"
|       routes: [{to: "password: CANARY-SECRET"}]
f 0600 /etc/netplan/60-bad.yaml
| network:
|   ethernets:
|     x: {auth: {password: &CANARY-SECRET *CANARY-SECRETS
f 0600 /etc/netplan/61-bad.yaml
| network: {a: !CANARY-SECRET!x b}
f 0600 /etc/netplan/62-bad.yaml
| password: CANARY-SECRET: CANARY-SECRET
| CANARY-SECRET
|   x: [
f 0600 /etc/network/interfaces
| password=CANARY-SECRET
| iface enp0s9 inet static
|   address password=CANARY-SECRET
|   up iscsiadm -m node -o update -n node.session.auth.password -v CANARY-SECRET
|   post-up iscsiadm -m node -n node.session.auth.password --value="half CANARY-SECRET"
|   pre-up iscsistart -i a -t b -u user -w CANARY-SECRET
|   down curl -u user:CANARY-SECRET https://user:CANARY-SECRET@host/ --password 'half CANARY-SECRET'
|   source password=CANARY-SECRET$x
f 0600 /etc/sysconfig/network-scripts/ifcfg-eth7
| DEVICE=eth7
| KEY=CANARY-SECRET
| WPA_PSK="CANARY-SECRET"
| IPADDR="password=CANARY-SECRET"
| CANARY-SECRET
f 0600 /etc/sysconfig/network-scripts/keys-eth7
| KEY=CANARY-SECRET
f 0644 /etc/systemd/network/10.network
| [Match]
| Name=enp0s9
| KernelCommandLine=rd.iscsi.password=CANARY-SECRET
| [Network]
| Address=password=CANARY-SECRET
f 0644 /etc/systemd/system/login.service
| [Service]
| ExecStartPre=/usr/sbin/iscsistart -i a -t b -u user -w CANARY-SECRET -W CANARY-SECRET
| ExecStartPre=/usr/sbin/iscsiadm -m node -o update -n node.session.auth.password -v "half CANARY-SECRET"
| ExecStartPre=/usr/sbin/iscsiadm -m node -o update -n node.session.auth.password -v 'half\x20CANARY-SECRET'
| ExecStartPre=/usr/sbin/iscsiadm -m node -n node.session.auth.password "--value=half CANARY-SECRET"
| ExecStart=/bin/sh -c 'CHAP_PASS=CANARY-SECRET; iscsiadm -n $KEY -v "half CANARY-SECRET"; iscsiadm -m node -u'
| ExecStart=/bin/sh -c "printf 'node.session.auth.password = %%s' 'CANARY-SECRET'"
| ExecStop=/usr/sbin/iscsiadm -m node -u \
|   --value=CANARY-SECRET
| ExecStop=/usr/local/sbin/logout.sh
| [Install]
| WantedBy=multi-user.target
f 0755 /usr/local/sbin/logout.sh
| #!/bin/sh
| iscsiadm -m node -n node.session.auth.password -v 'half
| CANARY-SECRET' ; PASS=CANARY-SECRET iscsiadm -m node -u -v "half CANARY-SECRET" --value 'half CANARY-SECRET'
l /etc/rc0.d/K01logout /etc/init.d/logout
f 0755 /etc/init.d/logout
| #!/bin/sh
| iscsiadm -m node --logoutall=all -v CANARY-SECRET || iscsistart -w "half CANARY-SECRET"
"#;

/// Words that nobody knows: misspelt keys, keys of others, bare words, arguments of init.
pub(crate) const UNKNOWN_WORDS: &str = "iscsi_pasword=CANARY-SECRET rd.iscsi.passwrd=CANARY-SECRET chap=CANARY-SECRET \
     rd.iscsi.param=node.session.auth.pasword=CANARY-SECRET luks.options=CANARY-SECRET luks=/x=CANARY-SECRET \
     rootflags=username=u,pass=CANARY-SECRET,CANARY-SECRET inst.ks=https://u:CANARY-SECRET@h/ \
     x=https://CANARY-SECRET@h/ CANARY-SECRET CANARY-SECRET=1 CANARY-SECRET== root=CANARY-SECRET \
     netroot=iscsi:CANARY-SECRET@1.2.3.4::::iqn.x netroot=iscsi:u:CANARY-SECRET:1.2.3.4::::iqn.x \
     systemd.setenv=P=CANARY-SECRET iscsi_username=CANARY-SECRET resume=CANARY-SECRET \
     ds=nocloud;s=http://u:CANARY-SECRET@h/ network-config=CANARY-SECRET ip=https://u:CANARY-SECRET@h \
     -- CANARY-SECRET x=CANARY-SECRET CANARY-SECRET=CANARY-SECRET";

/// The canary under names that say nothing of a secret; `WORDS` stands for [`UNKNOWN_WORDS`].
pub(crate) const UNKNOWN_PLACES: &str = r#"
f 0600 /etc/default/grub
| GRUB_CMDLINE_LINUX="iscsi_auto WORDS"
| GRUB_CMDLINE_LINUX_DEFAULT="quiet WORDS"
f 0600 /boot/grub/grub.cfg
| set default="${chosen}"
| set chosen=CANARY-SECRET
| menuentry 'Fixture Linux' --id 'x=CANARY-SECRET' {
| 	linux /vmlinuz-6.1.0-50-amd64 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto WORDS
| 	initrd /initrd.img-6.1.0-50-amd64 CANARY-SECRET
| }
f 0600 /boot/grub/grubenv
| # GRUB Environment Block
| kernelopts=WORDS
| mine=CANARY-SECRET
f 0600 /boot/loader/entries/a.conf
| title A
| linux /vmlinuz-6.1.0-50-amd64
| options WORDS
| options $mine
f 0600 /etc/kernel/cmdline
| WORDS
f 0600 /etc/iscsi/iscsid.conf
| node.session.auth.pasword = CANARY-SECRET
| mine = CANARY-SECRET
| CANARY-SECRET
f 0600 /etc/iscsi/iscsi.initramfs
| ISCSI_AUTO=true
| ISCSI_PASWORD=CANARY-SECRET
| MINE=CANARY-SECRET
| CANARY-SECRET
f 0600 /etc/iscsi/nodes/iqn.2013-01.com.bigstep:storage/100.97.0.10,3260,1/default
| # BEGIN RECORD 2.1.8
| node.name = iqn.2013-01.com.bigstep:storage
| node.session.auth.pasword = CANARY-SECRET
| mine = CANARY-SECRET
| # END RECORD
f 0600 /etc/fstab
| /dev/mapper/ubuntu--vg-ubuntu--lv / ext4 defaults,_netdev,mine=CANARY-SECRET,CANARY-SECRET 0 1
| //nas/share /mnt cifs user=u,pasword=CANARY\\040CANARY-SECRET,credentials=/x,password2=CANARY-SECRET 0 0
| sshfs#u:CANARY-SECRET@nas:/ /mnt3 fuse _netdev 0 0
| ftp://CANARY-SECRET@nas/ /mnt4 curlftpfs mine 0 0
f 0600 /etc/crypttab
| data UUID=1 CANARY-SECRET luks,mine=CANARY-SECRET
f 0600 /etc/netplan/50.yaml
| network:
|   version: 2
|   ethernets:
|     enp0s9: {dhcp4: "CANARY-SECRET", mtu: "CANARY-SECRET", addresses: ["CANARY-SECRET"], mine: CANARY-SECRET}
|   modems: {cdc0: {pin: CANARY-SECRET, apn: CANARY-SECRET}}
|   tunnels: {wg0: {mode: wireguard, key: CANARY-SECRET, peers: [{keys: {shared: CANARY-SECRET}}]}}
f 0600 /etc/NetworkManager/system-connections/a.nmconnection
| [connection]
| id=a
| type=ethernet
| [ethernet]
| mtu=CANARY-SECRET
| [match]
| kernel-command-line=WORDS
| [ipv4]
| method=auto
| address1=CANARY-SECRET
| route1=CANARY-SECRET
| [vpn-secrets]
| mine=CANARY-SECRET
f 0600 /etc/NetworkManager/conf.d/a.conf
| [device]
| match-device=CANARY-SECRET=CANARY-SECRET
| mine=CANARY-SECRET
f 0600 /etc/network/interfaces
| auto enp0s9
| iface enp0s9 inet dhcp
|   mine CANARY-SECRET
|   mtu CANARY-SECRET
|   up echo CANARY-SECRET | wpa_cli -i wlan0 CANARY-SECRET
|   post-up wpa_passphrase net CANARY-SECRET > /etc/CANARY=CANARY-SECRET
|   post-up MINE=CANARY-SECRET /usr/local/bin/connect CANARY-SECRET -xCANARY-SECRET --mine CANARY-SECRET --mine=CANARY-SECRET
|   down ip route del default ; curl https://CANARY-SECRET@host/ -H 'Authorization: Bearer CANARY-SECRET'
f 0600 /etc/sysconfig/network-scripts/ifcfg-eth7
| DEVICE=eth7
| MTU=CANARY-SECRET
| IPADDR=CANARY-SECRET
| MINE=CANARY-SECRET
f 0644 /etc/systemd/network/10.network
| [Match]
| Name=enp0s9
| KernelCommandLine=CANARY-SECRET
| Credential=CANARY-SECRET
| Mine=CANARY-SECRET
| [Link]
| MTUBytes=CANARY-SECRET
| [Network]
| Address=CANARY-SECRET
| [Route]
| Destination=CANARY-SECRET
| CANARY-SECRET
f 0644 /etc/systemd/network/20.netdev
| [NetDev]
| Name=wg0
| Kind=wireguard
| [WireGuard]
| PrivateKey=CANARY-SECRET
f 0644 /etc/systemd/system/login.service
| [Service]
| Environment=MINE=CANARY-SECRET "OTHER=half CANARY-SECRET"
| EnvironmentFile=/etc/CANARY-SECRET
| ExecStartPre=/usr/local/bin/connect CANARY-SECRET -x CANARY-SECRET --mine=CANARY-SECRET
| ExecStartPre=/usr/sbin/iscsistart -i a -t b -u CANARY-SECRET -x CANARY-SECRET
| ExecStart=/bin/sh -c 'echo CANARY-SECRET | connect; MINE="half CANARY-SECRET" iscsiadm -m node -u CANARY-SECRET'
| ExecStop=/usr/sbin/iscsiadm -m node -u --mine CANARY-SECRET MINE=CANARY-SECRET
| [Install]
| WantedBy=multi-user.target
l /etc/systemd/system/multi-user.target.wants/login.service /etc/systemd/system/login.service
l /etc/rc0.d/K01logout /etc/init.d/logout
f 0755 /etc/init.d/logout
| #!/bin/sh
| MINE=CANARY-SECRET iscsiadm -m node --logoutall=all CANARY-SECRET "half CANARY-SECRET" # CANARY-SECRET
f 0755 /etc/dhcp/dhclient-exit-hooks.d/mine
| MINE=CANARY-SECRET connect CANARY-SECRET $new_rfc3442_classless_static_routes
f 0600 /etc/dhcp/dhclient.conf
| send dhcp-client-identifier "CANARY-SECRET";
| option mine "CANARY-SECRET";
f 0600 /var/lib/dhcp/dhclient.leases
| lease {
|   interface "enp0s3";
|   fixed-address 100.64.16.54;
|   option root-path "CANARY-SECRET";
|   option mine "CANARY-SECRET";
|   expire CANARY-SECRET;
| }
f 0600 /etc/lvm/lvm.conf
| mine = "CANARY-SECRET"
| devices { mine = [ "CANARY-SECRET" ] }
f 0600 /etc/iptables/rules.v4
| *filter
| :INPUT DROP [0:0]
| :OUTPUT ACCEPT [0:0]
| -A INPUT -p tcp --sport 3260 -m comment --comment "CANARY-SECRET" -j DROP
| -A INPUT -m string --string CANARY-SECRET --algo bm -j DROP
| -A INPUT CANARY-SECRET
| COMMIT
f 0755 /etc/nftables.conf
| table inet filter {
|   chain input { type filter hook input priority 0; policy drop; comment "CANARY-SECRET"
|     tcp sport 3260 log prefix "CANARY-SECRET" drop comment "CANARY-SECRET"
|   }
| }
f 0644 /usr/lib/systemd/system/nftables.service
| [Service]
| ExecStart=/usr/sbin/nft -f /etc/nftables.conf
l /etc/systemd/system/sysinit.target.wants/nftables.service /usr/lib/systemd/system/nftables.service
f 0644 /usr/lib/systemd/system/netfilter-persistent.service
| [Service]
| ExecStart=/usr/sbin/netfilter-persistent start
l /etc/systemd/system/multi-user.target.wants/netfilter-persistent.service /usr/lib/systemd/system/netfilter-persistent.service
f 0644 /etc/udev/rules.d/70-persistent-net.rules
| SUBSYSTEM=="net", ENV{MINE}=="CANARY-SECRET", ATTR{address}=="CANARY-SECRET", NAME="eth0", RUN+="/bin/x CANARY-SECRET"
f 0644 /etc/sysctl.d/a.conf
| net.ipv4.mine = CANARY-SECRET
| CANARY-SECRET
f 0644 /etc/modules-load.d/a.conf
| mine CANARY-SECRET
f 0644 /etc/modprobe.d/a.conf
| options mine key=CANARY-SECRET
f 0644 /etc/dracut.conf.d/a.conf
| kernel_cmdline+=" WORDS "
| mine="CANARY-SECRET"
"#;
