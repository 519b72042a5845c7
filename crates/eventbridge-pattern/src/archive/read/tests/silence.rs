//! Nothing is left out without a word, and reading always ends.

use super::{A, B, E, quoted, read};
use proptest::prelude::*;

fn record(text: &str) -> String {
    format!("json record {text}")
}

#[test]
fn what_json_does_not_take_for_white_space_is_passed_too() {
    for space in ['\x0c', '\x0b', '\u{a0}', '\0'] {
        for text in
            [format!("[{space}]"), format!("{{\"Records\":[1{space}]}}"), format!("[{space}1]")]
        {
            assert!(!read(text.as_bytes()).is_empty(), "{text:?}");
        }
        let beside = format!("{{\"Records\":[],\"a\":{space}1{space}}}\n{A}");
        assert!(read(beside.as_bytes()).contains(&record(A)), "{beside:?}");
    }
}

#[test]
fn another_services_lines_hide_no_records() {
    let time = "2026-11-22T10:00:00.000Z";
    let exported = r#"{"userAgent":"a x:80 b","eventSource":"y","eventName":"z"}"#.to_owned();
    assert_eq!(
        read(format!("{time} {exported}\n{time} {A}").as_bytes()),
        [format!("logs-export record {exported}"), format!("logs-export record {A}")]
    );
    for (line, kind) in [
        ("2 111122223333 eni-0a1b2c3d 192.0.2.1 192.0.2.2 443 49152 6", "flow-log"),
        (
            "https 2026-11-22T10:00:00.186641Z app/w/5 192.0.2.1:2817 10.0.0.1:80",
            "load-balancer-log",
        ),
    ] {
        let passed = format!("json passed over {kind}");
        let log = format!("{line}\n{line}\n");
        assert_eq!(read(log.as_bytes()), [&*passed], "once, however many lines");
        let mixed = format!("{log}{A}\n{log}{time} {B}\n");
        let expected = [&*passed, &record(A), &passed, &format!("logs-export record {B}")];
        assert_eq!(read(mixed.as_bytes()), expected);
    }
}

#[test]
fn a_line_of_an_export_is_no_header_and_a_broken_one_loses_itself_only() {
    let time = "2026-11-22T10:00:00.000Z";
    for column in ["message", "_raw", "@message", "eventjson"] {
        let first =
            format!(r#"{{"eventSource":"a","list":["{column}",2,"eventname","eventsource"]}}"#);
        let text = format!("{time} {first}\n{time} {B}\n");
        let expected = [&first, B].map(|one| format!("logs-export record {one}"));
        assert_eq!(read(text.as_bytes()), expected);
    }
    let cut = &A[..A.len() / 2];
    let text = format!("{time} {cut}\n{time} {B}\n{time} {cut}");
    assert_eq!(
        read(text.as_bytes()),
        ["1:1 cut-off", &format!("logs-export record {B}"), "3:3 cut-off"]
    );
}

#[test]
fn a_quote_in_a_cell_swallows_no_rows() {
    let cell = format!("\"{}\"", A.replace('"', "\"\""));
    let good = format!("csv record {A}");
    for (bad, told) in [
        (format!("5\" disk,{cell}"), &*good),
        (format!("\"open,{cell}"), "1:2 not-json"),
        (format!("\"a\"b,{cell}"), "1:2 not-json"),
        (format!("a,{cell},more"), "1:2 not-json"),
        ("a".to_owned(), "1:2 cut-off"),
    ] {
        let text = format!("note,message\n{bad}\nb,{cell}\nc,{cell}\n");
        assert_eq!(read(text.as_bytes()), [told, &good, &good], "{bad}");
    }
    let columns = "eventname,eventsource,eventtime\nCreateUser,iam.amaz";
    assert_eq!(read(columns.as_bytes()), ["1:2 cut-off"]);
}

#[test]
fn a_row_with_a_records_names_is_given_back() {
    let row = r#"{"eventName":"N","eventSource":"s","readOnly":"false","userIdentity":"{type=IAMUser, username=bob}","requestParameters":"{\"a\":1}"}"#;
    let [found] = read(row.as_bytes()).try_into().unwrap();
    let json = found.strip_prefix("athena-row record ").unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(json).unwrap(),
        serde_json::json!({"eventName": "N", "eventSource": "s", "readOnly": false,
            "userIdentity": {"type": "IAMUser", "userName": "bob"}, "requestParameters": {"a": 1}})
    );
    let unclear = r#"{"eventName":"N","eventSource":"s","userIdentity":"bob"}"#;
    assert_eq!(read(unclear.as_bytes()), ["1:1 bad-column"]);
}

