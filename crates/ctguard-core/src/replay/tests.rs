use super::*;
use crate::blueprint::load_text;
use crate::event::Access;
use crate::offline;
use crate::offline::Enveloped;
use eventbridge_pattern::archive::fields;
use eventbridge_pattern::set::{PatternSet, Scratch};
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

mod suggested;

const AS_OF: Date = date(2026, 11, 22);

const BLUEPRINT: &str = "version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  mail: { topic: mail, format: text, subscribers: [{ email: a@acme.example }, { email: b@acme.example }] }
  hook: { topic: hook, format: json, subscribers: [{ https: 'https://acme.example/hook' }] }
routes: { critical: [mail, hook], high: [mail] }
alerts:
  - { id: new-user, title: A user, risk: critical, events: [iam:CreateUser] }
  - { id: routes, title: A route, risk: high, events: [ec2:CreateRoute, ec2:DeleteRoute] }
";

fn blueprint() -> Blueprint {
    let loaded = load_text("b.yaml", BLUEPRINT, None, AS_OF);
    loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn setup(blueprint: &Blueprint, period: Period) -> Setup {
    Setup::new(blueprint, offline::rules(blueprint, AS_OF).unwrap(), period)
}

/// A record of a call by a user's keys.
fn record(source: &str, name: &str, time: &str, id: &str, user: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventType": "AwsApiCall", "eventCategory": "Management", "managementEvent": true,
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventTime": time, "eventID": id,
        "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
        "readOnly": Access::by_name(name) == Access::Read,
        "userIdentity": { "type": "IAMUser", "accountId": "111122223333",
            "arn": format!("arn:aws:iam::111122223333:user/{user}"), "userName": user },
    })
}

fn create_user(time: &str, id: &str, user: &str) -> Value {
    record("iam", "CreateUser", time, id, user)
}

fn count<'s>(setup: &'s Setup, records: &[Value]) -> Counter<'s> {
    let mut counter = Counter::new(setup);
    for record in records {
        let Enveloped::Event { event, .. } = offline::envelope(record.clone()) else { continue };
        let matching = (0..).zip(&setup.rules).filter(|(_, rule)| rule.pattern.matches(&event));
        let rules: Vec<u32> = matching.map(|(index, _)| index).collect();
        if !rules.is_empty() {
            counter.record(record.to_string().as_bytes(), &Record::of(record), &rules);
        }
    }
    counter
}

fn report(blueprint: &Blueprint, setup: &Setup, counter: Counter<'_>) -> Replay {
    let inputs = Inputs {
        blueprint,
        as_of: AS_OF,
        lookup: None,
        events: 0,
        unread: BTreeMap::new(),
        passed_over: BTreeMap::new(),
        skipped_files: 0,
        files: Files::default(),
        delivered: None,
    };
    summarize(setup, counter, inputs)
}

fn replay(records: &[Value]) -> Replay {
    let blueprint = blueprint();
    let setup = setup(&blueprint, Period::default());
    report(&blueprint, &setup, count(&setup, records))
}

fn at(second: u32) -> String {
    time::text(time::seconds("2026-11-01T10:00:00Z").unwrap() + i64::from(second))
}

proptest! {
    /// However files are shared among threads, and in whatever order, the report is the same.
    #[test]
    fn the_report_does_not_depend_on_threads_or_order(
        drawn in proptest::collection::vec((0..4_u8, 0..300_000_u32, 0..30_u32, 0..6_u8, 0..4_usize), 1..80),
    ) {
        let blueprint = blueprint();
        let setup = setup(&blueprint, Period { since: Some(date(2026, 11, 2)), until: None });
        let of = |(what, second, id, user, _): &(u8, u32, u32, u8, usize)| {
            let (source, name) = [("iam", "CreateUser"), ("ec2", "CreateRoute"), ("ec2", "DeleteRoute"), ("s3", "CreateBucket")][usize::from(*what)];
            record(source, name, &at(*second), &format!("e-{id}"), &format!("u{user}"))
        };
        let records: Vec<Value> = drawn.iter().map(of).collect();
        let whole = report(&blueprint, &setup, count(&setup, &records));
        let mut merged = Counter::new(&setup);
        for thread in [2, 0, 3, 1] {
            let share: Vec<Value> = drawn.iter().rev().filter(|one| one.4 == thread).map(of).collect();
            merged.merge(count(&setup, &share));
        }
        prop_assert_eq!(report(&blueprint, &setup, merged), whole);
    }
}

