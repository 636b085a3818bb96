# What Debian's installer leaves when it has installed to a LUN: the target, and no account.
cat >/etc/iscsi/iscsi.initramfs <<'ISCSI'
ISCSI_TARGET_NAME="iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4"
ISCSI_TARGET_IP="100.97.0.10"
ISCSI_TARGET_PORT="3260"
ISCSI
chmod 600 /etc/iscsi/iscsi.initramfs
update_image
cmdline "edd=off"
