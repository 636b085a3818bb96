edit_image 'find . -name "ext4.ko*" -delete'
