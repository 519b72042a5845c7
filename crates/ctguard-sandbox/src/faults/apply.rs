//! Applies a fault.

use super::others;
use super::pick::{self, nothing, pick, pick_subscription, within};
use super::{Aim, Fault};
use super::{calls, hop, machine};
use crate::policy::texts;
use crate::state::{State, StoredSubscription, StoredTopic};
use crate::topics::default_policy;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::RuleState;
use ctguard_core::resource::trail::{BasicSelector, ReadWrite, Selectors};
use ctguard_core::scope::Place;
use serde_json::{Map, Value, json};

/// Breaks one object; says what was done, or which objects exist.
pub fn apply(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    match fault {
        Fault::DenyCalls
        | Fault::DenyCallsByOrganization
        | Fault::ExpireCredentials
        | Fault::ThrottleCalls
        | Fault::CutOffCalls
        | Fault::TimeOutCalls
        | Fault::DisableRegion
        | Fault::LoseObjects
        | Fault::GarbleAnswers
        | Fault::RefuseAsTooLarge
        | Fault::FailCalls
        | Fault::MendCalls => calls::inflict(state, fault, aim),
        Fault::DistrustCloudtrail => distrust(state),
        Fault::StopTrail
        | Fault::DeleteTrail
        | Fault::NarrowSelectors
        | Fault::ExcludeKms
        | Fault::SingleRegionTrail
        | Fault::KeepFromMembers => trail(state, fault, aim),
        Fault::DisableRule
        | Fault::EnableRulePlain
        | Fault::DeleteRule
        | Fault::NarrowPattern
        | Fault::DropTarget
        | Fault::Retarget
        | Fault::SwapRole => rule(state, fault, aim),
        Fault::RewriteTopicPolicy | Fault::ConditionTopicPolicy | Fault::DeleteTopic => {
            topic(state, fault, aim)
        }
        Fault::Unsubscribe | Fault::FilterSubscription => subscription(state, fault, aim),
        Fault::DeleteQueue | Fault::QueuePolicy => queue(state, fault, aim),
        Fault::FunctionPolicy => function(state, aim),
        Fault::DisableKey => key(state, aim),
        Fault::DeleteBucket => bucket(state, aim),
        Fault::DeleteRole | Fault::ConditionTrust | Fault::RetargetRole | Fault::BoundRole => {
            hop::role(state, fault, aim)
        }
        Fault::DeleteBus | Fault::ShutBus | Fault::ConditionBus | Fault::DenyBus => {
            hop::bus(state, fault, aim)
        }
        Fault::OpenBus
        | Fault::OpenTopic
        | Fault::DenyTopic
        | Fault::OpenQueue
        | Fault::DenyQueue
        | Fault::DenyBucket => others::statement(state, fault, aim),
        Fault::DenyFunction | Fault::DenyKey => others::denial(state, fault, aim),
        Fault::DeleteMachine
        | Fault::ChangeDefinition
        | Fault::EncryptMachine
        | Fault::SwapMachineRole => machine::machine(state, fault, aim),
        Fault::AttachPolicy | Fault::DenyRole => others::attached(state, fault, aim),
        Fault::EncryptBus => others::encrypted(state, aim),
        Fault::CopyBus => others::copied(state, aim),
        Fault::AddSubscriber => others::subscribed(state, aim),
        Fault::ExpireLogs => others::expired(state, aim),
        Fault::LagTagSearch => lag_tag_search(state, aim),
        Fault::RequireTag => Ok(require_tag(state, aim)),
        Fault::StripTags => tags(state, aim),
    }
}

/// Ends the trusted access of CloudTrail: no trail can be made an organization's, and the members
/// see none.
fn distrust(state: &mut State) -> Result<String, String> {
    let Some(organization) = &mut state.organization else {
        return Err("the accounts are in no organization".to_owned());
    };
    organization.distrusts_cloudtrail = true;
    Ok(format!("CloudTrail has no trusted access to organization {} any more.", organization.id))
}

fn require_tag(state: &mut State, aim: &Aim) -> String {
    let key = aim.name.clone().unwrap_or_else(|| "CostCenter".to_owned());
    let said = format!("The organization now denies whatever is created without the tag {key}.");
    state.required_tags.insert(key);
    said
}

fn lag_tag_search(state: &mut State, aim: &Aim) -> Result<String, String> {
    if let Some(name) = &aim.name {
        return Err(format!("there is one search by tag for all, and none for `{name}`"));
    }
    state.lag_tag_search();
    let said = "The search by tag now knows of nothing that is made later, as on AWS for some minutes; `sandbox advance` lets it catch up.";
    Ok(said.to_owned())
}

