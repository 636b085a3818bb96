apt-get purge -y -q thin-provisioning-tools
update_image
