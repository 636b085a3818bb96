//! What a shell's variables hold after the files that it has read, and how sure that is.

use super::options::Options;
use isctpl_checks::facts::{Located, Location, Problem};
use std::collections::{BTreeMap, BTreeSet};

/// The most that one value may grow to; text that doubles a variable again and again ends here.
const VALUE_LIMIT: usize = 64 * 1024;

/// The most that all values ever set may grow to; a variable that is repeated again and again ends here.
pub(super) const TOTAL_LIMIT: usize = 8 << 20;

/// What an assignment takes beside its value.
pub(super) const ASSIGNMENT: usize = 256;

/// Variables that a shell sets or finds set when it starts.
const OF_THE_SHELL: [&str; 18] = [
    "COLUMNS", "HOME", "HOSTNAME", "HOSTTYPE", "IFS", "LANG", "LINES", "LOGNAME", "MACHTYPE", "OSTYPE", "PATH", "PS1",
    "PS2", "PS4", "SHELL", "SHLVL", "TERM", "USER",
];

/// Variables that a shell sets as it goes on, whatever a file has set them to; bash's begin with `BASH`, too.
const CHANGING: [&str; 20] = [
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "LINENO",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "PIPESTATUS",
    "PPID",
    "PWD",
    "RANDOM",
    "REPLY",
    "SECONDS",
    "SRANDOM",
    "UID",
    "_",
];

/// The value of a variable, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Value {
    /// The text; empty for a variable that is not set.
    pub(crate) text: String,
    /// Why the text is not all that a shell would make of it, or not for certain.
    pub(super) unclear: Option<&'static str>,
}

impl Value {
    pub(super) fn push(&mut self, text: &str) {
        if self.text.len() <= VALUE_LIMIT {
            self.text.push_str(text);
        }
    }

    pub(super) fn note(&mut self, why: &'static str) {
        self.unclear.get_or_insert(why);
    }

    /// Puts another value behind this one.
    pub(super) fn append(&mut self, other: &Self) {
        self.push(&other.text);
        self.unclear = self.unclear.or(other.unclear);
    }

    /// Cuts what is longer than the limit; whether that was so.
    pub(super) fn cut(&mut self) -> bool {
        let is_long = self.text.len() > VALUE_LIMIT;
        if is_long {
            let cut = (0..=VALUE_LIMIT).rev().find(|cut| self.text.is_char_boundary(*cut)).unwrap_or(0);
            self.text.truncate(cut);
            self.note("it is too long");
        }
        is_long
    }
}

/// What a variable was set to, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Value, quotes removed and earlier variables put in.
    pub value: String,
    /// The line on which the assignment begins.
    pub at: Location,
    /// Whether the value is written out on its line: no variable stands in it, and no end of a line.
    pub(crate) literal: bool,
}

#[derive(Debug, Clone)]
struct Variable {
    setting: Setting,
    unclear: Option<&'static str>,
    is_set: bool,
    /// How many variables had been set before.
    age: usize,
}

/// The variables of a shell that reads one file after the other.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    known: BTreeMap<String, Variable>,
    /// Those that a function sets, which may be called at any time, and where.
    by_functions: BTreeMap<String, Location>,
    pub(super) readonly: BTreeSet<String>,
    /// The place where another file was read in, and how many variables had been set before.
    read_in: Option<(Location, usize)>,
    /// What the shell may have stopped at, or what may have set any variable: the first such thing.
    fault: Option<Problem>,
    /// The shell may have ended: what follows hangs on that.
    pub(super) may_have_ended: bool,
    pub(super) options: Options,
    count: usize,
    spent: usize,
}

