//! The hub's event bus. The statements of others in its policy stay where they are.

use crate::action::Action;
use crate::desired::{DesiredBus, DesiredPlace};
use crate::plan::Verb;
use crate::plan::draft::{Differ, Draft, Owner};
use crate::plan::fields::FieldChanges;
use crate::resource::keys::RuleKey;
use crate::resource::{Address, Kind, policy};
use crate::scope::Place;
use crate::snapshot::{LiveBus, Observed, PlaceSnapshot};

pub fn diff(differ: &mut Differ<'_>, place: &Place, here: &DesiredPlace, seen: &PlaceSnapshot) {
    if let Some(wanted) = &here.bus {
        match seen.buses.get(&wanted.name).unwrap_or(&Observed::Absent) {
            Observed::Absent => create(differ, place, wanted),
            Observed::Known(live) => update(differ, place, wanted, live),
            Observed::Unreadable(why) => {
                differ.unknown(place, &format!("bus {}", wanted.name), why);
            }
        }
    }
    for (name, live) in &seen.buses {
        if here.bus.as_ref().is_none_or(|wanted| wanted.name != *name) {
            unwanted(differ, place, name, live);
        }
    }
}

fn create(differ: &mut Differ<'_>, place: &Place, wanted: &DesiredBus) {
    let policy = policy::document(wanted.own_statements.clone());
    let mut fields = FieldChanges::default();
    fields.set("policy", &policy);
    let calls = vec![
        Action::CreateEventBus { name: wanted.name.clone(), tags: wanted.tags.clone() },
        Action::PutBusPolicy { bus: wanted.name.clone(), policy },
    ];
    let draft = Draft::new(place, Kind::Bus, &wanted.name, Verb::Create, "it does not exist");
    differ.change(draft, fields.into_vec(), calls);
}

fn update(differ: &mut Differ<'_>, place: &Place, wanted: &DesiredBus, live: &LiveBus) {
    let address = Address::new(place, Kind::Bus, &wanted.name);
    let Some(verb) = differ.may_change(place, &address, &live.tags) else { return };
    let now = &live.bus.policy;
    let prefix = differ.desired.names.prefix();
    let policy = policy::merged(now.as_ref(), &wanted.own_statements, prefix);
    let mut fields = FieldChanges::default();
    let mut calls = Vec::new();
    if now.as_ref() != Some(&policy) {
        fields.differ("policy", now, &policy);
        calls.push(Action::PutBusPolicy { bus: wanted.name.clone(), policy });
    }
    let tags = differ.missing_tags(&wanted.tags, &live.tags);
    if !tags.is_empty() {
        differ.tags_differ(&mut fields, &tags, &live.tags);
        Differ::tag(verb, &mut calls, Action::TagEventBus { name: wanted.name.clone(), tags });
    }
    let draft = Draft::existing(place, Kind::Bus, &wanted.name, verb);
    differ.change(draft, fields.into_vec(), calls);
}

/// Removes a bus of the blueprint's own name that it no longer needs, after its rules.
fn unwanted(differ: &mut Differ<'_>, place: &Place, name: &str, live: &Observed<LiveBus>) {
    if name != differ.desired.names.bus() {
        return;
    }
    let owner = match live {
        Observed::Known(live) => differ.owner(&live.tags),
        Observed::Absent => Owner::Nobody,
        Observed::Unreadable(why) => Owner::Unknown(why.clone()),
    };
    match owner {
        Owner::Us => {}
        Owner::Unknown(why) => return differ.unknown(place, &format!("bus {name}"), &why),
        Owner::Blueprint(_) | Owner::Nobody => return,
    }
    let rules = live.known().and_then(|live| live.rules.known());
    let needs = rules.into_iter().flatten();
    let needs = needs.map(|(rule, _)| Address::of_rule(place, &RuleKey::on(Some(name), rule)));
    let reason = differ.gone("the blueprint no longer needs it");
    let draft = Draft::new(place, Kind::Bus, name, Verb::Delete, reason).needs(needs);
    differ.change(draft, Vec::new(), vec![Action::DeleteEventBus { name: name.to_owned() }]);
}
