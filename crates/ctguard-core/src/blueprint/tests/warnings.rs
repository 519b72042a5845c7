//! What is allowed and yet warned about.

use super::*;
use crate::codes;
use crate::offline;

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
    let duplicate = "  - { id: again, title: t, risk: high, events: [cloudtrail:StopLogging], why: w, next: n }\n";
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
        (events("[ec2:CreateVpc, ec2:DeleteVpc, ec2:CreateVpc]"), "event-repeated"),
        (events("[kms:Decrypt, ec2:DescribeInstances]"), "event-frequent"),
        (with(subscribers, "[]"), "destination-without-subscribers"),
        (with("format: json", "format: text"), "text-to-machine"),
        (
            events("[sts:AssumeRoleWithSAML]\n    outcome: failure")
                .replace("format: json", "format: text"),
            "text-empty",
        ),
        (with(subscribers, "[{ https: \"https://a:pw@b.example/in\" }]"), "secret-in-url"),
        (
            with(subscribers, "[{ https: \"https://hooks.slack.com/services/T0/B0/x\" }]"),
            "chat-webhook",
        ),
        (format!("{GOOD}{duplicate}"), "alert-duplicated"),
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
        (
            format!(
                "{}hub: {{ account: '111122223333', region: us-east-1 }}\n",
                with("topic: ops", "topic_arn: 'arn:aws:sns:{region}:{account}:ops'")
            ),
            "hub-topic",
        ),
        (events("[s3:GetObject]"), "data-event"),
        (events("[rds:CreateDBSecurityGroup, rds:DeleteDBSecurityGroup]"), "legacy-event"),
        (events("[cloudtrail:StopLogging]\n    where: { apiVersion: [300.0] }"), "number-spelling"),
        (
            events(
                "[cloudtrail:StopLogging]\n    where: { size: [{ numeric: [\">\", 6000000000] }] }",
            ),
            "number-beyond-5e9",
        ),
        (
            events(
                "[cloudtrail:StopLogging]\n    where: { sourceIPAddress: [{ cidr: 10.0.0.0/8 }] }",
            ),
            "cidr-takes-other-family",
        ),
        (
            events(
                "[cloudtrail:StopLogging]\n    where: { userAgent: [{ wildcard: \"*-prod\" }, { equals-ignore-case: admin }] }",
            ),
            "wildcard-beside-ignore-case",
        ),
        (
            events(
                "[cloudtrail:StopLogging]\n    where: { userAgent: [{ wildcard: '*/a/*.b' }, { wildcard: '*/a/*.c' }, { wildcard: '*/a/*.d' }] }",
            ),
            "wildcards-complex",
        ),
        (events("['iam:*']\n    where: { errorCode: [AccessDenied] }"), "family-frequent"),
        (
            with(subscribers, "[{ email: a@b.example }]").replace(
                "[cloudtrail:StopLogging]",
                "[{ name: 'iam:*', access: write }]\n    where: { errorCode: [AccessDenied] }",
            ),
            "family-by-email",
        ),
        (events("[any]\n    where: { userIdentity.type: [Root] }"), "family-regions"),
        (
            events("[cloudtrail:StopLogging]\n    where: { awsRegion: [eu-west-1, eu-west-3] }"),
            "place-uncovered",
        ),
        (
            events("[cloudtrail:StopLogging]\n    where: { useridentity.type: [Root] }"),
            "path-unknown",
        ),
        (
            events("[cloudtrail:StopLogging]\n    where: { userIdentity.type: [root] }"),
            "value-never",
        ),
        (
            events(
                "[cloudtrail:StopLogging]\n    where: { userIdentity.type: [IAMUser], userIdentity.arn: [{ suffix: ':root' }] }",
            ),
            "never-fires",
        ),
        (
            events(&format!("[cloudtrail:StopLogging]\n    except: {}", people(40))),
            "pattern-nearly-full",
        ),
        (events("[signin:ConsoleLogin]"), "sign-in-regions"),
        (excepted("2026-12-06"), "exception-expires-soon"),
        (excepted("2026-11-22"), "exception-expires-soon"),
        (excepted("2026-11-21"), "exception-expired"),
        (events("[{ source: cloudtrail, name: StopLogging, unchecked: true }]"), "unchecked-known"),
    ];
    for (text, code) in &cases {
        let loaded = offline::checked(read(text), AS_OF);
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code.as_str()).collect();
        assert!(codes.contains(code), "{code}: {codes:?}\n{text}\n{:#?}", loaded.diagnostics);
        assert!(loaded.diagnostics.iter().all(|one| one.severity == Severity::Warning));
        assert!(loaded.blueprint.is_some(), "{text}");
        let silenced = offline::checked(read(&format!("{text}allow: [{code}]\n")), AS_OF);
        assert!(silenced.diagnostics.iter().all(|one| one.code != *code), "{code} stays");
    }
    let covered: std::collections::BTreeSet<&str> = cases.iter().map(|(_, code)| *code).collect();
    let lints: std::collections::BTreeSet<&str> =
        codes::LINTS.iter().map(|code| code.as_str()).collect();
    assert_eq!(covered, lints);
}

