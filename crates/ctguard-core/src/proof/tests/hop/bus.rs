//! The hub's bus, who may put events on it, and the keys of buses.

use super::*;

fn admits(live: &mut Live, statement: Value) {
    bus(live, |bus| {
        bus.bus = Bus { policy: Some(json!({ "Statement": [statement] })), kms_key: None }
    });
}

/// Adds a statement of somebody's to the bus's policy.
fn also_admits(live: &mut Live, statement: Value) {
    bus(live, |bus| {
        let policy = bus.bus.policy.as_mut().expect("a policy");
        policy["Statement"].as_array_mut().expect("statements").push(statement);
    });
}

/// A rule of somebody's on the bus, with a target.
fn copy(live: &mut Live, change: impl FnOnce(&mut Rule)) {
    bus(live, |bus| {
        let Observed::Known(rules) = &bus.rules else { panic!("no rules") };
        let mut theirs = rules.get("ctguard-acme-route").expect("the rule").clone();
        theirs.tags = Observed::Absent;
        let rule = Arc::make_mut(&mut theirs.rule);
        rule.event_pattern = Some(r#"{"source":[{"prefix":""}]}"#.to_owned());
        change(rule);
        bus.others = Observed::Known([("theirs".to_owned(), theirs)].into());
    });
}

fn spoke(live: &mut Live) -> &mut crate::snapshot::PlaceSnapshot {
    live.places.get_mut(&place(SPOKE, "us-east-1")).expect("the spoke")
}

/// Encrypts the default bus of a spoke with a key that lets EventBridge do this.
fn encrypt(live: &mut Live, actions: &[&str]) {
    let seen = spoke(live);
    let arn = seen.place.arn("kms", "key/k");
    let bus = seen.place.arn("events", "event-bus/default");
    let policy = json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": actions, "Resource": "*",
        "Condition": { "StringEquals": {
            "kms:EncryptionContext:aws:events:event-bus:arn": bus, "aws:SourceArn": bus,
        } },
    }] });
    let policy = Observed::Known(policy);
    let key =
        LiveKey { arn: arn.clone(), enabled: true, aws_managed: false, asymmetric: false, policy };
    seen.keys.insert(arn.clone(), Observed::Known(key));
    seen.default_bus_key = Observed::Known(arn);
}

