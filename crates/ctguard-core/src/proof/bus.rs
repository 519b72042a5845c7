//! Does the hub's bus exist, and does it accept the events of an account?
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions.html>

use super::policy::principal::Asker;
use super::policy::{Admission, PolicyRefusal};
use super::role::{PUT_EVENTS, at};
use super::{FixedBy, Link, LinkCode, LinkObject, Status, key};
use crate::desired::{Desired, Forward};
use crate::event::{EVERY_SOURCE, EventRef};
use crate::resource::policy::{document, statements};
use crate::scope::Granularity;
use crate::scope::{Arn, Place};
use crate::snapshot::Live;
use crate::snapshot::{LiveBus, Observed};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The hub's bus as it was seen.
pub fn seen<'a>(live: &'a Live, hub: &Place, bus_arn: &str) -> Option<&'a Observed<LiveBus>> {
    live.places.get(hub)?.buses.get(name(bus_arn)?)
}

fn name(bus_arn: &str) -> Option<&str> {
    Arn::parse(bus_arn)?.resource.strip_prefix("event-bus/")
}

/// The keys that an event has in a policy of the bus that it is put on.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKeys {
    pub source: String,
    pub detail_type: &'static str,
}

impl EventKeys {
    /// Those of events, each once; none where the source of one of them is not known.
    pub fn all(events: &[EventRef]) -> Vec<Self> {
        let known = |event: &EventRef| {
            let source = Some(&event.source).filter(|source| *source != EVERY_SOURCE)?;
            let source = event.kind.bus_source(source).to_string();
            Some(Self { source, detail_type: event.kind.detail_type() })
        };
        let all: Option<BTreeSet<Self>> = events.iter().map(known).collect();
        all.into_iter().flatten().collect()
    }
}

/// Whether the policy of the bus has conditions on the event that is put on it.
pub fn tells_events_apart(live: &Live, hub: &Place, bus_arn: &str) -> bool {
    let policy = seen(live, hub, bus_arn).and_then(|seen| seen.known()?.bus.policy.as_ref());
    let text = policy.map(|policy| policy.to_string().to_ascii_lowercase());
    text.is_some_and(|text| text.contains("events:source") || text.contains("events:detail-type"))
}

/// Judges the bus for what a place sends. `events` are told apart where its policy does.
pub fn judge(
    desired: &Desired,
    live: &Live,
    lands: &Place,
    hub: &Place,
    forward: &Forward,
    events: &[EventKeys],
) -> Link {
    let arn: &str = &forward.bus_arn;
    let object = LinkObject::Bus { hub: hub.clone(), name: name(arn).unwrap_or(arn).to_owned() };
    let bus = match seen(live, hub, arn) {
        Some(Observed::Known(bus)) => bus,
        Some(Observed::Unreadable(why)) => {
            let link = Link::unreadable(LinkCode::BusMissing, hub, object, why);
            return link.one_per(Granularity::Fleet);
        }
        Some(Observed::Absent) | None => {
            let cause = "it does not exist".to_owned();
            let link = Link::broken(LinkCode::BusMissing, hub, object, cause, FixedBy::Apply);
            return link.one_per(Granularity::Fleet);
        }
    };
    let place = at(&lands.account);
    // In the bus's own account the role is enough, and only a denial could stop it.
    let at_hub = lands == hub;
    let policy = match &bus.bus.policy {
        policy if at_hub => Some(with_everybody(policy.as_ref(), arn)),
        policy => policy.clone(),
    };
    let admitted = |event: Option<&EventKeys>| {
        let asker = Asker {
            resource_tags: bus.tags.known(),
            event: event.map(|event| (event.source.as_str(), event.detail_type)),
            ..Asker::new(desired, live, &lands.account, &forward.role_arn, arn)
        };
        asker.admitted(policy.as_ref(), PUT_EVENTS, arn)
    };
    let each = events.iter().map(|event| admitted(Some(event)));
    let worst = each.max_by_key(|answer| match answer {
        Admission::Admits => 0,
        Admission::Assumes(_) => 1,
        Admission::Refuses(_) => 2,
    });
    let admission = worst.unwrap_or_else(|| admitted(None));
    let owned = bus.tags.name_owner(&desired.name);
    let fixed_by = if owned { FixedBy::Apply } else { FixedBy::Person };
    let link = match admission {
        Admission::Admits if at_hub => {
            let cause = "it is where the events land, so the role is enough".to_owned();
            Link::proven(LinkCode::BusMissing, &place, object, cause)
        }
        Admission::Admits => {
            let cause = "its policy lets the account put events on it".to_owned();
            Link::proven(LinkCode::BusMissing, &place, object, cause)
        }
        Admission::Assumes(cause) => Link {
            status: Status::Assumed,
            fix: "Run ctguard where the organization can be read, with `accounts: [{ organization: … }]`, or check that the condition is met.".to_owned(),
            ..Link::broken(LinkCode::BusPolicyCondition, &place, object, cause, FixedBy::Person)
        },
        Admission::Refuses(refusal) => match refusal {
            PolicyRefusal::Nobody(_) if policy.is_none() => {
                let cause = format!(
                    "it has no policy, so it takes events of its own account in {} only",
                    hub.region
                );
                Link::broken(LinkCode::BusPolicy, &place, object, cause, fixed_by)
            }
            PolicyRefusal::Nobody(cause) => Link::broken(LinkCode::BusPolicy, &place, object, cause, fixed_by),
            PolicyRefusal::Condition(cause) => {
                Link::broken(LinkCode::BusPolicyCondition, &place, object, cause, fixed_by)
            }
            PolicyRefusal::Deny(cause) => Link {
                fix: "Take the statement out of the bus's policy: ctguard never takes away what others wrote.".to_owned(),
                ..Link::broken(LinkCode::BusPolicyDeny, &place, object, cause, FixedBy::Person)
                    .denied(true)
            },
        },
    };
    let key = match link.status {
        Status::Proven | Status::Assumed => encrypted(live, hub, bus, arn, &link),
        Status::Unknown | Status::Broken => None,
    };
    key.unwrap_or(link).one_per(Granularity::Fleet)
}