/// A record whose fields that decide its event are missing, odd or contradictory.
fn odd_record() -> impl Strategy<Value = Value> {
    let or_odd = |texts: Vec<&'static str>| {
        let odd = vec![json!(null), json!(3), json!({ "a": 1 }), json!(["AwsApiCall"])];
        prop::option::weighted(
            0.85,
            prop_oneof![
                9 => prop::sample::select(texts).prop_map(Value::from),
                1 => prop::sample::select(odd),
            ],
        )
    };
    let flag =
        || prop::option::of(prop::sample::select(vec![json!(true), json!(false), json!("true")]));
    let (call, new) = ("AwsApiCall", "AwsSomethingNew");
    (
        or_odd(vec![
            call,
            "AwsConsoleSignIn",
            "AwsServiceEvent",
            "AwsVpceEvents",
            "AwsCloudTrailInsight",
            new,
        ]),
        or_odd(vec!["Management", "Data", "NetworkActivity", "Insight", "Odd"]),
        or_odd(vec!["iam.amazonaws.com", "s3.amazonaws.com", "signin.amazonaws.com"]),
        or_odd(vec!["CreateUser", "GetObject", "ListUsers", "ConsoleLogin"]),
        flag(),
        flag(),
        any::<bool>(),
    )
        .prop_map(|(kind, category, source, name, management, reads, plain)| {
            let fields = [
                ("eventVersion", Some(json!("1.11"))),
                ("eventType", if plain { Some(json!("AwsApiCall")) } else { kind }),
                ("eventCategory", if plain { None } else { category }),
                ("eventSource", source),
                ("eventName", name),
                ("managementEvent", management),
                ("readOnly", reads),
                ("responseElements", Some(json!({ "ConsoleLogin": "Success" }))),
                ("recipientAccountId", Some(json!("111122223333"))),
            ];
            let there =
                fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
            Value::Object(there.collect())
        })
}

const ODD: &str = "version: 1
name: acme
regions: [us-east-1]
alerts:
  - { id: call, title: t, risk: high, events: [iam:CreateUser] }
  - { id: reads, title: t, risk: high, events: [iam:ListUsers] }
  - { id: data, title: t, risk: high, events: [s3:GetObject] }
  - { id: sign-in, title: t, risk: high, events: [signin:ConsoleLogin] }
";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// `match` and `replay` decide alike, whatever a record says of itself.
    #[test]
    fn a_record_raises_in_a_replay_what_it_raises_in_a_match(record in odd_record()) {
        let loaded = load_text("b.yaml", ODD, None, AS_OF);
        let blueprint = loaded.blueprint.expect("a blueprint");
        let setup = setup(&blueprint, Period::default());
        let text = record.to_string();

        let given = offline::Given::read(record, text.as_bytes()).expect("an object");
        let decided = offline::decide_alerts(&blueprint, &setup.rules, &given, false);
        let matched: Vec<&str> = decided.iter().filter(|one| one.fires).map(|one| one.id).collect();

        let set = PatternSet::new(setup.rules.iter().map(|rule| rule.pattern.clone()));
        let mut scratch = Scratch::default();
        let rules = set.record(text.as_bytes(), &mut scratch).expect("JSON");
        let mut counter = Counter::new(&setup);
        counter.record(text.as_bytes(), &Record::found(fields(text.as_bytes()), None), rules);
        let replayed = report(&blueprint, &setup, counter);
        let raised: Vec<&str> =
            replayed.alerts.iter().filter(|alert| alert.count > 0).map(|alert| &*alert.id).collect();
        prop_assert_eq!(raised, matched);
    }
}

#[test]
fn records_are_counted_and_repeats_told_apart() {
    let twice = create_user("2026-11-01T10:00:00Z", "e-1", "alice");
    let other = create_user("2026-11-03T10:00:00Z", "e-2", "bob");
    let replay = replay(&[twice.clone(), other, twice]);
    let alert = &replay.alerts[0];
    assert_eq!((alert.id.as_str(), alert.count, alert.duplicates), ("new-user", 3, 1));
    assert_eq!(alert.per_day, BTreeMap::from([(date(2026, 11, 1), 2), (date(2026, 11, 3), 1)]));
    assert_eq!(alert.first.as_deref(), Some("2026-11-01T10:00:00Z"));
    assert_eq!(replay.days.map(|days| days.count), Some(3));
    assert_eq!(replay.raised, 3);
}

#[test]
fn one_action_that_two_accounts_record_is_one_action() {
    let shared = |id: &str, account: &str| {
        let mut record = create_user("2026-11-01T10:00:00Z", id, "alice");
        record["sharedEventID"] = json!("s-1");
        record["recipientAccountId"] = json!(account);
        record
    };
    let replay = replay(&[shared("e-1", "111122223333"), shared("e-2", "444455556666")]);
    assert_eq!((replay.alerts[0].count, replay.alerts[0].duplicates), (2, 1));
    assert_eq!(
        replay.alerts[0].actors[&ActorKind::OtherAccount],
        1,
        "seen from the account that it is foreign to"
    );
}

