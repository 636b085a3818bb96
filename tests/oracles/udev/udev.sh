# What udev calls the NIC when it appears, for each tree of rules.
while read -r number; do
    mkdir -p /run/udev
    rm -f /etc/udev
    find /run/udev -xdev ! -type d -exec rm -f {} +
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
