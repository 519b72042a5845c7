//! How each alert is drilled: by a harmless call that its own rule matches, or by a rule that
//! stands in for it.

use super::record::{CallMade, record};
use super::triggers::{At, Thing};
use crate::action::Action;
use crate::blueprint::{Blueprint, Risk};
use crate::desired::{AlertInfo, AlertPath, Desired, DesiredRule};
use crate::offline::{Decision, Given, decide};
use crate::resource::keys::RuleKey;
use crate::resource::rule::{Rule, Targets, bus_of};
use crate::scope::{AccountId, Arn, Place};
use crate::snapshot::{Caller, Live, LiveRule, Observed, Unreadable};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// Every alert that has a trigger of its own, where it has one.
    Safe,
    /// These alerts, by id; where there is no trigger, a rule stands in.
    Alerts(&'a BTreeSet<String>),
    /// Every alert.
    All,
}

/// What a drill does.
#[derive(Debug, Clone, Default)]
pub struct Drill {
    /// What is drilled, gravest alerts first.
    pub paths: Vec<DrilledPath>,
    /// What is not drilled although it was asked for, with the reason: alert, place, why.
    pub passed_over: Vec<(String, Place, String)>,
    /// The calls that raise the events, in order, by the place where they are made.
    pub deeds: BTreeMap<Place, Vec<Deed>>,
    /// The rules that stand in for others.
    pub stand_ins: Vec<StandIn>,
}

/// An alert in the place where its events land.
#[derive(Debug, Clone)]
pub struct DrilledPath {
    pub alert: String,
    pub title: String,
    pub risk: Risk,
    pub path: AlertPath,
    pub how: How,
}

/// How an alert is drilled.
#[derive(Debug, Clone, PartialEq)]
pub enum How {
    /// By an event of its own.
    Trigger { event: String },
    /// By rules with its targets, which take an event of a harmless kind.
    StandIn {
        event: String,
        /// Why no event of its own does.
        why: String,
        /// The alert's rules, each with the one that stands in for it.
        rules: Vec<(RuleKey, RuleKey)>,
        /// With a hub, the rule that brings the event there, where it lands.
        forward: Option<RuleKey>,
    },
    /// Not at all: what its way needs is not there.
    Broken { why: String },
    /// Not at all: a part of its way could not be read.
    Unread { why: Unreadable },
}

/// A call that raises an event.
#[derive(Debug, Clone)]
pub struct Deed {
    pub action: Action,
    /// `sns:CreateTopic`.
    pub event: String,
    /// Where the event lands.
    pub lands: Place,
    /// The event as it will be, as far as that is known.
    pub predicted: Value,
}

/// A temporary rule with its targets.
#[derive(Debug, Clone)]
pub struct StandIn {
    pub place: Place,
    pub key: RuleKey,
    pub rule: Rule,
    pub targets: Targets,
}

/// The paths of a pattern of which a drill's event is known beforehand.
const KNOWN: &[&str] = &[
    "source",
    "detail-type",
    "account",
    "region",
    "detail.awsRegion",
    "detail.errorCode",
    "detail.errorMessage",
    "detail.eventCategory",
    "detail.eventName",
    "detail.eventSource",
    "detail.eventType",
    "detail.managementEvent",
    "detail.readOnly",
    "detail.recipientAccountId",
    "detail.requestParameters.attributeName",
    "detail.requestParameters.eventBusName",
    "detail.requestParameters.name",
    "detail.requestParameters.omitted",
    "detail.requestParameters.policyName",
    "detail.requestParameters.queueName",
    "detail.requestParameters.resourceARN",
    "detail.requestParameters.resourceArn",
    "detail.requestParameters.resourceId",
    "detail.requestParameters.roleName",
    "detail.requestParameters.rule",
    "detail.requestParameters.topicArn",
    "detail.requestParameters.trailName",
    "detail.userIdentity.accountId",
    "detail.userIdentity.arn",
    "detail.userIdentity.invokedBy",
    "detail.userIdentity.sessionContext.sessionIssuer.userName",
    "detail.userIdentity.type",
    "detail.userIdentity.userName",
];

