//! What `allow:` silences, for warnings that are found after a blueprint was read.

use super::validate::Checked;
use crate::diag::Code;
use std::collections::{BTreeMap, BTreeSet};

/// The codes that a blueprint and its alerts allow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Allowed {
    everywhere: BTreeSet<Code>,
    /// By the alert's id.
    alerts: BTreeMap<String, BTreeSet<Code>>,
}

impl Allowed {
    pub(super) fn of(checked: &Checked) -> Self {
        let alerts = checked.blueprint.alerts.iter().zip(&checked.alerts);
        let alerts = alerts.map(|(alert, notes)| (alert.id.clone(), notes.allow.clone()));
        Self { everywhere: checked.allow.clone(), alerts: alerts.collect() }
    }

    /// Whether a warning about an alert is silenced.
    pub fn has(&self, code: Code, alert: &str) -> bool {
        self.everywhere.contains(&code)
            || self.alerts.get(alert).is_some_and(|codes| codes.contains(&code))
    }
}
