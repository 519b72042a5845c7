//! Each mistake of a blueprint for one account, at its place.

use super::*;

/// Blueprints with a mistake each, and where it is pointed at.
pub(super) fn mistakes() -> Vec<(String, &'static [&'static str])> {
    let trail = |lines: &str| with("destinations:", &format!("trail:\n{lines}destinations:"));
    let events = |text: &str| with("[cloudtrail:StopLogging]", text);
    let destination = |text: &str| with("routes:", &format!("  x: {text}\nroutes:"));
    vec![
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
        (with("routes:", "allow: [legacy]\nroutes:"), &["6:9 allow-unknown"]),
        (with("routes:", "allow: [yaml-syntax]\nroutes:"), &["6:9 allow-unknown"]),
        (with("routes:", "time_zone: Europe/Berln\nroutes:"), &["6:12 value-unknown"]),
        (with("routes:", "time_zone: 1\nroutes:"), &["6:12 wrong-type"]),
        (with("routes:", "deploy: stackset\nroutes:"), &["6:9 value-unknown"]),
        (with("routes:", "deploy: [terraform]\nroutes:"), &["6:9 wrong-type"]),
        // Tags.
        (with("routes:", "tags: [a]\nroutes:"), &["6:7 wrong-type"]),
        (with("routes:", "tags: { CostCenter: 42 }\nroutes:"), &["6:21 wrong-type"]),
        (with("routes:", "tags: { topics: { a: b } }\nroutes:"), &["6:9 unknown-key"]),
        (with("routes:", "tags: { \"AWS:a\": b }\nroutes:"), &["6:9 tag-invalid"]),
        (with("routes:", "tags: { a: \"aws:b\" }\nroutes:"), &["6:9 tag-invalid"]),
        (with("routes:", "tags: { \"Ctguard:x\": b }\nroutes:"), &["6:9 tag-invalid"]),
        (with("routes:", "tags: { a: \"b;c\" }\nroutes:"), &["6:9 tag-invalid"]),
        (with("routes:", "tags: { a: \" b\" }\nroutes:"), &["6:9 tag-invalid"]),
        (with("routes:", "tags: { Team: a, team: b }\nroutes:"), &["6:18 tag-invalid"]),
        (with("routes:", "tags: { Team: a, role: { team: b } }\nroutes:"), &["6:26 tag-invalid"]),
        (with("routes:", "tags: { a: b, all: { a: c } }\nroutes:"), &["6:22 tag-invalid"]),
        (
            with("routes:", &format!("tags: {{ {}: b }}\nroutes:", "k".repeat(129))),
            &["6:9 tag-invalid"],
        ),
        (
            with("routes:", &format!("tags: {{ k: {} }}\nroutes:", "v".repeat(257))),
            &["6:9 tag-invalid"],
        ),
        (
            with(
                "routes:",
                &format!(
                    "tags:\n{}routes:",
                    (0..46).map(|n| format!("  k{n}: v\n")).collect::<String>()
                ),
            ),
            &["52:3 tag-invalid"],
        ),
        // Healing.
        (
            with("routes:", "heal: { logging: { trails: managed, notify: x } }\nroutes:"),
            &["6:9 heal-invalid", "6:45 reference-unknown"],
        ),
        (
            with("routes:", "heal: { limit: 0, logging: { trails: all, notify: x } }\nroutes:"),
            &[
                "6:9 heal-invalid",
                "6:16 heal-invalid",
                "6:38 value-unknown",
                "6:51 reference-unknown",
            ],
        ),
        (
            with("routes:", "heal: { limit: 101 }\nroutes:"),
            &["6:9 heal-invalid", "6:9 missing-key", "6:16 heal-invalid"],
        ),
        // Regions.
        (with("[us-east-1, eu-west-1]", "all"), &["3:10 wrong-type"]),
        (with("[us-east-1, eu-west-1]", "[]"), &["3:10 empty-value"]),
        (with("eu-west-1", "europe"), &["3:22 region-invalid"]),
        (with("eu-west-1", "us-east-1"), &["3:22 region-invalid"]),
        (with("eu-west-1", "cn-north-1"), &["3:22 region-invalid"]),
        (with("eu-west-1", "eu-wst-1"), &["3:22 region-unknown"]),
        (with("eu-west-1", "{ name: eu-wst-1 }"), &["3:30 region-unknown"]),
        (with("eu-west-1", "{ unchecked: true }"), &["3:24 missing-key"]),
        (with("eu-west-1", "{ name: eu-west, unchecked: true }"), &["3:30 region-invalid"]),
        (
            with(
                "[us-east-1, eu-west-1]",
                "{ enabled: true, except: [{ region: ap-est-1, reason: x }] }",
            ),
            &["3:46 region-unknown"],
        ),
        (
            with("routes:", "hub: { account: '111122223333', region: us-est-1 }\nroutes:"),
            &["6:41 region-unknown"],
        ),
        (trail("  name: abc\n  bucket: abc\n  home_region: us-est-1\n"), &["7:16 region-unknown"]),
        (
            destination(
                "{ topic: a, subscribers: [{ sqs: 'arn:aws:sqs:us-est-1:111122223333:q' }] }",
            ),
            &["6:39 region-unknown"],
        ),
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
        (events("['iam:*']"), &["11:14 family-without-where"]),
        (events("[any]"), &["11:14 family-without-where"]),
        (events("['ec2:Delete*']"), &["11:14 family-without-where"]),
        (events("['ec2:*Route']"), &["11:14 event-invalid"]),
        (events("['ec2:Create*Route*']"), &["11:14 event-invalid"]),
        (events("['ec2:CreateRout?']"), &["11:14 event-invalid"]),
        (events("['*']"), &["11:14 event-invalid"]),
        (events("['*:Delete*']"), &["11:14 event-invalid"]),
        (events("['Delete*']"), &["11:14 event-invalid"]),
        (events("['nosuch:*']"), &["11:14 event-unknown"]),
        (events("['ec2:delete*']"), &["11:14 event-unknown"]),
        (events("[{ name: any, access: read }]"), &["11:35 value-unknown"]),
        (events("[{ name: ec2:CreateRoute, access: write }]"), &["11:47 event-invalid"]),
        (events("[{ name: NewThing, unchecked: true }]"), &["11:16 missing-key"]),
        (events("[{ source: ec2, name: CreateRoute, read_only: true }]"), &["11:59 event-invalid"]),
        (events("['aws.ec2:CreateRoute']"), &["11:14 event-invalid"]),
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
    ]
}

