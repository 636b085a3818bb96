edit_image 'find . -name "libopeniscsiusr.so*" -delete'
