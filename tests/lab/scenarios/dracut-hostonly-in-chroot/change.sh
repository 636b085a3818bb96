dracut --force --hostonly --add network-legacy "/boot/initrd.img-$(version)" "$(version)"
