//! The settings of lvm.conf that decide whether a volume group is seen and activated.

use super::tree::{Node, Value, parse};
use isctpl_checks::facts::{Located, Location, Problem};

/// What one configuration file sets; `None` where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `devices/filter`, patterns in order.
    pub filter: Option<Vec<Located<String>>>,
    /// `devices/global_filter`, patterns in order.
    pub global_filter: Option<Vec<Located<String>>>,
    /// `devices/use_devicesfile`.
    pub use_devicesfile: Option<Located<bool>>,
    /// `devices/devicesfile`: a name in `/etc/lvm/devices`.
    pub devicesfile: Option<Located<String>>,
    /// `activation/volume_list`.
    pub volume_list: Option<Located<Vec<String>>>,
    /// `activation/auto_activation_volume_list`.
    pub auto_activation_volume_list: Option<Located<Vec<String>>>,
}

impl Settings {
    /// These settings, and those of `other` where it says something: lvmlocal.conf goes before lvm.conf. `filter` and
    /// `volume_list` are joined, what `other` has first; `global_filter` and `auto_activation_volume_list` are not
    /// (LVM 2.03.16, `lvm dumpconfig`).
    #[must_use]
    pub(crate) fn overridden_by(self, other: Self) -> Self {
        Self {
            filter: joined(other.filter, self.filter),
            global_filter: other.global_filter.or(self.global_filter),
            use_devicesfile: other.use_devicesfile.or(self.use_devicesfile),
            devicesfile: other.devicesfile.or(self.devicesfile),
            volume_list: both(other.volume_list, self.volume_list),
            auto_activation_volume_list: other.auto_activation_volume_list.or(self.auto_activation_volume_list),
        }
    }
}

/// Reads lvm.conf or lvmlocal.conf. Where a setting stands twice, the last one wins.
pub(crate) fn settings(text: &str, path: &str) -> (Settings, Vec<Problem>) {
    let (nodes, problem) = parse(text, path);
    let mut problems: Vec<Problem> = problem.into_iter().collect();
    let mut settings = Settings::default();
    for node in &nodes {
        let at = Location::line(path, node.line);
        let is_filter = node.is(&["devices", "filter"]) || node.is(&["devices", "global_filter"]);
        if is_filter && node.values.is_empty() {
            problems.push(Problem::new(at.to_string(), "has no pattern, with which LVM does not work"));
        } else if node.is(&["devices", "filter"]) {
            settings.filter = Some(patterns(node, &at));
        } else if node.is(&["devices", "global_filter"]) {
            settings.global_filter = Some(patterns(node, &at));
        } else if node.is(&["devices", "devicesfile"]) {
            settings.devicesfile = node.values.first().map(|value| Located::new(value.as_str().to_owned(), at));
        } else if node.is(&["devices", "use_devicesfile"]) {
            match node.values.first().map(Value::as_str) {
                Some("0") => settings.use_devicesfile = Some(Located::new(false, at)),
                Some("1") => settings.use_devicesfile = Some(Located::new(true, at)),
                _ => problems.push(Problem::new(at.to_string(), "use_devicesfile is neither 0 nor 1")),
            }
        } else if node.is(&["activation", "volume_list"]) {
            settings.volume_list = Some(Located::new(texts(node), at));
        } else if node.is(&["activation", "auto_activation_volume_list"]) {
            settings.auto_activation_volume_list = Some(Located::new(texts(node), at));
        }
    }
    (settings, problems)
}

fn joined(first: Option<Vec<Located<String>>>, then: Option<Vec<Located<String>>>) -> Option<Vec<Located<String>>> {
    match (first, then) {
        (Some(mut first), Some(then)) => {
            first.extend(then);
            Some(first)
        }
        (first, then) => first.or(then),
    }
}

fn both(first: Option<Located<Vec<String>>>, then: Option<Located<Vec<String>>>) -> Option<Located<Vec<String>>> {
    match (first, then) {
        // An empty list lets nothing pass, whatever comes behind it.
        (Some(mut first), Some(then)) if !first.value.is_empty() => {
            first.value.extend(then.value);
            Some(first)
        }
        (first, then) => first.or(then),
    }
}

fn texts(node: &Node) -> Vec<String> {
    node.values.iter().map(|value| value.as_str().to_owned()).collect()
}

fn patterns(node: &Node, at: &Location) -> Vec<Located<String>> {
    texts(node).into_iter().map(|pattern| Located::new(pattern, at.clone())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_matters() {
        let text = "devices {\n  # filter = [ \"r|.*|\" ]\n  global_filter = [ \"a|/dev/sda.*|\", \"r|.*|\" ]\n  \
                    use_devicesfile = 1\n}\nactivation { auto_activation_volume_list = [ \"vg1\", \"@tag\" ] }\n";
        let (settings, problems) = settings(text, "/etc/lvm/lvm.conf");
        assert_eq!(problems, []);
        assert_eq!(settings.filter, None);
        assert_eq!(
            settings.global_filter.unwrap()[1],
            Located::new("r|.*|".to_owned(), Location::line("/etc/lvm/lvm.conf", 3))
        );
        assert!(settings.use_devicesfile.unwrap().value);
        assert_eq!(settings.auto_activation_volume_list.unwrap().value, ["vg1", "@tag"]);
    }

    /// LVM 2.03.16: lib/filters/filter-regex.c, lib/activate/activate.c.
    #[test]
    fn an_empty_list_is_not_none() {
        let (general, _) = settings("activation/volume_list = \"vg0\"\n", "/etc/lvm/lvm.conf");
        let (local, _) = settings("activation/volume_list = []\n", "/etc/lvm/lvmlocal.conf");
        assert_eq!(general.overridden_by(local).volume_list.unwrap().value, [""; 0]);
        let (settings, problems) = settings("devices/filter = []\n", "/etc/lvm/lvm.conf");
        assert!(settings.filter.is_none() && problems.len() == 1, "{problems:?}");
    }

    #[test]
    fn the_local_file_goes_before() {
        let general = "devices/filter = \"a|.*|\"\ndevices/use_devicesfile = 0\n\
                       activation { volume_list = \"vg0\"\n auto_activation_volume_list = \"vg0\" }\n";
        let local = "devices { filter = \"r|.*|\" }\nactivation/volume_list = [ \"vg1\" ]\n\
                     activation/auto_activation_volume_list = \"vg1\"\n";
        let (general, _) = settings(general, "/etc/lvm/lvm.conf");
        let (local, _) = settings(local, "/etc/lvm/lvmlocal.conf");
        let both = general.overridden_by(local);
        let filter: Vec<String> = both.filter.unwrap().into_iter().map(|pattern| pattern.value).collect();
        assert_eq!(filter, ["r|.*|", "a|.*|"], "those of both count");
        assert!(!both.use_devicesfile.unwrap().value);
        assert_eq!(both.volume_list.unwrap().value, ["vg1", "vg0"]);
        assert_eq!(both.auto_activation_volume_list.unwrap().value, ["vg1"]);
    }
}
