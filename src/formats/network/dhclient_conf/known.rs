//! Options that dhclient knows without a declaration (version 4.4.3): name, code, and the form of a value.
//!
//! The letters of a form are those of `common/tables.c`: `I` an IPv4 address, `6` one of IPv6, `L` `S` `B` numbers,
//! `f` a flag, `t` a text, `X` a text or bytes, `d` a domain, `D` a list of them, `Z` nothing, `E…` another space's
//! options, `N…` one of some words, `A` and `a` an array, `o` what may be left out.

/// The code of the option Classless Static Route (RFC 3442).
pub(super) const CLASSLESS_CODE: u32 = 121;

/// The name that some builds of dhclient know for it without a declaration.
pub(crate) const BUILT_IN_CLASSLESS: &str = "classless-static-routes";

/// The options of DHCP.
pub(super) const DHCP: &str = "\
subnet-mask 1 I,time-offset 2 l,routers 3 IA,time-servers 4 IA,ien116-name-servers 5 IA,domain-name-servers 6 IA,\
log-servers 7 IA,cookie-servers 8 IA,lpr-servers 9 IA,impress-servers 10 IA,resource-location-servers 11 IA,\
host-name 12 t,boot-size 13 S,merit-dump 14 t,domain-name 15 t,swap-server 16 I,root-path 17 t,extensions-path 18 t,\
ip-forwarding 19 f,non-local-source-routing 20 f,policy-filter 21 IIA,max-dgram-reassembly 22 S,default-ip-ttl 23 B,\
path-mtu-aging-timeout 24 L,path-mtu-plateau-table 25 SA,interface-mtu 26 S,all-subnets-local 27 f,\
broadcast-address 28 I,perform-mask-discovery 29 f,mask-supplier 30 f,router-discovery 31 f,\
router-solicitation-address 32 I,static-routes 33 IIA,trailer-encapsulation 34 f,arp-cache-timeout 35 L,\
ieee802-3-encapsulation 36 f,default-tcp-ttl 37 B,tcp-keepalive-interval 38 L,tcp-keepalive-garbage 39 f,\
nis-domain 40 t,nis-servers 41 IA,ntp-servers 42 IA,vendor-encapsulated-options 43 E.,netbios-name-servers 44 IA,\
netbios-dd-server 45 IA,netbios-node-type 46 B,netbios-scope 47 t,font-servers 48 IA,x-display-manager 49 IA,\
dhcp-requested-address 50 I,dhcp-lease-time 51 L,dhcp-option-overload 52 B,dhcp-message-type 53 B,\
dhcp-server-identifier 54 I,dhcp-parameter-request-list 55 BA,dhcp-message 56 t,dhcp-max-message-size 57 S,\
dhcp-renewal-time 58 L,dhcp-rebinding-time 59 L,vendor-class-identifier 60 X,dhcp-client-identifier 61 X,\
nwip-domain 62 t,nwip-suboptions 63 Enwip.,nisplus-domain 64 t,nisplus-servers 65 IA,tftp-server-name 66 t,\
bootfile-name 67 t,mobile-ip-home-agent 68 IA,smtp-server 69 IA,pop-server 70 IA,nntp-server 71 IA,www-server 72 IA,\
finger-server 73 IA,irc-server 74 IA,streettalk-server 75 IA,streettalk-directory-assistance-server 76 IA,\
user-class 77 t,slp-directory-agent 78 fIa,slp-service-scope 79 fto,fqdn 81 Efqdn.,relay-agent-information 82 Eagent.,\
nds-servers 85 IA,nds-tree-name 86 t,nds-context 87 t,bcms-controller-names 88 D,bcms-controller-address 89 Ia,\
client-last-transaction-time 91 L,associated-ip 92 Ia,pxe-system-type 93 Sa,pxe-interface-id 94 BBB,\
pxe-client-id 97 BX,uap-servers 98 t,geoconf-civic 99 X,pcode 100 t,tcode 101 t,v6-only-preferred 108 L,\
netinfo-server-address 112 Ia,netinfo-server-tag 113 t,default-url 114 t,auto-config 116 B,name-service-search 117 Sa,\
subnet-selection 118 I,domain-search 119 D,vivco 124 Evendor-class.,vivso 125 Evendor.,pana-agent 136 Ia,v4-lost 137 d,\
capwap-ac-v4 138 Ia,sip-ua-cs-domains 141 Dc,ipv4-address-andsf 142 IA,rdnss-selection 146 BIID,\
tftp-server-address 150 Ia,v4-portparams 159 BBS,v4-captive-portal 160 t,loader-configfile 209 t,\
loader-pathprefix 210 t,loader-reboottime 211 L,option-6rd 212 BB6Ia,v4-access-domain 213 d";

/// The options of DHCP for IPv6. They may stand in a list of what is asked for, and are not asked for over IPv4.
pub(super) const DHCP6: &str = "\
client-id 1 X,server-id 2 X,ia-na 3 X,ia-ta 4 X,ia-addr 5 X,oro 6 SA,preference 7 B,elapsed-time 8 S,relay-msg 9 X,\
unicast 12 6,status-code 13 Nstatus-codes.to,rapid-commit 14 Z,vendor-opts 17 Evsio.,interface-id 18 X,\
reconf-msg 19 Ndhcpv6-messages.,reconf-accept 20 Z,sip-servers-names 21 D,sip-servers-addresses 22 6A,\
name-servers 23 6A,domain-search 24 D,ia-pd 25 X,ia-prefix 26 X,nis-servers 27 6A,nisp-servers 28 6A,\
nis-domain-name 29 D,nisp-domain-name 30 D,sntp-servers 31 6A,info-refresh-time 32 T,bcms-server-d 33 D,\
bcms-server-a 34 6A,geoconf-civic 36 X,remote-id 37 X,subscriber-id 38 X,fqdn 39 Efqdn6.,pana-agent 40 6A,\
new-posix-timezone 41 t,new-tzdb-timezone 42 t,ero 43 SA,lq-query 44 X,client-data 45 X,clt-time 46 L,\
lq-relay-data 47 6X,lq-client-link 48 6A,v6-lost 51 d,capwap-ac-v6 52 6a,relay-id 53 X,v6-access-domain 57 d,\
sip-ua-cs-list 58 D,bootfile-url 59 t,bootfile-param 60 X,client-arch-type 61 SA,nii 62 BBB,aftr-name 64 d,\
erp-local-domain-name 65 d,rdnss-selection 74 6BD,client-linklayer-addr 79 X,link-address 80 6,solmax-rt 82 L,\
inf-max-rt 83 L,dhcpv4-msg 87 X,dhcp4-o-dhcp6-server 88 6A,v6-captive-portal 103 t,relay-source-port 135 S,\
ipv6-address-andsf 143 6A";

/// The options of a host's full name.
pub(super) const FQDN: &str = "\
no-client-update 1 f,server-update 2 f,encoded 3 f,rcode1 4 B,rcode2 5 B,hostname 6 t,domainname 7 t,fqdn 8 t";

/// Spaces whose options are not listed here.
pub(super) const OTHER_SPACES: [&str; 7] = ["nwip", "vendor-class", "vendor", "isc", "vsio", "isc6", "agent"];

/// What dhclient asks for when nothing is said (`default_requested_options` of `clparse.c`).
pub(super) const REQUESTED: [&str; 10] = [
    "subnet-mask",
    "broadcast-address",
    "time-offset",
    "routers",
    "domain-name",
    "domain-name-servers",
    "host-name",
    "dhcp6.domain-search",
    "dhcp6.name-servers",
    "dhcp6.sntp-servers",
];
