install nftables
cat >/etc/nftables.conf <<'RULES'
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
	chain output {
		type filter hook output priority 0; policy drop;
		oif "lo" accept
		udp dport { 53, 67, 123 } accept
		tcp dport { 22, 80, 443 } accept
	}
}
RULES
systemctl enable nftables.service