#[test]
fn old_records_without_ids_are_told_by_their_text() {
    let mut old = create_user("2014-03-06T21:22:54Z", "", "alice");
    for key in [
        "eventID",
        "eventType",
        "eventCategory",
        "managementEvent",
        "readOnly",
        "recipientAccountId",
    ] {
        old.as_object_mut().unwrap().remove(key);
    }
    old["awsRegion"] = json!("us-east-2");
    let replay = replay(&[old.clone(), old]);
    let alert = &replay.alerts[0];
    assert_eq!((alert.count, alert.duplicates), (2, 1));
    assert_eq!(alert.accounts.top[0].name, "111122223333");
    assert_eq!((alert.notes["fields-missing"], alert.notes["lands-elsewhere"]), (2, 2));
    assert_eq!(alert.notes["region-not-covered"], 2);
}

#[test]
fn more_than_ten_mails_a_second_are_a_burst_of_their_topic() {
    let many = |second: &str, count: u32| {
        (0..count)
            .map(move |n| create_user(second, &format!("{second}-{n}"), "alice"))
            .collect::<Vec<_>>()
    };
    let mut records = many("2026-11-01T10:00:00Z", 10);
    records.extend(many("2026-11-01T10:00:01Z", 11));
    let replay = replay(&records);
    assert_eq!(replay.bursts.seconds, 1, "ten a second are what SNS sends");
    assert_eq!(
        replay.bursts.top,
        [Burst {
            destination: "mail".to_owned(),
            place: Some("111122223333/us-east-1".to_owned()),
            at: "2026-11-01T10:00:01Z".to_owned(),
            messages: 11,
        }]
    );
}

#[test]
fn two_alerts_of_one_topic_share_its_second() {
    let mut records: Vec<Value> =
        (0..6).map(|n| create_user(&at(0), &format!("a{n}"), "alice")).collect();
    records.extend((0..6).map(|n| record("ec2", "CreateRoute", &at(0), &format!("b{n}"), "alice")));
    assert_eq!(replay(&records).bursts.top[0].messages, 12);
}

#[test]
fn the_period_is_whole_days() {
    let blueprint = blueprint();
    let period = Period { since: Some(date(2026, 11, 2)), until: Some(date(2026, 11, 2)) };
    let setup = setup(&blueprint, period);
    let times = [
        "2026-11-01T23:59:59Z",
        "2026-11-02T00:00:00Z",
        "2026-11-02T23:59:59Z",
        "2026-11-03T00:00:00Z",
    ];
    let records = times.map(|time| create_user(time, time, "alice"));
    let replay = report(&blueprint, &setup, count(&setup, &records));
    assert_eq!((replay.alerts[0].count, replay.skipped.outside), (2, 2));
    assert!(period.may_hold(date(2026, 11, 3)), "delivered a little after midnight");
    assert!(!period.may_hold(date(2026, 11, 4)) && !period.may_hold(date(2026, 11, 1)));
}

#[test]
fn kinds_of_actors_are_told_by_the_record() {
    let of = |identity: Value, more: Value| {
        let mut record = create_user(&at(0), "e", "x");
        record["userIdentity"] = identity;
        for (key, value) in more.as_object().unwrap() {
            record[key] = value.clone();
        }
        let text = record.to_string();
        let read = Record::of(&record);
        assert_eq!(read.identity, Record::found(fields(text.as_bytes()), Option::None).identity);
        let principal = read.principal();
        (read.actor(), principal.name.into_owned(), principal.field)
    };
    let session = |account: &str, role: &str, name: &str| {
        json!({
            "type": "AssumedRole", "accountId": account, "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
            "sessionContext": { "sessionIssuer": { "arn": format!("arn:aws:iam::{account}:role/{role}") } },
        })
    };
    let here = "111122223333";
    let sso = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef";
    use ActorKind::*;
    use PrincipalField::*;
    for (identity, more, kind, name, field) in [
        (
            json!({ "type": "Root", "accountId": here, "arn": "arn:aws:iam::111122223333:root" }),
            json!({}),
            Person,
            "arn:aws:iam::111122223333:root",
            Arn,
        ),
        (
            session(here, "deploy", "i-1"),
            json!({}),
            Application,
            "arn:aws:iam::111122223333:role/deploy",
            Issuer,
        ),
        (
            session(here, "deploy", "i-1"),
            json!({ "sessionCredentialFromConsole": "true" }),
            Person,
            "arn:aws:iam::111122223333:role/deploy",
            Issuer,
        ),
        (
            session(here, "deploy", "i-1"),
            json!({ "userAgent": "signin.amazonaws.com" }),
            Person,
            "arn:aws:iam::111122223333:role/deploy",
            Issuer,
        ),
        (
            session(here, sso, "alice"),
            json!({}),
            Person,
            "arn:aws:sts::111122223333:assumed-role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef/alice",
            Arn,
        ),
        (
            session("999988887777", "partner", "x"),
            json!({}),
            OtherAccount,
            "arn:aws:iam::999988887777:role/partner",
            Issuer,
        ),
        (
            json!({ "type": "AWSAccount", "accountId": "999988887777" }),
            json!({}),
            OtherAccount,
            "999988887777",
            Account,
        ),
        (
            json!({ "type": "AWSService", "invokedBy": "config.amazonaws.com" }),
            json!({}),
            Service,
            "config.amazonaws.com",
            InvokedBy,
        ),
        (
            {
                let mut by = session(here, "deploy", "x");
                by["invokedBy"] = json!("cloudformation.amazonaws.com");
                by
            },
            json!({}),
            Service,
            "arn:aws:iam::111122223333:role/deploy",
            Issuer,
        ),
        (
            json!({ "type": "IAMUser", "accountId": here, "userName": "HIDDEN_DUE_TO_SECURITY_REASONS" }),
            json!({ "eventType": "AwsConsoleSignIn" }),
            Person,
            "HIDDEN_DUE_TO_SECURITY_REASONS",
            None,
        ),
        (
            json!({ "type": "IdentityCenterUser", "accountId": here, "onBehalfOf": { "userId": "u-1" } }),
            json!({ "eventType": "AwsServiceEvent" }),
            Person,
            "u-1",
            OnBehalfOf,
        ),
        (
            json!({ "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve", "invokedBy": "signin.amazonaws.com" }),
            json!({}),
            Person,
            "arn:aws:iam::111122223333:user/eve",
            Arn,
        ),
        (json!(null), json!({}), Unknown, "(not said)", None),
    ] {
        assert_eq!(
            of(identity.clone(), more.clone()),
            (kind, name.to_owned(), field),
            "{identity} {more}"
        );
    }
}

