//! Harmless calls that are logged as events: each object that a drill makes for them, call by call.
//!
//! | object | where | events |
//! |---|---|---|
//! | topic `<prefix>drill` | anywhere | sns: CreateTopic, SetTopicAttributes, TagResource, DeleteTopic |
//! | queue `<prefix>drill` | anywhere | sqs: CreateQueue, SetQueueAttributes, TagQueue, DeleteQueue |
//! | rule `<prefix>drill.object`, disabled | anywhere | events: PutRule, TagResource, PutTargets, RemoveTargets, DeleteRule |
//! | role `<prefix>drill`, which nobody can assume | where IAM's events land | iam: CreateRole, TagRole, UpdateAssumeRolePolicy, PutRolePolicy, DeleteRolePolicy, DeleteRole |
//! | the blueprint's own trail, which stays as it is | its home region | cloudtrail: StartLogging, PutEventSelectors, UpdateTrail, AddTags |
//!
//! An object of its own lives for seconds, is empty, lets nobody in and costs nothing: topics,
//! queues, rules and roles are free, and what is paid for is the messages and events that
//! pass through them
//! (<https://aws.amazon.com/sns/pricing/>, <https://aws.amazon.com/sqs/pricing/>,
//! <https://aws.amazon.com/eventbridge/pricing/>, <https://aws.amazon.com/iam/>). The calls on the
//! trail write what was read of it: StartLogging of one that logs, its own selectors, settings and
//! tags.
//!
//! What has no harmless call here: whatever needs a network, a data store or a person (EC2, RDS,
//! sign-ins), what would open a gap (StopLogging, DeleteTrail), and what may be logged under either of
//! two sources (CreateEventBus).

use crate::action::{Action, TopicAttribute};
use crate::blueprint::Blueprint;
use crate::desired::{Desired, tags_of};
use crate::resource::names::Names;
use crate::resource::policy;
use crate::resource::queue::Queue;
use crate::resource::rule::{Input, Rule, RuleState, Target, Targets};
use crate::resource::{DRILL_TAG, Kind, Tags, owned_by};
use crate::scope::Place;
use crate::snapshot::{Live, LiveTrail, Observed};
use serde_json::json;
use std::collections::BTreeSet;

/// What calls are made on, those that touch least first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum Thing {
    Topic,
    Queue,
    Rule,
    Role,
    Trail,
}

/// When a call of an object's life is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Whenever anything is done with the object: it makes or deletes it.
    Always,
    /// When its event is asked for.
    Asked,
    /// When its event is asked for, or that of the call that goes with it.
    With(&'static str),
}

/// How long the throw-away queues keep messages, should they be left behind: a day.
pub const KEPT_SECONDS: u32 = 86_400;

impl Thing {
    /// Every object, in the order in which they are preferred.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// As people call it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Every call that can be made on it in a place, in order. Empty where it cannot be there.
    pub fn calls(self, at: &At<'_>) -> Vec<Action> {
        self.life(at).into_iter().map(|(action, _)| action).collect()
    }

    /// The calls that raise these events (`sns:CreateTopic`), with those that they need before and
    /// after.
    pub fn script(self, at: &At<'_>, events: &BTreeSet<String>) -> Vec<Action> {
        let asked = |event: &str| events.contains(event);
        let wanted = |(action, when): &(Action, When)| {
            let event = action.logged(at.place).short();
            match when {
                When::Always => true,
                When::Asked => asked(&event),
                When::With(other) => asked(&event) || asked(other),
            }
        };
        let life = self.life(at).into_iter();
        life.filter(wanted).map(|(action, _)| action).collect()
    }

    fn life(self, at: &At<'_>) -> Vec<(Action, When)> {
        let name = at.names.drill();
        match self {
            Self::Topic => topic(at, name),
            Self::Queue => queue(at, name),
            Self::Rule => rule(at),
            Self::Role => role(at, name),
            Self::Trail => trail(at),
        }
    }
}

/// Where calls are made, and what they are made of.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    pub place: &'a Place,
    pub names: &'a Names,
    pub blueprint: &'a Blueprint,
    pub desired: &'a Desired,
    pub live: &'a Live,
}

impl At<'_> {
    fn tags(&self, kind: Kind) -> Tags {
        tags(self.blueprint, kind)
    }

    /// The trail that the blueprint keeps and owns, where it is at home and wholly known.
    fn trail(&self) -> Option<&LiveTrail> {
        let wanted = self.desired.places.get(self.place)?.trail.as_ref()?;
        let seen = self.live.places.get(self.place)?.trails.known()?;
        let is_wanted = |trail: &&LiveTrail| {
            trail.name == wanted.name && trail.home_region == self.place.region
        };
        let own = |tags: &Observed<Tags>| {
            tags.known().is_some_and(|tags| owned_by(tags, &self.desired.name))
        };
        seen.values().find(is_wanted).filter(|trail| own(&trail.tags))
    }
}

