//! `/etc/default/grub` and the files read after it, as `grub-mkconfig` reads them.

use crate::formats::text::harmless::{title, wrong_value};
use crate::formats::{cmdline, shell};
use isctpl_checks::facts::{GrubDefaults, Located, Location, Problem};
use shell::{Assignment, Shell, Variables};

/// Evaluates files, each a path and a text, in the order in which they are read: `/etc/default/grub`, then
/// `/etc/default/grub.d/*.cfg`. A later assignment replaces an earlier one.
///
/// A setting whose value hangs on a condition or a command's output is left out, and a problem says so.
pub(crate) fn evaluate(files: impl IntoIterator<Item = (String, String)>) -> (GrubDefaults, Vec<Problem>) {
    let mut defaults = GrubDefaults::default();
    let mut problems = Vec::new();
    let mut variables = Variables::default();
    for (path, text) in files {
        defaults.files.push(path.clone());
        let script = shell::parse_after(&text, &path, Shell::Any, &mut variables);
        problems.extend(script.problems);
        for (at, file) in script.sourced {
            problems.push(Problem::new(
                at.to_string(),
                format!("sources {}, which isctpl does not read", wrong_value(&file)),
            ));
        }
        for assignment in script.assignments {
            apply(&mut defaults, assignment, &path, &mut problems);
        }
    }
    (defaults, problems)
}

fn apply(defaults: &mut GrubDefaults, assignment: Assignment, path: &str, problems: &mut Vec<Problem>) {
    let relevant = ["GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT", "GRUB_DEFAULT", "GRUB_DISABLE_RECOVERY"];
    if !relevant.contains(&assignment.name.as_str()) {
        return;
    }
    let at = Location::line(path, assignment.line);
    let doubt = assignment.doubt().or_else(|| {
        // A quote that somebody forgot: the next setting stands in this one.
        let what = || format!("the value of {} continues on the next line: a quote may be missing", assignment.name);
        assignment.value.contains('\n').then(what)
    });
    let value = match doubt {
        Some(doubt) => {
            problems.push(Problem::new(at.to_string(), doubt));
            None
        }
        None => Some(assignment.value),
    };
    let line =
        |value: Option<String>| value.map(|value| Located::new(cmdline::parse(&value, Some(at.clone())), at.clone()));
    match assignment.name.as_str() {
        "GRUB_CMDLINE_LINUX" => defaults.cmdline_linux = line(value),
        "GRUB_CMDLINE_LINUX_DEFAULT" => defaults.cmdline_linux_default = line(value),
        "GRUB_DEFAULT" => defaults.default = value.map(|value| Located::new(title(&value), at)),
        _ => defaults.recovery_disabled = value.as_deref() == Some("true"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(name: &str, text: &str) -> (String, String) {
        (format!("/etc/default/{name}"), text.to_owned())
    }

    #[test]
    fn a_later_file_overwrites() {
        let (defaults, problems) = evaluate([
            file(
                "grub",
                "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet splash\"\n\
                 GRUB_CMDLINE_LINUX=\"iscsi_auto iscsi_password=geheim\"\nGRUB_DISABLE_RECOVERY=\"true\"\n",
            ),
            file("grub.d/50-cloudimg-settings.cfg", "# Cloud Image\nGRUB_CMDLINE_LINUX_DEFAULT=\"console=tty1\"\n"),
            file("grub.d/kdump.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=1G\"\n"),
        ]);
        assert_eq!(problems, []);
        let default = defaults.cmdline_linux_default.unwrap();
        assert_eq!(default.value.text(), "console=tty1 crashkernel=1G");
        assert_eq!(default.at, Location::line("/etc/default/grub.d/kdump.cfg", 1));
        assert_eq!(defaults.cmdline_linux.unwrap().value.text(), "iscsi_auto iscsi_password=(hidden)");
        assert_eq!(defaults.default.unwrap().value, "0");
        assert!(defaults.recovery_disabled);
        assert_eq!(defaults.files.len(), 3);
    }

    #[test]
    fn what_cannot_be_told_is_no_value() {
        let (defaults, problems) = evaluate([file(
            "grub",
            "GRUB_CMDLINE_LINUX=\"a $(cat /x)\"\nif [ -f /y ]; then\nGRUB_DEFAULT=2\nfi\nGRUB_DISTRIBUTOR=`x`\n",
        )]);
        assert_eq!((defaults.cmdline_linux, defaults.default), (None, None));
        assert_eq!(
            problems.iter().map(|problem| problem.place.as_str()).collect::<Vec<_>>(),
            ["/etc/default/grub:1", "/etc/default/grub:3"]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>()) {
            evaluate([file("grub", &text), file("grub.d/a.cfg", &format!("GRUB_DEFAULT={text}"))]);
        }
    }
}
