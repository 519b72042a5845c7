//! Warnings about the events that are asked for: retired ones, those that a trail must be asked for,
//! and sign-ins that land elsewhere.

use super::super::validate::{AlertNotes, Resolved};
use super::super::{Alert, Regions};
use super::Linter;
use super::together::Cause;
use crate::catalogue;
use crate::codes;
use crate::diag::Span;
use crate::event::{EventKind, EventRef, GLOBAL_SIGN_IN_REGIONS, Landing, ROOT_SIGN_IN_REGION};
use crate::scope::Partition;
use std::collections::BTreeSet;

/// Calls about EC2-Classic, which was retired on 15 August 2022, and what to watch today.
///
/// Source: <https://aws.amazon.com/blogs/aws/ec2-classic-is-retiring-heres-how-to-prepare/>
const LEGACY: &[(&str, &[&str], &str)] = &[
    (
        "rds.amazonaws.com",
        &[
            "AuthorizeDBSecurityGroupIngress",
            "CreateDBSecurityGroup",
            "DeleteDBSecurityGroup",
            "DescribeDBSecurityGroups",
            "RevokeDBSecurityGroupIngress",
        ],
        "ec2:AuthorizeSecurityGroupIngress, ec2:RevokeSecurityGroupIngress and ec2:ModifySecurityGroupRules",
    ),
    (
        "ec2.amazonaws.com",
        &[
            "AttachClassicLinkVpc",
            "DetachClassicLinkVpc",
            "DisableVpcClassicLink",
            "EnableVpcClassicLink",
        ],
        "ec2:CreateVpcPeeringConnection and ec2:AcceptVpcPeeringConnection",
    ),
];

/// What one entry of `events:` stands for.
type Written<'a> = (&'a Span, BTreeSet<&'a EventRef>);

/// The entries of an alert's `events:`, in the order of the file.
fn written(notes: &AlertNotes) -> Vec<Written<'_>> {
    let mut all: Vec<Written<'_>> = Vec::new();
    for resolved in &notes.events {
        match all.last_mut() {
            Some((span, events)) if *span == &resolved.span => drop(events.insert(&resolved.event)),
            _ => all.push((&resolved.span, BTreeSet::from([&resolved.event]))),
        }
    }
    all
}

impl Linter<'_> {
    /// Entries that add nothing to those before them.
    fn repeated(&mut self, notes: &AlertNotes) {
        let mut before: BTreeSet<&EventRef> = BTreeSet::new();
        for (span, events) in written(notes) {
            if events.is_subset(&before)
                && let Some(first) = events.first()
            {
                let what = match events.len() {
                    1 => format!("`{}` stands", first.short()),
                    _ => format!("`{}` and what else this means stand", first.short()),
                };
                let message = format!("{what} in this alert's `events` already");
                let help = "take one of the two out; was another event meant?".to_owned();
                self.warn(codes::EVENT_REPEATED, Some(notes), Some(span), message, help);
            }
            before.extend(events);
        }
    }

    pub(super) fn events(&mut self, alert: &Alert, notes: &AlertNotes) {
        for (source, names, modern) in LEGACY {
            let legacy =
                |event: &EventRef| event.source == *source && names.contains(&event.name.as_str());
            let found: Vec<&Resolved> =
                notes.events.iter().filter(|resolved| legacy(&resolved.event)).collect();
            if let Some(first) = found.first() {
                let mut list: Vec<String> = found.iter().map(|found| found.event.short()).collect();
                list.dedup();
                self.warn(
                    codes::LEGACY_EVENT,
                    Some(notes),
                    Some(&first.span),
                    format!("EC2-Classic is retired: {} can hardly succeed today", list.join(", ")),
                    format!("today's equivalents are {modern}"),
                );
            }
        }
        self.repeated(notes);
        self.data_events(notes);
        // What is taken for a sign-in in case it is one lands like any other call.
        let sign_in = |found: &&Resolved| {
            found.event.kind == EventKind::Signin && found.event.landing == Landing::SignIn
        };
        if let Some(found) = notes.events.iter().find(sign_in) {
            self.sign_in(alert, notes, &found.span);
        }
        let mut told = BTreeSet::new();
        for found in notes.events.iter().filter(|resolved| resolved.unchecked) {
            let known = catalogue::find(&found.event.source, &found.event.name);
            if known.is_some_and(|known| known.is(found.event.kind))
                && told.insert(found.event.short())
            {
                self.warn(
                    codes::UNCHECKED_KNOWN,
                    Some(notes),
                    Some(&found.span),
                    format!("the catalogue knows `{}`", found.event.short()),
                    format!("write `{}`, without `unchecked`", found.event.short()),
                );
            }
        }
    }

    /// Data events, and events that are perhaps such.
    fn data_events(&mut self, notes: &AlertNotes) {
        let data = || notes.events.iter().filter(|one| one.event.kind == EventKind::Data);
        let Some(first) = data().next() else { return };
        let names: BTreeSet<String> = data().map(|found| found.event.short()).collect();
        let also = |found: &Resolved| {
            let same = |one: &&Resolved| one.event.short() == found.event.short();
            notes.events.iter().filter(same).any(|one| one.event.kind.is_management())
        };
        let (are, one) = match data().all(also) {
            true => ("may be", "a data event, perhaps: trails leave those out by default"),
            false => ("are", "a data event, which trails leave out by default"),
        };
        let message = match names.first().filter(|_| names.len() == 1) {
            Some(name) => format!("`{name}` is {one}"),
            None => {
                let names = names.into_iter().collect::<Vec<_>>().join("`, `");
                format!("`{names}` {are} data events, which trails leave out by default")
            }
        };
        let help = "add data event selectors for it to a trail, and mind that they are billed";
        self.warn(codes::DATA_EVENT, Some(notes), Some(&first.span), message, help.to_owned());
    }

    fn sign_in(&mut self, alert: &Alert, notes: &AlertNotes, span: &Span) {
        let wanted: &[&str] =
            if notes.only_root { &[ROOT_SIGN_IN_REGION] } else { &GLOBAL_SIGN_IN_REGIONS };
        let missed: Vec<&str> = match &self.checked.blueprint.regions {
            Regions::List(list) => {
                // Other partitions have sign-in endpoints of their own.
                if list.iter().any(|region| region.partition() != Partition::Aws) {
                    return;
                }
                let covered: BTreeSet<&str> = list.iter().map(|region| region.as_str()).collect();
                wanted.iter().copied().filter(|region| !covered.contains(region)).collect()
            }
            Regions::Enabled { except } => except
                .iter()
                .map(|exception| exception.region.as_str())
                .filter(|region| wanted.contains(region))
                .collect(),
        };
        if missed.is_empty() {
            return;
        }
        let who = if notes.only_root { "root" } else { "people" };
        let missed = missed.join(", ");
        let cause = Cause {
            code: codes::SIGN_IN_REGIONS,
            one: format!("misses sign-ins that land in {missed}"),
            several: format!("miss sign-ins that land in {missed}"),
            help: format!(
                "where a sign-in lands depends on the endpoint that {who} used: cover {missed}, best `regions: enabled`"
            ),
            at: self.checked.regions.clone(),
        };
        self.warn_together((alert, notes), Some(span), cause);
    }
}
