//! The fast engine against the plain one on generated conditions, some of which no pattern's text can say.

use super::{PatternSet as Matcher, Scratch};
use crate::samples::{filter, leaf, odd_leaf, odd_matcher, put};
use crate::{Event, Filter, Pattern};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const PATHS: &[&str] =
    &["detail.eventName", "detail.n.a", "detail.n.b", "detail.list.a", "detail.list.b", "source"];

/// Objects in a list, as `requestParameters` often has them.
fn items() -> impl Strategy<Value = Value> {
    let item = (prop::option::of(leaf()), prop::option::of(leaf())).prop_map(|(a, b)| {
        let mut item = Map::new();
        a.into_iter().for_each(|a| drop(item.insert("a".into(), a)));
        b.into_iter().for_each(|b| drop(item.insert("b".into(), b)));
        Value::Object(item)
    });
    prop::collection::vec(prop_oneof![4 => item, 1 => leaf()], 0..4).prop_map(Value::Array)
}

fn event() -> impl Strategy<Value = Value> {
    let some = || prop::option::weighted(0.7, leaf());
    (some(), some(), some(), items(), some()).prop_map(|(name, a, b, items, source)| {
        let mut event = json!({ "detail": { "list": items } });
        let fields =
            [("detail.eventName", name), ("detail.n.a", a), ("detail.n.b", b), ("source", source)];
        for (path, value) in fields {
            if let Some(value) = value {
                put(&mut event, path, value);
            }
        }
        event
    })
}

proptest! {
    #[test]
    fn the_fast_engine_matches_what_the_plain_one_matches(
        filters in prop::collection::vec(filter(PATHS), 1..12), event in event(), spaced: bool,
    ) {
        let patterns: Vec<Pattern> = filters.into_iter().map(|filter| Pattern { filter }).collect();
        let numbers = |event: &Value| -> Vec<u32> {
            (0_u32..).zip(&patterns).filter(|(_, p)| p.matches(event)).map(|(n, _)| n).collect()
        };
        let matcher = Matcher::new(patterns.clone());
        let mut scratch = Scratch::default();
        let text = |event: &Value| if spaced {
            serde_json::to_vec_pretty(event).expect("JSON")
        } else {
            event.to_string().into_bytes()
        };
        let expected = numbers(&event);
        prop_assert_eq!(matcher.event(&text(&event), &mut scratch), Ok(expected.as_slice()));
        let record = event["detail"].clone();
        let bytes = text(&record);
        let expected = numbers(&super::envelope(record));
        prop_assert_eq!(matcher.record(&bytes, &mut scratch), Ok(expected.as_slice()));
    }
}

/// The fields that decide `source` and `detail-type`: missing, odd or contradictory.
fn odd_record() -> impl Strategy<Value = Value> {
    let one_of = |texts: &'static [&'static str]| {
        prop_oneof![
            8 => prop::sample::select(texts).prop_map(Value::from),
            1 => Just(Value::Null),
            1 => prop::sample::select(vec![json!(1), json!(true), json!({"a": 1}), json!(["Insight"])]),
        ]
    };
    let some = move |texts| prop::option::weighted(0.8, one_of(texts));
    let flag =
        prop::option::of(prop::sample::select(vec![json!(true), json!(false), json!("false")]));
    (some(TYPES), some(CATEGORIES), some(SERVICES), flag).prop_map(
        |(of, category, source, flag)| {
            let fields = [
                ("eventType", of),
                ("eventCategory", category),
                ("eventSource", source),
                ("managementEvent", flag),
            ];
            let there =
                fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
            Value::Object(there.chain([("eventName".to_owned(), json!("CreateUser"))]).collect())
        },
    )
}

const TYPES: &[&str] = &[
    "AwsApiCall",
    "AwsConsoleSignIn",
    "AwsConsoleAction",
    "AwsServiceEvent",
    "AwsVpceEvents",
    "AwsCloudTrailInsight",
    "AwsSomethingNew",
];
const CATEGORIES: &[&str] = &["Management", "Data", "NetworkActivity", "Insight", "Odd"];
const SERVICES: &[&str] =
    &["iam.amazonaws.com", "signin.amazonaws.com", "custom", "cloudtrail.amazonaws.com"];

