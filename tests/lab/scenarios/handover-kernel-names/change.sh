cmdline "iscsi_auto edd=off net.ifnames=0"
