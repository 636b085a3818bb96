ROOT=/dev/mapper/template--vg-root update_grub