/// Why EventBridge cannot use the key that encrypts a bus. It encrypts the patterns and targets of
/// the bus's rules: without it no rule there is evaluated.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html>
fn encrypted(live: &Live, hub: &Place, bus: &LiveBus, arn: &str, admitted: &Link) -> Option<Link> {
    let name = bus.bus.kms_key.as_ref()?;
    key_link(live, hub, (name, arn), &admitted.object, admitted.status == Status::Assumed)
}

/// Why EventBridge cannot use the key that encrypts the default bus of a place, where the rules are
/// that events of CloudTrail meet first; `None` when it can, or the key is AWS's own.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html>
pub fn of_place(live: &Live, place: &Place) -> Option<Link> {
    let object = LinkObject::Bus { hub: place.clone(), name: "default".to_owned() };
    match &live.places.get(place)?.default_bus_key {
        Observed::Known(name) => {
            let arn = place.arn("events", "event-bus/default");
            key_link(live, place, (name, &arn), &object, false)
        }
        Observed::Unreadable(why) => Some(Link::unreadable(LinkCode::BusKey, place, object, why)),
        Observed::Absent => None,
    }
}

/// Judges the key of this name for the bus of this ARN. `doubted` says that the bus is assumed to
/// work already, so that one more doubt says nothing.
fn key_link(
    live: &Live,
    hub: &Place,
    (name, arn): (&str, &str),
    object: &LinkObject,
    doubted: bool,
) -> Option<Link> {
    let seen = live.places.get(hub).and_then(|seen| seen.keys.get(name));
    let (code, object) = (LinkCode::BusKey, object.clone());
    let said = |cause: String| format!("key {name}: {cause}");
    let fix = "Allow events.amazonaws.com kms:GenerateDataKey and kms:Decrypt in the policy of an enabled key, or take the key off the bus.";
    let link = match key::judge(seen, key::KeyUse::of_bus(arn, hub.account.as_str())) {
        key::Answer::Admits => return None,
        key::Answer::Unreadable(why) => return Some(Link::unreadable(code, hub, object, &why)),
        key::Answer::Assumes(_) if doubted => return None,
        key::Answer::Assumes(cause) => Link::assumed(code, hub, object, said(cause)),
        key::Answer::Refuses(trouble, cause) => {
            let link = Link::broken(code, hub, object, said(cause), FixedBy::Person)
                .denied(trouble == key::Trouble::Denied);
            return Some(link.with_fix(trouble.fix(name, fix)));
        }
    };
    Some(link.with_fix(fix))
}

fn with_everybody(policy: Option<&Value>, bus: &str) -> Value {
    let everybody =
        json!({ "Effect": "Allow", "Principal": "*", "Action": PUT_EVENTS, "Resource": bus });
    let theirs = policy.map(statements).unwrap_or_default().into_iter().cloned();
    document(theirs.chain([everybody]).collect())
}
