//! Names of units (systemd.unit(5)): kinds, templates and instances, and the directories that add to a unit.

/// The endings of unit names.
const KINDS: [&str; 11] =
    ["service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope"];

/// Those whose units may have aliases.
const ALIASED: [&str; 6] = ["service", "socket", "target", "device", "timer", "path"];

/// The longest name.
const LENGTH: usize = 255;

/// A name, taken apart: `STEM.KIND`, `STEM@.KIND` or `STEM@INSTANCE.KIND`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnitName<'n> {
    pub(super) stem: &'n str,
    /// What stands behind the first `@`; empty in a template's name.
    pub(super) instance: Option<&'n str>,
    pub(super) kind: &'n str,
}

impl<'n> UnitName<'n> {
    /// `None` of what systemd takes for no unit's name.
    pub(super) fn parse(name: &'n str) -> Option<Self> {
        let (front, kind) = name.rsplit_once('.')?;
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
        if name.len() > LENGTH || !KINDS.contains(&kind) || !front.bytes().all(valid) {
            return None;
        }
        let (stem, instance) = match front.split_once('@') {
            Some((stem, instance)) => (stem, Some(instance)),
            None => (front, None),
        };
        (!stem.is_empty()).then_some(Self { stem, instance, kind })
    }

    /// Whether it names no unit, but what units are made of.
    pub(super) fn is_template(&self) -> bool {
        self.instance == Some("")
    }

    /// `getty@.service` of `getty@tty1.service`.
    pub(super) fn template(&self) -> Option<String> {
        self.instance.filter(|instance| !instance.is_empty()).map(|_| self.instantiated(""))
    }

    /// The name of an instance of the same stem.
    pub(super) fn instantiated(&self, instance: &str) -> String {
        format!("{}@{instance}.{}", self.stem, self.kind)
    }

    /// Whether a link of this name may make it an alias of another (unit_validate_alias_symlink_or_warn()).
    pub(super) fn may_be_alias_of(&self, target: &Self) -> bool {
        let instances = match (self.instance, target.instance) {
            (None, None) => true,
            (Some(own), Some(other)) => own == other || (!own.is_empty() && other.is_empty()),
            _ => false,
        };
        self != target && self.kind == target.kind && instances && ALIASED.contains(&self.kind)
    }

    /// The names whose directories (`NAME.d`, `NAME.wants`) count for this unit, in systemd's order
    /// (unit_file_find_dirs()): its own, its template's, and those cut short at a dash, of a template without the `@`.
    pub(super) fn with_prefixes(&self) -> Vec<String> {
        let named = |stem: &str, instance: Option<&str>| match instance {
            Some(instance) => format!("{stem}@{instance}.{}", self.kind),
            None => format!("{stem}.{}", self.kind),
        };
        let mut names = vec![named(self.stem, self.instance)];
        let instance = self.instance.filter(|instance| !instance.is_empty());
        names.extend(self.template());
        names.extend(prefixes(self.stem).map(|stem| named(stem, None)));
        if instance.is_some() {
            names.extend(prefixes(self.stem).flat_map(|stem| [named(stem, instance), named(stem, Some(""))]));
        }
        names
    }
}

/// `a-b-` and `a-` of `a-b-c`; a name that begins with its last dash has none.
fn prefixes(stem: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(prefix(stem), |stem| prefix(stem))
}

fn prefix(stem: &str) -> Option<&str> {
    let dash = stem.strip_suffix('-').unwrap_or(stem).rfind('-').filter(|&dash| dash > 0)?;
    stem.get(..=dash)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parts = |name| UnitName::parse(name).map(|name| (name.stem, name.instance, name.kind));
        assert_eq!(parts("a.b.service"), Some(("a.b", None, "service")));
        assert_eq!(parts("getty@tty1.service"), Some(("getty", Some("tty1"), "service")));
        assert_eq!(parts("getty@.service"), Some(("getty", Some(""), "service")));
        for name in ["service", ".service", "@x.service", "a.service.bak", "a b.service", "a.conf", "%i.service"] {
            assert_eq!(parts(name), None, "{name}");
        }
        assert_eq!(parts(&format!("{}.service", "a".repeat(248))), None);
    }

    #[test]
    fn names_of_directories_that_add_to_a_unit() {
        let of = |name| UnitName::parse(name).unwrap().with_prefixes();
        assert_eq!(of("a-b-c.service"), ["a-b-c.service", "a-b-.service", "a-.service"]);
        assert_eq!(of("a-b@.service"), ["a-b@.service", "a-.service"]);
        assert_eq!(
            of("a-b-c@x-y.service"),
            [
                "a-b-c@x-y.service",
                "a-b-c@.service",
                "a-b-.service",
                "a-.service",
                "a-b-@x-y.service",
                "a-b-@.service",
                "a-@x-y.service",
                "a-@.service"
            ]
        );
        assert_eq!(of("-.mount"), ["-.mount"]);
        assert_eq!(of("a-.service"), ["a-.service"]);
    }

    #[test]
    fn only_a_name_of_the_same_kind_is_an_alias() {
        let may = |alias, target| UnitName::parse(alias).unwrap().may_be_alias_of(&UnitName::parse(target).unwrap());
        assert!(may("a.service", "b.service") && may("a@.service", "b@.service"));
        assert!(may("a@x.service", "b@x.service") && may("a@x.service", "b@.service"));
        assert!(may("a@x.service", "a@.service"), "an instance may be linked to its template");
        assert!(!may("a.service", "a.service") && !may("a.service", "b.target") && !may("a.mount", "b.mount"));
        assert!(!may("a@x.service", "b@y.service") && !may("a.service", "b@.service"));
    }
}
