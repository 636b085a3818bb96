install multipath-tools multipath-tools-boot </dev/null
# One path is enough to make a map of.
printf 'defaults {\n\tfind_multipaths no\n\tuser_friendly_names yes\n}\n' >/etc/multipath.conf
cmdline "iscsi_auto edd=off"
ifupdown_wan
update_image
