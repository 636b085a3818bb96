# The root is there as soon as its disk is; that it is mounted half a minute later is the wait.
at() { dmesg | sed -n "s/^\[ *\([0-9]*\)\..*$1.*/\1/p" | tail -n 1; }
attached=$(at 'Attached SCSI disk')
mounted=$(at 'EXT4-fs (dm-0): mounted filesystem')
[ $((mounted - attached)) -ge 25 ]
