//! One row per link of the way to a hub: break exactly that, and the proof says that code and nothing else.

use super::fleet::*;
use crate::proof::{FixedBy, LinkCode, Report, Status, prove};
use crate::resource::bus::Bus;
use crate::resource::role::Role;
use crate::resource::rule::{Input, Rule, RuleState, Target};
use crate::snapshot::Live;
use crate::snapshot::{CloudErrorKind, LiveBus, LiveKey, LiveRole, LiveRule, Observed, Unreadable};
use serde_json::{Value, json};
use std::sync::Arc;

const FORWARD: &str = "ctguard-acme-forward-1";
const FORWARD_READS: &str = "ctguard-acme-forward-2";
const ROLE: &str = "ctguard-acme";

fn report(town: &Town, hurt: impl FnOnce(&mut Live)) -> Report {
    let desired = town.desired();
    let mut live = settled(&desired);
    hurt(&mut live);
    prove(&desired, &live).report(&desired)
}

/// What is said, as `status code object places`.
fn said(report: &Report) -> Vec<String> {
    let link = |link: &crate::proof::Finding| {
        assert!(!link.fix.is_empty(), "{} has no fix", link.code);
        let object = link.object.rsplit(':').next().unwrap_or_default();
        format!("{} {} {object} ×{}", link.status.as_str(), link.code, link.places.len())
    };
    let remark =
        |said: &crate::proof::RemarkGroup| format!("remark {} ×{}", said.code, said.places.len());
    report.links.iter().map(link).chain(report.remarks.iter().map(remark)).collect()
}

fn role(live: &mut Live, id: &str, change: impl FnOnce(&mut Role)) {
    let seen = live.accounts.get_mut(&account(id)).expect("the account");
    let Some(Observed::Known(LiveRole { role, .. })) = seen.roles.get_mut(ROLE) else {
        panic!("no role");
    };
    change(role);
}

fn live_role(live: &mut Live) -> &mut LiveRole {
    let seen = live.accounts.get_mut(&account(SPOKE)).expect("the account");
    let Some(Observed::Known(role)) = seen.roles.get_mut(ROLE) else { panic!("no role") };
    role
}

/// Bounds the role by a policy with this statement.
fn bounded(live: &mut Live, statement: Value) {
    let role = live_role(live);
    role.role.permissions_boundary = Some("arn:aws:iam::222222222222:policy/bound".to_owned());
    role.boundary = Observed::Known(json!({ "Statement": [statement] }));
}

/// Attaches a policy with this statement to the role.
fn attach(live: &mut Live, statement: Value) {
    let document = Observed::Known(json!({ "Statement": [statement] }));
    let arn = "arn:aws:iam::222222222222:policy/theirs".to_owned();
    live_role(live).attached = Observed::Known([(arn, document)].into());
}

fn bus(live: &mut Live, change: impl FnOnce(&mut LiveBus)) {
    let seen = live.places.get_mut(&place(HUB, "eu-west-1")).expect("the hub");
    let Some(Observed::Known(bus)) = seen.buses.get_mut(ROLE) else { panic!("no bus") };
    change(bus);
}

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
    let key = LiveKey { arn: arn.clone(), enabled: true, aws_managed: false, policy };
    seen.keys.insert(arn.clone(), Observed::Known(key));
    seen.default_bus_key = Observed::Known(arn);
}

fn forwarding(live: &mut Live, change: impl FnOnce(&mut LiveRule)) {
    forwarding_rule(live, FORWARD, change);
}

/// What only the wider state is given has a rule of its own.
fn forwarding_reads(live: &mut Live, change: impl FnOnce(&mut LiveRule)) {
    forwarding_rule(live, FORWARD_READS, change);
}

fn forwarding_rule(live: &mut Live, name: &str, change: impl FnOnce(&mut LiveRule)) {
    let seen = live.places.get_mut(&place(SPOKE, "us-east-1")).expect("the spoke");
    let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
    change(rules.get_mut(name).expect("the rule"));
}

fn target(live: &mut Live, change: impl FnOnce(&mut Target)) {
    forwarding(live, |rule| {
        let Observed::Known(targets) = &mut rule.targets else { panic!("no targets") };
        change(targets.values_mut().next().expect("a target"));
    });
}

fn in_hub(live: &mut Live, change: impl FnOnce(&mut Rule)) {
    bus(live, |bus| {
        let Observed::Known(rules) = &mut bus.rules else { panic!("no rules") };
        change(Arc::make_mut(&mut rules.get_mut("ctguard-acme-route").expect("the rule").rule));
    });
}

