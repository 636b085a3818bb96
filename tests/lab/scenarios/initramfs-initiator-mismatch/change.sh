# Packed again, it stays for root alone to read.
umask 077
edit_image 'echo InitiatorName=iqn.1993-08.org.debian:01:9a3c14e0b57 >etc/initiatorname.iscsi'
