//! What is not there to be read, or does not tell: it is said, and never counts as nothing.

use super::{BLUEPRINT, record, replay, world};
use crate::world::{Ran, World};
use serde_json::{Value, json};

/// A blueprint whose alerts ask for more than the name of a call.
fn asking() -> String {
    let asks = "    events: [iam:CreateUser]\n    where: { userIdentity.type: [IAMUser] }\n";
    BLUEPRINT.replacen("    events: [iam:CreateUser]\n", asks, 1)
}

fn one_file(blueprint: &str, name: &str, text: &str) -> World {
    let world = World::empty();
    world.write("ctguard.yaml", blueprint);
    put(&world, &format!("logs/{name}"), text);
    world
}

fn put(world: &World, name: &str, text: &str) {
    std::fs::create_dir_all(world.path(name).parent().unwrap()).unwrap();
    world.write(name, text);
}

fn matched(world: &World, name: &str, more: &[&str]) -> Ran {
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let events = world.path(&format!("logs/{name}")).display().to_string();
    let mut line = vec!["ctguard", "match", "--blueprint", &blueprint, &events];
    line.extend(more);
    world.command(line.into_iter().map(Into::into).collect(), None)
}

fn user(id: &str) -> Value {
    record("iam", "CreateUser", "2026-10-01T10:00:00Z", id, "alice")
}

#[test]
fn an_alert_is_undecided_where_a_table_has_no_column_for_what_it_asks() {
    let rows = [
        (
            "a.csv",
            "eventtime,eventname,eventsource\n2026-10-01T10:00:00Z,CreateUser,iam.amazonaws.com\n",
        ),
        (
            "b.json",
            r#"{"eventTime":"2026-10-01T10:00:00Z","eventName":"CreateUser","eventSource":"iam.amazonaws.com"}"#,
        ),
        (
            "a.json",
            r#"[{"eventtime":"2026-10-01T10:00:00Z","eventname":"CreateUser","eventsource":"iam.amazonaws.com"}]"#,
        ),
    ];
    for (name, text) in rows {
        let world = one_file(&asking(), name, text);
        let report = replay(&world, &["--format", "json"]).expect(4).json();
        assert_eq!(report["events"], 1);
        let alert = |id: &str| {
            let all = report["alerts"].as_array().unwrap();
            all.iter().find(|alert| alert["id"] == id).unwrap().clone()
        };
        assert_eq!(alert("new-user")["undecided"], json!({ "userIdentity": 1 }));
        assert_eq!(alert("route-change")["undecided"], json!({}), "its names are in no row");
        let text = replay(&world, &[]).expect(4).out;
        for said in
            ["0 or more", "no column for `userIdentity`", "incomplete: 1 alert is undecided"]
        {
            assert!(text.contains(said), "{said}:\n{text}");
        }
        let ran = matched(&world, name, &[]).expect(4);
        assert!(ran.err.contains("alert new-user is undecided for 1 row"), "{}", ran.err);
    }
}

#[test]
fn a_table_decides_what_it_has_columns_for() {
    for (text, count) in [
        (
            "eventname,eventsource,useridentity\nCreateUser,iam.amazonaws.com,\"{type=IAMUser}\"\n",
            1,
        ),
        ("eventname,eventsource,useridentity\nCreateUser,iam.amazonaws.com,\"{type=Root}\"\n", 0),
        ("eventname,eventsource,useridentity\nCreateUser,iam.amazonaws.com,\n", 0),
        ("eventname,eventsource\nDeleteUser,iam.amazonaws.com\n", 0),
    ] {
        let world = one_file(&asking(), "a.csv", text);
        let report = replay(&world, &["--format", "json"]).expect(0).json();
        assert_eq!(report["raised"], count, "{text}");
        matched(&world, "a.csv", &[]).expect(0);
    }
}

