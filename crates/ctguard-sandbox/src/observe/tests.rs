use super::super::access::Call;
use super::super::fresh;
use super::super::state::StoredTopic;
use super::super::state::{
    Denied, RuleMetrics, State, StoredFunction, StoredKey, StoredQueue, StoredRule, StoredTrail,
};
use super::super::topics;
use super::*;
use ctguard_core::resource::BLUEPRINT_TAG;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::{Rule, RuleState, Targets};
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::resource::trail::Trail;
use ctguard_core::scope::Place;
use ctguard_core::snapshot::LiveSubscription;
use serde_json::json;
use std::collections::BTreeSet;

fn observe(state: &State, at: &Place, reads: &ReadSet) -> (PlaceSnapshot, Vec<Call>) {
    let mut calls = Vec::new();
    let snapshot = place(&mut Reader { state, place: at, calls: &mut calls }, reads);
    (snapshot, calls)
}

fn tagged() -> Tags {
    Tags::from([(BLUEPRINT_TAG.to_owned(), "acme".to_owned())])
}

fn rule(tags: Tags) -> StoredRule {
    let rule = Rule {
        state: RuleState::Enabled,
        event_pattern: Some("{}".to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    StoredRule { rule, targets: Targets::new(), tags }
}

fn reads(place: &Place) -> ReadSet {
    ReadSet {
        buses: BTreeSet::new(),
        blueprint: "acme".to_owned(),
        rule_prefix: "ctguard-acme-".to_owned(),
        rules: Default::default(),
        topics: BTreeSet::from([place.arn("sns", "ctguard-acme-secops")]),
        queues: BTreeSet::from([place.arn("sqs", "siem")]),
        functions: ["triage", "triage:prod", "triage:7", "mute", "gone"]
            .map(|name| place.arn("lambda", &format!("function:{name}")))
            .into(),
        trails: true,
        managed_trail: Some("acme".to_owned()),
        ..ReadSet::default()
    }
}

/// A place with something of each kind, ours and others'.
fn full() -> (State, Place) {
    let (mut state, place) = fresh::for_tests();
    let here = state.region_mut(&place);
    here.rules.insert("ctguard-acme-a".into(), rule(tagged()));
    here.rules.insert("ctguard-acme-b".into(), rule(Tags::new()));
    here.rules.insert("other".into(), rule(tagged()));
    for (name, tags) in [
        ("ctguard-acme-secops", tagged()),
        ("ctguard-acme-gone", tagged()),
        ("theirs", Tags::new()),
    ] {
        let mut topic = StoredTopic { tags, ..StoredTopic::default() };
        topic.topic.policy = Some(topics::default_policy(&place, &place.arn("sns", name)));
        here.topics.insert(name.into(), topic);
    }
    here.queues.insert("siem".into(), StoredQueue { messages: 3, ..StoredQueue::default() });
    here.queues.insert(
        "ctguard-acme-targets".into(),
        StoredQueue { tags: tagged(), ..StoredQueue::default() },
    );
    let policy = |name: &str| Some(json!({ "Statement": [], "Id": name }));
    let triage = StoredFunction {
        policy: policy("triage"),
        qualifiers: [("prod".to_owned(), policy("prod")), ("7".to_owned(), None)].into(),
    };
    here.functions.insert("triage".into(), triage);
    here.functions.insert("mute".into(), StoredFunction::default());
    let trail = StoredTrail {
        kept_from_members: false,
        is_new_to_members: false,
        insights: false,
        trail: Trail {
            bucket: "nowhere".into(),
            key_prefix: None,
            multi_region: true,
            organization: false,
            global_service_events: true,
            log_file_validation: true,
            kms_key: None,
        },
        selectors: trails::default_selectors(),
        status: TrailStatus { logging: true, ..TrailStatus::default() },
        tags: tagged(),
    };
    here.trails.insert("acme".into(), trail);
    (state, place)
}

#[test]
fn a_place_shows_what_is_asked_for_and_what_carries_the_tag() {
    let (state, place) = full();
    let (seen, calls) = observe(&state, &place, &reads(&place));
    let rules: Vec<_> = seen.rules.known().expect("rules").keys().collect();
    assert_eq!(rules, ["ctguard-acme-a", "ctguard-acme-b"]);
    let topics: Vec<_> = seen.topics.keys().map(|arn| arn.rsplit(':').next().unwrap()).collect();
    assert_eq!(topics, ["ctguard-acme-gone", "ctguard-acme-secops"]);
    let queues: Vec<_> = seen.queues.iter().collect();
    assert_eq!(queues.len(), 2);
    let siem = seen.queues[&place.arn("sqs", "siem")].known().expect("the subscriber's queue");
    assert_eq!((&siem.tags, siem.messages), (&Observed::Absent, 3));
    assert!(calls.iter().all(|call| !call.mutating && call.succeeded));
    let made = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
    assert_eq!(made("tag:GetResources"), 1);
    assert_eq!(made("events:ListTargetsByRule"), 2);
    assert_eq!(made("events:ListTagsForResource"), 1, "only for the rule without our tag");
}

/// GetPolicy says the same of what does not exist and of what has no policy.
#[test]
fn a_function_and_its_aliases_have_policies_of_their_own_or_none() {
    let (mut state, place) = full();
    let (seen, calls) = observe(&state, &place, &reads(&place));
    let policies: Vec<_> = seen
        .functions
        .iter()
        .map(|(arn, seen)| {
            let policy = seen.known().and_then(|live| live.policy["Id"].as_str());
            assert!(seen.unreadable().is_none());
            (arn.split_once("function:").unwrap().1, policy)
        })
        .collect();
    let expected = [
        ("gone", None),
        ("mute", None),
        ("triage", Some("triage")),
        ("triage:7", None),
        ("triage:prod", Some("prod")),
    ];
    assert_eq!(policies, expected);
    assert_eq!(calls.iter().filter(|call| call.operation == "lambda:GetPolicy").count(), 5);

    state.denied.push(Denied { operation: "lambda:*".into(), account: None, region: None });
    let (seen, _) = observe(&state, &place, &reads(&place));
    assert!(seen.functions.values().all(|function| function.unreadable().is_some()));
}

#[test]
fn an_empty_read_set_makes_no_call() {
    let (state, place) = full();
    let (seen, calls) = observe(&state, &place, &ReadSet::default());
    assert_eq!(calls, []);
    assert_eq!(seen.rules, Observed::Known(SmallMap::new()));
    assert_eq!(seen.trails, Observed::Known(SmallMap::new()));
    assert!(seen.topics.is_empty() && seen.queues.is_empty());
}

#[test]
fn a_shadow_trail_has_a_status_but_neither_selectors_nor_tags() {
    let (state, home) = full();
    let elsewhere = Place::new(home.account.clone(), Region::new("us-west-2").expect("a region"));
    for (place, at_home) in [(&home, true), (&elsewhere, false)] {
        let (seen, _) = observe(&state, place, &reads(place));
        let trails = seen.trails.known().expect("trails").clone();
        let trail = &trails[&home.arn("cloudtrail", "trail/acme")];
        assert_eq!(trail.home_region, home.region);
        assert_eq!(trail.selectors.known().is_some(), at_home, "{place}");
        assert_eq!(trail.tags.known().is_some(), at_home, "{place}");
        let status = trail.status.known().expect("a status");
        assert!(status.logging);
        assert_eq!(status.latest_delivery_error.as_deref(), Some("NoSuchBucket"));
    }
    let reads = ReadSet { managed_trail: None, ..reads(&home) };
    let (seen, _) = observe(&state, &home, &reads);
    let trails = seen.trails.known().expect("trails").clone();
    let found = trails.values().next().expect("one").tags.known();
    assert!(found.is_some(), "the search for the ownership tag finds it, managed or not");
    let reads = ReadSet { managed_trail: None, blueprint: "other".to_owned(), ..reads };
    let (seen, _) = observe(&state, &home, &reads);
    let trails = seen.trails.known().expect("trails").clone();
    assert_eq!(trails.values().next().expect("one").tags, Observed::Absent, "it is another's");
}

#[test]
fn a_denied_operation_makes_unreadable_what_it_serves_and_nothing_else() {
    let (mut state, place) = full();
    let topic = place.arn("sns", "ctguard-acme-secops");
    let endpoint = Endpoint::new(Protocol::Sqs, place.arn("sqs", "siem"));
    topics::subscribe(
        &mut state,
        &place,
        "ctguard-acme-secops",
        &endpoint,
        &SubscriptionAttributes::default(),
    )
    .expect("subscribed");
    let trail = place.arn("cloudtrail", "trail/acme");
    type Part = fn(&PlaceSnapshot, &str, &str) -> Option<Unreadable>;
    let parts: [(&str, &str, Part); 11] = [
        ("events:ListRules", "AccessDeniedException", |s, _, _| s.rules.unreadable().cloned()),
        ("events:ListTargetsByRule", "AccessDeniedException", |s, _, _| {
            s.rules.known()?["ctguard-acme-a"].targets.unreadable().cloned()
        }),
        ("events:ListTagsForResource", "AccessDeniedException", |s, _, _| {
            s.rules.known()?["ctguard-acme-b"].tags.unreadable().cloned()
        }),
        ("sns:GetTopicAttributes", "AuthorizationError", |s, t, _| {
            s.topics[t].unreadable().cloned()
        }),
        ("sns:ListSubscriptionsByTopic", "AuthorizationError", |s, t, _| {
            s.topics[t].known()?.subscriptions.unreadable().cloned()
        }),
        ("sns:GetSubscriptionAttributes", "AuthorizationError", |s, t, _| {
            match s.topics[t].known()?.subscriptions.known()?.values().next()? {
                LiveSubscription::Confirmed { attributes, .. } => attributes.unreadable().cloned(),
                LiveSubscription::Pending => None,
            }
        }),
        ("sqs:GetQueueAttributes", "AccessDenied", |s, _, _| {
            s.queues.values().next()?.unreadable().cloned()
        }),
        ("sqs:GetQueueUrl", "AccessDenied", |s, _, _| {
            s.queues.values().next()?.unreadable().cloned()
        }),
        ("cloudtrail:DescribeTrails", "AccessDeniedException", |s, _, _| {
            s.trails.unreadable().cloned()
        }),
        ("cloudtrail:GetTrailStatus", "AccessDeniedException", |s, _, t| {
            s.trails.known()?[t].status.unreadable().cloned()
        }),
        ("cloudtrail:GetEventSelectors", "AccessDeniedException", |s, _, t| {
            s.trails.known()?[t].selectors.unreadable().cloned()
        }),
    ];
    for (operation, code, part) in parts {
        state.denied =
            vec![Denied { operation: operation.to_owned(), account: None, region: None }];
        let (seen, calls) = observe(&state, &place, &reads(&place));
        let why = part(&seen, &topic, &trail).unwrap_or_else(|| panic!("{operation} was read"));
        assert_eq!((why.operation.as_str(), why.code.as_str()), (operation, code));
        assert!(calls.iter().all(|call| call.succeeded == (call.operation != operation)));
        // Denied elsewhere only, it is read here.
        state.denied[0].region = Region::new("us-west-2");
        let (seen, _) = observe(&state, &place, &reads(&place));
        assert_eq!(part(&seen, &topic, &trail), None, "{operation} elsewhere");
    }
}

#[test]
fn a_denied_search_by_tag_leaves_a_mark_for_what_it_might_have_found() {
    let (mut state, place) = full();
    state.denied = vec![Denied { operation: "tag:*".to_owned(), account: None, region: None }];
    let (seen, _) = observe(&state, &place, &reads(&place));
    assert!(seen.topics[&place.arn("sns", "ctguard-acme-*")].unreadable().is_some());
    assert!(seen.queues[&place.arn("sqs", "ctguard-acme-*")].unreadable().is_some());
    let named = seen.topics[&place.arn("sns", "ctguard-acme-secops")].known().expect("read");
    assert_eq!(named.tags.known(), Some(&tagged()), "asked for one by one");
}

#[test]
fn a_place_that_is_not_enabled_or_not_there_is_unreadable() {
    let (state, place) = full();
    let off = Place::new(place.account.clone(), Region::new("eu-south-2").expect("a region"));
    let stranger = AccountId::new("999988887777").expect("an account");
    let nobody = Place::new(stranger, place.region.clone());
    for (place, code) in [(off, "UnrecognizedClientException"), (nobody, "AccessDenied")] {
        let (seen, _) = observe(&state, &place, &reads(&place));
        assert_eq!(seen.rules.unreadable().map(|why| why.code.as_str()), Some(code));
        assert_eq!(seen.trails.unreadable().map(|why| why.code.as_str()), Some(code));
        assert!(seen.topics.values().all(|topic| topic.unreadable().is_some()));
    }
}

#[test]
fn another_accounts_topic_is_seen_only_if_its_policy_says_so() {
    let (mut state, place) = full();
    let other = AccountId::new("222233334444").expect("an account");
    let home = Place::new(other.clone(), place.region.clone());
    let arn = home.arn("sns", "shared");
    state.region_mut(&home).topics.insert("shared".into(), StoredTopic::default());
    let asked = ReadSet { topics: BTreeSet::from([arn.clone()]), ..ReadSet::default() };
    let (seen, _) = observe(&state, &place, &asked);
    assert_eq!(
        seen.topics[&arn].unreadable().map(|why| why.code.as_str()),
        Some("AuthorizationError")
    );
    state.region_mut(&home).topics.get_mut("shared").expect("the topic").topic.policy = Some(
        json!({
            "Statement": [{ "Effect": "Allow", "Principal": { "AWS": place.account }, "Action": "sns:GetTopicAttributes", "Resource": arn }],
        }),
    );
    let (seen, _) = observe(&state, &place, &asked);
    assert!(seen.topics[&arn].known().is_some_and(|topic| topic.tags == Observed::Absent));
    let elsewhere = Place::new(other, Region::new("us-west-2").expect("a region")).arn("sns", "t");
    let asked = ReadSet { topics: BTreeSet::from([elsewhere.clone()]), ..ReadSet::default() };
    let (seen, _) = observe(&state, &place, &asked);
    assert_eq!(
        seen.topics[&elsewhere].unreadable().map(|why| why.code.as_str()),
        Some("InvalidParameter")
    );
}

#[test]
fn the_keys_of_topics_are_read_under_the_name_that_the_topic_uses() {
    let (mut state, place) = full();
    let topic = place.arn("sns", "ctguard-acme-secops");
    let key = StoredKey {
        aliases: BTreeSet::from(["alias/alerts".to_owned()]),
        enabled: true,
        aws_managed: false,
        asymmetric: false,
        policy: json!({}),
    };
    state.region_mut(&place).keys.insert("1234".into(), key);
    for (name, managed) in [
        ("alias/alerts", Some(false)),
        ("1234", Some(false)),
        ("arn:aws:kms:eu-west-1:111122223333:key/1234", Some(false)),
        ("arn:aws:kms:eu-west-1:111122223333:alias/alerts", Some(false)),
        ("alias/aws/sns", Some(true)),
        ("alias/none", None),
    ] {
        let topics = &mut state.region_mut(&place).topics;
        topics.get_mut("ctguard-acme-secops").expect("the topic").topic.kms_key = Some(name.into());
        let asked = ReadSet { topics: BTreeSet::from([topic.clone()]), ..ReadSet::default() };
        let (seen, _) = observe(&state, &place, &asked);
        let key = seen.keys[name].known();
        assert_eq!(key.map(|key| key.aws_managed), managed, "{name}");
    }
}

#[test]
fn an_account_shows_its_regions_and_buckets() {
    let (mut state, place) = full();
    for name in ["acme-logs", "tagged-logs"] {
        buckets::create(&mut state, &place, name, &Tags::default()).expect("created");
    }
    buckets::put_tagging(&mut state, &place, "tagged-logs", &tagged()).expect("tagged");
    let global = Place::new(place.account.clone(), Region::global());
    let mut calls = Vec::new();
    let mut reader = Reader { state: &state, place: &global, calls: &mut calls };
    let wanted = ["acme-logs", "tagged-logs", "nowhere"];
    let reads = AccountReads {
        roles: BTreeSet::new(),
        enabled_regions: true,
        buckets: wanted.iter().map(|&name| (name.to_owned(), place.region.clone())).collect(),
    };
    let seen = account(&mut reader, &place.account, &reads);
    assert_eq!(seen.enabled_regions.known().map(Vec::len), Some(3));
    let empty = |name: &str| seen.buckets[name].known().map(|bucket| bucket.empty);
    assert_eq!(empty("acme-logs"), Some(Some(true)), "bare, so it is looked into");
    assert_eq!(empty("tagged-logs"), Some(None));
    assert_eq!(empty("nowhere"), None);
    let stranger = AccountId::new("999988887777").expect("an account");
    state.accounts.entry(stranger.clone()).or_default();
    let mut calls = Vec::new();
    let theirs = Place::new(stranger.clone(), Region::global());
    let mut reader = Reader { state: &state, place: &theirs, calls: &mut calls };
    let seen = account(&mut reader, &stranger, &reads);
    assert!(seen.buckets["acme-logs"].unreadable().is_some(), "another account's bucket");
}

#[test]
fn what_was_counted_is_read_in_one_call_and_only_when_it_is_wanted() {
    let (mut state, place) = full();
    let metrics = RuleMetrics { triggered: 3, failed: 2, failed_to_dlq: 1 };
    state.region_mut(&place).metrics.insert("ctguard-acme-a".into(), metrics);
    let wanted = ["ctguard-acme-a", "ctguard-acme-b"].map(RuleKey::from);
    let wanted = ReadSet { signals: BTreeSet::from(wanted), ..ReadSet::default() };
    let (seen, calls) = observe(&state, &place, &wanted);
    let operations: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(operations, ["cloudwatch:GetMetricData"]);
    let known = Observed::Known(RuleSignals::counted(3, 2, 1));
    assert_eq!(seen.signals["ctguard-acme-a"], known);
    assert_eq!(seen.signals["ctguard-acme-b"], Observed::Known(RuleSignals::counted(0, 0, 0)));
    assert!(observe(&state, &place, &reads(&place)).0.signals.is_empty());

    let operation = "cloudwatch:GetMetricData".to_owned();
    state.denied.push(Denied { operation, account: None, region: None });
    let (seen, _) = observe(&state, &place, &wanted);
    let codes = seen.signals.values().map(|seen| seen.unreadable().map(|why| why.code.as_str()));
    assert_eq!(codes.collect::<Vec<_>>(), [Some("AccessDenied"); 2]);
}
