use super::super::fresh::{self, AccountKind};
use super::super::state::{
    StoredFunction, StoredKey, StoredQueue, StoredSubscription, StoredTopic,
};
use super::super::topics;
use super::*;
use ctguard_core::event::sample::{Identity, Sample, sample_event};
use ctguard_core::event::{Access, EventKind};
use ctguard_core::resource::queue::Queue;
use ctguard_core::resource::rule::{Input, InputTransformer, Rule, Target, Targets};
use ctguard_core::resource::topic::{CHAT_ENDPOINT, Protocol, SubscriptionAttributes};
use ctguard_core::resource::trail::{BasicSelector, ReadWrite, Selectors};
use ctguard_core::scope::{AccountId, Place, Region};
use serde_json::json;

fn place() -> Place {
    let account = AccountId::new(fresh::DEFAULT_ACCOUNT).expect("an account");
    Place::new(account, Region::new("eu-west-1").expect("a region"))
}

fn arn(service: &str, name: &str) -> String {
    place().arn(service, name)
}

/// Allows a service one action on one resource.
fn grant(service: &str, action: &str, resource: &str) -> Value {
    json!({ "Statement": [{
        "Sid": "grant", "Effect": "Allow", "Principal": { "Service": service },
        "Action": action, "Resource": resource,
    }] })
}

fn event(source: &str, name: &str, kind: EventKind, access: Access) -> Value {
    let state = fresh::for_tests().0;
    sample_event(&Sample {
        source: source.to_owned(),
        name: name.to_owned(),
        kind,
        access,
        place: place(),
        identity: Identity::User("eve".into()),
        time: state.clock,
        detail: json!({}),
    })
}

fn stop_logging() -> Value {
    event("cloudtrail.amazonaws.com", "StopLogging", EventKind::Api, Access::Write)
}

