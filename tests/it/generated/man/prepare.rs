//! What the page of `isctpl prepare` says beside its options.

pub(super) const PREPARE: &str = "\
.SH EXIT STATUS
.TP
0
Nothing critical is left of what was to be fixed; with
.BR \\-\\-dry\\-run :
shown.
.TP
1
Failed, or stopped by Ctrl\\-C, and everything was put back.
.TP
2
Failed, and not everything could be put back; the message names what is left.
Fix that, then run it with
.BR \\-\\-undo .
.TP
3
Something critical is left to be done by hand; or it was refused: the answer was
not yes (what was agreed to before stays), or the command line is wrong.
.SH WHAT IS CHANGED
What
.BR isctpl\\-doctor (8)
shows with a line
.BR \"fixed by isctpl prepare\" ,
and, without
.BR \\-\\-only ,
snmpd and the platform\\(aqs own service, which are enabled where they are
installed; snmpd gets a minimal configuration where it has none.
Of a file only what has to change does: comments, order and line ends stay.
What cannot be edited safely is left as it is; a line
.B by hand
names the file, the line, and what to do.
.PP
The initramfs and GRUB\\(aqs configuration are rebuilt inside the root by its own
programs, where a finding needs that.
They see the root read\\-only, but for a directory for what they write.
.PP
Then the root is judged again.
What that uncovers is shown and fixed, too.
Where a link of the boot chain held before and has something critical now, or a
check that passed has found what cannot be fixed, everything is put back.
.SH FILES
.TP
.I /var/lib/isctpl
In the root: what was replaced, and a journal of every change, readable by root
alone.
.B \\-\\-undo
needs it, and
.BR isctpl\\-seal (8)
removes it.
A run that was interrupted is undone by
.BR \\-\\-undo ,
and first of all by the next run.
.SH SECURITY
No path leads out of the root, whatever links it holds.
A file is written whole beside the one that it replaces, and renamed over it;
owner, mode and extended attributes stay.
A file with several hard links is never replaced.
Secrets are hidden in every diff.
.PP
The generators of the image and of GRUB\\(aqs configuration, and with
.B \\-\\-install
the package manager, are programs of the root, and root runs them here.
Generators see the root read\\-only.
In a root other than / they and the package manager see /sys and /proc/sys
read\\-only, reach no process outside, and can neither load modules nor change
the network or the clock; the package manager has a copy of this system\\(aqs
resolv.conf.
That guards against scripts that were written for a machine of their own, not
against an enemy: as in a shell by
.BR chroot (8),
they can mount filesystems and write to disks.
Do not prepare a root here of which you would not run a program here.
";