fn trail(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let (place, name) = pick("trail", pick::trails(state), aim, |trail| match fault {
        Fault::StopTrail => trail.status.logging,
        Fault::SingleRegionTrail => trail.trail.multi_region,
        Fault::KeepFromMembers => trail.trail.organization,
        _ => true,
    })?;
    let time = String::from(state.clock);
    let trails = &mut state.region_mut(&place).trails;
    let basic = |read_write, excluded: &[&str]| {
        Selectors::Basic(vec![BasicSelector {
            read_write,
            management_events: true,
            exclude_management_sources: excluded.iter().map(|&source| source.to_owned()).collect(),
            data_resources: Vec::new(),
        }])
    };
    if fault == Fault::DeleteTrail {
        trails.remove(&name);
        return Ok(format!("Deleted trail {name} ({place})."));
    }
    let Some(stored) = trails.get_mut(&name) else {
        return Err(format!("trail {name} is gone"));
    };
    Ok(match fault {
        Fault::StopTrail => {
            stored.status.logging = false;
            stored.status.stop_logging_time = Some(time);
            format!("Stopped trail {name} ({place}): it records nothing now.")
        }
        Fault::NarrowSelectors => {
            stored.selectors = basic(ReadWrite::ReadOnly, &[]);
            format!("Trail {name} ({place}) now records read events only.")
        }
        Fault::ExcludeKms => {
            stored.selectors = basic(ReadWrite::All, &["kms.amazonaws.com"]);
            format!("Trail {name} ({place}) now leaves out the events of KMS.")
        }
        Fault::KeepFromMembers => {
            stored.kept_from_members = true;
            format!("Trail {name} ({place}) is not in the member accounts.")
        }
        _ => {
            stored.trail.multi_region = false;
            // AWS: a trail that becomes single-region no longer records global services.
            stored.trail.global_service_events = false;
            format!("Trail {name} ({place}) now records its home region only.")
        }
    })
}

fn rule(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let (place, key) = pick("rule", pick::rules(state), aim, |stored| match fault {
        Fault::DisableRule => stored.rule.state != RuleState::Disabled,
        Fault::EnableRulePlain => stored.rule.state != RuleState::Enabled,
        Fault::NarrowPattern => stored.rule.event_pattern.as_deref().and_then(narrowed).is_some(),
        Fault::DropTarget | Fault::Retarget => !stored.targets.is_empty(),
        Fault::SwapRole => stored.targets.values().any(|target| target.role_arn.is_some()),
        _ => true,
    })?;
    let key = RuleKey::from(key);
    let regional = state.region_mut(&place);
    if fault == Fault::DeleteRule {
        if let Some(rules) = regional.rules_of_mut(key.bus()) {
            rules.remove(key.name());
        }
        return Ok(format!("Deleted rule {key} ({place}) with its targets."));
    }
    let Some(stored) = regional.rule_mut(&key) else {
        return Err(format!("rule {key} is gone"));
    };
    Ok(match fault {
        Fault::DisableRule => {
            stored.rule.state = RuleState::Disabled;
            format!("Disabled rule {key} ({place}).")
        }
        Fault::EnableRulePlain => {
            stored.rule.state = RuleState::Enabled;
            format!("Rule {key} ({place}) is now ENABLED, which leaves out read-only events.")
        }
        Fault::NarrowPattern => {
            stored.rule.event_pattern = stored.rule.event_pattern.as_deref().and_then(narrowed);
            format!("Narrowed the pattern of rule {key} ({place}) to the user nobody.")
        }
        Fault::DropTarget => {
            let gone = stored.targets.pop_first().map(|(id, _)| id).unwrap_or_default();
            format!("Removed target {gone} from rule {key} ({place}).")
        }
        Fault::SwapRole => {
            let with_role = stored.targets.iter().find(|(_, t)| t.role_arn.is_some());
            let id = with_role.map(|(id, _)| id.clone()).unwrap_or_default();
            if let Some(target) = stored.targets.get_mut(&id) {
                let own = target.role_arn.as_deref().and_then(|arn| arn.rsplit_once('/'));
                let path = own.map_or("role", |(path, _)| path);
                target.role_arn = Some(format!("{path}/somebody-elses-role"));
            }
            format!("Target {id} of rule {key} ({place}) now uses the role somebody-elses-role.")
        }
        _ => {
            let mut other = place.arn("sns", "somebody-elses-topic");
            let id = stored.targets.keys().next().cloned().unwrap_or_default();
            if let Some(target) = stored.targets.get_mut(&id) {
                if let Some((bus, _)) = target.arn.split_once(":event-bus/") {
                    other = format!("{bus}:event-bus/somebody-elses-bus");
                }
                target.arn.clone_from(&other);
            }
            format!("Target {id} of rule {key} ({place}) now sends to {other}.")
        }
    })
}

