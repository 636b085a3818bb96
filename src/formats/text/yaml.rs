//! YAML as a flat list of nodes with their lines.
//!
//! Built from the parser's events, so that nothing recurses: an alias is one more reference to the
//! node of its anchor, not a copy of it, and neither depth nor "billion laughs" cost anything. A walk
//! over the same anchor again and again is cut off by a budget. Every text is wiped when the document is
//! dropped, for passwords stand in such files.

use saphyr_parser::{Event, Parser};
use std::cell::Cell;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// The most nodes of one document.
const NODE_LIMIT: usize = 100_000;

/// The most nodes that are looked at in one document, however often aliases refer to them.
const VISIT_LIMIT: usize = 1_000_000;

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Line, counted from 1; 0 when it is not known.
    pub(crate) line: u32,
    /// Plain English.
    pub(crate) what: String,
    /// It is a limit of this reader, and other ones may take the text.
    pub(crate) is_limit: bool,
}

#[derive(Debug)]
enum Data {
    Scalar {
        text: Zeroizing<String>,
        plain: bool,
    },
    Sequence(Vec<usize>),
    /// Keys and values in turn; a key without a value is one that the text lacks.
    Mapping(Vec<usize>),
}

#[derive(Debug)]
struct Slot {
    line: u32,
    data: Data,
}

/// The first document of a text.
#[derive(Debug)]
pub(crate) struct Document {
    slots: Vec<Slot>,
    root: Option<usize>,
    visits: Cell<usize>,
}

/// A node of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    document: &'a Document,
    id: usize,
}

impl Document {
    /// Reads the first document; an empty text has no root.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let mut document = Self { slots: Vec::new(), root: None, visits: Cell::new(0) };
        let mut open: Vec<usize> = Vec::new();
        let mut anchors: HashMap<usize, usize> = HashMap::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| Fault {
                line: u32::try_from(error.marker().line()).unwrap_or(u32::MAX),
                what: format!("is not valid YAML: {}", error.info()),
                is_limit: false,
            })?;
            let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
            let (data, anchor, opens) = match event {
                Event::Scalar(text, style, anchor, _) => {
                    let plain = style == saphyr_parser::ScalarStyle::Plain;
                    (Data::Scalar { text: Zeroizing::new(text.into_owned()), plain }, anchor, false)
                }
                Event::SequenceStart(anchor, _) => (Data::Sequence(Vec::new()), anchor, true),
                Event::MappingStart(anchor, _) => (Data::Mapping(Vec::new()), anchor, true),
                Event::SequenceEnd | Event::MappingEnd => {
                    open.pop();
                    continue;
                }
                Event::Alias(anchor) => {
                    let Some(&id) = anchors.get(&anchor) else {
                        let what = "refers to an anchor that does not exist".to_owned();
                        return Err(Fault { line, what, is_limit: false });
                    };
                    document.attach(id, &open);
                    continue;
                }
                Event::DocumentEnd => break,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => continue,
            };
            if document.slots.len() == NODE_LIMIT {
                return Err(Fault { line, what: format!("has more than {NODE_LIMIT} values"), is_limit: true });
            }
            let id = document.slots.len();
            document.slots.push(Slot { line, data });
            document.attach(id, &open);
            if anchor != 0 {
                anchors.insert(anchor, id);
            }
            if opens {
                open.push(id);
            }
        }
        Ok(document)
    }

    fn attach(&mut self, id: usize, open: &[usize]) {
        match open.last().and_then(|&parent| self.slots.get_mut(parent)) {
            Some(Slot { data: Data::Sequence(children) | Data::Mapping(children), .. }) => children.push(id),
            _ => self.root = self.root.or(Some(id)),
        }
    }

    /// The outermost node.
    pub(crate) fn root(&self) -> Option<Node<'_>> {
        self.root.map(|id| Node { document: self, id })
    }

    /// Whether the budget ran out, so that something was left out.
    pub(crate) fn cut_short(&self) -> bool {
        self.visits.get() > VISIT_LIMIT
    }

    fn visit(&self, count: usize) -> bool {
        self.visits.set(self.visits.get().saturating_add(count));
        !self.cut_short()
    }
}

