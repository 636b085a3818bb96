# The package says nothing of it: dracut copies the unit, and not the script that the unit runs first.
rm /etc/dracut.conf.d/10-iscsi.conf
update_image
