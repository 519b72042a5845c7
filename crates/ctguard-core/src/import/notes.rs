//! What is to be told of an alert: where it and its rule differ.

use std::collections::BTreeSet;

/// Sentences without their full stop, each once, and whether the alert hears less than its rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Notes {
    told: BTreeSet<String>,
    partly: bool,
}

impl Notes {
    /// Adds what is to be known.
    pub fn insert(&mut self, note: String) {
        self.told.insert(note);
    }

    pub fn extend(&mut self, notes: impl IntoIterator<Item = String>) {
        self.told.extend(notes);
    }

    /// Adds what the rule takes and the alert does not.
    pub fn lacks(&mut self, note: String) {
        self.partly = true;
        self.told.insert(note);
    }

    /// Whether the alert hears less than its rule.
    pub fn partly(&self) -> bool {
        self.partly
    }

    pub fn into_list(self) -> Vec<String> {
        self.told.into_iter().collect()
    }
}
