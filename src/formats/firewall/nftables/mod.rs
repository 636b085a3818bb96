//! Rule sets of nft(8).

pub(crate) mod edit;
mod rule;

use super::rules::Chains;
use crate::formats::text::harmless::firewall;
use isctpl_checks::facts::{Located, Location};
use rule::rule_of;

/// How deep blocks may be nested.
const DEPTH_LIMIT: usize = 16;

/// The most statements of one rule set.
const STATEMENT_LIMIT: usize = 20_000;

/// A chain that the kernel's hooks call.
#[derive(Debug, Clone)]
pub(crate) struct BaseChain {
    /// `TABLE/CHAIN`, its name in [`RuleSet::chains`].
    pub(crate) name: String,
    /// `filter`, `nat`, `route`.
    pub(crate) kind: String,
    /// `ingress`, `prerouting`, `input`, `output`, `postrouting`, `egress`.
    pub(crate) hook: String,
    /// Whether packets pass that no rule decides on, and where that is said.
    pub(crate) policy: (bool, Located<String>),
}

/// What one or more files say.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    pub(crate) chains: Chains,
    pub(crate) bases: Vec<BaseChain>,
    /// `include`s, as written.
    pub(crate) includes: Vec<Located<String>>,
    pub(crate) unclear: Vec<String>,
    statements: usize,
}

/// A statement: words up to `;` or the line's end, with the block that may follow it.
#[derive(Debug)]
struct Statement {
    words: Vec<String>,
    line: u32,
    block: Option<Vec<Statement>>,
}

impl RuleSet {
    /// Adds a file. Tables of families that see no packet of IPv4 of this host are left out.
    pub(crate) fn add(&mut self, text: &str, path: &str) {
        let words = words(text);
        let mut at = 0;
        let statements = self.block(&words, &mut at, DEPTH_LIMIT);
        for statement in statements {
            self.top(&statement, path);
        }
        if self.statements > STATEMENT_LIMIT {
            self.unclear.push(format!("{path}: more than {STATEMENT_LIMIT} statements"));
        }
    }

    fn block(&mut self, words: &[(u32, String)], at: &mut usize, depth: usize) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut open: Vec<String> = Vec::new();
        let mut line = 0;
        while let Some((number, word)) = words.get(*at) {
            *at += 1;
            if open.is_empty() {
                line = *number;
            }
            match word.as_str() {
                "\n" | ";" | "}" => {
                    self.keep(&mut statements, Statement { words: std::mem::take(&mut open), line, block: None });
                    if word == "}" {
                        return statements;
                    }
                }
                // A block follows the words that name it; in a rule it is a set.
                "{" if is_block(&open) && depth > 0 => {
                    let block = self.block(words, at, depth - 1);
                    let words = std::mem::take(&mut open);
                    self.keep(&mut statements, Statement { words, line, block: Some(block) });
                }
                "{" => {
                    open.push("{".to_owned());
                    let mut nested = 1usize;
                    while let Some((_, word)) = words.get(*at) {
                        *at += 1;
                        match word.as_str() {
                            "{" => nested += 1,
                            "}" => nested -= 1,
                            "\n" => continue,
                            _ => {}
                        }
                        open.push(word.clone());
                        if nested == 0 {
                            break;
                        }
                    }
                }
                _ => open.push(word.clone()),
            }
        }
        self.keep(&mut statements, Statement { words: open, line, block: None });
        statements
    }

    /// Keeps a statement that says anything, up to the limit.
    fn keep(&mut self, statements: &mut Vec<Statement>, statement: Statement) {
        if statement.words.is_empty() && statement.block.is_none() {
            return;
        }
        self.statements += 1;
        if self.statements <= STATEMENT_LIMIT {
            statements.push(statement);
        }
    }

    fn top(&mut self, statement: &Statement, path: &str) {
        let mut words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
        let insert = words.first() == Some(&"insert");
        if insert || matches!(words.first(), Some(&("add" | "create"))) {
            words.remove(0);
        }
        let at = Location::line(path, statement.line);
        match (words.as_slice(), &statement.block) {
            (["table", rest @ ..], Some(block)) => {
                let (family, table) = family_and_name(rest);
                if family {
                    block.iter().for_each(|statement| self.in_table(table, statement, path));
                }
            }
            (["chain", rest @ ..], Some(block)) => {
                let has_family = is_family(rest.first().copied());
                if has_family == Some(false) {
                    return;
                }
                if let [table, chain, ..] = rest.get(usize::from(has_family.is_some())..).unwrap_or_default() {
                    self.chain(&format!("{table}/{chain}"), table, block, path);
                }
            }
            (["rule", rest @ ..], None) => {
                let has_family = is_family(rest.first().copied());
                if has_family == Some(false) {
                    return;
                }
                if let [table, chain, words @ ..] = rest.get(usize::from(has_family.is_some())..).unwrap_or_default() {
                    let rule = rule_of(words, table, at);
                    let rules = self.chains.entry(format!("{table}/{chain}")).or_default();
                    rules.insert(if insert { 0 } else { rules.len() }, rule);
                }
            }
            (["include", name, ..], _) => self.includes.push(Located::new((*name).to_owned(), at)),
            (["flush" | "define" | "delete" | "destroy" | "undefine" | "redefine" | "table", ..], _) => {}
            _ => self.unclear.push(format!("{at}: {}", firewall::rule(words.as_slice()))),
        }
    }

    fn in_table(&mut self, table: &str, statement: &Statement, path: &str) {
        let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
        match (words.as_slice(), &statement.block) {
            (["chain", chain, ..], Some(block)) => self.chain(&format!("{table}/{chain}"), table, block, path),
            (["include", name, ..], _) => {
                self.includes.push(Located::new((*name).to_owned(), Location::line(path, statement.line)));
            }
            _ => {}
        }
    }

    fn chain(&mut self, name: &str, table: &str, block: &[Statement], path: &str) {
        self.chains.entry(name.to_owned()).or_default();
        let mut base: Option<BaseChain> = None;
        for statement in block {
            let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
            let at = Location::line(path, statement.line);
            match words.as_slice() {
                ["type", kind, "hook", hook, ..] => {
                    let policy = (true, Located::new(firewall::rule(words.as_slice()), at));
                    let (kind, hook) = ((*kind).to_owned(), (*hook).to_owned());
                    base = Some(BaseChain { name: name.to_owned(), kind, hook, policy });
                }
                ["policy", policy, ..] => {
                    if let Some(base) = &mut base {
                        base.policy = (*policy == "accept", Located::new(firewall::rule(words.as_slice()), at));
                    }
                }
                ["type" | "comment" | "flags" | "devices", ..] => {}
                ["include", name, ..] => self.includes.push(Located::new((*name).to_owned(), at)),
                words => {
                    let rule = rule_of(words, table, at);
                    self.chains.entry(name.to_owned()).or_default().push(rule);
                }
            }
        }
        self.bases.extend(base);
    }
}

