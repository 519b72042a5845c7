//! What AWS gives back is not what was written: the sandbox alters it on every read, and the diff sees
//! through that.

use crate::laws::{account, apply, blueprint, choice, confirm, plan, read};
use ctguard_core::resource::topic::Protocol;
use ctguard_sandbox::fresh::AccountKind;
use ctguard_sandbox::state::{Regional, StoredSubscription};
use ctguard_sandbox::{Sandbox, State};
use proptest::prelude::*;
use serde_json::json;

pub const HOOKED: &str = r#"
version: 1
name: acme
regions: [us-east-1]
destinations:
  hook:
    topic: hook
    format: json
    subscribers:
      - https: "https://ops:PLANTEDpw@Hooks.acme.example/services/T1/PLANTEDpath?token=PLANTEDquery"
      - email: SecOps@acme.example
routes: { critical: [hook], high: [hook], medium: [hook], low: [] }
alerts:
  - { id: route, title: A route was made, risk: high, events: [ec2:CreateRoute], why: w, next: n }
"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// For any blueprint, a plan after an apply is empty, although every read is altered.
    #[test]
    fn an_apply_leaves_nothing_to_plan(choice in choice()) {
        let sandbox = Sandbox::in_memory(account(AccountKind::Bare));
        let blueprint = blueprint(&choice);
        apply(&sandbox, &blueprint);
        confirm(&sandbox);
        let after = plan(&sandbox, &blueprint);
        prop_assert!(after.is_empty(), "{:#?}", after.changes);
    }
}

#[test]
fn masked_and_lowered_addresses_are_the_ones_that_were_written() {
    let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
    let blueprint = read(HOOKED);
    apply(&sandbox, &blueprint);
    confirm(&sandbox);
    let after = plan(&sandbox, &blueprint);
    assert!(after.is_empty() && after.waiting.is_empty(), "{after:#?}");
}

type Change = fn(&mut Regional);

/// A real change of each attribute that comes back altered, and the field that tells it.
const CHANGES: [(&str, Change); 13] = [
    ("policy", |here| first(&mut here.topics).topic.policy = None),
    ("policy", |here| {
        let policy = first(&mut here.topics).topic.policy.as_mut().unwrap();
        for statement in policy["Statement"].as_array_mut().unwrap() {
            if statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("ctguard-acme-")) {
                statement["Condition"] = json!({ "Bool": { "aws:SecureTransport": true } });
            }
        }
    }),
    ("display_name", |here| first(&mut here.topics).topic.display_name = Some("Else".to_owned())),
    ("kms_key", |here| first(&mut here.topics).topic.kms_key = Some("k1".to_owned())),
    ("policy", |here| first(&mut here.queues).queue.policy = None),
    ("message_retention_seconds", |here| {
        first(&mut here.queues).queue.message_retention_seconds = 60;
    }),
    ("sqs_managed_sse", |here| first(&mut here.queues).queue.sqs_managed_sse = false),
    ("description", |here| first(&mut here.rules).rule.description = Some("else".to_owned())),
    ("state", |here| {
        first(&mut here.rules).rule.state = ctguard_core::resource::rule::RuleState::Disabled;
    }),
    ("retry_policy", |here| {
        let policy = ctguard_core::resource::rule::RetryPolicy {
            maximum_event_age_seconds: 60,
            maximum_retry_attempts: 1,
        };
        target(here).retry_policy = Some(policy);
    }),
    ("dead_letter_arn", |here| target(here).dead_letter_arn = None),
    ("raw_message_delivery", |here| subscription(here).raw_message_delivery = true),
    ("filter_policy", |here| subscription(here).filter_policy = Some(json!({ "risk": ["low"] }))),
];

fn first<T>(all: &mut std::collections::BTreeMap<String, T>) -> &mut T {
    all.values_mut().next().unwrap()
}

fn target(here: &mut Regional) -> &mut ctguard_core::resource::rule::Target {
    let targets = &mut first(&mut here.rules).targets;
    let id = targets.keys().next().unwrap().clone();
    targets.get_mut(&id).unwrap()
}

fn subscription(here: &mut Regional) -> &mut ctguard_core::resource::topic::SubscriptionAttributes {
    let all = first(&mut here.topics).subscriptions.iter_mut();
    all.filter(|(endpoint, _)| endpoint.protocol == Protocol::Https)
        .find_map(|(_, one)| match one {
            StoredSubscription::Confirmed { attributes, .. } => Some(attributes),
            StoredSubscription::Pending { .. } => None,
        })
        .unwrap()
}

pub fn regional(state: &mut State) -> &mut Regional {
    let account = state.accounts.values_mut().next().unwrap();
    account.regions.values_mut().find(|here| !here.topics.is_empty()).unwrap()
}

#[test]
fn a_real_change_of_each_attribute_is_still_seen() {
    let blueprint = read(HOOKED);
    for (index, (field, change)) in CHANGES.into_iter().enumerate() {
        let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
        apply(&sandbox, &blueprint);
        confirm(&sandbox);
        let mut state = sandbox.state();
        change(regional(&mut state));
        let after = plan(&Sandbox::in_memory(state), &blueprint);
        let fields: Vec<&str> = after
            .changes
            .iter()
            .flat_map(|change| change.fields.iter().map(|field| field.path.as_str()))
            .collect();
        assert_eq!(fields, [field], "change {index}");
    }
}

