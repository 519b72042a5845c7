use super::*;
use crate::blueprint::{Blueprint, load_text};
use crate::event::{Access, EventKind};
use crate::resource::rule::RuleState;
use serde_json::{Value, json};

/// A record as CloudTrail wrote them in its first years.
fn first_years() -> Value {
    json!({
        "eventVersion": "1.0",
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDAEXAMPLEALICE00000",
            "arn": "arn:aws:iam::111122223333:user/Alice", "accountId": "111122223333",
            "userName": "Alice",
        },
        "eventTime": "2014-05-06T07:08:09Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "awsRegion": "us-east-2",
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "aws-cli/1.3.0 Python/2.7.6 Linux/3.10",
        "requestParameters": { "userName": "Bob" },
        "responseElements": { "user": { "userName": "Bob", "path": "/" } },
    })
}

/// A record of today, with some fields changed; `null` takes one out.
fn today(changes: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventSource": "ec2.amazonaws.com", "eventName": "CreateRoute",
        "awsRegion": "eu-west-1", "eventTime": "2026-11-22T10:00:00Z", "eventID": "e-1",
        "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
        "eventCategory": "Management", "recipientAccountId": "111122223333",
        "userIdentity": { "type": "IAMUser", "accountId": "222233334444" },
    });
    for (key, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => record.as_object_mut().expect("an object").shift_remove(key),
            value => record.as_object_mut().expect("an object").insert(key.clone(), value.clone()),
        };
    }
    record
}

fn event(record: Value) -> (Value, Vec<Note>) {
    match envelope(record) {
        Enveloped::Event { event, notes } => (event, notes),
        Enveloped::Nothing { why, .. } => panic!("{why}"),
    }
}

