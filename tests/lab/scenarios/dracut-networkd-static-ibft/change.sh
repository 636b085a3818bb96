cmdline "rd.iscsi.firmware=1 rd.iscsi.ibft=1 rd.neednet=1 edd=off"
