//! The manual: a page a command, made of what the command line says of itself.

mod prepare;
mod seal;

use clap::{Arg, Command};
use isctpl_checks::{Check, Link, Scope, registry};
use std::fmt::Write as _;

/// The date of every page: that of the release. What is generated must not change by itself.
const DATE: &str = "2026-11-28";

/// Source lines of a page are no longer than this before characters are escaped.
const WIDTH: usize = 66;

/// Pages of other projects that go with these.
const ELSEWHERE: &str = "iscsiadm(8) iscsid(8) iscsistart(8) dracut.cmdline(7) initramfs-tools(7)";

const EXIT_STATUS: &str = "\
.SH EXIT STATUS
.TP
0
OK: nothing was found that stops the boot.
.TP
1
Warning.
.TP
2
Critical.
.TP
3
Unknown: a fact that decides could not be read, this root is not on iSCSI, or
the command line is wrong.
";

const IPXE: &str = "\
.SH EXIT STATUS
.TP
0
The script was written; with
.BR \\-\\-check :
iPXE takes all of it.
.TP
2
With
.BR \\-\\-check :
iPXE refuses a part of it.
.TP
3
A piece that the script needs is not known, or the command line is wrong; with
.BR \\-\\-check :
what iPXE does depends on what the script does not tell, or it cannot be read.
";

const RESCUE: &str = "\
.SH EXIT STATUS
.TP
0
Done.
.TP
1
Failed, or stopped by Ctrl\\-C, and everything was put back.
.TP
2
Failed, and not everything could be put back; the message names what is left.
Fix that, then run
.BR \"isctpl rescue down\" .
.TP
3
Refused, and nothing was changed: something is missing or in use, or the
command line is wrong.
.PP
.B enter
ends with the exit code of the command.
.SH FILES
.TP
.I /run/isctpl/rescue/journal
What was done, and what was there before; readable by root alone, without
any secret.
After a crash
.B up
continues from it and
.B down
undoes what it lists.
.TP
.IR /etc/iscsi/initiatorname.iscsi \", \" /etc/iscsi/iscsid.conf
Changed as the platform's documentation says, and put back by
.BR down ;
meanwhile the files themselves are kept beside them as
.IR *.isctpl\\-saved .
.SH SECURITY
The CHAP password goes into
.I iscsid.conf
and from there into open\\-iscsi's record of the target, both readable by root
alone, and is removed from both by
.BR down .
It is in no argument, environment, journal, plan or message.
.PP
The LUN may hold anything.
Its root is mounted in
.IR /run/isctpl/rescue/root ,
which root alone can enter, and
.I /target
is a link to it.
Every filesystem of the LUN is mounted
.B nosuid,nodev
and, where its superblock can ask for a panic, with
.BR errors=remount\\-ro .
Programs that root runs in
.B enter
do not need more: /dev is this system's.
A program that an ordinary user of the instance runs there gains no rights:
.BR su ,
.B sudo
and file capabilities have no effect for that user.
Of the options in the instance's fstab only subvolumes, owners, character sets
and similar ones are used.
A file is made in this system's /run for the instance's resolv.conf only where
systemd\\-resolved, resolvconf, NetworkManager, netconfig or ConnMan keep one.
.PP
Nothing is formatted or repaired on the LUN; mounting it read\\-write writes
what the filesystem itself writes, and with
.B \\-\\-read\\-only
nothing is written.
";

const SECURITY: &str = "\
.SH SECURITY
Reading never writes.
With
.B \\-\\-root
no file outside that directory is read, except the device that the directory
is mounted from.
A CHAP secret is never printed or kept, in any form.
";

/// Every page: its file name and its text.
pub(crate) fn pages(command: &Command) -> Vec<(String, String)> {
    let mut command = command.clone();
    command.build();
    let mut found = Vec::new();
    below("isctpl", &command, &mut found);
    let names: Vec<String> = found.iter().map(|(name, ..)| name.clone()).collect();
    found
        .into_iter()
        .map(|(name, command)| {
            let section = section(&name);
            (format!("{name}.{section}"), page(&name, section, &command, &names))
        })
        .collect()
}

fn below(name: &str, command: &Command, found: &mut Vec<(String, Command)>) {
    found.push((name.to_owned(), command.clone()));
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        below(&format!("{name}-{}", sub.get_name()), sub, found);
    }
}

/// The catalogue is one page with the command that lists it: two of one name would hide one another.
fn section(name: &str) -> u8 {
    if name == "isctpl-checks" { 7 } else { 8 }
}

/// Commands, the schema of what they print as JSON, and its file.
const SCHEMAS: [(&str, &str, &str); 3] = [
    ("isctpl-show", "isctpl.facts/v1", "src/report/facts-v1.schema.json"),
    ("isctpl-checks", "isctpl.checks/v1", "src/report/checks-v1.schema.json"),
    ("isctpl-explain", "isctpl.checks/v1", "src/report/checks-v1.schema.json"),
];

