edit_image 'mv "usr/lib/modules/$(version)" usr/lib/modules/6.1.0-41-amd64'
