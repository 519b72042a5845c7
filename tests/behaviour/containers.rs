//! What people really have their events in: every verb that takes events reads the same of it, and says what it does not read.

use crate::replay::{BLUEPRINT, record};
use crate::world::blueprints::keeping_a_trail;
use crate::world::{Ran, World};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use std::ffi::OsString;

fn world() -> World {
    let world = World::empty();
    world.write("ctguard.yaml", BLUEPRINT);
    world
}

fn run(world: &World, verb: &str, args: &[&str], files: &[&str]) -> Ran {
    let blueprint = world.path("ctguard.yaml").into_os_string();
    let mut line: Vec<OsString> = ["ctguard", verb, "--blueprint"].map(OsString::from).into();
    line.push(blueprint);
    line.extend(args.iter().map(OsString::from));
    line.extend(files.iter().map(|name| world.path(name).into_os_string()));
    world.command(line, None)
}

fn user(id: &str) -> String {
    record("iam", "CreateUser", "2026-11-20T10:00:00Z", id, "alice").to_string()
}

fn event(record: &str) -> String {
    let detail: Value = serde_json::from_str(record).unwrap();
    json!({ "version": "0", "id": "1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam",
        "account": "111122223333", "time": "2026-11-20T10:00:00Z", "region": "us-east-1", "resources": [], "detail": detail })
    .to_string()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Ways to carry several texts, with what each is called in the end.
const CARRIERS: [&str; 12] = [
    "records", "list", "lines", "firehose", "lookup", "sns", "sqs", "lambda", "logs", "query",
    "table", "lake",
];

fn carried(carrier: &str, texts: &[String]) -> String {
    let each = |make: fn(&str) -> String| texts.iter().map(|text| make(text)).collect::<Vec<_>>();
    match carrier {
        "records" => format!("{{\"Records\":[{}]}}", texts.join(",")),
        "list" => format!("[{}]", texts.join(", ")),
        "lines" => texts.join("\n"),
        "firehose" => texts.concat(),
        "lookup" => format!(
            "{{\"Events\":[{}]}}",
            each(|text| format!("{{\"EventId\":\"1\",\"CloudTrailEvent\":{}}}", quoted(text)))
                .join(",")
        ),
        "sns" => each(|text| format!("{{\"Type\":\"Notification\",\"Message\":{}}}", quoted(text)))
            .join("\n"),
        "sqs" => format!(
            "{{\"Messages\":[{}]}}",
            each(|text| format!("{{\"MessageId\":\"1\",\"Body\":{}}}", quoted(text))).join(",")
        ),
        "lambda" => format!(
            "{{\"Records\":[{}]}}",
            each(|text| format!("{{\"eventSource\":\"aws:sqs\",\"body\":{}}}", quoted(text)))
                .join(",")
        ),
        "logs" => format!(
            "{{\"events\":[{}]}}",
            each(|text| format!("{{\"timestamp\":1,\"message\":{}}}", quoted(text))).join(",")
        ),
        "query" => {
            let row = |text: &str| {
                format!(
                    "[{{\"field\":\"@ptr\",\"value\":\"p\"}},{{\"field\":\"@message\",\"value\":{}}}]",
                    quoted(text)
                )
            };
            format!("{{\"results\":[{}],\"status\":\"Complete\"}}", each(row).join(","))
        }
        "table" => {
            let row =
                |text: &str| format!("{{\"@timestamp\":\"t\",\"@message\":{}}}", quoted(text));
            format!("[{}]", each(row).join(","))
        }
        _ => each(|text| format!("{{\"eventJson\":{}}}", quoted(text))).join("\n"),
    }
}

/// Something that is one: a record, an event, or neither.
fn one() -> impl Strategy<Value = String> {
    let with = |key: &'static str, value: Value| {
        let mut record: Value = serde_json::from_str(&user("1")).unwrap();
        record[key] = value;
        record.to_string()
    };
    prop_oneof![
        4 => Just(user("1")),
        2 => Just(record("ec2", "DescribeInstances", "2026-11-20T10:00:00Z", "2", "bob").to_string()),
        2 => Just(event(&user("3"))),
        // Not JSON, where a rule asks for it and where none does.
        1 => Just(user("4").replacen("\"responseElements\":null", "\"responseElements\":NaN", 1)),
        1 => Just(user("5").replace("CreateUser", "ListUsers").replacen("null", "NaN", 1)),
        // Two fields that contradict each other, and one that stands twice.
        1 => Just(with("eventCategory", json!("Insight"))),
        1 => Just(with("eventType", json!("AwsNews"))),
        1 => Just(user("6").replacen("\"eventName\"", "\"eventName\":\"ListUsers\",\"eventName\"", 1)),
        1 => Just(user("7").replacen("\"readOnly\":false", "\"readOnly\":true", 1)),
        1 => Just("{\"alpha\":1}".to_owned()),
        1 => Just("{\"Type\":\"SubscriptionConfirmation\"}".to_owned()),
    ]
}

