//! Versions of programs, by the names of their libraries.

use crate::probes::files::Reader;
use crate::system::FileKind;

/// systemd's version, from the name of its library: `libsystemd-shared-252.so`,
/// `libsystemd-shared-255.4-1ubuntu8.so`.
pub(super) fn of_systemd(files: &Reader<'_>) -> Option<u32> {
    let mut directories = vec!["/usr/lib/systemd".to_owned(), "/lib/systemd".to_owned()];
    for library in ["/usr/lib", "/usr/lib64"] {
        directories.push(format!("{library}/systemd"));
        directories.extend(
            files
                .list(library)
                .into_iter()
                .filter(|(name, kind)| *kind == FileKind::Directory && name.contains("-linux-"))
                .map(|(name, _)| format!("{library}/{name}/systemd")),
        );
    }
    directories.iter().find_map(|directory| files.names(directory).iter().find_map(|name| version_of(name)))
}

/// Whether netplan writes nothing where it refuses anything: so does its generator before 1.1, with the first version of
/// its library. The one of the second is told at boot to leave out what is wrong.
pub(super) fn netplan_refuses_as_a_whole(files: &Reader<'_>) -> bool {
    const DIRECTORIES: [&str; 5] = ["/usr/lib/*-linux-*", "/usr/lib64", "/usr/lib", "/lib/*-linux-*", "/lib64"];
    let has = |version: &str| {
        let patterns = DIRECTORIES.map(|directory| format!("{directory}/libnetplan.so.{version}"));
        patterns.iter().flat_map(|pattern| files.glob(pattern)).any(|path| files.is_file(&path))
    };
    has("0.0") && !has("1")
}

fn version_of(name: &str) -> Option<u32> {
    let rest = name.strip_prefix("libsystemd-shared-")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).and_then(|end| rest.get(..end))?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn the_library_tells_the_version() {
        assert_eq!(version_of("libsystemd-shared-252.so"), Some(252));
        assert_eq!(version_of("libsystemd-shared-255.4-1ubuntu8.so"), Some(255));
        assert_eq!(version_of("libsystemd-core-252.so"), None);
    }
}
