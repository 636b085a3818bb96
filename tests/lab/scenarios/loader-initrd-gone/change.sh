rm "/boot/initrd.img-$(version)"
