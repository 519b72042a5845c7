//! What is put back by itself: the trail's logging, and rules.
//!
//! Alerts come with it, beside those of the file: what starts the healing, and what keeps it from
//! healing. Their ids have a full stop, which no alert of a file has.

use super::{Alert, Blueprint, Exception, Outcome, Risk};
use crate::catalogue;
use crate::diag::Span;
use crate::event::EventRef;
use crate::resource::names::Names;
use eventbridge_pattern::Filter;
use serde_json::{Value, json};

/// How often healing begins within an hour, unless the blueprint says otherwise.
///
/// A program that fights it does so at once and reaches any limit within minutes; somebody who
/// tries a door by hand does it a few times. Each time costs one notice.
pub const DEFAULT_LIMIT: u32 = 6;

/// Most often that a blueprint may ask for: the executions are counted in one answer of
/// ListExecutions, which must stay far below the 256 KiB that a state may hold.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub const MAX_LIMIT: u32 = 100;

/// What is put back, and who hears of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Heal {
    /// The destination of notices.
    pub notify: String,
    /// How often healing begins within an hour.
    pub limit: u32,
    /// The calls that start putting the trail back.
    pub logging: Alert,
    /// The calls that start putting a rule back; absent where rules are not healed.
    pub rules: Option<Alert>,
    /// The calls that pause it, change it or end it.
    pub watch: Alert,
    pub span: Option<Span>,
}

/// The id of the alert that starts putting rules back.
pub(crate) const RULES_ID: &str = "heal.rules";

/// What begins the ids of these alerts, and after the blueprint's prefix the names of their rules.
const IDS: &str = "heal.";

/// The calls that change a rule, its targets or its tags, as far as that can silence an alert.
///
/// EnableRule takes read-only events away from a rule that has them: it knows `ENABLED` alone.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EnableRule.html>
const RULE_CALLS: [&str; 8] = [
    "DeleteRule",
    "DisableRule",
    "EnableRule",
    "PutRule",
    "PutTargets",
    "RemoveTargets",
    "TagResource",
    "UntagResource",
];

/// The calls by which the tags of any resource are changed.
///
/// Source: <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_UntagResources.html>
const TAGGING_CALLS: [&str; 2] = ["TagResources", "UntagResources"];

/// How the ARN of a rule begins, in each partition.
const RULE_ARNS: [&str; 3] = ["arn:aws:events:", "arn:aws-cn:events:", "arn:aws-us-gov:events:"];

/// What is asked for of healing.
pub(crate) struct Asked<'a> {
    pub blueprint: &'a str,
    pub trail: &'a str,
    pub notify: &'a str,
    pub limit: u32,
    pub rules: bool,
    pub span: Option<Span>,
}

