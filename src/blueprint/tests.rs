//! What a blueprint may say, and where each mistake is pointed at.
//!
//! Conditions (`where:`) are left to the tests of the built-in blueprint and of `pattern`.

use super::*;
use crate::diag::{Diagnostic, Severity};
use crate::event::Access;
use jiff::civil::{Date, date};
use std::fs;

const AS_OF: Date = date(2026, 11, 22);

/// A blueprint that is valid and has nothing to be warned about.
const GOOD: &str = r#"version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  ops: { topic: ops, format: json, subscribers: [{ sqs: "arn:aws:sqs:us-east-1:111122223333:ops" }] }
routes: { high: [ops] }
alerts:
  - id: trail
    title: Logging stopped
    risk: high
    events: [cloudtrail:StopLogging]
    why: Nothing is recorded.
    next: Start it again.
"#;

fn read(text: &str) -> Loaded {
    load_text("b.yaml", text, None, AS_OF)
}

/// `line:column code`, in the order of the report.
fn places(loaded: &Loaded) -> Vec<String> {
    let place = |diagnostic: &Diagnostic| match &diagnostic.span {
        Some(span) => format!("{}:{} {}", span.line, span.column, diagnostic.code),
        None => diagnostic.code.to_owned(),
    };
    loaded.diagnostics.iter().map(place).collect()
}

fn good(text: &str) -> Blueprint {
    let loaded = read(text);
    assert_eq!(places(&loaded), Vec::<String>::new(), "{text}\n{:#?}", loaded.diagnostics);
    loaded.blueprint.unwrap()
}

/// The good blueprint with one text replaced.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

#[test]
fn a_good_blueprint_says_what_it_says() {
    let blueprint = good(GOOD);
    assert_eq!(blueprint.name, "acme");
    assert_eq!(blueprint.trail, None);
    let [alert] = &blueprint.alerts[..] else { panic!("one alert") };
    assert_eq!((alert.id.as_str(), alert.risk), ("trail", Risk::High));
    assert_eq!(alert.notify, ["ops"]);
    assert_eq!(alert.events[0].short(), "cloudtrail:StopLogging");
    assert_eq!(alert.outcome, Outcome::Any);
    let ops = &blueprint.destinations["ops"];
    assert_eq!(ops.topic, DestinationTopic::Managed("ops".to_owned()));
    assert_eq!(ops.format, Format::Json);
}

