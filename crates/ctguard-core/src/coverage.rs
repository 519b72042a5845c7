//! What a blueprint's alerts serve: controls of compliance frameworks and techniques of ATT&CK.
//!
//! What a control asks for is not taken from the words that an alert carries. The built-in
//! blueprints name the control at their alerts, and the events of those, with their conditions, are
//! what it is measured by: an event is heard when a routed alert of the blueprint is shown to match
//! every record that the built-in alert would, in a region that the blueprint covers.
//!
//! A control that `cis-aws-foundations` names is measured by that file alone: it has what the
//! benchmark asks for, and the others watch more.

mod matrix;
mod names;

use crate::blueprint::{self, Alert, Blueprint, Regions, builtin};
use crate::desired::compile::alert_patterns;
use crate::desired::landing::{LandsIn, can_land};
use crate::desired::pattern::Origin;
use crate::event::EventRef;
use crate::scope::Region;
use eventbridge_pattern::{Coverage as Relation, Pattern};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

pub use names::{ATTACK_VERSION, technique_name};

/// Version of the JSON form.
pub const FORMAT_VERSION: u32 = 1;

/// The built-in blueprint that has what the CIS benchmark asks for.
const BENCHMARK: &str = "cis-aws-foundations";

/// What a blueprint's alerts serve.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// The version of this format.
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// Compliance frameworks, by name: `cis-5.0`.
    pub frameworks: Vec<Framework>,
    /// The techniques of ATT&CK's matrix for infrastructure in a cloud, and those that built-in alerts
    /// or alerts of the blueprint name.
    pub techniques: Vec<Served>,
    /// What the figures do not say, in sentences.
    pub remarks: Vec<String>,
}

/// A compliance framework.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Its short name with its version: `cis-5.0`.
    pub name: String,
    /// Its controls, in their own order, and how far each is served.
    pub controls: Vec<Served>,
}

/// A control or a technique, and how far it is served.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// As the framework or ATT&CK numbers it: `4.3`, `T1562.008`.
    pub id: String,
    /// The technique's name, or the title of the alert that a control is measured by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How far the blueprint's alerts serve it.
    pub state: State,
    /// Events that are heard, as `service:Name`.
    pub heard: usize,
    /// Events that it is measured by.
    pub events: usize,
    /// Ids of the blueprint's alerts that hear any of them, or that name it.
    pub alerts: Vec<String>,
    /// Events that are not heard in full, and why.
    pub missing: Vec<Missing>,
    /// Why it has nothing to be measured by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwatched: Option<Unwatched>,
}

/// Why a technique has nothing to be measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unwatched {
    /// No built-in alert watches for it.
    NoBuiltin,
    /// It happens in a host, in network traffic or at a browser: CloudTrail has no event of it.
    NotInCloudtrail,
}

/// How far a control or a technique is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing that it is measured by is heard.
    None,
    /// Some of it is.
    Partly,
    /// The blueprint's alerts name it, and there is nothing to measure it by.
    Named,
    /// All of it is.
    Covered,
}

impl State {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Partly => "partly",
            Self::Named => "named",
            Self::None => "not",
        }
    }
}

/// An event that is not heard in full.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// The event, as `service:Name`.
    pub event: String,
    /// The built-in alert that has it.
    pub builtin: String,
    /// Why it is not heard in full.
    pub reason: Reason,
    /// Alerts of the blueprint that hear a part of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
}

/// Why an event is not heard in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No alert has it.
    NoAlert,
    /// No record of it can satisfy the conditions of the alert that has it.
    NeverFires,
    /// It lands in no region that the blueprint covers.
    NoRegion,
    /// The alert that has it notifies nobody.
    NobodyNotified,
    /// An exception leaves some of it out.
    Exception,
    /// A condition leaves some of it out, or is not shown to leave nothing out.
    Condition,
}

impl Reason {
    /// Whether some of the event is heard.
    fn is_partly(self) -> bool {
        matches!(self, Self::Exception | Self::Condition)
    }
}

