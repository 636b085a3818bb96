//! The kernel command line.

mod allowed;
pub(crate) mod edit;

use crate::formats::text::redact::is_secret_name;
use isctpl_checks::facts::{Cmdline, HIDDEN, Location, Word};

/// The most bytes of a line that are read: no kernel keeps more than 4096 (`COMMAND_LINE_SIZE` in each
/// `include/uapi/asm/setup.h`), and what stands behind does not reach it.
const LINE_LIMIT: usize = 8192;

/// Splits a command line into words as the kernel does (`next_arg` in `lib/cmdline.c`): at white
/// space outside of double quotes, one pair of quotes around a word or a value removed, no escapes.
///
/// Words and values that nobody here knows are replaced by [`HIDDEN`](isctpl_checks::facts::HIDDEN); a word that
/// is known to hold a secret is marked.
pub fn parse(text: &str, at: Option<Location>) -> Cmdline {
    let end = (0..=text.len().min(LINE_LIMIT)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let text = text.get(..end).unwrap_or(text);
    let mut words = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    let mut of_init = false;
    while !rest.is_empty() {
        let (mut word, after) = next_word(rest);
        let written = before(rest, after);
        rest = after.trim_start_matches(is_space);
        if word.secret {
            rest = rest_of_secret(written, rest);
        } else if word.value.is_none() && is_secret_name(&word.key) && rest.starts_with('=') {
            // `password = SECRET`: three words to the kernel, and a secret all the same.
            let value = rest.trim_start_matches('=').trim_start_matches(is_space);
            rest = next_word(value).1.trim_start_matches(is_space);
            word = Word { value: Some(HIDDEN.to_owned()), secret: true, ..word };
        }
        // Behind `--` stand arguments of init; what they are called is not known either.
        if of_init && !word.secret && word.value.as_deref() == Some(HIDDEN) && !allowed::is_known(&word.key) {
            word.key = HIDDEN.to_owned();
        }
        of_init |= word.value.is_none() && word.key == "--";
        word.quoted = written.contains(['"', '\'', '\\']);
        words.push(word);
    }
    Cmdline { at, words }
}

/// One word whose quotes somebody else has resolved; a secret in it is hidden.
pub(crate) fn word(text: &str) -> Word {
    let equals = text.char_indices().skip(1).find(|(_, c)| *c == '=').map(|(at, _)| at);
    match equals.and_then(|at| text.split_at_checked(at)) {
        Some((key, value)) => allowed::word(key, Some(value.strip_prefix('=').unwrap_or(value))),
        None => allowed::word(text, None),
    }
}

/// Where the line goes on behind a secret. The kernel ends a word at a blank even where whoever wrote the line
/// meant otherwise: by single quotes, or by a backslash before a blank or a quote.
fn rest_of_secret<'a>(written: &'a str, rest: &'a str) -> &'a str {
    let (mut written, mut rest) = (written, rest);
    while written.ends_with('\\') && !rest.is_empty() {
        let (_, after) = next_word(rest);
        written = before(rest, after);
        rest = after.trim_start_matches(is_space);
    }
    let value = written.split_once('=').map_or("", |(_, value)| value);
    let quoted = |text: &str| text.trim_start_matches('\\').starts_with('\'');
    let quote = if written.ends_with("\\\"") && written.matches("\\\"").count() % 2 == 1 {
        '"'
    } else if (quoted(written) || quoted(value)) && written.matches('\'').count() % 2 == 1 {
        '\''
    } else {
        return rest;
    };
    // Without its end it is no quote.
    rest.split_once(quote)
        .map_or(rest, |(_, left)| left.trim_start_matches(|c| !is_space(c)).trim_start_matches(is_space))
}

/// The part of a text that stands before the end of it.
fn before<'a>(text: &'a str, end: &str) -> &'a str {
    text.get(..text.len().saturating_sub(end.len())).unwrap_or_default()
}