/// Whether the value at this path of an event is known before the call is made.
pub(super) fn is_known(path: &str) -> bool {
    KNOWN.contains(&path)
}

/// Decides how each alert that is asked for is drilled.
pub fn choose(
    blueprint: &Blueprint,
    desired: &Desired,
    live: &Live,
    caller: &Caller,
    asked: Asked<'_>,
) -> Drill {
    let mut choosing = Choosing {
        blueprint,
        desired,
        live,
        caller,
        events: BTreeMap::new(),
        stand_ins: BTreeMap::new(),
        drill: Drill::default(),
    };
    // Those that come with healing would be raised by changing the trail.
    let of_file = |info: &&AlertInfo| blueprint.alerts.iter().any(|alert| alert.id == info.id);
    for info in desired.alerts.iter().filter(|info| info.routed).filter(of_file) {
        if matches!(asked, Asked::Alerts(ids) if !ids.contains(&info.id)) {
            continue;
        }
        let own =
            |path: &&AlertPath| *path.alert == *info.id && !desired.context.contains(&path.lands);
        for path in desired.paths.iter().filter(own) {
            let how = choosing.how(path, asked == Asked::Safe);
            match how {
                Ok(how) => choosing.drill.paths.push(DrilledPath {
                    alert: info.id.clone(),
                    title: info.title.clone(),
                    risk: info.risk,
                    path: path.clone(),
                    how,
                }),
                Err(why) => {
                    choosing.drill.passed_over.push((info.id.clone(), path.lands.clone(), why));
                }
            }
        }
    }
    choosing.finish()
}

struct Choosing<'a> {
    blueprint: &'a Blueprint,
    desired: &'a Desired,
    live: &'a Live,
    caller: &'a Caller,
    /// The events to raise, by place and object.
    events: BTreeMap<(Place, Thing), BTreeSet<String>>,
    /// The rules that stand in, by what they stand for.
    stand_ins: BTreeMap<(Place, RuleKey), StandIn>,
    drill: Drill,
}