/// The pattern with one more condition, on a user that does not exist.
fn narrowed(pattern: &str) -> Option<String> {
    let mut pattern: Value = serde_json::from_str(pattern).ok()?;
    let detail = pattern
        .as_object_mut()?
        .entry("detail")
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut()?;
    let identity = detail.entry("userIdentity").or_insert_with(|| Value::Object(Map::new()));
    identity.as_object_mut()?.insert("userName".to_owned(), json!(["nobody"]));
    Some(pattern.to_string())
}

fn topic(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let (place, name) = pick("topic", pick::topics(state), aim, |stored| match fault {
        Fault::ConditionTopicPolicy => !grants_to_events(stored).is_empty(),
        _ => true,
    })?;
    let topics = &mut state.region_mut(&place).topics;
    if fault == Fault::DeleteTopic {
        topics.remove(&name);
        return Ok(format!("Deleted topic {name} ({place}) with its subscriptions."));
    }
    let Some(stored) = topics.get_mut(&name) else {
        return Err(format!("topic {name} is gone"));
    };
    if fault == Fault::RewriteTopicPolicy {
        stored.topic.policy = Some(default_policy(&place, &place.arn("sns", &name)));
        return Ok(format!("Reset the policy of topic {name} ({place}): EventBridge is shut out."));
    }
    for index in grants_to_events(stored) {
        if let Some(statement) =
            stored.topic.policy.as_mut().and_then(|policy| policy["Statement"].get_mut(index))
        {
            statement["Condition"] =
                json!({ "StringEquals": { "aws:SourceAccount": place.account } });
        }
    }
    Ok(format!(
        "The policy of topic {name} ({place}) now has a condition on aws:SourceAccount, which EventBridge never meets."
    ))
}

/// The statements that name EventBridge, by their index.
fn grants_to_events(stored: &StoredTopic) -> Vec<usize> {
    let statements =
        stored.topic.policy.as_ref().and_then(|policy| policy.get("Statement")?.as_array());
    let names_events = |statement: &Value| {
        texts(statement.pointer("/Principal/Service")).contains(&"events.amazonaws.com")
    };
    let statements = statements.into_iter().flatten().enumerate();
    statements.filter(|(_, statement)| names_events(statement)).map(|(index, _)| index).collect()
}

fn subscription(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let (place, topic, endpoint) = pick_subscription(state, aim, |subscription| {
        matches!(subscription, StoredSubscription::Confirmed { .. })
            && (fault == Fault::Unsubscribe || subscription.attributes().filter_policy.is_none())
    })?;
    let Some(stored) = state.region_mut(&place).topics.get_mut(&topic) else {
        return Err(format!("topic {topic} is gone"));
    };
    if fault == Fault::Unsubscribe {
        stored.subscriptions.remove(&endpoint);
        return Ok(format!("Ended the subscription of {endpoint} to topic {topic} ({place})."));
    }
    if let Some(StoredSubscription::Confirmed { attributes, .. }) =
        stored.subscriptions.get_mut(&endpoint)
    {
        attributes.filter_policy = Some(json!({ "severity": ["critical"] }));
        attributes.filter_policy_scope = Some("MessageAttributes".to_owned());
    }
    Ok(format!("{endpoint} now filters what topic {topic} ({place}) sends, and nothing passes."))
}

fn queue(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let (place, name) = pick("queue", pick::queues(state), aim, |stored| {
        fault == Fault::DeleteQueue || stored.queue.policy.is_some()
    })?;
    let queues = &mut state.region_mut(&place).queues;
    if fault == Fault::DeleteQueue {
        queues.remove(&name);
        return Ok(format!("Deleted queue {name} ({place}) with its messages."));
    }
    if let Some(stored) = queues.get_mut(&name) {
        stored.queue.policy = None;
    }
    Ok(format!("Took the policy of queue {name} ({place}) away: no service may send to it."))
}

