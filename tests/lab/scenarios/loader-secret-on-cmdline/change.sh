cmdline "iscsi_auto edd=off iscsi_username=GMBYHg5keXknd iscsi_password=WpccjYD9NgYhR"
