ROOT=/dev/mapper/ubuntu--vg-root--lv update_grub
