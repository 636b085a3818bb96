rm "/boot/vmlinuz-$(version)"
