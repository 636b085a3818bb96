cmdline "iscsi_auto edd=off rootflags=subvol=@rootfs"
