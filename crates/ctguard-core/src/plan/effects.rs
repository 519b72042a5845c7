//! What a plan means for each alert: in how many places it is silent now, and after.

use super::outlook::PathForecast;
use super::{Change, Effect, given_up, reach};
use crate::desired::{AlertPath, Desired};
use crate::event::EventRef;
use crate::resource::rule::RuleState;
use crate::snapshot::{Live, LiveRule, Observed};
use eventbridge_pattern::{Coverage, Pattern};
use std::collections::BTreeMap;

/// In how many places an alert reaches everybody: in all, now, after the plan, and once people have
/// confirmed.
#[derive(Default)]
struct Tally {
    places: usize,
    now: usize,
    after: usize,
    confirmed: usize,
    partly_now: usize,
    partly_after: usize,
    partly_confirmed: usize,
    unknown_now: usize,
    unknown_after: usize,
    assumed_now: usize,
}

/// One effect per alert, gravest first, then the alerts whose rules the changes remove.
pub(super) fn of<'p>(
    desired: &Desired,
    live: &Live,
    forecasts: &[PathForecast],
    changes: impl Iterator<Item = &'p Change>,
) -> Vec<Effect> {
    let mut given_up = given_up::by(desired, live, changes);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for (path, forecast) in desired.paths.iter().zip(forecasts) {
        let by_another = || forecast.after && raised_by_another(desired, live, path);
        let tally = tallies.entry(&*path.alert).or_default();
        tally.places += 1;
        let now = forecast.now || by_another();
        tally.now += usize::from(now);
        tally.partly_now += usize::from(!now && forecast.partly.now);
        tally.unknown_now += usize::from(!now && forecast.unknown.now);
        tally.unknown_after += usize::from(forecast.unknown.after);
        tally.assumed_now += usize::from(forecast.now && forecast.assumed);
        tally.partly_after += usize::from(forecast.partly.after);
        tally.partly_confirmed += usize::from(forecast.partly.confirmed);
        tally.after += usize::from(forecast.after);
        tally.confirmed += usize::from(forecast.confirmed);
    }
    let none = Tally::default();
    let mut effects: Vec<Effect> = desired
        .alerts
        .iter()
        .filter_map(|alert| {
            // A part of the fleet may have lost its last place of an alert.
            let lost = alert.routed && given_up.contains_key(&alert.id);
            let tally = tallies.get(alert.id.as_str()).or_else(|| lost.then_some(&none))?;
            Some(Effect {
                alert: alert.id.clone(),
                risk: Some(alert.risk),
                places: tally.places,
                alerting_now: tally.now,
                alerting_after: tally.after,
                alerting_confirmed: tally.confirmed,
                partly_now: tally.partly_now,
                partly_after: tally.partly_after,
                partly_confirmed: tally.partly_confirmed,
                unknown_now: tally.unknown_now,
                unknown_after: tally.unknown_after,
                assumed_now: tally.assumed_now,
                removed: false,
                dropped: 0,
                dropped_to_others: 0,
            })
        })
        .collect();
    for effect in &mut effects {
        let given = given_up.remove(&effect.alert).unwrap_or_default();
        effect.dropped = given.count(|there| there.heard);
        effect.dropped_to_others = given.count(|there| there.heard && !there.unwatched);
    }
    effects.extend(given_up.into_iter().map(|(alert, given)| Effect {
        risk: given.risk,
        places: given.places.len(),
        alerting_now: given.count(|there| there.heard),
        alerting_after: 0,
        alerting_confirmed: 0,
        partly_now: 0,
        partly_after: 0,
        partly_confirmed: 0,
        unknown_now: 0,
        unknown_after: 0,
        assumed_now: 0,
        removed: true,
        alert,
        dropped: given.count(|there| there.heard),
        dropped_to_others: given.count(|there| there.heard && !there.unwatched),
    }));
    effects
}

/// Whether a rule that is taken over raises the alert now: it matches all that the alert's own rules
/// will, and sends to the same topics.
fn raised_by_another(desired: &Desired, live: &Live, path: &AlertPath) -> bool {
    let Some((here, seen)) = desired.places.get(&path.raised).zip(live.places.get(&path.raised))
    else {
        return false;
    };
    let sends = |rule: &LiveRule, topic: &str| {
        let targets = rule.targets.known();
        targets.is_some_and(|all| all.values().any(|target| target.arn == topic))
    };
    let old: Vec<(Pattern, &LiveRule)> = seen
        .other_rules
        .values()
        .filter_map(Observed::known)
        .filter(|rule| rule.rule.state != RuleState::Disabled && reach::rule(live, seen, rule))
        .filter(|rule| path.destinations.iter().all(|to| sends(rule, &to.topic_arn)))
        .filter_map(|rule| {
            let text = rule.rule.event_pattern.as_deref()?;
            Some((Pattern::parse(text).ok()?, rule))
        })
        .collect();
    // A rule that is ENABLED hears no read-only events.
    let reads = path.events.iter().any(EventRef::needs_wide_state);
    let hears = |rule: &LiveRule| !reads || rule.rule.state != RuleState::Enabled;
    path.forward.is_none()
        && !path.rules.is_empty()
        && path.rules.iter().all(|key| {
            let wanted = here.rules.get(key).map(|rule| &rule.compiled.pattern);
            wanted.is_some_and(|wanted| {
                old.iter().any(|(pattern, rule)| {
                    hears(rule) && pattern.coverage_of(wanted) != Coverage::NotShown
                })
            })
        })
}
