//! Do the rules take the event and hand it to every routed destination?

use super::{Link, LinkCode, Mender, Status, unreadable};
use crate::desired::{AlertPath, Desired, DesiredRule, DestinationPath};
use crate::message;
use crate::pattern::{Coverage, Pattern};
use crate::plan::Live;
use crate::resource::BLUEPRINT_TAG;
use crate::resource::rule::RuleState;
use crate::scope::Place;
use crate::snapshot::{LiveRule, Observed};
use std::sync::Arc;

pub fn judge(desired: &Desired, live: &Live, path: &AlertPath, links: &mut Vec<Arc<Link>>) {
    let place = &path.raised;
    let seen = live.places.get(place).map(|seen| &seen.rules);
    for name in &path.rules {
        let object = place.arn("events", &format!("rule/{name}"));
        let Some(wanted) = desired.places.get(place).and_then(|here| here.rules.get(name)) else {
            continue;
        };
        let rule = match seen {
            Some(Observed::Known(rules)) => rules.get(name),
            Some(Observed::Unreadable(why)) => {
                links.push(Arc::new(unreadable(LinkCode::RuleMissing, place, object, why)));
                continue;
            }
            Some(Observed::Absent) | None => None,
        };
        let Some(rule) = rule else {
            let cause = "it does not exist".to_owned();
            links.push(Arc::new(broken(
                LinkCode::RuleMissing,
                place,
                object,
                cause,
                Mender::Apply,
            )));
            continue;
        };
        let judge = RuleJudge { place, name, wanted, rule, mender: mender(desired, rule) };
        links.push(Arc::new(judge.rule()));
        for destination in
            path.destinations.iter().filter(|d| wanted.targets.contains_key(&d.target_id))
        {
            links.push(Arc::new(judge.target(destination)));
        }
    }
}

struct RuleJudge<'a> {
    place: &'a Place,
    name: &'a str,
    wanted: &'a DesiredRule,
    rule: &'a LiveRule,
    mender: Mender,
}

impl RuleJudge<'_> {
    fn rule(&self) -> Link {
        let object = self.place.arn("events", &format!("rule/{}", self.name));
        let (state, wanted) = (self.rule.rule.state, self.wanted.rule.state);
        let break_at = |code, cause| broken(code, self.place, object.clone(), cause, self.mender);
        if state == RuleState::Disabled {
            return break_at(LinkCode::RuleDisabled, "its state is DISABLED".to_owned());
        }
        if state < wanted {
            let cause = format!(
                "its state is {}, which drops the read-only events of this alert; it should be {}",
                state.as_str(),
                wanted.as_str()
            );
            return break_at(LinkCode::RuleState, cause);
        }
        let pattern = self.rule.rule.event_pattern.as_deref().unwrap_or_default();
        match Pattern::parse(pattern).map(|live| live.coverage_of(&self.wanted.compiled.pattern)) {
            Ok(Coverage::Equal | Coverage::Wider) => {
                let cause = format!(
                    "its state is {} and its pattern takes every event asked for",
                    state.as_str()
                );
                proven(LinkCode::RuleMissing, self.place, object, cause)
            }
            Ok(Coverage::NotShown) => {
                let cause =
                    "its event pattern was changed and is not shown to match every event it should"
                        .to_owned();
                break_at(LinkCode::RulePattern, cause)
            }
            Err(error) => {
                break_at(LinkCode::RulePattern, format!("its event pattern is invalid: {error}"))
            }
        }
    }

    fn target(&self, destination: &DestinationPath) -> Link {
        let object = format!(
            "{} → {}",
            self.place.arn("events", &format!("rule/{}", self.name)),
            destination.topic_arn
        );
        let targets = match &self.rule.targets {
            Observed::Known(targets) => targets,
            Observed::Unreadable(why) => {
                return unreadable(LinkCode::TargetMissing, self.place, object, why);
            }
            Observed::Absent => {
                return broken(
                    LinkCode::TargetMissing,
                    self.place,
                    object,
                    "the rule has no targets".to_owned(),
                    self.mender,
                );
            }
        };
        // Any target on the topic will do: what counts is that the message gets there.
        let found = targets.values().find(|target| target.arn == destination.topic_arn);
        let Some(target) = found else {
            let (code, cause) = match targets.get(&destination.target_id) {
                Some(other) => (
                    LinkCode::TargetElsewhere,
                    format!("target {} sends to {}", destination.target_id, other.arn),
                ),
                None => (
                    LinkCode::TargetMissing,
                    format!("the rule has no target {}", destination.target_id),
                ),
            };
            return broken(code, self.place, object, cause, self.mender);
        };
        let wanted = self.wanted.targets.get(&destination.target_id).map(|target| &target.input);
        if wanted != Some(&target.input)
            && let Err(error) = message::validate(&target.input)
        {
            return broken(
                LinkCode::TargetInput,
                self.place,
                object,
                format!("its input was changed: {error}"),
                self.mender,
            );
        }
        if let Some(role) = &target.role_arn {
            return Link {
                code: LinkCode::TargetElsewhere,
                status: Status::Assumed,
                place: self.place.clone(),
                object,
                cause: format!("it publishes as {role}, whose permissions are not read"),
                fix: "Run `ctguard apply`, which takes the role off: the topic's policy is enough."
                    .to_owned(),
                mender: self.mender,
            };
        }
        proven(
            LinkCode::TargetMissing,
            self.place,
            object,
            "the topic is a target of the rule".to_owned(),
        )
    }
}

/// ctguard mends only what it owns.
fn mender(desired: &Desired, rule: &LiveRule) -> Mender {
    let owned = rule
        .tags
        .known()
        .and_then(|tags| tags.get(BLUEPRINT_TAG))
        .is_some_and(|name| *name == desired.name);
    if owned && rule.rule.managed_by.is_none() { Mender::Apply } else { Mender::Person }
}

pub(super) fn proven(code: LinkCode, place: &Place, object: String, cause: String) -> Link {
    Link {
        code,
        status: Status::Proven,
        place: place.clone(),
        object,
        cause,
        fix: String::new(),
        mender: Mender::Apply,
    }
}

/// A broken link whose fix follows from who can mend it.
pub(super) fn broken(
    code: LinkCode,
    place: &Place,
    object: String,
    cause: String,
    mender: Mender,
) -> Link {
    let fix = match mender {
        Mender::Apply => "Run `ctguard apply`.",
        Mender::Person => {
            "It is not owned by this blueprint: its owner must mend it, or the blueprint must get another `name`."
        }
    };
    Link {
        code,
        status: Status::Broken,
        place: place.clone(),
        object,
        cause,
        fix: fix.to_owned(),
        mender,
    }
}
