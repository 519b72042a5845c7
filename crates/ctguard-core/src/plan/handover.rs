//! A rule that loses events to another rule, in two steps: until the other is proven to carry them,
//! it matches the union of old and new.
//!
//! ```text
//! live ──first──► live or wanted ──settle, hold──last──► wanted
//! ```
//!
//! A rule that loses events to nobody, because the blueprint no longer asks for them, changes at
//! once.

use super::Step;
use crate::desired::pattern::union;
use crate::desired::{DesiredPlace, DesiredRule};
use crate::event::{name_covers, named_events, names_meet};
use crate::resource::keys::RuleKey;
use crate::resource::rule::{Rule, RuleState};
use eventbridge_pattern::{Coverage, Pattern};
use std::collections::BTreeSet;

/// The rule to write now, and the step; a single step when nothing is handed over.
pub(super) fn step(
    here: &DesiredPlace,
    key: &RuleKey,
    live: &Rule,
    wanted: &DesiredRule,
) -> (Rule, Option<Step>) {
    let at_once = || (*wanted.rule).clone();
    let Some(pattern) = live_pattern(live) else { return (at_once(), None) };
    if covers(&wanted.compiled.pattern, &pattern) || !hands_over(here, key, live, wanted) {
        return (at_once(), None);
    }
    let Some(both) = both(live, &pattern, &wanted.compiled.pattern) else {
        // The union does not fit into a rule: the whole change is made last.
        return (at_once(), Some(Step::Last));
    };
    let meanwhile = Rule {
        event_pattern: Some(both),
        state: live.state.max(wanted.rule.state),
        ..(*wanted.rule).clone()
    };
    if meanwhile == *live { (at_once(), Some(Step::Last)) } else { (meanwhile, Some(Step::First)) }
}

/// Whether a rule matches at least everything desired.
pub(super) fn takes_all(live: &Rule, wanted: &DesiredRule) -> bool {
    live_pattern(live).is_some_and(|pattern| covers(&pattern, &wanted.compiled.pattern))
}

/// The events that a live rule names and that are no longer desired.
pub(super) fn lost(live: &Rule, wanted: &DesiredRule) -> BTreeSet<String> {
    let kept = event_names(&wanted.compiled.json);
    let named = live.event_pattern.as_deref().map(event_names).unwrap_or_default();
    let is_kept =
        |name: &&String| kept.contains(*name) || kept.iter().any(|wide| name_covers(wide, name));
    named.iter().filter(|name| !is_kept(name)).cloned().collect()
}

/// Whether another rule may take over what this one loses: one that is not a copy of it and shares
/// an event name.
fn hands_over(here: &DesiredPlace, key: &RuleKey, live: &Rule, wanted: &DesiredRule) -> bool {
    let named = live.event_pattern.as_deref().map(event_names).unwrap_or_default();
    here.rules.iter().any(|(other, rule)| {
        other != key
            && other.bus() == key.bus()
            && rule.compiled.json != wanted.compiled.json
            && event_names(&rule.compiled.json)
                .iter()
                .any(|one| named.iter().any(|other| names_meet(one, other)))
    })
}

/// A pattern that matches what either matches, when a rule can hold it.
fn both(live: &Rule, pattern: &Pattern, wanted: &Pattern) -> Option<String> {
    if covers(pattern, wanted) {
        return live.event_pattern.clone();
    }
    let (both, text) = union(pattern, wanted)?;
    (covers(&both, pattern) && covers(&both, wanted)).then_some(text)
}

fn live_pattern(live: &Rule) -> Option<Pattern> {
    if live.state == RuleState::Disabled {
        return None;
    }
    live.event_pattern.as_deref().and_then(|text| Pattern::parse(text).ok())
}

fn covers(wide: &Pattern, narrow: &Pattern) -> bool {
    wide.coverage_of(narrow) != Coverage::NotShown
}

/// Every event name, and family of names, that a pattern lists.
pub(super) fn event_names(pattern: &str) -> BTreeSet<String> {
    named_events(pattern).into_iter().map(|(_, name)| name).collect()
}
