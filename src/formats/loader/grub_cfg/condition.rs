//! `[ … ]` of GRUB (`grub-core/commands/test.c`), with a third answer: it cannot be told.

use super::argument::Argument;
use super::number::signed;
use super::world::{Presence, World};

/// How deep parentheses may stand in each other (`MAX_TEST_RECURSION_DEPTH`).
const NESTING_LIMIT: u32 = 100;

/// The truth of a test, `[` and `]` removed. `on_root` puts the device before a path that has none.
pub(super) fn test(arguments: &[Argument], world: &dyn World, on_root: &dyn Fn(&str) -> String) -> Option<bool> {
    Parser { rest: arguments, world, on_root, depth: 0 }.expression()
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    and(left.map(|left| !left), right.map(|right| !right)).map(|neither| !neither)
}

/// The conjunction that is read, what came before `-o`, and whether the next term is negated.
struct Terms {
    any: Option<bool>,
    all: Option<bool>,
    negated: bool,
}

impl Terms {
    fn add(&mut self, truth: Option<bool>) {
        self.all = and(self.all, truth.map(|truth| truth != self.negated));
        self.negated = false;
    }
}

struct Parser<'a> {
    rest: &'a [Argument],
    world: &'a dyn World,
    on_root: &'a dyn Fn(&str) -> String,
    depth: u32,
}

impl Parser<'_> {
    /// An expression to its `)` or to the end. `-a` stands for itself: terms that follow each other are all wanted.
    fn expression(&mut self) -> Option<bool> {
        let mut terms = Terms { any: Some(false), all: Some(true), negated: false };
        while let Some(first) = self.rest.first() {
            if let Some((length, truth)) = self.term() {
                terms.add(truth);
                self.rest = self.rest.get(length..).unwrap_or_default();
                continue;
            }
            let (text, known) = (first.text.as_str(), first.known().is_some());
            self.rest = self.rest.get(1..).unwrap_or_default();
            match text {
                ")" if known => break,
                "(" if known => {
                    self.depth += 1;
                    let truth = if self.depth > NESTING_LIMIT { None } else { self.expression() };
                    terms.add(truth);
                }
                "!" if known => terms.negated = !terms.negated,
                "-a" if known => {}
                "-o" if known => {
                    terms.any = or(terms.any, terms.all);
                    terms.all = Some(true);
                }
                text => terms.add(known.then_some(!text.is_empty())),
            }
        }
        or(terms.any, terms.all)
    }

    /// The term of three or two words that comes next: its length and its truth.
    fn term(&self) -> Option<(usize, Option<bool>)> {
        if let [left, operator, right, ..] = self.rest
            && let Some(truth) = self.binary(left, operator.known().unwrap_or_default(), right)
        {
            return Some((3, truth));
        }
        match self.rest {
            [operator, operand, ..] => {
                self.unary(operator.known().unwrap_or_default(), operand).map(|truth| (2, truth))
            }
            _ => None,
        }
    }

    /// A comparison; `None` where the word in the middle is no operator.
    fn binary(&self, left: &Argument, operator: &str, right: &Argument) -> Option<Option<bool>> {
        let texts = || Some((left.known()?, right.known()?));
        let compared = |holds: fn(&str, &str) -> bool| Some(texts().map(|(left, right)| holds(left, right)));
        let numbers =
            |holds: fn(i32, i32) -> bool| Some(texts().map(|(left, right)| holds(signed(left), signed(right))));
        match operator {
            "=" | "==" => compared(|left, right| left == right),
            "!=" => compared(|left, right| left != right),
            "<" => compared(|left, right| left < right),
            "<=" => compared(|left, right| left <= right),
            ">" => compared(|left, right| left > right),
            ">=" => compared(|left, right| left >= right),
            "-eq" => numbers(|left, right| left == right),
            "-ne" => numbers(|left, right| left != right),
            "-lt" => numbers(|left, right| left < right),
            "-le" => numbers(|left, right| left <= right),
            "-gt" => numbers(|left, right| left > right),
            "-ge" => numbers(|left, right| left >= right),
            "-pgt" => compared(|left, right| past_prefix(left, right).is_gt()),
            "-plt" => compared(|left, right| past_prefix(left, right).is_lt()),
            // Which of two files is newer GRUB knows by its own clock; nothing writes that.
            _ if operator.starts_with("-nt") || operator.starts_with("-ot") => Some(None),
            _ => None,
        }
    }

    /// A question to one word; `None` where the first is no operator.
    fn unary(&self, operator: &str, operand: &Argument) -> Option<Option<bool>> {
        let presence = || self.world.presence(&(self.on_root)(operand.known()?));
        match operator {
            "-n" => Some(operand.known().map(|text| !text.is_empty())),
            "-z" => Some(operand.known().map(str::is_empty)),
            "-s" => Some(presence().map(|found| matches!(found, Presence::File(size) if size > 0))),
            "-f" => Some(presence().map(|found| matches!(found, Presence::File(_)))),
            "-d" => Some(presence().map(|found| found == Presence::Directory)),
            "-e" => Some(presence().map(|found| found != Presence::Absent)),
            _ => None,
        }
    }
}

/// Compares the first numbers in which two names differ: `vmlinuz-2` comes before `vmlinuz-11`.
fn past_prefix(left: &str, right: &str) -> std::cmp::Ordering {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let common = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    // Back to where the number begins; GRUB does not look at the first byte of all.
    let digits = left.get(1..common).unwrap_or_default().iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let number = |text: &[u8]| {
        let rest = text.get(common - digits..).unwrap_or_default();
        super::number::unsigned(&String::from_utf8_lossy(rest)).0
    };
    number(left).cmp(&number(right))
}
