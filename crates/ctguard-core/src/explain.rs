//! Explains one event or one alert: its path, link by link, in each place where it can land.
//!
//! The links are those of `proof` for this event alone. Places that differ only in their names fold
//! into one chain.

mod evidence;
mod fold;
mod subject;

pub use subject::{NotFound, Subject};

use crate::blueprint::{Alert, Blueprint, Outcome, Risk};
use crate::catalogue;
use crate::desired::landing::{LandsIn, can_land};
use crate::desired::{AlertPath, Desired, Forward, SignalReads, Way};
use crate::event::EventRef;
use crate::event::outcome::{Ended, Told};
use crate::identity::ByIdentity;
use crate::proof::{FixedBy, Link, LinkCode, LinkObject, Proof, Status, prove};
use crate::resource::keys::RuleKey;
use crate::scope::Place;
use crate::snapshot::Live;
use crate::snapshot::{Observed, RuleSignals};
use eventbridge_pattern::{Filter, Pattern};
use fold::{Evidence, PlaceChain};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The version of an explanation's JSON form.
pub const FORMAT_VERSION: u32 = 1;

/// The output of `explain`, as data; its text is made from this value alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The version of this format.
    #[schemars(extend("const" = FORMAT_VERSION))]
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// The date that exceptions were judged by, ISO 8601.
    #[schemars(with = "String", extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub as_of: jiff::civil::Date,
    /// What was asked about.
    pub asked: ExplainSubject,
    /// The alerts that watch the event, gravest first; empty when none does.
    pub alerts: Vec<AlertExplained>,
    /// Problems of a place that belong to no single chain, such as dead letters.
    pub signals: Vec<ChainLink>,
    /// The metrics of the rules in the chains, by rule.
    pub counted: Vec<Counted>,
}

/// The metrics of a rule, in all places where they are the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Counted {
    /// The name of the rule.
    pub rule: String,
    /// The places in which the rule has these metrics.
    pub places: BTreeSet<Place>,
    /// What CloudWatch counted, or why that is not known.
    pub seen: Observed<RuleSignals>,
}

/// The requested alert or events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExplainSubject {
    /// The id of the alert.
    Alert(String),
    /// The events; several if one name stands for several logged events.
    Events(Vec<String>),
}

/// An alert with its chains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertExplained {
    /// The alert's id.
    pub alert: String,
    /// The alert's title.
    pub title: String,
    /// The alert's risk.
    pub risk: Risk,
    /// False when it notifies nobody: its route is empty, and there is no chain.
    pub routed: bool,
    /// The events that this is about.
    pub events: Vec<String>,
    /// The families among the events, which take names that the catalogue does not know, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<FamilyExplained>,
    /// What an event must meet, beyond its name.
    pub limits: Limits,
    /// The ways from the events to the people; places that are alike share one.
    pub chains: Vec<Chain>,
    /// Places of the blueprint in which none of the events can land.
    pub cannot_land: BTreeSet<Place>,
}

/// A family of events that an alert takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FamilyExplained {
    /// The family, such as `iam:*`.
    pub family: String,
    /// How many of its events the catalogue knows.
    pub known_events: usize,
}

/// The conditions on an event, other than its name, for the alert to be raised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// The alert's condition on `detail`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
    /// Whether the call must have succeeded or failed.
    pub outcome: Outcome,
    /// The fields of `detail` that tell it, where the alert asks for an outcome. Empty where the
    /// names of its events do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told_by: Vec<String>,
    /// The exceptions that hold on the as-of date.
    pub except: Vec<Exempt>,
}

/// Events that do not raise the alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exempt {
    /// The condition on `detail` that such events meet.
    #[serde(rename = "where")]
    pub condition: Value,
    /// Why they are left out, as the blueprint says it.
    pub reason: String,
    /// Who answers for the exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day on which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub until: Option<String>,
}

/// The links from the call to the people, the same in all of these places but for the names of
/// account and region, for which `{account}` and `{region}` stand where there are several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Chain {
    /// The verdict on the whole chain: that of its worst link.
    pub status: Status,
    /// The events that can land there.
    pub events: Vec<String>,
    /// Where they land.
    pub places: BTreeSet<Place>,
    /// Where the alert is raised, when that is one other place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised: Option<Place>,
    /// Its links, in the order in which an event passes them.
    pub links: Vec<ChainLink>,
}

/// One link of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainLink {
    /// A stable name for this kind of link; `docs/links.md` explains each.
    pub code: LinkCode,
    /// The verdict on this link.
    pub status: Status,
    /// The AWS object that it is about.
    pub object: String,
    /// What was observed; for a proven link, the evidence.
    pub cause: String,
    /// The live values behind it, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Value>,
    /// Empty for a proven link.
    pub fix: String,
    /// Who can mend it.
    #[serde(rename = "mender")]
    pub fixed_by: FixedBy,
}

