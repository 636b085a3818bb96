//! Takes out of open-iscsi's files what is one instance's: who logs in, and under which name.

use super::initramfs::initramfs_conf;
use super::record::{initiator_name, settings};
use crate::formats::text::edit::{Unedited, line_end};

/// What Debian's startup-checks.sh takes for the order to generate a name, and Debian's package installs.
const GENERATE: &str = "GenerateName=yes";

/// An iscsid.conf without the settings of its text that name a CHAP user, a password or the method. All other lines
/// stay as they are.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut text = text.to_owned();
    loop {
        // A file may have more settings than are read at once.
        let lines: Vec<u32> =
            settings(&text, "").0.iter().filter(|it| it.secret || is_login(it.key)).map(|it| it.line).collect();
        if lines.is_empty() {
            return text;
        }
        text = without(&text, &lines);
    }
}

/// Whether a setting tells how one initiator logs in: `node.session.auth.username`, `discovery.sendtargets.auth.authmethod`.
fn is_login(key: &str) -> bool {
    let mut parts = key.rsplit('.');
    let last = parts.next().unwrap_or_default().to_ascii_lowercase();
    parts.next() == Some("auth") && ["authmethod", "username", "password"].iter().any(|name| last.starts_with(name))
}

/// An `iscsi.initramfs` without the lines that set a CHAP user or password.
///
/// # Errors
/// Where such a line is more than an assignment: taking it out may change what the script does.
pub(crate) fn initramfs_without_credentials(text: &str) -> Result<String, Unedited> {
    let mut text = text.to_owned();
    while let Some(line) = initramfs_conf(&text, "").0.secret.map(|at| at.line).or_else(|| user_line(&text)) {
        let at = usize::try_from(line).unwrap_or_default();
        if !text.lines().nth(at.saturating_sub(1)).is_some_and(is_assignment) {
            return Err(Unedited::at(at, "sets a CHAP user or password, and is more than an assignment"));
        }
        text = without(&text, &[line]);
    }
    Ok(text)
}

/// The line of a user name.
fn user_line(text: &str) -> Option<u32> {
    let is_user =
        |line: &str| ["ISCSI_USERNAME=", "ISCSI_IN_USERNAME="].iter().any(|name| bare(line).starts_with(name));
    (1..).zip(text.lines()).find(|(_, line)| is_user(line)).map(|(number, _)| number)
}

fn bare(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix("export ").map_or(line, str::trim_start)
}

/// Whether a line is one assignment whose value ends on it.
fn is_assignment(line: &str) -> bool {
    let Some((name, value)) = bare(line).split_once('=') else { return false };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let ends = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inside = &value[1..];
            inside.find(quote).is_some_and(|end| end + 1 == inside.len()) && !inside.contains('\\')
        }
        _ => !value.contains(|c: char| c.is_whitespace() || "\"'\\;&|<>()`$#".contains(c)),
    };
    is_name && ends
}

/// An initiatorname.iscsi that has a name generated at the first start, in place of the one in it.
pub(crate) fn generated_name(text: &str) -> String {
    let (name, generated) = initiator_name(text, "");
    let Some(name) = name else { return text.to_owned() };
    let end = line_end(text);
    let without_name = without(text, &[name.at.line]);
    if generated.is_some() {
        // The reader takes the first name; another one may follow.
        return generated_name(&without_name);
    }
    let mut edited = String::new();
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        match number == name.at.line {
            true => edited.extend([GENERATE, end]),
            false => edited.push_str(line),
        }
    }
    generated_name(&edited)
}

/// A text without some lines, counted from 1.
fn without(text: &str, lines: &[u32]) -> String {
    (1u32..)
        .zip(text.split_inclusive('\n'))
        .filter(|(number, _)| !lines.contains(number))
        .map(|(_, line)| line)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_what_names_a_login_goes() {
        let text = "# comment\r\nnode.startup = manual\r\nnode.session.auth.authmethod = CHAP\r\n\
                    #node.session.auth.password = password\r\nnode.session.auth.username=u\r\n\
                    node.session.auth.password_in = x\r\ndiscovery.sendtargets.auth.password = y\r\n\
                    node.session.auth.chap_algs = MD5\r\nno setting\r\nnode.session.auth.password = last";
        let edited = without_credentials(text);
        let wanted = "# comment\r\nnode.startup = manual\r\n#node.session.auth.password = password\r\n\
                      node.session.auth.chap_algs = MD5\r\nno setting\r\n";
        assert_eq!((edited.as_str(), without_credentials(&edited)), (wanted, wanted.to_owned()));
    }

    #[test]
    fn a_line_that_is_more_than_an_assignment_is_left_to_a_person() {
        let text = "ISCSI_AUTO=1\nISCSI_USERNAME=\"u\"\nexport ISCSI_PASSWORD='a b'\nISCSI_IN_PASSWORD=c\nISCSI_TARGET_NAME=iqn.a";
        let edited = initramfs_without_credentials(text);
        assert_eq!(edited, Ok("ISCSI_AUTO=1\nISCSI_TARGET_NAME=iqn.a".to_owned()));
        for line in [
            "ISCSI_PASSWORD=\"a",
            "ISCSI_PASSWORD=a\\",
            "if true; then ISCSI_PASSWORD=a; fi",
            "ISCSI_USERNAME=u ISCSI_PASSWORD=a",
        ] {
            assert_eq!(initramfs_without_credentials(&format!("x=1\n{line}\n")).unwrap_err().line, Some(2), "{line}");
        }
    }

    #[test]
    fn a_name_is_generated_in_place_of_the_one_that_is_there() {
        let text = "## remark\nInitiatorName=iqn.2020-10.com.example:a\nInitiatorName=iqn.b\n";
        assert_eq!(generated_name(text), "## remark\nGenerateName=yes\n");
        let done = "## remark\nGenerateName=yes\n";
        assert_eq!(generated_name(done), done);
        assert_eq!(generated_name("GenerateName=yes\r\nInitiatorName=iqn.a"), "GenerateName=yes\r\n");
        assert_eq!(generated_name("InitiatorName=iqn.a"), "GenerateName=yes\n");
    }
}
