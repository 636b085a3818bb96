apt-get purge -y -q lvm2
update_image
