//! Settings that are changed in dhcpcd.conf.

use super::{CLASSLESS, names, word_of};
use crate::formats::text::edit::{append, line_end};

/// Words that open a block; what stands after them is for some interfaces or networks only (dhcpcd.conf(5)).
const BLOCKS: [&str; 4] = ["interface", "ssid", "profile", "arping"];

/// Sets the timeout, in seconds; a block keeps one of its own that is shorter. 0 is no timeout at all.
pub(crate) fn timeout(text: &str, seconds: u32) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let (mut block, mut is_set) = (None, false);
    for (index, line) in lines.iter_mut().enumerate() {
        let (word, rest) = word_of(line);
        if BLOCKS.contains(&word) {
            block = block.or(Some(index));
        }
        if word != "timeout" {
            continue;
        }
        let is_shorter = rest.parse::<u32>().is_ok_and(|number| (1..=seconds).contains(&number));
        if block.is_none() || !is_shorter {
            *line = with_value(line, rest, &seconds.to_string());
        }
        is_set |= block.is_none();
    }
    let statement = format!("timeout {seconds}");
    match block {
        _ if is_set => lines.concat(),
        Some(index) => {
            lines.insert(index, format!("{statement}{}", line_end(text)));
            lines.concat()
        }
        None => append(&lines.concat(), &[&statement]),
    }
}

/// Option 121 is refused no more.
pub(crate) fn accept_classless(text: &str) -> String {
    let edit = |line: &str| {
        let (word, rest) = word_of(line);
        if !matches!(word, "nooption" | "nooptions") || !names(rest).any(|name| CLASSLESS.contains(&name)) {
            return line.to_owned();
        }
        let others: Vec<&str> = names(rest).filter(|name| !CLASSLESS.contains(name)).collect();
        match others.is_empty() {
            true => format!("#{line}"),
            false => with_value(line, rest, &others.join(", ")),
        }
    };
    text.split_inclusive('\n').map(edit).collect()
}

/// A line with another value; what follows it, such as a comment, stays.
fn with_value(line: &str, value: &str, by: &str) -> String {
    let Some((word, _)) = line.trim_start().split_once(char::is_whitespace) else {
        let end = line.trim_end().len();
        let (line, end) = line.split_at(end);
        return format!("{line} {by}{end}");
    };
    let from = line.len() - line.trim_start().len() + word.len();
    let (head, rest) = line.split_at(from);
    match value.is_empty() {
        true => format!("{head} {by}{rest}"),
        false => format!("{head}{}", rest.replacen(value, by, 1)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn a_timeout_is_set_and_nothing_else() {
        for (before, after) in [
            ("", "timeout 10\n"),
            ("persistent # keep", "persistent # keep\ntimeout 10\n"),
            ("  timeout\t60 # s\r\nduid\r\n", "  timeout\t10 # s\r\nduid\r\n"),
            ("#timeout 60\ntimeout 0\n", "#timeout 60\ntimeout 10\n"),
            (
                "duid\ninterface a\ntimeout 60\ninterface b\ntimeout 5\n",
                "duid\ntimeout 10\ninterface a\ntimeout 10\ninterface b\ntimeout 5\n",
            ),
            ("timeout\n", "timeout 10\n"),
            ("reboot 60\n", "reboot 60\ntimeout 10\n"),
        ] {
            let edited = timeout(before, 10);
            assert_eq!(edited, after);
            assert_eq!(timeout(&edited, 10), edited, "again");
        }
    }

    #[test]
    fn option_121_is_accepted() {
        for (before, after) in [
            ("nooption 121\noption 121\n", "#nooption 121\noption 121\n"),
            (
                " nooption ntp_servers, classless_static_routes\t121 # x\r\ninterface a\r\n",
                " nooption ntp_servers # x\r\ninterface a\r\n",
            ),
            ("nooption ms_classless_static_routes", "nooption ms_classless_static_routes"),
        ] {
            let edited = accept_classless(before);
            assert_eq!(edited, after);
            assert_eq!(accept_classless(&edited), edited, "again");
            let configs = parse(&edited, "/c", &mut Vec::new());
            assert!(configs.iter().all(|config| config.use_dhcp_routes.as_ref().is_none_or(|routes| routes.value)));
        }
    }
}