/// Conditions on what is made of a record.
fn made() -> impl Strategy<Value = Pattern> {
    let sources = vec!["aws.iam", "aws.signin", "aws.custom", "aws.cloudtrail"];
    let kinds = vec![
        "AWS API Call via CloudTrail",
        "AWS Console Sign In via CloudTrail",
        "AWS Network Activity Event via CloudTrail",
        "AWS Insight via CloudTrail",
        "AWS Service Event via CloudTrail",
    ];
    let exact = |texts: Vec<&'static str>| {
        prop_oneof![
            6 => prop::sample::select(texts).prop_map(crate::Matcher::exact),
            1 => any::<bool>().prop_map(crate::Matcher::Exists),
        ]
    };
    let field = |path: &'static str, matcher: BoxedStrategy<crate::Matcher>| {
        let matchers = prop::collection::vec(matcher, 1..3);
        prop::option::weighted(
            0.7,
            matchers.prop_map(move |matchers| Filter::Field { path: path.into(), matchers }),
        )
    };
    let name = Filter::Field {
        path: "detail.eventName".into(),
        matchers: vec![crate::Matcher::exact("CreateUser")],
    };
    let fields = (
        field("source", exact(sources).boxed()),
        field("detail-type", exact(kinds).boxed()),
        prop::option::of(Just(name)),
    );
    fields.prop_map(|(source, kind, name)| {
        let some: Vec<Filter> = [source, kind, name].into_iter().flatten().collect();
        Pattern { filter: Filter::All(some) }
    })
}

proptest! {
    #[test]
    fn a_record_that_contradicts_itself_is_matched_as_its_event(
        record in odd_record(), patterns in prop::collection::vec(made(), 1..6),
    ) {
        let event = crate::cloudtrail::envelope(record.clone());
        let expected: Vec<u32> = (0_u32..)
            .zip(&patterns)
            .filter(|(_, pattern)| pattern.matches(&event))
            .map(|(number, _)| number)
            .collect();
        let set = Matcher::new(patterns);
        let (text, mut scratch) = (record.to_string(), Scratch::default());
        prop_assert_eq!(set.record(text.as_bytes(), &mut scratch), Ok(expected.as_slice()));
    }
}

proptest! {
    #[test]
    fn odd_values_are_decided_alike(
        lists in prop::collection::vec(prop::collection::vec(odd_matcher(), 1..4), 1..12),
        values in prop::collection::vec(odd_leaf(), 1..3), name: bool,
    ) {
        let key = if name { "eventName" } else { "a" };
        let pattern = |matchers| Pattern {
            filter: Filter::Field { path: format!("detail.{key}"), matchers },
        };
        let patterns: Vec<Pattern> = lists.into_iter().map(pattern).collect();
        let set = Matcher::new(patterns.clone());
        // A key for each value: all of them are there.
        let members: Vec<String> = values.iter().map(|value| format!("\"{key}\":{value}")).collect();
        let record = format!("{{{}}}", members.join(","));
        let text = format!("{{\"detail\":{record}}}");
        let event = Event::read(text.as_bytes()).expect("JSON");
        let matching = (0_u32..).zip(&patterns).filter(|(_, one)| one.matches_event(&event));
        let expected: Vec<u32> = matching.map(|(number, _)| number).collect();
        let mut scratch = Scratch::default();
        prop_assert_eq!(set.event(text.as_bytes(), &mut scratch), Ok(expected.as_slice()));
        prop_assert_eq!(set.record(record.as_bytes(), &mut scratch), Ok(expected.as_slice()));
    }
}

/// A value of a field that tells who called, and what a pattern may ask of it: prefixes of each other, texts with
/// the same beginning, texts that JSON may write otherwise.
const WHO: &[&str] = &["role/app-1", "role/app-12", "role/ops", "user/app-1", "us\"er", "é", ""];

fn asks_who() -> impl Strategy<Value = Value> {
    let text = || prop::sample::select(WHO);
    prop_oneof![
        4 => text().prop_map(Value::from),
        4 => text().prop_map(|text| json!({ "prefix": text })),
        1 => text().prop_map(|text| json!({ "suffix": text })),
        4 => text().prop_map(|text| json!({ "wildcard": format!("*{text}*") })),
        1 => text().prop_map(|text| json!({ "anything-but": text })),
        1 => Just(json!({ "exists": false })),
    ]
}

/// A pattern on a call, and on some of the fields that tell who made it.
fn of_somebody() -> impl Strategy<Value = Pattern> {
    let who = || prop::option::weighted(0.5, prop::collection::vec(asks_who(), 1..3));
    let name = prop::sample::select(vec!["Decrypt", "Delete", "De"]);
    (name, who(), who(), who()).prop_filter_map("no pattern", |(name, arn, key, account)| {
        let mut detail = json!({ "eventName": [name] });
        for (path, asked) in [("u.arn", arn), ("u.accessKeyId", key), ("accountId", account)] {
            if let Some(asked) = asked {
                put(&mut detail, path, Value::Array(asked));
            }
        }
        Pattern::parse(&json!({ "detail": detail }).to_string()).ok()
    })
}

