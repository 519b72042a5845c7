//! EventBridge: rules and their targets. A rule is named by its key: `name` on the default bus,
//! `bus/name` on another.

mod input;

use super::hop::{self, Hop};
use super::refusal::{
    Done, Refusal, check_tags, deny, ensure, is_dead_letter_queue, is_name, is_role, refuse,
};
use super::state::{State, StoredRule, locate};
use super::{buses, roles};
use ctguard_core::resource::Tags;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::{
    DESCRIPTION_MAX_CHARS, EVENT_PATTERN_MAX_CHARS, RULE_NAME_MAX_CHARS, RULES_PER_BUS,
    RULES_PER_BUS_SMALL_REGIONS, Rule, TARGETS_PER_RULE, Target, Targets, WILDCARD_RULES_PER_BUS,
};
use ctguard_core::scope::{Arn, Place};
use eventbridge_pattern::Pattern;
use eventbridge_pattern::complexity::COMPLEXITY_MAX;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const INVALID: &str = "ValidationException";
const PATTERN: &str = "InvalidEventPatternException";
const LIMIT: &str = "LimitExceededException";
const MISSING: &str = "ResourceNotFoundException";
const MANAGED: &str = "ManagedRuleException";

/// Whether a rule or target can have this name.
pub fn is_rule_name(name: &str) -> bool {
    is_name(name, RULE_NAME_MAX_CHARS, ".-_")
}

/// Creates a rule, or replaces all settings of one; its targets stay, and tags are ignored then.
pub fn put_rule(state: &mut State, place: &Place, key: &RuleKey, rule: &Rule, tags: &Tags) -> Done {
    let (bus, name) = (key.bus(), key.name());
    ensure(is_rule_name(name), INVALID, || format!("`{name}` is not a rule name"))?;
    check_rule(rule)?;
    let Some(rules) = state.region(place).rules_of(bus) else {
        return Err(buses::missing(bus.unwrap_or("default")));
    };
    check_wildcards(rules, name, rule)?;
    match rules.get(name) {
        Some(there) => not_managed(name, there)?,
        None => {
            check_tags(tags, &Tags::new(), INVALID)?;
            let most = if RULES_PER_BUS_SMALL_REGIONS.contains(&place.region.as_str()) {
                100
            } else {
                RULES_PER_BUS
            };
            ensure(rules.len() < most, LIMIT, || {
                "the requested resource exceeds the maximum number allowed".to_owned()
            })?;
        }
    }
    if let Some(role) = &rule.role_arn {
        check_role(state, place, key, role)?;
    }
    let Some(rules) = state.region_mut(place).rules_of_mut(bus) else { return Ok(()) };
    match rules.get_mut(name) {
        Some(there) => there.rule = rule.clone(),
        None => {
            let new =
                StoredRule { rule: rule.clone(), targets: Targets::new(), tags: tags.clone() };
            rules.insert(name.to_owned(), new);
        }
    }
    Ok(())
}

/// Adds tags to a rule.
pub fn tag_rule(state: &mut State, place: &Place, key: &RuleKey, tags: &Tags) -> Done {
    let there = find(state, place, key)?;
    not_managed(key.as_str(), there)?;
    check_tags(tags, &there.tags, INVALID)?;
    edit(state, place, key, |rule| rule.tags.extend(tags.clone()));
    Ok(())
}

/// Adds or replaces targets by id; other targets stay.
pub fn put_targets(state: &mut State, place: &Place, key: &RuleKey, targets: &Targets) -> Done {
    let there = find(state, place, key)?;
    not_managed(key.as_str(), there)?;
    ensure(!targets.is_empty(), INVALID, || "no targets given".to_owned())?;
    for (id, target) in targets {
        ensure(is_rule_name(id), INVALID, || format!("`{id}` is not a target id"))?;
        check_target(place, target)
            .map_err(|why| refuse(INVALID, format!("target {id}: {why}")))?;
        check_admission(state, place, key, target)?;
    }
    let ids: BTreeSet<_> = there.targets.keys().chain(targets.keys()).collect();
    ensure(ids.len() <= TARGETS_PER_RULE, LIMIT, || {
        "the requested resource exceeds the maximum number allowed".to_owned()
    })?;
    edit(state, place, key, |rule| rule.targets.extend(targets.clone()));
    Ok(())
}