impl<'a> Choosing<'a> {
    fn at<'p>(&self, place: &'p Place) -> At<'p>
    where
        'a: 'p,
    {
        At {
            place,
            names: &self.desired.names,
            blueprint: self.blueprint,
            desired: self.desired,
            live: self.live,
        }
    }

    /// How one path is drilled; the reason where it is not asked for without a trigger.
    fn how(&mut self, path: &AlertPath, safe: bool) -> Result<How, String> {
        let mut why = None;
        for thing in Thing::ALL {
            for action in thing.calls(&self.at(&path.lands)) {
                let logged = action.logged(&path.lands);
                if !path.events.iter().any(|event| event.includes(&logged.source, logged.name)) {
                    continue;
                }
                let event = logged.short();
                match self.raises(path, &action) {
                    Ok(()) => {
                        let asked = self.events.entry((path.lands.clone(), *thing)).or_default();
                        asked.insert(event.clone());
                        return Ok(How::Trigger { event });
                    }
                    Err(because) => drop(why.get_or_insert(because)),
                }
            }
        }
        let why = why.unwrap_or_else(|| {
            let events: Vec<String> = path.events.iter().map(|event| event.short()).collect();
            let few = match events.as_slice() {
                [.., _, _, _] => format!("{} and {} more", events[0], events.len() - 1),
                few => few.join(" and "),
            };
            format!("no harmless call is logged as {few} there")
        });
        match safe {
            true => Err(why),
            false => Ok(self.stand_in(path, why)),
        }
    }

    /// Whether one of a path's rules would fire for the event of a call.
    fn raises(&self, path: &AlertPath, action: &Action) -> Result<(), String> {
        let event = action.logged(&path.lands).short();
        let predicted = predicted(self.blueprint, self.caller, &path.lands, action);
        match fires(self.desired, path, &predicted) {
            None => Err(format!("the alert's conditions leave out the {event} of a drill")),
            Some((_, rule)) => {
                let paths = rule.compiled.pattern.filter.paths();
                match paths.iter().find(|path| !is_known(path)) {
                    None => Ok(()),
                    Some(path) => Err(format!(
                        "the alert has a condition on `{path}`, of which the {event} of a drill is not known beforehand"
                    )),
                }
            }
        }
    }

    /// Lets rules stand in for those of a path.
    fn stand_in(&mut self, path: &AlertPath, why: String) -> How {
        let harmless = self.harmless(&path.lands);
        let mut rules = Vec::new();
        for key in path.rules.iter() {
            let targets = match self.targets(&path.raised, key) {
                Ok(found) => found,
                Err(how) => return how,
            };
            rules.push((key.clone(), self.put(&path.raised, key, targets, &harmless)));
        }
        let forwarding = path.forward.as_ref().and_then(|forward| forward.rules.first());
        let forward = match forwarding.map(|key| (key, self.targets(&path.lands, key))) {
            None => None,
            Some((key, Ok(found))) => Some(self.put(&path.lands, key, found, &harmless)),
            Some((_, Err(how))) => return how,
        };
        let asked = self.events.entry((path.lands.clone(), Thing::Topic)).or_default();
        asked.insert(HARMLESS.to_owned());
        How::StandIn { event: HARMLESS.to_owned(), why, rules, forward }
    }

    /// A rule's own settings and targets as they are now.
    fn targets(&self, place: &Place, key: &RuleKey) -> Result<(Rule, Targets), How> {
        let seen = self.live.places.get(place).map(|seen| seen.rules_of(key.bus()));
        let rule: &LiveRule = match seen {
            Some(Observed::Known(rules)) => rules.get(key.name()).ok_or_else(|| How::Broken {
                why: format!("rule {key} in {place} does not exist"),
            })?,
            Some(Observed::Unreadable(why)) => return Err(How::Unread { why }),
            Some(Observed::Absent) | None => {
                return Err(How::Broken { why: format!("rule {key} in {place} does not exist") });
            }
        };
        match &rule.targets {
            Observed::Known(targets) if !targets.is_empty() => {
                let mut targets = targets.clone();
                // Read back with a bus may be what PutTargets refuses there.
                for target in targets.values_mut().filter(|target| bus_of(target).is_some()) {
                    target.retry_policy = None;
                }
                Ok(((*rule.rule).clone(), targets))
            }
            Observed::Known(_) | Observed::Absent => {
                Err(How::Broken { why: format!("rule {key} in {place} has no targets") })
            }
            Observed::Unreadable(why) => Err(How::Unread { why: why.clone() }),
        }
    }

    /// Notes a rule that stands in for another; says its key.
    fn put(
        &mut self,
        place: &Place,
        of: &RuleKey,
        (rule, targets): (Rule, Targets),
        pattern: &Value,
    ) -> RuleKey {
        let names = &self.desired.names;
        let number = self.stand_ins.len();
        let forwards = of.bus().is_none() && names.is_forward(of.name());
        let stand_in = self.stand_ins.entry((place.clone(), of.clone())).or_insert_with(|| {
            let name =
                if forwards { names.stand_in_forward(number) } else { names.stand_in(number) };
            let rule = Rule {
                // A disabled rule has a disabled stand-in.
                state: rule.state,
                event_pattern: None,
                schedule_expression: None,
                description: Some(format!("Stands in for {} during a drill", of.name())),
                role_arn: None,
                managed_by: None,
            };
            StandIn { place: place.clone(), key: RuleKey::on(of.bus(), &name), rule, targets }
        });
        // Events of several places come to the hub's bus.
        let said = stand_in.rule.event_pattern.take();
        let said = said.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let merged = said.map_or_else(|| pattern.clone(), |said| joined(said, pattern));
        stand_in.rule.event_pattern = Some(merged.to_string());
        stand_in.key.clone()
    }

    /// The pattern of the harmless event in a place.
    fn harmless(&self, place: &Place) -> Value {
        let name = self.desired.names.drill();
        json!({
            "source": ["aws.sns"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "account": [place.account],
            "region": [place.region],
            "detail": {
                "eventSource": ["sns.amazonaws.com"],
                "eventName": ["CreateTopic"],
                "requestParameters": { "name": [name] },
            },
        })
    }

    /// Writes the calls down.
    fn finish(mut self) -> Drill {
        for ((place, thing), events) in &self.events {
            for action in thing.script(&self.at(place), events) {
                let logged = action.logged(place);
                let deed = Deed {
                    event: logged.short(),
                    lands: super::lands(&logged.source, logged.name, place),
                    predicted: predicted(self.blueprint, self.caller, place, &action),
                    action,
                };
                self.drill.deeds.entry(place.clone()).or_default().push(deed);
            }
        }
        self.drill.stand_ins = std::mem::take(&mut self.stand_ins).into_values().collect();
        self.drill
    }
}