fn page(name: &str, section: u8, command: &Command, names: &[String]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut page = format!(
        ".TH {} {section} {DATE} \"isctpl {version}\" \"isctpl manual\"\n.SH NAME\n",
        roff(&name.to_uppercase())
    );
    // The dash between name and purpose is none of a word.
    let purpose = filled(&format!("{name} @ {}", lower(&about)));
    let _ = writeln!(page, "{}", purpose.replacen('@', "\\-", 1));
    synopsis(&mut page, name, command);
    let _ = writeln!(page, ".SH DESCRIPTION\n{}", filled(&sentence(&about)));
    if name == "isctpl-checks" {
        page.push_str(".PP\nThe checks stand below by link of the boot chain; the same text is printed by\n.BR isctpl\\-explain (8).\n");
    }
    if let Some((_, schema, file)) = SCHEMAS.iter().find(|(of, ..)| *of == name) {
        let text = format!("With --format json the output has the schema {schema}, {file} of the source.");
        let _ = writeln!(page, ".PP\n{}", filled(&text));
    }
    commands(&mut page, name, command);
    options(&mut page, command);
    examples(&mut page, command);
    if name.starts_with("isctpl-rescue") {
        page.push_str(RESCUE);
    } else if name == "isctpl-prepare" {
        page.push_str(prepare::PREPARE);
    } else if name == "isctpl-seal" {
        page.push_str(seal::SEAL);
    } else {
        if name == "isctpl-doctor" || name == "isctpl" {
            page.push_str(EXIT_STATUS);
        }
        if name == "isctpl-ipxe" {
            page.push_str(IPXE);
        }
        page.push_str(SECURITY);
    }
    if name == "isctpl-checks" {
        catalogue(&mut page);
    }
    see_also(&mut page, name, names);
    page
}

fn synopsis(page: &mut String, name: &str, command: &Command) {
    let _ = writeln!(page, ".SH SYNOPSIS\n.B {}", roff(&name.replace('-', " ")));
    for argument in visible(command) {
        let _ = match (argument.is_positional(), argument.is_required_set()) {
            (true, true) => writeln!(page, ".I {}", roff(&value(argument))),
            (true, false) => writeln!(page, ".RI [ {} ]", roff(&value(argument))),
            (false, required) => {
                let (open, close) = if required { ("", "") } else { ("[", "]") };
                match value(argument) {
                    value if value.is_empty() => {
                        writeln!(page, ".RB {open} {} {close}", roff(&flags(argument).join("|")))
                    }
                    value => writeln!(
                        page,
                        "{open}\\fB{}\\fR \\fI{}\\fR{close}",
                        roff(&flags(argument).join("|")),
                        roff(&value)
                    ),
                }
            }
        };
    }
    if command.has_subcommands() {
        page.push_str(".I COMMAND\n");
    }
}

fn visible(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|argument| !argument.is_hide_set())
}

fn flags(argument: &Arg) -> Vec<String> {
    let short = argument.get_short().map(|short| format!("-{short}"));
    short.into_iter().chain(argument.get_long().map(|long| format!("--{long}"))).collect()
}

/// The name of an argument's value, with dots where it takes several.
fn value(argument: &Arg) -> String {
    let takes = argument.get_action().takes_values();
    let names = argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>();
    let several = argument.get_num_args().is_some_and(|range| range.max_values() > 1);
    if takes { names.join(" ") + if several { "..." } else { "" } } else { String::new() }
}

fn commands(page: &mut String, name: &str, command: &Command) {
    let subs: Vec<&Command> = command.get_subcommands().filter(|sub| sub.get_name() != "help").collect();
    if subs.is_empty() {
        return;
    }
    page.push_str(".SH COMMANDS\n");
    for sub in subs {
        let full = format!("{name}-{}", sub.get_name());
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(page, ".TP\n.BR {} ({})\n{}", roff(&full), section(&full), filled(&sentence(&about)));
    }
}

/// Arguments, the command's own options, those under a heading, and in the end those that every command takes.
fn options(page: &mut String, command: &Command) {
    let mut headings: Vec<Option<&str>> = Vec::new();
    for argument in visible(command) {
        if !headings.contains(&argument.get_help_heading()) {
            headings.push(argument.get_help_heading());
        }
    }
    headings.sort_by_key(|heading| *heading == Some("Common options"));
    page.push_str(".SH OPTIONS\n");
    for heading in headings {
        if let Some(heading) = heading {
            let _ = writeln!(page, ".SS {heading}");
        }
        let of_heading: Vec<&Arg> =
            visible(command).filter(|argument| argument.get_help_heading() == heading).collect();
        let (positional, named): (Vec<&Arg>, Vec<&Arg>) =
            of_heading.into_iter().partition(|argument| argument.is_positional());
        positional.into_iter().chain(named).for_each(|argument| option(page, argument));
    }
}