/// Explains a subject.
pub fn explain(
    blueprint: &Blueprint,
    desired: &Desired,
    live: &Live,
    subject: &Subject,
) -> Explanation {
    let narrowed = Desired { paths: paths(desired, subject), ..desired.clone() };
    let proof = prove(&narrowed, live);
    let mut watching: Vec<(&Alert, Vec<&EventRef>)> = blueprint
        .every_alert()
        .map(|alert| {
            (alert, alert.events.iter().filter(|event| subject.is(alert, event)).collect())
        })
        .filter(|(_, events): &(_, Vec<_>)| !events.is_empty())
        .collect();
    watching.sort_by(|(a, _), (b, _)| b.risk.cmp(&a.risk).then_with(|| a.id.cmp(&b.id)));
    let mut evidence = Evidence::new();
    let alerts: Vec<AlertExplained> = watching
        .into_iter()
        .map(|(alert, events)| one_alert(&narrowed, live, &proof, (alert, &events), &mut evidence))
        .collect();
    Explanation {
        format_version: FORMAT_VERSION,
        blueprint: desired.name.clone(),
        as_of: desired.as_of,
        asked: subject.asked(),
        signals: signals(&narrowed, &proof),
        counted: counted(&narrowed, live),
        alerts,
    }
}

impl Explanation {
    /// Whether any link has this status.
    pub fn has(&self, status: Status) -> bool {
        let links =
            self.alerts.iter().flat_map(|alert| &alert.chains).flat_map(|chain| &chain.links);
        links.chain(&self.signals).any(|link| link.status == status)
    }
}

/// The rules on these paths, those that forward to a hub too, by place.
pub fn signal_reads(paths: &[AlertPath]) -> BTreeMap<Place, SignalReads> {
    let mut found: BTreeMap<Place, SignalReads> = BTreeMap::new();
    for path in paths {
        let raising = (&path.raised, &path.rules);
        let forwarding = path.forward.iter().map(|forward| (&path.lands, &forward.rules));
        for (place, keys) in [raising].into_iter().chain(forwarding) {
            found.entry(place.clone()).or_default().rules.extend(keys.iter().cloned());
        }
        let machines = path.destinations.iter().filter_map(|one| one.machine.as_ref());
        let machines = machines.map(|machine| machine.arn.clone());
        found.entry(path.raised.clone()).or_default().machines.extend(machines);
    }
    found
}

/// The paths, events and rules that the subject is about.
pub fn paths<'a>(desired: &'a Desired, subject: &Subject) -> Vec<AlertPath> {
    // Paths with the same list of rules keep sharing it, so that what follows it is judged once.
    let mut known: HashMap<ByIdentity<'_, [RuleKey]>, Arc<[RuleKey]>> = HashMap::new();
    // A large alert is split over several rules; those that cannot match the event are omitted.
    let mut about = |place: &Place, rules: &'a Arc<[RuleKey]>| {
        let tells = |name: &&RuleKey| {
            let rule = desired.places.get(place).and_then(|here| here.rules.get(*name));
            rule.is_none_or(|rule| rule.compiled.events.iter().any(|event| subject.names(event)))
        };
        let left = || rules.iter().filter(tells).cloned().collect();
        known.entry(ByIdentity(rules)).or_insert_with(left).clone()
    };
    let narrowed = desired.paths.iter().filter_map(|path| {
        if let Subject::Alert(id) = subject {
            return (*path.alert == **id).then(|| path.clone());
        }
        let events: Arc<[EventRef]> =
            path.events.iter().filter(|event| subject.names(event)).cloned().collect();
        if events.is_empty() {
            return None;
        }
        let forward = path.forward.as_ref().map(|forward| {
            let rules = about(&path.lands, &forward.rules);
            Forward { rules, ..forward.clone() }
        });
        let rules = about(&path.raised, &path.rules);
        let way = Way { events, rules, forward, ..Way::clone(&path.way) };
        Some(AlertPath { lands: path.lands.clone(), way: Arc::new(way) })
    });
    narrowed.collect()
}

