//! Whether a record of an event that lands in a place can meet an alert's conditions.
//!
//! A record says in which region and account it was made, and those are the place it lands in. A
//! condition on either decides for whole places: where it cannot hold there is nothing to raise, so
//! nothing to prove.

use crate::blueprint::{Alert, Blueprint, Regions};
use crate::event::{EventKind, EventRef, GLOBAL_SIGN_IN_REGIONS, Landing, ROOT_SIGN_IN_REGION};
use crate::scope::{AccountId, Partition, Place, Region};
use eventbridge_pattern::{Filter, Matcher};
use jiff::civil::Date;
use serde_json::{Value, json};

/// The field with the region that a record was made in.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
pub const REGION: &str = "awsRegion";
/// The field with the account that a record was made in. Source: the page of [`REGION`].
pub const ACCOUNT: &str = "recipientAccountId";

/// Where a record lands, as far as it is asked about.
#[derive(Clone, Copy)]
pub struct LandsIn<'a> {
    pub region: &'a Region,
    /// `None`: in whatever account.
    pub account: Option<&'a AccountId>,
}

impl<'a> From<&'a Place> for LandsIn<'a> {
    fn from(place: &'a Place) -> Self {
        Self { region: &place.region, account: Some(&place.account) }
    }
}

/// The events of an alert that can land in a place and meet its conditions there.
pub(super) fn landing_in<'a>(alert: &'a Alert, place: &Place, as_of: Date) -> Vec<&'a EventRef> {
    let lands = |event: &&EventRef| can_land(alert, event, place.into(), as_of);
    alert.events.iter().filter(lands).collect()
}

/// Whether a record of the event can land there and raise the alert, as far as that alone decides.
pub fn can_land(alert: &Alert, event: &EventRef, lands: LandsIn<'_>, as_of: Date) -> bool {
    let facts = Facts::of(event, lands);
    event.landing.lands_in(lands.region)
        && alert.filter.as_ref().is_none_or(|filter| facts.judge(filter) != Some(false))
        && !alert
            .except
            .iter()
            .filter(|except| except.until.is_none_or(|until| until >= as_of))
            .any(|except| facts.judge(&except.filter) == Some(true))
}

/// The regions of the global sign-in endpoints in which the alert's sign-ins land and which the
/// blueprint does not cover.
pub(super) fn sign_ins_missed(blueprint: &Blueprint, alert: &Alert, as_of: Date) -> Vec<Region> {
    let sign_ins = || alert.events.iter().filter(|event| is_sign_in(event));
    let lands = |region: &Region| {
        let lands = LandsIn { region, account: None };
        sign_ins().any(|event| can_land(alert, event, lands, as_of))
    };
    let elsewhere = |region: &Region| match &blueprint.regions {
        // Other partitions have sign-in endpoints of their own.
        Regions::List(list) => {
            !list.contains(region) && list.iter().all(|one| one.partition() == Partition::Aws)
        }
        Regions::Enabled { except } => except
            .iter()
            .any(|out| out.region == *region && out.until.is_none_or(|until| until >= as_of)),
    };
    let regions = GLOBAL_SIGN_IN_REGIONS.iter().filter_map(|name| Region::new(name));
    regions.filter(|region| elsewhere(region) && lands(region)).collect()
}

fn is_sign_in(event: &EventRef) -> bool {
    event.kind == EventKind::Signin && event.landing == Landing::SignIn
}

/// The texts that an alert's conditions and exceptions want a field to be.
pub fn named<'a>(alert: &'a Alert, field: &str) -> Vec<&'a str> {
    let filters = alert.filter.iter().chain(alert.except.iter().map(|except| &except.filter));
    filters.flat_map(|filter| texts_of(filter, field)).collect()
}

/// The texts that a condition wants a field to be.
pub fn texts_of<'a>(filter: &'a Filter, field: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    texts(filter, field, &mut found);
    found
}

/// An account for each condition that asks for a part of its number.
pub fn accounts_like(filter: &Filter) -> Vec<AccountId> {
    const DIGITS: usize = 12;
    let like = |matcher: &Matcher| {
        let test = matcher.to_value();
        let (kind, text) = test.as_object()?.iter().next()?;
        let text = text.as_str()?;
        let missing = DIGITS.checked_sub(text.bytes().filter(u8::is_ascii_digit).count())?;
        let fill = "1".repeat(missing);
        AccountId::new(&match kind.as_str() {
            "prefix" => format!("{text}{fill}"),
            "suffix" => format!("{fill}{text}"),
            "wildcard" => text.replacen('*', &fill, 1).replace('*', ""),
            _ => return None,
        })
    };
    match filter {
        Filter::All(all) | Filter::Any(all) => all.iter().flat_map(accounts_like).collect(),
        Filter::Field { path, matchers } if path == ACCOUNT => {
            matchers.iter().filter_map(like).collect()
        }
        Filter::Field { .. } => Vec::new(),
    }
}

fn texts<'a>(filter: &'a Filter, field: &str, found: &mut Vec<&'a str>) {
    match filter {
        Filter::All(all) | Filter::Any(all) => all.iter().for_each(|one| texts(one, field, found)),
        Filter::Field { path, matchers } if path == field => {
            found.extend(matchers.iter().filter_map(|matcher| match matcher {
                Matcher::Exact(Value::String(text)) => Some(text.as_str()),
                _ => None,
            }));
        }
        Filter::Field { .. } => {}
    }
}

