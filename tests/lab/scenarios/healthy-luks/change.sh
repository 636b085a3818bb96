export ROOT=/dev/mapper/root_crypt
cmdline "iscsi_auto edd=off"
ifupdown_wan
update_image
