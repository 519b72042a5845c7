//! State machines: the one that writes and publishes the mail of a place's alerts.
//!
//! AWS has no call that changes the type of a machine, and deletes one some seconds after it was
//! asked to. Executions that run keep the definition that they began with.
//!
//! Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html>

use crate::action::Action;
use crate::desired::{DesiredMachine, DesiredPlace};
use crate::plan::Verb;
use crate::plan::draft::{Differ, Draft, Owner};
use crate::plan::fields::FieldChanges;
use crate::resource::machine::{machine_arn, machine_name};
use crate::resource::rule::role_name;
use crate::resource::{Address, Kind};
use crate::scope::Place;
use crate::snapshot::{LiveMachine, Observed, PlaceSnapshot};
use serde_json::Value;

pub fn diff(differ: &mut Differ<'_>, place: &Place, here: &DesiredPlace, seen: &PlaceSnapshot) {
    for (name, desired) in &here.machines {
        match seen.machines.get(&machine_arn(place, name)).unwrap_or(&Observed::Absent) {
            Observed::Absent => create(differ, place, name, desired, "it does not exist"),
            Observed::Unreadable(why) => {
                differ.unknown(place, &format!("state machine {name}"), why);
            }
            Observed::Known(live) if live.is_active() => {
                update(differ, place, name, desired, live);
            }
            Observed::Known(_) => {
                create(differ, place, name, desired, "it is being deleted");
            }
        }
    }
    for (arn, live) in &seen.machines {
        let wanted = machine_name(arn).is_some_and(|name| here.machines.contains_key(name));
        if !wanted && let Some(name) = leftover(differ, place, arn, live) {
            let reason = differ.gone("the blueprint no longer needs it");
            let draft = Draft::new(place, Kind::Machine, name, Verb::Delete, reason);
            let call = Action::DeleteStateMachine { name: name.to_owned() };
            differ.change(draft, Vec::new(), vec![call]);
        }
    }
}

/// The name of an obsolete machine that ctguard may remove. One that is being deleted is as good
/// as gone.
fn leftover<'a>(
    differ: &mut Differ<'_>,
    place: &Place,
    arn: &'a str,
    live: &Observed<LiveMachine>,
) -> Option<&'a str> {
    let name = machine_name(arn)?;
    if !name.starts_with(differ.desired.names.prefix()) {
        return None;
    }
    let owner = match live {
        Observed::Known(live) if live.is_active() => differ.owner(&live.tags),
        Observed::Known(_) | Observed::Absent => Owner::Nobody,
        Observed::Unreadable(why) => Owner::Unknown(why.clone()),
    };
    match owner {
        Owner::Us => return Some(name),
        Owner::Blueprint(_) | Owner::Nobody => {}
        Owner::Unknown(why) => {
            // The entry for whatever a search by tag would have found.
            let part = match name.ends_with('*') {
                true => "state machines that the blueprint no longer needs".to_owned(),
                false => format!("state machine {name}"),
            };
            differ.unknown(place, &part, &why);
        }
    }
    None
}

/// A machine cannot be made without its role.
fn needs(place: &Place, desired: &DesiredMachine) -> Option<Address> {
    role_name(&desired.machine.role_arn).map(|role| Address::new(place, Kind::Role, role))
}

fn create(
    differ: &mut Differ<'_>,
    place: &Place,
    name: &str,
    desired: &DesiredMachine,
    reason: &str,
) {
    let mut fields = FieldChanges::default();
    fields.set("definition", &definition(&desired.machine.definition));
    fields.set("role_arn", &desired.machine.role_arn);
    let draft =
        Draft::new(place, Kind::Machine, name, Verb::Create, reason).needs(needs(place, desired));
    let call = Action::CreateStateMachine {
        name: name.to_owned(),
        machine: desired.machine.clone(),
        tags: desired.tags.clone(),
    };
    differ.change(draft, fields.into_vec(), vec![call]);
}

fn update(
    differ: &mut Differ<'_>,
    place: &Place,
    name: &str,
    desired: &DesiredMachine,
    live: &LiveMachine,
) {
    let address = Address::new(place, Kind::Machine, name);
    let Some(verb) = differ.may_change(place, &address, &live.tags) else { return };
    let (now, wanted) = (&live.machine, &desired.machine);
    if now.machine_type != wanted.machine_type {
        return differ.refuse(
            address,
            format!("its type is {}, and AWS cannot change it", now.machine_type.as_str()),
            format!("Delete the state machine ({name}): the next apply makes it anew."),
        );
    }
    let mut fields = FieldChanges::default();
    if !now.is_defined_as(&wanted.definition) {
        let (before, after) = (definition(&now.definition), definition(&wanted.definition));
        fields.differ("definition", &before, &after);
    }
    fields.compare("role_arn", &now.role_arn, &wanted.role_arn);
    fields.compare("kms_key", &now.kms_key, &wanted.kms_key);
    let mut calls = Vec::new();
    if !fields.is_empty() {
        let (name, machine) = (name.to_owned(), wanted.clone());
        calls.push(Action::UpdateStateMachine { name, machine });
    }
    let tags = differ.missing_tags(&desired.tags, &live.tags);
    if !tags.is_empty() {
        differ.tags_differ(&mut fields, &tags, &live.tags);
        Differ::tag(verb, &mut calls, Action::TagStateMachine { name: name.to_owned(), tags });
    }
    let draft = Draft::existing(place, Kind::Machine, name, verb).needs(needs(place, desired));
    differ.change(draft, fields.into_vec(), calls);
}

/// A definition as JSON, so that a difference shows its structure; as text when it is not JSON.
fn definition(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}
