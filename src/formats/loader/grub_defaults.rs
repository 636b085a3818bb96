//! `/etc/default/grub` and the files read after it, as `grub-mkconfig` reads them.

use crate::formats::cmdline;
use crate::formats::shell::{Shell, Variables};
use crate::formats::text::harmless::title;
use isctpl_checks::facts::{GrubDefaults, Located, Problem};

/// Evaluates files, each a path and a text, in the order in which they are read: `/etc/default/grub`, then
/// `/etc/default/grub.d/*.cfg`. A later assignment replaces an earlier one.
///
/// A setting whose value hangs on a condition or a command's output is left out, and a problem says so.
pub(crate) fn evaluate(files: impl IntoIterator<Item = (String, String)>) -> (GrubDefaults, Vec<Problem>) {
    let mut defaults = GrubDefaults::default();
    let mut problems = Vec::new();
    let mut variables = Variables::default();
    for (path, text) in files {
        problems.extend(variables.read(&text, &path, Shell::Any));
        defaults.files.push(path);
    }
    let mut setting = |name: &str| {
        variables.setting(name).unwrap_or_else(|problem| {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            None
        })
    };
    let line =
        |setting: Located<String>| Located::new(cmdline::parse(&setting.value, Some(setting.at.clone())), setting.at);
    defaults.cmdline_linux = setting("GRUB_CMDLINE_LINUX").map(line);
    defaults.cmdline_linux_default = setting("GRUB_CMDLINE_LINUX_DEFAULT").map(line);
    defaults.default = setting("GRUB_DEFAULT").map(|setting| Located::new(title(&setting.value), setting.at));
    defaults.recovery_disabled = setting("GRUB_DISABLE_RECOVERY").is_some_and(|setting| setting.value == "true");
    (defaults, problems)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use isctpl_checks::facts::Location;
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

    /// A file that is read in may set what is not set behind it, and a function whatever it sets. Where it is not there
    /// most shells end.
    #[test]
    fn what_another_file_may_set_is_not_known() {
        let (defaults, problems) = evaluate([file("grub", "GRUB_TIMEOUT=1\n. /etc/default/own\nGRUB_DEFAULT=0\n")]);
        assert_eq!(defaults.default, None);
        assert!(problems.iter().any(|problem| problem.what.contains("the shell may have ended")), "{problems:?}");
        let text = "[ -f /etc/default/own ] && . /etc/default/own\nGRUB_DEFAULT=0\nf() { GRUB_DISABLE_RECOVERY=true; }\nf\nGRUB_CMDLINE_LINUX=quiet\n";
        let (defaults, problems) = evaluate([file("grub", text)]);
        assert_eq!(defaults.default.unwrap().value, "0");
        assert_eq!(defaults.cmdline_linux.unwrap().value.text(), "quiet");
        assert!(defaults.cmdline_linux_default.is_none() && !defaults.recovery_disabled);
        let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(places, ["/etc/default/grub:1", "/etc/default/grub:3"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>()) {
            evaluate([file("grub", &text), file("grub.d/a.cfg", &format!("GRUB_DEFAULT={text}"))]);
        }
    }
}