/// What all records of an event that land in one place have in common.
struct Facts<'a> {
    lands: LandsIn<'a>,
    never_root: bool,
}

impl<'a> Facts<'a> {
    fn of(event: &EventRef, lands: LandsIn<'a>) -> Self {
        // Root signs in to one region of the `aws` partition, whatever page was opened.
        let elsewhere = lands.region.partition() == Partition::Aws
            && lands.region.as_str() != ROOT_SIGN_IN_REGION;
        Self { lands, never_root: is_sign_in(event) && elsewhere }
    }

    /// Whether the condition holds; `None` where the place does not decide it.
    fn judge(&self, filter: &Filter) -> Option<bool> {
        match filter {
            Filter::All(all) => {
                let mut known = Some(true);
                for one in all {
                    match self.judge(one) {
                        Some(false) => return Some(false),
                        None => known = None,
                        Some(true) => {}
                    }
                }
                known
            }
            Filter::Any(any) => {
                let mut known = Some(false);
                for one in any {
                    match self.judge(one) {
                        Some(true) => return Some(true),
                        None => known = None,
                        Some(false) => {}
                    }
                }
                known
            }
            Filter::Field { path, matchers } => self.field(path, matchers),
        }
    }

    fn field(&self, path: &str, matchers: &[Matcher]) -> Option<bool> {
        let is = |value: &str| {
            let value = Value::from(value);
            Some(matchers.iter().any(|matcher| matcher.accepts(&value)))
        };
        match path {
            REGION => is(self.lands.region.as_str()),
            ACCOUNT => is(self.lands.account?.as_str()),
            "userIdentity.type" if self.never_root => {
                let root = Matcher::Exact(json!("Root"));
                matchers.iter().all(|matcher| *matcher == root).then_some(false)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::load_text;
    use jiff::civil::date;

    const DAY: Date = date(2026, 11, 22);

    /// In which of two regions and two accounts an alert with these conditions can be raised.
    fn lands(event: &str, conditions: &str) -> Vec<&'static str> {
        let text = format!(
            "version: 1\nname: acme\nregions: enabled\naccounts: [{{ id: \"111122223333\" }}, {{ id: \"444455556666\", role: r }}]\ndestinations: {{ d: {{ topic: t, format: text, subscribers: [{{ email: a@b.example }}] }} }}\nroutes: {{ high: [d] }}\nalerts:\n  - {{ id: a, title: T, risk: high, events: [{event}], {conditions} }}\n"
        );
        let loaded = load_text("ctguard.yaml", &text, None, DAY);
        let blueprint = loaded.blueprint.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let alert = &blueprint.alerts[0];
        let places = [
            ("east-1", "us-east-1", "111122223333"),
            ("west-1", "eu-west-1", "111122223333"),
            ("east-4", "us-east-1", "444455556666"),
            ("west-4", "eu-west-1", "444455556666"),
        ];
        let places = places.iter().filter(|(_, region, account)| {
            let region = Region::new(region).unwrap();
            let place = Place::new(AccountId::new(account).unwrap(), region);
            !landing_in(alert, &place, DAY).is_empty()
        });
        places.map(|place| place.0).collect()
    }

    #[test]
    fn a_condition_on_where_a_record_was_made_decides_for_whole_places() {
        let all = ["east-1", "west-1", "east-4", "west-4"];
        let east = ["east-1", "east-4"];
        let west = ["west-1", "west-4"];
        for (event, conditions, expected) in [
            ("ec2:CreateRoute", "", &all[..]),
            ("ec2:CreateRoute", "where: { awsRegion: [eu-west-1, eu-west-3] }", &west),
            ("ec2:CreateRoute", "where: { awsRegion: [{ prefix: us- }] }", &east),
            ("ec2:CreateRoute", "where: { awsRegion: [{ anything-but: us-east-1 }] }", &west),
            ("ec2:CreateRoute", "where: { recipientAccountId: ['444455556666'] }", &all[2..]),
            (
                "ec2:CreateRoute",
                "where: { $or: [{ awsRegion: [eu-west-1] }, { errorCode: [AccessDenied] }] }",
                &all,
            ),
            (
                "ec2:CreateRoute",
                "where: { $or: [{ awsRegion: [eu-west-1] }, { awsRegion: [eu-west-3] }] }",
                &west,
            ),
            (
                "ec2:CreateRoute",
                "except: [{ where: { awsRegion: [us-east-1] }, reason: lab }]",
                &west,
            ),
            (
                "ec2:CreateRoute",
                "except: [{ where: { awsRegion: [us-east-1] }, reason: lab, until: 2026-11-21 }]",
                &all,
            ),
            ("iam:CreateUser", "", &east),
            ("signin:ConsoleLogin", "", &all),
            ("signin:ConsoleLogin", "where: { userIdentity.type: [Root] }", &east),
            ("signin:ConsoleLogin", "where: { userIdentity.type: [Root, IAMUser] }", &all),
            ("signin:ConsoleLogin", "where: { userIdentity.type: [{ anything-but: Root }] }", &all),
            ("ec2:CreateRoute", "where: { userIdentity.type: [Root] }", &all),
        ] {
            assert_eq!(lands(event, conditions), expected, "{event} {conditions}");
        }
    }
}
