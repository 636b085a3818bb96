//! What a DHCP client's script does with option 121 (RFC 3442).

use super::cmdline_words::variable;
use super::lexer::Op;
use super::words::{Token, TokenKind, tokens};

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
    let mut answer = Option121::Unused;
    for (index, token) in tokens.iter().enumerate() {
        let TokenKind::Word { text, quoted } = &token.kind else { continue };
        let Some(variable) = variable(text).filter(|name| is_routes(name)) else { continue };
        let Some((command, arguments)) = command_of(&tokens, index) else { continue };
        let (variable, line) = (variable.to_owned(), token.line);
        match command {
            "[" | "[[" | "test" | "echo" | "printf" | "case" | "unset" | "export" => {}
            _ if !quoted => return Option121::Taken { variable, line },
            command if arguments == 1 && is_function(&tokens, command) && !splits(&tokens, command) => {
                answer = Option121::OneWord { variable, line };
            }
            _ => return Option121::Taken { variable, line },
        }
    }
    answer
}

/// Whether a variable has option 121: dhclient's `new_…classless…routes`, udhcpc's `staticroutes`.
fn is_routes(name: &str) -> bool {
    (name.contains("classless") && name.contains("routes") && !name.starts_with("old_")) || name == "staticroutes"
}

/// The command whose argument the word at `index` is, with the number of its arguments.
fn command_of(tokens: &[Token], index: usize) -> Option<(&str, usize)> {
    let is_word = |token: &Token| matches!(token.kind, TokenKind::Word { .. });
    let start = index - tokens[..index].iter().rev().take_while(|token| is_word(token)).count();
    let words: Vec<&str> = tokens[start..]
        .iter()
        .map_while(|token| match &token.kind {
            TokenKind::Word { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .skip_while(|word| matches!(*word, "if" | "then" | "else" | "elif" | "do" | "while" | "!" | "{"))
        .collect();
    let (command, arguments) = words.split_first()?;
    Some((command, arguments.len()))
}

fn is_function(tokens: &[Token], name: &str) -> bool {
    body(tokens, name).is_some()
}

/// Whether a function splits its first argument itself.
fn splits(tokens: &[Token], name: &str) -> bool {
    let Some(body) = body(tokens, name) else { return false };
    body.windows(3).any(|window| {
        let word = |token: &Token| match &token.kind {
            TokenKind::Word { text, quoted } => Some((text.clone(), *quoted)),
            _ => None,
        };
        let [first, second, third] = window else { return false };
        let unquoted = |token| matches!(word(token), Some((text, false)) if is_arguments(&text));
        match word(first).as_ref().map(|(text, _)| text.as_str()) {
            Some("set") => unquoted(second) || unquoted(third),
            _ => word(second).is_some_and(|(text, _)| text == "in") && unquoted(third),
        }
    })
}

fn is_arguments(word: &str) -> bool {
    matches!(word, "$1" | "${1}" | "$*" | "$@")
}

/// The tokens of a function's body.
fn body<'t>(tokens: &'t [Token], name: &str) -> Option<&'t [Token]> {
    let start = tokens.windows(3).position(|window| {
        matches!(&window[0].kind, TokenKind::Word { text, .. } if text == name)
            && window[1].kind == TokenKind::Op(Op::Open)
            && window[2].kind == TokenKind::Op(Op::Close)
    })?;
    let body = &tokens[start + 3..];
    let mut depth = 0_usize;
    let end = body.iter().position(|token| match &token.kind {
        TokenKind::Word { text, quoted: false } if text == "{" => {
            depth += 1;
            false
        }
        TokenKind::Word { text, quoted: false } if text == "}" => {
            depth = depth.saturating_sub(1);
            depth == 0
        }
        _ => false,
    });
    Some(&body[..end.unwrap_or(body.len())])
}