/// Removes targets; missing ids and rules are ignored.
pub fn remove_targets(
    state: &mut State,
    place: &Place,
    key: &RuleKey,
    ids: &BTreeSet<String>,
) -> Done {
    let Some(there) = state.region(place).rule(key) else {
        return Ok(());
    };
    not_managed(key.as_str(), there)?;
    ensure(!ids.is_empty(), INVALID, || "no target ids given".to_owned())?;
    edit(state, place, key, |rule| rule.targets.retain(|id, _| !ids.contains(id)));
    Ok(())
}

/// Deletes a rule that has no targets; succeeds if it is gone.
pub fn delete_rule(state: &mut State, place: &Place, key: &RuleKey) -> Done {
    let Some(there) = state.region(place).rule(key) else {
        return Ok(());
    };
    not_managed(key.as_str(), there)?;
    ensure(there.targets.is_empty(), INVALID, || {
        "rule can't be deleted since it has targets".to_owned()
    })?;
    if let Some(rules) = state.region_mut(place).rules_of_mut(key.bus()) {
        rules.remove(key.name());
    }
    Ok(())
}

fn find<'a>(state: &'a State, place: &Place, key: &RuleKey) -> Result<&'a StoredRule, Refusal> {
    let (bus, name) = (key.bus().unwrap_or("default"), key.name());
    let there = state.region(place).rule(key);
    there.ok_or_else(|| refuse(MISSING, format!("rule {name} does not exist on EventBus {bus}")))
}

fn edit(state: &mut State, place: &Place, key: &RuleKey, change: impl FnOnce(&mut StoredRule)) {
    if let Some(rule) = state.region_mut(place).rule_mut(key) {
        change(rule);
    }
}

fn not_managed(name: &str, rule: &StoredRule) -> Done {
    ensure(rule.rule.managed_by.is_none(), MANAGED, || {
        format!("rule {name} is managed by an AWS service and cannot be changed")
    })
}

fn check_rule(rule: &Rule) -> Done {
    ensure(rule.managed_by.is_none(), INVALID, || "managed_by cannot be set".to_owned())?;
    ensure(rule.event_pattern.is_some() || rule.schedule_expression.is_some(), INVALID, || {
        "parameter(s) EventPattern or ScheduleExpression must be specified".to_owned()
    })?;
    let description = rule.description.as_deref().unwrap_or_default();
    ensure(description.chars().count() <= DESCRIPTION_MAX_CHARS, INVALID, || {
        format!("the description is longer than {DESCRIPTION_MAX_CHARS} characters")
    })?;
    ensure(rule.role_arn.as_deref().is_none_or(is_role), INVALID, || {
        "the role is not the ARN of a role".to_owned()
    })?;
    if let Some(schedule) = &rule.schedule_expression {
        let shape = ["rate(", "cron("].iter().any(|start| schedule.starts_with(start));
        ensure(shape && schedule.ends_with(')') && schedule.len() <= 256, INVALID, || {
            "parameter ScheduleExpression is not valid".to_owned()
        })?;
    }
    let Some(text) = &rule.event_pattern else {
        return Ok(());
    };
    let value: Value = serde_json::from_str(text)
        .map_err(|error| refuse(PATTERN, format!("event pattern is not valid. Reason: {error}")))?;
    let chars = value.to_string().chars().count();
    ensure(chars <= EVENT_PATTERN_MAX_CHARS, PATTERN, || {
        format!("event pattern has {chars} characters, more than {EVENT_PATTERN_MAX_CHARS}")
    })?;
    let pattern = Pattern::parse(text)
        .map_err(|error| refuse(PATTERN, format!("event pattern is not valid. Reason: {error}")))?;
    ensure(pattern.filter.complexity() <= COMPLEXITY_MAX, PATTERN, || {
        "event pattern is not valid. Reason: Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character".to_owned()
    })
}

/// Counts the rules of a bus with a `wildcard` operator, this one included.
fn check_wildcards(rules: &BTreeMap<String, StoredRule>, name: &str, rule: &Rule) -> Done {
    if !is_wild(rule) {
        return Ok(());
    }
    let others = rules.iter().filter(|(other, _)| other.as_str() != name);
    let count = others.filter(|(_, other)| is_wild(&other.rule)).count();
    ensure(count < WILDCARD_RULES_PER_BUS, LIMIT, || {
        format!("more than {WILDCARD_RULES_PER_BUS} rules with wildcards")
    })
}

