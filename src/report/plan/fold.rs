//! Changes that are the same but for their place, told once; in an order for readers.
//!
//! An apply goes by waves; a reader asks first what records events, then what carries them, then which alerts.

use ctguard_core::plan::{Change, Plan, Verb};
use ctguard_core::resource::Kind;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::scope::{AccountId, Place, Region};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What kind of thing a change is about, in the order of telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Recording,
    Hub,
    Delivery,
    Rules,
}

impl Group {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Bucket | Kind::Trail => Self::Recording,
            Kind::Role | Kind::Bus => Self::Hub,
            Kind::Queue | Kind::Topic | Kind::Subscription => Self::Delivery,
            Kind::Rule | Kind::Target => Self::Rules,
        }
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Recording => "Recording of events",
            Self::Hub => "Way to the hub",
            Self::Delivery => "Topics, subscriptions and queues",
            Self::Rules => "Rules and their targets",
        }
    }
}

/// One change in all places where it is the same.
pub struct Folded {
    pub group: Group,
    /// With `{account}` and `{region}` for what differs between the places.
    pub change: Change,
    /// Account and region of each object.
    pub places: BTreeSet<(AccountId, Region)>,
}

/// The changes of a plan, folded and in reading order.
pub fn changes(plan: &Plan) -> Vec<Folded> {
    let changes = with_their_rules(&plan.changes);
    let mut exact: BTreeMap<String, usize> = BTreeMap::new();
    for change in &changes {
        *exact.entry(key(change)).or_default() += 1;
    }
    let mut index: BTreeMap<String, usize> = BTreeMap::new();
    let mut folded: Vec<Vec<&Change>> = Vec::new();
    for change in &changes {
        let change: &Change = change;
        // What is the same to the letter need not have the names of its place taken out: they may be another's.
        let key = key(change);
        let key = if exact[&key] > 1 { key } else { general(&key, change) };
        let at = *index.entry(key).or_insert(folded.len());
        match folded.get_mut(at) {
            Some(same) => same.push(change),
            None => folded.push(vec![change]),
        }
    }
    let mut folded: Vec<Folded> = folded.iter().filter_map(|same| one(same)).collect();
    let rank: BTreeMap<&str, usize> = plan
        .effects
        .iter()
        .enumerate()
        .map(|(rank, effect)| (effect.alert.as_str(), rank + 1))
        .collect();
    // The sort is stable: within an alert the order of the apply stays, rule before target.
    folded.sort_by_key(|folded| {
        let alert = folded.change.alert.as_deref();
        let alert = alert.map_or(0, |alert| rank.get(alert).copied().unwrap_or(usize::MAX));
        (folded.group, alert, folded.change.action == Verb::Delete)
    });
    folded
}

/// A target that goes with its rule is told with it, and where it sent to need not be.
fn with_their_rules(changes: &[Change]) -> Vec<Cow<'_, Change>> {
    let gone = |kind| {
        let of =
            move |change: &&Change| (change.action, change.address.kind) == (Verb::Delete, kind);
        changes.iter().filter(of)
    };
    let rules: BTreeMap<(&Place, Option<RuleKey>), &Change> =
        gone(Kind::Rule).map(|rule| ((&rule.place, rule.address.rule()), rule)).collect();
    let rule_of = |change: &Change| match (change.action, change.address.kind) {
        (Verb::Delete, Kind::Target) => rules.get(&(&change.place, change.address.rule())).copied(),
        _ => None,
    };
    changes
        .iter()
        .map(|change| match rule_of(change) {
            Some(rule) => {
                let (alert, fields) = (rule.alert.clone(), Vec::new());
                Cow::Owned(Change { alert, fields, ..change.clone() })
            }
            None => Cow::Borrowed(change),
        })
        .collect()
}

fn one(same: &[&Change]) -> Option<Folded> {
    let first = *same.first()?;
    let places: BTreeSet<(AccountId, Region)> = same
        .iter()
        .map(|change| (change.address.account.clone(), change.address.region.clone()))
        .collect();
    let alike = same.iter().all(|change| key(change) == key(first));
    let accounts = same.iter().any(|change| change.place.account != first.place.account);
    let regions = same.iter().any(|change| change.place.region != first.place.region);
    let change = blank(first, accounts && !alike, regions && !alike);
    Some(Folded { group: Group::of(first.address.kind), change, places })
}

/// What two changes must share to be told as one, but for the names of account and region.
fn key(change: &Change) -> String {
    // What is new is told by its name alone.
    let fields = if change.action == Verb::Create { &[][..] } else { &change.fields };
    let address = &change.address;
    let key = (address.kind, &address.name, change.action, &change.reason, &change.alert, fields);
    serde_json::to_string(&key).unwrap_or_default()
}

fn general(key: &str, change: &Change) -> String {
    let text = key.replace(change.place.account.as_str(), "{account}");
    text.replace(change.place.region.as_str(), "{region}")
}

/// The change with `{account}` and `{region}` in its name, reason and fields.
fn blank(change: &Change, account: bool, region: bool) -> Change {
    let of = |text: &str| {
        let text = match account {
            true => text.replace(change.place.account.as_str(), "{account}"),
            false => text.to_owned(),
        };
        if region { text.replace(change.place.region.as_str(), "{region}") } else { text }
    };
    let mut blank = change.clone();
    blank.address.name = of(&change.address.name);
    blank.reason = of(&change.reason);
    if let Ok(fields) = serde_json::to_string(&change.fields)
        && let Ok(fields) = serde_json::from_str(&of(&fields))
    {
        blank.fields = fields;
    }
    blank
}
