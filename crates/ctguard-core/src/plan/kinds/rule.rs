//! Rules and their targets.

use crate::action::Action;
use crate::desired::pattern::Compiled;
use crate::desired::{DesiredPlace, DesiredRule, more_than_own};
use crate::plan::Verb;
use crate::plan::draft::{Differ, Draft, Owner};
use crate::plan::fields::FieldChanges;
use crate::plan::handover;
use crate::resource::keys::RuleKey;
use crate::resource::machine::{machine_arn, machine_name};
use crate::resource::rule::{TARGETS_PER_RULE, Target, Targets, bus_of, role_name};
use crate::resource::small_map::SmallMap;
use crate::resource::{ALERT_TAG, Address, BLUEPRINT_TAG, Kind, Tags};
use crate::scope::{Arn, Place};
use crate::snapshot::{LiveRule, Observed, PlaceSnapshot};
use eventbridge_pattern::{Coverage, Pattern};
use serde_json::Value;
use std::collections::BTreeSet;

pub fn diff(differ: &mut Differ<'_>, place: &Place, here: &DesiredPlace, seen: &PlaceSnapshot) {
    let wanted = here.bus.iter().map(|bus| bus.name.as_str());
    // Rules on a foreign bus are not ctguard's.
    let own = differ.desired.names.bus();
    let live = seen.buses.keys().map(String::as_str).filter(|name| *name == own);
    let buses: BTreeSet<Option<&str>> = wanted.chain(live).map(Some).chain([None]).collect();
    for bus in buses {
        on_bus(differ, place, bus, here, seen);
    }
}

fn on_bus(
    differ: &mut Differ<'_>,
    place: &Place,
    bus: Option<&str>,
    here: &DesiredPlace,
    seen: &PlaceSnapshot,
) {
    let nothing = SmallMap::new();
    let live = match seen.rules_of(bus) {
        Observed::Known(rules) => rules,
        Observed::Absent => &nothing,
        Observed::Unreadable(why) => {
            let on = bus.map(|bus| format!(" of bus {bus}")).unwrap_or_default();
            return differ.unknown(place, &format!("rules{on}"), &why);
        }
    };
    for (key, desired) in here.rules.iter().filter(|(key, _)| key.bus() == bus) {
        match live.get(key.name()) {
            None => {
                create(differ, place, key, desired);
                put_targets(differ, place, key, desired, &Targets::new());
            }
            Some(rule) => update(differ, place, here, (key, desired), rule),
        }
    }
    for (name, rule) in live {
        let key = RuleKey::on(bus, name);
        if !here.rules.contains_key(&key) {
            unwanted(differ, place, &key, rule);
        }
    }
}

fn create(differ: &mut Differ<'_>, place: &Place, key: &RuleKey, desired: &DesiredRule) {
    let mut fields = FieldChanges::default();
    fields.set("state", &desired.rule.state);
    fields.set("event_pattern", &pattern_value(desired.rule.event_pattern.as_deref()));
    let call = Action::PutRule {
        name: key.clone(),
        rule: (*desired.rule).clone(),
        tags: desired.tags.clone(),
    };
    let bus = key.bus().map(|bus| Address::new(place, Kind::Bus, bus));
    let draft = Draft::new(place, Kind::Rule, key.as_str(), Verb::Create, "it does not exist")
        .alert(desired.alert.as_deref())
        .needs(bus);
    differ.change(draft, fields.into_vec(), vec![call]);
}

