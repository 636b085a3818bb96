cmdline "iscsi_auto edd=off"
ifupdown_wan
update_image