fn refused() -> Unreadable {
    Unreadable {
        operation: "sts:AssumeRole".to_owned(),
        code: "AccessDenied".to_owned(),
        message: "not authorized".to_owned(),
        kind: CloudErrorKind::AccessDenied,
        cause: crate::cause::Cause::default(),
    }
}

fn unread(live: &mut Live) {
    for (place, seen) in &mut live.places {
        if place.account.as_str() == SPOKE {
            seen.rules = Observed::Unreadable(refused());
            seen.trails = Observed::Unreadable(refused());
            seen.queues.values_mut().for_each(|queue| *queue = Observed::Unreadable(refused()));
        }
    }
    let account = live.accounts.get_mut(&account(SPOKE)).expect("the account");
    account.roles.values_mut().for_each(|role| *role = Observed::Unreadable(refused()));
}

/// What was done, and what is said of it.
type Row = (&'static str, fn(&mut Live), &'static [&'static str], FixedBy);

fn rows() -> Vec<Row> {
    use FixedBy::{Apply, Person};
    vec![
        ("nothing", |_| {}, &[], Apply),
        (
            "delete the role",
            |live| {
                let seen = live.accounts.get_mut(&account(SPOKE)).expect("the account");
                seen.roles.insert(ROLE.to_owned(), Observed::Absent);
            },
            &["broken role-missing role/ctguard-acme ×1"],
            Apply,
        ),
        (
            "let another service take the role on",
            |live| {
                role(live, SPOKE, |role| {
                    role.trust["Statement"][0]["Principal"] =
                        json!({ "Service": "lambda.amazonaws.com" })
                })
            },
            &["broken role-trust role/ctguard-acme ×2"],
            Apply,
        ),
        (
            "let the role be taken on in one region only",
            |live| {
                role(
                    live,
                    SPOKE,
                    |role| role.trust["Statement"][0]["Condition"] = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:eu-west-1:222222222222:rule/*" } }),
                )
            },
            &["broken role-trust role/ctguard-acme ×1"],
            Apply,
        ),
        (
            "let the role be taken on for another account",
            |live| {
                role(live, SPOKE, |role| {
                    role.trust["Statement"][0]["Condition"] =
                        json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } })
                })
            },
            &["broken role-trust role/ctguard-acme ×2"],
            Apply,
        ),
        (
            "let the role be taken on under a condition nobody knows",
            |live| {
                role(live, SPOKE, |role| {
                    role.trust["Statement"][0]["Condition"] =
                        json!({ "StringEquals": { "aws:SourceOrgID": "o-x" } })
                })
            },
            &["assumed role-trust role/ctguard-acme ×2"],
            Person,
        ),
        (
            "let the role send elsewhere",
            |live| {
                role(live, SPOKE, |role| {
                    role.policies.values_mut().for_each(|policy| {
                        policy["Statement"][0]["Resource"] =
                            json!("arn:aws:events:eu-west-1:111111111111:event-bus/other")
                    })
                })
            },
            &["broken role-policy role/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forbid the role in a policy of others",
            |live| {
                role(live, SPOKE, |role| {
                    drop(role.policies.insert("others".to_owned(), json!({ "Statement": { "Effect": "Deny", "Action": "events:*", "Resource": "*" } })))
                })
            },
            &["broken role-policy role/ctguard-acme ×1", "remark role-attached ×1"],
            Apply,
        ),
        (
            "bound the role",
            |live| {
                role(live, SPOKE, |role| {
                    role.permissions_boundary =
                        Some("arn:aws:iam::222222222222:policy/bound".to_owned())
                })
            },
            &["broken role-boundary role/ctguard-acme ×1", "remark role-bounded ×1"],
            Person,
        ),
        (
            "bound the role by what allows it",
            |live| {
                bounded(
                    live,
                    json!({ "Effect": "Allow", "Action": "events:Put*", "Resource": "*" }),
                )
            },
            &["remark role-bounded ×1"],
            Person,
        ),
        (
            "bound the role to the calls of one network",
            |live| {
                let condition = json!({ "StringEquals": { "aws:SourceVpc": "vpc-1" } });
                bounded(
                    live,
                    json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition }),
                )
            },
            &["broken role-boundary role/ctguard-acme ×1", "remark role-bounded ×1"],
            Person,
        ),
        (
            "hide what bounds the role",
            |live| {
                bounded(live, json!({}));
                live_role(live).boundary = Observed::Unreadable(refused());
            },
            &["unknown role-boundary role/ctguard-acme ×1", "remark role-bounded ×1"],
            Person,
        ),
        (
            "attach a denial to the role",
            |live| attach(live, json!({ "Effect": "Deny", "Action": "*", "Resource": "*" })),
            &["broken role-policy role/ctguard-acme ×1", "remark role-attached ×1"],
            Person,
        ),
        (
            "attach a permission to the role",
            |live| attach(live, json!({ "Effect": "Allow", "Action": "sns:*", "Resource": "*" })),
            &["remark role-attached ×1"],
            Person,
        ),
        (
            "hide what is attached to the role",
            |live| live_role(live).attached = Observed::Unreadable(refused()),
            &["unknown role-policy role/ctguard-acme ×1"],
            Person,
        ),
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
            "forward without a role",
            |live| target(live, |target| target.role_arn = None),
            &["broken forward-role event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forward as another role",
            |live| {
                target(live, |target| {
                    target.role_arn = Some("arn:aws:iam::222222222222:role/x".to_owned())
                })
            },
            &["broken forward-role event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forward something else than the event",
            |live| target(live, |target| target.input = Input::Path("$.detail".to_owned())),
            &["broken target-input event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forward to another bus",
            |live| target(live, |target| target.arn = BUS.replace("ctguard-acme", "other")),
            &["broken target-elsewhere event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forward to nobody",
            |live| forwarding(live, |rule| rule.targets = Observed::Known([].into())),
            &["broken target-missing event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "keep nothing that the bus refuses",
            |live| target(live, |target| target.dead_letter_arn = None),
            &["remark dead-letter-queue ×1"],
            Person,
        ),
        (
            "delete the forwarding rule",
            |live| {
                let seen = live.places.get_mut(&place(SPOKE, "us-east-1")).expect("the spoke");
                let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
                rules.remove(FORWARD);
            },
            &["broken rule-missing rule/ctguard-acme-forward-1 ×1"],
            Apply,
        ),
        (
            "make the forwarding rule on a custom bus",
            |live| {
                let seen = live.places.get_mut(&place(SPOKE, "us-east-1")).expect("the spoke");
                let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
                rules.remove(FORWARD);
                seen.stray_rules.insert(FORWARD.to_owned(), "mine".to_owned());
            },
            &["broken rule-on-wrong-bus rule/ctguard-acme-forward-1 ×1"],
            Apply,
        ),
        (
            "disable the forwarding rule",
            |live| {
                forwarding(live, |rule| Arc::make_mut(&mut rule.rule).state = RuleState::Disabled)
            },
            &["broken rule-disabled rule/ctguard-acme-forward-1 ×1"],
            Apply,
        ),
        (
            "enable the forwarding rule plainly",
            |live| {
                forwarding_reads(live, |rule| {
                    Arc::make_mut(&mut rule.rule).state = RuleState::Enabled
                })
            },
            &["broken rule-state rule/ctguard-acme-forward-2 ×1"],
            Apply,
        ),
        (
            "narrow the forwarding rule",
            |live| {
                forwarding(live, |rule| {
                    Arc::make_mut(&mut rule.rule).event_pattern =
                        Some(r#"{"source":["aws.iam"]}"#.to_owned())
                })
            },
            &["broken rule-pattern rule/ctguard-acme-forward-1 ×1"],
            Apply,
        ),
        (
            "delete the hub's rule",
            |live| {
                bus(live, |bus| {
                    let Observed::Known(rules) = &mut bus.rules else { panic!("no rules") };
                    rules.remove("ctguard-acme-route");
                })
            },
            &["broken rule-missing rule/ctguard-acme/ctguard-acme-route ×1"],
            Apply,
        ),
        (
            "disable the hub's rule",
            |live| in_hub(live, |rule| rule.state = RuleState::Disabled),
            &["broken rule-disabled rule/ctguard-acme/ctguard-acme-route ×1"],
            Apply,
        ),
        (
            "leave an account out of the hub's rule",
            |live| {
                in_hub(live, |rule| {
                    let pattern = rule.event_pattern.take().expect("a pattern");
                    rule.event_pattern = Some(pattern.replace(&format!(",\"{OTHER}\""), ""));
                })
            },
            &["broken rule-pattern rule/ctguard-acme/ctguard-acme-route ×1"],
            Apply,
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
            "attach a policy to the role that allows what it may do",
            |live| attach(live, json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })),
            &["remark role-attached ×1"],
            Person,
        ),
        (
            "put a policy of somebody's on the role",
            |live| {
                let policy = json!({ "Effect": "Allow", "Action": "sqs:*", "Resource": "*" });
                let policy = json!({ "Statement": [policy] });
                role(live, SPOKE, |role| drop(role.policies.insert("theirs".to_owned(), policy)));
            },
            &["remark role-attached ×1"],
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
        (
            "an account that cannot be read",
            unread,
            &[
                "unknown trail-missing trail/* ×2",
                "unknown rule-missing rule/ctguard-acme-forward-1 ×2",
                "unknown rule-missing rule/ctguard-acme-forward-2 ×2",
                "unknown role-missing role/ctguard-acme ×1",
                "unknown dead-letters ctguard-acme-targets ×2",
            ],
            Person,
        ),
    ]
}

#[test]
fn each_broken_link_of_the_hop_is_named_alone() {
    let mut wrong = Vec::new();
    for (name, hurt, expected, fixed_by) in rows() {
        let report = report(&Town::default(), hurt);
        let now = said(&report);
        if now != expected {
            wrong.push(format!("after `{name}` it says {now:#?}, not {expected:#?}"));
        }
        let says: Vec<_> = report.links.iter().map(|link| link.fixed_by).collect();
        if says.iter().any(|says| *says != fixed_by) {
            wrong.push(format!("after `{name}` {says:?} should mend it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_of_the_hop_has_a_row() {
    let rows = rows();
    let said: Vec<&str> = rows.iter().flat_map(|row| row.2).copied().collect();
    for code in LinkCode::ALL.iter().filter(|code| code.is_hop()) {
        let code = format!(" {} ", code.as_str());
        assert!(said.iter().any(|text| text.contains(&code)), "no row breaks{code}");
    }
}

#[test]
fn an_organization_admits_whom_ctguard_found_in_it() {
    let many = Town { discovered: true, said: Some(ORGANIZATION.to_owned()), ..Town::default() };
    assert_eq!(said(&report(&many, |_| {})), [""; 0]);
    let on_trust = Town { said: Some(ORGANIZATION.to_owned()), ..Town::default() };
    let told = report(&on_trust, |_| {});
    assert_eq!(said(&told), ["assumed bus-policy-condition event-bus/ctguard-acme ×3"]);
    assert_eq!((told.counts.assumed, told.counts.proven), (13, 2));
}

#[test]
fn nothing_of_a_hubs_rule_is_said_of_the_default_bus() {
    let told = report(&Town::default(), |live| {
        let seen = live.places.get_mut(&place(HUB, "eu-west-1")).expect("the hub");
        seen.rules_on_bus = Some(300);
        bus(live, |bus| bus.rules = Observed::Known([].into()));
    });
    assert!(!told.links.is_empty());
    for link in &told.links {
        assert_eq!(link.code, LinkCode::RuleMissing);
        assert!(link.object.contains("rule/ctguard-acme/"), "{}", link.object);
        assert!(!link.cause.contains("default bus"), "{}", link.cause);
    }
}

#[test]
fn a_broken_object_of_the_hub_breaks_every_path_and_is_said_once() {
    let told = report(&Town::default(), |live| bus(live, |bus| bus.bus.policy = None));
    // The hub's own place needs no policy.
    let counts = (told.counts.broken, told.counts.proven);
    assert_eq!(counts, (13, 2), "{:#?}", told.counts);
    assert_eq!(told.links.len(), 1);
    assert_eq!(told.links[0].alerts.len(), 3);
    assert_eq!(told.links[0].object, BUS);
    assert!(!told.has(Status::Unknown));
}

#[test]
fn a_region_in_the_name_of_an_alert_is_not_the_places_own() {
    let alerts = "\n  - { id: root-us-east-1, title: Root, risk: high, why: Why., next: Next., events: [ec2:CreateRoute] }";
    let town = Town { hub: false, alerts: alerts.to_owned(), ..Town::default() };
    let told = report(&town, |live| {
        for seen in live.places.values_mut() {
            seen.rules = Observed::Known([].into());
        }
    });
    let objects: Vec<_> =
        told.links.iter().map(|link| (&*link.object, link.places.len())).collect();
    let rule = "arn:aws:events:{region}:{account}:rule/ctguard-acme-root-us-east-1";
    assert_eq!(objects, [(rule, 6)]);
}

#[test]
fn what_is_only_looked_at_is_not_reported() {
    use crate::desired::Narrow;
    let town = Town::default();
    let mut desired = town.desired();
    desired.narrow(&Narrow { accounts: [account(SPOKE)].into(), ..Narrow::default() });
    let mut live = settled(&desired);
    for (at, seen) in &mut live.places {
        for queue in seen.queues.values_mut() {
            let Observed::Known(queue) = queue else { continue };
            queue.messages = if at.account.as_str() == HUB { 3 } else { 0 };
        }
    }
    let told = prove(&desired, &live).report(&desired);
    assert_eq!(said(&told), [""; 0]);
    assert_eq!(told.accounts.len(), 1);
}
