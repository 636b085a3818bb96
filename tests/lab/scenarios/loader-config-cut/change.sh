sed -i '/echo.*Loading Linux/,$d' /boot/grub/grub.cfg
