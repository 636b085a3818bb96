//! What a command showed of the changes that it makes.

/// The paths in the root that `prepare` shows a change of, in order and each once: files by their unified diff, one that
/// goes among them; links, copies, and what is built again.
pub fn changed_files(text: &str) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let path = match line.strip_prefix("--- ") {
            Some(old) => lines.peek().and_then(|line| line.strip_prefix("+++ ")).and_then(|new| of_diff(old, new)),
            None => of_line(line),
        };
        if let Some(path) = path.filter(|path| !files.contains(path)) {
            files.push(path);
        }
    }
    files
}

/// The path of a diff's two headers.
fn of_diff(old: &str, new: &str) -> Option<String> {
    let side = if new == "/dev/null" { old.strip_prefix('a') } else { new.strip_prefix('b') };
    side.filter(|path| path.starts_with('/')).map(str::to_owned)
}

/// The path of a line that tells what no diff shows.
fn of_line(line: &str) -> Option<String> {
    let rest = ["+ link ", "- link ", "  rebuild ", "+ "].iter().find_map(|prefix| line.strip_prefix(prefix))?;
    let end = [" -> ", ", by ", ": a copy of "].iter().find_map(|mark| rest.find(mark))?;
    rest[..end].starts_with('/').then(|| rest[..end].to_owned())
}
