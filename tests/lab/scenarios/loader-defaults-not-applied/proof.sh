grep net.ifnames=0 /etc/default/grub
! grep net.ifnames=0 /proc/cmdline
