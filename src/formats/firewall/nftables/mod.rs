//! Rule sets of nft(8).

pub(crate) mod edit;
mod refused;
mod rule;

use super::rules::Chains;
use crate::formats::text::harmless::firewall;
use isctpl_checks::facts::{Located, Location};
use rule::rule_of;
use std::collections::{HashMap, HashSet};

/// How deep blocks may be nested.
const DEPTH_LIMIT: usize = 16;

/// The most statements of one rule set.
const STATEMENT_LIMIT: usize = 20_000;

/// A chain that the kernel's hooks call.
#[derive(Debug, Clone)]
pub(crate) struct BaseChain {
    /// `FAMILY TABLE/CHAIN`, its name in [`RuleSet::chains`].
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
    /// Of all families, what decides whether nft takes the files.
    whole: Whole,
    statements: usize,
}

/// What decides whether nft takes a file.
#[derive(Debug, Default)]
struct Whole {
    /// Chains that are declared.
    chains: HashSet<String>,
    /// Chains that hooks call, with the hook.
    hooks: Vec<(String, String)>,
    /// Rules that lead to another chain: their own, that one, and the rule.
    jumps: Vec<(String, String, String)>,
    /// Chains with a rule that rejects, and that rule.
    rejects: Vec<(String, String)>,
    /// Files are included where their chains are not followed to.
    has_more: bool,
}

/// What is said of all that nft refuses.
const REFUSED: &str = "nft refuses the whole file";

/// The most rules that are named as refused.
const REFUSED_LIMIT: usize = 20;

/// The longest name of a table or chain (`NFT_NAME_MAXLEN`).
const NAME_LIMIT: usize = 255;

/// A table. There may be one of each family by the same name.
#[derive(Debug, Clone, Copy)]
struct Table<'a> {
    family: &'a str,
    name: &'a str,
}

impl Table<'_> {
    /// The name of a chain in it, in [`RuleSet::chains`].
    fn chain(self, chain: &str) -> String {
        format!("{self}/{chain}")
    }
}

impl std::fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.family, self.name)
    }
}

/// A statement: words up to `;` or the line's end, with the block that may follow it.
#[derive(Debug)]
struct Statement {
    words: Vec<String>,
    line: u32,
    block: Option<Vec<Statement>>,
}

