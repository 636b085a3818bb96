//! `[ … ]` of GRUB (`grub-core/commands/test.c`), with a third answer: it cannot be told.

use super::world::World;

/// An argument; `None` when its text is not known.
pub(super) type Argument = Option<String>;

/// The truth of a test, `[` and `]` removed.
pub(super) fn test(arguments: &[Argument], world: &dyn World) -> Option<bool> {
    // Parentheses are not followed: nothing writes them.
    if arguments.iter().any(|argument| matches!(argument.as_deref(), Some("(" | ")"))) {
        return None;
    }
    let mut any = Some(false);
    for alternative in arguments.split(|argument| argument.as_deref() == Some("-o")) {
        let mut all = Some(true);
        for term in alternative.split(|argument| argument.as_deref() == Some("-a")) {
            all = and(all, self::term(term, world));
        }
        any = or(any, all);
    }
    any
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn term(mut arguments: &[Argument], world: &dyn World) -> Option<bool> {
    let mut negated = false;
    while let [Some(mark), rest @ ..] = arguments {
        if mark != "!" || rest.is_empty() {
            break;
        }
        negated = !negated;
        arguments = rest;
    }
    let truth = match arguments {
        [] => Some(false),
        [text] => text.as_ref().map(|text| !text.is_empty()),
        [Some(operator), operand] => unary(operator, operand.as_deref(), world),
        [left, Some(operator), right] => binary(left.as_deref()?, operator, right.as_deref()?),
        _ => None,
    };
    truth.map(|truth| truth != negated)
}

fn unary(operator: &str, operand: Option<&str>, world: &dyn World) -> Option<bool> {
    let operand = operand?;
    match operator {
        "-n" => Some(!operand.is_empty()),
        "-z" => Some(operand.is_empty()),
        "-s" | "-f" | "-e" | "-d" => world.exists(operand),
        _ => None,
    }
}

fn binary(left: &str, operator: &str, right: &str) -> Option<bool> {
    let numbers = || Some((left.parse::<i64>().ok()?, right.parse::<i64>().ok()?));
    Some(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        ">=" => left >= right,
        "-eq" => numbers().map(|(a, b)| a == b)?,
        "-ne" => numbers().map(|(a, b)| a != b)?,
        "-lt" => numbers().map(|(a, b)| a < b)?,
        "-le" => numbers().map(|(a, b)| a <= b)?,
        "-gt" => numbers().map(|(a, b)| a > b)?,
        "-ge" => numbers().map(|(a, b)| a >= b)?,
        _ => return None,
    })
}
