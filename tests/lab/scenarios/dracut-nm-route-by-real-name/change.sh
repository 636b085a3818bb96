cmdline "rd.iscsi.firmware=1 rd.iscsi.ibft=1 rd.route=100.97.0.0/16:100.64.16.49:enp0s3 rd.neednet=1 edd=off"