fn update(
    differ: &mut Differ<'_>,
    place: &Place,
    here: &DesiredPlace,
    (key, desired): (&RuleKey, &DesiredRule),
    live: &LiveRule,
) {
    let address = Address::of_rule(place, key);
    if let Some(service) = &live.rule.managed_by {
        return differ.refuse(
            address,
            format!("it is managed by {service}"),
            "Give the blueprint another `name`: AWS does not let such a rule be changed.",
        );
    }
    let Some(verb) = differ.may_change(place, &address, &live.tags) else { return };
    let mut fields = FieldChanges::default();
    let (now, wanted) = (&live.rule, &desired.rule);
    fields.compare("state", &now.state, &wanted.state);
    if !same_pattern(now.event_pattern.as_deref(), &desired.compiled) {
        let before = pattern_value(now.event_pattern.as_deref());
        fields.differ("event_pattern", &before, &pattern_value(wanted.event_pattern.as_deref()));
    }
    fields.compare("schedule_expression", &now.schedule_expression, &wanted.schedule_expression);
    // An empty text and none are the same to EventBridge.
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    fields.compare("description", &said(&now.description), &said(&wanted.description));
    fields.compare("role_arn", &said(&now.role_arn), &said(&wanted.role_arn));
    let mut calls = Vec::new();
    let mut step = None;
    if !fields.is_empty() {
        let (next, of) = handover::step(here, key, now, desired);
        step = of;
        // PutRule ignores tags on an update, but an organization's policy may ask for them.
        let asked = more_than_own(&desired.tags);
        let tags = if asked { desired.tags.clone() } else { Tags::new() };
        calls.push(Action::PutRule { name: key.clone(), rule: next, tags });
    }
    let tags = differ.missing_tags(&desired.tags, &live.tags);
    if !tags.is_empty() {
        differ.tags_differ(&mut fields, &tags, &live.tags);
        Differ::tag(verb, &mut calls, Action::TagRule { name: key.clone(), tags });
    }
    if calls.is_empty() {
        differ.in_sync();
    } else {
        let mut draft = Draft::existing(place, Kind::Rule, key.as_str(), verb);
        if step.is_some() {
            draft.reason.push_str("; what another rule takes over goes last");
        }
        let draft = draft.alert(desired.alert.as_deref()).step(step);
        let draft = draft.needs(told_first(differ, place));
        differ.change(draft, fields.into_vec(), calls);
    }
    match &live.targets {
        Observed::Known(targets) => {
            put_targets(differ, place, key, desired, targets);
            remove_targets(differ, place, key, Some(desired), targets);
        }
        Observed::Absent => put_targets(differ, place, key, desired, &Targets::new()),
        Observed::Unreadable(why) => differ.unknown(place, &format!("targets of rule {key}"), why),
    }
}

fn put_targets(
    differ: &mut Differ<'_>,
    place: &Place,
    rule: &RuleKey,
    desired: &DesiredRule,
    live: &Targets,
) {
    let mut free = TARGETS_PER_RULE.saturating_sub(live.len());
    for (id, wanted) in &desired.targets {
        let now = live.get(id);
        if now.is_none() && free == 0 {
            differ.refuse(
                Address::of_target(place, rule.target(id)),
                "the rule already has five targets, AWS's limit, and obsolete ones stay until their replacements are proven",
                "Move fewer destinations at a time: apply with some of the old ones still in place, let people confirm, apply again. Targets that somebody else added to the rule are removed by this apply; run it twice.",
            );
            continue;
        }
        free -= usize::from(now.is_none());
        let mut fields = FieldChanges::default();
        compare_target(&mut fields, now, wanted);
        if fields.is_empty() {
            differ.in_sync();
            continue;
        }
        let (verb, reason) = match now {
            None => (Verb::Create, "it does not exist"),
            Some(_) => (Verb::Update, "it differs from the blueprint"),
        };
        let targets = Targets::from([(id.clone(), wanted.clone())]);
        let call = Action::PutTargets { rule: rule.clone(), targets };
        let draft = Draft::new(place, Kind::Target, &rule.target(id).to_string(), verb, reason)
            .alert(desired.alert.as_deref())
            .needs(needs(place, rule, wanted));
        differ.change(draft, fields.into_vec(), vec![call]);
    }
}

fn compare_target(fields: &mut FieldChanges, now: Option<&Target>, wanted: &Target) {
    let Some(now) = now else {
        fields.set("arn", &wanted.arn);
        return;
    };
    fields.compare("arn", &now.arn, &wanted.arn);
    fields.compare("role_arn", &now.role_arn, &wanted.role_arn);
    fields.compare("input", &now.input, &wanted.input);
    fields.compare("dead_letter_arn", &now.dead_letter_arn, &wanted.dead_letter_arn);
    if now.retry_policy.unwrap_or_default() != wanted.retry_policy.unwrap_or_default() {
        fields.differ("retry_policy", &now.retry_policy, &wanted.retry_policy);
    }
    fields.compare("other_parameters", &now.other_parameters, &wanted.other_parameters);
}

