//! What is put back by itself: the trail's logging.
//!
//! Two alerts come with it, beside those of the file: what starts the healing, and what keeps it from
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
    /// The calls that start it.
    pub logging: Alert,
    /// The calls that pause it, change it or end it.
    pub watch: Alert,
    pub span: Option<Span>,
}

impl Heal {
    /// What is healed, told to a destination; `None` if an event of it is not in the catalogue.
    pub(crate) fn new(
        blueprint: &str,
        trail: &str,
        notify: &str,
        limit: u32,
        span: Option<Span>,
    ) -> Option<Self> {
        let names = Names::new(blueprint);
        let named = json!([trail, { "suffix": format!(":trail/{trail}") }]);
        let own = json!({ "userIdentity.sessionContext.sessionIssuer.arn": [
            { "suffix": format!(":role/{}", names.heal()) },
        ] });
        let machine = json!([{ "suffix": format!(":stateMachine:{}", names.heal()) }]);
        let alert = |id: &str, title: &str, events: &[(&str, &[&str])], filter: Value| {
            let mut found: Vec<EventRef> = Vec::new();
            for (source, calls) in events {
                for call in *calls {
                    found.extend(catalogue::find(source, call)?.to_refs());
                }
            }
            found.sort();
            Some(Alert {
                id: id.to_owned(),
                title: title.to_owned(),
                risk: Risk::High,
                events: found,
                filter: Some(Filter::parse(&filter).ok()?),
                outcome: Outcome::Any,
                except: Vec::new(),
                why: String::new(),
                next: String::new(),
                notify: vec![notify.to_owned()],
                own_notify: true,
                sources: Vec::new(),
                attack: Vec::new(),
                controls: Vec::new(),
                tests: Vec::new(),
                span: span.clone(),
            })
        };
        let logging = alert(
            "heal.logging",
            "CloudTrail's trail is put back",
            &[(
                "cloudtrail.amazonaws.com",
                &["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"],
            )],
            json!({ "$or": [
                { "requestParameters.name": named },
                { "requestParameters.trailName": named },
            ] }),
        )?;
        let watch = alert(
            "heal.watch",
            "Healing of the trail was paused or changed",
            &[(
                "states.amazonaws.com",
                &["DeleteStateMachine", "TagResource", "UntagResource", "UpdateStateMachine"],
            )],
            json!({ "$or": [
                { "requestParameters.resourceArn": machine },
                { "requestParameters.stateMachineArn": machine },
            ] }),
        )?;
        let except = Exception {
            filter: Filter::parse(&own).ok()?,
            reason: "what healing itself puts back".to_owned(),
            owner: None,
            until: None,
            span: None,
        };
        Some(Self {
            notify: notify.to_owned(),
            limit,
            logging: Alert { outcome: Outcome::Success, except: vec![except], ..logging },
            watch: Alert {
                why: "A tag pauses healing; with another definition, or without the state machine, nothing is put back.".to_owned(),
                next: "Ask whoever it was whether it was planned. `ctguard verify` says whether healing works, `ctguard apply` mends it.".to_owned(),
                ..watch
            },
            span,
        })
    }

    /// Both alerts.
    pub fn alerts(&self) -> [&Alert; 2] {
        [&self.logging, &self.watch]
    }
}

impl Blueprint {
    /// The alerts of the file, and those that come with healing.
    pub fn every_alert(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().chain(self.heal.iter().flat_map(Heal::alerts))
    }
}
