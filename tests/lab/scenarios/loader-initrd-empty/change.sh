: >"/boot/initrd.img-$(version)"