/// `match` and `replay` agree, and what is put in is read, passed over, or counted as unread.
#[test]
fn everything_is_counted_once_and_by_both_verbs_alike() {
    let world = world();
    let texts = prop::collection::vec(one(), 1..6);
    let carriers = prop::collection::vec(prop::sample::select(CARRIERS.to_vec()), 1..4);
    let input = (texts, carriers, prop::sample::select(vec!["", ",", "\n", " ,\n"]));
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&input, |(texts, carriers, end)| {
            let mut text = carried(carriers[0], &texts);
            for carrier in &carriers[1..] {
                // Records stand side by side only in what is JSON as a whole.
                text = carried(carrier, &[text]);
            }
            text.push_str(end);
            world.write("e.json", &text);
            let replay = run(&world, "replay", &["--format", "json"], &["e.json"]);
            let matched = run(&world, "match", &["--format", "json"], &["e.json"]);
            prop_assert_eq!(replay.code, matched.code, "{}\n{}{}", text, replay.err, matched.err);
            let (replay, matched) = (replay.json(), matched.json());
            let sum = |counts: &Value| -> u64 {
                counts.as_object().unwrap().values().filter_map(Value::as_u64).sum()
            };
            let (skipped, totals) = (&replay["skipped"], &matched["totals"]);
            prop_assert_eq!(&replay["events"], &totals["events"], "{}", text);
            prop_assert_eq!(&skipped["broken"], &totals["broken"], "{}", text);
            prop_assert_eq!(&replay["raised"], &totals["matched"], "{}", text);
            prop_assert_eq!(&skipped["passed_over"], &totals["passed_over"], "{}", text);
            let read: u64 = replay["files"]["read"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|read| read["count"].as_u64())
                .sum();
            prop_assert_eq!(read, replay["events"].as_u64().unwrap());
            let unread = sum(&skipped["unread"]);
            prop_assert_eq!(unread, skipped["broken"].as_u64().unwrap());
            let all = read + unread + sum(&skipped["passed_over"]);
            prop_assert_eq!(all, texts.len() as u64, "{}", text);
            Ok(())
        })
        .unwrap();
}

#[test]
fn wrapped_events_are_counted_by_what_they_came_in() {
    let world = world();
    let note = carried("sns", &[event(&user("1"))]);
    world.write("dead.json", &carried("sqs", &[note, event(&user("2"))]));
    world.write("log.json", &carried("records", &[user("3")]));
    let replay = run(&world, "replay", &["--format", "json"], &["dead.json", "log.json"]).expect(0);
    assert_eq!(
        replay.json()["files"]["read"],
        json!([
            { "container": "cloudtrail-file", "kind": "record", "count": 1 },
            { "container": "sqs-message", "kind": "event", "count": 1 },
            { "container": "sqs-message > sns-notification", "kind": "event", "count": 1 },
        ])
    );
    assert_eq!(replay.json()["alerts"][0]["count"], 3);
    let matched = run(&world, "match", &["--count"], &["dead.json", "log.json"]).expect(0);
    assert_eq!(matched.out, "3\n");
}