#[test]
fn another_token_is_another_subscriber() {
    let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
    apply(&sandbox, &read(HOOKED));
    confirm(&sandbox);
    let rotated = plan(&sandbox, &read(&HOOKED.replace("PLANTEDquery", "PLANTEDnext")));
    let [change] = rotated.changes.as_slice() else { panic!("{:#?}", rotated.changes) };
    let old = sandbox.state();
    let old = old.accounts.values().flat_map(|account| account.regions.values());
    let mut old =
        old.flat_map(|here| here.topics.values()).flat_map(|topic| topic.subscriptions.keys());
    // The old one goes once the new one is proven; the hash tells them apart.
    assert!(change.address.name.contains("hooks.acme.example"), "{}", change.address.name);
    assert!(old.all(|endpoint| !change.address.name.ends_with(&endpoint.to_string())));
}

/// The password of the hook as the account has it.
fn stored(state: &mut State) -> String {
    let all = &first(&mut regional(state).topics).subscriptions;
    let hook = all.keys().find(|endpoint| endpoint.protocol == Protocol::Https).unwrap();
    hook.address().to_owned()
}

#[test]
fn another_password_is_subscribed_anew_and_the_same_one_is_not() {
    let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
    apply(&sandbox, &read(HOOKED));
    confirm(&sandbox);
    let changed = read(&HOOKED.replace("PLANTEDpw", "PLANTEDnew"));
    let planned = plan(&sandbox, &changed);
    let [change] = planned.changes.as_slice() else { panic!("{:#?}", planned.changes) };
    let fields: Vec<&str> = change.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(
        (change.address.kind.to_string().as_str(), fields),
        ("subscription", vec!["password"])
    );
    assert_eq!(planned.waiting.len(), 1, "{:#?}", planned.waiting);
    clean("the plan", &serde_json::to_string_pretty(&planned.changes).unwrap());
    // Stopped before its last call, the tag, it is planned again.
    let mut begun = sandbox.state();
    let tags = |state: &mut State| first(&mut regional(state).topics).tags.clone();
    let before = tags(&mut begun);
    apply(&sandbox, &changed);
    let mut done = sandbox.state();
    assert!(stored(&mut done).contains("PLANTEDnew"));
    first(&mut regional(&mut done).topics).tags = before;
    assert_eq!(plan(&Sandbox::in_memory(done), &changed).changes.len(), 1);
    assert_eq!(plan(&sandbox, &changed).waiting.len(), 1, "it is pending");
    confirm(&sandbox);
    assert!(plan(&sandbox, &changed).is_empty());
}

#[test]
fn a_topic_without_the_mark_of_a_password_is_given_it_and_nothing_else() {
    let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
    apply(&sandbox, &read(HOOKED));
    confirm(&sandbox);
    let mut state = sandbox.state();
    let topic = first(&mut regional(&mut state).topics);
    let marks = |key: &str| key.starts_with("ctguard:password:");
    let kept = topic.tags.iter().filter(|(key, _)| !marks(key));
    let kept = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    assert_ne!(topic.tags, kept);
    topic.tags = kept;
    let sandbox = Sandbox::in_memory(state);
    let planned = plan(&sandbox, &read(HOOKED));
    let [change] = planned.changes.as_slice() else { panic!("{:#?}", planned.changes) };
    assert_eq!(change.fields[0].path, "tags");
    apply(&sandbox, &read(HOOKED));
    assert!(plan(&sandbox, &read(HOOKED)).is_empty());
}

/// Fails when a text holds a planted secret.
#[track_caller]
pub fn clean(what: &str, text: &str) {
    for line in text.lines() {
        assert!(!line.contains("PLANTED"), "{what}: {line}");
    }
}

#[test]
fn the_id_of_a_deleted_role_does_not_stop_an_apply() {
    let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
    let blueprint = read(HOOKED);
    apply(&sandbox, &blueprint);
    confirm(&sandbox);
    let mut state = sandbox.state();
    let policy = first(&mut regional(&mut state).topics).topic.policy.as_mut().unwrap();
    let statements = policy["Statement"].as_array_mut().unwrap();
    let gone = json!({ "Sid": "theirs", "Effect": "Allow", "Principal": { "AWS": "AROAEXAMPLEID0000000A" },
        "Action": "sns:Subscribe", "Resource": "*" });
    statements.push(gone);
    assert!(plan(&Sandbox::in_memory(state.clone()), &blueprint).is_empty(), "it is others'");
    let policy = first(&mut regional(&mut state).topics).topic.policy.as_mut().unwrap();
    policy["Statement"]
        .as_array_mut()
        .unwrap()
        .retain(|one| !one["Sid"].as_str().is_some_and(|sid| sid.starts_with("ctguard-acme-")));
    let sandbox = Sandbox::in_memory(state);
    assert_eq!(apply(&sandbox, &blueprint).count(ctguard::run::OutcomeKind::Failed), 0);
    assert!(plan(&sandbox, &blueprint).is_empty());
}