/// The event of a harmless kind that rules which stand in take.
const HARMLESS: &str = "sns:CreateTopic";

/// The pattern for the events of one more place: the same but for accounts and regions.
fn joined(mut said: Value, more: &Value) -> Value {
    for key in ["account", "region"] {
        let Some(values) = said.get_mut(key).and_then(Value::as_array_mut) else { continue };
        for value in more[key].as_array().into_iter().flatten() {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
    }
    said
}

/// The alerts that the event of a call raises, drilled or not, as far as that is known beforehand.
pub fn raised(
    blueprint: &Blueprint,
    desired: &Desired,
    caller: &Caller,
    place: &Place,
    action: &Action,
) -> Vec<String> {
    let logged = action.logged(place);
    let lands = super::lands(&logged.source, logged.name, place);
    let event = predicted(blueprint, caller, place, action);
    let heard = desired.paths.iter().filter(|path| path.lands == lands);
    let named = |path: &AlertPath| {
        path.events.iter().any(|event| event.includes(&logged.source, logged.name))
    };
    let alerts: BTreeSet<String> = heard
        .filter(|path| named(path) && fires(desired, path, &event).is_some())
        .map(|path| path.alert.to_string())
        .collect();
    alerts.into_iter().collect()
}

/// The event of a call, as far as it is known beforehand.
fn predicted(blueprint: &Blueprint, caller: &Caller, place: &Place, action: &Action) -> Value {
    let by = acting(blueprint, caller, place);
    let time = "2026-01-01T00:00:00Z";
    let record = record(&CallMade { action, place, by: &by, time, number: 0, refused: None });
    eventbridge_pattern::cloudtrail::envelope(record)
}

/// The rule of a path that fires for an event, if any.
pub(super) fn fires<'a>(
    desired: &'a Desired,
    path: &'a AlertPath,
    event: &Value,
) -> Option<(&'a RuleKey, &'a DesiredRule)> {
    let text = event.to_string();
    let given = Given::read(event.clone(), text.as_bytes())?;
    let here = desired.places.get(&path.raised)?;
    path.rules.iter().filter_map(|key| Some((key, here.rules.get(key)?))).find(|(_, rule)| {
        let decision = decide(&rule.compiled.pattern, Some(rule.compiled.state), &given);
        matches!(decision, Decision::Fires(_))
    })
}

/// The ARN with which calls are made in an account: the caller's own, or that of a session of the
/// role that the blueprint names.
pub fn acting(blueprint: &Blueprint, caller: &Caller, place: &Place) -> String {
    let account = &place.account;
    let role =
        blueprint.accounts.as_ref().and_then(|accounts| match accounts.listed.get(account) {
            Some(listed) => listed.role.as_ref(),
            None if *account == caller.account => None,
            None => accounts.organization.as_ref().map(|organization| &organization.role),
        });
    match role {
        None => caller.arn.clone(),
        Some(role) => {
            let name = Arn::parse(&role.role).map_or(role.role.as_str(), |arn| arn.resource);
            let name = name.rsplit('/').next().unwrap_or_default();
            let session = role.session_name.as_deref().unwrap_or("ctguard");
            session_arn(place, account, name, session)
        }
    }
}

fn session_arn(place: &Place, account: &AccountId, role: &str, session: &str) -> String {
    let partition = place.region.partition();
    format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}")
}
