edit_image 'find . -name "dm-raid.ko*" -delete'
