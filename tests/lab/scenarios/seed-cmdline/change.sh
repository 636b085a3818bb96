cmdline "iscsi_firmware ip=ibft edd=off"
