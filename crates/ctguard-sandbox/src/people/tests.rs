use super::super::fresh;
use super::*;
use crate::state::{StoredQueue, StoredRule};
use ctguard_core::event::sample::{Identity, Sample, sample_event};
use ctguard_core::event::{Access, EventKind};
use ctguard_core::resource::Tags;
use ctguard_core::resource::queue::Queue;
use ctguard_core::resource::rule::{InputTransformer, Rule, RuleState, Targets};
use serde_json::json;
use std::collections::BTreeMap;

fn mail(address: &str) -> Endpoint {
    Endpoint::new(Protocol::Email, address)
}

/// Two topics with a pending e-mail address each, and a rule that sends chat messages to the second.
fn sandbox() -> (Sandbox, Place) {
    let (mut state, place) = fresh::for_tests();
    for (topic, address) in
        [("ctguard-acme-secops", "a@acme.example"), ("ctguard-acme-chat", "b@acme.example")]
    {
        topics::create(&mut state, &place, topic, &Tags::new()).expect("created");
        let attributes = SubscriptionAttributes::default();
        topics::subscribe(&mut state, &place, topic, &mail(address), &attributes)
            .expect("subscribed");
    }
    let transformer = InputTransformer {
        paths: BTreeMap::new(),
        template: r#"{ "version": "1.0", "source": "custom", "content": { "description": "x" } }"#
            .into(),
    };
    let target = Target {
        arn: place.arn("sns", "ctguard-acme-chat"),
        role_arn: None,
        input: Input::Transformer(transformer),
        dead_letter_arn: Some(place.arn("sqs", "dead")),
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    let rule = Rule {
        state: RuleState::Enabled,
        event_pattern: Some(r#"{"source":["aws.guardduty","aws.ec2"]}"#.into()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    let stored =
        StoredRule { rule, targets: Targets::from([("t".into(), target)]), tags: Tags::new() };
    state.region_mut(&place).rules.insert("r".into(), stored);
    (Sandbox::in_memory(state), place)
}

fn confirmed(sandbox: &Sandbox, filter: &ConfirmFilter) -> Vec<String> {
    let done = sandbox.confirm(filter).expect("confirmed");
    done.into_iter().map(|subscribed| subscribed.endpoint.to_string()).collect()
}

#[test]
fn people_confirm_what_is_pending_and_chat_joins_where_its_messages_go() {
    let (sandbox, place) = sandbox();
    let chat = format!("https:{CHAT_ENDPOINT}");
    let all = confirmed(&sandbox, &ConfirmFilter::default());
    assert_eq!(all, ["email:b@acme.example", &chat, "email:a@acme.example"]);
    assert!(
        confirmed(&sandbox, &ConfirmFilter::default()).is_empty(),
        "nothing is left to confirm"
    );
    let state = sandbox.state();
    let topics = &state.region(&place).topics;
    assert_eq!(topics["ctguard-acme-secops"].subscriptions.len(), 1, "no chat where no chat goes");
}

#[test]
fn a_filter_says_who_confirms() {
    for (filter, expected) in [
        (
            ConfirmFilter { endpoint: Some("a@acme".into()), ..Default::default() },
            vec!["email:a@acme.example".to_owned()],
        ),
        (
            ConfirmFilter { endpoint: Some("chat".into()), ..Default::default() },
            vec![format!("https:{CHAT_ENDPOINT}")],
        ),
        (
            ConfirmFilter { topic: Some("secops".into()), ..Default::default() },
            vec!["email:a@acme.example".to_owned()],
        ),
        (ConfirmFilter { region: Region::new("us-west-2"), ..Default::default() }, vec![]),
        (ConfirmFilter { account: AccountId::new("999988887777"), ..Default::default() }, vec![]),
    ] {
        assert_eq!(confirmed(&sandbox().0, &filter), expected, "{filter:?}");
    }
}

#[test]
fn after_two_days_only_confirmed_subscriptions_are_left() {
    let (sandbox, place) = sandbox();
    let filter = ConfirmFilter { endpoint: Some("a@acme".into()), ..Default::default() };
    assert_eq!(confirmed(&sandbox, &filter).len(), 1);
    let gone = sandbox.advance().expect("advanced");
    assert_eq!(
        gone.iter().map(|one| one.endpoint.to_string()).collect::<Vec<_>>(),
        ["email:b@acme.example"]
    );
    let state = sandbox.state();
    assert_eq!(String::from(state.clock), "2026-11-24T12:00:00Z");
    assert_eq!(state.region(&place).topics["ctguard-acme-secops"].subscriptions.len(), 1);
    // Asked for anew, it waits anew.
    sandbox
        .change(|state| {
            let attributes = SubscriptionAttributes::default();
            topics::subscribe(
                state,
                &place,
                "ctguard-acme-chat",
                &mail("b@acme.example"),
                &attributes,
            )
            .expect("subscribed");
            assert!(expire(state).is_empty());
            Ok(())
        })
        .expect("changed");
}

#[test]
fn what_arrives_is_kept_in_the_outbox_and_what_is_refused_in_the_queue() {
    let (sandbox, place) = sandbox();
    let statement = json!({
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": place.arn("sqs", "dead"),
    });
    let queue = Queue { policy: Some(json!({ "Statement": statement })), ..Queue::default() };
    sandbox
        .change(|state| {
            let stored = StoredQueue { queue: queue.clone(), ..StoredQueue::default() };
            state.region_mut(&place).queues.insert("dead".into(), stored);
            Ok(())
        })
        .expect("changed");
    confirmed(&sandbox, &ConfirmFilter::default());
    let event = json!({ "id": "1", "source": "aws.guardduty", "detail-type": "GuardDuty Finding", "time": "2026-11-22T12:00:00Z", "account": place.account, "region": place.region, "detail": {} });
    // The topic's policy does not let EventBridge in yet.
    assert_eq!(sandbox.send(&event).expect("sent").dead_letters.len(), 1);
    assert_eq!(sandbox.state().region(&place).queues["dead"].messages, 1);
    assert_eq!(sandbox.state().region(&place).outbox, []);
    let policy = json!({ "Statement": {
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sns:Publish", "Resource": place.arn("sns", "ctguard-acme-chat"),
    } });
    sandbox
        .change(|state| {
            let topics = &mut state.region_mut(&place).topics;
            topics.get_mut("ctguard-acme-chat").expect("the topic").topic.policy = Some(policy);
            Ok(())
        })
        .expect("changed");
    let delivery = sandbox.send(&event).expect("sent");
    assert_eq!(sandbox.state().region(&place).outbox, delivery.received);
    assert_eq!(sandbox.state().region(&place).queues["dead"].messages, 1);
    let before = sandbox.state();
    assert_eq!(sandbox.deliver(&event), delivery, "delivering only looks");
    assert_eq!(sandbox.state(), before);
    // No trail: a CloudTrail event goes nowhere.
    let api = sample_event(&Sample {
        source: "ec2.amazonaws.com".into(),
        name: "CreateRoute".into(),
        kind: EventKind::Api,
        access: Access::Write,
        place,
        identity: Identity::Root,
        time: before.clock,
        detail: json!({}),
    });
    assert!(!sandbox.send(&api).expect("sent").trail.reaches_bus);
}

#[test]
fn what_a_rule_does_is_counted_and_its_failures_are_forgotten_in_time() {
    let (sandbox, place) = sandbox();
    let counted = || {
        let metrics = sandbox.state().region(&place).metrics.get("r").copied().unwrap_or_default();
        (metrics.triggered, metrics.failed, metrics.failed_to_dlq)
    };
    let mut event = json!({
        "id": "1", "source": "aws.guardduty", "detail-type": "GuardDuty Finding",
        "account": place.account, "region": place.region, "time": "2026-11-22T12:00:00Z", "detail": {},
    });
    let admit = |action: &str| {
        Some(json!({ "Statement": {
            "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
            "Action": action, "Resource": "*",
        } }))
    };
    let let_publish = |policy| {
        sandbox
            .change(|state| {
                let topics = &mut state.region_mut(&place).topics;
                topics.get_mut("ctguard-acme-chat").expect("there").topic.policy = policy;
                Ok(())
            })
            .expect("changed");
    };
    let_publish(admit("sns:Publish"));
    sandbox.send(&event).expect("sent");
    assert_eq!(counted(), (1, 0, 0));

    // Nobody may publish any more, and the queue for what is refused does not exist.
    let_publish(None);
    sandbox.send(&event).expect("sent");
    assert_eq!(counted(), (2, 1, 1));
    let queue = Queue { policy: admit("sqs:SendMessage"), ..Queue::default() };
    sandbox
        .change(|state| {
            let stored = StoredQueue { queue, ..StoredQueue::default() };
            state.region_mut(&place).queues.insert("dead".into(), stored);
            Ok(())
        })
        .expect("changed");
    sandbox.send(&event).expect("sent");
    assert_eq!(counted(), (3, 2, 1), "a dead letter that is kept is not lost");

    event["source"] = json!("aws.s3");
    sandbox.send(&event).expect("sent");
    assert_eq!(counted(), (3, 2, 1), "a rule that does not fire counts nothing");
    sandbox.advance().expect("advanced");
    assert_eq!(counted(), (3, 0, 0));
}