/// Whether a rule counts against the quota of rules with wildcards.
pub fn is_wild(rule: &Rule) -> bool {
    let text = rule.event_pattern.as_deref().unwrap_or_default();
    serde_json::from_str(text).is_ok_and(|pattern: Value| has_wildcard(&pattern))
}

/// Whether a matcher, an object within an array, has the operator.
fn has_wildcard(pattern: &Value) -> bool {
    fn within(value: &Value) -> bool {
        value.as_object().is_some_and(|matcher| {
            matcher.iter().any(|(operator, operand)| operator == "wildcard" || within(operand))
        })
    }
    match pattern {
        Value::Object(fields) => fields.values().any(has_wildcard),
        Value::Array(values) => values.iter().any(|value| within(value) || has_wildcard(value)),
        _ => false,
    }
}

/// Checks a target. AWS accepts one in another region or account and then fails to deliver; the
/// sandbox refuses it at once. As on AWS, the resource need not exist.
fn check_target(place: &Place, target: &Target) -> Result<(), String> {
    let arn = Arn::parse(&target.arn).ok_or_else(|| format!("`{}` is not an ARN", target.arn))?;
    let bus = arn.service == "events" && arn.resource.starts_with("event-bus/");
    let near = arn.region == place.region.as_str();
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
    let by_role = arn.service == "sns" && target.role_arn.is_some();
    let here = near && (arn.account == place.account.as_str() || by_role);
    if arn.partition != place.region.partition().as_str() || !(here || bus) {
        return Err(format!("{} is not in {place}", target.arn));
    }
    if arn.service == "sqs" && arn.resource.ends_with(".fifo") {
        return Err("a FIFO queue needs a message group".to_owned());
    }
    if bus && target.role_arn.is_none() {
        return Err("a target that is an event bus needs a role".to_owned());
    }
    if bus && target.retry_policy.is_some() {
        return Err("a target that is an event bus takes no retry policy".to_owned());
    }
    // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
    if bus && arn.account != place.account.as_str() && !target.input.is_event() {
        return Err("the event bus of another account takes the event only as it is".to_owned());
    }
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
    if arn.service == "states" && target.role_arn.is_none() {
        return Err(format!("RoleArn is required for target {}", target.arn));
    }
    if target.role_arn.as_deref().is_some_and(|arn| !is_role(arn)) {
        return Err("the role is not the ARN of a role".to_owned());
    }
    if let Some(queue) = &target.dead_letter_arn
        && !is_dead_letter_queue(queue, place)
    {
        return Err(format!("dead-letter queue {queue} is not a standard queue in {place}"));
    }
    if let Some(retry) = target.retry_policy
        && !((60..=86_400).contains(&retry.maximum_event_age_seconds)
            && (0..=185).contains(&retry.maximum_retry_attempts))
    {
        return Err("the retry policy is out of range".to_owned());
    }
    if let Some(parameter) = target.other_parameters.first() {
        return Err(format!("{parameter} is not modelled"));
    }
    input::check(&target.input)
}

/// Checks the role of a target and, for a bus of another account, whether it admits the role:
/// PutTargets checks both. A bus of the same account is not checked. What AWS makes of conditions
/// on the event there is not documented, so a policy that depends on them does not admit the role.
fn check_admission(state: &State, place: &Place, key: &RuleKey, target: &Target) -> Done {
    let Some(role_arn) = &target.role_arn else { return Ok(()) };
    check_role(state, place, key, role_arn)?;
    let bus_arn = &target.arn;
    let elsewhere =
        locate(bus_arn, "events").is_some_and(|(home, _)| home.account != place.account);
    if !elsewhere {
        return Ok(());
    }
    let hop = Hop { state, from: place, role_arn, action: hop::PUT, to: bus_arn, event: None };
    hop.is_admitted().map_err(|why| deny("AccessDeniedException", why))
}

/// Checks that EventBridge can assume a role for a rule. Roles cannot be passed to another account.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
fn check_role(state: &State, place: &Place, key: &RuleKey, role_arn: &str) -> Done {
    let rule_arn = place.arn("events", &format!("rule/{key}"));
    roles::assumed(state, place, &rule_arn, role_arn).map(drop).map_err(|why| {
        let said = "cannot be assumed by principal 'events.amazonaws.com'";
        refuse(INVALID, format!("provided role {role_arn} {said}: {why}"))
    })
}

#[cfg(test)]
mod tests;
