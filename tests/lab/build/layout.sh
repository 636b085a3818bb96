# The layout of a LUN of the lab, sourced by its builders: what the recipe's installer makes (ESP,
# /boot, a volume group on the rest) and GRUB's place on a BIOS machine. The host's kernel needs
# neither device mapper nor partition tables nor vfat: everything is addressed by its offset.
# Of a LUN that an installer has laid out LAYOUT says what differs: what layout-of prints of it.
# shellcheck shell=bash disable=SC1090,SC2034 # the builders use these

MIB=$((1024 * 1024))
LUN_SIZE=$((3072 * MIB))
ESP_START=$((1 * MIB)) ESP_SIZE=$((64 * MIB))
BIOS_START=$((65 * MIB)) BIOS_SIZE=$((1 * MIB))
BOOT_START=$((66 * MIB)) BOOT_SIZE=$((512 * MIB))
PV_START=$((578 * MIB)) PV_SIZE=$((LUN_SIZE - PV_START - MIB))
# LVM's first physical extent lies 1 MiB into the volume, and extents are 4 MiB.
LV_START=$((PV_START + MIB))
LV_SIZE=$(((PV_SIZE - MIB) / (4 * MIB) * (4 * MIB)))

ROOT_UUID=11111111-2222-3333-4444-555555555501
BOOT_UUID=11111111-2222-3333-4444-555555555502
ESP_ID=5555AA03
VG=ubuntu-vg LV=ubuntu-lv
# By what names they are mounted: GRUB's tools ask the kernel's list of mounts, and then /dev.
VOLUME=/dev/mapper/ubuntu--vg-ubuntu--lv BOOT=/dev/mapper/lun-part3

if [ -n "${LAYOUT:-}" ]; then . "$LAYOUT"; fi
