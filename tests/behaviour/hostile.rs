//! What others write, wherever it may stand: it breaks no alert and no report.

use crate::world::blueprints::keeping_a_trail;
use crate::world::{Ran, Screen, WIDE, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One of every kind of character that moves a cursor, hides or turns text around, and a line that
/// would be a command for GitHub's runner, or pass for ctguard's own.
const PLANTED: &str = "\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}31m\u{85}\u{7f}\u{202e}\u{2066}\u{200b}\u{2028}\
    \u{feff}\u{61c}\u{e0041}\r\n::error::forged\n##[error]forged\nforged line";

const EVERY_FORMAT: &str = r#"
version: 1
name: acme
regions: [us-east-1]
destinations:
  people: { topic: people, format: text, subscribers: [{ email: a@acme.example }] }
  mailed: { topic: mailed, format: mail, subscribers: [{ email: b@acme.example }] }
  chat:
    topic: chat
    format: chat
    subscribers: [{ chat: "arn:aws:chatbot::111122223333:chat-configuration/slack-channel/s" }]
  programs: { topic: programs, format: json, subscribers: [{ email: c@acme.example }] }
  events: { topic: events, format: raw, subscribers: [{ email: d@acme.example }] }
routes: { high: [people, mailed, chat, programs, events] }
alerts:
  - id: new-user
    title: A user was made
    risk: high
    events: [iam:CreateUser]
    why: People sign in through the identity provider.
    next: Ask whoever made it.
trail: { name: acme-management, bucket: acme-logs-111122223333, home_region: us-east-1 }
"#;

/// A call by a user with such a path, with whatever else a caller can choose.
fn by(path: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": "2026-11-20T10:00:00Z",
        "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "awsRegion": "us-east-1",
        "eventID": "0f8a7700-0000-4000-8000-000000000000", "readOnly": false,
        "eventType": "AwsApiCall", "managementEvent": true, "eventCategory": "Management",
        "recipientAccountId": "111122223333", "sourceIPAddress": "192.0.2.10", "userAgent": path,
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": "111122223333",
            "arn": format!("arn:aws:iam::111122223333:user/{path}/eve"), "userName": "eve",
            "sessionContext": { "sessionIssuer": {
                "type": "Role", "userName": "admin",
                "arn": format!("arn:aws:iam::111122223333:role/{path}/admin"),
            } },
        },
        "requestParameters": { "userName": path, "path": path },
        "responseElements": null, "errorCode": "AccessDenied", "errorMessage": path,
    })
}

