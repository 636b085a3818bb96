sed -i '/search --no-floppy/ s/=root .*/=root 0b3f6c0e-4f4e-4a61-8a33-0d7d2f0c9a52/' /boot/grub/grub.cfg
