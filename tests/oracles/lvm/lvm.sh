# LVM over one configuration after another: "NUMBER" of the directory below /trees. Settings as LVM has them, then the
# devices that a filter rejects; "refused" where it does not read its files, and "end" behind it. Runs in a root of its own.
while read -r number; do
    export LVM_SYSTEM_DIR="/trees/$number"
    if lvm dumpconfig 2>/dev/null; then
        lvm pvs -a -vvvv --config "$1" 2>&1 >/dev/null | grep -e 'Skipping (regex)' -e 'Failed to create regex'
    else
        printf 'refused\n'
    fi
    printf 'end\n'
done
