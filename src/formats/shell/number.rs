//! What stands in `$((…))`, as far as all shells compute it alike: whole numbers with `+`, `-`, `*`, `/`, `%` and
//! brackets (POSIX.1-2024, XCU 2.6.4).

use super::lexer::name_at_start;

/// The deepest nesting of brackets and signs that is followed.
const DEPTH: u32 = 32;

/// The value; `None` where it is not certain. `variable` tells the number that a variable holds.
pub(super) fn compute(text: &str, variable: &dyn Fn(&str) -> Option<i64>) -> Option<i64> {
    let mut reader = Reader { rest: text, variable };
    let value = reader.sum(DEPTH)?;
    reader.skip_blanks();
    reader.rest.is_empty().then_some(value)
}

/// A number as a variable holds it: not one that shells read in different ways.
pub(super) fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

struct Reader<'t> {
    rest: &'t str,
    variable: &'t dyn Fn(&str) -> Option<i64>,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n']);
    }

    /// The next operator, when it is one of these; none that is the beginning of another one.
    fn operator(&mut self, of: &[char]) -> Option<char> {
        self.skip_blanks();
        let operator = self.rest.chars().next().filter(|next| of.contains(next))?;
        let behind = self.rest.get(1..)?;
        if behind.starts_with(['=', operator]) {
            return None;
        }
        self.rest = behind;
        Some(operator)
    }

    fn sum(&mut self, depth: u32) -> Option<i64> {
        let mut value = self.product(depth)?;
        while let Some(operator) = self.operator(&['+', '-']) {
            let other = self.product(depth)?;
            value = if operator == '+' { value.checked_add(other) } else { value.checked_sub(other) }?;
        }
        Some(value)
    }

    fn product(&mut self, depth: u32) -> Option<i64> {
        let mut value = self.single(depth)?;
        while let Some(operator) = self.operator(&['*', '/', '%']) {
            let other = self.single(depth)?;
            value = match operator {
                '*' => value.checked_mul(other),
                '/' => value.checked_div(other),
                _ => value.checked_rem(other),
            }?;
        }
        Some(value)
    }

    fn single(&mut self, depth: u32) -> Option<i64> {
        let depth = depth.checked_sub(1)?;
        if let Some(sign) = self.operator(&['+', '-']) {
            let value = self.single(depth)?;
            return if sign == '-' { value.checked_neg() } else { Some(value) };
        }
        self.skip_blanks();
        if let Some(inner) = self.rest.strip_prefix('(') {
            self.rest = inner;
            let value = self.sum(depth)?;
            self.skip_blanks();
            self.rest = self.rest.strip_prefix(')')?;
            return Some(value);
        }
        let name = name_at_start(self.rest);
        if !name.is_empty() {
            self.rest = self.rest.get(name.len()..)?;
            return (self.variable)(name);
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        number(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_computed_or_left() {
        let variable = |name: &str| (name == "A").then_some(7);
        let of = |text: &str| compute(text, &variable);
        assert_eq!(
            (of("1+2"), of(" 2 * 3 - 1 "), of("-(1 + A) * -2"), of("10/3%2")),
            (Some(3), Some(5), Some(16), Some(1))
        );
        for text in [
            "",
            "1 +",
            "(1",
            "1)",
            "1/0",
            "010",
            "0x1",
            "B",
            "1 << 2",
            "1 == 1",
            "A=1",
            "A++",
            "1 2",
            "9223372036854775808",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of(&format!("{}1", "(".repeat(100_000))), None);
    }
}
