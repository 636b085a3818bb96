//! isctpl.toml(5).

/// The page.
pub(crate) const PAGE: &str = "\
.TH ISCTPL.TOML 5 2026-11-28 \"isctpl\" \"isctpl manual\"
.SH NAME
isctpl.toml \\- what the checks of isctpl find, and does not count
.SH DESCRIPTION
A TOML file of
.B [[ignore]]
entries.
Each names a check whose findings do not count for the verdict and the exit
code of
.BR isctpl\\-doctor (8),
says why, and until when.
What is ignored is listed in every report.
An entry that ended, or that matches nothing though its check was made, is a
warning.
.SH KEYS
Every entry has all three.
.TP
.B check
The id of the check, as
.B isctpl checks
lists it.
.TP
.B reason
Why it does not count.
.TP
.B until
The last day on which it does not count, UTC.
.PP
An id that no check has, a missing key and a key that is not known are errors:
the run ends with 3, and names the file and the line.
.SH FILES
.TP
.I /etc/isctpl.toml
Read on the booted instance. It is not read with
.B \\-\\-root
or
.BR \\-\\-snapshot :
the host on which these are judged has its file for itself, and what is judged
does not say what counts.
There
.B \\-\\-config
.I FILE
names one.
.SH EXAMPLES
.EX
[[ignore]]
check = \"loader\\-efi\\-fallback\\-missing\"
reason = \"this firmware keeps its boot entries, ticket 4711\"
until = 2027\\-06\\-30
.EE
.SH \"SEE ALSO\"
.BR isctpl\\-doctor (8),
.BR isctpl\\-checks (7)
";