#[test]
fn every_mistake_is_pointed_at() {
    let trail = |lines: &str| with("destinations:", &format!("trail:\n{lines}destinations:"));
    let events = |text: &str| with("[cloudtrail:StopLogging]", text);
    let destination = |text: &str| with("routes:", &format!("  x: {text}\nroutes:"));
    let cases: Vec<(String, &[&str])> = vec![
        // The top.
        (with("version: 1\n", ""), &["1:1 missing-key"]),
        (with("version: 1", "version: 2"), &["1:10 version-unsupported"]),
        (with("version: 1", "version: '1'"), &["1:10 wrong-type"]),
        (with("name: acme\n", ""), &["1:1 missing-key"]),
        (with("acme", "Acme"), &["2:7 name-invalid"]),
        (with("acme", "abcdefghijklmnopqrstu"), &["2:7 name-invalid"]),
        (with("acme", "12"), &["2:7 wrong-type"]),
        (with("acme", "''"), &["2:7 empty-value"]),
        (with("name: acme", "name: acme\nname: b"), &["3:1 duplicate-key"]),
        (with("alerts:", "alert:"), &["1:1 missing-key", "7:1 unknown-key"]),
        (
            with("routes:", "hub: { account: 111122223333 }\nroutes:"),
            &["6:1 not-yet", "6:17 account-id-number"],
        ),
        (with("routes:", "accounts: []\nroutes:"), &["6:1 not-yet"]),
        (with("routes:", "allow: [legacy]\nroutes:"), &["6:9 allow-unknown"]),
        (with("routes:", "allow: [yaml-syntax]\nroutes:"), &["6:9 allow-unknown"]),
        // Regions.
        (with("[us-east-1, eu-west-1]", "all"), &["3:10 wrong-type"]),
        (with("[us-east-1, eu-west-1]", "[]"), &["3:10 empty-value"]),
        (with("eu-west-1", "europe"), &["3:22 region-invalid"]),
        (with("eu-west-1", "us-east-1"), &["3:22 region-invalid"]),
        (with("eu-west-1", "cn-north-1"), &["3:22 region-invalid"]),
        (with("[us-east-1, eu-west-1]", "{ enabled: false }"), &["3:21 wrong-type"]),
        (
            with("[us-east-1, eu-west-1]", "{ enabled: true, except: [{ region: us-west-1 }] }"),
            &["3:38 missing-key"],
        ),
        (with("[us-east-1, eu-west-1]", "{ except: [] }"), &["3:12 missing-key"]),
        // The trail.
        (trail("  name: a\n  bucket: B\n"), &["5:9 trail-invalid", "6:11 bucket-name-invalid"]),
        (
            trail("  bucket: logs-1\n  home_region: eu-north-1\n"),
            &["5:3 missing-key", "6:16 trail-invalid"],
        ),
        (trail("  { name: abc, bucket: abc, organization: true }\n"), &["5:29 not-yet"]),
        (trail("  { name: abc, bucket: abc, adopt: yes }\n"), &["5:36 wrong-type"]),
        (trail("  { name: abc, bucket: abc, kms_key: alias/aws/s3 }\n"), &["5:38 kms-key"]),
        (
            trail("  { name: abc, bucket: abc }\n").replace("[us-east-1, eu-west-1]", "enabled"),
            &["5:5 missing-key"],
        ),
        // Destinations.
        (destination("{ format: json }"), &["6:3 destination-topic"]),
        (
            destination("{ topic: a, topic_arn: 'arn:aws:sns:{region}:{account}:a' }"),
            &["6:3 destination-topic"],
        ),
        (destination("{ topic: ops }"), &["6:15 topic-invalid"]),
        (destination("{ topic: a.fifo }"), &["6:15 topic-invalid"]),
        (destination("{ topic_arn: 'arn:aws:sqs:{region}:{account}:a' }"), &["6:19 arn-invalid"]),
        (
            destination("{ topic_arn: 'arn:aws:sns:{region}:{account}:a.fifo' }"),
            &["6:19 topic-invalid"],
        ),
        (
            destination("{ topic_arn: 'arn:aws:sns:us-east-1:{account}:a' }"),
            &["6:19 topic-invalid"],
        ),
        (destination("{ topic: a, format: html }"), &["6:26 value-unknown"]),
        (destination("{ topic: a, kms_key: alias/aws/sns }"), &["6:27 kms-key"]),
        (
            destination("{ topic: a, kms_key: 'arn:aws:kms:eu-west-1:111122223333:key/1' }"),
            &["6:27 kms-key"],
        ),
        (
            destination("{ topic_arn: 'arn:aws:sns:{region}:{account}:a', kms_key: alias/a }"),
            &["6:64 kms-key"],
        ),
        (destination("{ topic: a, subscribers: [{ email: a }] }"), &["6:41 email-invalid"]),
        (
            destination("{ topic: a, subscribers: [{ https: 'http://a.example' }] }"),
            &["6:41 url-invalid"],
        ),
        (
            destination(
                "{ topic: a, subscribers: [{ sqs: 'arn:aws:sns:us-east-1:111122223333:q' }] }",
            ),
            &["6:39 arn-invalid"],
        ),
        (
            destination(
                "{ topic: a, subscribers: [{ sqs: 'arn:aws:sqs:us-east-1:111122223333:q.fifo' }] }",
            ),
            &["6:39 subscriber-invalid"],
        ),
        (
            destination(
                "{ topic: a, subscribers: [{ lambda: 'arn:aws:lambda:us-east-1:111122223333:layer:l' }] }",
            ),
            &["6:42 arn-invalid"],
        ),
        (
            destination(
                "{ topic: a, subscribers: [{ chat: 'arn:aws:chatbot::111122223333:chat-configuration/slack-channel/x' }] }",
            ),
            &["6:40 chat-format"],
        ),
        (destination("{ topic: a, subscribers: [{ sms: '1' }] }"), &["6:34 unknown-key"]),
        (
            destination(
                "{ topic: a, subscribers: [{ email: a@b.example, https: 'https://a.example' }] }",
            ),
            &["6:34 wrong-type"],
        ),
        (
            destination(
                "{ topic: a, subscribers: [{ email: a@b.example }, { email: A@b.example }] }",
            ),
            &["6:65 subscriber-invalid"],
        ),
        (destination("{ topic: a, subscribers: a@b.example }"), &["6:31 wrong-type"]),
        (with("  ops:", "  Ops:"), &["5:3 name-invalid", "6:18 reference-unknown"]),
        // Routes.
        (with("high: [ops]", "high: [opps]"), &["6:18 reference-unknown"]),
        (with("high: [ops]", "urgent: [ops]"), &["6:11 unknown-key"]),
        (with("high: [ops]", "high: ops"), &["6:17 wrong-type"]),
        // Alerts.
        (with("id: trail", "id: Trail"), &["8:9 name-invalid"]),
        (with("  - id: trail\n    title", "  - title"), &["8:5 missing-key"]),
        (with("risk: high", "risk: urgent"), &["10:11 value-unknown"]),
        (with("risk: high", "risk: high\n    outcome: ok"), &["11:14 value-unknown"]),
        (with("Logging stopped", "\"two\\nlines\""), &["9:12 text-invalid"]),
        (with("why: Nothing", "wy: Nothing"), &["12:5 unknown-key"]),
        (with("why: N", "notify: [nobody]\n    why: N"), &["12:14 reference-unknown"]),
        (with("why: N", "where: []\n    why: N"), &["12:12 wrong-type"]),
        (
            with("why: N", "where: { recipientAccountId: [111122223333] }\n    why: N"),
            &["12:35 account-id-number"],
        ),
        (
            with("why: N", "except: [{ reason: x, until: tomorrow }]\n    why: N"),
            &["12:16 missing-key", "12:34 date-invalid"],
        ),
        (
            format!(
                "{GOOD}  - {{ id: trail, title: t, risk: high, events: [cloudtrail:DeleteTrail], why: w, next: n }}\n"
            ),
            &["14:11 id-repeated"],
        ),
        // Events.
        (events("[]"), &["11:13 empty-value"]),
        (events("cloudtrail:StopLogging"), &["11:13 wrong-type"]),
        (events("[cloudtrail:StopLoging]"), &["11:14 event-unknown"]),
        (events("[nosuch:StopLogging]"), &["11:14 event-unknown"]),
        (events("[StopLoging]"), &["11:14 event-unknown"]),
        (events("[CreateSecurityGroup]"), &["11:14 event-ambiguous"]),
        (events("['iam:*']"), &["11:14 event-invalid"]),
        (events("['aws.ec2:CreateRoute']"), &["11:14 event-invalid"]),
        (
            events("[{ source: ec2.amazonaws.com, name: CreateRoute, kind: data }]"),
            &["11:68 event-invalid"],
        ),
        (
            events("[{ source: ec2.amazonaws.com, name: X, unchecked: true, kind: api2 }]"),
            &["11:75 value-unknown"],
        ),
        (events("[iam:CreateUser]").replace("us-east-1, ", ""), &["11:14 event-out-of-scope"]),
        // Includes.
        (
            with("alerts:", "include: [{ builtin: account-securty }]\nalerts:"),
            &["7:22 include-unknown"],
        ),
        (with("alerts:", "include: [{ path: ../x.yaml }]\nalerts:"), &["7:19 include-outside"]),
        (with("alerts:", "include: [{ path: /x.yaml }]\nalerts:"), &["7:19 include-outside"]),
        (with("alerts:", "include: [{ omit: [] }]\nalerts:"), &["7:13 wrong-type"]),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in &cases {
        let loaded = read(text);
        assert_eq!(loaded.blueprint, None, "{text}");
        let found = places(&loaded);
        if found != *expected {
            wrong.push(format!("{found:?}, not {expected:?}:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_warning_is_given_and_silenced_by_its_code() {
    let subscribers = r#"[{ sqs: "arn:aws:sqs:us-east-1:111122223333:ops" }]"#;
    let mail = |regions: &str| {
        with(subscribers, "[{ email: a@b.example }, { email: c@b.example }]")
            .replace("format: json", "format: text")
            .replace("[us-east-1, eu-west-1]", regions)
    };
    let critical = |text: &str| {
        text.replace("high: [ops]", "critical: [ops]").replace("risk: high", "risk: critical")
    };
    let low = "  - { id: low, title: t, risk: low, events: [cloudtrail:DeleteTrail], why: w, next: n, notify: [ops] }\n";
    let excepted = |until: &str| {
        with(
            "[us-east-1, eu-west-1]",
            &format!(
                "{{ enabled: true, except: [{{ region: us-west-1, reason: r, until: {until} }}] }}"
            ),
        )
    };
    let events = |text: &str| with("[cloudtrail:StopLogging]", text);
    let cases: Vec<(String, &str)> = vec![
        (with("why: Nothing is recorded.\n", "allow: []\n"), "alert-unexplained"),
        (with("    next: Start it again.\n", ""), "alert-unexplained"),
        (with("next: S", "notify: []\n    next: S"), "alert-without-destination"),
        (
            with("routes:", "  x: { topic: x, subscribers: [{ email: a@b.example }] }\nroutes:"),
            "destination-unused",
        ),
        (with(subscribers, "[]"), "destination-without-subscribers"),
        (with("format: json", "format: text"), "text-to-machine"),
        (critical(&mail("[us-east-1]")), "critical-email-only"),
        (
            critical(&format!("{GOOD}{low}")).replace(
                subscribers,
                r#"[{ email: a@b.example }, { sqs: "arn:aws:sqs:us-east-1:111122223333:ops" }]"#,
            ),
            "critical-email-shared",
        ),
        (mail("enabled"), "email-confirmations"),
        (mail("[us-east-1, us-east-2, us-west-1, us-west-2]"), "email-confirmations"),
        (events("[s3:GetObject]"), "data-event"),
        (events("[rds:CreateDBSecurityGroup, rds:DeleteDBSecurityGroup]"), "legacy-event"),
        (events("[signin:ConsoleLogin]"), "sign-in-regions"),
        (excepted("2026-12-06"), "exception-expires-soon"),
        (excepted("2026-11-22"), "exception-expires-soon"),
        (excepted("2026-11-21"), "exception-expired"),
        (events("[{ source: cloudtrail, name: StopLogging, unchecked: true }]"), "unchecked-known"),
    ];
    for (text, code) in &cases {
        let loaded = read(text);
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code).collect();
        assert!(codes.contains(code), "{code}: {codes:?}\n{text}\n{:#?}", loaded.diagnostics);
        assert!(loaded.diagnostics.iter().all(|one| one.severity == Severity::Warning));
        assert!(loaded.blueprint.is_some(), "{text}");
        let silenced = read(&format!("{text}allow: [{code}]\n"));
        assert!(silenced.diagnostics.iter().all(|one| one.code != *code), "{code} stays");
    }
    let covered: std::collections::BTreeSet<&str> = cases.iter().map(|(_, code)| *code).collect();
    let lints: std::collections::BTreeSet<&str> =
        codes::LINTS.iter().map(|(code, _)| *code).collect();
    assert_eq!(covered, lints);
}

#[test]
fn an_exception_far_from_its_end_is_no_news() {
    let except = "{ enabled: true, except: [{ region: us-west-1, reason: r, until: 2026-12-07 }] }";
    let blueprint = good(&with("[us-east-1, eu-west-1]", except));
    let Regions::Enabled { except } = blueprint.regions else { panic!("enabled") };
    assert_eq!(except[0].until, Some(date(2026, 12, 7)));
}

#[test]
fn the_number_of_confirmations_is_told() {
    let text = with(
        r#"[{ sqs: "arn:aws:sqs:us-east-1:111122223333:ops" }]"#,
        "[{ email: a@b.example }, { email: c@b.example }]",
    )
    .replace("format: json", "format: text")
    .replace("[us-east-1, eu-west-1]", "[us-east-1, us-east-2, us-west-1, us-west-2]");
    let loaded = read(&text);
    assert_eq!(loaded.diagnostics[0].message, "e-mail in 4 regions asks for 8 confirmations");
}

#[test]
fn a_blueprint_without_regions_covers_every_enabled_one() {
    let blueprint = good(&with("regions: [us-east-1, eu-west-1]\n", ""));
    assert_eq!(blueprint.regions, Regions::Enabled { except: vec![] });
    assert_eq!(good(&with("[us-east-1, eu-west-1]", "enabled")).regions, blueprint.regions);
}

#[test]
fn a_trail_without_home_lives_in_the_first_region_listed() {
    let blueprint = good(&with("routes:", "trail: { name: abc, bucket: abc }\nroutes:"));
    let trail = blueprint.trail.unwrap();
    assert_eq!(trail.home_region.as_str(), "us-east-1");
    assert!(!trail.adopt && !trail.additional);
}

#[test]
fn nothing_but_a_name_and_no_alerts_is_valid() {
    let blueprint = good("version: 1\nname: acme\nalerts: []\n");
    assert!(blueprint.alerts.is_empty() && blueprint.destinations.is_empty());
}

#[test]
fn events_are_taken_as_cloudtrail_logs_them() {
    let events = |text: &str| {
        let loaded = read(&with("[cloudtrail:StopLogging]", text));
        let notes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code).collect();
        let short: Vec<String> = match loaded.blueprint {
            Some(blueprint) => blueprint.alerts[0].events.iter().map(EventRef::short).collect(),
            None => panic!("{text}: {:#?}", loaded.diagnostics),
        };
        (short.join(" "), notes)
    };
    assert_eq!(events("[StopLogging]"), ("cloudtrail:StopLogging".to_owned(), vec![]));
    assert_eq!(
        events("[cloudtrail.amazonaws.com:StopLogging, StopLogging]"),
        ("cloudtrail:StopLogging".to_owned(), vec![])
    );
    assert_eq!(
        events("[lambda:AddPermission]"),
        ("lambda:AddPermission20150331v2".to_owned(), vec!["event-renamed"])
    );
    assert_eq!(
        events("[PutPublicAccessBlock]"),
        (
            "s3:PutAccountPublicAccessBlock s3:PutBucketPublicAccessBlock".to_owned(),
            vec!["event-renamed"]
        )
    );
    assert_eq!(
        events("[cloudfront:AssociateAlias]").0,
        "cloudfront:AssociateAlias cloudfront:AssociateAlias2020_05_31"
    );
    assert_eq!(
        events("[{ source: new.amazonaws.com, name: DescribeNew, unchecked: true }]"),
        ("new:DescribeNew".to_owned(), vec![])
    );
}

#[test]
fn an_unchecked_event_is_judged_by_what_is_said_of_it() {
    let event = |text: &str| {
        let text = with("[cloudtrail:StopLogging]", &format!("[{{ unchecked: true, {text} }}]"));
        good(&text).alerts[0].events[0].clone()
    };
    let by_name = event("source: ec2, name: DescribeNewThings");
    assert_eq!((by_name.kind, by_name.access), (EventKind::Api, Access::Read));
    let said = event("source: ec2, name: DescribeNewThings, read_only: false, kind: console");
    assert_eq!((said.kind, said.access), (EventKind::Console, Access::Write));
    // A global service's new call lands where its other calls do.
    let global = event("source: iam, name: CreateNewThing");
    assert_eq!(global.landing, Landing::Leader);
}

#[test]
fn problems_of_many_parts_are_reported_at_once() {
    let text = "version: 3\nname: A_B\nregionz: enabled\nroutes: { high: [x] }\nalerts:\n  - { id: a, risk: worst, events: [Nope] }\n";
    let loaded = read(text);
    assert_eq!(
        places(&loaded),
        [
            "1:10 version-unsupported",
            "2:7 name-invalid",
            "3:1 unknown-key",
            "4:18 reference-unknown",
            "6:7 missing-key",
            "6:20 value-unknown",
            "6:36 event-unknown",
        ]
    );
}

#[test]
fn odd_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.yaml");
    let codes = |path: &std::path::Path| {
        let loaded = load(path, AS_OF);
        assert!(loaded.blueprint.is_none());
        loaded.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&path), ["file-missing"]);
    assert_eq!(codes(folder.path()), ["file-unreadable"]);
    fs::write(&path, "").unwrap();
    assert_eq!(codes(&path), ["file-empty"]);
    fs::write(&path, "# later\n").unwrap();
    assert_eq!(codes(&path), ["file-empty"]);
    fs::write(&path, b"name: \xff\n").unwrap();
    assert_eq!(codes(&path), ["file-not-utf8"]);
    fs::write(&path, "#".repeat(5 * 1024 * 1024)).unwrap();
    assert_eq!(codes(&path), ["file-too-large"]);
    fs::write(&path, "\u{feff}".to_owned() + GOOD).unwrap();
    assert_eq!(load(&path, AS_OF).diagnostics, []);
    fs::write(&path, GOOD.replace('\n', "\r\n")).unwrap();
    assert_eq!(load(&path, AS_OF).diagnostics, []);
}

const EXTRA: &str = r"version: 1
id: extra
title: More
alerts:
  - { id: extra-1, title: t, risk: high, events: [cloudtrail:DeleteTrail], why: w, next: n }
  - { id: extra-2, title: t, risk: high, events: [cloudtrail:UpdateTrail], why: w, next: n }
";

#[test]
fn included_files_come_first_and_without_what_is_omitted() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    fs::write(folder.path().join("more/extra.yaml"), EXTRA).unwrap();
    let path = folder.path().join("b.yaml");
    let text = with("alerts:", "include: [{ path: ./more/extra.yaml, omit: [extra-2] }]\nalerts:");
    fs::write(&path, &text).unwrap();
    let loaded = load(&path, AS_OF);
    assert_eq!(loaded.diagnostics, []);
    let blueprint = loaded.blueprint.unwrap();
    let ids: Vec<&str> = blueprint.alerts.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(ids, ["extra-1", "trail"]);
    let span = blueprint.alerts[0].span.as_ref().unwrap();
    assert!(span.file.ends_with("/more/extra.yaml"), "{}", span.file);
    assert!(loaded.sources.contains_key(&span.file));

    // The texts that were kept mean the same without the files.
    let again = load_sources(&path.display().to_string(), &loaded.sources, AS_OF);
    assert_eq!(again.blueprint, Some(blueprint));
}