impl<'a> Node<'a> {
    fn slot(self) -> Option<&'a Slot> {
        self.document.slots.get(self.id)
    }

    /// Line, counted from 1.
    pub(crate) fn line(self) -> u32 {
        self.slot().map_or(0, |slot| slot.line)
    }

    /// The text of a scalar; `None` for a collection and for null.
    pub(crate) fn text(self) -> Option<&'a str> {
        match &self.slot()?.data {
            Data::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => None,
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar, whatever it means; `None` for a collection.
    pub(crate) fn scalar(self) -> Option<&'a str> {
        match &self.slot()?.data {
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether it is a sequence.
    pub(crate) fn is_sequence(self) -> bool {
        matches!(self.slot(), Some(Slot { data: Data::Sequence(_), .. }))
    }

    /// Whether it is a mapping.
    pub(crate) fn is_mapping(self) -> bool {
        matches!(self.slot(), Some(Slot { data: Data::Mapping(_), .. }))
    }

    /// Whether it is null: nothing was written.
    pub(crate) fn is_null(self) -> bool {
        matches!(self.slot(), Some(Slot { data: Data::Scalar { .. }, .. })) && self.text().is_none()
    }

    /// The elements of a sequence; of anything else none.
    pub(crate) fn items(self) -> Vec<Node<'a>> {
        match self.slot() {
            Some(Slot { data: Data::Sequence(children), .. }) if self.document.visit(children.len()) => {
                children.iter().map(|&id| Node { document: self.document, id }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The keys and values of a mapping in order; of anything else none. Keys that are no scalars are left out.
    pub(crate) fn entries(self) -> Vec<(&'a str, Node<'a>, Node<'a>)> {
        let Some(Slot { data: Data::Mapping(children), .. }) = self.slot() else { return Vec::new() };
        if !self.document.visit(children.len()) {
            return Vec::new();
        }
        children
            .chunks_exact(2)
            .filter_map(|pair| {
                let [key, value] = pair else { return None };
                let key = Node { document: self.document, id: *key };
                Some((key.text()?, key, Node { document: self.document, id: *value }))
            })
            .collect()
    }

    /// The elements of a sequence, or the node itself where one value stands in place of a list.
    pub(crate) fn items_or_self(self) -> Vec<Node<'a>> {
        match self.slot() {
            Some(Slot { data: Data::Scalar { .. }, .. }) if !self.is_null() => vec![self],
            _ => self.items(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_and_scalars() {
        let document = Document::read("# c\na:\n  b: [1, ~, 'null']\n").unwrap();
        let (key, at, value) = document.root().unwrap().entries()[0];
        assert_eq!((key, at.line()), ("a", 2));
        let items = value.entries()[0].2.items();
        assert_eq!(items.iter().map(|item| item.text()).collect::<Vec<_>>(), [Some("1"), None, Some("null")]);
        assert!(items[1].is_null() && items[0].line() == 3);
        assert!(Document::read("").unwrap().root().is_none());
    }

    #[test]
    fn laughs_cost_nothing_and_are_cut_short() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..40 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            text += &format!("a{level}: &a{level} [{below} y]\n");
        }
        let document = Document::read(&text).unwrap();
        let last = document.root().unwrap().entries().last().unwrap().2;
        assert_eq!(last.items().len(), 10);
        for _ in 0..=VISIT_LIMIT / 10 {
            last.items();
        }
        assert!(last.items().is_empty());
        assert!(document.cut_short());
    }

    #[test]
    fn an_anchor_may_hold_itself() {
        let document = Document::read("a: &a\n  b: *a\n").unwrap();
        let mut node = document.root().unwrap();
        for _ in 0..1000 {
            node = node.entries()[0].2;
        }
        assert!(node.is_mapping());
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep: String = (0..3000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        assert!(Document::read(&deep).is_ok());
        assert!(Document::read(&"[".repeat(100_000)).is_err());
        assert!(Document::read(&"- ".repeat(20_000)).is_ok());
    }

    #[test]
    fn a_fault_has_its_line() {
        assert_eq!(Document::read("a: 1\nb: [1\nc: 2\n").unwrap_err().line, 3);
        assert!(Document::read("a: 1\n\tb: 2\n").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = Document::read(&String::from_utf8_lossy(&bytes));
        }
        #[test]
        fn never_panics_on_likely_text(text in "[-a-c:\\[\\]{}&*!|>?%@,#'\"\\\\ \t\n~0.]{0,120}") {
            let _ = Document::read(&text);
        }
    }
}
