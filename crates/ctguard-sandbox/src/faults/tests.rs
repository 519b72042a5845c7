use super::*;
use crate::fresh;
use crate::fresh::AccountKind;
use crate::state::{
    State, StoredBus, StoredFunction, StoredKey, StoredQueue, StoredRole, StoredRule, StoredTopic,
};
use crate::topics;
use ctguard_core::event::sample::{Identity, Sample, sample_event};
use ctguard_core::event::{Access, EventKind};
use ctguard_core::resource::rule::{Input, Rule, RuleState, Target, Targets};
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::scope::Place;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn place() -> Place {
    let account = AccountId::new(fresh::DEFAULT_ACCOUNT).expect("an account");
    Place::new(account, Region::new("eu-west-1").expect("a region"))
}

/// An account where a read of a KMS key reaches a queue and a function; a foreign rule and
/// topic stand before ctguard's own in the order of names.
fn state() -> State {
    let regions = ["us-east-1", "eu-west-1"].map(|name| Region::new(name).expect("a region"));
    let place = place();
    let mut state = fresh::new_account(AccountKind::WithTrail, &place.account, &regions);
    let tags = Tags::from([(BLUEPRINT_TAG.to_owned(), "acme".to_owned())]);
    let here = state.region_mut(&place);
    let rule = Rule {
        state: RuleState::EnabledWithAllCloudtrailManagementEvents,
        event_pattern: Some(r#"{"source":["aws.kms"],"detail":{"eventName":["Decrypt"]}}"#.into()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    let target = Target {
        arn: place.arn("sns", "ctguard-acme-secops"),
        role_arn: None,
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    let targets = Targets::from([("t".to_owned(), target)]);
    here.rules.insert(
        "a-foreign-rule".into(),
        StoredRule {
            rule: Rule { event_pattern: Some(r#"{"source":["aws.x"]}"#.into()), ..rule.clone() },
            targets: targets.clone(),
            tags: Tags::new(),
        },
    );
    here.rules
        .insert("ctguard-acme-decrypt".into(), StoredRule { rule, targets, tags: tags.clone() });
    here.topics.insert("a-foreign-topic".into(), StoredTopic::default());
    let mut topic = StoredTopic { tags: tags.clone(), ..StoredTopic::default() };
    topic.topic.kms_key = Some("alias/alerts".into());
    topic.topic.policy = Some(json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sns:Publish", "Resource": place.arn("sns", "ctguard-acme-secops"),
    }] }));
    let siem = Endpoint::new(Protocol::Sqs, place.arn("sqs", "siem"));
    let subscription =
        topics::confirmed(&place, "ctguard-acme-secops", &siem, SubscriptionAttributes::default());
    topic.subscriptions.insert(siem, subscription);
    let triage = Endpoint::new(Protocol::Lambda, place.arn("lambda", "function:triage"));
    let plain = SubscriptionAttributes::default();
    let subscription = topics::confirmed(&place, "ctguard-acme-secops", &triage, plain);
    topic.subscriptions.insert(triage, subscription);
    let policy = json!({ "Statement": {
        "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "lambda:InvokeFunction", "Resource": place.arn("lambda", "function:triage"),
    } });
    let function = StoredFunction { policy: Some(policy), ..StoredFunction::default() };
    here.functions.insert("triage".into(), function);
    here.topics.insert("ctguard-acme-secops".into(), topic);
    let mut queue = StoredQueue { tags, ..StoredQueue::default() };
    queue.queue.policy = Some(json!({ "Statement": {
        "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": place.arn("sqs", "siem"),
    } }));
    here.queues.insert("siem".into(), queue);
    let policy = json!({ "Statement": {
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*",
    } });
    let aliases = BTreeSet::from(["alias/alerts".to_owned()]);
    here.keys.insert(
        "k".into(),
        StoredKey { aliases, enabled: true, aws_managed: false, asymmetric: false, policy },
    );
    state
}