/// A target depends on its rule, what it sends to and through, and its queue.
fn needs(place: &Place, rule: &RuleKey, target: &Target) -> Vec<Address> {
    let mut needs = vec![Address::of_rule(place, rule)];
    if let Some((bus_place, bus)) = bus_of(target) {
        needs.push(Address::new(&bus_place, Kind::Bus, bus));
    } else if let Some(machine) = machine_name(&target.arn) {
        needs.push(Address::new(place, Kind::Machine, machine));
    } else if let Some(topic) = Arn::parse(&target.arn) {
        needs.push(Address::new(place, Kind::Topic, topic.resource));
    }
    if let Some(role) = target.role_arn.as_deref().and_then(role_name) {
        needs.push(Address::new(place, Kind::Role, role));
    }
    if let Some(queue) = target.dead_letter_arn.as_deref().and_then(Arn::parse) {
        needs.push(Address::new(place, Kind::Queue, queue.resource));
    }
    needs
}

/// What puts rules back must know the change first: else it would undo it.
fn told_first(differ: &Differ<'_>, place: &Place) -> Option<Address> {
    let name = differ.desired.names.heal_rules();
    let stays = differ.desired.places.get(place)?.machines.contains_key(&name);
    let live = differ.live.places.get(place)?.machines.get(&machine_arn(place, &name))?;
    (stays && matches!(live, Observed::Known(_))).then(|| Address::new(place, Kind::Machine, name))
}

/// Targets have no tags: on an owned rule, all that are not desired are removed.
fn remove_targets(
    differ: &mut Differ<'_>,
    place: &Place,
    rule: &RuleKey,
    desired: Option<&DesiredRule>,
    live: &Targets,
) {
    for (id, target) in live {
        if desired.is_some_and(|desired| desired.targets.contains_key(id)) {
            continue;
        }
        let mut fields = FieldChanges::default();
        fields.differ("arn", &target.arn, &Value::Null);
        let call = Action::RemoveTargets { rule: rule.clone(), ids: BTreeSet::from([id.clone()]) };
        let draft = Draft::new(
            place,
            Kind::Target,
            &rule.target(id).to_string(),
            Verb::Delete,
            differ.gone("the blueprint does not have it"),
        )
        .alert(desired.and_then(|desired| desired.alert.as_deref()))
        .needs(told_first(differ, place));
        differ.change(draft, fields.into_vec(), vec![call]);
    }
}

/// Removes an owned rule that the blueprint no longer has, after its targets.
fn unwanted(differ: &mut Differ<'_>, place: &Place, key: &RuleKey, live: &LiveRule) {
    match differ.owner(&live.tags) {
        Owner::Us => {}
        Owner::Unknown(why) => return differ.unknown(place, &format!("tags of rule {key}"), &why),
        Owner::Blueprint(_) | Owner::Nobody => return,
    }
    if let Some(service) = &live.rule.managed_by {
        return differ.refuse(
            Address::of_rule(place, key),
            format!("it is managed by {service}"),
            format!(
                "AWS does not let such a rule be deleted: take the tag {BLUEPRINT_TAG} off it."
            ),
        );
    }
    let alert = live.tags.known().and_then(|tags| tags.get(ALERT_TAG)).map(String::as_str);
    let reason = differ.gone("the blueprint no longer has it");
    let draft = Draft::new(place, Kind::Rule, key.as_str(), Verb::Delete, reason).alert(alert);
    match &live.targets {
        Observed::Known(targets) => {
            remove_targets(differ, place, key, None, targets);
            let needs: Vec<Address> =
                targets.keys().map(|id| Address::of_target(place, key.target(id))).collect();
            let call = Action::DeleteRule { name: key.clone() };
            let draft = draft.needs(needs).needs(told_first(differ, place));
            differ.change(draft, Vec::new(), vec![call]);
        }
        Observed::Absent => {
            differ.change(draft, Vec::new(), vec![Action::DeleteRule { name: key.clone() }]);
        }
        Observed::Unreadable(why) => differ.unknown(place, &format!("targets of rule {key}"), why),
    }
}

/// Whether a live pattern means what is desired. Most are as they were written: a fleet has many
/// thousands of the same.
fn same_pattern(live: Option<&str>, desired: &Compiled) -> bool {
    live.is_some_and(|text| {
        text == desired.json
            || Pattern::parse(text)
                .is_ok_and(|live| live.coverage_of(&desired.pattern) == Coverage::Equal)
    })
}

/// The pattern as JSON, so that a diff shows its structure; as text when it is not JSON.
fn pattern_value(pattern: Option<&str>) -> Option<Value> {
    pattern.map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
}
