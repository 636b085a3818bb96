//! The regular expressions of LVM's filters: `. [] * + ? | () ^ $ \`, found anywhere in a path unless
//! anchored (lvm2 `libdm/regex/parse_rx.c`).
//!
//! Compiled to a small automaton that is run over all states at once, so that no pattern can take
//! longer than its length times that of the text.

/// Groups within groups that are followed.
const MAX_DEPTH: u32 = 32;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Is(char),
    Any,
    OneOf { negated: bool, ranges: Vec<(char, char)> },
    Begin,
    End,
    Either(usize, usize),
    Go(usize),
    Found,
}

impl Pattern {
    /// Compiles a pattern; `None` when it is malformed.
    pub(super) fn new(text: &str) -> Option<Self> {
        let characters: Vec<char> = text.chars().collect();
        let mut parser = Parser { characters: &characters, at: 0, steps: Vec::new() };
        parser.alternatives(0)?;
        if parser.at < characters.len() {
            return None;
        }
        parser.steps.push(Step::Found);
        Some(Self { steps: parser.steps })
    }

    /// Whether the pattern is found anywhere in a text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let characters: Vec<char> = text.chars().collect();
        let mut now = vec![false; self.steps.len()];
        for (index, character) in characters.iter().map(Some).chain([None]).enumerate() {
            let edge = (index == 0, character.is_none());
            if self.enter(0, edge, &mut now) {
                return true;
            }
            let Some(character) = character else { return false };
            let next_edge = (false, index + 1 == characters.len());
            let mut next = vec![false; self.steps.len()];
            for (step, _) in self.steps.iter().enumerate().filter(|(step, _)| now.get(*step) == Some(&true)) {
                if self.takes(step, *character) && self.enter(step + 1, next_edge, &mut next) {
                    return true;
                }
            }
            now = next;
        }
        false
    }

    /// Marks every step that can be reached without a character; true when the end is among them.
    fn enter(&self, step: usize, edge: (bool, bool), reached: &mut [bool]) -> bool {
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            match reached.get_mut(step) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match self.steps.get(step) {
                Some(Step::Found) => return true,
                Some(Step::Go(to)) => open.push(*to),
                Some(Step::Either(one, two)) => open.extend([*one, *two]),
                Some(Step::Begin) if edge.0 => open.push(step + 1),
                Some(Step::End) if edge.1 => open.push(step + 1),
                _ => {}
            }
        }
        false
    }

    fn takes(&self, step: usize, character: char) -> bool {
        match self.steps.get(step) {
            Some(Step::Is(wanted)) => *wanted == character,
            Some(Step::Any) => true,
            Some(Step::OneOf { negated, ranges }) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&character)) != *negated
            }
            _ => false,
        }
    }
}

