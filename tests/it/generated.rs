//! What is generated and committed must be what would be generated now: man pages, completions, and
//! the README's samples. `ISCTPL_UPDATE=1 cargo test --test it generated` writes them anew.

mod man;

use crate::prepare::bench::{LOGS_OUT, SEED_WORDS};
use crate::support::run;
use crate::support::tree::Tree;
use clap::CommandFactory;
use clap_complete::Shell;
use isctpl::cli::Cli;
use isctpl_checks::Link;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The page that no command has: it is written by hand, and held against what reads the file
/// (`formats::isctpl_toml`).
const OF_A_FILE: &str = "isctpl.toml.5";

/// How many screens docs/screens.md shows at least.
const SCREENS: usize = 9;

/// What seal clears, and the programs by which prepare rebuilds.
const TO_CLEAR: &str = "\
e 0755 /usr/sbin/init
f 0755 /usr/sbin/grub-mkconfig
f 0644 /etc/machine-id
| 0123456789abcdef0123456789abcdef
f 0600 /root/.bash_history
| passwd
f 0644 /var/log/wtmp
| x
";

/// Held by whoever reads the README to write it anew.
pub(crate) static README: Mutex<()> = Mutex::new(());

pub(crate) fn project() -> PathBuf {
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

pub(crate) fn settle_all(files: Vec<(PathBuf, String)>) {
    let drifted: Vec<String> = files.iter().filter_map(|(path, wanted)| settle(path, wanted).err()).collect();
    assert!(
        drifted.is_empty(),
        "{}\nISCTPL_UPDATE=1 cargo test --test it generated writes them anew",
        drifted.join("\n")
    );
}

#[test]
fn man_pages_are_up_to_date() {
    let pages = man::pages(&Cli::command());
    let committed: BTreeSet<String> = std::fs::read_dir(project().join("man"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    settle_all(pages.iter().map(|(name, page)| (project().join("man").join(name), page.clone())).collect());
    let wanted: BTreeSet<String> = pages.into_iter().map(|(name, _)| name).chain([OF_A_FILE.to_owned()]).collect();
    assert!(committed.is_subset(&wanted), "pages of no command: {:?}", committed.difference(&wanted));
}

#[test]
fn no_page_shadows_another() {
    let names = man::pages(&Cli::command()).into_iter().map(|(name, _)| name.split('.').next().unwrap().to_owned());
    let mut seen = BTreeSet::new();
    for name in names {
        assert!(seen.insert(name.clone()), "`man {name}` shows one page of two");
    }
}

#[test]
fn every_page_has_what_a_manual_has() {
    for (name, page) in man::pages(&Cli::command()) {
        let head = page.lines().next().unwrap();
        let title = name.rsplit_once('.').unwrap().0.to_uppercase().replace('-', "\\-");
        assert!(head.starts_with(&format!(".TH {title} ")) && head.contains(" 20"), "{name}: {head}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "SEE ALSO"] {
            assert!(page.contains(&format!("\n.SH {section}\n")), "{name} lacks {section}");
        }
        let synopsis = page.split(".SH SYNOPSIS\n").nth(1).unwrap().split(".SH").next().unwrap();
        assert!(synopsis.contains("\\fB\\-\\-color\\fR \\fIWHEN\\fR"), "{name} names no values:\n{synopsis}");
    }
}

#[test]
fn man_pages_have_no_lint() {
    if !crate::support::has("mandoc") {
        return crate::support::skip("man_pages_have_no_lint", "`mandoc` is not installed");
    }
    let directory = tempfile::tempdir().unwrap();
    let of_a_file = std::fs::read_to_string(project().join("man").join(OF_A_FILE)).unwrap();
    let config = (OF_A_FILE.to_owned(), of_a_file);
    for (name, page) in man::pages(&Cli::command()).into_iter().chain([config]) {
        let path = directory.path().join(&name);
        std::fs::write(&path, page).unwrap();
        let output = std::process::Command::new("mandoc").args(["-T", "lint"]).arg(&path).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{name}");
        assert!(output.status.success(), "{name}");
    }
}

/// What is printed speaks of evidence and of a fix.
#[test]
fn no_text_has_the_labels_of_old() {
    let mut texts: Vec<(String, String)> = man::pages(&Cli::command());
    for name in ["README.md", "CONTRIBUTING.md", "docs/screens.md"] {
        texts.push((name.to_owned(), std::fs::read_to_string(project().join(name)).unwrap()));
    }
    let explained: Vec<String> = Link::CHAIN.iter().map(|link| run::isctpl(["explain", link.name()]).out).collect();
    texts.push(("explain".to_owned(), explained.concat()));
    for (name, text) in texts {
        for (number, line) in text.lines().enumerate() {
            let old = line.starts_with("  seen  ")
                || line
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| ["mend", "mends", "mended", "Mend"].contains(&word));
            assert!(!old, "{name}:{}: {line}", number + 1);
        }
    }
}

/// Help is read from the top: examples come last, and the options of every command before them.
#[test]
fn every_help_has_an_example_and_ends_with_the_common_options() {
    fn each(command: &clap::Command, path: &[&str], found: &mut Vec<Vec<String>>) {
        found.push(path.iter().map(|word| (*word).to_owned()).collect());
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            each(below, &[path, &[below.get_name()]].concat(), found);
        }
    }
    let mut commands = Vec::new();
    each(&Cli::command(), &[], &mut commands);
    assert!(commands.len() > 10);
    for words in commands {
        let help = run::isctpl(words.iter().map(String::as_str).chain(["--help"])).out;
        let (options, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{words:?}:\n{help}"));
        assert!(
            examples.trim_start().starts_with(
                &["isctpl"].into_iter().chain(words.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
            ) || examples.contains(&format!("isctpl {}", words.join(" "))),
            "{words:?}:\n{examples}"
        );
        let headings: Vec<&str> =
            options.lines().filter(|line| line.ends_with(':') && !line.starts_with(' ')).collect();
        assert_eq!(headings.last(), Some(&"Common options:"), "{words:?}: {headings:?}");
    }
}

#[test]
fn completions_are_up_to_date() {
    let files = [(Shell::Bash, "isctpl.bash"), (Shell::Zsh, "_isctpl"), (Shell::Fish, "isctpl.fish")]
        .into_iter()
        .map(|(shell, name)| {
            let script = isctpl::commands::completion_script(&shell.to_string()).unwrap();
            (project().join("man/completions").join(name), String::from_utf8(script).unwrap())
        })
        .collect();
    settle_all(files);
}

/// The text with every `console` block that begins with `$ isctpl` filled by what the command prints, and how many
/// there are.
fn with_real_samples(text: &str, directory: &Path) -> (String, usize) {
    let mut wanted = String::new();
    let mut samples = 0;
    let mut lines = text.lines();
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
                command.current_dir(directory).env("LC_ALL", "C").env("COLUMNS", "80");
                let _ = writeln!(wanted, "{}\n{}", body[0], run::answer(command).out.trim_end());
            }
            None => body.iter().for_each(|line| {
                let _ = writeln!(wanted, "{line}");
            }),
        }
        wanted.push_str("```\n");
    }
    (wanted, samples)
}