/// The white space of the kernel's `isspace`; a NUL ends the buffer of the kernel and stands for nothing here.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' | '\0')
}

fn next_word(text: &str) -> (Word, &str) {
    let opened = text.strip_prefix('"');
    let body = opened.unwrap_or(text);
    let mut in_quote = opened.is_some();
    let mut equals = None;
    let mut end = body.len();
    for (i, c) in body.char_indices() {
        if is_space(c) && !in_quote {
            end = i;
            break;
        }
        // An equals sign in the first place is part of the name, as in the kernel.
        if c == '=' && i > 0 && equals.is_none() {
            equals = Some(i);
        }
        if c == '"' {
            in_quote = !in_quote;
        }
    }
    let (word, after) = body.split_at(end);
    let unquoted = match opened {
        Some(_) => word.strip_suffix('"').unwrap_or(word),
        None => word,
    };
    let parsed = match equals.and_then(|at| unquoted.split_at_checked(at)) {
        None => self::word(unquoted),
        Some((key, value)) => {
            let value = value.strip_prefix('=').unwrap_or(value);
            let value = match value.strip_prefix('"') {
                Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
                None => value,
            };
            allowed::word(key, Some(value))
        }
    };
    (parsed, after)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::formats::text::redact::redact_line;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<(String, Option<String>)> {
        parse(text, None).words.into_iter().map(|word| (word.key, word.value)).collect()
    }

    #[test]
    fn words_keep_their_order_and_lose_their_quotes() {
        let cmdline = parse(
            "BOOT_IMAGE=/vmlinuz-6.1 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto  edd=off console=ttyS0\n",
            Some(Location::file("/proc/cmdline")),
        );
        assert_eq!(
            cmdline.text(),
            "BOOT_IMAGE=/vmlinuz-6.1 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto edd=off console=ttyS0"
        );
        assert_eq!(cmdline.last("root"), Some("/dev/mapper/ubuntu--vg-ubuntu--lv"));
        let hidden = || Some(HIDDEN.to_owned());
        assert_eq!(
            words("a=\"b c\" \"d e=f g\" h=\"i"),
            [("a".into(), hidden()), (HIDDEN.into(), hidden()), ("h".into(), hidden())]
        );
        assert_eq!(
            words("root=\"LABEL=a b\" \"console=ttyS0\" console=\"tty0\" init=\"/b"),
            [
                ("root".into(), Some("LABEL=a b".into())),
                ("console".into(), Some("ttyS0".into())),
                ("console".into(), Some("tty0".into())),
                ("init".into(), Some("/b".into())),
            ]
        );
        assert_eq!(words("dyndbg=\"file a.c +p\" ="), [("dyndbg".into(), hidden()), (HIDDEN.into(), None)]);
        assert_eq!(words("root=UUID=1-2"), [("root".into(), Some("UUID=1-2".into()))]);
        assert_eq!(words("\""), [(HIDDEN.into(), None)]);
        assert_eq!(words(""), []);
    }

    #[test]
    fn a_password_is_hidden_and_marked() {
        let cmdline = parse("iscsi_username=u ISCSI_PASSWORD=\"p q\" rd.iscsi.in.password=r quiet", None);
        assert_eq!(
            cmdline.text(),
            "iscsi_username=(hidden) ISCSI_PASSWORD=(hidden) rd.iscsi.in.password=(hidden) quiet"
        );
        assert_eq!(cmdline.words.iter().map(|word| word.secret).collect::<Vec<_>>(), [false, true, true, false]);
    }

    #[test]
    fn words_of_layers_show_names_and_keep_passphrases() {
        for (word, shown) in [
            (
                "rd.luks.name=5d0b8a4e-6b1f-4f7e-9a61-2f0c6a3d1e55=cryptroot",
                "rd.luks.name=5d0b8a4e-6b1f-4f7e-9a61-2f0c6a3d1e55=cryptroot",
            ),
            ("rd.luks.key=5d0b8a4e=/etc/keys/root.key", "rd.luks.key=5d0b8a4e=/etc/keys/root.key"),
            ("rd.luks.key=/etc/keys/root.key", "rd.luks.key=/etc/keys/root.key"),
            ("rd.luks.key=hunter2", "rd.luks.key=(hidden)"),
            ("overlayroot=tmpfs", "overlayroot=tmpfs"),
            ("overlayroot=crypt:dev=/dev/sdb,pass=hunter2", "overlayroot=crypt:(hidden)"),
            ("cryptdevice=UUID=5d0b8a4e:cryptroot", "cryptdevice=UUID=5d0b8a4e"),
            ("cryptopts=target=root,source=/dev/sda3,key=hunter2", "cryptopts=(hidden)"),
            ("root=live:/dev/disk/by-label/LIVE", "root=live:/dev/disk/by-label/LIVE"),
            ("rd.live.image", "rd.live.image"),
        ] {
            assert_eq!(super::word(word).to_string(), shown, "{word}");
        }
    }

    #[test]
    fn a_secret_is_hidden_to_its_end() {
        for line in [
            "ro iscsi_password='half geheim' quiet",
            "ro 'iscsi_password=half geheim' quiet",
            "ro iscsi_password=half\\ geheim quiet",
            "ro iscsi_password=one\\ half\\ geheim quiet",
            "ro \"iscsi_password=half\\\" geheim\" quiet",
            "ro \"iscsi_password\"=geheim quiet",
            "ro iscsi_password = geheim quiet",
            "ro iscsi_password =geheim quiet",
            "ro iscsi_password:geheim quiet",
            "ro netroot=\\\"iscsi:u:geheim@1.2.3.4::::iqn.x\\\" \"iscsi_password=half geheim\" quiet",
            "ro netroot=\\\"iscsi:u:geheim@1.2.3.4::::iqn.x\\\" quiet",
        ] {
            let text = parse(line, None).text();
            assert!(!text.contains("geheim"), "{line}: {text}");
            assert!(text.starts_with("ro ") && text.ends_with(" quiet"), "{line}: {text}");
            assert!(!redact_line(line).contains("geheim"), "{line}: {}", redact_line(line));
        }
        assert_eq!(parse("iscsi_password='x root=/dev/a", None).last("root"), Some("/dev/a"));
    }

    #[test]
    fn many_open_ends_take_no_stack() {
        let line = format!("iscsi_password=a {}", "b\\ ".repeat(100_000));
        parse(&line, None);
        parse(&"iscsi_password=a\\ ".repeat(100_000), None);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed(text in any::<String>()) {
            let _ = parse(&text, None);
            let _ = redact_line(&text);
        }

        #[test]
        fn no_password_is_seen(secret in "[a-zA-Z0-9/+!@#:,;=]{12,20}") {
            for line in [
                format!("quiet iscsi_password={secret} ro"),
                format!("netroot=iscsi:user:{secret}:ruser:{secret}@[fd00::1]::3260::iqn.2009-01.com.example:t1"),
                format!("rd.iscsi.param=node.session.auth.password={secret}"),
                format!("inst.ks=https://user:{secret}@host/ks"),
            ] {
                prop_assert!(!parse(&line, None).text().contains(&secret));
                prop_assert!(!redact_line(&line).contains(&secret));
            }
            for line in [
                format!("iscsi_pasword={secret} rd.iscsi.params={secret} root={secret}"),
                format!("quiet -- {secret} x={secret} {secret}={secret}"),
                format!("{secret} {secret}= '{secret}' {secret}=="),
                format!("netroot=iscsi:{secret}@1.2.3.4::::iqn.x netroot=iscsi:u:{secret}:1.2.3.4::::iqn.x"),
                format!("rootflags=vers=3,user=u,pass={secret},{secret} rd.iscsi.param=node.session.auth.x={secret}"),
            ] {
                prop_assert!(!parse(&line, None).text().contains(&secret), "{}", parse(&line, None).text());
            }
        }
    }
}
