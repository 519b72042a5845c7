//! What a call touched: the parameters that name its object, and what it opens or grants.
//!
//! A rule over the names of the record model ([`crate::record::request`]), not a list of events. Each
//! leaf of an event's request gets a label and a rank:
//!
//! 1. identifiers and names, first those whose words are in the event's name
//!    (`userName` of `CreateUser`, `groupId` of `AuthorizeSecurityGroupIngress`);
//! 2. what is opened, granted or sent elsewhere: CIDRs, ports, principals, policies, gateways;
//! 3. where there is neither, the plain words of the request.
//!
//! What the request does not name is taken from the response, which has the ids of what was made.
//! Leaves with the same label are one [`Fact`] with several places. Of a family (`iam:*`) it is what
//! most of its modelled events that write name, and of all services ([`EVERYWHERE`]) what most do.

mod label;
mod leaf;

use crate::catalogue;
use crate::event::{Access, EVERY_SOURCE, EventKind, EventRef};
use crate::record::request::{self, Parameter, Payload};
use leaf::{Leaf, Rank};
use serde::Serialize;
use std::collections::BTreeMap;

/// The label of what sign-ins tell.
pub const MFA_USED: &str = "MFA used";

/// Most facts that an event has.
pub const FACTS_MAX: usize = 3;

/// Most facts that an alert has, whatever number of events it is for.
pub const ALERT_FACTS_MAX: usize = 12;

/// Most places of one fact.
const PLACES_MAX: usize = 8;

/// What the events of all services name most, where no event is known: checked against the
/// catalogue by a test.
const EVERYWHERE: [(&str, &[&str]); 3] = [
    (
        "Resource",
        &[
            "requestParameters.resourceArn",
            "requestParameters.ResourceArn",
            "requestParameters.arn",
            "resources.ARN",
        ],
    ),
    (
        "Name",
        &[
            "requestParameters.name",
            "requestParameters.Name",
            "requestParameters.userName",
            "requestParameters.roleName",
            "requestParameters.bucketName",
            "requestParameters.groupName",
            "requestParameters.functionName",
            "requestParameters.domainName",
        ],
    ),
    (
        "Id",
        &[
            "requestParameters.id",
            "requestParameters.instanceId",
            "requestParameters.identifier",
            "requestParameters.groupId",
            "requestParameters.keyId",
            "requestParameters.applicationId",
        ],
    ),
];

/// A thing that a record names, such as the security group of a call, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fact {
    /// For people, with a capital: `Security group`, `CIDR`, `MFA used`.
    pub label: String,
    /// Where it may stand, the likeliest first. A record mostly has one of them; several values are
    /// shown beside each other.
    pub places: Vec<Place>,
}

/// A place in a record: its steps below `detail`. As JSON it is the list of their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub Vec<Step>);

/// One step of a [`Place`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub name: String,
    /// Whether a list stands there, in whose objects the next step is.
    pub list: bool,
}

impl Step {
    fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), list: false }
    }
}

impl Place {
    fn at(dotted: &str) -> Self {
        let step = |name| Step { name: str::to_owned(name), list: name == "resources" };
        Self(dotted.split('.').map(step).collect())
    }

    /// The names of its steps, as JSONata and EventBridge's patterns follow them: a list is looked
    /// into without a step of its own.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|step| step.name.as_str())
    }

    /// The parameter's own name: the last step that is not only a part of how a list is written.
    pub fn own_name(&self) -> &str {
        let named = |name: &&str| !leaf::HOLDERS.contains(name);
        self.0.iter().rev().map(|step| step.name.as_str()).find(named).unwrap_or_default()
    }

    /// As blueprints write it: `requestParameters.ipPermissions.items.ipRanges.items.cidrIp`.
    pub fn dotted(&self) -> String {
        self.names().collect::<Vec<_>>().join(".")
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

/// What the events of an alert touch: each event's facts, one after the other, by label.
///
/// What most of the events name comes first; among equals, what the first event names.
pub fn of_alert(events: &[EventRef]) -> Vec<Fact> {
    // An event stands once for each of its kinds; as a call, a console's action or a data event it
    // names the same.
    let alike = |kind: EventKind| match kind {
        EventKind::Signin | EventKind::Insight => kind,
        _ => EventKind::Api,
    };
    let mut seen: Vec<(&str, &str, EventKind)> = Vec::new();
    let mut all: Vec<Vec<Fact>> = Vec::new();
    for event in events {
        let one = (event.source.as_str(), event.name.as_str(), alike(event.kind));
        if !seen.contains(&one) {
            seen.push(one);
            all.push(of_event(event));
        }
    }
    merged(all, ALERT_FACTS_MAX)
}

/// What one event touches, or a family of events.
pub fn of_event(event: &EventRef) -> Vec<Fact> {
    if event.kind == EventKind::Signin {
        let mut facts = vec![mfa()];
        if event.names().include("SwitchRole") {
            facts.push(fact("Switched to", &["additionalEventData.SwitchTo"]));
        }
        return facts;
    }
    if event.kind == EventKind::Insight {
        return Vec::new();
    }
    if !event.is_family() {
        let facts = of_call(&event.source, &event.name);
        return match facts.is_empty() {
            true => vec![fact("Resource", &["resources.ARN"])],
            false => facts,
        };
    }
    match event.source.as_str() {
        EVERY_SOURCE => EVERYWHERE.iter().map(|(label, places)| fact(label, places)).collect(),
        source => of_family(source, event),
    }
}

/// Whether MFA was used for a sign-in.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
pub fn mfa() -> Fact {
    fact(MFA_USED, &["additionalEventData.MFAUsed"])
}

/// What the responses of events say of their objects, at the places that are asked for: by the
/// event's source, and by their steps.
pub(super) fn answered(events: &[EventRef], asked: impl Fn(&str, &Place) -> bool) -> Vec<Fact> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut all = Vec::new();
    for event in events.iter().filter(|event| event.kind != EventKind::Signin) {
        let name = (event.source.as_str(), event.name.as_str());
        let Some(payload) = request::response_of(name.0, name.1).filter(|_| !seen.contains(&name))
        else {
            continue;
        };
        seen.push(name);
        let leaves = leaf::leaves(name.0, name.1, "responseElements", &payload).into_iter();
        let kept = leaves.filter(|leaf| {
            (leaf.about || leaf.rank == Rank::Opened) && asked(name.0, &Place(leaf.path.clone()))
        });
        all.push(chosen(kept.collect()));
    }
    merged(all, ALERT_FACTS_MAX)
}

