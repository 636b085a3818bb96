//! Examples of every command, as its help and its manual page show them: what to type, and below it what that does.

pub(super) const ISCTPL: &str = "\
Examples:
  isctpl doctor
      on the booted instance, as root: will it boot, and if not, what breaks
  isctpl doctor --root /target
      the same for a root that is mounted in a rescue system
  isctpl explain login-interface-named-ibft
      what a check finds, why that breaks a boot, and the fix";

pub(super) const DOCTOR: &str = "\
Examples:
  isctpl doctor
      check the booted instance, as root
  isctpl doctor --root /target --same-machine
      check a mounted root, in a rescue system on the instance's own hardware
  isctpl doctor --only login,root-lvm-filtered -v
      check one link and one more pattern, and show all evidence
  isctpl doctor --format nagios
      one line for a monitoring system
  isctpl doctor --format html --output report.html
      one page for a browser
  isctpl doctor --disk image.qcow2
      check an image before it is a machine: nothing is mounted, and no root is needed
  isctpl doctor --disk image.raw --format junit --fail-on unknown --output isctpl.xml
      the test report of a pipeline that builds images";

pub(super) const SHOW: &str = "\
Examples:
  isctpl show ibft
      what the boot firmware handed over: initiator, NIC, target, LUN
  isctpl show routes --portal 100.97.0.10
      the routes of this machine, and its route to a portal
  isctpl show initramfs --root /target
      the initramfs images of a mounted root, and which one boots
  isctpl show initramfs /boot/initrd.img-6.1.0-50-amd64
      every file in an image, and what the image lacks";

pub(super) const CHECKS: &str = "\
Examples:
  isctpl checks
      every check, with its severity
  isctpl checks --format json
      the same with the documentation, for programs";

pub(super) const EXPLAIN: &str = "\
Examples:
  isctpl explain san-route-missing
      what the check finds, why that breaks a machine, and the fix
  isctpl explain handover
      every check of a link of the boot chain";

pub(super) const SNAPSHOT: &str = "\
Examples:
  isctpl snapshot -o instance.snapshot
      write what there is to know of the booted instance, as root
  isctpl doctor --snapshot instance.snapshot
      check it on any other machine";

pub(super) const GATE: &str = "\
Examples:
  systemctl enable --now isctpl-gate.path
      check the machine after each change of what it boots from, and refuse reboots into one that stays away
  isctpl gate
      are reboots held, and by what
  isctpl gate pass && systemctl reboot
      reboot all the same";

pub(super) const GATE_STATUS: &str = "\
Examples:
  isctpl gate status
      are reboots held, and by what
  isctpl gate status && drain-this-node
      go on only where they are not";

pub(super) const GATE_JUDGE: &str = "\
Examples:
  isctpl gate judge
      judge a change at once that isctpl-gate.path does not follow";

pub(super) const GATE_OFF: &str = "\
Examples:
  systemctl disable --now isctpl-gate.path && isctpl gate off
      turn it off";

pub(super) const GATE_PASS: &str = "\
Examples:
  isctpl gate pass && systemctl reboot
      reboot all the same";

pub(super) const RESCUE: &str = "\
Examples:
  isctpl rescue plan
      print what `up` would do; the target comes from this machine's iBFT
  isctpl rescue up
      log in and mount the instance's root at /target
  isctpl rescue enter -- update-initramfs -u
      run a command in it
  isctpl rescue down
      unmount, log out, and put everything back";

pub(super) const PLAN: &str = "\
Examples:
  isctpl rescue plan
      the target comes from this machine's iBFT
  isctpl rescue plan --instance-yaml instance.yaml --drive-yaml drive.yaml
      the target comes from the platform's YAML files";

pub(super) const UP: &str = "\
Examples:
  isctpl rescue up
      log in and mount the instance's root at /target
  isctpl rescue up --read-only
      the same, and write nothing to the LUN
  isctpl rescue up --login-only
      log in to an empty LUN, for an installer that is to write on its disk
  isctpl rescue up --portal 100.97.0.10 --target iqn.2013-01.com.example:storage.1 --lun 47
      without an iBFT";

pub(super) const ENTER: &str = "\
Examples:
  isctpl rescue enter
      a shell in the instance's root
  isctpl rescue enter -- update-grub
      one command in it
  isctpl rescue enter --root /mnt -- update-grub
      the same for a root that is mounted by hand";

pub(super) const DOWN: &str = "\
Examples:
  isctpl rescue down
      unmount, log out, and put everything back";

pub(super) const STATUS: &str = "\
Examples:
  isctpl rescue status
      what is mounted where, and what an interrupted `up` left";

pub(super) const PREPARE: &str = "\
Examples:
  isctpl prepare --root /target --dry-run
      show what would change, as a diff
  isctpl prepare --root /target
      show it, ask, change it, rebuild the initramfs and GRUB's configuration, and check the root again
  isctpl prepare --root /target --only login,shutdown
      fix only what the checks of these links have found
  isctpl prepare --root /target --undo
      put everything back";

pub(super) const IPXE: &str = "\
Examples:
  isctpl ipxe --instance-yaml instance.yaml --drive-yaml drive.yaml
      the script that boots from the LUN; it asks for the password
  isctpl ipxe --instance-yaml instance.yaml --drive-yaml drive.yaml --boot http://192.0.2.1/installer.iso
      the script that boots an installer which finds the LUN in the iBFT
  isctpl ipxe --ibft --installer debian --kernel http://192.0.2.1/linux --initrd http://192.0.2.1/initrd.gz
      the script that boots Debian's installer with the LUN in the iBFT
  isctpl ipxe --check boot.ipxe
      what each line of a script means, and what iPXE refuses in it";

pub(super) const WATCH: &str = "\
Examples:
  isctpl watch
      a line when the route to a portal goes, one when it is back, with what the kernel told before
  isctpl watch --keep-route --format json
      the same for programs, and a lost route is put back at once
  isctpl watch --portal 192.0.2.10 --san-nic eth1
      for a portal and a NIC that isctpl cannot know
  isctpl watch --since-boot
      keep what happens while the machine comes up, for doctor: isctpl-watch.service does so";

pub(super) const SNMP: &str = "\
Examples:
  isctpl doctor --format json --output /run/isctpl/doctor.json
      write the report, as root: isctpl-doctor.timer does so
  pass_persist .1.3.6.1.4.1.8072.9999.9999.3260 /usr/bin/isctpl snmp
      the line of snmpd.conf";

pub(super) const SEAL: &str = "\
Examples:
  isctpl seal --root /target --dry-run
      list what would be cleared, with sizes, and clear nothing
  isctpl seal --root /target --volume-id 75618
      clear it, and print the command that makes a template of drive 75618
  isctpl seal --yes-this-machine --host-keys
      clear the running system itself, SSH host keys included";

pub(super) const COMPLETIONS: &str = "\
Examples:
  source <(isctpl completions bash)
      complete in this shell
  isctpl completions bash > /etc/bash_completion.d/isctpl
      complete in every shell of this machine";
