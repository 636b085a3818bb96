systemctl enable open-iscsi.service