fn option(page: &mut String, argument: &Arg) {
    let mut names: Vec<String> = flags(argument).iter().map(|flag| format!("\\fB{}\\fR", roff(flag))).collect();
    if names.is_empty() {
        names.push(format!("\\fI{}\\fR", roff(&value(argument))));
    } else if !value(argument).is_empty() {
        let last = names.last_mut().unwrap();
        // Of an option whose value may be left out.
        let _ = match argument.is_require_equals_set() {
            true => write!(last, "[=\\fI{}\\fR]", roff(&value(argument))),
            false => write!(last, " \\fI{}\\fR", roff(&value(argument))),
        };
    }
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    // The pointer to -h makes no sense in a manual.
    let help = if argument.get_id() == "help" { "Print help".to_owned() } else { help };
    let _ = writeln!(page, ".TP\n{}\n{}", names.join(", "), filled(&sentence(&help)));
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if !defaults.is_empty() && argument.get_action().takes_values() {
        let _ = writeln!(page, "The default is {}.", roff(&defaults.join(" ")));
    }
    let possible: Vec<_> = argument.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect();
    if possible.is_empty() || !argument.get_action().takes_values() {
        return;
    }
    page.push_str(".RS\n");
    for value in possible {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(page, ".TP\n.B {}\n{}", roff(value.get_name()), filled(&sentence(&help)));
    }
    page.push_str(".RE\n");
}

/// The examples of a command's help: what is typed, and below it what that does.
fn examples(page: &mut String, command: &Command) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut lines = help.lines();
    assert_eq!(lines.next(), Some("Examples:"), "{} has no examples", command.get_name());
    page.push_str(".SH EXAMPLES\n");
    for line in lines {
        match line.strip_prefix("      ") {
            Some(what) => {
                let _ = writeln!(page, "{}", filled(&sentence(what)));
            }
            None => {
                let _ = writeln!(page, ".TP\n.B {}", roff(line.trim()));
            }
        }
    }
}

fn see_also(page: &mut String, name: &str, names: &[String]) {
    page.push_str(".SH SEE ALSO\n");
    let ours = names.iter().filter(|other| *other != name).map(|other| (other.clone(), section(other).to_string()));
    let theirs = ELSEWHERE.split(' ').map(|other| {
        let (name, section) = other.trim_end_matches(')').split_once('(').unwrap();
        (name.to_owned(), section.to_owned())
    });
    let all: Vec<(String, String)> = ours.chain(theirs).collect();
    for (index, (other, section)) in all.iter().enumerate() {
        let comma = if index + 1 < all.len() { "," } else { "" };
        let _ = writeln!(page, ".BR {} ({section}){comma}", roff(other));
    }
}

/// What every check's documentation says, by link.
fn catalogue(page: &mut String) {
    for link in Link::CHAIN.into_iter().chain([Link::Template]) {
        let _ = writeln!(page, ".SH CHECKS OF {}", link.name().to_uppercase());
        for check in registry::all().filter(|check| check.link == link) {
            entry(page, check);
        }
    }
}

fn entry(page: &mut String, check: &Check) {
    let scope = match check.scope {
        Scope::Everywhere => "checked in every mode",
        Scope::Machine => "checked where the hardware is the instance's own",
        Scope::Live => "checked on the booted instance only",
    };
    let _ = writeln!(page, ".SS {}\n{}", roff(check.id), filled(&sentence(check.title)));
    let _ = writeln!(page, "{}", filled(&format!("Severity: {}; {scope}.", check.severity.name())));
    for (label, text) in [("Why it breaks:", check.doc.breaks), ("Fix:", check.doc.fix)].into_iter().fold(
        vec![("", check.doc.finds)],
        |mut all, one| {
            all.push(one);
            all
        },
    ) {
        for (index, paragraph) in text.split("\n\n").enumerate() {
            let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            let label = if index == 0 && !label.is_empty() { format!("{label} ") } else { String::new() };
            let _ = writeln!(page, ".PP\n{}", filled(&format!("{label}{words}")));
        }
    }
    if !check.doc.references.is_empty() {
        page.push_str(".PP\nReferences:\n");
        for reference in check.doc.references {
            let _ = writeln!(page, ".br\n{}", filled(reference));
        }
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let rest = characters.as_str();
    // A name that is typed stays as it is.
    let begins_with_name =
        text.split(' ').next().is_some_and(|word| word.contains(['/', '=', '-', '.']) || word == "isctpl");
    let text = if begins_with_name { text.to_owned() } else { first + rest };
    if text.is_empty() || text.ends_with(['.', '!', '?', ':']) { text } else { text + "." }
}

/// What stands behind the name of a page begins with a small letter.
fn lower(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().to_string() + characters.as_str()).unwrap_or_default()
}

/// Text in source lines of a bounded length, each safe for roff.
fn filled(text: &str) -> String {
    let options = textwrap::Options::new(WIDTH).break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options);
    lines.iter().map(|line| roff(line)).collect::<Vec<_>>().join("\n")
}

/// Text as roff takes it literally.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}
