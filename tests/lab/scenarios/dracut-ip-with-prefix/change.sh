cmdline "rd.iscsi.firmware=1 ip=100.64.16.54/29:100.64.16.49 rd.route=100.97.0.0/16:100.64.16.49 rd.retry=60 edd=off"