fn one_alert(
    desired: &Desired,
    live: &Live,
    proof: &Proof,
    (alert, events): (&Alert, &[&EventRef]),
    evidence: &mut Evidence,
) -> AlertExplained {
    // `prove` keeps the order of the paths.
    let paths = desired.paths.iter().zip(&proof.paths);
    let ways: Vec<PlaceChain<'_>> = paths
        .filter(|(path, _)| *path.alert == *alert.id)
        .map(|(path, proof)| PlaceChain::of(live, proof, path, evidence))
        .collect();
    let lands = |place: &&Place| {
        let here = LandsIn::from(*place);
        !events.iter().any(|event| can_land(alert, event, here, desired.as_of))
    };
    AlertExplained {
        alert: alert.id.clone(),
        title: alert.title.clone(),
        risk: alert.risk,
        routed: desired.alerts.iter().any(|info| info.id == alert.id && info.routed),
        events: {
            let mut names: Vec<String> = events.iter().map(|event| event.short()).collect();
            names.dedup();
            names
        },
        families: families(events),
        limits: limits(desired, alert),
        chains: fold::chains(&ways),
        cannot_land: desired.places.keys().filter(lands).cloned().collect(),
    }
}

fn families(events: &[&EventRef]) -> Vec<FamilyExplained> {
    let mut found: Vec<FamilyExplained> = Vec::new();
    for event in events.iter().filter(|event| event.is_family()) {
        let family = event.short();
        if found.iter().all(|known| known.family != family) {
            found.push(FamilyExplained { family, known_events: catalogue::members(event) });
        }
    }
    found
}

fn limits(desired: &Desired, alert: &Alert) -> Limits {
    let holds = |until: Option<jiff::civil::Date>| until.is_none_or(|until| until >= desired.as_of);
    let except = alert.except.iter().filter(|exception| holds(exception.until));
    Limits {
        condition: alert.filter.as_ref().map(written),
        outcome: alert.outcome,
        told_by: told_by(alert),
        except: except
            .map(|exception| Exempt {
                condition: written(&exception.filter),
                reason: exception.reason.clone(),
                owner: exception.owner.clone(),
                until: exception.until.map(|until| until.to_string()),
            })
            .collect(),
    }
}

/// The fields that tell the outcome that an alert asks for.
fn told_by(alert: &Alert) -> Vec<String> {
    let asked = match alert.outcome {
        Outcome::Any => return Vec::new(),
        Outcome::Success => Ended::Succeeded,
        Outcome::Failure => Ended::Failed,
    };
    let told = alert.events.iter().flat_map(Told::of_asked);
    let field = |told: Told| told.condition(asked).map(|(path, _)| path);
    let fields: BTreeSet<String> = told.filter_map(field).collect();
    fields.into_iter().collect()
}

/// A condition as EventBridge's JSON, with paths that start below `detail`.
fn written(filter: &Filter) -> Value {
    let text = Pattern { filter: filter.clone() }.to_json();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// The signals of the places in which the chains run; those of rules that are not in them are left
/// out.
fn signals(desired: &Desired, proof: &Proof) -> Vec<ChainLink> {
    let concerned = |link: &&Link| {
        let name = match &link.object {
            LinkObject::Rule { key, .. } => Some(key),
            _ => None,
        };
        desired.paths.iter().any(|path| {
            [&path.raised, &path.lands].contains(&&link.place)
                && name.is_none_or(|name| {
                    let forwarding = path.forward.iter().flat_map(|forward| forward.rules.iter());
                    path.rules.iter().chain(forwarding).any(|rule| rule.as_str() == name)
                })
        })
    };
    proof.signals.iter().filter(concerned).map(ChainLink::of).collect()
}

/// What was counted of the rules in the chains. It is another number in every place, so it stands
/// beside the chains, which fold where the places are alike.
fn counted(desired: &Desired, live: &Live) -> Vec<Counted> {
    let mut all: Vec<Counted> = Vec::new();
    for path in &desired.paths {
        let forward = path.forward.iter().flat_map(|forward| forward.rules.iter());
        let here = forward.map(|name| (&path.lands, name));
        for (place, name) in here.chain(path.rules.iter().map(|name| (&path.raised, name))) {
            let seen = live.places.get(place).and_then(|here| here.signals.get(name));
            let Some(seen) = seen else { continue };
            match all
                .iter_mut()
                .find(|counted| counted.rule == name.as_str() && counted.seen == *seen)
            {
                Some(counted) => drop(counted.places.insert(place.clone())),
                None => all.push(Counted {
                    rule: name.to_string(),
                    places: BTreeSet::from([place.clone()]),
                    seen: seen.clone(),
                }),
            }
        }
    }
    all.sort_by(|a, b| (&a.rule, &a.places).cmp(&(&b.rule, &b.places)));
    all
}

impl ChainLink {
    fn of(link: &Link) -> Self {
        Self {
            code: link.code,
            status: link.status,
            object: link.object.to_string(),
            cause: link.cause.clone(),
            live: None,
            fix: link.fix.clone(),
            fixed_by: link.fixed_by,
        }
    }
}

#[cfg(test)]
mod tests;