impl Variables {
    /// What a variable was set to in the end; `None` where it is not set.
    ///
    /// # Errors
    /// Why that cannot be told: the value hangs on a condition, a command's output, a function or a file that was
    /// not read, or the shell may have stopped.
    pub fn certain(&self, name: &str) -> Result<Option<&Setting>, Problem> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let known = self.known.get(name);
        if let Some((why, at)) = self.doubt_about(name) {
            let at = at.or(known.map(|known| &known.setting.at)).map(ToString::to_string);
            let what = match why {
                CONDITIONAL => format!("{name} {CONDITIONAL}"),
                why => format!("the value of {name} is not known: {why}"),
            };
            return Err(Problem::new(at.unwrap_or_default(), what));
        }
        Ok(known.filter(|known| known.is_set).map(|known| &known.setting))
    }

    /// The same for a setting that stands on one line, as every one does that these files have: where its value
    /// continues on the next line a quote was forgotten, and the next setting stands in it, which may be a password.
    ///
    /// # Errors
    /// As [`certain`](Self::certain).
    pub(crate) fn setting(&self, name: &str) -> Result<Option<Located<String>>, Problem> {
        match self.certain(name)? {
            Some(setting) if setting.value.contains('\n') => Err(Problem::new(
                setting.at.to_string(),
                format!("the value of {name} continues on the next line: a quote may be missing"),
            )),
            setting => Ok(setting.map(|setting| Located::new(setting.value.clone(), setting.at.clone()))),
        }
    }

    /// Why what a variable holds may be something else than what its own assignments say: the shell may have stopped,
    /// or a function or a file that is read in sets it.
    pub(crate) fn overridden(&self, name: &str) -> Option<Problem> {
        let by_another = || {
            let (why, at) = self.doubt_about(name)?;
            Some(Problem::new(at?.to_string(), format!("the value of {name} is not known: {why}")))
        };
        self.fault.clone().or_else(by_another)
    }

    /// Where a variable is set under no condition to what is written out there and is not empty, whatever a shell
    /// makes of it.
    pub(crate) fn filled(&self, name: &str) -> Option<&Location> {
        let known = self.known.get(name)?;
        let certain = self.fault.is_none() && self.doubt_about(name).is_none_or(|(why, _)| why == CARRIAGE_RETURN);
        (certain && known.setting.literal && !known.setting.value.is_empty()).then_some(&known.setting.at)
    }

    /// The names that were set, or may have been, each once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let others = self.by_functions.keys().filter(|name| !self.known.contains_key(*name));
        self.known.keys().chain(others).map(String::as_str)
    }

    /// Its value. What the files have not set is empty, but for what every shell has.
    pub(crate) fn value(&self, name: &str) -> Value {
        let known = self.known.get(name);
        let changing = CHANGING.contains(&name) || name.starts_with("BASH");
        let of_the_shell = changing || known.is_none() && OF_THE_SHELL.contains(&name);
        let doubt = self.doubt_about(name).map(|(why, _)| why);
        Value {
            text: known.map(|known| known.setting.value.clone()).unwrap_or_default(),
            unclear: doubt.or(of_the_shell.then_some("it depends on how the shell was started")),
        }
    }

    /// Where it was set last.
    pub(crate) fn place(&self, name: &str) -> Option<&Location> {
        self.known.get(name).map(|known| &known.setting.at)
    }

    fn doubt_about(&self, name: &str) -> Option<(&'static str, Option<&Location>)> {
        let known = self.known.get(name);
        let by_function = self.by_functions.get(name).map(|at| ("a function sets it", Some(at)));
        let own = || Some((known?.unclear?, None));
        let read_in = || {
            let (at, age) = self.read_in.as_ref()?;
            let older = known.is_none_or(|known| known.age < *age);
            older.then_some(("another file is read in, which isctpl does not follow", Some(at)))
        };
        by_function.or_else(own).or_else(read_in)
    }

    /// Whether it is set, to something if `filled`.
    pub(super) fn is_set(&self, name: &str, filled: bool) -> bool {
        self.known.get(name).is_some_and(|known| known.is_set && !(filled && known.setting.value.is_empty()))
    }

    pub(super) fn set(&mut self, name: &str, value: Value, at: Location, literal: bool) {
        let Value { text, unclear } = value;
        let setting = Setting { value: text, at, literal };
        self.count += 1;
        self.known.insert(name.to_owned(), Variable { setting, unclear, is_set: true, age: self.count });
    }

    pub(super) fn unset(&mut self, name: &str) {
        if let Some(known) = self.known.get_mut(name) {
            known.is_set = false;
        }
    }

    /// What it holds is no longer known for certain.
    pub(super) fn doubt(&mut self, name: &str, why: &'static str, at: Location) {
        if !self.known.contains_key(name) {
            self.set(name, Value::default(), at.clone(), false);
            self.unset(name);
        }
        if let Some(known) = self.known.get_mut(name) {
            known.unclear = Some(why);
            known.setting.at = at;
        }
    }

    /// A function sets it.
    pub(super) fn set_by_function(&mut self, name: &str, at: Location) {
        self.by_functions.entry(name.to_owned()).or_insert(at);
    }

    /// Another file is read in, which may set any variable.
    pub(super) fn read_in(&mut self, at: Location) {
        self.read_in = Some((at, self.count + 1));
    }

    pub(super) fn fault(&mut self, problem: &Problem) {
        self.fault.get_or_insert_with(|| problem.clone());
    }

    /// Counts the bytes of a value; whether all of them are still within the limit.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        self.spent = self.spent.saturating_add(bytes);
        self.spent <= TOTAL_LIMIT
    }
}

/// Of what hangs on a condition, a loop, a function or a subshell, none of which is run here.
pub(super) const CONDITIONAL: &str = "is set under a condition, which isctpl does not evaluate";

/// Of what comes behind an end of the shell that hangs on something: a file that is read in may not be there.
pub(super) const ENDED: &str = "the shell may have ended before it is set";

/// Why a value is unclear that ends in one.
pub(super) const CARRIAGE_RETURN: &str = "its line ends in a carriage return, which a shell takes for a part of it";
