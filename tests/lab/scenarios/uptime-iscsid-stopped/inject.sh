systemctl stop iscsid.socket iscsid.service
