# Asks every shell for the variables that a file leaves behind; run by the first of them.
for shell in dash bash busybox klibc; do
    printf '\003%s' "$shell"
    case $shell in
    busybox) /shells/busybox sh /ask "$1" ;;
    *) "/shells/$shell" /ask "$1" ;;
    esac
done