#[test]
fn mistakes_about_includes_are_pointed_at() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("extra.yaml"), EXTRA).unwrap();
    fs::write(outside.path().join("extra.yaml"), EXTRA).unwrap();
    fs::write(folder.path().join("bad.yaml"), "version: 1\nalerts: [{ id: 5 }]\ninclude: []\n")
        .unwrap();
    std::os::unix::fs::symlink(outside.path().join("extra.yaml"), folder.path().join("link.yaml"))
        .unwrap();
    let path = folder.path().join("b.yaml");
    for (include, expected) in [
        ("[{ path: nosuch.yaml }]", "b.yaml 7:19 file-missing"),
        ("[{ path: ../extra.yaml }]", "b.yaml 7:19 include-outside"),
        ("[{ path: link.yaml }]", "b.yaml 7:19 include-outside"),
        ("[{ path: . }]", "b.yaml 7:19 include-outside"),
        ("[{ path: ./b.yaml }]", "b.yaml 7:19 include-repeated"),
        ("[{ path: extra.yaml }, { path: ./x/../extra.yaml }]", "b.yaml 7:41 include-repeated"),
        ("[{ path: extra.yaml, omit: [extra-3] }]", "b.yaml 7:38 omit-unknown"),
        ("[{ path: bad.yaml }]", "bad.yaml 2:12 missing-key"),
    ] {
        fs::write(&path, with("alerts:", &format!("include: {include}\nalerts:"))).unwrap();
        let loaded = load(&path, AS_OF);
        let places: Vec<String> = loaded
            .diagnostics
            .iter()
            .filter_map(|one| {
                let span = one.span.as_ref()?;
                let file = span.file.rsplit('/').next()?;
                Some(format!("{file} {}:{} {}", span.line, span.column, one.code))
            })
            .collect();
        assert!(places.iter().any(|place| place == expected), "{include}: {places:?}");
        assert!(loaded.blueprint.is_none());
    }
}

