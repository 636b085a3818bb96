cmdline "rd.iscsi.firmware=1 rd.iscsi.ibft=1 rd.route=100.97.0.0/16:100.64.16.49:ibft0 rd.retry=60 resume=UUID=0b4d2a55-61a8-4c56-9a53-2f0b6a3c7e10 edd=off"