struct Parser<'a> {
    characters: &'a [char],
    at: usize,
    steps: Vec<Step>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += 1;
        Some(character)
    }

    fn alternatives(&mut self, depth: u32) -> Option<()> {
        let start = self.steps.len();
        self.sequence(depth)?;
        while self.peek() == Some('|') {
            self.at += 1;
            // What stands so far moves back by one, for the choice in front of it.
            self.insert(start, Step::Either(start + 1, 0));
            let jump = self.steps.len();
            self.steps.push(Step::Go(0));
            let second = self.steps.len();
            self.sequence(depth)?;
            let end = self.steps.len();
            *self.steps.get_mut(start)? = Step::Either(start + 1, second);
            *self.steps.get_mut(jump)? = Step::Go(end);
        }
        Some(())
    }

    fn sequence(&mut self, depth: u32) -> Option<()> {
        // LVM refuses an alternative that is empty.
        if matches!(self.peek(), Some('|' | ')')) || self.at > 0 && self.peek().is_none() {
            return None;
        }
        while let Some(character) = self.peek() {
            if matches!(character, '|' | ')') {
                return Some(());
            }
            let start = self.steps.len();
            self.atom(depth)?;
            while let Some(sign @ ('*' | '+' | '?')) = self.peek() {
                self.at += 1;
                self.repeat(start, sign);
            }
        }
        Some(())
    }

    fn repeat(&mut self, start: usize, sign: char) {
        if sign == '+' {
            let end = self.steps.len();
            self.steps.push(Step::Either(start, end + 1));
            return;
        }
        self.insert(start, Step::Go(0));
        let mut end = self.steps.len();
        if sign == '*' {
            self.steps.push(Step::Go(start));
            end += 1;
        }
        if let Some(step) = self.steps.get_mut(start) {
            *step = Step::Either(start + 1, end);
        }
    }

    fn atom(&mut self, depth: u32) -> Option<()> {
        let step = match self.next()? {
            '.' => Step::Any,
            '^' => Step::Begin,
            '$' => Step::End,
            '\\' => Step::Is(self.next()?),
            '[' => self.set()?,
            '(' => {
                if depth >= MAX_DEPTH {
                    return None;
                }
                self.alternatives(depth + 1)?;
                return (self.next()? == ')').then_some(());
            }
            '*' | '+' | '?' => return None,
            character => Step::Is(character),
        };
        self.steps.push(step);
        Some(())
    }

    fn set(&mut self) -> Option<Step> {
        let negated = self.peek() == Some('^');
        if negated {
            self.at += 1;
        }
        let mut ranges = Vec::new();
        loop {
            let from = match self.next()? {
                ']' if !ranges.is_empty() => return Some(Step::OneOf { negated, ranges }),
                // LVM ends the set here, with nothing in it.
                ']' => return None,
                '\\' => self.next()?,
                character => character,
            };
            let ranged = self.peek() == Some('-') && self.characters.get(self.at + 1).is_some_and(|next| *next != ']');
            // It refuses a range without an end.
            if !ranged && self.peek() == Some('-') {
                return None;
            }
            let to = if ranged {
                self.at += 1;
                self.next()?
            } else {
                from
            };
            ranges.push((from, to));
        }
    }

    /// Puts a step in front of others; every target behind it moves along.
    fn insert(&mut self, at: usize, step: Step) {
        let moved = |target: &mut usize| {
            if *target >= at {
                *target += 1;
            }
        };
        for other in self.steps.iter_mut().skip(at) {
            match other {
                Step::Go(target) => moved(target),
                Step::Either(one, two) => {
                    moved(one);
                    moved(two);
                }
                _ => {}
            }
        }
        self.steps.insert(at, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in(pattern: &str, text: &str) -> Option<bool> {
        Pattern::new(pattern).map(|pattern| pattern.is_in(text))
    }

    #[test]
    fn matches_as_lvm_does() {
        for (pattern, text, found) in [
            (".*", "/dev/sda", true),
            ("loop", "/dev/loop0", true),
            ("^/dev/hda8$", "/dev/hda8", true),
            ("^/dev/hda8$", "/dev/hda80", false),
            ("/dev/sd.*", "/dev/sda3", true),
            ("^/dev/sd[a-c][0-9]*$", "/dev/sdb", true),
            ("^/dev/sd[^a]$", "/dev/sda", false),
            ("^/dev/(sd|vd)a[12]?$", "/dev/vda2", true),
            ("^/dev/(sd|vd)a[12]?$", "/dev/xvda2", false),
            ("(ab)+c", "xababc", true),
            ("(ab)+c", "xac", false),
            ("a|b|c", "c", true),
            ("(a|b|c)d", "cd", true),
            ("(a|b|c)d", "c", false),
            (r"a\.b", "a.b", true),
            (r"a\.b", "axb", false),
            ("", "anything", true),
            ("x?$", "abc", true),
            ("(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false),
            ("^$", "", true),
        ] {
            assert_eq!(is_in(pattern, text), Some(found), "{pattern} in {text}");
        }
    }

    #[test]
    fn refuses_what_is_malformed() {
        for pattern in ["(", ")", "[", "[a", "*a", "a\\", "(a", "[]", "[]a]", "[a-]", "a|", "|a", "(a|)", "()"] {
            assert!(Pattern::new(pattern).is_none(), "{pattern}");
        }
        assert!(Pattern::new(&"(".repeat(5000)).is_none());
    }
}
