grep -c iscsi_password= /proc/cmdline
[ "$(stat -c %a /proc/cmdline)" = 444 ]