/// One exception for this many people, as ARNs.
fn people(count: usize) -> String {
    let arns: Vec<String> =
        (0..count).map(|n| format!("'arn:aws:iam::111122223333:user/person-{n:02}'")).collect();
    format!("[{{ where: {{ userIdentity.arn: [{}] }}, reason: r }}]", arns.join(", "))
}

/// What the compiler makes is the measure: what is warned about is nearly full there, too.
#[test]
fn a_pattern_that_is_nearly_full_is_told_before_it_no_longer_fits() {
    use crate::desired::compile::alert_patterns;
    use crate::desired::pattern::Origin;
    let mut told = Vec::new();
    for count in 20..50 {
        let except = format!("[cloudtrail:StopLogging]\n    except: {}", people(count));
        let loaded = read(&with("[cloudtrail:StopLogging]", &except));
        let warned = loaded.diagnostics.iter().any(|one| one.code == codes::PATTERN_NEARLY_FULL);
        let alert = &loaded.blueprint.unwrap().alerts[0];
        match alert_patterns(alert, &alert.events, &Origin::Any, AS_OF) {
            Ok(made) => {
                assert_eq!(made.len(), 1, "it cannot be split");
                let chars = made[0].json.chars().count();
                assert!(!warned || chars * 10 > 2_048 * 9, "{count}: {chars}");
                told.push(warned);
            }
            Err(_) => break,
        }
    }
    assert!(!told[0] && told[told.len() - 1], "{told:?}");
    assert!(told.is_sorted(), "once told, always told");
}

