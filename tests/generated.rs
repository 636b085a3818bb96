//! What is generated and committed must be what would be generated now: man pages, completions, and
//! the README's samples. `ISCTPL_UPDATE=1 cargo test --test generated` writes them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

mod support;

use clap::CommandFactory;
use clap_complete::Shell;
use isctpl::cli::Cli;
use isctpl_checks::{Check, Link, Scope, registry};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use support::run;

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a committed file with what it should be, or writes it.
fn settle(path: &Path, wanted: &str) -> Result<(), String> {
    if std::env::var_os("ISCTPL_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, wanted).unwrap();
    }
    let name = path.strip_prefix(project()).unwrap().display().to_string();
    match std::fs::read_to_string(path) {
        Ok(found) if found == wanted => Ok(()),
        Ok(_) => Err(format!("{name} is not what would be generated now")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

fn settle_all(files: Vec<(PathBuf, String)>) {
    let drifted: Vec<String> = files.iter().filter_map(|(path, wanted)| settle(path, wanted).err()).collect();
    assert!(drifted.is_empty(), "{}\nISCTPL_UPDATE=1 cargo test --test generated writes them anew", drifted.join("\n"));
}

const EXIT_STATUS: &str = "\
.SH \"EXIT STATUS\"
.TP
0
OK: nothing stands in the way.
.TP
1
Warning.
.TP
2
Critical.
.TP
3
Unknown: a fact that decides could not be read, this is no iSCSI root, or the command was used wrongly.
";

const RESCUE: &str = "\
.SH \"EXIT STATUS\"
.TP
0
Done.
.TP
1
Failed, or stopped by Ctrl\\-C, and all was put back.
.TP
2
Failed, and not all could be put back; it says what is left. Fix that, then
.BR \"isctpl rescue down\" .
.TP
3
Refused, nothing is changed: something is missing, in use, or was used wrongly.
.PP
.B enter
ends with the code of the command.
.SH FILES
.TP
.I /run/isctpl/rescue/journal
What was done, with what was there before; for root alone, without any secret. After a crash
.B up
goes on from it and
.B down
takes down by it.
.TP
.IR /etc/iscsi/initiatorname.iscsi \", \" /etc/iscsi/iscsid.conf
Changed as the platform's documentation says, and put back by
.BR down :
the files themselves wait beside it meanwhile, as
.IR *.isctpl\\-saved .
.SH SECURITY
The CHAP password goes into
.I iscsid.conf
and from there into open\\-iscsi's record of the target, both for root alone, and is gone from both after
.BR down .
It is in no argument, environment, journal, plan or message.
.PP
The LUN may hold anything. Its root is mounted in
.IR /run/isctpl/rescue/root ,
which root alone can enter, and
.I /target
is a link to it. Every filesystem of the LUN is mounted
.B nosuid,nodev
and, where its superblock can ask for a panic, with
.BR errors=remount\\-ro .
Programs run by root in
.B enter
do not need more: /dev is this system's. A program that an ordinary user of the instance runs there gains no
rights:
.BR su ,
.B sudo
and file capabilities do nothing for that user. Of the options in the instance's fstab only subvolumes, owners,
character sets and the like are taken. A file is made in this system's /run for the instance's resolv.conf only
where systemd\\-resolved, resolvconf, NetworkManager, netconfig or ConnMan keep one.
.PP
Nothing is formatted or repaired on the LUN;
what mounting it read\\-write does is all that is written there, and with
.B \\-\\-read\\-only
nothing is.
";

const SECURITY: &str = "\
.SH SECURITY
Reading never writes. With
.B \\-\\-root
no file outside that directory is read, but for the device that the directory is mounted from. A CHAP
secret is never printed or kept, in any form.
";

#[test]
fn man_pages_are_up_to_date() {
    let mut command = Cli::command();
    command.build();
    let mut files = Vec::new();
    pages("isctpl", &command, &mut files);
    files.push((project().join("man/isctpl-checks.7"), catalogue_page()));
    settle_all(files);
}

/// The page of a command, and of every command below it.
fn pages(name: &str, command: &clap::Command, files: &mut Vec<(PathBuf, String)>) {
    let mut page = Vec::new();
    // clap keeps names for as long as the program runs.
    let page_name: &'static str = String::leak(name.to_owned());
    clap_mangen::Man::new(command.clone().name(page_name).display_name(page_name))
        .section("8")
        .source(format!("isctpl {}", env!("CARGO_PKG_VERSION")))
        .manual("isctpl")
        .date("")
        .render(&mut page)
        .unwrap();
    let mut page = String::from_utf8(page).unwrap();
    if name.starts_with("isctpl-rescue") {
        page.push_str(RESCUE);
    } else {
        if name == "isctpl-doctor" || name == "isctpl" {
            page.push_str(EXIT_STATUS);
        }
        page.push_str(SECURITY);
    }
    files.push((project().join(format!("man/{name}.8")), page));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        pages(&format!("{name}-{}", below.get_name()), below, files);
    }
}

/// isctpl-checks(7): what every check's documentation says.
fn catalogue_page() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut page = format!(
        ".TH isctpl-checks 7 \"\" \"isctpl {version}\" isctpl\n.SH NAME\nisctpl\\-checks \\- what isctpl checks, why, \
         and how to fix it\n.SH DESCRIPTION\nThe checks by link of the boot chain. The same text is printed by\n\
         .BR isctpl-explain (8).\n"
    );
    for link in Link::CHAIN.into_iter().chain([Link::Template]) {
        let _ = writeln!(page, ".SH {}", link.name().to_uppercase());
        for check in registry::all().filter(|check| check.link == link) {
            entry(&mut page, check);
        }
    }
    page
}

fn entry(page: &mut String, check: &Check) {
    let scope = match check.scope {
        Scope::Everywhere => "judged in every mode",
        Scope::Machine => "judged from this machine's firmware and NICs",
        Scope::Live => "judged on the booted instance only",
    };
    let _ = writeln!(page, ".SS {}\n{}\n.br\n{}, {scope}.", roff(check.id), roff(check.title), check.severity.name());
    for text in [check.doc.finds, check.doc.breaks, check.doc.fix] {
        for paragraph in text.split("\n\n") {
            let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(page, ".PP\n{}", roff(&words));
        }
    }
    for reference in check.doc.references {
        let _ = writeln!(page, ".br\n{}", roff(reference));
    }
}

/// Text as roff takes it literally.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}

#[test]
fn completions_are_up_to_date() {
    let files = [(Shell::Bash, "isctpl.bash"), (Shell::Zsh, "_isctpl"), (Shell::Fish, "isctpl.fish")]
        .into_iter()
        .map(|(shell, name)| {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "isctpl", &mut script);
            (project().join("man/completions").join(name), String::from_utf8(script).unwrap())
        })
        .collect();
    settle_all(files);
}

/// Every `console` block of the README that begins with `$ isctpl` is run, and must print what stands there.
#[test]
fn readme_samples_are_real() {
    let path = project().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let mut wanted = String::new();
    let mut samples = 0;
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        wanted.push_str(line);
        wanted.push('\n');
        if line != "```console" {
            continue;
        }
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match body.first().and_then(|line| line.strip_prefix("$ isctpl ")) {
            Some(arguments) => {
                samples += 1;
                let mut command = run::command(arguments.split_whitespace());
                command.current_dir(project()).env("LC_ALL", "C").env("COLUMNS", "80");
                let _ = writeln!(wanted, "{}\n{}", body[0], run::answer(command).out.trim_end());
            }
            None => body.iter().for_each(|line| {
                let _ = writeln!(wanted, "{line}");
            }),
        }
        wanted.push_str("```\n");
    }
    assert!(samples > 0, "the README shows no sample");
    settle_all(vec![(path, wanted)]);
}