/// Measures the blueprint. An exception whose last day is before `as_of` no longer holds.
pub fn measure(blueprint: &Blueprint, as_of: Date) -> Coverage {
    let references = references(as_of);
    let mine: Vec<Mine<'_>> =
        blueprint.alerts.iter().map(|alert| Mine::of(blueprint, alert, as_of)).collect();
    let measured: Vec<Measured> = references
        .iter()
        .flat_map(|reference| {
            let events = reference.alert.events.iter();
            events.map(|event| Measured::of(reference, event, blueprint, &mine, as_of))
        })
        .collect();
    let mut frameworks: BTreeMap<String, Vec<Served>> = BTreeMap::new();
    for (control, by) in by_control(&references) {
        let Some((framework, number)) = control.split_once('/') else { continue };
        let mut served = served(number, &by, &references, &measured);
        name_own(&mut served, blueprint, |alert| &alert.controls, &control);
        frameworks.entry(framework.to_owned()).or_default().push(served);
    }
    add_named(blueprint, &mut frameworks);
    let frameworks = frameworks.into_iter().map(|(name, mut controls)| {
        controls.sort_by_key(|one| number_key(&one.id));
        Framework { name, controls }
    });
    Coverage {
        format_version: FORMAT_VERSION,
        blueprint: blueprint.name.clone(),
        frameworks: frameworks.collect(),
        techniques: techniques(blueprint, &references, &measured),
        remarks: remarks(blueprint),
    }
}

/// The frameworks that built-in alerts name.
pub fn frameworks() -> BTreeSet<String> {
    // No control depends on the date.
    let references = references(Date::MIN);
    let controls = references.iter().flat_map(|one| &one.alert.controls);
    controls.filter_map(|one| Some(one.split_once('/')?.0.to_owned())).collect()
}

/// An alert of a built-in blueprint.
struct Reference {
    builtin: &'static str,
    alert: Alert,
}

/// Every built-in alert. A built-in that could not be read would be missed by the tests of each.
fn references(as_of: Date) -> Vec<Reference> {
    let read = |id: &'static str| {
        let text = format!(
            "version: 1\nname: reference\ninclude: [{{ builtin: {id} }}]\nallow: [alert-without-destination]\n"
        );
        let loaded = blueprint::load_text("reference.yaml", &text, None, as_of);
        let alerts = loaded.blueprint.map(|blueprint| blueprint.alerts).unwrap_or_default();
        alerts.into_iter().map(move |alert| Reference { builtin: id, alert })
    };
    builtin::ids().flat_map(read).collect()
}

/// The references of each control: those of the benchmark where it names the control.
fn by_control(references: &[Reference]) -> BTreeMap<String, BTreeSet<usize>> {
    let mut all: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (index, reference) in references.iter().enumerate() {
        for control in &reference.alert.controls {
            all.entry(control.clone()).or_default().insert(index);
        }
    }
    let in_benchmark =
        |index: &usize| references.get(*index).is_some_and(|one| one.builtin == BENCHMARK);
    for by in all.values_mut() {
        if by.iter().any(in_benchmark) {
            by.retain(in_benchmark);
        }
    }
    all
}

/// An alert of the blueprint, compiled.
struct Mine<'a> {
    alert: &'a Alert,
    routed: bool,
    /// Those by which it can be raised.
    events: Vec<EventRef>,
    patterns: Vec<Pattern>,
    /// As if it had no exceptions.
    bare: Vec<Pattern>,
}

impl<'a> Mine<'a> {
    fn of(blueprint: &Blueprint, alert: &'a Alert, as_of: Date) -> Self {
        let bare = Alert { except: Vec::new(), ..alert.clone() };
        let (events, without) = (alert.events_that_fire(), bare.events_that_fire());
        Self {
            alert,
            routed: blueprint.is_routed(alert),
            patterns: patterns(alert, &events, as_of),
            bare: patterns(&bare, &without, as_of),
            // What an exception leaves out is told as that.
            events: without,
        }
    }