#[test]
fn a_long_list_that_can_be_split_is_not_told() {
    let arns = people(60);
    let list = arns.split_once("arn: ").unwrap().1.split_once(']').unwrap().0;
    let text = format!("[cloudtrail:StopLogging]\n    where: {{ userIdentity.arn: {list}] }}");
    let loaded = read(&with("[cloudtrail:StopLogging]", &text));
    assert!(loaded.blueprint.is_some(), "{:?}", loaded.diagnostics);
    assert_eq!(loaded.diagnostics, []);
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
fn only_roots_own_region_is_asked_of_an_alert_about_root() {
    let text = |condition: &str| {
        with("[cloudtrail:StopLogging]", &format!("[signin:ConsoleLogin]\n    where: {condition}"))
    };
    good(&text("{ userIdentity.type: [Root] }"));
    let missed = read(&text("{ userIdentity.type: [Root, IAMUser] }"));
    assert_eq!(places(&missed), ["11:14 sign-in-regions"]);
    assert!(missed.diagnostics[0].message.ends_with("us-east-2, eu-north-1, ap-southeast-2"));
}

#[test]
fn a_block_is_warned_about_with_the_texts_of_its_family() {
    let told = |block: &str| {
        let events = format!(
            "[cloudtrail:StopLogging]\n    where: {{ sourceIPAddress: [{{ cidr: '{block}' }}] }}"
        );
        let text = with("[cloudtrail:StopLogging]", &events);
        let found = read(&text).diagnostics;
        let about = found.into_iter().find(|one| one.code == "cidr-takes-other-family");
        about.map(|one| (one.message, one.help.unwrap_or_default()))
    };
    let (message, help) = told("10.0.0.0/8").expect("a warning");
    assert_eq!(message, "10.0.0.0/8 on `sourceIPAddress` also takes IPv6 addresses of a00::/8");
    assert_eq!(help, "for one family alone, write {\"sourceIPAddress\":[{\"prefix\":\"10.\"}]}");
    let (message, _) = told("2000::/3").expect("a warning");
    let range = "IPv4 addresses from 32.0.0.1 to 63.255.255.254";
    assert_eq!(message, format!("2000::/3 on `sourceIPAddress` also takes {range}"));
    let (_, help) = told("0.0.0.0/0").expect("a warning");
    assert!(help.contains("allow it"), "{help}");
    // So much of it is fixed that no IPv4 address has digits beside it.
    assert_eq!(told("2001:db8::/32"), None);
    // One address is a plain value.
    assert_eq!(told("10.0.0.1/32"), None);
}

#[test]
fn a_condition_is_pointed_at_where_it_stands() {
    let told = |conditions: &str| {
        let events = format!("[cloudtrail:StopLogging]\n{conditions}");
        places(&read(&with("[cloudtrail:StopLogging]", &events)))
    };
    let nested = "    where:\n      userIdentity.type: [Root, root]\n      $or:\n        - userIdentity: { Type: [Root] }\n        - errorCode: [1]";
    assert_eq!(told(nested), ["13:33 value-never", "15:27 path-unknown", "16:23 value-never"]);
    let except = "    except:\n      - { where: { awsRegion: [eu-west-1] }, reason: r }\n      - where:\n          awsRegion: [eu-west-1a]\n        reason: r";
    assert_eq!(told(except), ["15:23 value-never"]);
    let older = "    where:\n      sourceIPAddress: [1.2.3.4, { cidr: 10.0.0.0/8 }]\n      requestParameters.name:\n        - numeric: ['>', 6000000000]";
    assert_eq!(
        told(older),
        ["13:36 cidr-takes-other-family", "14:7 number-beyond-5e9", "15:11 value-never"]
    );
}

#[test]
fn only_an_alert_that_adds_nothing_is_a_duplicate() {
    let also = |events: &str, more: &str| {
        let text = format!(
            "{GOOD}  - {{ id: again, title: t, risk: high, events: [{events}], why: w, next: n{more} }}\n"
        );
        let loaded = read(&text);
        let said = |one: &Diagnostic| one.code == codes::ALERT_DUPLICATED;
        loaded.diagnostics.into_iter().filter(said).map(|one| one.message).collect::<Vec<_>>()
    };
    let twice = also("cloudtrail:StopLogging", "");
    assert_eq!(twice.len(), 1, "of two that are equal, one is told");
    assert!(twice[0].contains("raises `again`") || twice[0].contains("whatever raises `again`"));
    for narrower in [", where: { userIdentity.type: [Root] }", ", outcome: failure"] {
        assert_eq!(also("cloudtrail:StopLogging", narrower), Vec::<String>::new());
    }
    // The wider one makes the first superfluous.
    let wider = also("cloudtrail:StopLogging, cloudtrail:DeleteTrail", "");
    assert!(wider[0].ends_with("raises `again`, too: everybody is told twice"), "{wider:?}");
    assert_eq!(also("cloudtrail:DeleteTrail", ""), Vec::<String>::new());
    let elsewhere = ", notify: []";
    assert_eq!(also("cloudtrail:StopLogging", elsewhere), Vec::<String>::new());
}

#[test]
fn places_are_held_against_what_is_covered() {
    let said = |regions: &str, accounts: &str, conditions: &str| {
        let events = format!("[cloudtrail:StopLogging]\n    where: {conditions}");
        let text = with("[cloudtrail:StopLogging]", &events);
        let text = text.replace("[us-east-1, eu-west-1]", regions);
        let loaded = read(&format!("{text}{accounts}"));
        let of_place = |one: &Diagnostic| one.code == codes::PLACE_UNCOVERED;
        let told = loaded.diagnostics.into_iter().filter(of_place);
        told.map(|one| one.message).collect::<Vec<_>>()
    };
    let region =
        |name: &str| format!("`awsRegion` is asked to be `{name}`, and no such region is covered");
    let two = "[us-east-1, eu-west-1]";
    assert_eq!(said(two, "", "{ awsRegion: [us-east-1] }"), Vec::<String>::new());
    assert_eq!(said(two, "", "{ awsRegion: [us-east-1, us-east-2] }"), [region("us-east-2")]);
    let or = "{ $or: [{ awsRegion: [us-east-2] }, { errorCode: [AccessDenied] }] }";
    assert_eq!(said(two, "", or), [region("us-east-2")]);
    assert_eq!(said("enabled", "", "{ awsRegion: [us-east-2] }"), Vec::<String>::new());
    let except = "{ enabled: true, except: [{ region: us-west-1, reason: r }] }";
    assert_eq!(said(except, "", "{ awsRegion: [us-west-1, us-east-1] }"), [region("us-west-1")]);
    // What is left out may be anywhere.
    let other = "{ awsRegion: [{ anything-but: us-east-2 }] }";
    assert_eq!(said(two, "", other), Vec::<String>::new());
    let ids = "{ recipientAccountId: ['111122223333', '444455556666'] }";
    assert_eq!(said(two, "", ids), Vec::<String>::new());
    let listed = "accounts: [{ id: '111122223333' }]\n";
    let account =
        "`recipientAccountId` is asked to be `444455556666`, and no such account is covered";
    assert_eq!(said(two, listed, ids), [account]);
}

#[test]
fn chat_services_are_known_by_their_hosts() {
    let said = |url: &str| {
        let subscribers = r#"[{ sqs: "arn:aws:sqs:us-east-1:111122223333:ops" }]"#;
        let loaded = read(&with(subscribers, &format!("[{{ https: \"{url}\" }}]")));
        loaded.diagnostics.iter().any(|one| one.code == codes::CHAT_WEBHOOK)
    };
    for url in [
        "https://HOOKS.slack.com/services/a",
        "https://acme.webhook.office.com/webhookb2/x",
        "https://prod-1.westus.logic.azure.com:443/workflows/x",
        "https://discord.com/api/webhooks/1/x",
        "https://chat.googleapis.com/v1/spaces/A/messages?key=x",
        "https://hooks.chime.aws/incomingwebhooks/x?token=y",
        "https://webexapis.com/v1/webhooks/incoming/x",
        "https://chat.acme.example/hooks/abcdefghijklmnopqrstuvwxy1",
        "https://acme.example/mattermost/hooks/abcdefghijklmnopqrstuvwxy1",
        "https://rocket.acme.example/hooks/65a1b2c3d4e5f6a7b8c9d0e1/aBcDeFgHiJkLmNoPqRsT",
        "https://acme.zulipchat.com/api/v1/external/slack_incoming?api_key=x&stream=y",
    ] {
        assert!(said(url), "{url}");
    }
    for url in [
        "https://slack.com.acme.example/in",
        "https://myhooks.slack.com.example/",
        "https://notdiscord.com/x",
        "https://ci.acme.example/hooks/deploy",
        "https://acme.example/hooks/sns/confirm",
        "https://acme.zulipchat.com/api/v1/external/github",
        "https://acme.example/in?next=/hooks/abcdefghijklmnopqrstuvwxy1",
    ] {
        assert!(!said(url), "{url}");
    }
}