#[test]
fn an_alert_that_an_include_brings_already_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("extra.yaml"), EXTRA).unwrap();
    let text = with("alerts:", "include: [{ path: extra.yaml }]\nalerts:")
        .replace("id: trail", "id: extra-1");
    let loaded = load_text("b.yaml", &text, Some(folder.path()), AS_OF);
    assert_eq!(places(&loaded), ["9:9 id-repeated"]);
    assert_eq!(
        loaded.diagnostics[0].label.as_deref(),
        Some("it is defined at extra.yaml:5 already")
    );
}

#[test]
fn a_page_of_problems_reads_well() {
    let text = "version: 1\nname: acme\nregions: [us-east-1]\ndestinations:\n  ops: { topic: ops, subscribers: [{ email: ops@acme }] }\nroutes: { high: [opps] }\nalerts:\n  - id: trail\n    title: Logging stopped\n    risk: high\n    events: [cloudtrail:StopLoging, lambda:AddPermission]\n    whi: x\n";
    let loaded = read(text);
    let page = crate::report::diagnostics::render(&loaded.diagnostics, &loaded.sources, false, 100);
    insta::assert_snapshot!(page);
}

#[test]
fn conditions_that_never_match_are_pointed_at() {
    for (condition, place) in [
        ("{ userIdentity.type: Root }", "12:14 filter-invalid"),
        ("{ detail.userIdentity.type: [Root] }", "12:14 filter-invalid"),
        ("{ userIdentity.type: [] }", "12:14 filter-invalid"),
        ("{ userIdentity.type: [{ nosuch: 1 }] }", "12:14 filter-invalid"),
        ("{ a: [x], b.c: [{ cidr: 1.2.3.4/99 }] }", "12:22 filter-invalid"),
        ("{ $or: [{ a: [x] }, { b: y }] }", "12:34 filter-invalid"),
    ] {
        let text = with("why: N", &format!("where: {condition}\n    why: N"));
        assert_eq!(places(&read(&text)), [place], "{condition}");
        let text = with(
            "why: N",
            &format!("except:\n      - where: {condition}\n        reason: r\n    why: N"),
        );
        assert_eq!(read(&text).diagnostics.len(), 1, "{condition}");
    }
}