    /// Whether one of these patterns is shown to match all that the wanted one does.
    fn hears(patterns: &[Pattern], wanted: &Pattern) -> bool {
        patterns.iter().any(|pattern| pattern.coverage_of(wanted) != Relation::NotShown)
    }
}

/// The patterns of an alert; none where it has no exact one, which `validate` tells.
fn patterns(alert: &Alert, events: &[EventRef], as_of: Date) -> Vec<Pattern> {
    let compiled = alert_patterns(alert, events, &Origin::Any, as_of).unwrap_or_default();
    compiled.into_iter().map(|one| one.pattern).collect()
}

/// One event of a built-in alert, held against the blueprint.
struct Measured {
    event: String,
    builtin: &'static str,
    reference: String,
    /// `None`: it is heard in full.
    missing: Option<Reason>,
    alerts: BTreeSet<String>,
}

impl Measured {
    fn of(
        reference: &Reference,
        event: &EventRef,
        blueprint: &Blueprint,
        mine: &[Mine<'_>],
        as_of: Date,
    ) -> Self {
        let wanted = patterns(&reference.alert, std::slice::from_ref(event), as_of);
        let has = |one: &&Mine<'_>, fits: &dyn Fn(&EventRef) -> bool| one.events.iter().any(fits);
        let whole: Vec<&Mine<'_>> =
            mine.iter().filter(|one| has(one, &|own| own.covers(event))).collect();
        let heard: Vec<&Mine<'_>> = whole.iter().copied().filter(|one| one.routed).collect();
        let all = |excepted: bool| {
            let hears = |one: &&Mine<'_>, wanted: &Pattern| {
                Mine::hears(if excepted { &one.patterns } else { &one.bare }, wanted)
            };
            let heard = |wanted: &Pattern| heard.iter().any(|one| hears(one, wanted));
            !wanted.is_empty() && wanted.iter().all(heard)
        };
        // An alert on any event of some caller hears a little of everything, and one name of a
        // family is next to nothing of it: neither is a part that counts.
        let part = |own: &EventRef| {
            own.source == event.source
                && (own.covers(event) || (own.is_family() && own.meets(event)))
        };
        // Of a whole family, one on the same family with other conditions (root's calls, denied
        // calls) is a part only where all that it hears is asked for.
        let within = |one: &Mine<'_>| {
            let bare = Alert { except: Vec::new(), ..one.alert.clone() };
            let asked = |own: &EventRef| {
                let own = patterns(&bare, std::slice::from_ref(own), as_of);
                own.iter().any(|own| Mine::hears(&wanted, own))
            };
            !event.is_family() || one.events.iter().filter(|own| part(own)).any(asked)
        };
        let parts: Vec<&Mine<'_>> =
            mine.iter().filter(|one| has(one, &part) && within(one)).collect();
        let some: Vec<&Mine<'_>> = parts.iter().copied().filter(|one| one.routed).collect();
        let in_full = all(true);
        let named = mine.iter().filter(|one| one.alert.events.iter().any(&part));
        let never: Vec<&Mine<'_>> = named.filter(|one| !one.events.iter().any(&part)).collect();
        let (missing, alerts) = if parts.is_empty() && !in_full && !all(false) {
            match never.as_slice() {
                [] => (Some(Reason::NoAlert), BTreeSet::new()),
                never => (Some(Reason::NeverFires), ids(never)),
            }
        } else if some.is_empty() && heard.is_empty() {
            (Some(Reason::NobodyNotified), ids(&parts))
        } else if !lands(&reference.alert, event, &blueprint.regions, as_of) {
            (Some(Reason::NoRegion), BTreeSet::new())
        } else if in_full {
            (None, ids(&heard))
        } else if all(false) {
            (Some(Reason::Exception), ids(&heard))
        } else {
            (Some(Reason::Condition), ids(&some))
        };
        Self {
            event: event.short(),
            builtin: reference.builtin,
            reference: reference.alert.id.clone(),
            missing,
            alerts,
        }
    }

    fn is_of(&self, reference: &Reference) -> bool {
        self.builtin == reference.builtin && self.reference == reference.alert.id
    }
}