#[test]
fn a_month_costs_what_its_messages_cost() {
    // 1,000 in the one day that there is: 30,000 a month, to two topics, two addresses and a URL.
    let records: Vec<Value> =
        (0..1000).map(|n| create_user(&at(n), &format!("e{n}"), "alice")).collect();
    let cost = replay(&records).cost;
    let seen: Vec<(cost::Item, u64, f64)> =
        cost.items.iter().map(|item| (item.item, item.a_month, item.cost)).collect();
    assert_eq!(
        seen,
        [
            (cost::Item::SnsPublish, 60_000, 0.03),
            (cost::Item::SnsEmail, 60_000, 1.2),
            (cost::Item::SnsHttp, 30_000, 0.018),
        ]
    );
    assert_eq!((cost.from_days, cost.total), (1, 1.248));
}

/// With mails that a state machine composes, its transitions are most of the bill.
#[test]
fn composed_mails_cost_two_state_transitions_each() {
    let text = "version: 1\nname: acme\nregions: [us-east-1]\n\
                destinations: { people: { topic: people, format: mail, subscribers: [{ email: a@b.example }, { email: c@b.example }] } }\n\
                routes: { critical: [people], high: [people], medium: [people], low: [] }\n\
                alerts: [{ id: a, title: T, risk: high, why: W, next: N, events: [iam:CreateUser] }]\n";
    let blueprint = load_text("b.yaml", text, None, AS_OF).blueprint.unwrap();
    let setup = setup(&blueprint, Period::default());
    let records: Vec<Value> =
        (0..1000).map(|n| create_user(&at(n), &format!("e{n}"), "alice")).collect();
    let cost = report(&blueprint, &setup, count(&setup, &records)).cost;
    let seen: Vec<(cost::Item, u64, f64)> =
        cost.items.iter().map(|item| (item.item, item.a_month, item.cost)).collect();
    assert_eq!(
        seen,
        [
            (cost::Item::SnsPublish, 30_000, 0.015),
            (cost::Item::SnsEmail, 60_000, 1.2),
            (cost::Item::StateTransition, 60_000, 1.5),
        ]
    );
    // What is free is taken off once: 1,000 mails and 4,000 transitions of a month.
    let total = |alerts: u64| cost::after_allowances(&blueprint, alerts).total;
    assert_eq!((total(500), total(10_000)), (0.0, 0.78));
}

#[test]
fn what_no_rule_is_given_is_counted_apart() {
    let mut large = create_user(&at(0), "e-1", "alice");
    large["requestParameters"] = json!({ "padding": "x".repeat(offline::EVENT_MAX_BYTES) });
    let mut read = create_user(&at(0), "e-2", "alice");
    read["readOnly"] = json!(true);
    let replay = replay(&[large, read, create_user(&at(0), "e-3", "alice")]);
    let alert = &replay.alerts[0];
    assert_eq!(alert.count, 1);
    assert_eq!(
        alert.undelivered,
        BTreeMap::from([("read-only".to_owned(), 1), ("too-large".to_owned(), 1)])
    );
}