/// The same with the subscriber's topic in another region, and a bus there to which the event is forwarded.
fn hub_state() -> State {
    let mut state = state();
    let hub = Place::new(place().account, Region::new("us-east-1").expect("a region"));
    let bus = hub.arn("events", "event-bus/ctguard-acme");
    let tags = Tags::from([(BLUEPRINT_TAG.to_owned(), "acme".to_owned())]);
    let here = state.region_mut(&place());
    let mut alert = here.rules.remove("ctguard-acme-decrypt").expect("the rule");
    let mut forwarding = alert.clone();
    let target = forwarding.targets.get_mut("t").expect("the target");
    target.arn.clone_from(&bus);
    target.role_arn = Some(format!("arn:aws:iam::{}:role/ctguard-acme", hub.account));
    here.rules.insert("ctguard-acme-forward-1".into(), forwarding);
    let mut topic = here.topics.remove("ctguard-acme-secops").expect("the topic");
    topic.topic.kms_key = None;
    let mut policy = topic.topic.policy.take().expect("a policy");
    let arn = hub.arn("sns", "ctguard-acme-secops");
    policy["Statement"][0]["Resource"] = json!(arn);
    topic.topic.policy = Some(policy);
    alert.targets.get_mut("t").expect("the target").arn = arn;
    let admits = json!({ "Statement": { "Effect": "Allow", "Principal": { "AWS": hub.account },
        "Action": "events:PutEvents", "Resource": bus } });
    let stored = StoredBus {
        policy: Some(admits),
        kms_key: None,
        tags: tags.clone(),
        rules: [("ctguard-acme-decrypt".to_owned(), alert)].into(),
    };
    let there = state.region_mut(&hub);
    there.topics.insert("ctguard-acme-secops".into(), topic);
    there.buses.insert("ctguard-acme".into(), stored);
    let trust = json!({ "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "events.amazonaws.com" } }] });
    let put = json!({ "Statement": [{ "Effect": "Allow", "Action": "events:PutEvents",
        "Resource": bus }] });
    let role = StoredRole {
        trust,
        policies: [("put".to_owned(), put)].into(),
        permissions_boundary: None,
        attached: Default::default(),
        tags,
    };
    let account = state.accounts.get_mut(&hub.account).expect("the account");
    account.global.roles.insert("ctguard-acme".into(), role);
    state
}

/// Faults of the way to a hub.
const OF_THE_HOP: [Fault; 14] = [
    Fault::SwapRole,
    Fault::DeleteRole,
    Fault::ConditionTrust,
    Fault::RetargetRole,
    Fault::BoundRole,
    Fault::DeleteBus,
    Fault::ShutBus,
    Fault::ConditionBus,
    Fault::DenyBus,
    Fault::AttachPolicy,
    Fault::DenyRole,
    Fault::EncryptBus,
    Fault::OpenBus,
    Fault::CopyBus,
];

fn event(state: &State) -> Value {
    sample_event(&Sample {
        source: "kms.amazonaws.com".into(),
        name: "Decrypt".into(),
        kind: EventKind::Api,
        access: Access::Read,
        place: place(),
        identity: Identity::User("eve".into()),
        time: state.clock,
        detail: json!({}),
    })
}

#[test]
fn every_fault_keeps_the_event_from_a_subscriber_but_those_that_leave_delivery_alone() {
    let of_members = [Fault::KeepFromMembers, Fault::DistrustCloudtrail];
    // No mail is sent here: a drill of mails tries these, and each is missed.
    let of_mails = [
        Fault::DeleteMachine,
        Fault::ChangeDefinition,
        Fault::EncryptMachine,
        Fault::SwapMachineRole,
    ];
    let told = |fault: &Fault| {
        !fault.is_about_calls() && !of_members.contains(fault) && !of_mails.contains(fault)
    };
    for fault in Fault::ALL.into_iter().filter(told) {
        let hop = OF_THE_HOP.contains(&fault);
        let sandbox = Sandbox::in_memory(if hop { hub_state() } else { state() });
        let event = event(&sandbox.state());
        assert_eq!(sandbox.deliver(&event).received.len(), 2, "before {}", fault.as_str());
        // Without a name it is ctguard's own that breaks, not the foreign object before it.
        let said = sandbox.inflict(fault, &Aim::default()).unwrap_or_else(|why| panic!("{why}"));
        assert!(said.ends_with('.') && !said.contains("foreign"), "{said}");
        let harmless = [
            Fault::DeleteBucket,
            Fault::DenyBucket,
            Fault::ExpireLogs,
            Fault::StripTags,
            Fault::NarrowSelectors,
            Fault::AttachPolicy,
            Fault::OpenBus,
            Fault::CopyBus,
            Fault::OpenTopic,
            Fault::OpenQueue,
            Fault::LagTagSearch,
            Fault::RequireTag,
        ];
        let arrives = sandbox.deliver(&event).received.len();
        // One of the two goes on hearing where the fault is its neighbour's alone.
        let expected = match fault {
            Fault::DeleteQueue | Fault::QueuePolicy | Fault::FunctionPolicy => 1,
            Fault::DenyQueue | Fault::DenyFunction => 1,
            Fault::AddSubscriber => 3,
            Fault::Unsubscribe | Fault::FilterSubscription => 1,
            _ if harmless.contains(&fault) => 2,
            _ => 0,
        };
        assert_eq!(arrives, expected, "{}: {said}", fault.as_str());
    }
}

/// Its rules are encrypted with it, though the events of AWS's services are not.
#[test]
fn a_key_on_the_default_bus_silences_its_rules() {
    for state in [state(), hub_state()] {
        let sandbox = Sandbox::in_memory(state);
        let event = event(&sandbox.state());
        let aim = Aim {
            name: Some("default".to_owned()),
            region: Region::new("eu-west-1"),
            ..Aim::default()
        };
        let said = sandbox.inflict(Fault::EncryptBus, &aim).expect("a default bus");
        assert!(said.contains("eu-west-1"), "{said}");
        assert_eq!(sandbox.deliver(&event).received, [], "{said}");
    }
}

#[test]
fn calls_fail_until_they_are_mended_and_nothing_is_lost_on_the_way() {
    let calls = |fault: &Fault| fault.is_about_calls() && *fault != Fault::MendCalls;
    for fault in Fault::ALL.into_iter().filter(calls) {
        let sandbox = Sandbox::in_memory(state());
        let before = sandbox.state();
        let aim = Aim { name: Some("sns:*".to_owned()), ..Aim::default() };
        let said = sandbox.inflict(fault, &aim).unwrap_or_else(|why| panic!("{why}"));
        assert!(said.starts_with("Calls of sns:*") && said.ends_with('.'), "{said}");
        let denied = |operation| crate::access::check(&sandbox.state(), &place(), operation);
        assert!(denied("sns:GetTopicAttributes").is_err(), "{said}");
        assert_eq!(denied("sqs:GetQueueAttributes"), Ok(()), "{said}");
        assert_eq!(sandbox.deliver(&event(&before)).received.len(), 2, "{said}");
        sandbox.inflict(Fault::MendCalls, &Aim::default()).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(sandbox.state(), before);
    }
}

#[test]
fn rules_on_either_side_of_the_hop_are_broken_by_name_or_key() {
    let faults = [
        Fault::DisableRule,
        Fault::EnableRulePlain,
        Fault::DeleteRule,
        Fault::NarrowPattern,
        Fault::DropTarget,
        Fault::Retarget,
    ];
    let names =
        ["forward-1", "decrypt", "ctguard-acme-decrypt", "ctguard-acme/ctguard-acme-decrypt"];
    for (fault, name) in faults.into_iter().flat_map(|fault| names.map(|name| (fault, name))) {
        let sandbox = Sandbox::in_memory(hub_state());
        let aim = Aim { name: Some(name.to_owned()), ..Aim::default() };
        let said = sandbox.inflict(fault, &aim).unwrap_or_else(|why| panic!("{why}"));
        let event = event(&sandbox.state());
        assert_eq!(sandbox.deliver(&event).received, [], "{said}");
        let region = if name == "forward-1" { "/eu-west-1" } else { "/us-east-1" };
        assert!(said.contains(region), "{said}");
    }
}

#[test]
fn names_are_read_back_and_each_fault_is_listed_once() {
    for fault in Fault::ALL {
        assert_eq!(Fault::parse(fault.as_str()), Some(fault));
        assert!(!fault.about().is_empty());
    }
    assert_eq!(Fault::ALL.into_iter().collect::<BTreeSet<_>>().len(), Fault::ALL.len());
    assert_eq!(Fault::parse("set-fire"), None);
}

#[test]
fn an_aim_picks_by_name_or_its_last_words_and_by_region() {
    let named = |name: &str| Aim { name: Some(name.to_owned()), ..Aim::default() };
    let sandbox = Sandbox::in_memory(state());
    let said = sandbox.inflict(Fault::DisableRule, &named("decrypt")).expect("found");
    assert!(said.contains("ctguard-acme-decrypt"), "{said}");
    let said = sandbox.inflict(Fault::DisableRule, &named("a-foreign-rule")).expect("found");
    assert!(said.contains("a-foreign-rule"), "{said}");
    let said =
        sandbox.inflict(Fault::Unsubscribe, &named(&place().arn("sqs", "siem"))).expect("found");
    assert!(said.contains("siem"), "{said}");
}

#[test]
fn who_aims_at_nothing_is_told_what_there_is_and_nothing_changes() {
    let sandbox = Sandbox::in_memory(state());
    let before = sandbox.state();
    let elsewhere = Aim { region: Region::new("us-east-1"), ..Aim::default() };
    let error = sandbox.inflict(Fault::DeleteRule, &elsewhere).expect_err("nothing").to_string();
    assert!(error.contains("ctguard-acme-decrypt in 111122223333/eu-west-1"), "{error}");
    let named = Aim { name: Some("nope".into()), ..Aim::default() };
    // None of these is about one object: any name can be a tag's.
    let one = |fault: &Fault| {
        !matches!(fault, Fault::MendCalls | Fault::DistrustCloudtrail | Fault::RequireTag)
    };
    for fault in Fault::ALL.into_iter().filter(one) {
        let error = sandbox.inflict(fault, &named).expect_err(fault.as_str()).to_string();
        assert!(error.contains("nope"), "{error}");
    }
    assert_eq!(sandbox.state(), before);
}
