//! What a condition on one field of an identity takes: records grouped by that field, whichever
//! field their principal is named by.

use super::sampled::{Sampled, hash, key_of_group};
use super::{ActorKind, PrincipalField, Record};
use std::collections::HashMap;

/// An alert's records with one value of a field, of one event.
#[derive(Debug, Clone)]
pub struct OfValue {
    alert: u32,
    field: PrincipalField,
    value: Box<str>,
    pub kind: ActorKind,
    /// Whether it is of a root user.
    pub root: bool,
    /// `userIdentity.invokedBy`
    pub invoked_by: Option<Box<str>>,
    /// `iam:CreateUser`.
    pub event: Box<str>,
    pub count: u64,
    /// Records among them that tell of a failure.
    pub failed: u64,
}

/// Notes a record that raises an alert under each field of its identity.
pub(super) fn note(
    values: &mut Sampled<OfValue>,
    alert: u32,
    facts: &Record<'_>,
    kind: ActorKind,
    failed: bool,
) {
    let event = facts.event();
    let root = facts.identity.kind() == "Root";
    let invoked_by = facts.identity.invoked_by.as_deref();
    for field in PrincipalField::WITH_PATH {
        let Some(value) = facts.identity.text(field) else { continue };
        // No exception rests on the record's own account.
        if field == PrincipalField::Account && facts.account.as_deref() == Some(value) {
            continue;
        }
        let group = group(alert, field, value);
        let member = hash([
            group.to_le_bytes().as_slice(),
            &[kind as u8, u8::from(root)],
            invoked_by.unwrap_or_default().as_bytes(),
            event.as_bytes(),
        ]);
        let new = || OfValue {
            alert,
            field,
            value: value.into(),
            kind,
            root,
            invoked_by: invoked_by.map(Into::into),
            event: event.as_str().into(),
            count: 0,
            failed: 0,
        };
        values.note(key_of_group(group, member), new, |of| {
            of.count += 1;
            of.failed += u64::from(failed);
        });
    }
}

/// The values that were kept, to look them up.
#[derive(Debug)]
pub struct Values<'a> {
    sampled: &'a Sampled<OfValue>,
    by_group: HashMap<u64, Vec<&'a OfValue>>,
}

impl<'a> Values<'a> {
    pub fn of(sampled: &'a Sampled<OfValue>) -> Self {
        let mut by_group: HashMap<_, Vec<&OfValue>> = HashMap::new();
        for of in sampled.values() {
            let group = group(of.alert, of.field, &of.value);
            by_group.entry(group).or_default().push(of);
        }
        Self { sampled, by_group }
    }

    /// What an alert's condition on a field would take; absent where it was not kept.
    pub fn taken(&self, alert: u32, field: PrincipalField, value: &str) -> Option<&[&'a OfValue]> {
        let group = group(alert, field, value);
        let found = self.by_group.get(&group).map_or(&[][..], Vec::as_slice);
        self.sampled.keeps(group).then_some(found)
    }
}

fn group(alert: u32, field: PrincipalField, value: &str) -> u64 {
    hash([alert.to_le_bytes().as_slice(), &[field as u8], value.as_bytes()])
}
