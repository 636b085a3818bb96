edit_image 'find . -name "crc32c*.ko*" -delete'
