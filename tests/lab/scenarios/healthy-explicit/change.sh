cat >/etc/iscsi/iscsi.initramfs <<'ISCSI'
ISCSI_USERNAME="GMBYHg5keXknd"
ISCSI_PASSWORD="WpccjYD9NgYhR"
ISCSI
chmod 600 /etc/iscsi/iscsi.initramfs
echo UMASK=0077 >/etc/initramfs-tools/conf.d/umask
ifupdown_wan auto
update_image
cmdline "iscsi_target_name=iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4 iscsi_target_ip=100.97.0.10 ip=:::::enp0s3:dhcp edd=off"
