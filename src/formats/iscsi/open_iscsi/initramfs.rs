//! Files that open-iscsi's scripts read with the shell's `.`: `/etc/iscsi/iscsi.initramfs` and
//! `/etc/default/open-iscsi`. The shell is klibc's or busybox's in the initramfs, and `/bin/sh` in the system.

use crate::formats::shell::{Shell, parse};
use isctpl_checks::facts::{InitramfsConf, Located, Location, Problem};

/// Reads `/etc/iscsi/iscsi.initramfs`. Later assignments win. Whether all sessions are kept at shutdown
/// stands in another file: see [`keeps_all_sessions`]. No password leaves this function.
///
/// What is set under a condition, or by a command, is not known, and a problem says so. So is a value that goes over
/// the end of its line, as where a quote was forgotten: the next setting stands in it, which may be a password.
pub(crate) fn initramfs_conf(text: &str, path: &str) -> (InitramfsConf, Vec<Problem>) {
    let script = parse(text, path, Shell::Any);
    let mut conf = InitramfsConf { path: path.to_owned(), ..InitramfsConf::default() };
    let mut problems = script.problems;
    for assignment in script.assignments.into_iter().filter(|assignment| assignment.name.starts_with("ISCSI_")) {
        let doubt = assignment.doubt();
        let (name, value) = (assignment.name, assignment.value);
        let at = Location::line(path, assignment.line);
        if name.contains("PASSWORD") {
            let secret = !value.is_empty() || assignment.unclear.is_some();
            if secret && matches!(name.as_str(), "ISCSI_PASSWORD" | "ISCSI_IN_PASSWORD") {
                conf.secret = Some(at);
            }
            continue;
        }
        let doubt = match value.contains('\n') {
            true => Some(format!("the value of {name} continues on the next line, so it is not known")),
            false => doubt,
        };
        let set = doubt.is_none() && !value.is_empty();
        problems.extend(doubt.map(|doubt| Problem::new(at.to_string(), doubt)));
        let located = |value: String| set.then(|| Located::new(value, at.clone()));
        match name.as_str() {
            "ISCSI_AUTO" => conf.auto = set.then_some(at),
            "ISCSI_TARGET_NAME" => conf.target_name = located(value),
            "ISCSI_INITIATOR" => conf.initiator = located(value),
            "ISCSI_TARGET_IP" => {
                let addresses = value.split_whitespace().filter(|_| set);
                conf.target_ips = addresses.map(|ip| Located::new(ip.to_owned(), at.clone())).collect();
            }
            _ => {}
        }
    }
    (conf, problems)
}

/// Whether `/etc/default/open-iscsi` sets `ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1`. Debian's
/// logout-all.sh heeds it only where `/etc/iscsi/iscsi.initramfs` exists.
pub(crate) fn keeps_all_sessions(text: &str) -> bool {
    parse(text, "", Shell::Any).value("ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN") == Some("1")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONF: &str = "# comment ISCSI_AUTO=no\nISCSI_AUTO=true\nISCSI_TARGET_NAME='iqn.2013-01.com.example:a'\n\
                        export ISCSI_TARGET_IP=\"10.0.0.1 10.0.0.2\"\nISCSI_PASSWORD=\"gehe im\" # here\n\
                        ISCSI_INITIATOR=\n";

    #[test]
    fn reads_what_the_initramfs_is_told() {
        let (conf, problems) = initramfs_conf(CONF, "/etc/iscsi/iscsi.initramfs");
        assert_eq!(problems, []);
        assert_eq!(conf.auto.unwrap().line, 2);
        assert_eq!(conf.target_name.unwrap().value, "iqn.2013-01.com.example:a");
        assert_eq!(conf.target_ips.len(), 2);
        assert_eq!(conf.secret.unwrap().line, 5);
        assert_eq!(conf.initiator, None);
    }

    #[test]
    fn an_empty_auto_is_not_set() {
        let (conf, _) = initramfs_conf("ISCSI_AUTO=\n", "/c");
        assert_eq!(conf.auto, None);
        let (conf, _) = initramfs_conf("ISCSI_AUTO=true; ISCSI_AUTO=''\n", "/c");
        assert_eq!(conf.auto, None);
    }

    #[test]
    fn a_value_that_the_shell_makes_is_a_problem() {
        let (_, problems) = initramfs_conf("ISCSI_INITIATOR=\"$(cat /x)\"\n", "/c");
        assert_eq!(problems.len(), 1);
        let (_, problems) = initramfs_conf("ISCSI_INITIATOR='$x'\n", "/c");
        assert_eq!(problems, []);
    }

    /// The reader that there was before took each of these for something else.
    #[test]
    fn values_are_those_of_the_shell() {
        let of = |text: &str| initramfs_conf(text, "/c");
        let (conf, problems) = of("ISCSI_INITIATOR=\"iqn.a\\b\"\nX=1 ISCSI_AUTO=true env\n");
        assert_eq!(conf.initiator.unwrap().value, "iqn.a\\b", "a backslash in quotes stands for itself");
        assert_eq!((conf.auto, problems), (None, vec![]), "set for one command only");
        let (conf, problems) = of("P=iqn.2013-01.com.example\nISCSI_INITIATOR=$P:a\n");
        assert_eq!(conf.initiator.unwrap().value, "iqn.2013-01.com.example:a");
        assert_eq!(problems, []);
        let (conf, problems) = of("if [ -e /x ]; then\n ISCSI_AUTO=true\nfi\ncat <<E\nISCSI_INITIATOR=iqn.b\nE\n");
        assert_eq!((conf.auto, conf.initiator, problems.len()), (None, None, 1));
    }

    #[test]
    fn no_password_leaves_the_parser() {
        assert!(!format!("{:?}", initramfs_conf(CONF, "/c")).contains("gehe"));
        let forgotten = CONF.replace("a'", "a").replace(" # here", "");
        assert!(!format!("{:?}", initramfs_conf(&forgotten, "/c")).contains("gehe"));
    }

    #[test]
    fn reads_whether_sessions_are_kept() {
        assert!(keeps_all_sessions("ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n"));
        assert!(keeps_all_sessions(
            "ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=0\n ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=\"1\""
        ));
        assert!(!keeps_all_sessions("#ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1\n"));
    }

    #[test]
    fn a_cut_file_is_no_panic() {
        for end in 0..CONF.len() {
            let _ = initramfs_conf(&CONF[..end], "/c");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = initramfs_conf(&String::from_utf8_lossy(&bytes), "/c");
        }

        #[test]
        fn never_panics_on_shell_like_text(text in "[A-Z_='\"\\\\;# \n$a1]{0,200}") {
            let _ = initramfs_conf(&text, "/c");
        }
    }
}