fn blueprint(text: &str) -> Blueprint {
    let as_of = "2026-11-22".parse().expect("a date");
    let loaded = load_text("b.yaml", text, None, as_of);
    loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

#[test]
fn a_record_of_today_becomes_its_event_without_a_remark() {
    let record = today(json!({}));
    let (event, notes) = event(record.clone());
    assert_eq!(
        event,
        json!({
            "version": "0", "id": "e-1", "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.ec2", "account": "111122223333", "time": "2026-11-22T10:00:00Z",
            "region": "eu-west-1", "resources": [], "detail": record,
        }),
        "the account is the recipient's, not the caller's"
    );
    assert_eq!(notes, []);
}

#[test]
fn every_kind_of_record_has_its_detail_type_and_source() {
    for (changes, detail_type, source) in [
        (json!({}), "AWS API Call via CloudTrail", "aws.ec2"),
        (
            json!({"managementEvent": false, "eventCategory": "Data"}),
            "AWS API Call via CloudTrail",
            "aws.ec2",
        ),
        (
            json!({"eventType": "AwsConsoleSignIn", "eventSource": "signin.amazonaws.com"}),
            "AWS Console Sign In via CloudTrail",
            "aws.signin",
        ),
        (json!({"eventType": "AwsConsoleAction"}), "AWS Console Action via CloudTrail", "aws.ec2"),
        (
            json!({"eventType": "AwsServiceEvent", "eventSource": "kms.amazonaws.com"}),
            "AWS Service Event via CloudTrail",
            "aws.kms",
        ),
        (
            json!({"eventType": "AwsVpceEvents", "eventCategory": "NetworkActivity"}),
            "AWS Network Activity Event via CloudTrail",
            "aws.ec2",
        ),
        (
            json!({"eventType": "AwsCloudTrailInsight", "eventSource": null, "eventName": null}),
            "AWS Insight via CloudTrail",
            "aws.cloudtrail",
        ),
        // Without `eventType`, as before version 1.02.
        (
            json!({"eventType": null, "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin"}),
            "AWS Console Sign In via CloudTrail",
            "aws.signin",
        ),
        (json!({"eventType": null}), "AWS API Call via CloudTrail", "aws.ec2"),
        (
            json!({"eventType": null, "eventSource": "signin.amazonaws.com", "eventName": "NewThing"}),
            "AWS Console Sign In via CloudTrail",
            "aws.signin",
        ),
    ] {
        let (event, _) = event(today(changes.clone()));
        assert_eq!(event["detail-type"], detail_type, "{changes}");
        assert_eq!(event["source"], source, "{changes}");
    }
}

#[test]
fn what_is_no_record_becomes_no_event_and_says_why() {
    for (changes, code) in [
        (json!({"eventSource": null}), "not-a-record"),
        (json!({"eventName": null}), "not-a-record"),
        (json!({"eventType": "AwsSomethingNew"}), "unknown-type"),
    ] {
        match envelope(today(changes.clone())) {
            Enveloped::Nothing { why, .. } => assert_eq!(why.code(), code, "{changes}"),
            Enveloped::Event { event, .. } => panic!("{changes} became {event}"),
        }
    }
}

#[test]
fn a_record_of_the_first_years_is_a_management_call_and_says_what_it_lacks() {
    let (event, notes) = event(first_years());
    assert_eq!(event["detail-type"], "AWS API Call via CloudTrail");
    assert_eq!(event["account"], "111122223333", "the caller's, for want of a recipient");
    assert_eq!(event["region"], "us-east-2", "as the record says");
    assert!(event.get("id").is_none(), "no id is made up");
    let said: Vec<String> = notes.iter().map(Note::to_string).collect();
    assert_eq!(
        said,
        [
            "the record of version 1.0 has no eventType, eventID, recipientAccountId, readOnly, managementEvent; it is taken for an API call that changes something",
            "events of iam.amazonaws.com land in us-east-1 today; this one says us-east-2",
        ]
    );
    let facts = Facts::of_event(&event, 900);
    assert_eq!(delivered(&facts, RuleState::Enabled), Delivery::Yes(Vec::new()));
}

#[test]
fn an_old_record_fires_the_alert_of_its_event() {
    let blueprint = blueprint(
        "version: 1\nname: t\nregions: [us-east-1]\nalerts:\n- { id: user, title: t, risk: high, events: [iam:CreateUser] }\n",
    );
    let rules = rules(&blueprint, "2026-11-22".parse().expect("a date")).expect("rules");
    let (event, _) = event(first_years());
    assert_eq!(rules.len(), 1);
    assert!(rules[0].pattern.matches(&event) && rules[0].hears(Some("111122223333")));
    let notes =
        placement(&blueprint, &blueprint.alerts[0], Some("111122223333"), Some("us-east-2"));
    let codes: Vec<_> = notes.iter().map(Note::code).collect();
    assert_eq!(codes, ["region-not-covered", "nobody-notified"]);
}

#[test]
fn a_rule_is_given_what_eventbridge_gives_one_in_its_state() {
    use RuleState::{Disabled, Enabled, EnabledWithAllCloudtrailManagementEvents as Wide};
    let data = json!({"managementEvent": false, "eventCategory": "Data", "readOnly": true});
    for (changes, bytes, state, expected) in [
        (json!({}), 1_000, Enabled, "yes"),
        (json!({}), 1_000, Disabled, "disabled"),
        (json!({}), EVENT_MAX_BYTES, Enabled, "yes"),
        (json!({}), EVENT_MAX_BYTES + 1, Wide, "too-large"),
        (json!({"readOnly": true}), 1_000, Enabled, "read-only"),
        (json!({"readOnly": true}), 1_000, Wide, "yes"),
        // The flag goes before the name.
        (json!({"eventName": "GetFederationToken"}), 1_000, Enabled, "yes"),
        // Without a flag the catalogue says it, then the name.
        (
            json!({"readOnly": null, "eventName": "DescribeRouteTables"}),
            1_000,
            Enabled,
            "read-only",
        ),
        (
            json!({"readOnly": null, "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole"}),
            1_000,
            Enabled,
            "read-only",
        ),
        (json!({"readOnly": null, "eventName": "ListNewThings"}), 1_000, Enabled, "read-only"),
        (json!({"readOnly": null, "eventName": "MakeNewThings"}), 1_000, Enabled, "yes"),
        (data.clone(), 1_000, Enabled, "data-selector"),
        (data, 1_000, Wide, "data-selector"),
        (
            json!({"managementEvent": null, "eventCategory": "Data"}),
            1_000,
            Enabled,
            "data-selector",
        ),
        (
            json!({"managementEvent": null, "eventCategory": null, "eventSource": "s3.amazonaws.com", "eventName": "GetObject"}),
            1_000,
            Enabled,
            "data-selector",
        ),
        (
            json!({"eventType": "AwsVpceEvents", "readOnly": true}),
            1_000,
            Enabled,
            "network-selector",
        ),
        (json!({"eventType": "AwsCloudTrailInsight"}), 1_000, Enabled, "insight-selector"),
    ] {
        let (event, _) = event(today(changes.clone()));
        let facts = Facts::of_event(&event, bytes);
        let said = match delivered(&facts, state) {
            Delivery::Yes(notes) if notes.is_empty() => "yes",
            Delivery::Yes(notes) => notes[0].code(),
            Delivery::No(why) => why.code(),
        };
        assert_eq!(said, expected, "{changes} {bytes} {state:?}");
    }
}

#[test]
fn events_that_cloudtrail_did_not_write_are_delivered_whatever_they_hold() {
    let event = json!({"detail-type": "EC2 Instance State-change Notification", "detail": {"readOnly": true}});
    let facts = Facts::of_event(&event, 300_000);
    assert_eq!(facts.kind, None);
    assert_eq!(delivered(&facts, RuleState::Enabled), Delivery::Yes(Vec::new()));
}

#[test]
fn the_state_of_a_rule_is_that_of_the_events_it_is_for() {
    let blueprint = blueprint(
        "version: 1\nname: t\nalerts:\n- { id: read, title: t, risk: high, events: [ec2:DescribeInstances] }\n- { id: write, title: t, risk: high, events: [ec2:CreateRoute] }\n",
    );
    let rules = rules(&blueprint, "2026-11-22".parse().expect("a date")).expect("rules");
    let states: Vec<_> = rules.iter().map(|rule| (rule.alert, rule.state)).collect();
    assert_eq!(
        states,
        [(0, RuleState::EnabledWithAllCloudtrailManagementEvents), (1, RuleState::Enabled)]
    );
}

#[test]
fn accounts_that_leave_an_alert_out_do_not_raise_it() {
    let blueprint = blueprint(
        r#"
version: 1
name: t
accounts:
- { id: "111122223333" }
- { id: "222233334444", role: r, omit: [route] }
- { id: "333344445555", role: r, routes: { high: [] } }
destinations:
  d: { topic: d, format: json, subscribers: [{ sqs: "arn:aws:sqs:us-east-1:111122223333:q" }] }
routes: { high: [d] }
regions: [us-east-1]
alerts:
- { id: route, title: t, risk: high, events: [ec2:CreateRoute] }
- { id: own, title: t, risk: high, events: [ec2:CreateRoute], notify: [d] }
"#,
    );
    let rules = rules(&blueprint, "2026-11-22".parse().expect("a date")).expect("rules");
    let hear = |rule: usize| {
        ["111122223333", "222233334444", "333344445555", "444455556666"]
            .map(|account| rules[rule].hears(Some(account)))
    };
    assert_eq!(hear(0), [true, false, false, true]);
    assert_eq!(hear(1), [true; 4], "an alert's own `notify` stands in every account");
    assert!(rules[0].hears(None));
    let codes = |account| -> Vec<&str> {
        placement(&blueprint, &blueprint.alerts[0], Some(account), Some("us-east-1"))
            .iter()
            .map(Note::code)
            .collect()
    };
    assert_eq!(codes("444455556666"), ["account-not-covered"]);
    assert!(codes("111122223333").is_empty());
}

#[test]
fn an_exception_holds_up_to_its_last_day() {
    let blueprint = blueprint(
        "version: 1\nname: t\nalerts:\n- id: a\n  title: t\n  risk: high\n  events: [ec2:CreateRoute]\n  except:\n  - { where: { userIdentity.type: [IAMUser] }, reason: r, until: 2026-12-24 }\n",
    );
    let (event, _) = event(today(json!({})));
    for (as_of, fires) in [("2026-12-24", false), ("2026-12-25", true)] {
        let rules = rules(&blueprint, as_of.parse().expect("a date")).expect("rules");
        assert_eq!(rules.iter().any(|rule| rule.pattern.matches(&event)), fires, "{as_of}");
    }
}

#[test]
fn an_alert_without_an_exact_pattern_is_named() {
    let blueprint = blueprint(
        "version: 1\nname: t\nalerts:\n- { id: a, title: t, risk: high, events: [ec2:CreateRoute], where: { eventName: [Other] } }\n",
    );
    let problems = rules(&blueprint, "2026-11-22".parse().expect("a date")).expect_err("no rule");
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "never-matches");
}

#[test]
fn the_facts_of_a_record_are_those_of_its_event() {
    let record = today(json!({"readOnly": true}));
    let facts = Facts::of(&DeliveryFields::of(&record), 7).expect("facts");
    assert_eq!(
        facts,
        Facts { kind: Some(EventKind::Api), management: true, access: Access::Read, bytes: 7 }
    );
    let (event, _) = event(record);
    assert_eq!(Facts::of_event(&event, 7), facts);
}
