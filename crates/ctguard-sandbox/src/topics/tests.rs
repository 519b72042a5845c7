use super::super::fresh;
use super::*;

fn code(done: Done) -> Option<&'static str> {
    done.err().map(|refusal| refusal.code)
}

fn with_topic() -> (State, Place) {
    let (mut state, place) = fresh::for_tests();
    create(&mut state, &place, "secops", &Tags::new()).expect("created");
    (state, place)
}

fn plain() -> SubscriptionAttributes {
    SubscriptionAttributes::default()
}

fn stored<'a>(state: &'a State, place: &Place, endpoint: &Endpoint) -> &'a StoredSubscription {
    &state.region(place).topics["secops"].subscriptions[endpoint]
}

#[test]
fn a_topic_can_be_created_again_only_with_the_same_tags() {
    let (mut state, place) = fresh::for_tests();
    let tags = Tags::from([("ctguard:blueprint".into(), "acme".into())]);
    for _ in 0..2 {
        create(&mut state, &place, "secops", &tags).expect("created");
    }
    assert_eq!(code(create(&mut state, &place, "secops", &Tags::new())), Some(INVALID));
    let long = "t".repeat(257);
    for bad in ["", "sec ops", "secops.fifo", &long] {
        assert_eq!(code(create(&mut state, &place, bad, &tags)), Some(INVALID), "{bad}");
    }
    let policy = state.region(&place).topics["secops"].topic.policy.clone().expect("a policy");
    assert!(form::check_topic(&policy, &place.arn("sns", "secops")).is_ok(), "its own default");
    for _ in 0..2 {
        delete(&mut state, &place, "secops").expect("deleted");
    }
}

#[test]
fn topic_attributes_that_sns_refuses_are_refused() {
    let (mut state, place) = with_topic();
    let key = |key: &str| TopicAttribute::KmsMasterKeyId(Some(key.to_owned()));
    for (attribute, refused) in [
        (TopicAttribute::Policy(json!({ "Statement": [] })), Some(INVALID)),
        (TopicAttribute::Policy(default_policy(&place, &place.arn("sns", "other"))), Some(INVALID)),
        (TopicAttribute::Policy(default_policy(&place, &place.arn("sns", "secops"))), None),
        (TopicAttribute::DisplayName("n".repeat(101)), Some(INVALID)),
        (TopicAttribute::DisplayName("ctguard".into()), None),
        (key("alias/nobodys"), Some(INVALID)),
        (key("arn:aws:kms:us-east-1:111122223333:key/1"), Some(INVALID)),
        (key("alias/aws/sns"), None),
        (TopicAttribute::KmsMasterKeyId(None), None),
    ] {
        assert_eq!(
            code(set_attribute(&mut state, &place, "secops", &attribute)),
            refused,
            "{attribute:?}"
        );
    }
    let name = TopicAttribute::DisplayName("x".into());
    assert_eq!(code(set_attribute(&mut state, &place, "none", &name)), Some(MISSING));
    assert_eq!(code(tag(&mut state, &place, "none", &Tags::new())), Some("ResourceNotFound"));
}

#[test]
fn endpoints_and_attributes_that_sns_refuses_are_refused() {
    let (mut state, place) = with_topic();
    let queue = || Endpoint::new(Protocol::Sqs, place.arn("sqs", "siem"));
    let mail = || Endpoint::new(Protocol::Email, "a@acme.example");
    let filter = |policy: Value, scope: Option<&str>| SubscriptionAttributes {
        filter_policy: Some(policy),
        filter_policy_scope: scope.map(str::to_owned),
        ..plain()
    };
    let raw = || SubscriptionAttributes { raw_message_delivery: true, ..plain() };
    let dead = |arn: String| SubscriptionAttributes { dead_letter_arn: Some(arn), ..plain() };
    let many: Vec<u32> = (0..151).collect();
    for (what, endpoint, attributes) in [
        ("no address", Endpoint::new(Protocol::Email, "acme.example"), plain()),
        ("no domain", Endpoint::new(Protocol::Email, "a@acme"), plain()),
        ("two addresses", Endpoint::new(Protocol::Email, "a@acme.example b@acme.example"), plain()),
        ("http as https", Endpoint::new(Protocol::Https, "http://acme.example"), plain()),
        ("no queue", Endpoint::new(Protocol::Sqs, "siem"), plain()),
        ("a topic as a queue", Endpoint::new(Protocol::Sqs, place.arn("sns", "siem")), plain()),
        ("no function", Endpoint::new(Protocol::Lambda, place.arn("lambda", "x")), plain()),
        ("not modelled", Endpoint::new(Protocol::Sms, "+10000000000"), plain()),
        ("raw mail", mail(), raw()),
        (
            "a foreign dead-letter queue",
            mail(),
            dead("arn:aws:sqs:us-east-1:111122223333:d".into()),
        ),
        ("a FIFO dead-letter queue", mail(), dead(place.arn("sqs", "d.fifo"))),
        ("a filter that is no object", queue(), filter(json!([]), None)),
        ("a filter without values", queue(), filter(json!({ "a": [] }), None)),
        ("a nested filter on attributes", queue(), filter(json!({ "a": { "b": ["c"] } }), None)),
        ("a filter with too many values", queue(), filter(json!({ "a": many }), None)),
        ("an unknown scope", queue(), filter(json!({ "a": ["b"] }), Some("Body"))),
        (
            "a read-only attribute",
            queue(),
            SubscriptionAttributes { confirmation_was_authenticated: Some(true), ..plain() },
        ),
    ] {
        let done = subscribe(&mut state, &place, "secops", &endpoint, &attributes);
        assert_eq!(code(done), Some(INVALID), "{what}");
    }
    let nested = filter(json!({ "a": { "b": ["c"] } }), Some("MessageBody"));
    subscribe(&mut state, &place, "secops", &queue(), &nested).expect("a body may be nested");
    assert_eq!(code(subscribe(&mut state, &place, "none", &mail(), &plain())), Some(MISSING));
}

