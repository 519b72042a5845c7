//! Folds changes that differ only in their place, in an order for readers.
//!
//! An apply goes by waves; a reader asks first what records events, then what carries them, then
//! which alerts.

use super::created;
use ctguard_core::phrase::{Phrase, PlaceNames};
use ctguard_core::plan::{Change, Plan, Verb};
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::{Address, Kind};
use ctguard_core::scope::{AccountId, Place, Region};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The section of a change, in reading order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeGroup {
    Recording,
    Hub,
    Delivery,
    Rules,
}

impl ChangeGroup {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Bucket | Kind::Trail => Self::Recording,
            Kind::Role | Kind::Bus => Self::Hub,
            Kind::Queue | Kind::Topic | Kind::Machine | Kind::Subscription => Self::Delivery,
            Kind::Rule | Kind::Target => Self::Rules,
        }
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Recording => "Recording of events",
            Self::Hub => "Roles and the way to the hub",
            Self::Delivery => "Topics, subscriptions and queues",
            Self::Rules => "Rules and their targets",
        }
    }
}

/// One change in all places where it is the same.
pub struct Folded {
    pub group: ChangeGroup,
    /// With `{account}` and `{region}` for what differs between the places.
    pub change: Change,
    /// Account and region of each object.
    pub places: BTreeSet<(AccountId, Region)>,
}

/// What new objects must share to fold into one, apart from the names of account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alike {
    Named,
    /// Named, and made alike: then what they hold can be told of all.
    Made,
}

/// The changes of a plan, folded and in reading order.
pub fn changes(plan: &Plan, new: Alike) -> Vec<Folded> {
    let mut changes = with_their_rules(&plan.changes);
    if new == Alike::Made {
        for change in &mut changes {
            let more = match change.action {
                Verb::Create => created::fields(change),
                _ => Vec::new(),
            };
            if !more.is_empty() {
                change.to_mut().fields.extend(more);
            }
        }
    }
    let key = |change: &Change| key(change, new);
    let mut exact: HashMap<String, usize> = HashMap::new();
    for change in &changes {
        *exact.entry(key(change).to_string()).or_default() += 1;
    }
    let mut index: HashMap<Phrase, usize> = HashMap::new();
    let mut folded: Vec<Same<'_>> = Vec::new();
    for change in &changes {
        let change: &Change = change;
        // What is the same to the letter need not have the names of its place taken out: they may
        // be another's.
        let key = key(change);
        let to_the_letter = exact.get(&key.to_string()).is_some_and(|count| *count > 1);
        let own = PlaceNames::of(&change.place);
        let names = if to_the_letter { PlaceNames::default() } else { own };
        let key = Phrase::of_json(&key, &names);
        let at = *index.entry(key).or_insert(folded.len());
        match folded.get_mut(at) {
            Some(same) => same.changes.push(change),
            None => folded.push(Same { to_the_letter, first: change, changes: vec![change] }),
        }
    }
    let mut folded: Vec<Folded> = folded.iter().map(Same::folded).collect();
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

/// A target that is removed with its rule folds with it, whatever it sent to.
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

/// Changes that fold into one.
struct Same<'a> {
    /// Whether they are the same but for their places, or but for the names of these, too.
    to_the_letter: bool,
    first: &'a Change,
    changes: Vec<&'a Change>,
}

impl Same<'_> {
    fn folded(&self) -> Folded {
        let address = |change: &&Change| {
            let Address { account, region, .. } = &change.address;
            (account.clone(), region.clone())
        };
        Folded {
            group: ChangeGroup::of(self.first.address.kind),
            change: self.change(),
            places: self.changes.iter().map(address).collect(),
        }
    }

    /// The change, with placeholders in its name, reason and fields for the names that differ.
    fn change(&self) -> Change {
        let mut change = self.first.clone();
        if self.to_the_letter {
            return change;
        }
        let own = PlaceNames::of(&self.first.place);
        let shared = PlaceNames::of_places(self.changes.iter().map(|change| &change.place));
        let told = |text: &str| Phrase::new(text, &own).render(&shared);
        change.address.name = told(&self.first.address.name);
        change.reason = told(&self.first.reason);
        let fields = Phrase::of_json(&json!(self.first.fields), &own).render(&shared);
        if let Ok(fields) = serde_json::from_str(&fields) {
            change.fields = fields;
        }
        change
    }
}

/// What two changes must share to fold into one, apart from the names of account and region.
fn key(change: &Change, new: Alike) -> Value {
    let only_name = change.action == Verb::Create && new == Alike::Named;
    let fields = if only_name { &[][..] } else { &change.fields };
    let address = &change.address;
    json!([address.kind, address.name, change.action, change.reason, change.alert, fields])
}
