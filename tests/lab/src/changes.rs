//! What a command showed of the changes that it makes.

/// The files of a unified diff, by their paths in the root, in order and each once. One that goes is among them.
pub fn changed_files(text: &str) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(old) = line.strip_prefix("--- ") else { continue };
        let Some(new) = lines.peek().and_then(|line| line.strip_prefix("+++ ")) else { continue };
        let name = |text: &str| text.split('\t').next().unwrap_or_default().to_owned();
        let (old, new) = (name(old), name(new));
        let shown = if new == "/dev/null" { old } else { new };
        let path = shown.trim_start_matches("a/").trim_start_matches("b/").trim_start_matches('/');
        let path = format!("/{path}");
        if !files.contains(&path) {
            files.push(path);
        }
    }
    files
}