/// What most events of a family name. Those that write count, if any does.
fn of_family(source: &str, family: &EventRef) -> Vec<Fact> {
    let members: Vec<_> =
        catalogue::of_source(source).filter(|one| family.names().include(one.name)).collect();
    let writes = |one: &&catalogue::CatalogueEvent| one.accesses().contains(&Access::Write);
    let some_write = members.iter().any(|one| writes(&one));
    let counted = members.iter().filter(|one| !some_write || writes(one));
    let facts = merged(counted.map(|one| of_call(source, one.name)).collect(), FACTS_MAX);
    match facts.is_empty() {
        true => vec![fact("Resource", &["resources.ARN"])],
        false => facts,
    }
}

/// What a call names in its request, else in its response; nothing where it is not modelled.
pub fn of_call(source: &str, name: &str) -> Vec<Fact> {
    let asked = request::request_of(source, name);
    let mut leaves = asked
        .map_or_else(Vec::new, |payload| leaf::leaves(source, name, "requestParameters", &payload));
    if !leaves.iter().any(|leaf| leaf.about) {
        let answered = request::response_of(source, name);
        let made = answered.map_or_else(Vec::new, |payload| {
            leaf::leaves(source, name, "responseElements", &payload)
        });
        leaves.extend(made.into_iter().filter(|leaf| leaf.about));
    }
    chosen(leaves)
}

/// The best leaves: two names and what is opened, or else three names, or else plain words.
fn chosen(mut leaves: Vec<Leaf>) -> Vec<Fact> {
    leaves.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.path.cmp(&b.path)));
    let mut labels: Vec<(&str, Rank)> = Vec::new();
    for leaf in &leaves {
        if !labels.iter().any(|(label, _)| *label == leaf.label) {
            labels.push((&leaf.label, leaf.rank));
        }
    }
    let of =
        |rank: Rank| labels.iter().filter(move |(_, one)| *one == rank).map(|(label, _)| *label);
    let opened: Vec<&str> = of(Rank::Opened).take(2).collect();
    let named_max = if opened.is_empty() { 2 } else { FACTS_MAX - opened.len().min(2) };
    let mut wanted: Vec<&str> = of(Rank::Named).take(named_max).collect();
    wanted.extend(opened);
    if wanted.is_empty() {
        wanted.extend(of(Rank::Plain).take(2));
    }
    let facts = wanted.into_iter().map(|label| {
        let places = leaves.iter().filter(|leaf| leaf.label == label);
        Fact {
            label: label.to_owned(),
            places: places.take(PLACES_MAX).map(|leaf| Place(leaf.path.clone())).collect(),
        }
    });
    facts.collect()
}

/// The facts of several events by label: what most of them name first, and of each the places that
/// most of them have.
fn merged(all: Vec<Vec<Fact>>, most: usize) -> Vec<Fact> {
    /// How many events name it, its label, and its places, each with how many events have it.
    type Counted = (usize, String, Vec<(usize, Place)>);
    let mut facts: Vec<Counted> = Vec::new();
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for fact in all.into_iter().flatten() {
        let index = *at.entry(fact.label.clone()).or_insert_with(|| {
            facts.push((0, fact.label, Vec::new()));
            facts.len() - 1
        });
        let Some((count, _, places)) = facts.get_mut(index) else { continue };
        *count += 1;
        for place in fact.places {
            match places.iter_mut().find(|(_, one)| *one == place) {
                Some((count, _)) => *count += 1,
                None => places.push((1, place)),
            }
        }
    }
    // Stable: among equals the order of the events stays.
    facts.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    let facts = facts.into_iter().take(most).map(|(_, label, mut places)| {
        places.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let places = places.into_iter().take(PLACES_MAX).map(|(_, place)| place).collect();
        Fact { label, places }
    });
    facts.collect()
}

fn fact(label: &str, places: &[&str]) -> Fact {
    Fact { label: label.to_owned(), places: places.iter().map(|place| Place::at(place)).collect() }
}

/// The members of an object, through a wrapper that newer calls of EC2 have.
fn unwrapped<'p>(name: &str, payload: &'p Payload) -> (&'p [Parameter], Option<&'p str>) {
    match payload.parameters.as_slice() {
        [one]
            if one
                .name
                .strip_prefix(name)
                .is_some_and(|rest| matches!(rest, "Request" | "Response"))
                && !one.fields.is_empty() =>
        {
            (&one.fields, Some(&one.name))
        }
        all => (all, None),
    }
}

#[cfg(test)]
mod tests;