/// The tags of what a drill makes: the blueprint's, its ownership, and that it does not stay.
pub fn tags(blueprint: &Blueprint, kind: Kind) -> Tags {
    let mut tags = tags_of(blueprint, kind, None);
    tags.insert(DRILL_TAG.to_owned(), "temporary".to_owned());
    tags
}

fn topic(at: &At<'_>, name: String) -> Vec<(Action, When)> {
    let said = TopicAttribute::DisplayName("ctguard drill".to_owned());
    let tags = at.tags(Kind::Topic);
    vec![
        (Action::CreateTopic { name: name.clone(), tags: tags.clone() }, When::Always),
        (Action::SetTopicAttribute { name: name.clone(), attribute: said }, When::Asked),
        (Action::TagTopic { name: name.clone(), tags }, When::Asked),
        (Action::DeleteTopic { name }, When::Always),
    ]
}

fn queue(at: &At<'_>, name: String) -> Vec<(Action, When)> {
    let tags = at.tags(Kind::Queue);
    let queue = plain_queue();
    vec![
        (
            Action::CreateQueue { name: name.clone(), queue: queue.clone(), tags: tags.clone() },
            When::Always,
        ),
        (Action::SetQueueAttributes { name: name.clone(), queue }, When::Asked),
        (Action::TagQueue { name: name.clone(), tags }, When::Asked),
        (Action::DeleteQueue { name }, When::Always),
    ]
}

/// An empty queue that nobody but its account may use, encrypted by SQS.
pub(super) fn plain_queue() -> Queue {
    Queue {
        message_retention_seconds: KEPT_SECONDS,
        sqs_managed_sse: true,
        kms_key: None,
        policy: None,
    }
}

/// A disabled rule whose pattern no event matches.
fn rule(at: &At<'_>) -> Vec<(Action, When)> {
    let name = at.names.drill_rule();
    let id = at.names.drill();
    let rule = Rule {
        state: RuleState::Disabled,
        event_pattern: Some(json!({ "source": ["ctguard.drill"] }).to_string()),
        schedule_expression: None,
        description: Some("Made by a drill, which deletes it".to_owned()),
        role_arn: None,
        managed_by: None,
    };
    let target = Target {
        arn: at.place.arn("sqs", &id),
        role_arn: None,
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    let tags = at.tags(Kind::Rule);
    let put = Action::PutTargets {
        rule: name.as_str().into(),
        targets: Targets::from([(id.clone(), target)]),
    };
    let remove = Action::RemoveTargets { rule: name.as_str().into(), ids: BTreeSet::from([id]) };
    vec![
        (Action::PutRule { name: name.as_str().into(), rule, tags: tags.clone() }, When::Always),
        (Action::TagRule { name: name.as_str().into(), tags }, When::Asked),
        (put, When::With("events:RemoveTargets")),
        (remove, When::With("events:PutTargets")),
        (Action::DeleteRule { name: name.into() }, When::Always),
    ]
}

/// A role that nobody can assume, and that may do nothing.
fn role(at: &At<'_>, name: String) -> Vec<(Action, When)> {
    let iam = at.place.region.partition();
    if super::lands("iam.amazonaws.com", "CreateRole", at.place) != *at.place {
        return Vec::new();
    }
    let nobody = policy::document(vec![json!({
        "Effect": "Deny",
        "Principal": { "AWS": format!("arn:{iam}:iam::{}:root", at.place.account) },
        "Action": "sts:AssumeRole",
    })]);
    let nothing =
        policy::document(vec![json!({ "Effect": "Deny", "Action": "*", "Resource": "*" })]);
    let tags = at.tags(Kind::Role);
    let inline = name.clone();
    vec![
        (
            Action::CreateRole { name: name.clone(), trust: nobody.clone(), tags: tags.clone() },
            When::Always,
        ),
        (Action::TagRole { name: name.clone(), tags }, When::Asked),
        (Action::UpdateAssumeRolePolicy { role: name.clone(), trust: nobody }, When::Asked),
        (
            Action::PutRolePolicy { role: name.clone(), name: inline.clone(), policy: nothing },
            When::With("iam:DeleteRolePolicy"),
        ),
        (
            Action::DeleteRolePolicy { role: name.clone(), name: inline },
            When::With("iam:PutRolePolicy"),
        ),
        (Action::DeleteRole { name }, When::Always),
    ]
}

/// The calls that leave the blueprint's own trail as it is.
fn trail(at: &At<'_>) -> Vec<(Action, When)> {
    let Some(trail) = at.trail() else { return Vec::new() };
    let name = &trail.name;
    let mut calls = Vec::new();
    if trail.status.known().is_some_and(|status| status.logging) {
        calls.push(Action::StartLogging { name: name.clone() });
    }
    if let Observed::Known(selectors) = &trail.selectors {
        calls.push(Action::PutEventSelectors { name: name.clone(), selectors: selectors.clone() });
    }
    calls.push(Action::UpdateTrail { name: name.clone(), trail: trail.trail.clone() });
    if let Observed::Known(tags) = &trail.tags {
        calls.push(Action::TagTrail { name: name.clone(), tags: tags.clone() });
    }
    calls.into_iter().map(|action| (action, When::Asked)).collect()
}
