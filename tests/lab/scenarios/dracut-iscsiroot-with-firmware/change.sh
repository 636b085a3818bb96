cmdline "rd.iscsi.firmware=1 rd.iscsi.ibft=1 rd.route=100.97.0.0/16:100.64.16.49:ibft0 rd.retry=60 iscsiroot=100.97.0.10::3260:2f:iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4 edd=off"
