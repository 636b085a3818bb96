//! `grub-emu`: its menu boots by itself, and what it prints tells the entry and what that loads.

use super::{Answer, Boot, Case};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a case may take: one that loops for ever is stopped.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Shows what `linux` and `initrd` are given, a line an argument with a mark at its end; then runs the case, whose menu is not waited for.
const DRIVER: &str = "function linux { echo \"@linux~\"; for zz in \"$@\"; do echo \"=$zz~\"; done; }\n\
                      function initrd { echo \"@initrd~\"; for zz in \"$@\"; do echo \"=$zz~\"; done; }\n\
                      source $prefix/case.cfg\n\
                      unset timeout_style\n\
                      set timeout=0\n";

/// Keys that no menu knows, for "press any key"; then the command line is opened and GRUB left.
const KEYS: &str = "zzzzzzzzzzzzzzzzcexit\nexit\n";

/// The program with its version.
pub(super) fn version() -> String {
    let output = Command::new("grub-emu").arg("--version").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().replace(['(', ')'], "")
}

/// What GRUB boots; `None` where it prints a line that the terminal breaks, at which blanks are lost.
pub(super) fn run(case: &Case) -> Option<Answer> {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| fs::write(directory.path().join(name), text).unwrap();
    write("grub.cfg", DRIVER.as_bytes());
    write("case.cfg", case.config.as_bytes());
    write("s1.cfg", case.sourced.as_bytes());
    let mut block = String::from("# GRUB Environment Block\n");
    block.extend(case.block.iter().map(|(name, value)| format!("{name}={value}\n")));
    write("grubenv", format!("{block:#<1024}").as_bytes());
    match output(directory.path()) {
        Ok(output) if output.lines().any(|line| line.starts_with('=') && !line.ends_with('~')) => None,
        Ok(output) => Some(Ok(boot(&output))),
        Err(why) => Some(Err(why)),
    }
}

fn output(directory: &Path) -> Result<String, String> {
    let mut child = Command::new("grub-emu")
        .arg("-d")
        .arg(directory)
        .args(["-m", "/dev/null"])
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // GRUB may have ended before it reads a key.
    let _ = child.stdin.take().unwrap().write_all(KEYS.as_bytes());
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).map(|_| bytes)
    });
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > TIMEOUT {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err("takes too long".to_owned());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let bytes = reader.join().unwrap().unwrap();
    Ok(String::from_utf8_lossy(&bytes).replace('\r', ""))
}

/// Reads what was printed: the last entry that was booted, and the last kernel and initrds of it.
fn boot(output: &str) -> Option<Boot> {
    let (_, booted) = output.rsplit_once("Booting `")?;
    let (title, rest) = booted.split_once("'\n")?;
    let mut boot = Boot { title: title.to_owned(), ..Boot::default() };
    let mut arguments: Option<(&str, Vec<String>)> = None;
    let mut take = |told: Option<(&str, Vec<String>)>| match told {
        Some(("linux", words)) => {
            // The path goes without quotes.
            let path = words.iter().take(1).cloned();
            let words: Vec<String> = path.chain(words.iter().skip(1).map(|word| kernel_word(word))).collect();
            boot.linux = Some(words.join(" ")).filter(|words| !words.is_empty());
            boot.initrds.clear();
        }
        Some((_, words)) => boot.initrds = words,
        None => {}
    };
    for told in rest.lines().filter_map(|line| line.strip_suffix('~')) {
        match told.split_at_checked(1) {
            Some(("@", command)) => {
                take(arguments.take());
                arguments = Some((if command == "linux" { "linux" } else { "initrd" }, Vec::new()));
            }
            Some(("=", word)) => arguments.iter_mut().for_each(|(_, words)| words.push(word.to_owned())),
            _ => {}
        }
    }
    take(arguments);
    Some(boot)
}

/// A word as GRUB writes it into the command line (`grub-core/lib/cmdline.c`).
fn kernel_word(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('\'', "\\'").replace('"', "\\\"");
    if word.contains(' ') { format!("\"{escaped}\"") } else { escaped }
}
