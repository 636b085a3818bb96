mkdir /boot/efi/EFI/debian
mv /boot/efi/EFI/BOOT/BOOTX64.EFI /boot/efi/EFI/debian/grubx64.efi
rmdir /boot/efi/EFI/BOOT
