# ifupdown's own settings would be in the way of ifupdown2's.
rm /etc/default/networking
install ifupdown2
ifupdown_san
