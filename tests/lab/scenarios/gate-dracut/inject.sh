. /root/gate.sh
image=/boot/initrd.img-$(uname -r)
kernel=/boot/vmlinuz-$(uname -r)
# A sound machine is let through.
touch -d @0 /run/lab/changed
told 0
cp "$image" /root/sound
# An image that lacks what logs in. dracut by hand runs no hook; the change itself is followed.
change
dracut --force --no-kernel --modules base "$image" "$(uname -r)" >/run/lab/update.txt 2>&1
told 2
grep 'initramfs-' /run/lab/gate.txt
journalctl -b -u isctpl-gate.service | grep 'reboots are held: '
refused
systemctl show -P Description reboot.target | grep 'which isctpl gate holds: '
# It is fixed, and let through.
change
cp /root/sound "$image"
told 0
# A kernel without its image: passed over by one command, and held again once it was fixed and breaks anew.
change
mv "$image" "$image.away"
told 2
grep 'loader-initrd-missing' /run/lab/gate.txt
refused
isctpl gate pass
told 0
systemctl show -P RefuseManualStart reboot.target | grep no
change
mv "$image.away" "$image"
told 0
change
rm -f "$kernel"
told 2
refused