/// One rule on all API calls that sends to one topic with an e-mail subscriber, all in order.
fn working() -> State {
    let regions = ["us-east-1", "eu-west-1"].map(|name| Region::new(name).expect("a region"));
    let mut state = fresh::new_account(AccountKind::WithTrail, &place().account, &regions);
    let here = state.region_mut(&place());
    let rule = Rule {
        state: RuleState::Enabled,
        event_pattern: Some(r#"{"detail-type":["AWS API Call via CloudTrail"]}"#.to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    let target = Target {
        arn: arn("sns", "secops"),
        role_arn: None,
        input: Input::Event,
        dead_letter_arn: Some(arn("sqs", "dead")),
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    let targets = Targets::from([("t".to_owned(), target)]);
    here.rules.insert("alert".into(), StoredRule { rule, targets, tags: Default::default() });
    let mut topic = StoredTopic::default();
    topic.topic.policy = Some(grant("events.amazonaws.com", "sns:Publish", &arn("sns", "secops")));
    here.topics.insert("secops".into(), topic);
    let policy = json!({ "Statement": [
        grant("events.amazonaws.com", "sqs:SendMessage", &arn("sqs", "dead"))["Statement"][0],
        grant("sns.amazonaws.com", "sqs:SendMessage", &arn("sqs", "dead"))["Statement"][0],
    ] });
    let queue = Queue { policy: Some(policy), ..Queue::default() };
    here.queues.insert("dead".into(), StoredQueue { queue, ..StoredQueue::default() });
    subscribe(
        &mut state,
        Endpoint::new(Protocol::Email, "a@acme.example"),
        SubscriptionAttributes::default(),
    );
    state
}

/// Subscribes an endpoint that has confirmed.
fn subscribe(state: &mut State, endpoint: Endpoint, attributes: SubscriptionAttributes) {
    let subscription = topics::confirmed(&place(), "secops", &endpoint, attributes);
    topic(state).subscriptions.insert(endpoint, subscription);
}

fn topic(state: &mut State) -> &mut StoredTopic {
    state.region_mut(&place()).topics.get_mut("secops").expect("the topic")
}

fn rule(state: &mut State) -> &mut StoredRule {
    state.region_mut(&place()).rules.get_mut("alert").expect("the rule")
}

fn target(state: &mut State) -> &mut Target {
    rule(state).targets.get_mut("t").expect("the target")
}

fn trail(state: &mut State) -> &mut super::super::state::StoredTrail {
    let home = Place::new(place().account, Region::new("us-east-1").expect("a region"));
    state.region_mut(&home).trails.get_mut("management-events").expect("the trail")
}

#[test]
fn an_event_reaches_the_subscriber_when_everything_is_right() {
    let event = stop_logging();
    let delivery = follow(&working(), &event);
    assert_eq!(delivery.event, "cloudtrail:StopLogging");
    assert!(delivery.trail.reaches_bus, "{:?}", delivery.trail);
    assert!(delivery.rules[0].fired && delivery.rules[0].targets[0].accepted);
    let [received] = delivery.received.as_slice() else { panic!("one: {delivery:?}") };
    assert_eq!(received.endpoint.to_string(), "email:a@acme.example");
    assert_eq!(serde_json::from_str::<Value>(&received.text).expect("JSON"), event);
    assert_eq!(delivery.dead_letters, []);
}

#[test]
fn a_trail_that_does_not_record_the_event_keeps_it_from_the_bus() {
    type Change = fn(&mut State);
    let cases: [(&str, Change); 6] = [
        ("no trail covers", |state| trail(state).trail.multi_region = false),
        ("is not logging", |state| trail(state).status.logging = false),
        ("selectors leave out", |state| {
            trail(state).selectors = Selectors::Basic(vec![BasicSelector {
                read_write: ReadWrite::ReadOnly,
                management_events: true,
                exclude_management_sources: Vec::new(),
                data_resources: Vec::new(),
            }]);
        }),
        ("is not enabled", |state| {
            let account = state.accounts.get_mut(&place().account).expect("the account");
            account.global.enabled_regions.remove(&place().region);
        }),
        ("not in the sandbox", |state| drop(state.accounts.remove(&place().account))),
        ("no trail covers", |state| {
            let home = Place::new(place().account, Region::new("us-east-1").expect("a region"));
            state.region_mut(&home).trails.clear();
        }),
    ];
    for (reason, change) in cases {
        let mut state = working();
        change(&mut state);
        let delivery = follow(&state, &stop_logging());
        assert!(!delivery.trail.reaches_bus && delivery.received.is_empty(), "{reason}");
        let said = format!("{:?}", delivery.trail);
        assert!(said.contains(reason), "{reason}: {said}");
    }
}

#[test]
fn kinds_of_events_need_what_aws_says_they_need() {
    let mut state = working();
    let reaches = |state: &State, event: &Value| follow(state, event).trail.reaches_bus;
    let data = event("s3.amazonaws.com", "DeleteObject", EventKind::Data, Access::Write);
    assert!(!reaches(&state, &data), "data events need data selectors");
    let iam = event("iam.amazonaws.com", "CreateUser", EventKind::Api, Access::Write);
    assert!(!reaches(&state, &iam), "IAM records in us-east-1 only");
    let mut at_home = iam.clone();
    at_home["region"] = json!("us-east-1");
    assert!(reaches(&state, &at_home));
    trail(&mut state).trail.global_service_events = false;
    assert!(!reaches(&state, &at_home), "events of global services are left out");
    trail(&mut state).status.logging = false;
    let native = json!({ "id": "1", "source": "aws.guardduty", "detail-type": "GuardDuty Finding", "time": "2026-11-22T12:00:00Z", "account": place().account, "region": "eu-west-1", "detail": {} });
    assert!(reaches(&state, &native), "what a service sends by itself needs no trail");
    let mut huge = native.clone();
    huge["detail"] = json!({ "padding": "x".repeat(300_000) });
    assert!(!reaches(&state, &huge));
    for missing in ["id", "source", "account", "region", "detail-type", "detail"] {
        let mut event = native.clone();
        event.as_object_mut().expect("an object").remove(missing);
        assert!(!reaches(&state, &event), "without {missing}");
    }
}

#[test]
fn a_rule_fires_by_its_pattern_and_state() {
    let read = event("ec2.amazonaws.com", "DescribeInstances", EventKind::Api, Access::Read);
    let write = stop_logging();
    use RuleState::{Disabled, Enabled, EnabledWithAllCloudtrailManagementEvents as Wide};
    for (rule_state, event, fires) in [
        (Enabled, &write, true),
        (Enabled, &read, false),
        (Wide, &write, true),
        (Wide, &read, true),
        (Disabled, &write, false),
    ] {
        let mut state = working();
        rule(&mut state).rule.state = rule_state;
        let delivery = follow(&state, event);
        assert_eq!(delivery.rules[0].fired, fires, "{rule_state:?} {}", delivery.event);
        assert_eq!(!delivery.received.is_empty(), fires);
    }
    // Data events that read reach a plain rule.
    let mut state = working();
    trail(&mut state).selectors = Selectors::Basic(vec![BasicSelector {
        read_write: ReadWrite::All,
        management_events: true,
        exclude_management_sources: Vec::new(),
        data_resources: vec![ctguard_core::resource::trail::DataResource {
            resource_type: "AWS::S3::Object".into(),
            values: vec!["arn:aws:s3".into()],
        }],
    }]);
    let get = event("s3.amazonaws.com", "GetObject", EventKind::Data, Access::Read);
    assert!(follow(&state, &get).rules[0].fired);
    for pattern in [Some(r#"{"source":["aws.ec2"]}"#), Some("{"), None] {
        rule(&mut state).rule.event_pattern = pattern.map(str::to_owned);
        assert!(!follow(&state, &write).rules[0].fired, "{pattern:?}");
    }
}

#[test]
fn a_topic_that_refuses_eventbridge_sends_the_event_to_the_dead_letter_queue() {
    let key = |enabled: bool, condition: Option<Value>| {
        let mut policy = grant("events.amazonaws.com", "kms:GenerateDataKey*", "*");
        policy["Statement"][0]["Action"] = json!(["kms:GenerateDataKey*", "kms:Decrypt"]);
        if let Some(condition) = condition {
            policy["Statement"][0]["Condition"] = condition;
        }
        StoredKey {
            aliases: Default::default(),
            enabled,
            aws_managed: false,
            asymmetric: false,
            policy,
        }
    };
    let conditioned = json!({ "StringEquals": { "aws:SourceAccount": place().account } });
    let own = topics::default_policy(&place(), &arn("sns", "secops"));
    type Change<'a> = Box<dyn Fn(&mut State) + 'a>;
    let with_key = |stored: StoredKey| -> Change<'_> {
        Box::new(move |state| {
            state.region_mut(&place()).keys.insert("k".into(), stored.clone());
            topic(state).topic.kms_key = Some("k".into());
        })
    };
    let cases: Vec<(&str, bool, Change<'_>)> = vec![
        (
            "the default policy",
            false,
            Box::new(|state| topic(state).topic.policy = Some(own.clone())),
        ),
        ("no policy", false, Box::new(|state| topic(state).topic.policy = None)),
        (
            "a condition on the account",
            false,
            Box::new(|state| {
                let policy = topic(state).topic.policy.as_mut().expect("a policy");
                policy["Statement"][0]["Condition"] = conditioned.clone();
            }),
        ),
        (
            // AWS documents no condition that EventBridge meets at a topic.
            "a condition on the rule",
            false,
            Box::new(|state| {
                let policy = topic(state).topic.policy.as_mut().expect("a policy");
                policy["Statement"][0]["Condition"] =
                    json!({ "ArnLike": { "aws:SourceArn": arn("events", "rule/*") } });
            }),
        ),
        ("no topic", false, Box::new(|state| state.region_mut(&place()).topics.clear())),
        (
            "a topic elsewhere",
            false,
            Box::new(|state| {
                target(state).arn = "arn:aws:sns:us-east-1:111122223333:secops".into()
            }),
        ),
        (
            "a role",
            false,
            Box::new(|state| {
                target(state).role_arn = Some("arn:aws:iam::111122223333:role/x".into())
            }),
        ),
        (
            "AWS's own key",
            false,
            Box::new(|state| topic(state).topic.kms_key = Some("alias/aws/sns".into())),
        ),
        ("no key", false, Box::new(|state| topic(state).topic.kms_key = Some("alias/none".into()))),
        ("a key that admits", true, with_key(key(true, None))),
        ("a disabled key", false, with_key(key(false, None))),
        ("an asymmetric key", false, with_key(StoredKey { asymmetric: true, ..key(true, None) })),
        ("a conditioned key", false, with_key(key(true, Some(conditioned.clone())))),
        (
            "a key with the rule's ARN",
            false,
            with_key(key(
                true,
                Some(json!({ "ArnLike": { "aws:SourceArn": arn("events", "rule/*") } })),
            )),
        ),
        (
            "a target that is not modelled",
            false,
            Box::new(|state| target(state).arn = arn("states", "stateMachine:x")),
        ),
    ];
    for (what, accepted, change) in cases {
        let mut state = working();
        change(&mut state);
        let delivery = follow(&state, &stop_logging());
        let verdict = &delivery.rules[0].targets[0];
        assert_eq!(verdict.accepted, accepted, "{what}: {}", verdict.reason);
        assert_eq!(delivery.dead_letters.len(), usize::from(!accepted), "{what}");
        assert_eq!(delivery.received.len(), usize::from(accepted), "{what}");
    }
}

#[test]
fn without_a_dead_letter_queue_that_admits_the_event_is_lost() {
    type Change = fn(&mut State);
    let cases: [Change; 3] = [
        |state| target(state).dead_letter_arn = None,
        |state| state.region_mut(&place()).queues.clear(),
        |state| {
            state.region_mut(&place()).queues.get_mut("dead").expect("a queue").queue.policy = None
        },
    ];
    for change in cases {
        let mut state = working();
        topic(&mut state).topic.policy = None;
        change(&mut state);
        let delivery = follow(&state, &stop_logging());
        assert_eq!(delivery.dead_letters, []);
        assert!(delivery.rules[0].targets[0].reason.ends_with("the event is lost"));
    }
}

#[test]
fn queues_and_functions_can_be_targets_by_their_own_policies() {
    let mut state = working();
    target(&mut state).arn = arn("sqs", "dead");
    let delivery = follow(&state, &stop_logging());
    assert_eq!(delivery.received[0].endpoint, Endpoint::new(Protocol::Sqs, arn("sqs", "dead")));
    let function = arn("lambda", "function:x");
    target(&mut state).arn.clone_from(&function);
    assert!(!follow(&state, &stop_logging()).rules[0].targets[0].accepted, "no such function");
    let mut policy = grant("events.amazonaws.com", "lambda:InvokeFunction", &function);
    let functions = &mut state.region_mut(&place()).functions;
    functions
        .insert("x".into(), StoredFunction { policy: Some(policy.clone()), ..Default::default() });
    assert!(follow(&state, &stop_logging()).rules[0].targets[0].accepted);
    policy["Statement"][0]["Condition"] =
        json!({ "StringEquals": { "aws:SourceAccount": place().account } });
    let functions = &mut state.region_mut(&place()).functions;
    functions.insert("x".into(), StoredFunction { policy: Some(policy), ..Default::default() });
    assert!(!follow(&state, &stop_logging()).rules[0].targets[0].accepted, "conditioned");
}

/// What a function admits, its alias need not, and the other way round.
#[test]
fn a_subscribed_alias_is_called_by_its_own_policy() {
    let topic = arn("sns", "secops");
    let policy = |name: &str, source: &str| {
        let function = arn("lambda", &format!("function:{name}"));
        let mut policy = grant("sns.amazonaws.com", "lambda:InvokeFunction", &function);
        policy["Statement"][0]["Condition"] = json!({ "ArnLike": { "AWS:SourceArn": source } });
        Some(policy)
    };
    let prod = |policy| [("prod".to_owned(), policy)].into();
    for (what, name, policy, qualifiers, expected) in [
        ("its own", "x", policy("x", &topic), prod(None), true),
        ("another topic's", "x", policy("x", &arn("sns", "other")), prod(None), false),
        ("the alias's alone", "x", None, prod(policy("x:prod", &topic)), false),
        ("the alias's", "x:prod", None, prod(policy("x:prod", &topic)), true),
        ("the function's alone", "x:prod", policy("*", &topic), prod(None), false),
        ("an alias that is not there", "x:test", policy("*", &topic), prod(None), false),
    ] {
        let mut state = working();
        let function = Endpoint::new(Protocol::Lambda, arn("lambda", &format!("function:{name}")));
        let functions = &mut state.region_mut(&place()).functions;
        functions.insert("x".into(), StoredFunction { policy, qualifiers });
        subscribe(&mut state, function.clone(), SubscriptionAttributes::default());
        let delivery = follow(&state, &stop_logging());
        let received = delivery.received.iter().any(|received| received.endpoint == function);
        assert_eq!(received, expected, "{what}: {delivery:#?}");
    }
}

#[test]
fn each_subscriber_receives_by_its_own_state_filter_and_policy() {
    let queue = || Endpoint::new(Protocol::Sqs, arn("sqs", "siem"));
    let foreign = || Endpoint::new(Protocol::Sqs, "arn:aws:sqs:eu-west-1:999988887777:siem");
    let chat = || Endpoint::new(Protocol::Https, CHAT_ENDPOINT);
    let hook = || Endpoint::new(Protocol::Https, "https://acme.example/hook");
    let plain = SubscriptionAttributes::default;
    let dead = || SubscriptionAttributes { dead_letter_arn: Some(arn("sqs", "dead")), ..plain() };
    let filter = |policy: Value, scope: &str| SubscriptionAttributes {
        filter_policy: Some(policy),
        filter_policy_scope: Some(scope.to_owned()),
        ..plain()
    };
    let name = |name: &str| json!({ "detail": { "eventName": [name] } });
    let siem = |policy: Option<Value>| {
        move |state: &mut State| {
            let queue = Queue { policy: policy.clone(), ..Queue::default() };
            let stored = StoredQueue { queue, ..StoredQueue::default() };
            state.region_mut(&place()).queues.insert("siem".into(), stored);
        }
    };
    let mut sourced = grant("sns.amazonaws.com", "sqs:SendMessage", &arn("sqs", "siem"));
    sourced["Statement"][0]["Condition"] =
        json!({ "ArnEquals": { "aws:SourceArn": arn("sns", "secops") } });
    let mut other = sourced.clone();
    other["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"] = json!(arn("sns", "other"));
    type Prepare<'a> = Box<dyn Fn(&mut State) + 'a>;
    let nothing = || -> Prepare<'_> { Box::new(|_| {}) };
    let cases: Vec<(&str, Endpoint, SubscriptionAttributes, Prepare<'_>, bool, usize)> = vec![
        ("a hook", hook(), plain(), nothing(), true, 0),
        ("no queue", queue(), plain(), nothing(), false, 0),
        ("no queue, kept", queue(), dead(), nothing(), false, 1),
        ("a queue without policy", queue(), dead(), Box::new(siem(None)), false, 1),
        ("a queue for another topic", queue(), dead(), Box::new(siem(Some(other))), false, 1),
        ("a queue that admits", queue(), dead(), Box::new(siem(Some(sourced))), true, 0),
        ("a queue outside", foreign(), plain(), nothing(), true, 0),
        (
            "a function that is not there",
            Endpoint::new(Protocol::Lambda, arn("lambda", "function:x")),
            dead(),
            nothing(),
            false,
            1,
        ),
        (
            "a filter on attributes",
            hook(),
            filter(json!({ "severity": ["x"] }), "MessageAttributes"),
            nothing(),
            false,
            0,
        ),
        (
            "an absent attribute",
            hook(),
            filter(json!({ "severity": [{ "exists": false }] }), "MessageAttributes"),
            nothing(),
            true,
            0,
        ),
        (
            "a filter that fits the body",
            hook(),
            filter(name("StopLogging"), "MessageBody"),
            nothing(),
            true,
            0,
        ),
        (
            "a filter that does not",
            hook(),
            filter(name("StartLogging"), "MessageBody"),
            nothing(),
            false,
            0,
        ),
        ("chat with the whole event", chat(), plain(), nothing(), true, 0),
        (
            "chat with raw delivery",
            chat(),
            SubscriptionAttributes { raw_message_delivery: true, ..plain() },
            nothing(),
            false,
            0,
        ),
    ];
    for (what, endpoint, attributes, prepare, receives, buried) in cases {
        let mut state = working();
        topic(&mut state).subscriptions.clear();
        prepare(&mut state);
        subscribe(&mut state, endpoint, attributes);
        let delivery = follow(&state, &stop_logging());
        let [verdict] = delivery.rules[0].targets[0].subscribers.as_slice() else {
            panic!("{what}")
        };
        assert_eq!(verdict.received, receives, "{what}: {}", verdict.reason);
        assert_eq!(delivery.received.len(), usize::from(receives), "{what}");
        assert_eq!(delivery.dead_letters.len(), buried, "{what}: {}", verdict.reason);
    }
    let mut state = working();
    let pending = StoredSubscription::Pending { since: state.clock, attributes: plain() };
    topic(&mut state).subscriptions.values_mut().for_each(|there| *there = pending.clone());
    assert_eq!(follow(&state, &stop_logging()).received, [], "nobody has confirmed");
}

#[test]
fn a_message_that_is_no_json_once_filled_goes_to_the_dead_letter_queue() {
    let mut state = working();
    let paths = [("agent".to_owned(), "$.detail.userAgent".to_owned())].into();
    let template = r#"{"agent":"<agent>"}"#.to_owned();
    target(&mut state).input = Input::Transformer(InputTransformer { paths, template });
    for (agent, arrives) in [("aws-cli", true), (r#"a "quoted" agent"#, false)] {
        let mut event = stop_logging();
        event["detail"]["userAgent"] = json!(agent);
        let delivery = follow(&state, &event);
        assert_eq!(delivery.received.len(), usize::from(arrives), "{agent}");
        let codes: Vec<_> = delivery.dead_letters.iter().map(|letter| &letter.code).collect();
        assert_eq!(codes, if arrives { vec![] } else { vec!["INVALID_JSON"] }, "{agent}");
    }
}