impl RuleSet {
    /// Adds a file. Of families that see no packet of IPv4 of this host no chain is among the base chains.
    pub(crate) fn add(&mut self, text: &str, path: &str) {
        let words = words(text);
        let mut at = 0;
        let statements = self.block(&words, &mut at, DEPTH_LIMIT);
        let braces = |brace: &str| words.iter().filter(|(_, word)| word == brace).count();
        if braces("{") != braces("}") {
            self.refuse(&format!("{path}: a brace is missing"));
        }
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
                let (family, rest) = family_and_rest(rest);
                let table = Table { family, name: rest.first().copied().unwrap_or_default() };
                block.iter().for_each(|statement| self.in_table(table, statement, path));
            }
            (["chain", rest @ ..], Some(block)) => {
                if let (family, [name, chain, ..]) = family_and_rest(rest) {
                    self.chain(Table { family, name }, chain, block, &at);
                }
            }
            (["chain", rest @ ..], None) => {
                if let (family, [name, chain]) = family_and_rest(rest) {
                    self.declare(Table { family, name }, chain, &at);
                }
            }
            (["rule", rest @ ..], None) => {
                if let (family, [name, chain, words @ ..]) = family_and_rest(rest) {
                    self.rule(Table { family, name }, chain, words, at, insert);
                }
            }
            (["include", name, ..], _) => self.includes.push(Located::new((*name).to_owned(), at)),
            (["flush" | "define" | "delete" | "destroy" | "undefine" | "redefine" | "table", ..], _) => {}
            _ => self.unclear.push(format!("{at}: {}", firewall::rule(words.as_slice()))),
        }
    }

    fn in_table(&mut self, table: Table<'_>, statement: &Statement, path: &str) {
        let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
        let at = Location::line(path, statement.line);
        match (words.as_slice(), &statement.block) {
            (["chain", chain, ..], Some(block)) => self.chain(table, chain, block, &at),
            (["chain", chain], None) => {
                self.declare(table, chain, &at);
            }
            (["include", name, ..], _) => {
                self.whole.has_more = true;
                self.includes.push(Located::new((*name).to_owned(), at));
            }
            _ => {}
        }
    }

    /// The name of a chain in [`Self::chains`]; `None` for one that nft refuses.
    fn named(&mut self, table: Table<'_>, chain: &str, at: &Location) -> Option<String> {
        if table.name.len().max(chain.len()) > NAME_LIMIT {
            self.refuse(&format!("{at}: a name of more than {NAME_LIMIT} characters"));
            return None;
        }
        Some(table.chain(chain))
    }

    /// The same of a chain that is there.
    fn declare(&mut self, table: Table<'_>, chain: &str, at: &Location) -> Option<String> {
        let name = self.named(table, chain, at)?;
        self.chains.entry(name.clone()).or_default();
        self.whole.chains.insert(name.clone());
        Some(name)
    }

    fn chain(&mut self, table: Table<'_>, chain: &str, block: &[Statement], at: &Location) {
        let Some(name) = self.declare(table, chain, at) else { return };
        let mut base: Option<BaseChain> = None;
        for statement in block {
            let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
            let at = Location::line(at.path.as_str(), statement.line);
            match words.as_slice() {
                ["type", kind, "hook", hook, ..] => {
                    let policy = (true, Located::new(firewall::rule(words.as_slice()), at));
                    let (kind, hook) = ((*kind).to_owned(), (*hook).to_owned());
                    self.whole.hooks.push((name.clone(), hook.clone()));
                    base = Some(BaseChain { name: name.clone(), kind, hook, policy });
                }
                ["policy", policy, ..] => {
                    if let Some(base) = &mut base {
                        base.policy = (*policy == "accept", Located::new(firewall::rule(words.as_slice()), at));
                    }
                }
                ["type" | "comment" | "flags" | "devices", ..] => {}
                ["include", name, ..] => {
                    self.whole.has_more = true;
                    self.includes.push(Located::new((*name).to_owned(), at));
                }
                words => self.rule(table, chain, words, at, false),
            }
        }
        // Packets of IPv4 of this host do not come by the others.
        self.bases.extend(base.filter(|_| matches!(table.family, "ip" | "inet" | "netdev")));
    }

    fn rule(&mut self, table: Table<'_>, chain: &str, words: &[&str], at: Location, first: bool) {
        let Some(name) = self.named(table, chain, &at) else { return };
        let rule = rule_of(words, &table.to_string(), at);
        let (targets, rejects) = refused::leads_to(words);
        let text = format!("{}: {}", rule.at, rule.text);
        if let Some(why) = refused::refusal(words, table.family) {
            self.refuse(&format!("{text}: {why}"));
        }
        for target in targets.into_iter().filter(|target| target.len() <= NAME_LIMIT) {
            self.whole.jumps.push((name.clone(), table.chain(target), text.clone()));
        }
        if rejects {
            self.whole.rejects.push((name.clone(), text));
        }
        let rules = self.chains.entry(name).or_default();
        rules.insert(if first { 0 } else { rules.len() }, rule);
    }

    fn refuse(&mut self, what: &str) {
        if self.unclear.len() < REFUSED_LIMIT {
            self.unclear.push(format!("{what}: {REFUSED}"));
        }
    }

    /// What the kernel or nft refuses of all files together, and with it the file: jumps to chains that are not there,
    /// and `reject` where a packet is past rejecting (nft_reject.c).
    pub(crate) fn refused(&self) -> Vec<String> {
        let whole = &self.whole;
        let lost = |(_, target, _): &&(String, String, String)| !whole.has_more && !whole.chains.contains(target);
        let no_chain =
            |(_, _, rule): &(String, String, String)| format!("{rule}: the chain is in none of the files: {REFUSED}");
        let mut refused: Vec<String> = whole.jumps.iter().filter(lost).take(REFUSED_LIMIT).map(no_chain).collect();
        let mut next: HashMap<&str, Vec<&str>> = HashMap::new();
        for (chain, target, _) in &whole.jumps {
            next.entry(chain).or_default().push(target);
        }
        let late = |(_, hook): &&(String, String)| matches!(hook.as_str(), "postrouting" | "egress");
        let mut open: Vec<&str> = whole.hooks.iter().filter(late).map(|(name, _)| name.as_str()).collect();
        let mut reached = HashSet::new();
        while let Some(name) = open.pop() {
            if reached.insert(name) {
                open.extend(next.get(name).into_iter().flatten());
            }
        }
        let rejects = whole.rejects.iter().filter(|(chain, _)| reached.contains(chain.as_str())).take(REFUSED_LIMIT);
        refused
            .extend(rejects.map(|(_, rule)| format!("{rule}: the kernel refuses reject behind this hook: {REFUSED}")));
        refused
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

/// The family, `ip` where none stands there, and the words behind it.
fn family_and_rest<'a, 'b>(words: &'b [&'a str]) -> (&'a str, &'b [&'a str]) {
    match words {
        [family @ ("ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev"), rest @ ..] => (family, rest),
        words => ("ip", words),
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