#[test]
fn a_row_whose_table_names_a_column_twice_is_read_only_if_both_say_the_same() {
    let header = "eventname,eventname,eventsource\n";
    for (row, code) in [("CreateUser,CreateUser", 0), ("CreateUser,", 4), ("x,CreateUser", 4)] {
        let text = format!("{header}{row},iam.amazonaws.com\n");
        let world = one_file(BLUEPRINT, "a.csv", &text);
        let ran = replay(&world, &["--format", "json"]).expect(code);
        let unread = &ran.json()["skipped"]["unread"];
        let expected = if code == 0 { json!({}) } else { json!({ "column-twice": 1 }) };
        assert_eq!(*unread, expected, "{row}");
    }
}

#[test]
fn an_answer_that_says_that_there_is_more_is_incomplete_and_its_rows_are_read() {
    let text = user("1").to_string();
    let hit = json!({ "_source": { "event": { "original": text } } });
    let row = json!([{ "field": "@message", "value": text }]);
    let event = json!({ "CloudTrailEvent": text });
    let raw = json!({ "_raw": text });
    for (answer, said) in [
        (json!({ "timed_out": true, "hits": { "hits": [hit] } }), "`timed_out` is true"),
        (json!({ "hits": { "hits": [hit] }, "_shards": { "failed": 2 } }), "`_shards.failed` is 2"),
        (
            json!({ "hits": { "hits": [hit], "total": { "value": 1, "relation": "gte" } } }),
            "1 or more",
        ),
        (
            json!({ "_scroll_id": "x", "hits": { "total": 100, "hits": [hit] } }),
            "`hits.total` is 100",
        ),
        (json!({ "status": "Running", "results": [row] }), "`status` is \"Running\""),
        (json!({ "results": [row], "status": "Timeout" }), "run the query again"),
        (json!({ "Events": [event], "NextToken": "x" }), "`NextToken`"),
        (
            json!({ "events": [{ "timestamp": 1, "message": text }], "nextToken": "x" }),
            "`nextToken`",
        ),
        (
            json!({ "results": [raw], "messages": [{ "type": "FATAL", "text": "no disk" }] }),
            "no disk",
        ),
        (json!({ "preview": true, "results": [raw] }), "`preview` is true"),
        (json!({ "preview": true, "result": raw }), "`preview` is true"),
    ] {
        let world = one_file(BLUEPRINT, "a.json", &answer.to_string());
        let report = replay(&world, &["--format", "json"]).expect(4).json();
        assert_eq!((&report["events"], &report["raised"]), (&json!(1), &json!(1)), "{answer}");
        assert_eq!(report["skipped"]["unread"], json!({ "incomplete": 1 }), "{answer}");
        let why = report["files"]["broken"][0]["why"].as_str().unwrap();
        assert!(why.contains(said), "{why}");
        let ran = matched(&world, "a.json", &["--count"]).expect(4);
        assert!(ran.out.trim() == "1" && ran.err.contains(said), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn an_answer_that_is_all_there_is_leaves_nothing_to_say() {
    let text = user("1").to_string();
    let hit = json!({ "_source": { "event": { "original": text } } });
    for answer in [
        json!({ "_scroll_id": "x", "timed_out": false, "_shards": { "failed": 0 },
            "hits": { "total": { "value": 1, "relation": "eq" }, "hits": [hit] } }),
        json!({ "status": "Complete", "statistics": { "recordsMatched": 1.0 },
            "results": [[{ "field": "@message", "value": text }]] }),
        json!({ "Events": [{ "CloudTrailEvent": text }], "NextToken": null }),
        json!({ "preview": false, "messages": [], "results": [{ "_raw": text }] }),
    ] {
        let world = one_file(BLUEPRINT, "a.json", &answer.to_string());
        let report = replay(&world, &["--format", "json"]).expect(0).json();
        assert_eq!(report["raised"], 1, "{answer}");
    }
}

#[test]
fn a_kept_look_up_that_did_not_end_is_told_when_its_folder_is_read() {
    let world = one_file(BLUEPRINT, "a.json", &json!({ "Records": [user("1")] }).to_string());
    let state = |done: bool| {
        let place = |done| json!({ "pages": 1, "events": 1, "done": done });
        json!({ "format_version": 1, "days": 7, "from": "2026-10-01T00:00:00Z", "to": "2026-10-07T23:59:59Z",
            "places": { "111122223333/us-east-1": place(true), "111122223333/eu-west-1": place(done) } })
        .to_string()
    };
    world.write("logs/lookup.state", &state(true));
    replay(&world, &[]).expect(0);
    world.write("logs/lookup.state", &state(false));
    let out = replay(&world, &[]).expect(4).out;
    assert!(out.contains("111122223333/eu-west-1 was not looked up to its end"), "{out}");
    assert!(!out.contains("us-east-1 was not"), "{out}");
    world.write("logs/lookup.state", "{");
    assert!(replay(&world, &[]).expect(4).out.contains("is not the state of a look-up"));
}

#[test]
fn records_that_no_name_or_source_tells_apart_are_named_by_both_verbs() {
    for (key, value) in [
        ("eventName", json!(null)),
        ("eventName", json!(7)),
        ("eventName", json!(["Other"])),
        ("eventSource", json!({ "a": 1 })),
    ] {
        let mut odd = user("2");
        odd[key] = value;
        let log = json!({ "Records": [user("1"), odd] });
        let world = one_file(BLUEPRINT, "a.json", &log.to_string());
        let report = replay(&world, &["--format", "json"]).expect(4).json();
        assert_eq!(report["raised"], 1, "{odd}");
        assert_eq!(report["skipped"]["unread"], json!({ "not-a-record": 1 }), "{odd}");
        let broken = &report["files"]["broken"][0];
        assert_eq!(broken["record"], 2);
        assert!(broken["why"].as_str().unwrap().contains(key), "{broken}");
        let ran = matched(&world, "a.json", &[]).expect(4);
        assert!(ran.err.contains(&format!("it has no `{key}`")), "{}", ran.err);
    }
    // A pattern looks into lists; the record is none of CloudTrail's all the same.
    let mut odd = user("2");
    odd["eventName"] = json!(["CreateUser"]);
    let world = one_file(BLUEPRINT, "a.json", &odd.to_string());
    let report = replay(&world, &["--format", "json"]).expect(4).json();
    assert_eq!(report["alerts"][0]["undelivered"], json!({ "not-a-record": 1 }));
    matched(&world, "a.json", &[]).expect(4);
}

#[test]
fn records_of_a_type_that_eventbridge_is_not_given_are_counted_by_both_verbs() {
    let mut odd = user("1");
    odd["eventType"] = json!("AwsNewThing");
    let world = one_file(BLUEPRINT, "a.json", &odd.to_string());
    let report = replay(&world, &["--format", "json"]).expect(0).json();
    assert_eq!(report["skipped"]["undelivered"], json!({ "unknown-type": 1 }));
    let out = replay(&world, &[]).expect(0).out;
    assert!(out.contains("1 record not delivered to any rule"), "{out}");
    let ran = matched(&world, "a.json", &[]).expect(0);
    assert!(ran.err.contains("1 event not delivered"), "{}", ran.err);
}

#[test]
fn half_a_pair_of_surrogates_keeps_no_record_from_its_alert_wherever_it_stands() {
    let asks = "    events: [iam:CreateUser]\n    where: { requestParameters.userName: [{ suffix: b }] }\n";
    let text = user("1").to_string();
    let with = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        changed
    };
    for record in [
        with(r#""userName":"x""#, r#""userName":"a\ud800b""#),
        with(r#""userName":"x""#, r#""a\udc00":1,"userName":"b""#),
        with(r#""userAgent":"#, r#""user\udc00Agent":1,"userAgent":"#).replacen(
            "\"userName\":\"x\"",
            "\"userName\":\"b\"",
            1,
        ),
        with(r#""userName":"x""#, r#""userName":"b""#).replacen(
            "user/alice",
            "user/\\ud800alice",
            1,
        ),
    ] {
        let blueprint = BLUEPRINT.replacen("    events: [iam:CreateUser]\n", asks, 1);
        let world = one_file(&blueprint, "a.json", &record);
        let report = replay(&world, &["--format", "json"]).expect(0).json();
        let alert = &report["alerts"][0];
        assert_eq!((&alert["count"], &alert["undated"]), (&json!(1), &json!(0)), "{record}");
        assert_eq!(matched(&world, "a.json", &["--count"]).expect(0).out.trim(), "1", "{record}");
    }
}

#[test]
fn a_record_above_256_kb_is_not_delivered_by_either_verb_however_deep_it_is() {
    let text = user("1").to_string();
    let deep = format!("{}{}", "[".repeat(300_000), "]".repeat(300_000));
    let record =
        text.replacen(r#""responseElements":null"#, &format!("\"responseElements\":{deep}"), 1);
    let world = one_file(BLUEPRINT, "a.json", &record);
    let report = replay(&world, &["--format", "json"]).expect(0).json();
    assert_eq!(report["alerts"][0]["undelivered"], json!({ "too-large": 1 }));
    let ran = matched(&world, "a.json", &[]).expect(0);
    assert!(
        ran.out.contains("matches, not delivered") && !ran.out.contains("fires"),
        "{}",
        ran.out
    );
}

#[test]
fn the_page_lists_alerts_that_no_record_dates() {
    let mut undated = user("1");
    undated["eventTime"] = json!(null);
    let world =
        one_file(BLUEPRINT, "a.json", &json!({ "Records": [undated, undated] }).to_string());
    let page = world.path("page.html").display().to_string();
    replay(&world, &["--html", &page]).expect(0);
    let html = world.read("page.html");
    assert!(!html.contains("Nothing was raised"), "{html}");
    assert!(html.contains("<td>undated</td><td class=\"n\">2</td>"), "{html}");
    world.write("logs/b.json", &json!({ "Records": [user("2")] }).to_string());
    replay(&world, &["--html", &page]).expect(0);
    let html = world.read("page.html");
    assert!(html.contains("<td>undated</td><td class=\"n\">2</td>"), "{html}");
    assert!(html.contains("2 records have no time that can be read"), "{html}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_where_they_are_named_and_told_where_they_are_found() {
    let log = json!({ "Records": [user("1")] }).to_string();
    let world = one_file(BLUEPRINT, "a.json", &log);
    put(&world, "other/b.json", &log);
    std::os::unix::fs::symlink(world.path("other"), world.path("logs/november")).unwrap();
    let out = replay(&world, &[]).expect(4).out;
    assert!(out.contains("november: it is a link to a folder, which is not followed"), "{out}");
    let other = world.path("logs/november").display().to_string();
    let report = replay(&world, &[&other, "--format", "json"]).json();
    assert_eq!(report["events"], 2);
}

#[test]
fn what_calls_itself_empty_and_has_a_record_is_told() {
    let record = user("1").to_string();
    let world = world();
    for (name, text, code) in [
        (
            "control",
            json!({ "messageType": "CONTROL_MESSAGE", "logEvents": [{ "id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE" }] }),
            0,
        ),
        (
            "hiding",
            json!({ "messageType": "CONTROL_MESSAGE", "logEvents": [{ "id": "", "timestamp": 1, "message": record }] }),
            4,
        ),
        (
            "end",
            json!({ "Type": "UnsubscribeConfirmation", "TopicArn": "t", "Message": "You have chosen" }),
            0,
        ),
        (
            "end-hiding",
            json!({ "Type": "UnsubscribeConfirmation", "TopicArn": "t", "Message": record }),
            4,
        ),
    ] {
        put(&world, &format!("{name}/a.json"), &text.to_string());
        let blueprint = world.path("ctguard.yaml").display().to_string();
        let path = world.path(name).display().to_string();
        let line = ["ctguard", "replay", "--blueprint", &blueprint, &path];
        let ran = world.command(line.map(Into::into).into(), None);
        assert_eq!(ran.code, code, "{name}: {}{}", ran.out, ran.err);
    }
}
