cmdline "iscsi_target_name=iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4 iscsi_target_ip=100.97.0.10 ip=dhcp edd=off"
