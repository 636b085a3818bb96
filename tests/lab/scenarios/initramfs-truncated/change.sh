image=/boot/initrd.img-$(version)
truncate --size=$(($(stat --format=%s "$image") * 2 / 3)) "$image"