#[test]
fn exceptions_are_kept_with_their_reason_owner_and_end() {
    let text = with(
        "why: N",
        "except:\n      - where: { sourceIPAddress: [{ cidr: 203.0.113.0/24 }] }\n        reason: office\n        owner: ops\n        until: 2026-11-30\n    why: N",
    );
    let loaded = read(&text);
    assert_eq!(places(&loaded), ["13:9 exception-expires-soon"]);
    let exception = &loaded.blueprint.unwrap().alerts[0].except[0];
    assert_eq!((exception.reason.as_str(), exception.owner.as_deref()), ("office", Some("ops")));
    assert_eq!(exception.until, Some(date(2026, 11, 30)));
}

#[test]
fn only_roots_own_region_is_asked_of_an_alert_about_root() {
    let text = |condition: &str| {
        with("[cloudtrail:StopLogging]", &format!("[signin:ConsoleLogin]\n    where: {condition}"))
    };
    good(&text("{ userIdentity.type: [Root] }"));
    let missed = read(&text("{ userIdentity.type: [Root, IAMUser] }"));
    assert_eq!(places(&missed), ["11:14 sign-in-regions"]);
    assert!(missed.diagnostics[0].message.ends_with("us-east-2, eu-north-1, ap-southeast-2"));
}

/// Every fenced block of the page, as YAML of the part that it shows.
#[test]
fn the_examples_of_the_page_are_valid() {
    let page = include_str!("../../docs/blueprint.md");
    let blocks: Vec<&str> =
        page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let block = |start: &str| {
        let found = blocks.iter().find(|block| block.starts_with(start));
        (*found.unwrap_or_else(|| panic!("no example begins with {start:?}"))).to_owned()
    };
    let regions = block("regions: enabled").split_once("regions:   ").unwrap().1.to_owned();
    let include = block("include:");
    let include = include.split("  - path").next().unwrap();
    let mut texts = vec![block("version: 1\nname: acme\nregions")];
    for part in
        [format!("regions: {regions}"), block("trail:"), include.to_owned(), block("allow:")]
    {
        texts.push(format!("version: 1\nname: acme\nalerts: []\n{part}"));
    }
    let whole = [block("destinations:"), block("routes:"), block("alerts:")].concat();
    texts.push(format!("version: 1\nname: acme\nregions: [us-east-1]\n{whole}"));
    let indented = |text: &str| text.replace('\n', "\n    ");
    for part in [block("events:"), block("where:")] {
        let alert = format!("{GOOD}    {}", indented(&part));
        let alert = if part.starts_with("events:") {
            alert.replace("    events: [cloudtrail:StopLogging]\n", "")
        } else {
            alert
        };
        texts.push(alert.trim_end().to_owned());
    }
    for text in texts {
        let loaded = read(&text);
        let errors: Vec<&Diagnostic> =
            loaded.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
        assert_eq!(errors, Vec::<&Diagnostic>::new(), "{text}");
    }
}
