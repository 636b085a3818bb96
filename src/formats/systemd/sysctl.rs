//! sysctl.d(5) and sysctl.conf(5).

use isctpl_checks::facts::Location;

/// An assignment of a kernel parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The path below `/proc/sys`, with slashes; it may hold globs.
    pub key: String,
    /// Value.
    pub value: String,
    /// Where.
    pub at: Location,
}

/// The assignments of a file in order. Comments, exclusions (`-key` alone) and lines without `=` are
/// left out. Keys are written with dots or slashes; what stands first tells which separates
/// (sysctl.d(5): `net.ipv4.conf.enp3s0/200.forwarding`).
pub(crate) fn parse(text: &str, path: &str) -> impl Iterator<Item = Setting> {
    (1u32..).zip(text.lines()).filter_map(move |(number, line)| {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let key = key.trim();
        let key = key.strip_prefix('-').unwrap_or(key);
        Some(Setting { key: slashed(key), value: value.trim().to_owned(), at: Location::line(path, number) })
    })
}

fn slashed(key: &str) -> String {
    if key.find(['.', '/']).is_none_or(|at| key.get(at..).is_some_and(|rest| rest.starts_with('/'))) {
        return key.to_owned();
    }
    key.chars()
        .map(|c| match c {
            '.' => '/',
            '/' => '.',
            c => c,
        })
        .collect()
}

/// The interface (or `all`, `default`, or a glob) and value of a reverse-path filter setting.
pub(crate) fn rp_filter(setting: &Setting) -> Option<(String, u8)> {
    let interface = setting.key.strip_prefix("net/ipv4/conf/")?.strip_suffix("/rp_filter")?;
    Some((interface.to_owned(), setting.value.parse().ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_reverse_path_filters_in_every_spelling() {
        let text = "# net.ipv4.conf.all.rp_filter=1\nnet.ipv4.conf.all.rp_filter = 1\n-net/ipv4/conf/eth0.5/rp_filter=2\nnet.ipv4.conf.eth0/7.rp_filter=0\nkernel.pid_max=4\n-net.ipv4.conf.default.rp_filter\n";
        let found: Vec<_> = parse(text, "/s.conf").filter_map(|it| Some((rp_filter(&it)?, it.at.line))).collect();
        assert_eq!(found, [(("all".to_owned(), 1), 2), (("eth0.5".to_owned(), 2), 3), (("eth0.7".to_owned(), 0), 4)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024)) {
            for setting in parse(&String::from_utf8_lossy(&bytes), "/s") {
                rp_filter(&setting);
            }
        }
    }
}
