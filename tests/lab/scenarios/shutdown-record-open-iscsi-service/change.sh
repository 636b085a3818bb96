systemctl enable open-iscsi.service
discovered_record
