edit_image 'find . -path "*/drivers/net/*" -name "virtio_net.ko*" -delete'
