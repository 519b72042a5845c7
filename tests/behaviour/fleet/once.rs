//! What several alerts want of one event is forwarded once.

use crate::world::World;
use serde_json::json;

/// Two alerts on one event whose conditions do not fit into one rule.
fn blueprint() -> String {
    let values = |what: &str| -> String {
        let all: Vec<String> = (0..45).map(|n| format!("{what}-long-name-{n:03}")).collect();
        all.join(", ")
    };
    let alert = |id: &str, path: &str, what: &str| {
        format!(
            "  - {{ id: {id}, title: T, risk: high, why: w, next: n, events: [iam:CreateUser], where: {{ {path}: [{}] }} }}\n",
            values(what)
        )
    };
    format!(
        "version: 1\nname: acme\nregions: [us-east-1]\nhub: {{ account: \"111122223333\", region: us-east-1 }}\n\
         destinations:\n  siem: {{ topic: siem, format: json, subscribers: [{{ sqs: \"arn:aws:sqs:us-east-1:111122223333:q\" }}] }}\n\
         routes: {{ high: [siem] }}\nalerts:\n{}{}",
        alert("by-agent", "userAgent", "agent"),
        alert("by-user", "userIdentity.userName", "user")
    )
}

#[test]
fn an_event_that_two_conditions_want_reaches_the_hub_once() {
    let world = World::with_trail(&blueprint());
    world.run(&["apply", "--yes"]).expect(0);
    let event = |agent: &str, user: &str| {
        json!({
            "version": "0", "id": "e", "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.iam", "account": "111122223333", "time": "2026-11-22T12:00:00Z",
            "region": "us-east-1", "resources": [],
            "detail": {
                "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "eventID": "e",
                "eventTime": "2026-11-22T12:00:00Z", "awsRegion": "us-east-1",
                "eventType": "AwsApiCall", "readOnly": false, "managementEvent": true,
                "recipientAccountId": "111122223333", "userAgent": agent,
                "userIdentity": {"type": "IAMUser", "userName": user},
            },
        })
    };
    for (agent, user, alerts) in [
        ("agent-long-name-001", "user-long-name-001", 2),
        ("agent-long-name-001", "eve", 1),
        ("curl", "user-long-name-044", 1),
        ("curl", "eve", 0),
    ] {
        world.write("event.json", &event(agent, user).to_string());
        let path = world.path("event.json");
        let sent = world.run(&["sandbox", "send", path.to_str().unwrap()]).expect(0).out;
        let matching = |name: &str| {
            let matches = |line: &&str| line.contains(name) && line.contains("pattern matches");
            sent.lines().filter(matches).count()
        };
        assert!(matching("rule ctguard-acme-forward-") <= 1, "{agent} {user}: {sent}");
        assert_eq!(matching("rule ctguard-acme-by-"), alerts, "{agent} {user}: {sent}");
    }
}

#[test]
fn a_wildcard_that_is_too_complex_stops_its_alert_alone() {
    let alert = |id: &str, event: &str, condition: &str| {
        format!(
            "  - {{ id: {id}, title: T, risk: high, why: w, next: n, events: [{event}], where: {{ userAgent: [{condition}] }} }}\n"
        )
    };
    let complex = "{ wildcard: '*/a/*.b' }, { wildcard: '*/a/*.c' }, { wildcard: '*/a/*.d' }";
    let text = format!(
        "version: 1\nname: acme\nregions: [us-east-1]\nallow: [wildcards-complex]\nhub: {{ account: \"111122223333\", region: us-east-1 }}\n\
         destinations:\n  siem: {{ topic: siem, format: json, subscribers: [{{ sqs: \"arn:aws:sqs:us-east-1:111122223333:q\" }}] }}\n\
         routes: {{ high: [siem] }}\nalerts:\n{}{}{}",
        alert("complex", "iam:CreateUser", complex),
        alert("wild", "iam:CreateRole", "{ wildcard: '*curl*' }"),
        alert("plain", "iam:CreateGroup", "curl")
    );
    let world = World::with_trail(&text);
    let said = world.run(&["apply", "--yes"]).out;
    assert!(said.contains("too complex"), "{said}");
    let state = world.state();
    let place = state.accounts.iter().next().expect("an account").1;
    let region = place.regions.values().find(|region| !region.rules.is_empty()).expect("a region");
    let rules: Vec<&str> = region.rules.keys().map(String::as_str).collect();
    assert_eq!(rules, ["ctguard-acme-forward-1", "ctguard-acme-forward-wild.own"]);
    let hub: Vec<&str> =
        region.buses.values().flat_map(|bus| bus.rules.keys()).map(String::as_str).collect();
    assert_eq!(hub, ["ctguard-acme-plain", "ctguard-acme-wild"]);
}
