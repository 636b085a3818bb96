# ifup and ifquery over one tree after another: "NUMBER" of the tree below /trees. What would be run at boot is printed,
# and "end" behind it. Runs in a root and a network of its own.
cd /
while read -r number; do
    ln -sfn "/trees/$number" /etc/network
    rm -f /run/network/*
    ifup -n -a 2>&1
    printf 'allowed hotplug\n'
    ifup -n -a --allow=hotplug 2>&1
    printf 'end\n'
done
