install network-manager </dev/null
cmdline "rd.iscsi.firmware=1 rd.iscsi.ibft=1 ip=ibft rd.neednet=1 edd=off"
ifupdown_wan
dracut_as_it_needs
DRACUT_MODULES="iscsi network-manager" update_image