/// A record with these fields in their places or elsewhere, written with more escapes than it needs or not.
fn by_somebody() -> impl Strategy<Value = String> {
    let who = || prop::option::of(prop::sample::select(WHO));
    let name = prop::sample::select(vec!["Decrypt", "Delete", "Describe"]);
    (name, who(), who(), who(), 0..4_u8, any::<bool>()).prop_map(
        |(name, arn, key, account, way, elsewhere)| {
            let user = match elsewhere {
                false => json!({ "arn": arn, "accessKeyId": key }),
                true => json!([{ "arn": arn }, { "accessKeyId": [key] }]),
            };
            let asked = json!({ "eventName": "Delete", "arn": "role/app-12", "u": [1] });
            let record =
                json!({ "asked": asked, "eventName": name, "u": user, "accountId": account });
            match way {
                0 => record.to_string().replace("app", "\\u0061pp"),
                1 => record.to_string().replace("arn", "\\u0061rn"),
                2 => serde_json::to_string_pretty(&record).unwrap_or_default(),
                _ => record.to_string(),
            }
        },
    )
}

proptest! {
    #[test]
    fn many_patterns_on_one_call_are_decided_alike(
        patterns in prop::collection::vec(of_somebody(), 1..40), record in by_somebody(),
    ) {
        let event = crate::cloudtrail::envelope(serde_json::from_str(&record).expect("JSON"));
        let matching = (0_u32..).zip(&patterns).filter(|(_, pattern)| pattern.matches(&event));
        let expected: Vec<u32> = matching.map(|(number, _)| number).collect();
        let set = Matcher::new(patterns.clone());
        let mut scratch = Scratch::default();
        prop_assert_eq!(set.record(record.as_bytes(), &mut scratch), Ok(expected.as_slice()));
    }
}

#[test]
fn a_field_that_two_conditions_ask_for_must_meet_both() {
    let one = |value: &str| Filter::Field {
        path: "detail.a".into(),
        matchers: vec![crate::Matcher::prefix(value)],
    };
    let matcher = Matcher::new([Pattern { filter: Filter::All(vec![one("a"), one("ab")]) }]);
    let mut scratch = Scratch::default();
    assert_eq!(matcher.record(br#"{"a":"abc"}"#, &mut scratch), Ok(&[0][..]));
    assert_eq!(matcher.record(br#"{"a":"acc"}"#, &mut scratch), Ok(&[][..]));
}

#[test]
fn patterns_with_more_ways_than_there_is_room_for_are_still_decided() {
    let or = |key: &str, many: usize| {
        let members: Vec<String> = (0..many).map(|n| format!(r#"{{"{key}{n}":["x"]}}"#)).collect();
        format!(r#""$or":[{}]"#, members.join(","))
    };
    let texts = (0..40).map(|n| {
        format!(r#"{{"detail":{{"eventName":["e{n}"],{},"a":{{{}}}}}}}"#, or("p", 30), or("q", 30))
    });
    let matcher = Matcher::new(texts.map(|text| Pattern::parse(&text).expect("a pattern")));
    let mut scratch = Scratch::default();
    for n in [0, 17, 18, 39] {
        let record = format!(r#"{{"eventName":"e{n}","p29":"x","a":{{"q0":"x"}}}}"#);
        assert_eq!(matcher.record(record.as_bytes(), &mut scratch), Ok(&[n][..]));
        let record = format!(r#"{{"eventName":"e{n}","p29":"x","a":{{"q0":"y"}}}}"#);
        assert_eq!(matcher.record(record.as_bytes(), &mut scratch), Ok(&[][..]));
    }
}

#[test]
fn the_published_sample_of_an_old_record_fires_though_it_lacks_fields() {
    let record = br#"{"eventVersion":"1.0","userIdentity":{"type":"IAMUser","principalId":"EX_PRINCIPAL_ID",
        "arn":"arn:aws:iam::123456789012:user/Alice","accountId":"123456789012","accessKeyId":"EXAMPLE_KEY_ID",
        "userName":"Alice"},"eventTime":"2014-03-24T21:11:59Z","eventSource":"iam.amazonaws.com",
        "eventName":"CreateUser","awsRegion":"us-east-2","sourceIPAddress":"127.0.0.1",
        "userAgent":"aws-cli/1.3.2 Python/2.7.5 Windows/7","requestParameters":{"userName":"Bob"}}"#;
    let pattern = r#"{"source":["aws.iam"],"detail-type":["AWS API Call via CloudTrail"],"account":["123456789012"],
        "detail":{"eventSource":["iam.amazonaws.com"],"eventName":["CreateUser"]}}"#;
    let matcher = Matcher::new([Pattern::parse(pattern).expect("a pattern")]);
    assert_eq!(matcher.record(record, &mut Scratch::default()), Ok(&[0][..]));
}