impl Asked<'_> {
    fn alert(&self, id: &str, title: &str, events: Vec<EventRef>, filter: &Value) -> Option<Alert> {
        Some(Alert {
            id: id.to_owned(),
            title: title.to_owned(),
            risk: Risk::High,
            events,
            filter: Some(Filter::parse(filter).ok()?),
            outcome: Outcome::Any,
            except: Vec::new(),
            why: String::new(),
            next: String::new(),
            notify: vec![self.notify.to_owned()],
            own_notify: true,
            sources: Vec::new(),
            attack: Vec::new(),
            controls: Vec::new(),
            tests: Vec::new(),
            span: self.span.clone(),
        })
    }

    /// An alert on calls that succeeded and were not made by the role that heals.
    fn starts(&self, alert: Alert, role: String) -> Option<Alert> {
        let except = made_by(&[role], "what healing itself puts back")?;
        Some(Alert { outcome: Outcome::Success, except: vec![except], ..alert })
    }

    fn logging(&self, names: &Names) -> Option<Alert> {
        let named = json!([self.trail, { "suffix": format!(":trail/{}", self.trail) }]);
        let calls = ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"];
        let filter = json!({ "$or": [
            { "requestParameters.name": named },
            { "requestParameters.trailName": named },
        ] });
        let events = events(&[("cloudtrail.amazonaws.com", &calls)])?;
        let alert =
            self.alert("heal.logging", "CloudTrail's trail is put back", events, &filter)?;
        self.starts(alert, names.heal())
    }

    /// The state machine finds out which of the calls changed what: here are those that name a rule
    /// of the blueprint's. Those about tags name it at the end of an ARN, which only a wildcard would
    /// find, and a bus has few of these: so all on rules and buses are here, which are rare.
    fn rules(&self, names: &Names) -> Option<Alert> {
        let named = json!([{ "prefix": names.prefix() }]);
        let filter = json!({ "$or": [
            { "requestParameters.name": named },
            { "requestParameters.rule": named },
            { "requestParameters.resourceARN": [{ "prefix": "arn:" }] },
            { "requestParameters.resourceARNList": RULE_ARNS.map(|arn| json!({ "prefix": arn })) },
        ] });
        let events = events(&[
            ("events.amazonaws.com", &RULE_CALLS),
            ("tagging.amazonaws.com", &TAGGING_CALLS),
        ])?;
        let alert = self.alert(RULES_ID, "A rule of ctguard is put back", events, &filter)?;
        self.starts(alert, names.heal_rules())
    }

    /// Whoever changes what heals: the state machines, and where rules are healed the rules that start
    /// them, of which this one is no part. Whoever starts a state machine uses the limit up, and
    /// whoever stops an execution ends it before its notice. An execution is named at the end of its
    /// ARN, which takes a wildcard.
    fn watch(&self, names: &Names) -> Option<Alert> {
        let healers: Vec<String> =
            if self.rules { names.healers().to_vec() } else { vec![names.heal()] };
        let machines: Vec<Value> = healers
            .iter()
            .map(|name| json!({ "suffix": format!(":stateMachine:{name}") }))
            .collect();
        let calls: &[&str] = &[
            "DeleteStateMachine",
            "StartExecution",
            "StopExecution",
            "TagResource",
            "UntagResource",
            "UpdateStateMachine",
        ];
        let mut sources =
            vec![("states.amazonaws.com", calls), ("tagging.amazonaws.com", &TAGGING_CALLS)];
        let executions = json!([{ "wildcard": format!("*:execution:{}*", names.heal()) }]);
        let mut tagged = machines.clone();
        let mut either = vec![
            json!({ "requestParameters.resourceArn": machines }),
            json!({ "requestParameters.stateMachineArn": machines }),
            json!({ "requestParameters.executionArn": executions }),
        ];
        let own = json!([{ "prefix": format!("{}{IDS}", names.prefix()) }]);
        if self.rules {
            sources.push(("events.amazonaws.com", &RULE_CALLS));
            // Behind the bus, if it has one.
            let rules: Vec<Value> = ["logging", "rules", "watch"]
                .iter()
                .map(|id| json!({ "suffix": format!("/{}{IDS}{id}", names.prefix()) }))
                .collect();
            either.push(json!({ "requestParameters.name": own }));
            either.push(json!({ "requestParameters.rule": own }));
            either.push(json!({ "requestParameters.resourceARN": rules }));
            tagged.extend(rules);
        }
        either.push(json!({ "requestParameters.resourceARNList": tagged }));
        let title = match self.rules {
            true => "Healing was paused or changed",
            false => "Healing of the trail was paused or changed",
        };
        let alert =
            self.alert("heal.watch", title, events(&sources)?, &json!({ "$or": either }))?;
        let starters = [names.role(), names.heal(), names.heal_rules()];
        Some(Alert {
            except: vec![made_by(&starters, "what starts healing, and healing itself")?],
            why: "A tag pauses healing; with another definition, or without the state machine, nothing is put back. Whoever starts it uses up its limit, and whoever stops an execution ends it before its notice.".to_owned(),
            next: "Ask whoever it was whether it was planned. `ctguard verify` says whether healing works, `ctguard apply` mends it.".to_owned(),
            ..alert
        })
    }
}

/// The exception of what these roles do; EventBridge starts a state machine by one of them.
fn made_by(roles: &[String], reason: &str) -> Option<Exception> {
    let issuers: Vec<Value> =
        roles.iter().map(|role| json!({ "suffix": format!(":role/{role}") })).collect();
    let own = json!({ "userIdentity.sessionContext.sessionIssuer.arn": issuers });
    Some(Exception {
        filter: Filter::parse(&own).ok()?,
        reason: reason.to_owned(),
        owner: None,
        until: None,
        span: None,
    })
}

/// The events of these calls; `None` if one is not in the catalogue.
fn events(sources: &[(&str, &[&str])]) -> Option<Vec<EventRef>> {
    let mut found: Vec<EventRef> = Vec::new();
    for (source, calls) in sources {
        for call in *calls {
            found.extend(catalogue::find(source, call)?.to_refs());
        }
    }
    found.sort();
    Some(found)
}

/// Whether an alert comes with healing: no alert of a file has a full stop in its id.
pub(crate) fn is_own(alert: &Alert) -> bool {
    alert.id.starts_with(IDS)
}

impl Heal {
    /// What is healed, told to a destination; `None` if an event of it is not in the catalogue.
    pub(crate) fn new(asked: &Asked<'_>) -> Option<Self> {
        let names = Names::new(asked.blueprint);
        Some(Self {
            notify: asked.notify.to_owned(),
            limit: asked.limit,
            logging: asked.logging(&names)?,
            rules: if asked.rules { Some(asked.rules(&names)?) } else { None },
            watch: asked.watch(&names)?,
            span: asked.span.clone(),
        })
    }

    /// Every alert that comes with it.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        [Some(&self.logging), self.rules.as_ref(), Some(&self.watch)].into_iter().flatten()
    }
}

impl Blueprint {
    /// The blueprint with the alert on whoever changes what heals among its own, for verbs that speak
    /// of events alone. What starts healing is left out: whether it says something depends on what it
    /// finds.
    #[must_use]
    pub fn with_watch(mut self) -> Self {
        self.alerts.extend(self.heal.iter().map(|heal| heal.watch.clone()));
        self
    }

    /// The alerts of the file, and those that come with healing.
    pub fn every_alert(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().chain(self.heal.iter().flat_map(Heal::alerts))
    }
}