/// What each subscriber of the alert has received of a record.
fn received(world: &World, record: &Value) -> BTreeMap<String, String> {
    world.write("record.json", &record.to_string());
    let file = world.path("record.json").display().to_string();
    let sent = world.run(&["sandbox", "send", &file, "--format", "json"]).expect(0).json();
    let all = sent["received"].as_array().unwrap().iter();
    all.map(|one| (one["endpoint"].to_string(), one["text"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn an_alert_is_delivered_in_every_format_whatever_path_its_caller_has() {
    let world = World::settled(EVERY_FORMAT);
    let plain = received(&world, &by("abc"));
    assert_eq!(plain.len(), 5, "{plain:?}");
    for path in ["a\"b", "a\\", "\",\"risk\":\"low", "\"}}<account>", "a\\u0022,"] {
        let told = received(&world, &by(path));
        assert_eq!(told.len(), 5, "{path}: {told:?}");
        for (endpoint, text) in &told {
            let Ok(message) = serde_json::from_str::<Value>(text) else { continue };
            let before: Value = serde_json::from_str(&plain[endpoint]).unwrap();
            let same = |key: &str| assert_eq!(message[key], before[key], "{path}: {text}");
            let keys = ["risk", "title", "alert", "content", "metadata", "userIdentity"];
            keys.iter().for_each(|key| same(key));
        }
        let lines = told.values().find(|text| text.starts_with("\"[HIGH]")).unwrap();
        assert_eq!(Some(lines), plain.values().find(|text| text.starts_with("\"[HIGH]")));
    }
}

#[test]
fn a_template_that_names_the_arn_loses_such_an_event_in_the_sandbox() {
    let world = World::settled(EVERY_FORMAT);
    world.change(|state| {
        for region in state.accounts.values_mut().flat_map(|one| one.regions.values_mut()) {
            for target in region.rules.values_mut().flat_map(|rule| rule.targets.values_mut()) {
                use ctguard_core::resource::rule::Input;
                let Input::Transformer(transformer) = &mut target.input else { continue };
                transformer.paths.insert("arn".into(), "$.detail.userIdentity.arn".into());
                let old = transformer.template.clone();
                transformer.template = old.replacen("<account>", "<account> <arn>", 1);
            }
        }
    });
    let plain = received(&world, &by("abc"));
    let told = received(&world, &by("a\"b"));
    assert!(plain.len() > told.len(), "{told:?}");
    assert!(!told.values().any(|text| text.starts_with("\"[HIGH]")), "{told:?}");
}

#[test]
fn test_tries_every_alert_with_hostile_callers() {
    let world = World::empty();
    world.write("ctguard.yaml", EVERY_FORMAT);
    let line = ["ctguard", "test", "--format", "json"].map(Into::into).to_vec();
    let line = [line, vec![world.path("ctguard.yaml").into()]].concat();
    let trial = world.command(line, None).expect(0).json();
    let tried = trial["alerts"][0]["hostile"].as_array().unwrap();
    assert_eq!(tried.len(), 15, "five formats, three callers");
    assert!(tried.iter().all(|one| one["error"].is_null() && one["text"].is_string()));
    assert!(tried.iter().any(|one| one["text"].as_str().unwrap().contains("forged")));
}

/// Whether nothing in an output moves a cursor, hides, or begins a line that somebody else wrote.
#[track_caller]
fn is_clean(what: &str, ran: &Ran, format: &str, color: bool) {
    for (text, result) in [(&ran.out, true), (&ran.err, false)] {
        let mut plain = text.clone();
        if color {
            for style in ["1", "2", "31", "32", "33", "91", "94", "92", "93", "96", "0"] {
                plain = plain.replace(&format!("\u{1b}[{style}m"), "");
            }
        }
        let hidden = plain.chars().find(|c| {
            c.is_control() && *c != '\n'
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{61c}' | '\u{e0000}'..='\u{e007f}')
        });
        assert_eq!(hidden, None, "{what}: {plain:?}");
        for line in plain.lines() {
            let word = line.trim_start();
            let forged = word.starts_with("::error::forged") || line.contains("##[error]");
            // A message of several lines hangs below its first.
            let own = if result { word } else { line }.starts_with("forged line");
            assert!(!forged && !own, "{what}: {line:?} in\n{plain}");
        }
    }
    if format == "json" && !ran.out.is_empty() {
        ran.json();
    }
}

/// The texts of a document, by their path without numbers and names: one of each kind is planted.
fn kinds(value: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::String(_) => {
            let kind: Vec<&str> =
                path.split('/').filter(|step| step.parse::<u32>().is_err()).collect();
            found.entry(kind.join("/")).or_insert_with(|| path.to_owned());
        }
        Value::Array(members) => {
            for (number, member) in members.iter().enumerate() {
                kinds(member, &format!("{path}/{number}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                kinds(field, &format!("{path}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// As many as a run takes seconds for; `CTGUARD_LAW_CASES` asks for all.
fn step() -> usize {
    if std::env::var_os("CTGUARD_LAW_CASES").is_some() { 1 } else { 5 }
}

#[test]
fn nothing_in_a_live_account_reaches_a_reader_raw() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "disable-rule"]).expect(0);
    let file: Value = serde_json::from_str(&world.read("account.json")).unwrap();
    let mut found = BTreeMap::new();
    kinds(&file, "", &mut found);
    assert!(found.len() > 40, "{found:?}");
    let verbs = [
        &["plan"][..],
        &["drift"],
        &["verify"],
        &["explain", "route"],
        &["import", "live"],
        &["snapshot", "--out", "-"],
        &["destroy"],
        &["apply", "--yes"],
    ];
    let mut read = 0;
    for (number, path) in found.values().enumerate().skip(1).step_by(step()) {
        for whole in [false, true] {
            let mut planted = file.clone();
            let text = planted.pointer_mut(path).unwrap();
            let old = text.as_str().unwrap().to_owned();
            *text = if whole { PLANTED.into() } else { format!("{old}{PLANTED}").into() };
            world.write("account.json", &planted.to_string());
            let number = number + usize::from(whole);
            let verb = verbs[number % verbs.len()];
            let formats = ["text", "markdown", "github", "json", "junit", "sarif"];
            let has = if number % verbs.len() < 3 && verb.len() == 1 { formats.len() } else { 1 };
            for format in ["text", formats[number % has]] {
                for color in [false, true] {
                    let ran =
                        world.on(Screen { color, ..WIDE }, &[verb, &["--format", format]].concat());
                    read += usize::from(ran.code != 1);
                    is_clean(&format!("{verb:?} {format} {path}"), &ran, format, color);
                }
            }
        }
    }
    assert!(read > 40, "most are read: {read}");
}

#[test]
fn nothing_in_a_record_reaches_a_reader_raw() {
    let world = World::settled(&keeping_a_trail());
    let record = by("abc");
    let mut found = BTreeMap::new();
    kinds(&record, "", &mut found);
    let pattern = json!({ "source": [{ "anything-but": "x" }] });
    world.write("pattern.json", &pattern.to_string());
    let at = |name: &str| world.path(name).display().to_string();
    let (file, pattern, blueprint) = (at("record.json"), at("pattern.json"), at("ctguard.yaml"));
    for path in found.values() {
        let mut planted = record.clone();
        let text = planted.pointer_mut(path).unwrap();
        *text = format!("{}{PLANTED}", text.as_str().unwrap()).into();
        world.write("record.json", &planted.to_string());
        for line in [
            &["sandbox", "send", &file][..],
            &["match", "--pattern", &pattern, &file],
            &["match", "--check", &file],
            &["match", "--check", &file, "--format", "json"],
            &["match", "--blueprint", &blueprint, &file],
            &["match", "--explain", "--blueprint", &blueprint, &file],
            &["replay", "--blueprint", &blueprint, &file],
            &["replay", "--blueprint", &blueprint, &file, "--format", "markdown"],
        ] {
            for color in [false, true] {
                let ran = world.on(Screen { color, ..WIDE }, line);
                is_clean(&format!("{line:?} {path}"), &ran, "text", color);
            }
        }
    }
}

#[test]
fn names_of_files_and_words_of_a_command_line_are_cleaned_in_errors() {
    let world = World::empty();
    for line in [
        &["plan", "no\n::error::forged\u{1b}[2J.yaml"][..],
        &["validate", "no\n::error::forged\u{202e}.yaml"],
        &["show", "no\nforged line\u{9b}2J"],
        &["match", "--pattern", "no\n::error::forged"],
        &["explain", "\u{1b}[2J\n::error::forged"],
        &["events", "\u{1b}[2J\n::error::forged"],
        &["\u{1b}[2J\n::error::forged"],
        &["--region", "\u{1b}[2J\n::error::forged", "plan"],
        &["coverage", "no\n::error::forged\u{1b}[2J.yaml"],
        &["coverage", "--framework", "\u{1b}[2J\n::error::forged"],
        &["match", "--check", "no\nforged line\u{202e}"],
        &["init", "-", "--email", "\u{1b}[2J\n::error::forged"],
        &["init", "-", "--email", "a@acme.example", "--name", "a\n::error::forged\u{9b}2J"],
        &["init", "-", "--email", "a@acme.example", "--builtin", "\u{1b}[2J\n::error::forged"],
        &["init", "no\n::error::forged\u{1b}[2J/a.yaml", "--email", "a@acme.example"],
    ] {
        let line: Vec<std::ffi::OsString> =
            std::iter::once("ctguard").chain(line.iter().copied()).map(Into::into).collect();
        let ran = world.command(line.clone(), None);
        assert_ne!(ran.code, 0, "{line:?}");
        is_clean(&format!("{line:?}"), &ran, "text", false);
    }
}

/// No secret of whoever runs it is printed, however much is logged, whether calls succeed or fail.
#[test]
fn no_credential_is_printed_at_any_level() {
    use crate::program::against;
    use crate::stub::{Reply, Stub};
    const SECRETS: [&str; 3] = ["plantedSecretKey0", "plantedSessionToken0", "plantedPassword0"];
    let world = World::empty();
    world.write("ctguard.yaml", EVERY_FORMAT);
    for status in [403, 500] {
        let stub = Stub::start(move |_| Some(Reply::Error(status, "AccessDenied", "no")));
        let url = stub.url();
        let proxy = url.replace("http://", "http://somebody:plantedPassword0@");
        for (verb, proxied) in
            [("plan", false), ("verify", false), ("snapshot", true), ("plan", true)]
        {
            for level in ["-q", "-v", "-vv"] {
                let mut line = vec![verb, level, "ctguard.yaml"];
                if verb == "snapshot" {
                    line.extend(["--out", "live.json"]);
                }
                let mut settings = vec![
                    ("AWS_ACCESS_KEY_ID", "AKIAPLANTED000000000"),
                    ("AWS_SECRET_ACCESS_KEY", SECRETS[0]),
                    ("AWS_SESSION_TOKEN", SECRETS[1]),
                    ("AWS_MAX_ATTEMPTS", "1"),
                ];
                if proxied {
                    settings.extend([("HTTP_PROXY", proxy.as_str()), ("HTTPS_PROXY", &proxy)]);
                }
                let ran = against(&url, &world.path(""), &line, settings);
                for secret in SECRETS {
                    let printed = ran.out.contains(secret) || ran.err.contains(secret);
                    assert!(!printed, "{line:?} {secret}: {}\n{}", ran.out, ran.err);
                }
            }
        }
    }
}

#[test]
fn nothing_in_a_blueprint_reaches_a_reader_raw() {
    let world = World::empty();
    let alert = json!({
        "id": "new-user", "title": "A user was made", "risk": "high",
        "events": ["iam:CreateUser"], "why": "w", "next": "n",
        "sources": ["https://example.com/a"], "attack": ["T1136"], "controls": ["cis-3.0/4.4"],
    });
    let mut found = BTreeMap::new();
    kinds(&alert, "", &mut found);
    let head = EVERY_FORMAT.split("alerts:").next().unwrap();
    let file = world.path("ctguard.yaml").display().to_string();
    let mut read = 0;
    for path in found.values() {
        let mut planted = alert.clone();
        let text = planted.pointer_mut(path).unwrap();
        *text = format!("{}{PLANTED}", text.as_str().unwrap()).into();
        // YAML takes such characters only as escapes.
        let escaped = |c: char| match c {
            c if c.is_ascii() && !c.is_ascii_control() => c.to_string(),
            c => format!("\\U{:08x}", u32::from(c)),
        };
        let planted: String = planted.to_string().chars().map(escaped).collect();
        world.write("ctguard.yaml", &format!("{head}alerts: [{planted}]\n"));
        for line in [
            &["validate"][..],
            &["validate", "--format", "markdown"],
            &["coverage"],
            &["coverage", "--all"],
            &["coverage", "--format", "markdown"],
            &["coverage", "--format", "json"],
            &["test"],
        ] {
            let words = ["ctguard"].iter().chain(line).copied().chain([file.as_str()]);
            let ran = world.command(words.map(Into::into).collect(), None);
            read += usize::from(ran.code == 0);
            let format = if line.ends_with(&["json"]) { "json" } else { "text" };
            is_clean(&format!("{line:?} {path}"), &ran, format, false);
        }
    }
    assert!(read > 10, "some are read: {read}");
}
