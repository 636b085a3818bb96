//! The running kernel's command line.

use crate::formats::cmdline;
use crate::system::Root;
use isctpl_checks::facts::{Cmdline, Fact, Location, Problem};

/// Where the kernel shows its command line (proc(5)).
const PATH: &str = "/proc/cmdline";

/// Reads the command line that the running kernel was given; `root` is the running system's `/`.
pub(crate) fn read(root: &Root) -> Fact<Cmdline> {
    match root.text(PATH) {
        Ok(Some(text)) => Fact::Known(cmdline::parse(&text, Some(Location::line(PATH, 1)))),
        Ok(None) => Fact::Unknown(Problem::new(PATH, "does not exist: /proc is not mounted")),
        Err(problem) => Fact::Unknown(problem),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_read_without_its_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        assert_eq!(read(&root).problem().unwrap().place, PATH);
        std::fs::create_dir(dir.path().join("proc")).unwrap();
        std::fs::write(dir.path().join("proc/cmdline"), "BOOT_IMAGE=/vmlinuz ro iscsi_password=geheim\n").unwrap();
        let cmdline = read(&root);
        assert_eq!(cmdline.known().unwrap().text(), "BOOT_IMAGE=/vmlinuz ro iscsi_password=(hidden)");
    }
}
