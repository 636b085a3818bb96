# ifupdown's own settings would be in the way of ifupdown2's.
install -o Dpkg::Options::=--force-confnew ifupdown2 </dev/null
ifupdown_san
