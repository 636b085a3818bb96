apt-get purge -y -q gawk
update_image
