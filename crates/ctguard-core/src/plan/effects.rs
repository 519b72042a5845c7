//! What a plan means for each alert: in how many places it is silent now, and after.

use super::outlook::PathForecast;
use super::{Effect, Plan, Verb, reach};
use crate::desired::{AlertPath, Desired};
use crate::event::EventRef;
use crate::resource::Kind;
use crate::resource::keys::RuleKey;
use crate::resource::rule::RuleState;
use crate::scope::Place;
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
}

/// One effect per alert, gravest first, then the alerts whose rules the plan removes.
pub(super) fn of(
    desired: &Desired,
    live: &Live,
    forecasts: &[PathForecast],
    plan: &Plan,
) -> Vec<Effect> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for (path, forecast) in desired.paths.iter().zip(forecasts) {
        let by_another = || forecast.after && raised_by_another(desired, live, path);
        let tally = tallies.entry(&*path.alert).or_default();
        tally.places += 1;
        tally.now += usize::from(forecast.now || by_another());
        tally.after += usize::from(forecast.after);
        tally.confirmed += usize::from(forecast.confirmed);
    }
    let mut effects: Vec<Effect> = desired
        .alerts
        .iter()
        .filter_map(|alert| {
            let tally = tallies.get(alert.id.as_str())?;
            Some(Effect {
                alert: alert.id.clone(),
                risk: Some(alert.risk),
                places: tally.places,
                alerting_now: tally.now,
                alerting_after: tally.after,
                alerting_confirmed: tally.confirmed,
                removed: false,
            })
        })
        .collect();
    // Per removed alert, the places that lose it, and whether it reaches anybody there now.
    let mut removed: BTreeMap<String, BTreeMap<&Place, bool>> = BTreeMap::new();
    let deletes =
        plan.changes.iter().filter(|c| c.action == Verb::Delete && c.address.kind == Kind::Rule);
    for change in deletes {
        let Some(key) = change.address.rule() else { continue };
        // A forwarding rule raises no alert; those whose events it took are in the hub.
        if key.bus().is_none() && desired.names.is_forward(key.name()) {
            continue;
        }
        let alert = change.alert.clone().unwrap_or_else(|| key.name().to_owned());
        if !desired.alerts.iter().any(|wanted| wanted.id == alert && wanted.routed) {
            let heard = removed.entry(alert).or_default().entry(&change.place).or_default();
            *heard |= reaches_somebody(live, &change.place, &key);
        }
    }
    effects.extend(removed.into_iter().map(|(alert, places)| Effect {
        alert,
        risk: None,
        places: places.len(),
        alerting_now: places.values().filter(|heard| **heard).count(),
        alerting_after: 0,
        alerting_confirmed: 0,
        removed: true,
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

/// Whether a live rule is enabled and what it sends may reach somebody.
fn reaches_somebody(live: &Live, place: &Place, rule: &RuleKey) -> bool {
    let Some(seen) = live.places.get(place) else { return false };
    let on = seen.rule(rule).filter(|rule| rule.rule.state != RuleState::Disabled);
    on.is_some_and(|rule| reach::rule(live, seen, rule))
}
