use super::super::{Reader, csv};
use super::*;

mod silence;

/// What a text gives: `container kind text`, or what is not read.
fn read(text: &[u8]) -> Vec<String> {
    let mut both = Vec::new();
    // One byte at a time, so that every place is once the end of what has come.
    for mut source in [Box::new(text) as Box<dyn std::io::Read>, Box::new(Dribble(text))] {
        let mut found = Vec::new();
        Reader::default().stream(&mut source, &mut |item| {
            let from = item.containers;
            let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
            found.push(match &item.what {
                What::Record(record) | What::Row(record, _) => {
                    format!("{from} record {}", text(record))
                }
                What::Event(event) => format!("{from} event {}", text(event)),
                What::PassedOver(kind) => format!("{from} passed over {}", kind.as_str()),
                What::Unread(why) => format!("{}:{} {}", item.number, item.line(), why.as_str()),
            });
            Flow::Continue(())
        });
        both.push(found);
    }
    assert_eq!(both[0], both[1], "the same however it comes");
    both.swap_remove(0)
}

struct Dribble<'a>(&'a [u8]);

impl std::io::Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.len().min(1).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

const A: &str = r#"{"eventSource":"iam.amazonaws.com","eventName":"A","x":"}]\"{"}"#;
const B: &str = r#"{"eventName":"B","eventSource":"ec2.amazonaws.com"}"#;
const E: &str = r#"{"source":"aws.iam","detail":{"eventName":"E"}}"#;

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn base64_of(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn gzip(text: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// That a text gives A and B, out of these containers.
fn gives_both(text: &str, containers: &str) {
    let expected = [A, B].map(|record| format!("{containers} record {record}"));
    assert_eq!(read(text.as_bytes()), expected, "{text}");
}

#[test]
fn log_files_records_and_lists_of_them() {
    gives_both(&format!(r#"{{"Records":[{A},{B}]}}"#), "cloudtrail-file");
    gives_both(
        &format!(
            " {{ \"x\":{{\"Records\":[1]}}, \"Records\" : [ {A} ,\r\n{B} ], \"n\":[{{}}] }}\n"
        ),
        "cloudtrail-file",
    );
    gives_both(&format!("{{\"Records\":[{A}]}}{{\"Records\":[{B}]}}"), "cloudtrail-file");
    gives_both(&format!("{{\"Records\":[{A}],\"Records\":[{B}]}}"), "cloudtrail-file");
    gives_both(&format!("[{{\"Records\":[{A}]}},{{\"Records\":[{B}]}}]"), "list > cloudtrail-file");
    gives_both(&format!("[{A},{B}]"), "list");
    gives_both(&format!("[[{A}],[{B}]]"), "list");
    for between in ["", "\n", "\n\n\r\n", ",\n", " , "] {
        gives_both(&format!("{A}{between}{B}"), "json");
    }
    gives_both(&format!("\u{feff}{A}\n{B},\n"), "json");
    gives_both(&format!("[{A},{B},]"), "list");
    gives_both(&format!("{}\n{}", quoted(A), quoted(B)), "json");
    let pretty = |text| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    };
    assert_eq!(read(format!("{}\n{}", pretty(A), pretty(B)).as_bytes()).len(), 2);
}

#[test]
fn nothing_is_found_where_nothing_is() {
    for text in ["[]", r#"{"Records":[]}"#, r#"{"Records":[ ]}"#] {
        assert_eq!(read(text.as_bytes()), [""; 0], "{text}");
    }
    for text in ["", " \n\t", "\u{feff}", ",,", " , \n"] {
        assert_eq!(read(text.as_bytes()), ["1:1 empty"], "{text}");
    }
}

#[test]
fn events_one_after_the_other_without_anything_between() {
    let event = format!("json event {E}");
    assert_eq!(read(format!("{E}{E}\n{E}").as_bytes()), [&*event, &*event, &*event]);
    let message = format!(r#"{{"ctguard":1,"eventName":"x","eventSource":"y","event":{E}}}"#);
    assert_eq!(read(message.as_bytes()), [format!("alert-message event {E}")]);
}

#[test]
fn what_look_ups_answer() {
    let event =
        |text| format!(r#"{{"EventId":"1","EventName":"x","CloudTrailEvent":{}}}"#, quoted(text));
    let (a, b) = (event(A), event(B));
    gives_both(&format!(r#"{{"Events":[{a},{b}],"NextToken":null}}"#), "lookup-events");
    gives_both(&format!("{a}\n{b}"), "lookup-events");
    gives_both(&format!("[{a},{b}]"), "list > lookup-events");
}

#[test]
fn notifications_messages_and_dead_letters() {
    let note = |text| {
        format!(
            r#"{{"Type":"Notification","MessageId":"1","TopicArn":"t","Message":{}}}"#,
            quoted(text)
        )
    };
    let message =
        |text: &str| format!(r#"{{"MessageId":"1","ReceiptHandle":"r","Body":{}}}"#, quoted(text));
    let lambda = |text: &str| {
        format!(
            r#"{{"messageId":"1","body":{},"eventSource":"aws:sqs","awsRegion":"us-east-1"}}"#,
            quoted(text)
        )
    };
    let sns =
        |text| format!(r#"{{"EventSource":"aws:sns","EventVersion":"1.0","Sns":{}}}"#, note(text));
    gives_both(&format!("{}\n{}", note(A), note(B)), "sns-notification");
    gives_both(&format!(r#"{{"Messages":[{},{}]}}"#, message(A), message(B)), "sqs-message");
    gives_both(&format!("{}{}", message(A), message(B)), "sqs-message");
    gives_both(
        &format!(r#"{{"Records":[{},{}]}}"#, lambda(A), lambda(B)),
        "lambda-event > sqs-message",
    );
    gives_both(
        &format!(r#"{{"Records":[{},{}]}}"#, sns(A), sns(B)),
        "lambda-event > sns-notification",
    );
    // A dead letter of a subscription, and one of a rule's target.
    gives_both(
        &format!(r#"{{"Messages":[{},{}]}}"#, message(&note(A)), message(&note(B))),
        "sqs-message > sns-notification",
    );
    assert_eq!(read(message(E).as_bytes()), [format!("sqs-message event {E}")]);
    let nested = message(&note(E));
    assert_eq!(read(nested.as_bytes()), [format!("sqs-message > sns-notification event {E}")]);
    assert_eq!(read(note("Somebody did something.").as_bytes()), ["1:1 no-json-inside"]);
    let confirm = r#"{"Type":"SubscriptionConfirmation","Message":"m"}"#;
    assert_eq!(read(confirm.as_bytes()), ["json passed over sns-confirmation"]);
}

#[test]
fn logs_of_cloudwatch() {
    let entry = |text: &str| format!(r#"{{"id":"1","timestamp":1,"message":{}}}"#, quoted(text));
    let (a, b) = (entry(A), entry(B));
    let data = format!(r#"{{"messageType":"DATA_MESSAGE","owner":"1","logEvents":[{a},{b}]}}"#);
    gives_both(&data, "logs-subscription > log-events");
    let packed = base64_of(&gzip(&data));
    gives_both(
        &format!(r#"{{"awslogs":{{"data":"{packed}"}}}}"#),
        "logs-subscription > log-events",
    );
    gives_both(&format!(r#"{{"events":[{a},{b}],"searchedLogStreams":[]}}"#), "log-events");
    let line = |text: &str| format!("2026-11-22T10:00:00.000Z {text}\n");
    gives_both(&(line(A) + &line(B)), "logs-export");
    let control = r#"{"messageType":"CONTROL_MESSAGE","logEvents_":[]}"#;
    assert_eq!(read(control.as_bytes()), ["json passed over logs-control"]);
    let broken = r#"{"awslogs":{"data":"H4sIAAAA"}}"#;
    assert_eq!(read(broken.as_bytes()), ["1:1 bad-packing"]);
}

#[test]
fn rows_of_a_query_in_cloudwatch_logs() {
    let row = |text: &str| {
        format!(
            r#"[{{"field":"@timestamp","value":"2026-11-22 10:00:00.000"}},{{"field":"@message","value":{}}},{{"field":"@ptr","value":"p"}}]"#,
            quoted(text)
        )
    };
    let (a, b) = (row(A), row(B));
    gives_both(
        &format!(
            r#"{{"queryLanguage":"CWLI","results":[{a},{b}],"statistics":{{"recordsMatched":2.0}},"status":"Complete"}}"#
        ),
        "logs-insights",
    );
    gives_both(&format!(r#"{{ "results" : [ {a} , {b} ] }}"#), "logs-insights");
    gives_both(&format!("[{a},{b}]"), "list > logs-insights");
    gives_both(&format!("{a}\n{b}\n"), "logs-insights");
    // Tables as the console saves them: what is JSON stands as an object.
    let saved = |message: &str| format!(r#"{{"@timestamp":"t","@message":{message}}}"#);
    gives_both(&format!("[{},{}]", saved(A), saved(B)), "list > logs-insights");
    gives_both(&format!("[{},{}]", saved(&quoted(A)), saved(&quoted(B))), "list > logs-insights");
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    gives_both(&format!("@timestamp,@message\nt,{}\nt,{}\n", cell(A), cell(B)), "csv");
    // A field of the record beside the record, before it and behind.
    for (before, behind) in [(r#""eventSource":"x","#, ""), ("", r#","eventSource":"x""#)] {
        let with = |message: &str| format!(r#"{{{before}"@message":{message}{behind}}}"#);
        gives_both(&format!("{}\n{}", with(A), with(&quoted(B))), "logs-insights");
    }
    let looked_up = |text: &str| {
        format!(r#"{{"logRecord":{{"@message":{},"@ptr":"p","eventSource":"x"}}}}"#, quoted(text))
    };
    gives_both(&format!("{}\n{}", looked_up(A), looked_up(B)), "logs-insights");
    // Rows without the record, in both forms; and a record to which Logstash has added something.
    let counted = r#"{"results":[[{"field":"eventName","value":"A"}],[]],"status":"Complete"}"#;
    assert_eq!(read(counted.as_bytes()), ["1:1 no-message"]);
    let table = r#"[{"@timestamp":"t","eventSource":"iam.amazonaws.com","eventName":"A"}]"#;
    assert_eq!(read(table.as_bytes()), ["1:1 no-message"]);
    let table = "@timestamp,eventName,eventSource\nt,A,iam.amazonaws.com\n";
    assert_eq!(read(table.as_bytes()), ["1:2 no-message"]);
    assert_eq!(read(row("START RequestId: 1").as_bytes()), ["1:1 no-json-inside"]);
    let logstash = r#"{"eventVersion":"1.0","eventSource":"x","@timestamp":"t"}"#;
    assert_eq!(read(logstash.as_bytes()), [format!("json record {logstash}")]);
    let cut = format!(r#"{{"results":[{a},[{{"field":"@message","value":"#);
    assert_eq!(read(cut.as_bytes()), [&*format!("logs-insights record {A}"), "2:1 cut-off"]);
}

#[test]
fn rows_of_lake_and_athena() {
    let row = |text: &str| format!(r#"{{"eventJson":{}}}"#, quoted(text));
    gives_both(&format!("{}\n{}", row(A), row(B)), "lake-row");
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    gives_both(
        &format!("\"eventid\",\"eventjson\"\n\"1\",{}\n\"2\",{}\n", cell(A), cell(B)),
        "csv",
    );
    assert!(csv::delimiter("eventname,eventsource").is_some());
    let table = "eventname,eventsource,readonly\nA,iam.amazonaws.com,true\r\n\nB,ec2.amazonaws.com,\nC,x,perhaps\n";
    assert_eq!(
        read(table.as_bytes()),
        [
            r#"csv record {"eventName":"A","eventSource":"iam.amazonaws.com","readOnly":true}"#,
            r#"csv record {"eventName":"B","eventSource":"ec2.amazonaws.com"}"#,
            "3:5 bad-column",
        ]
    );
    let row = r#"{"eventname":"A","eventsource":"iam.amazonaws.com"}"#;
    assert_eq!(
        read(row.as_bytes()),
        [r#"athena-row record {"eventName":"A","eventSource":"iam.amazonaws.com"}"#]
    );
}

#[test]
fn documents_of_elastic_opensearch_and_splunk() {
    let original = |text: &str| {
        format!(r#"{{"@timestamp":"t","event":{{"kind":"event","original":{}}}}}"#, quoted(text))
    };
    gives_both(&format!("{}\n{}", original(A), original(B)), "elastic-document");
    let flat = |text: &str| format!(r#"{{"event.original":{}}}"#, quoted(text));
    gives_both(&format!("{}\n{}", flat(A), flat(B)), "elastic-document");
    let hit = |text: &str| format!(r#"{{"_index":"i","_source":{text}}}"#);
    let hits = |a: &str, b: &str| {
        format!(r#"{{"took":1,"hits":{{"total":{{"value":2}},"hits":[{a},{b}]}}}}"#)
    };
    gives_both(&hits(&hit(A), &hit(B)), "search-hit");
    gives_both(&hits(&hit(&original(A)), &hit(&original(B))), "search-hit > elastic-document");
    let splunk = |text: &str| {
        format!(r#"{{"preview":false,"result":{{"_raw":{},"host":"h"}}}}"#, quoted(text))
    };
    gives_both(&format!("{}\n{}", splunk(A), splunk(B)), "splunk");
    let raw = |text: &str| format!(r#"{{"_raw":{}}}"#, quoted(text));
    gives_both(&format!(r#"{{"preview":false,"results":[{},{}]}}"#, raw(A), raw(B)), "splunk");
    let parsed = r#"{"event":{"action":"CreateUser"},"aws":{"cloudtrail":{}}}"#;
    assert_eq!(read(parsed.as_bytes()), ["1:1 no-original"]);
}

#[test]
fn records_of_kinesis() {
    let (a, b) = (base64_of(A.as_bytes()), base64_of(B.as_bytes()));
    let pipe = |data: &str| {
        format!(r#"{{"eventSource":"aws:kinesis","eventVersion":"1.0","data":"{data}"}}"#)
    };
    gives_both(&format!("[{},{}]", pipe(&a), pipe(&b)), "list > kinesis-record");
    let lambda =
        |data: &str| format!(r#"{{"kinesis":{{"data":"{data}"}},"eventSource":"aws:kinesis"}}"#);
    gives_both(
        &format!(r#"{{"Records":[{},{}]}}"#, lambda(&a), lambda(&b)),
        "lambda-event > kinesis-record",
    );
}

#[test]
fn what_holds_no_events_is_passed_over_by_kind() {
    for (text, kind) in [
        (r#"{"awsAccountId":"1","digestS3Object":"x"}"#, "json passed over digest"),
        (
            r#"{"fileVersion":"1.0","configurationItems":[{"a":"]}"},{}]}"#,
            "json passed over config",
        ),
        ("2 111122223333 eni-0a 192.0.2.1 192.0.2.2 1 2 6\n", "json passed over flow-log"),
    ] {
        assert_eq!(read(text.as_bytes()), [kind], "{text}");
    }
    let both = format!(r#"[{{"configurationItems":[{{}}]}},{A}]"#);
    assert_eq!(
        read(both.as_bytes()),
        ["list passed over config".to_owned(), format!("list record {A}")]
    );
}

#[test]
fn what_is_not_read_is_told_with_its_place_and_the_rest_is_read() {
    let (a, b) = (format!("json record {A}"), format!("json record {B}"));
    let (listed, broken) = (format!("list record {A}"), "{\"eventSource\":\"x\",");
    for (text, expected) in [
        (format!("nonsense\n{A}"), vec!["1:1 not-json", &a]),
        (format!("7\n{A}\nnull"), vec!["1:1 not-an-object", &a, "3:3 not-an-object"]),
        (format!("{{\"a\":\n{A}\n{B}\n"), vec!["1:1 not-json", &a, &b]),
        (format!("{A}\n{{\"a\":\"x\n{B}\n"), vec![&a, "2:2 not-json", &b]),
        (format!("{A}}}\n{B}"), vec![&a, "2:1 not-json", &b]),
        ("{\n \"a\":\n".to_owned(), vec!["1:1 cut-off"]),
        (format!("[{A},{broken}"), vec![&listed, "2:1 cut-off"]),
        (format!("[{A}"), vec![&listed, "2:1 cut-off"]),
        (
            format!("[{A},7,[\"x\"],null]"),
            vec![&listed, "2:1 not-an-object", "3:1 not-an-object", "4:1 not-an-object"],
        ),
        (format!("[{A}}}"), vec![&listed, "2:1 broken-list"]),
        ("{\"a\":1}\n".to_owned() + A, vec!["1:1 unknown", &a]),
        (format!("Nov 22 10:00:00 host ct: {A}\n{B}"), vec!["1:1 text-before-json", &b]),
        (r#"{"s3Bucket":"b","s3ObjectKey":["k"]}"#.to_owned(), vec!["1:1 file-notice"]),
        ("PAR1".to_owned(), vec!["1:1 other-format"]),
    ] {
        assert_eq!(read(text.as_bytes()), expected, "{text}");
    }
    let wide: Vec<u8> = A.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&wide), ["1:1 utf-16"]);
    assert_eq!(read(&[&b"\xff\xfe"[..], &wide].concat()), ["1:1 utf-16"]);
}

#[test]
fn wrapping_has_an_end() {
    let mut text = A.to_owned();
    for turn in 0..10 {
        text = match turn % 2 {
            0 => format!(r#"{{"MessageId":"1","Body":{}}}"#, quoted(&text)),
            _ => format!(r#"{{"_raw":{}}}"#, quoted(&text)),
        };
    }
    assert_eq!(read(text.as_bytes()), ["1:1 too-deep"]);
    let found = read(&[b'['; 100_000]);
    assert!(found.len() <= 2 && found[0] == "1:1 too-deep", "{found:?}");
    let mut quotes = A.to_owned();
    for _ in 0..10 {
        quotes = quoted(&quotes);
    }
    assert_eq!(read(quotes.as_bytes()).len(), 1);
}

#[test]
fn a_record_beyond_measure_is_named_and_the_next_ones_are_read() {
    let huge = format!(r#"{{"eventSource":"x","y":"{}"}}"#, "}\\\"".repeat(ITEM_MAX / 3));
    for text in [format!(r#"{{"Records":[{A},{huge},{B}]}}"#), format!("{A}\n{huge}\n{B}")] {
        let mut found = Vec::new();
        Reader::default().stream(&mut text.as_bytes(), &mut |item| {
            found.push(match &item.what {
                What::Record(text) | What::Row(text, _) => text.len(),
                What::Unread(Unread::TooLong) => 0,
                other => panic!("{other:?}"),
            });
            Flow::Continue(())
        });
        assert_eq!(found, [A.len(), 0, B.len()]);
    }
}