/// Every `console` block of the README that begins with `$ isctpl` is run, and must print what stands there.
#[test]
fn readme_samples_are_real() {
    let path = project().join("README.md");
    let _own = README.lock().unwrap_or_else(PoisonError::into_inner);
    let (wanted, samples) = with_real_samples(&std::fs::read_to_string(&path).unwrap(), &project());
    assert!(samples > 0, "the README shows no sample");
    settle_all(vec![(path, wanted)]);
}

/// A directory with the files that docs/screens.md speaks of.
fn stage() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let captured = |name: &str| std::fs::read(project().join("fixtures/captured").join(name)).unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(directory.path().join(name), bytes).unwrap();
    let healthy = captured("debian-12-live.json");
    put("healthy.snapshot", &healthy);
    put("broken.snapshot", &captured("debian-12-seed-cmdline.json"));
    // The same machine, seen by somebody who is not root.
    let mut unknown: serde_json::Value = serde_json::from_slice(&healthy).unwrap();
    let facts = &mut unknown["facts"];
    facts["scope"]["privileged"] = false.into();
    let image = facts["images"][0]["path"].clone();
    facts["images"][0] = serde_json::json!({
        "path": image, "incomplete": true,
        "damage": [{"place": image, "what": "permission denied; run as root"}],
    });
    facts["firmware"]["table"] = serde_json::json!({
        "unknown": {"place": "/sys/firmware/acpi/tables/iBFT", "what": "permission denied; run as root"}
    });
    put("unknown.snapshot", unknown.to_string().as_bytes());
    Tree::load("machines/vm.sysfs.tree").write(&directory.path().join("sysfs"));
    let mut target = Tree::load("machines/initramfs-tools.tree");
    target.add(SEED_WORDS, "words").add(LOGS_OUT, "logs out").add(TO_CLEAR, "to clear");
    target.write(&directory.path().join("target"));
    put(
        "instance.yaml",
        b"- details: 'M.8.32.v2 (#9095) '\nid: 1\niscsi: 'Initiator IQN: iqn.2020-10.com.example:instance-1 Username:\n    \
          user Password: not-a-real-one '\nstatus: active\n",
    );
    put(
        "drive.yaml",
        b"- attachedTo: instance-1\ncredentials: 'Target: 192.0.2.10 Port:3260 IQN:iqn.2013-01.com.example:storage.1\n    \
          LUN ID:47'\nid: 2\n",
    );
    directory
}

/// The screens of docs/screens.md are what the program prints.
#[test]
fn screens_are_real() {
    let stage = stage();
    let path = project().join("docs/screens.md");
    let (wanted, samples) = with_real_samples(&std::fs::read_to_string(&path).unwrap(), stage.path());
    assert!(samples >= SCREENS, "docs/screens.md shows {samples} screens");
    settle_all(vec![(path, wanted)]);
}
