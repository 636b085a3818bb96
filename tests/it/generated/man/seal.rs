//! What the page of `isctpl seal` says beside its options.

pub(super) const SEAL: &str = "\
.SH EXIT STATUS
.TP
0
Cleared, or listed by
.BR \\-\\-dry\\-run .
.TP
1
Nothing could be cleared.
.TP
2
Some of it could not be cleared, or not be looked at; the message names it.
Fix that, and run it again: it goes on with what is left.
.TP
3
Refused, and nothing was changed: it is the root of the running system or of no
system, it is mounted read\\-only, a rescue or
.B prepare
was interrupted, the answer was not yes, or the command line is wrong.
.SH WHAT IS CLEARED
Histories in every home, logs (emptied; rotated ones and journals removed),
.IR /tmp \" and \" /var/tmp ,
package caches, crash dumps, mail, the installer\\(aqs records, rules for
persistent network names, the machine ID (emptied), DHCP leases, the state of
cloud\\-init (without its scripts; a seed only where it holds a password), CHAP
settings in
.IR iscsid.conf \" and \" iscsi.initramfs ,
open\\-iscsi\\(aqs records of targets, the initiator name where something makes a
new one, random seeds, and the files that
.B prepare
keeps for
.BR \\-\\-undo .
.SH SECURITY
What is removed cannot be brought back by isctpl; its blocks stay on the LUN
until they are overwritten or discarded,
.BR fstrim (8).
No symbolic link is followed.
No mount point is crossed below a directory that is cleared, and nothing is
removed on a filesystem that is mounted outside of the root as well.
A file with several hard links is never emptied.
No secret is ever printed.
";
