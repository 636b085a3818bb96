install systemd-boot-efi binutils </dev/null
command cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi /boot/efi/EFI/BOOT/BOOTX64.EFI
mkdir -p /boot/efi/loader /boot/efi/EFI/Linux
printf 'timeout 1\n' >/boot/efi/loader/loader.conf
printf %s "root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto edd=off console=ttyS0" >/tmp/cmdline
# systemd-stub with the parts behind it, each at the next page.
stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
place=0
while read -r _ name size start _; do
    if [[ $name == .* ]] && ((0x$start + 0x$size > place)); then place=$((0x$start + 0x$size)); fi
done < <(objdump -h $stub)
parts=()
for part in ".osrel /etc/os-release" ".cmdline /tmp/cmdline" ".linux /boot/vmlinuz-$(version)" ".initrd /boot/initrd.img-$(version)"; do
    place=$(((place + 4095) / 4096 * 4096))
    parts+=(--add-section "${part% *}=${part#* }" --change-section-vma "${part% *}=$place")
    place=$((place + $(stat -L -c %s "${part#* }")))
done
objcopy "${parts[@]}" $stub "/boot/efi/EFI/Linux/debian-$(version).efi"
rm /tmp/cmdline
rm -r /boot/grub /etc/default/grub