pub(super) fn rows() -> Vec<Row> {
    use FixedBy::{Apply, Person};
    vec![
        (
            "encrypt the bus with a key that is gone",
            |live| bus(live, |bus| bus.bus.kms_key = Some("k".to_owned())),
            &["broken bus-key event-bus/ctguard-acme ×1"],
            Person,
        ),
        (
            "encrypt the bus with a key for another bus",
            |live| {
                bus(live, |bus| bus.bus.kms_key = Some("k".to_owned()));
                let condition =
                    json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:*:*:event-bus/other" } });
                let statement = json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                    "Action": "kms:*", "Resource": "*", "Condition": condition });
                let key = LiveKey {
                    arn: "arn:aws:kms:eu-west-1:111122223333:key/k".to_owned(),
                    enabled: true,
                    aws_managed: false,
                    asymmetric: false,
                    policy: Observed::Known(json!({ "Statement": [statement] })),
                };
                let seen = live.places.get_mut(&place(HUB, "eu-west-1")).expect("the hub");
                seen.keys.insert("k".to_owned(), Observed::Known(key));
            },
            &["broken bus-key event-bus/ctguard-acme ×1"],
            Person,
        ),
        (
            "delete the bus",
            |live| {
                let seen = live.places.get_mut(&place(HUB, "eu-west-1")).expect("the hub");
                seen.buses.insert(ROLE.to_owned(), Observed::Absent);
            },
            &["broken bus-missing event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "take the policy off the bus",
            |live| bus(live, |bus| bus.bus.policy = None),
            &["broken bus-policy event-bus/ctguard-acme ×3"],
            Apply,
        ),
        (
            "admit the hub's own account only",
            |live| {
                admits(
                    live,
                    json!({ "Effect": "Allow", "Principal": { "AWS": HUB }, "Action": "events:PutEvents", "Resource": BUS }),
                )
            },
            &["broken bus-policy event-bus/ctguard-acme ×2"],
            Apply,
        ),
        (
            "admit other accounts than one",
            |live| {
                admits(
                    live,
                    json!({ "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS, "Condition": { "StringNotEquals": { "aws:PrincipalAccount": SPOKE } } }),
                )
            },
            &["broken bus-policy-condition event-bus/ctguard-acme ×1", "remark bus-open-to-all ×1"],
            Apply,
        ),
        (
            "admit an organization that nobody looked into",
            |live| {
                admits(
                    live,
                    json!({ "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS, "Condition": { "StringEquals": { "aws:PrincipalOrgID": ORGANIZATION } } }),
                )
            },
            &["assumed bus-policy-condition event-bus/ctguard-acme ×3"],
            Person,
        ),
        (
            "deny one account",
            |live| {
                bus(live, |bus| {
                    let statements = bus
                        .bus
                        .policy
                        .as_mut()
                        .and_then(|policy| policy["Statement"].as_array_mut());
                    statements.expect("statements").push(json!({ "Effect": "Deny", "Principal": { "AWS": SPOKE }, "Action": "events:PutEvents", "Resource": BUS }));
                })
            },
            &["broken bus-policy-deny event-bus/ctguard-acme ×1"],
            Person,
        ),
        (
            "let anybody put events on the bus",
            |live| {
                also_admits(
                    live,
                    json!({ "Sid": "open", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "*" }),
                )
            },
            &["remark bus-open-to-all ×1"],
            Person,
        ),
        (
            "let anybody of some organization put events on the bus",
            |live| {
                also_admits(
                    live,
                    json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "events:Put*", "Resource": "*",
                    "Condition": { "Null": { "aws:PrincipalOrgID": "false" } } }),
                )
            },
            &["remark bus-open-to-all ×1"],
            Person,
        ),
        (
            "let another account put events on the bus",
            |live| {
                also_admits(
                    live,
                    json!({ "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "*",
                    "Condition": { "StringEquals": { "aws:PrincipalAccount": "444455556666" } } }),
                )
            },
            &[],
            Person,
        ),
        (
            "copy what lands on the bus",
            |live| copy(live, |_| {}),
            &["remark bus-copied ×1"],
            Person,
        ),
        (
            "copy nothing, as the rule is off",
            |live| copy(live, |rule| rule.state = RuleState::Disabled),
            &[],
            Person,
        ),
        (
            "keep an archive of the bus",
            |live| copy(live, |rule| rule.managed_by = Some("prod.vhs.events.aws.internal".into())),
            &[],
            Person,
        ),
        (
            "copy with a rule that is named like the blueprint's",
            |live| {
                bus(live, |bus| {
                    let Observed::Known(rules) = &mut bus.rules else { panic!("no rules") };
                    let own = rules.get("ctguard-acme-route").expect("the rule").clone();
                    let tags = Observed::Known([].into());
                    rules.insert("ctguard-acme-copy".to_owned(), LiveRule { tags, ..own });
                })
            },
            &["remark bus-copied ×1"],
            Person,
        ),
        (
            "encrypt a default bus with a good key",
            |live| encrypt(live, &["kms:GenerateDataKey*", "kms:Decrypt"]),
            &[],
            Person,
        ),
        (
            "encrypt a default bus with a key that shuts EventBridge out",
            |live| encrypt(live, &["kms:DescribeKey"]),
            &["broken bus-key event-bus/default ×1"],
            Person,
        ),
        (
            "encrypt a default bus with a key that is gone",
            |live| {
                encrypt(live, &["kms:*"]);
                spoke(live).keys.clear();
            },
            &["broken bus-key event-bus/default ×1"],
            Person,
        ),
        (
            "hide which key encrypts a default bus",
            |live| spoke(live).default_bus_key = Observed::Unreadable(refused()),
            &["unknown bus-key event-bus/default ×1"],
            Person,
        ),
    ]
}
