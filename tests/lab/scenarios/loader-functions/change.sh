line() { awk -v command="$1" '$1 == command {$1 = ""; print; exit}' /boot/grub/grub.cfg; }
search=$(line search) linux=$(line linux) initrd=$(line initrd)
version=${linux#*vmlinuz-} version=${version%% *}
head=$(sed '/^### BEGIN/,$d' /boot/grub/grub.cfg)
cat >/boot/grub/functions.cfg <<END
function start {
  linux ${linux//"$version"/\$1}
  initrd ${initrd//"$version"/\$1}
}
function entry {
  menuentry "Linux \$1" \$1 {
    search $search
    start \$2
  }
}
END
cat >/boot/grub/grub.cfg <<END
$head
source \$prefix/functions.cfg
for version in 0.0.1 $version; do
  if [ \$version -pgt 0.0.1 ]; then entry \$version; fi
done
END