#[test]
fn every_mistake_is_pointed_at() {
    let mut wrong = Vec::new();
    for (text, expected) in &mistakes() {
        let loaded = read(text);
        assert_eq!(loaded.blueprint, None, "{text}");
        let found = places(&loaded);
        if found != *expected {
            wrong.push(format!("{found:?}, not {expected:?}:\n{text}"));
        }
        // What is to be typed is shown as it is to be typed.
        for help in loaded.diagnostics.iter().filter_map(|one| one.help.as_deref()) {
            assert_eq!(crate::secret::hidden(help), help);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
fn conditions_that_never_match_are_pointed_at() {
    for (condition, place) in [
        ("{ userIdentity.type: Root }", "12:14 filter-invalid"),
        ("{ detail.userIdentity.type: [Root] }", "12:14 filter-invalid"),
        ("{ userIdentity.type: [] }", "12:14 filter-invalid"),
        ("{ userIdentity.type: [{ nosuch: 1 }] }", "12:14 filter-invalid"),
        ("{ a: [x], b.c: [{ cidr: 1.2.3.4/99 }] }", "12:36 filter-invalid"),
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

/// What other tools have, and what fingers slip into, is answered with what to write.
#[test]
fn what_to_write_is_said() {
    let subscriber = |text: &str| with("{ sqs: \"arn:aws:sqs:us-east-1:111122223333:ops\" }", text);
    let events = |text: &str| with("    events: [cloudtrail:StopLogging]", text);
    let filter = |text: &str| with("why: N", &format!("where: {text}\n    why: N"));
    let include = |text: &str| with("alerts:", &format!("include: [{text}]\nalerts:"));
    for (text, said) in [
        (with("risk: high", "risk: 3"), "write `critical`, `high`, `medium` or `low`"),
        (with("format: json", "format: 1"), "write `mail`, `text`, `chat`, `json` or `raw`"),
        (subscriber("{ sms: \"+15550100\" }"), "not supported"),
        (subscriber("{ slack: x }"), "write `chat: ARN`"),
        (include("{ file: x.yaml }"), "write `path: ./file.yaml`"),
        (include("account-security"), "write `builtin: account-security`"),
        (include("./x.yaml"), "write `path: ./x.yaml`"),
        (events("    events:\n      - iam: CreateUser"), "write `iam:CreateUser`, without a space"),
        (
            events("    events:\n      -iam:CreateUser"),
            "write a space after the dash: `- iam:CreateUser`",
        ),
        (filter("{ errorCode: [{ prefx: a }] }"), "did you mean `prefix`?"),
        (filter("{ errorCode: { prefix: a } }"), "list, too: `errorCode: [{ prefix: \"a\" }]`"),
        (filter("{ mfa.used: { exists: false } }"), "list, too: `mfa.used: [{ exists: false }]`"),
        (filter("{ errorCode: [{ equals: a }] }"), "`errorCode: [a]`"),
        (filter("{ errorCode: [{ contains: a }] }"), "write `{ wildcard: \"*a*\" }`"),
        (filter("{ errorCode: [{ prefix: a, suffix: b }] }"), "write each by itself"),
        (
            with("title: Logging stopped", "title: Logging: stopped"),
            "`title: \"Logging: stopped\"`",
        ),
        (with("[us-east-1, eu-west-1]", "[us-east-1, eu-west-1"), "write `]` where it ends"),
        (with("    risk: high", "\trisk: high"), "a tab stands here"),
    ] {
        let helps: Vec<String> =
            read(&text).diagnostics.into_iter().filter_map(|one| one.help).collect();
        assert!(helps.iter().any(|help| help.contains(said)), "{said}: {helps:?}\n{text}");
    }
    // An include without a key is told by itself, and one with a wrong key once.
    assert_eq!(places(&read(&include("{}"))), ["7:11 wrong-type"]);
    assert_eq!(places(&read(&include("{ file: x }"))), ["7:13 unknown-key"]);
}
