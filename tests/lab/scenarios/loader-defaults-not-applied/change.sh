sed -i 's/^GRUB_CMDLINE_LINUX="/&net.ifnames=0 /' /etc/default/grub
