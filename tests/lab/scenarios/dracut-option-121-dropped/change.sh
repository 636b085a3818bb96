cmdline "rd.iscsi.firmware=1 rd.iscsi.ibft=1 rd.retry=60 edd=off"