/// Whether the words before a `{` name a block rather than a set inside a rule.
fn is_block(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !matches!(*word, "add" | "create")).collect();
    match words.first() {
        Some(&"table" | &"chain" | &"set" | &"map" | &"flowtable" | &"counter" | &"quota" | &"limit" | &"ct") => {
            words.len() <= 4 && !words.contains(&"state")
        }
        _ => false,
    }
}

/// Whether a word is a family, and if so whether it sees IPv4.
fn is_family(word: Option<&str>) -> Option<bool> {
    match word? {
        "ip" | "inet" | "netdev" => Some(true),
        "ip6" | "arp" | "bridge" => Some(false),
        _ => None,
    }
}

fn family_and_name<'a>(words: &[&'a str]) -> (bool, &'a str) {
    match is_family(words.first().copied()) {
        Some(ipv4) => (ipv4, words.get(1).copied().unwrap_or_default()),
        None => (true, words.first().copied().unwrap_or_default()),
    }
}

/// Words with their lines; `\n`, `;`, `{`, `}`, `,` and `:` (in verdict maps) stand alone; quotes are
/// resolved, comments left out, lines that end in `\` go on.
fn words(text: &str) -> Vec<(u32, String)> {
    let mut words = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let mut chars = line.chars().peekable();
        let mut continues = false;
        while let Some(c) = chars.next() {
            match c {
                '#' => break,
                '\\' if chars.peek().is_none() => continues = true,
                c if c.is_whitespace() => {}
                ';' | '{' | '}' | ',' => words.push((number, c.to_string())),
                '"' => words.push((number, chars.by_ref().take_while(|&c| c != '"').collect())),
                c => {
                    let mut word = String::from(c);
                    while let Some(&next) = chars.peek() {
                        if next.is_whitespace() || matches!(next, ';' | '{' | '}' | ',' | '#' | '"') {
                            break;
                        }
                        word.push(next);
                        chars.next();
                    }
                    words.push((number, word));
                }
            }
        }
        if !continues {
            words.push((number, "\n".to_owned()));
        }
    }
    words
}