#[test]
fn a_mixed_folder_is_read_and_what_is_no_log_is_counted_by_kind() {
    let world = world();
    let write = |name: &str, text: &str| {
        let path = world.path("logs").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let account = "AWSLogs/111122223333";
    write("a.log", &user("1"));
    write("B.JSON", &user("2"));
    write("notes.md", "nothing");
    write("empty.json", "");
    write("snapshot.json", r#"{"fileVersion":"1.0","configurationItems":[{}]}"#);
    write(&format!("{account}/CloudTrail-Digest/us-east-1/d.json"), "{}");
    write(&format!("{account}/vpcflowlogs/us-east-1/f.log"), "2 111122223333 eni-1 x");
    #[cfg(unix)]
    let _socket =
        std::os::unix::net::UnixListener::bind(world.path("logs").join("s.json")).unwrap();
    let replay = run(&world, "replay", &["--format", "json"], &["logs"]).expect(4);
    let report = replay.json();
    assert_eq!(report["events"], 2);
    assert_eq!(
        report["skipped"]["passed_over"],
        json!({ "digest": 1, "config": 1, "flow-log": 1, "other-file": 1 })
    );
    let sockets = usize::from(cfg!(unix));
    assert_eq!(report["skipped"]["unread"]["empty"], 1);
    assert_eq!(report["skipped"]["broken"], 1 + sockets);
    let text = run(&world, "replay", &[], &["logs"]).out;
    for said in ["1 part of kind flow-log passed over", "empty.json: it is empty"] {
        assert!(text.contains(said), "{said}:\n{text}");
    }
}

#[test]
fn what_is_not_recognised_fails_every_verb_and_is_named() {
    let world = world();
    for (name, text, said) in [
        (
            "syslog.log",
            format!("Nov 22 10:00:00 host ct: {}", user("1")),
            "text stands before the JSON",
        ),
        ("other.json", "{\"alpha\":1}".to_owned(), "it has `alpha`"),
        ("notice.json", r#"{"s3Bucket":"b","s3ObjectKey":["k"]}"#.to_owned(), "read that file"),
        ("wide.json", "\u{0}{\u{0}\"".to_owned(), "UTF-16"),
    ] {
        world.write(name, &text);
        let replay = run(&world, "replay", &[], &[name]).expect(4);
        assert!(replay.out.contains(said), "{said}: {}", replay.out);
        let matched = run(&world, "match", &["--count"], &[name]).expect(4);
        assert!(matched.err.contains(said), "{said}: {}", matched.err);
        let listed = format!("    tests: [{{ event: {name}, expect: ignore }}]\n");
        world.write(
            "t.yaml",
            &BLUEPRINT.replacen(
                "    next: Ask who made it.\n",
                &format!("    next: Ask who made it.\n{listed}"),
                1,
            ),
        );
        let line = ["ctguard", "test"].map(OsString::from).into_iter();
        let tested =
            world.command(line.chain([world.path("t.yaml").into_os_string()]).collect(), None);
        assert_eq!(tested.code, 3, "{}{}", tested.out, tested.err);
        assert!(tested.out.contains(said), "{said}: {}", tested.out);
    }
}

#[test]
fn the_sandbox_is_sent_records_and_what_carries_them() {
    let world = World::settled(&keeping_a_trail());
    let name = world.path("r.json").display().to_string();
    world.write("r.json", &user("1"));
    let ran = world.run(&["sandbox", "send", &name]).expect(0);
    assert!(ran.out.contains("secops@acme.example reads:"), "{}", ran.out);
    world.write("r.json", &carried("records", &[user("1"), user("2")]));
    let two = world.run(&["sandbox", "send", &name, "--format", "json"]).expect(0);
    assert_eq!(two.json().as_array().map(Vec::len), Some(2));
    for (text, said) in [("{\"alpha\":1}", "it has `alpha`"), ("[]", "holds no event")] {
        world.write("r.json", text);
        let refused = world.run(&["sandbox", "send", &name]).expect(64);
        assert!(refused.err.contains(said), "{}", refused.err);
    }
}

/// What a strict reader refuses, and an attacker can have in a record, raises the alert by either verb.
#[test]
fn what_a_strict_reader_refuses_raises_the_alert_by_both_verbs() {
    let world = world();
    let agent = "\"userAgent\":";
    let with = |value: &[u8]| {
        let record = user("1");
        let at = record.len() - 1;
        [&record.as_bytes()[..at], b",", agent.as_bytes(), value, b"}"].concat()
    };
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    for value in [&br#""\ud800""#[..], b"\"\xff\"", b"1e999", deep.as_bytes()] {
        std::fs::write(world.path("a.json"), with(value)).unwrap();
        let matched = run(&world, "match", &["--count"], &["a.json"]);
        let replayed = run(&world, "replay", &["--format", "json"], &["a.json"]);
        assert_eq!((matched.code, matched.out.trim()), (0, "1"), "{}", matched.err);
        assert_eq!(replayed.code, 0, "{}", replayed.out);
        let report: Value = serde_json::from_str(&replayed.out).unwrap();
        assert_eq!(report["events"], 1);
    }
    std::fs::write(world.path("b.json"), with(b"\"open")).unwrap();
    for verb in ["match", "replay"] {
        assert_eq!(run(&world, verb, &[], &["b.json"]).code, 4, "{verb}");
    }
}
