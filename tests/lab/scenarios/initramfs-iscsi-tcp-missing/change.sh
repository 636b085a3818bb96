edit_image 'find . -name "iscsi_tcp.ko*" -delete'
