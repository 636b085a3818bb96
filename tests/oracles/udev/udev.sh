# What udev calls the NIC when it appears, for each tree of rules.
while read -r number; do
    rm -rf /etc/udev /run/udev
    mkdir -p /run/udev
    ln -s "/trees/$number/etc/udev" /etc/udev
    udevadm test -a add /sys/class/net/san > /dev/null 2>&1
    for path in /sys/class/net/*; do
        name=${path##*/}
        case $name in
            lo|peer) ;;
            *)
                echo "$name"
                [ "$name" = san ] || ip link set "$name" name san
                ;;
        esac
    done
    echo end
done
