//! What LVM's filter makes of a device (lvm.conf, devices/filter).

use super::lvm_pattern::Pattern;
use crate::facts::Located;

/// What a filter says of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling<'a> {
    /// LVM looks at it.
    Accepted,
    /// LVM does not look at it, by this pattern.
    Rejected(&'a Located<String>),
    /// It hangs on names that are not known, or on a pattern that is not understood.
    Unclear(&'a Located<String>),
}

/// Judges a device by the names that are known of it.
///
/// "If any path name matches an 'a' pattern before an 'r' pattern, then the device is accepted. If all
/// the path names match an 'r' pattern first, then the device is rejected. Unmatching path names do
/// not affect the decision" (lvm.conf). So a pattern that accepts links below `/dev/disk`, whose names
/// are not all known, makes a rejection doubtful.
pub fn judge<'a>(filter: &'a [Located<String>], names: &[String]) -> Ruling<'a> {
    let mut rules = Vec::new();
    for located in filter {
        match parse(&located.value) {
            Some((accepts, pattern, text)) => rules.push((accepts, pattern, text, located)),
            None => return Ruling::Unclear(located),
        }
    }
    let mut rejected = None;
    for name in names {
        match rules.iter().find(|(_, pattern, _, _)| pattern.is_in(name)) {
            Some((true, ..)) => return Ruling::Accepted,
            Some((false, _, _, located)) => rejected = rejected.or(Some(*located)),
            None => {}
        }
    }
    let Some(located) = rejected else { return Ruling::Accepted };
    let by_link = rules.iter().find(|(accepts, _, text, _)| *accepts && text.contains("disk/by-"));
    match by_link {
        Some((.., doubtful)) => Ruling::Unclear(doubtful),
        None => Ruling::Rejected(located),
    }
}

/// `a|REGEX|` or `r|REGEX|`, with any delimiter; the last character is the delimiter again.
fn parse(text: &str) -> Option<(bool, Pattern, &str)> {
    let text = text.trim().trim_matches('"');
    let accepts = match text.chars().next()? {
        'a' => true,
        'r' => false,
        _ => return None,
    };
    let rest = text.get(1..)?;
    let delimiter = rest.chars().next()?;
    let closing = match delimiter {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        other => other,
    };
    let body = rest.strip_prefix(delimiter)?.strip_suffix(closing)?;
    // LVM refuses an empty one that stands alone, and takes the patterns beside it for others than they are.
    (!body.is_empty()).then_some(())?;
    Some((accepts, Pattern::new(body)?, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Location;

    fn filter(patterns: &[&str]) -> Vec<Located<String>> {
        let at = |line| Location::line("/etc/lvm/lvm.conf", line);
        patterns.iter().zip(1..).map(|(pattern, line)| Located::new((*pattern).to_owned(), at(line))).collect()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn rules_as_lvm_conf_says() {
        let sda = names(&["/dev/sda3", "/dev/disk/by-path/ip-100.97.0.10:3260-iscsi-iqn.x-lun-47-part3"]);
        assert_eq!(judge(&filter(&[]), &sda), Ruling::Accepted);
        assert_eq!(judge(&filter(&["a|.*|"]), &sda), Ruling::Accepted);
        assert_eq!(judge(&filter(&["r|/dev/cdrom|"]), &sda), Ruling::Accepted);
        let only = filter(&["a|^/dev/nvme|", "r|.*|"]);
        assert_eq!(judge(&only, &sda), Ruling::Rejected(&only[1]));
        let iscsi = filter(&["r/sd/", "a/by-path.*iscsi/", "r/.*/"]);
        assert_eq!(judge(&iscsi, &sda), Ruling::Accepted);
        let by_id = filter(&["a|^/dev/disk/by-id/scsi-36|", "r|.*|"]);
        assert_eq!(judge(&by_id, &sda), Ruling::Unclear(&by_id[0]));
        for odd in ["nonsense", "r||", "r()"] {
            let odd = filter(&[odd]);
            assert_eq!(judge(&odd, &sda), Ruling::Unclear(&odd[0]));
        }
    }
}
