//! A timeout that is set in dhclient.conf.

use super::parse;
use crate::formats::text::edit::{Unedited, append};
use isctpl_checks::facts::{DhclientConf, Problem};

/// Sets the timeout of dhclient, in seconds, and shortens those of `interface` blocks that are longer. Where there is
/// no statement yet, one that is commented out (Debian has `#timeout 60;`) is put in force, or a line added: at the end,
/// or before everything where a block would go without it, since what stands behind a block does not hold for it.
pub(crate) fn timeout(text: &str, seconds: u32) -> Result<String, Unedited> {
    let before = parse(text, "", false);
    if let Some(problem) = before.problems.first().or(before.left_out.as_ref()) {
        return Err(unedited(problem));
    }
    let mut edited = text.to_owned();
    for (span, in_block) in before.timeouts.iter().rev() {
        let is_longer = || edited.get(span.clone()).and_then(|number| number.parse().ok()) > Some(seconds);
        if !in_block || is_longer() {
            edited.replace_range(span.clone(), &seconds.to_string());
        }
    }
    if holds(&edited, seconds) {
        return Ok(edited);
    }
    let statement = format!("timeout {seconds};");
    let put = put_in_force(&edited, &statement).filter(|text| holds(text, seconds));
    let appended = || Some(append(&edited, &[&statement])).filter(|text| holds(text, seconds));
    let end = if edited.contains("\r\n") { "\r\n" } else { "\n" };
    Ok(put.or_else(appended).unwrap_or_else(|| format!("{statement}{end}{edited}")))
}

/// Whether no NIC is waited for longer.
fn holds(text: &str, seconds: u32) -> bool {
    let conf = parse(text, "", false).conf;
    let own = conf.interfaces.iter().filter_map(|interface| interface.timeout.as_ref());
    conf.timeout.is_some_and(|timeout| timeout.value == seconds) && own.into_iter().all(|own| own.value <= seconds)
}

fn unedited(problem: &Problem) -> Unedited {
    Unedited { line: problem.place.strip_prefix(':').and_then(|line| line.parse().ok()), what: problem.what.clone() }
}

/// The text with the last commented-out `timeout` in its place, unless that stands within a block or a statement.
fn put_in_force(text: &str, statement: &str) -> Option<String> {
    let others = |text: &str| DhclientConf { timeout: None, ..parse(text, "", false).conf };
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let index = lines.iter().rposition(|line| is_commented_out(line))?;
    let line = lines.get(index)?.to_owned();
    let indent = line.split('#').next().unwrap_or_default();
    let end = line.get(line.trim_end().len()..).unwrap_or_default();
    let replaced = format!("{indent}{statement}{end}");
    *lines.get_mut(index)? = &replaced;
    let edited = lines.concat();
    let in_force = parse(&edited, "", false);
    (in_force.conf.timeout.is_some() && in_force.problems.is_empty() && others(&edited) == others(text))
        .then_some(edited)
}

/// `#timeout 60;` and nothing else.
fn is_commented_out(line: &str) -> bool {
    let Some(comment) = line.trim().strip_prefix('#') else { return false };
    let number = comment.trim_start_matches('#').trim().strip_prefix("timeout").and_then(|rest| rest.strip_suffix(';'));
    number.is_some_and(|number| number.starts_with(char::is_whitespace) && number.trim().parse::<u32>().is_ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_timeout_is_set_and_nothing_else() {
        for (before, after) in [
            ("", "timeout 10;\n"),
            ("send dhcp-lease-time 1; # y", "send dhcp-lease-time 1; # y\ntimeout 10;\n"),
            ("timeout 300;\r\nretry 60;\r\n", "timeout 10;\r\nretry 60;\r\n"),
            ("retry 60; timeout\n  60 ; select-timeout 5;", "retry 60; timeout\n  10 ; select-timeout 5;"),
            ("#timeout 60;\n#retry 60;\n", "timeout 10;\n#retry 60;\n"),
            ("  ## timeout 60;\r\nretry 1;\r\n", "  timeout 10;\r\nretry 1;\r\n"),
            ("# timeout 60; is the default\n", "# timeout 60; is the default\ntimeout 10;\n"),
            (
                "interface \"a\" {\n  #timeout 60;\n  timeout 90;\n}\ninterface \"b\" { timeout 5; }\n",
                "interface \"a\" {\n  #timeout 60;\n  timeout 10;\n}\ninterface \"b\" { timeout 5; }\ntimeout 10;\n",
            ),
            ("interface \"a\" { }\n#timeout 60;\n", "timeout 10;\ninterface \"a\" { }\n#timeout 60;\n"),
            ("interface \"a\" { }\ntimeout 60;\n", "timeout 10;\ninterface \"a\" { }\ntimeout 10;\n"),
            (
                "request routers,\n#timeout 60;\n  subnet-mask;\n",
                "request routers,\n#timeout 60;\n  subnet-mask;\ntimeout 10;\n",
            ),
            ("timeout 5;\ntimeout 60;\n", "timeout 10;\ntimeout 10;\n"),
            (
                "send host-name \"timeout 60;\"; # timeout 9;\n",
                "send host-name \"timeout 60;\"; # timeout 9;\ntimeout 10;\n",
            ),
        ] {
            let edited = timeout(before, 10).unwrap();
            assert_eq!(edited, after);
            assert_eq!(timeout(&edited, 10).unwrap(), edited, "again");
        }
    }

    #[test]
    fn what_dhclient_refuses_is_refused_with_its_line() {
        for (text, line) in [("retry 1;\ntimeout 60\nretry 60;\n", 2), ("\ninterface \"a\" {\n", 2), ("timeout x;", 1)]
        {
            assert_eq!(timeout(text, 10).unwrap_err().line, Some(line), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn the_reader_reads_what_was_set(text in "(timeout|[0-9]{1,2}|request|routers|,|interface|a|;|\\{|\\}|#|\"|\r\n|\n| ){0,40}") {
            if let Ok(edited) = timeout(&text, 10) {
                let (before, after) = (parse(&text, "/d", false), parse(&edited, "/d", false));
                prop_assert_eq!(after.conf.timeout.as_ref().map(|timeout| timeout.value), Some(10), "{}", &edited);
                prop_assert!(after.problems.is_empty());
                prop_assert_eq!(after.conf.requested, before.conf.requested);
                prop_assert_eq!(timeout(&edited, 10), Ok(edited.clone()));
            }
        }
    }
}
