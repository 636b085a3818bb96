echo 'devices { global_filter = [ "a|^/dev/nvme|", "r|.*|" ] }' >/etc/lvm/lvmlocal.conf