fn function(state: &mut State, aim: &Aim) -> Result<String, String> {
    let all = || {
        state.places().into_iter().flat_map(|place| {
            let functions = state.region(&place).functions.iter();
            let functions = functions.map(|(name, one)| (place.clone(), name.clone(), one.clone()));
            functions.collect::<Vec<_>>()
        })
    };
    let chosen = all().find(|(place, name, function)| {
        let open = function.policy.is_some() || function.qualifiers.values().any(Option::is_some);
        within(aim, place) && open && aim.name.as_ref().is_none_or(|wanted| wanted == name)
    });
    let Some((place, name, _)) = chosen else {
        let there = all().map(|(place, name, _)| format!("{name} in {place}"));
        return Err(nothing("function", aim, there));
    };
    if let Some(function) = state.region_mut(&place).functions.get_mut(&name) {
        function.policy = None;
        function.qualifiers.values_mut().for_each(|policy| *policy = None);
    }
    Ok(format!("Took the policies of function {name} ({place}) away: no service may call it."))
}

fn key(state: &mut State, aim: &Aim) -> Result<String, String> {
    let all = || {
        state.places().into_iter().flat_map(|place| {
            let keys = state.region(&place).keys.iter();
            let keys = keys.map(|(id, key)| (place.clone(), id.clone(), key.clone()));
            keys.collect::<Vec<_>>()
        })
    };
    let chosen = all().find(|(place, id, key)| {
        let named = |name: &String| id == name || key.aliases.contains(name);
        within(aim, place) && key.enabled && aim.name.as_ref().is_none_or(named)
    });
    let Some((place, id, _)) = chosen else {
        return Err(nothing("key", aim, all().map(|(place, id, _)| format!("{id} in {place}"))));
    };
    if let Some(key) = state.region_mut(&place).keys.get_mut(&id) {
        key.enabled = false;
    }
    Ok(format!("Disabled key {id} ({place})."))
}

fn bucket(state: &mut State, aim: &Aim) -> Result<String, String> {
    let all = || {
        state.accounts.iter().flat_map(|(id, account)| {
            let place = |region| Place::new(id.clone(), region);
            account
                .global
                .buckets
                .iter()
                .map(move |(name, b)| (place(b.region.clone()), name.clone()))
        })
    };
    let chosen = all().find(|(place, name)| {
        within(aim, place) && aim.name.as_ref().is_none_or(|wanted| wanted == name)
    });
    let Some((place, name)) = chosen else {
        return Err(nothing("bucket", aim, all().map(|(_, name)| name)));
    };
    if let Some(account) = state.accounts.get_mut(&place.account) {
        account.global.buckets.remove(&name);
    }
    Ok(format!("Deleted bucket {name} of account {}.", place.account))
}

/// Removes the tags from the first matching tagged rule, topic, queue, trail, bus, state machine or
/// role.
fn tags(state: &mut State, aim: &Aim) -> Result<String, String> {
    if let Ok((place, key)) = pick("rule", pick::rules(state), aim, |r| !r.tags.is_empty()) {
        if let Some(rule) = state.region_mut(&place).rule_mut(&key.as_str().into()) {
            rule.tags.clear();
        }
        return Ok(format!("Took the tags from rule {key} ({place})."));
    }
    if let Ok((place, name)) = pick("topic", pick::topics(state), aim, |t| !t.tags.is_empty()) {
        state.region_mut(&place).topics.entry(name.clone()).and_modify(|t| t.tags.clear());
        return Ok(format!("Took the tags from topic {name} ({place})."));
    }
    if let Ok((place, name)) = pick("queue", pick::queues(state), aim, |q| !q.tags.is_empty()) {
        state.region_mut(&place).queues.entry(name.clone()).and_modify(|q| q.tags.clear());
        return Ok(format!("Took the tags from queue {name} ({place})."));
    }
    if let Ok((place, name)) = pick("event bus", pick::buses(state), aim, |b| !b.tags.is_empty()) {
        state.region_mut(&place).buses.entry(name.clone()).and_modify(|b| b.tags.clear());
        return Ok(format!("Took the tags from event bus {name} ({place})."));
    }
    let machines = pick::machines(state);
    if let Ok((place, name)) = pick("state machine", machines, aim, |m| !m.tags.is_empty()) {
        state.region_mut(&place).machines.entry(name.clone()).and_modify(|m| m.tags.clear());
        return Ok(format!("Took the tags from state machine {name} ({place})."));
    }
    if let Ok((place, name)) = pick("role", pick::roles(state), aim, |r| !r.tags.is_empty()) {
        hop::edit_role(state, &place, &name, |role| role.tags.clear());
        return Ok(format!("Took the tags from role {name} of account {}.", place.account));
    }
    let (place, name) = pick("tagged object", pick::trails(state), aim, |t| !t.tags.is_empty())?;
    state.region_mut(&place).trails.entry(name.clone()).and_modify(|t| t.tags.clear());
    Ok(format!("Took the tags from trail {name} ({place})."))
}
