kernel=$(version)
apt-get update -q
package=$(apt-cache depends linux-image-rt-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
cd "$(mktemp -d)"
apt-get download -q "$package"
dpkg-deb --fsys-tarfile ./*.deb | tar -x ./boot
mv boot/vmlinuz-* "/boot/vmlinuz-$kernel"
rm -r "$PWD"