#[test]
fn only_an_endpoint_of_the_own_account_is_confirmed_at_once() {
    let (mut state, place) = with_topic();
    for (endpoint, at_once) in [
        (Endpoint::new(Protocol::Email, "a@acme.example"), false),
        (Endpoint::new(Protocol::Https, "https://acme.example/hook"), false),
        (Endpoint::new(Protocol::Sqs, place.arn("sqs", "siem")), true),
        (Endpoint::new(Protocol::Lambda, place.arn("lambda", "function:x")), true),
        (Endpoint::new(Protocol::Sqs, "arn:aws:sqs:eu-west-1:999988887777:siem"), false),
    ] {
        for _ in 0..2 {
            subscribe(&mut state, &place, "secops", &endpoint, &plain()).expect("subscribed");
        }
        let confirmed =
            matches!(stored(&state, &place, &endpoint), StoredSubscription::Confirmed { .. });
        assert_eq!(confirmed, at_once, "{endpoint}");
        let other =
            SubscriptionAttributes { dead_letter_arn: Some(place.arn("sqs", "d")), ..plain() };
        assert_eq!(
            code(subscribe(&mut state, &place, "secops", &endpoint, &other)),
            Some(INVALID),
            "{endpoint} is there with other attributes"
        );
    }
}

#[test]
fn a_subscription_is_changed_and_ended_by_its_arn() {
    let (mut state, place) = with_topic();
    let endpoint = Endpoint::new(Protocol::Sqs, place.arn("sqs", "siem"));
    subscribe(&mut state, &place, "secops", &endpoint, &plain()).expect("subscribed");
    let StoredSubscription::Confirmed { arn, .. } = stored(&state, &place, &endpoint).clone()
    else {
        panic!("a queue is confirmed at once");
    };
    let raw = SubscriptionAttribute::RawMessageDelivery(true);
    for _ in 0..2 {
        set_subscription_attribute(&mut state, &place, &arn, &raw).expect("set");
    }
    assert!(stored(&state, &place, &endpoint).attributes().raw_message_delivery);
    let bad = SubscriptionAttribute::DeadLetterArn(Some("x".into()));
    assert_eq!(code(set_subscription_attribute(&mut state, &place, &arn, &bad)), Some(INVALID));
    for pending in ["PendingConfirmation", "pending confirmation"] {
        assert_eq!(
            code(set_subscription_attribute(&mut state, &place, pending, &raw)),
            Some(INVALID)
        );
        assert_eq!(code(unsubscribe(&mut state, &place, pending)), Some(INVALID));
    }
    for _ in 0..2 {
        unsubscribe(&mut state, &place, &arn).expect("ended");
    }
    assert_eq!(code(set_subscription_attribute(&mut state, &place, &arn, &raw)), Some(MISSING));
    // The same endpoint has the same ARN again, so that a run that was stopped ends as any other.
    subscribe(&mut state, &place, "secops", &endpoint, &plain()).expect("subscribed");
    let again = stored(&state, &place, &endpoint);
    assert!(matches!(again, StoredSubscription::Confirmed { arn: now, .. } if *now == arn));
}
