//! A web server in a bench: the lab's own files, and Debian's archive by way of the host; and who takes logs there.

use crate::process::log;
use anyhow::{Context, Result};
use isctpl_lab::http::{HEAD_LIMIT, Request};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Its address: that of the web server in the project's documents.
pub(crate) const ADDRESS: &str = "192.0.2.1";
/// The mirrors that it stands for; the bench's DNS says so.
pub(crate) const MIRRORS: [&str; 2] = ["deb.debian.org", "security.debian.org"];

/// The file of what machines log to it.
pub(crate) const MESSAGES: &str = "messages";

/// Where its files are.
#[derive(Debug)]
pub(crate) struct Web {
    /// What it has itself.
    pub(crate) own: PathBuf,
    /// What it has in place of a mirror's.
    pub(crate) instead: PathBuf,
    /// Where a mirror's packages are kept.
    pub(crate) kept: PathBuf,
    /// Where it writes what was asked for.
    pub(crate) log: PathBuf,
}

/// Answers whoever connects, until the lab ends; mirrors are asked from the namespace of the calling thread, wherever
/// the listener is.
pub(crate) fn serve(listener: TcpListener, web: Web) {
    let web = Arc::new(web);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let web = Arc::clone(&web);
            // One that hangs up in between asks again.
            thread::spawn(move || web.answer_all(&stream));
        }
    });
}

/// Writes down what machines log, a line a message, until the lab ends.
pub(crate) fn keep(messages: UdpSocket, place: PathBuf) {
    thread::spawn(move || -> Result<()> {
        let mut file = log(&place)?;
        let mut buffer = [0; 8192];
        loop {
            let length = messages.recv(&mut buffer)?;
            file.write_all(buffer.get(..length).unwrap_or_default().trim_ascii_end())?;
            file.write_all(b"\n")?;
        }
    });
}

impl Web {
    fn answer_all(&self, stream: &TcpStream) -> Result<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                let rest = HEAD_LIMIT.saturating_sub(head.len() as u64);
                if reader.by_ref().take(rest).read_line(&mut head)? == 0 {
                    return Ok(());
                }
            }
            let (status, file) = match Request::read(&head) {
                Some(request) => {
                    let found = self.find(&request)?;
                    (if found.is_some() { "200 OK" } else { "404 Not Found" }, found.zip(Some(request.body)))
                }
                None => ("400 Bad Request", None),
            };
            writeln!(log(&self.log)?, "{} {status}", head.lines().next().unwrap_or_default())?;
            let length = file.as_ref().map_or(Ok(0), |(file, _)| file.metadata().map(|about| about.len()))?;
            let mut stream = stream;
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n")?;
            if let Some((mut file, true)) = file {
                std::io::copy(&mut file, &mut stream)?;
            }
        }
    }

    /// The file that is asked for, from the mirror where it is not here; nothing where there is none.
    fn find(&self, request: &Request) -> Result<Option<File>> {
        if !MIRRORS.contains(&request.host.as_str()) {
            return Ok(open(&self.own.join(&request.path)));
        }
        if let Some(file) = open(&self.instead.join(&request.path)) {
            return Ok(Some(file));
        }
        let kept = self.kept.join(&request.host).join(&request.path);
        if let (true, Some(file)) = (request.is_lasting(), open(&kept)) {
            return Ok(Some(file));
        }
        fs::create_dir_all(kept.parent().context("a path without a folder")?)?;
        let part = part(&kept);
        let status = Command::new("curl")
            .args(["--fail", "--silent", "--show-error", "--location", "--retry", "2", "--output"])
            .arg(&part)
            .arg(format!("http://{}/{}", request.host, request.path))
            .stdin(Stdio::null())
            .stderr(log(&self.log)?)
            .status()
            .context("curl: cannot be started")?;
        if !status.success() {
            // What came of it is nothing.
            let _ = fs::remove_file(&part);
            return Ok(None);
        }
        fs::rename(&part, &kept)?;
        Ok(open(&kept))
    }
}

fn open(path: &Path) -> Option<File> {
    if path.is_file() { File::open(path).ok() } else { None }
}

/// The name of a file that is not whole yet, which nobody else writes.
fn part(path: &Path) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{number}.part", std::process::id()));
    PathBuf::from(name)
}
