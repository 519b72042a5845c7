//! Regions and accounts that conditions name, against those that the blueprint covers.

use super::super::Regions;
use super::super::validate::AlertNotes;
use super::{Alert, Linter};
use crate::codes;
use crate::record::Part;
use eventbridge_pattern::{Filter, Matcher};
use serde_json::Value;
use std::collections::BTreeSet;

/// The fields with the region and the account that a record was made in.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
const REGION: &str = "awsRegion";
const ACCOUNT: &str = "recipientAccountId";

impl Linter<'_> {
    /// Regions and accounts that a condition names and the blueprint does not cover.
    pub(super) fn places(&mut self, alert: &Alert, notes: &AlertNotes) {
        let Some(filter) = &alert.filter else { return };
        let blueprint = &self.checked.blueprint;
        let region_covered = |name: &str| match &blueprint.regions {
            Regions::List(list) => list.iter().any(|one| one.as_str() == name),
            Regions::Enabled { except } => except.iter().all(|one| one.region.as_str() != name),
        };
        let listed = blueprint.accounts.as_ref().filter(|all| all.organization.is_none());
        let account_covered = |id: &str| {
            listed.is_none_or(|all| all.listed.keys().any(|account| account.as_str() == id))
        };
        let regions = texts_of(filter, REGION).into_iter().map(|name| (REGION, "region", name));
        let accounts = texts_of(filter, ACCOUNT).into_iter().map(|id| (ACCOUNT, "account", id));
        let missed: BTreeSet<(&str, &str, &str)> = regions
            .filter(|(_, _, name)| !region_covered(name))
            .chain(accounts.filter(|(_, _, id)| !account_covered(id)))
            .collect();
        for (path, what, name) in missed {
            let operator = Matcher::exact(name);
            let span = notes.place(Part::Where, path, Some(&operator)).or(alert.span.as_ref());
            self.warn(
                codes::PLACE_UNCOVERED,
                Some(notes),
                span.cloned().as_ref(),
                format!("`{path}` is asked to be `{name}`, and no such {what} is covered"),
                format!("cover the {what}, or leave it out of the condition"),
            );
        }
    }
}

/// The texts that a condition wants a field to be.
fn texts_of<'a>(filter: &'a Filter, field: &str) -> Vec<&'a str> {
    match filter {
        Filter::All(all) | Filter::Any(all) => {
            all.iter().flat_map(|one| texts_of(one, field)).collect()
        }
        Filter::Field { path, matchers } if path == field => {
            let text = |matcher: &'a Matcher| match matcher {
                Matcher::Exact(Value::String(text)) => Some(text.as_str()),
                _ => None,
            };
            matchers.iter().filter_map(text).collect()
        }
        Filter::Field { .. } => Vec::new(),
    }
}
