cat >>/boot/grub/grub.cfg <<'END'
menuentry 'System shutdown' --id off {
	halt
}
set default=off
END
