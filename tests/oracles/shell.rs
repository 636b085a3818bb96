//! A shell in a root and a network of its own, which reads scripts of an initramfs over one line after another.

use crate::oracles::packages::libraries;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// The root of an initramfs.
pub(super) struct Root {
    directory: tempfile::TempDir,
    libraries: String,
}

impl Root {
    /// An empty one; libraries that this machine lacks are among what is unpacked.
    pub(super) fn new(unpacked: &Path) -> Self {
        let root = Self { directory: tempfile::tempdir().unwrap(), libraries: libraries(unpacked) };
        for path in ["tmp", "proc", "run/initramfs", "root"] {
            root.make(path);
        }
        root.write("dev/null", "");
        root
    }

    /// Where a path of it lies.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path.trim_start_matches('/'))
    }

    /// Makes a directory.
    pub(super) fn make(&self, path: &str) -> PathBuf {
        fs::create_dir_all(self.path(path)).unwrap();
        self.path(path)
    }

    /// Writes a file.
    pub(super) fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    /// Copies a file.
    pub(super) fn copy(&self, from: &Path, path: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::copy(from, self.path(path)).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }

    /// Copies a program with its libraries to `/usr/bin`.
    pub(super) fn install(&self, program: &Path, name: &str) {
        self.copy(program, &format!("usr/bin/{name}"));
        let output = Command::new("ldd").arg(program).env("LD_LIBRARY_PATH", &self.libraries).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        for library in text.split_whitespace().filter(|word| word.starts_with('/')).map(Path::new) {
            let is_loader = library.to_string_lossy().contains("/ld-linux");
            let name = library.file_name().unwrap().to_string_lossy();
            let below = format!("usr/lib/x86_64-linux-gnu/{name}");
            self.copy(library, if is_loader { library.to_str().unwrap() } else { &below });
        }
    }

    /// Copies a program of this machine.
    pub(super) fn install_own(&self, name: &str) {
        let output = Command::new("sh").args(["-c", &format!("command -v {name}")]).output().unwrap();
        self.install(Path::new(String::from_utf8(output.stdout).unwrap().trim()), name);
    }

    /// Has a shell in it run `/script` behind what readies the network and mounts, which this machine's shell runs; both
    /// are its own.
    pub(super) fn start(self, ready: &str, shell: &str) -> Shell {
        let run = format!("{ready}\nexec env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin chroot \"$0\" {shell} /script");
        let mut child = Command::new("unshare")
            .args(["-nm", "sh", "-ec", &run])
            .arg(self.directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (lines, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Shell { child, lines, answers, _root: self }
    }
}

/// A shell that waits for lines, and ends its answer to each by `end`.
pub(super) struct Shell {
    child: Child,
    lines: ChildStdin,
    answers: BufReader<ChildStdout>,
    _root: Root,
}

impl Shell {
    fn ask(&mut self, line: &str) -> Vec<String> {
        writeln!(self.lines, "{line}").unwrap();
        let mut answer = Vec::new();
        loop {
            let mut said = Vec::new();
            assert!(self.answers.read_until(b'\n', &mut said).unwrap() > 0, "the shell has ended at {line}");
            match String::from_utf8_lossy(&said).trim_end_matches('\n') {
                "end" => return answer,
                said => answer.push(said.to_owned()),
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Shells of one kind, as many as are asked at once.
pub(super) struct Shells<F> {
    start: F,
    idle: Mutex<Vec<Shell>>,
}

impl<F: Fn() -> Shell> Shells<F> {
    pub(super) fn new(start: F) -> Self {
        Self { start, idle: Mutex::default() }
    }

    /// What one of them answers.
    pub(super) fn ask(&self, line: &str) -> Vec<String> {
        let waiting = self.idle.lock().unwrap().pop();
        let mut shell = waiting.unwrap_or_else(&self.start);
        let answer = shell.ask(line);
        self.idle.lock().unwrap().push(shell);
        answer
    }
}
