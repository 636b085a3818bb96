//! What a DHCP client's script does with option 121 (RFC 3442).

use super::cmdline_words::variable;
use super::lexer::Op;
use super::words::{Token, TokenKind, tokens};
use std::collections::HashMap;

/// How a script treats the routes of option 121.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Option121 {
    /// It takes the octets apart.
    Taken {
        /// The variable that has them, such as `new_classless_static_routes`.
        variable: String,
        /// Line, counted from 1.
        line: u32,
    },
    /// It hands all octets to a function as one word, in quotes; the function counts words and finds
    /// too few. dracut's `dhclient-script.sh` since dracut 054.
    OneWord {
        /// The variable that has them.
        variable: String,
        /// Line, counted from 1.
        line: u32,
    },
    /// It does nothing with them.
    Unused,
}

/// Looks at a DHCP client's script.
pub(crate) fn option_121(script: &str) -> Option121 {
    let tokens = tokens(script);
    let functions = functions(&tokens);
    let mut answer = Option121::Unused;
    for words in tokens.split(|token| word(token).is_none()) {
        let is_keyword = |token: &&Token| {
            matches!(word(token), Some(("if" | "then" | "else" | "elif" | "do" | "while" | "!" | "{", _)))
        };
        let before = words.iter().take_while(is_keyword).count();
        let Some((command, _)) = words.get(before).and_then(word) else { continue };
        let arguments = words.len() - before - 1;
        for (token, (text, quoted)) in words.iter().filter_map(|token| Some((token, word(token)?))) {
            let Some(name) = variable(text).filter(|name| is_routes(name)) else { continue };
            let (variable, line) = (name.to_owned(), token.line);
            match command {
                "[" | "[[" | "test" | "echo" | "printf" | "case" | "unset" | "export" => {}
                command if quoted && arguments == 1 && functions.get(command) == Some(&false) => {
                    answer = Option121::OneWord { variable, line };
                }
                _ => return Option121::Taken { variable, line },
            }
        }
    }
    answer
}

/// Whether a variable has option 121: dhclient's `new_…classless…routes`, udhcpc's `staticroutes`.
fn is_routes(name: &str) -> bool {
    (name.contains("classless") && name.contains("routes") && !name.starts_with("old_")) || name == "staticroutes"
}

fn word(token: &Token) -> Option<(&str, bool)> {
    match &token.kind {
        TokenKind::Word { text, quoted } => Some((text, *quoted)),
        TokenKind::Op(_) => None,
    }
}

/// The functions of a script, and whether each splits its first argument itself; of two with one name the first
/// counts. Each token is looked at once: functions may stand in functions without end.
fn functions(tokens: &[Token]) -> HashMap<&str, bool> {
    let mut functions = HashMap::new();
    // The functions that are open: name, where it begins, and how many braces are open around it.
    let mut open: Vec<(&str, usize, usize)> = Vec::new();
    let (mut depth, mut last_split) = (0_usize, None);
    for (index, token) in tokens.iter().enumerate() {
        match word(token) {
            Some(("{", false)) => depth += 1,
            Some(("}", false)) => {
                depth = depth.saturating_sub(1);
                while let Some((name, start, _)) = open.pop_if(|(_, _, around)| *around >= depth) {
                    functions.insert(name, last_split >= Some(start));
                }
            }
            _ => {}
        }
        let Some([first, second, third]) = tokens.get(index..index + 3) else { continue };
        let splits = match word(first) {
            Some(("set", _)) => is_arguments(second) || is_arguments(third),
            _ => word(second).is_some_and(|(text, _)| text == "in") && is_arguments(third),
        };
        if splits {
            last_split = Some(index);
        }
        if let Some((name, _)) = word(first)
            && (&second.kind, &third.kind) == (&TokenKind::Op(Op::Open), &TokenKind::Op(Op::Close))
            && !functions.contains_key(name)
        {
            functions.insert(name, false);
            open.push((name, index, depth));
        }
    }
    functions.extend(open.into_iter().map(|(name, start, _)| (name, last_split >= Some(start))));
    functions
}

/// Whether a word is the first argument, or all of them, without quotes.
fn is_arguments(token: &Token) -> bool {
    matches!(word(token), Some(("$1" | "${1}" | "$*" | "$@", false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_known_by_what_they_split() {
        let script = "a() { b() { set -- $1; }; }\nc() { for x in $@; do :; done }\nd() { e \"$1\"; }\na() { :; }\n{ f() (\n:\n)\n}\nset $1\ng() {\n";
        let tokens = tokens(script);
        let mut found: Vec<_> = functions(&tokens).into_iter().collect();
        found.sort_unstable();
        let wanted = [("a", true), ("b", true), ("c", true), ("d", false), ("f", false), ("g", false)];
        assert_eq!(found, wanted);
    }
}