fn ids(all: &[&Mine<'_>]) -> BTreeSet<String> {
    all.iter().map(|one| one.alert.id.clone()).collect()
}

/// Whether the event can land in a region that the blueprint covers.
fn lands(alert: &Alert, event: &EventRef, regions: &Regions, as_of: Date) -> bool {
    let lands = |region: &Region| can_land(alert, event, LandsIn { region, account: None }, as_of);
    match regions {
        Regions::List(list) => list.iter().any(lands),
        // Which regions are enabled is not known here. An event of one region alone is missed
        // where that one is excepted.
        Regions::Enabled { except } => {
            let out = |region: &Region| {
                except.iter().any(|one| {
                    one.region == *region && one.until.is_none_or(|until| until >= as_of)
                })
            };
            let excepted: Vec<&Region> = except.iter().map(|one| &one.region).collect();
            let only_there = |region: &&Region| {
                lands(region) && out(region) && !event.landing.lands_in(&elsewhere(region))
            };
            !excepted.into_iter().any(|region| only_there(&region))
        }
    }
}

/// A region of the same partition that is not this one.
fn elsewhere(region: &Region) -> Region {
    let mut all = region.partition().default_regions().iter();
    let other = all.find(|other| **other != region.as_str());
    other.and_then(|name| Region::new(name)).unwrap_or_else(|| region.clone())
}

/// How far what is measured by these references is served.
fn served(
    id: &str,
    by: &BTreeSet<usize>,
    references: &[Reference],
    measured: &[Measured],
) -> Served {
    let of: Vec<&Reference> = by.iter().filter_map(|index| references.get(*index)).collect();
    let rows = || measured.iter().filter(|one| of.iter().any(|reference| one.is_of(reference)));
    // Two alerts may have the same event under other conditions: it is heard when each is.
    let events: BTreeSet<&str> = rows().map(|one| one.event.as_str()).collect();
    let lost: BTreeSet<&str> =
        rows().filter(|one| one.missing.is_some()).map(|one| one.event.as_str()).collect();
    let part = rows().any(|one| one.missing.is_none_or(Reason::is_partly));
    let state = match (lost.is_empty(), part) {
        (true, _) => State::Covered,
        (false, true) => State::Partly,
        (false, false) => State::None,
    };
    let missing: BTreeSet<Missing> = rows()
        .filter_map(|one| {
            Some(Missing {
                event: one.event.clone(),
                builtin: format!("{}/{}", one.builtin, one.reference),
                reason: one.missing?,
                alerts: one.alerts.iter().cloned().collect(),
            })
        })
        .collect();
    let hearing = rows().filter(|one| one.missing.is_none_or(Reason::is_partly));
    let alerts: BTreeSet<&String> = hearing.flat_map(|one| &one.alerts).collect();
    Served {
        id: id.to_owned(),
        title: match of.as_slice() {
            [one] => Some(one.alert.title.clone()),
            _ => None,
        },
        state,
        heard: events.len() - lost.len(),
        events: events.len(),
        alerts: alerts.into_iter().cloned().collect(),
        missing: missing.into_iter().collect(),
        unwatched: None,
    }
}

/// Adds the blueprint's alerts that name what is served.
fn name_own(
    served: &mut Served,
    blueprint: &Blueprint,
    names: impl Fn(&Alert) -> &Vec<String>,
    id: &str,
) {
    let naming: Vec<&Alert> = blueprint
        .alerts
        .iter()
        .filter(|alert| blueprint.is_routed(alert) && names(alert).iter().any(|name| name == id))
        .collect();
    if served.state == State::None && !naming.is_empty() {
        served.state = State::Partly;
    }
    let mut all: BTreeSet<String> = served.alerts.drain(..).collect();
    all.extend(naming.iter().map(|alert| alert.id.clone()));
    served.alerts = all.into_iter().collect();
}

/// What only the blueprint's own alerts name.
fn named(id: &str, title: Option<String>, alerts: BTreeSet<String>) -> Served {
    Served {
        id: id.to_owned(),
        title,
        state: State::Named,
        heard: 0,
        events: 0,
        alerts: alerts.into_iter().collect(),
        missing: Vec::new(),
        unwatched: None,
    }
}

/// Adds the controls that only the blueprint's own alerts name.
fn add_named(blueprint: &Blueprint, frameworks: &mut BTreeMap<String, Vec<Served>>) {
    let own = own_names(blueprint, |alert| &alert.controls);
    for (control, alerts) in own {
        let Some((framework, number)) = control.split_once('/') else { continue };
        let controls = frameworks.entry(framework.to_owned()).or_default();
        if !controls.iter().any(|one| one.id == number) {
            controls.push(named(number, None, alerts));
        }
    }
}

/// What routed alerts of the blueprint name, and which.
fn own_names(
    blueprint: &Blueprint,
    names: impl Fn(&Alert) -> &Vec<String>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for alert in blueprint.alerts.iter().filter(|alert| blueprint.is_routed(alert)) {
        for name in names(alert) {
            all.entry(name.clone()).or_default().insert(alert.id.clone());
        }
    }
    all
}

fn techniques(
    blueprint: &Blueprint,
    references: &[Reference],
    measured: &[Measured],
) -> Vec<Served> {
    let mut by: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (index, reference) in references.iter().enumerate() {
        for technique in &reference.alert.attack {
            by.entry(technique.clone()).or_default().insert(index);
        }
    }
    let title = |id: &str| technique_name(id).map(str::to_owned);
    let watched = by.clone();
    let mut all: BTreeMap<String, Served> = BTreeMap::new();
    for (technique, by) in by {
        let mut served = served(&technique, &by, references, measured);
        served.title = title(&technique);
        name_own(&mut served, blueprint, |alert| &alert.attack, &technique);
        all.insert(technique, served);
    }
    for (technique, alerts) in own_names(blueprint, |alert| &alert.attack) {
        let title = title(&technique);
        all.entry(technique.clone()).or_insert_with(|| named(&technique, title, alerts));
    }
    let measure = |id: &str, by: &BTreeSet<usize>| served(id, by, references, measured);
    matrix::complete(&mut all, &watched, measure);
    all.into_values().collect()
}

/// Control numbers in the order of people: 4.2 before 4.10, AC-2 before AC-12.
fn number_key(id: &str) -> Vec<(String, u64)> {
    let parts = id.split(['.', '-', '(', ')']);
    let key = |part: &str| {
        let text = part.trim_end_matches(|one: char| one.is_ascii_digit());
        (text.to_owned(), part[text.len()..].parse().unwrap_or_default())
    };
    parts.map(key).collect()
}

/// What the figures do not say.
fn remarks(blueprint: &Blueprint) -> Vec<String> {
    let mut all = Vec::new();
    match &blueprint.regions {
        Regions::List(list) => {
            let names: Vec<&str> = list.iter().map(Region::as_str).collect();
            all.push(format!(
                "Only calls that land in {} are heard; `regions: enabled` hears every region.",
                names.join(", ")
            ));
        }
        Regions::Enabled { except } if !except.is_empty() => {
            let names: Vec<&str> = except.iter().map(|one| one.region.as_str()).collect();
            all.push(format!("Calls that land in {} are not heard.", names.join(", ")));
        }
        Regions::Enabled { .. } => {}
    }
    let accounts = blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
    for account in accounts.filter(|account| !account.omit.is_empty()) {
        all.push(format!(
            "Account {} leaves out {}.",
            account.id,
            account.omit.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        ));
    }
    all
}

#[cfg(test)]
mod tests;
