//! What all looks at a root share: how its files are called, and what may be spent on them.

use crate::system::budget::Budget;
use isctpl_checks::facts::Problem;
use std::sync::Arc;

/// The most entries of one directory that are listed.
pub const LIST_LIMIT: usize = 50_000;

/// What all looks at a root share.
#[derive(Debug, Clone)]
pub(super) struct View {
    /// What stands before a path in a message: empty for `/` of the instance, so that messages name
    /// the files as the instance knows them.
    pub(super) label: String,
    /// Whether paths below `/proc` and `/sys` are answered.
    pub(super) asks_kernel: bool,
    pub(super) budget: Arc<Budget>,
}

impl View {
    /// The path as messages name it.
    pub(super) fn name(&self, path: &str) -> String {
        format!("{}{path}", self.label)
    }

    pub(super) fn problem(&self, path: &str, what: impl Into<String>) -> Problem {
        Problem::new(self.name(path), what)
    }

    /// Whether the kernel is asked for a path: what it answers is spent from no budget.
    pub(super) fn asks(&self, path: &str) -> bool {
        self.asks_kernel && ["/proc", "/sys"].iter().any(|top| is_below(path, top))
    }

    /// The budget that a path is spent from.
    pub(super) fn budget_of(&self, path: &str) -> Option<&Budget> {
        (!self.asks(path)).then_some(&*self.budget)
    }

    pub(super) fn spend_open(&self, path: &str) -> Result<(), Problem> {
        self.budget_of(path).map_or(Ok(()), |budget| budget.open(&|| self.name(path)))
    }
}

fn is_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