#[test]
fn only_an_object_in_detail_makes_an_event() {
    for detail in ["\"An error\"", "null", "[{}]", "7", &quoted(E)] {
        for text in [
            format!(r#"{{"detail":{detail},"status":5}}"#),
            format!(r#"{{"detail-type":"x","detail":{detail}}}"#),
        ] {
            assert_eq!(read(text.as_bytes()), ["1:1 unknown"], "{text}");
        }
        let list = format!(r#"{{"detail":{detail},"Records":[{A}]}}"#);
        assert_eq!(read(list.as_bytes()), [format!("cloudtrail-file record {A}")]);
    }
}

#[test]
fn what_stands_beside_a_list_is_read_or_named() {
    let inner = A.replace("\"x\"", "\"eventVersion\"");
    for (text, expected) in [
        (format!(r#"{{"Records":[],"payload":{{"Records":[{A}]}}}}"#), "1:1 unknown".to_owned()),
        (format!(r#"{{"hits":{{"hits":[]}},"more":{{"b":[{inner}]}}}}"#), "1:1 unknown".to_owned()),
        (format!(r#"{{"Records":[],"body":{}}}"#, quoted(&inner)), "1:1 unknown".to_owned()),
        (format!(r#"{{"events":[],"\u0052ecords":[{A}]}}"#), format!("cloudtrail-file record {A}")),
        (
            format!(r#"{{"responses":[{{"hits":{{"hits":[{{"_source":{A}}}]}}}}]}}"#),
            format!("search-hit record {A}"),
        ),
    ] {
        assert_eq!(read(text.as_bytes()), [expected], "{text}");
    }
    let plain = r#"{"events":[],"searchedLogStreams":[{"a":1}],"requestId":"eventVersion"}"#;
    assert_eq!(read(plain.as_bytes()), [""; 0]);
}

#[test]
fn a_list_of_configuration_items_hides_nothing_behind_it() {
    let config = "json passed over config";
    for (text, behind) in [
        (r#"{"configurationItems":[{"a":[1]}],"fileVersion":"1.0"}"#.to_owned(), None),
        (
            format!(r#"{{"configurationItems":[],"Records":[{A}]}}"#),
            Some(format!("cloudtrail-file record {A}")),
        ),
        (
            r#"{"configurationItems":[7],"eventSource":"iam.amazonaws.com"}"#.to_owned(),
            Some("2:1 unknown".to_owned()),
        ),
    ] {
        let found = read(text.as_bytes());
        assert_eq!(found[0], config, "{text}");
        assert_eq!(found.get(1), behind.as_ref(), "{text}");
    }
    let control = r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: x"}]}"#;
    assert_eq!(read(control.as_bytes()), ["json passed over logs-control"]);
}

proptest! {
    #[test]
    fn reading_ends_and_says_something_of_whatever_is_there(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "{", "}", "[", "]", "\"", ",", ":", "\\", " ", "\n", "\x0c", "\0", "1", "x",
            "\"Records\":[", "\"hits\":{", "\"configurationItems\":[", "\"detail\":", "\"Body\":\"",
            "{\"Records\":[", "2026-11-22T10:00:00.000Z {", "message,eventname,eventsource\n",
            "2 111122223333 eni-1 a b\n", "{\"eventSource\":\"a\"}",
        ]), 0..14)) {
        let text = pieces.concat();
        let found = read(text.as_bytes());
        let blank = text.chars().all(|c| " \n,".contains(c));
        prop_assert_eq!(blank, found == ["1:1 empty"]);
        // Whole objects without records before them stay where they are, however broken what follows is.
        let after = format!("{A}\n{text}");
        prop_assert_eq!(&read(after.as_bytes())[0], &record(A));
    }
}
