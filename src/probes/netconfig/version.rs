//! Versions of programs.

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

/// Whether netplan is the version that writes nothing where it refuses anything, and whose refusals isctpl knows: 0.106, by
/// dpkg's list of what is installed. The generator of 1.1 and later leaves out what is wrong; what the versions between
/// and before refuse was not tried.
pub(super) fn netplan_refuses_as_a_whole(files: &Reader<'_>) -> bool {
    let packages = files.hint("/var/lib/dpkg/status").unwrap_or_default();
    let mut of_netplan =
        packages.lines().skip_while(|line| *line != "Package: netplan.io").take_while(|line| !line.is_empty());
    of_netplan.any(|line| {
        line.strip_prefix("Version: 0.106").is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '+', '~']))
    })
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
