use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard::cloud::sandbox::state::Denied;

/// Break one thing, and verify names that link, in that place, and no other.
#[test]
fn names_the_one_link_that_is_broken() {
    for (fault, expected) in [
        ("stop-trail", "trail-not-logging"),
        ("delete-trail", "trail-missing"),
        ("narrow-selectors", "trail-selectors"),
        // AWS switches the events of global services off with it.
        ("single-region-trail", "trail-missing trail-selectors"),
        ("disable-rule", "rule-disabled"),
        ("delete-rule", "rule-missing"),
        ("narrow-pattern", "rule-pattern"),
        ("drop-target", "target-missing"),
        ("retarget", "target-elsewhere"),
        ("rewrite-topic-policy", "topic-policy"),
        ("condition-topic-policy", "topic-policy"),
        ("delete-topic", "topic-missing"),
        ("unsubscribe", "subscriber-missing"),
        ("filter-subscription", "subscriber-filter"),
    ] {
        let world = World::settled(&keeping_a_trail());
        world.run(&["sandbox", "break", fault]).expect(0);
        let report = world.run(&["verify", "--format", "json"]).expect(3).json();
        let links = report["links"].as_array().unwrap();
        let codes: Vec<_> = links.iter().map(|link| link["code"].as_str().unwrap()).collect();
        assert_eq!(codes.join(" "), expected, "{fault}: {links:#?}");
        assert!(!links[0]["fix"].as_str().unwrap().is_empty(), "{fault} has no fix");
    }
}

#[test]
fn a_verdict_reads_worst_first() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "stop-trail"]).expect(0);
    world
        .run(&["sandbox", "break", "disable-rule", "ctguard-acme-route", "--region", "eu-west-1"])
        .expect(0);
    insta::assert_snapshot!(world.run(&["verify", "-q"]).expect(3).seen());
}

#[test]
fn a_pending_subscriber_is_somebody_who_does_not_hear() {
    let world = World::bare(&keeping_a_trail());
    world.run(&["apply", "--yes"]).expect(0);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("subscriber-pending"), "{}", ran.out);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn what_cannot_be_read_is_unknown_and_exits_4() {
    for (operation, code) in [
        ("cloudtrail:DescribeTrails", "trail-missing"),
        ("cloudtrail:GetTrailStatus", "trail-not-logging"),
        ("cloudtrail:GetEventSelectors", "trail-selectors"),
        ("events:ListRules", "rule-missing"),
        ("events:ListTargetsByRule", "target-missing"),
        ("sns:GetTopicAttributes", "topic-missing"),
        ("sns:ListSubscriptionsByTopic", "subscriber-missing"),
    ] {
        let world = World::settled(&keeping_a_trail());
        world.change(|state| {
            state.denied.push(Denied { operation: operation.into(), account: None, region: None })
        });
        let report = world.run(&["verify", "--format", "json"]).expect(4).json();
        let links = report["links"].as_array().unwrap();
        assert!(!links.is_empty(), "{operation}");
        for link in links {
            assert_eq!(
                (link["status"].as_str(), link["code"].as_str()),
                (Some("unknown"), Some(code)),
                "{operation}: {link:#?}"
            );
            assert!(link["cause"].as_str().unwrap().contains(operation), "{link:#?}");
        }
    }
}

#[test]
fn read_only_events_need_the_wide_state() {
    let blueprint =
        keeping_a_trail().replace("events: [iam:CreateUser]", "events: [sts:AssumeRole]");
    let world = World::settled(&blueprint);
    world
        .run(&[
            "sandbox",
            "break",
            "enable-rule-plain",
            "ctguard-acme-new-user",
            "--region",
            "eu-west-1",
        ])
        .expect(0);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("rule-state"), "{}", ran.out);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["verify"]).expect(0);
}

#[test]
fn dead_letters_that_wait_fail_the_check() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "rewrite-topic-policy", "--region", "eu-west-1"]).expect(0);
    world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("dead-letters"), "{}", ran.out);
    assert!(ran.out.contains("ctguard-acme-targets"), "{}", ran.out);
}

#[test]
fn every_subscriber_of_every_kind_is_followed() {
    let subscribers = r#"
  secops: { topic: secops, format: text, subscribers: [{ email: secops@acme.example }] }
  siem: { topic: siem, format: json, subscribers: [{ sqs: "arn:aws:sqs:eu-west-1:111122223333:siem" }, { https: "https://hooks.acme.example/in" }, { lambda: "arn:aws:lambda:eu-west-1:111122223333:function:triage" }] }
  chat: { topic: chat, format: chat, subscribers: [{ chat: "arn:aws:chatbot::111122223333:chat-configuration/slack-channel/secops" }] }
"#;
    let blueprint = keeping_a_trail()
        .replace("  secops: { topic: secops, format: text, subscribers: [{ email: secops@acme.example }] }\n", &subscribers[1..])
        .replace("high: [secops]", "high: [secops, siem, chat]");
    let world = World::bare(&blueprint);
    world.change(|state| {
        let place = ctguard::scope::Place::new(
            state.caller.account.clone(),
            "eu-west-1".to_owned().try_into().unwrap(),
        );
        state.region_mut(&place).queues.insert("siem".into(), Default::default());
    });
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let report = world.run(&["verify", "--format", "json"]).expect(3).json();
    let links = report["links"].as_array().unwrap();
    let status = |part: &str| {
        let link = links.iter().find(|link| link["object"].as_str().unwrap().contains(part));
        link.map(|link| {
            (link["code"].as_str().unwrap().to_owned(), link["status"].as_str().unwrap().to_owned())
        })
    };
    // The queue's own policy lets nobody in, and it is not ctguard's to change.
    assert_eq!(status("sqs:"), Some(("subscriber-endpoint".into(), "broken".into())), "{links:#?}");
    assert_eq!(status("lambda:"), Some(("subscriber-endpoint".into(), "assumed".into())));
    assert_eq!(status("chatbot"), Some(("chat-missing".into(), "assumed".into())));
    assert_eq!(status("https:"), None, "a confirmed endpoint is proven");
    assert_eq!(status("email:"), None);
}

#[test]
fn strict_fails_on_what_is_only_assumed() {
    let blueprint = keeping_a_trail().replace(
        "{ email: secops@acme.example }",
        "{ lambda: \"arn:aws:lambda:us-east-1:111122223333:function:triage\" }",
    );
    let world = World::bare(&blueprint);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["verify"]).expect(0);
    world.run(&["verify", "--strict"]).expect(3);
}

#[test]
fn an_alert_without_a_route_is_said_to_be_unrouted() {
    let world = World::with_trail(&PLAIN.replace("medium: [secops]", "medium: []"));
    let ran = world.run(&["verify"]);
    assert!(ran.out.contains("unrouted new-user"), "{}", ran.out);
}
