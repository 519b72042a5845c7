//! Do the rules take the event?

use super::{Link, LinkCode, Mender, Status, target, unreadable};
use crate::desired::{AlertPath, Desired, DesiredRule};
use crate::pattern::{Coverage, Pattern};
use crate::plan::Live;
use crate::resource::BLUEPRINT_TAG;
use crate::resource::rule::{RuleState, WILDCARD_RULES_PER_BUS, rules_per_bus};
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
            links.push(Arc::new(missing(live, place, name, wanted, object)));
            continue;
        };
        let judge = RuleJudge { place, name, wanted, rule, mender: mender(desired, rule) };
        links.push(Arc::new(judge.rule()));
        for destination in
            path.destinations.iter().filter(|d| wanted.targets.contains_key(&d.target_id))
        {
            let target = target::Judge { place, name, wanted, rule, mender: judge.mender };
            links.push(Arc::new(target.link(destination)));
        }
    }
}

/// A rule that is not on the default bus: it may be on another, or there may be no room for it.
fn missing(live: &Live, place: &Place, name: &str, wanted: &DesiredRule, object: String) -> Link {
    let seen = live.places.get(place);
    let stray = seen.and_then(|seen| seen.stray_rules.get(name));
    if let Some(bus) = stray {
        let cause =
            format!("it is on the event bus {bus}, and CloudTrail sends to the default bus only");
        return broken(LinkCode::RuleOnWrongBus, place, object, cause, Mender::Apply);
    }
    let wild = seen.and_then(|seen| seen.wildcard_rules_on_bus);
    if let Some(count) = wild.filter(|count| *count >= WILDCARD_RULES_PER_BUS)
        && wanted.compiled.pattern.has_wildcard()
    {
        let cause = format!(
            "it does not exist and has a wildcard, and the default bus has {count} rules with one, where AWS's quota is {WILDCARD_RULES_PER_BUS}"
        );
        return Link {
            fix: "Remove rules with wildcards that nobody needs, or put the alert without one: AWS does not raise this quota. Then run `ctguard apply`.".to_owned(),
            ..broken(LinkCode::RuleQuota, place, object, cause, Mender::Person)
        };
    }
    let most = rules_per_bus(&place.region);
    match seen.and_then(|seen| seen.rules_on_bus).filter(|count| *count >= most) {
        Some(count) => Link {
            fix: "Remove rules that nobody needs, or ask AWS to raise the quota of rules on an event bus (L-244521F2), and run `ctguard apply`.".to_owned(),
            ..broken(
                LinkCode::RuleQuota,
                place,
                object,
                format!("it does not exist, and the default bus has {count} rules, where AWS's quota is {most}"),
                Mender::Person,
            )
        },
        None => {
            broken(LinkCode::RuleMissing, place, object, "it does not exist".to_owned(), Mender::Apply)
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
            "ctguard does not touch it: it does not carry this blueprint's tag, as far as its tags can be read. Its owner must mend it."
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
