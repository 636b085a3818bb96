//! What a file of ifupdown holds.

use isctpl_checks::facts::{Located, Location, Problem};

/// What a file holds, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InterfacesFile {
    /// Stanzas and requests for other files.
    pub items: Vec<Item>,
    /// Lines that are no part of a stanza, and what has no room.
    pub problems: Vec<Problem>,
    /// The first thing that ifupdown itself refuses.
    pub refused: Option<Refused>,
}

/// Where ifupdown itself stops to read a file, as neither ifupdown2 nor ifupdown-ng does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Why, as the rest of a sentence on the line, and where.
    pub what: Located<String>,
    /// How many of the file's items come before it.
    pub items: usize,
}

/// One thing of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// Another file, or several, is read here.
    Include(Include),
    /// A stanza.
    Stanza(Stanza),
}

/// A request for other files. Names that are not absolute are relative to the directory of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Include {
    /// A file name, a directory, or a glob of them.
    pub pattern: String,
    /// `source-directory`: of each directory the files whose names are letters, digits, `_` and `-`.
    pub directory: bool,
    /// Where it is asked for.
    pub at: Location,
}

/// A stanza.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stanza {
    /// `auto` (then `class` is `auto`) and `allow-CLASS`; `no-auto-down`, which ends with that name as class.
    Allow {
        /// `auto`, `hotplug`, `no-auto-down` …
        class: String,
        /// Names, or globs after a `/`; `GLOB=NAME` gives them a logical name.
        names: Vec<String>,
        /// Where.
        at: Location,
    },
    /// `iface`.
    Iface(Iface),
    /// `mapping`.
    Mapping {
        /// Globs of interfaces.
        globs: Vec<String>,
        /// Logical names that its `map` lines name.
        logical: Vec<String>,
        /// Where.
        at: Location,
    },
    /// `rename GLOB=NAME`.
    Rename {
        /// What stands before and after the `=`.
        pairs: Vec<(String, String)>,
        /// Where.
        at: Location,
    },
}

impl Stanza {
    /// How many lines it has, as far as they are kept.
    pub(crate) fn lines(&self) -> usize {
        match self {
            Self::Iface(iface) => 1 + iface.options.len(),
            Self::Mapping { logical, .. } => 1 + logical.len(),
            Self::Allow { names, .. } => names.len(),
            Self::Rename { pairs, .. } => pairs.len(),
        }
    }
}

/// An `iface` or `template` stanza.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Iface {
    /// Interface or logical name.
    pub name: String,
    /// `inet`, `inet6` …; `None` where ifupdown2 and -ng leave it out.
    pub family: Option<String>,
    /// `dhcp`, `static`, `manual` …; `None` as above.
    pub method: Option<String>,
    /// Names of stanzas that it takes options from.
    pub inherits: Vec<String>,
    /// It is only there to be inherited from.
    pub template: bool,
    /// Options in order. Those that hold secrets (`wpa-…`, `wireless-key…`) are left out.
    pub options: Vec<IfaceOption>,
    /// The lines of all its options, counted from 1.
    pub lines: Vec<u32>,
    /// Where.
    pub at: Location,
}

/// An option of an `iface` stanza.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IfaceOption {
    /// Name, with `_` as `-`.
    pub name: String,
    /// The rest of the line.
    pub value: String,
    /// Where.
    pub at: Location,
}
