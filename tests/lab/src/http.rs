//! The little of HTTP that a web server and a mirror need: what is asked for, and where the answer lies.

/// How long the head of a request may be.
pub const HEAD_LIMIT: u64 = 16 << 10;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whether the answer's body is wanted, or its head alone.
    pub body: bool,
    /// The server's name, without the port.
    pub host: String,
    /// The path below it, without the slash that it begins with.
    pub path: String,
}

impl Request {
    /// Reads the head of a request, its lines without the empty one; nothing where it is of another kind than the lab's
    /// machines send: GET and HEAD of a plain path.
    pub fn read(head: &str) -> Option<Self> {
        let mut lines = head.lines();
        let mut words = lines.next()?.split(' ');
        let body = match words.next()? {
            "GET" => true,
            "HEAD" => false,
            _ => return None,
        };
        // apt asks for a plus by its number.
        let path = words.next()?.strip_prefix('/')?.replace("%2b", "+").replace("%2B", "+").replace("%7e", "~");
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !path.split('/').all(plain) || path.contains(['%', '?', '\\']) || !words.next()?.starts_with("HTTP/1.") {
            return None;
        }
        let host = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("host").then(|| value.trim())
        })?;
        let host = host.split(':').next()?.to_ascii_lowercase();
        let named = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        (!host.is_empty() && !host.starts_with('.') && host.chars().all(named)).then_some(Self { body, host, path })
    }

    /// Whether the archive never has another file of that path: packages are never changed, lists of them are.
    pub fn is_lasting(&self) -> bool {
        self.path.split('/').any(|part| part == "pool" || part == "by-hash")
    }
}
