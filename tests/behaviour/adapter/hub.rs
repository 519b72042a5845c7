//! Buses, the rules on them, and the roles that events take to them.

use super::{TIMING, arn, connect, connect_as, counts, here, in_sync, reads};
use crate::stub::{Reply, Stub};
use ctguard_core::action::Action;
use ctguard_core::cloud::{Cloud, CloudErrorKind};
use ctguard_core::resource::rule::{Input, Rule, RuleState, Target, Targets};
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::scope::{Place, Region};
use ctguard_core::snapshot::Observed;
use ctguard_core::snapshot::{AccountReads, ReadSet};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const BUS: &str = "ctguard-acme";

fn owned() -> Tags {
    Tags::from([(BLUEPRINT_TAG.to_owned(), "acme".to_owned())])
}

fn policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "ctguard-acme-account-1" }] })
}

pub(super) fn with_bus(call: &crate::stub::Call) -> Option<Reply> {
    let on_bus = call.parameter("EventBusName") == BUS;
    match call.operation.as_str() {
        "DescribeEventBus" if call.parameter("Name") == BUS => Some(Reply::Json(
            json!({ "Name": BUS, "Arn": arn("events", "event-bus/ctguard-acme"), "Policy": policy().to_string() }),
        )),
        "DescribeEventBus" if call.parameter("Name") == "default" => Some(Reply::Json(
            json!({ "Name": "default", "KmsKeyIdentifier": "arn:aws:kms:eu-west-1:111122223333:key/k" }),
        )),
        "DescribeEventBus" => Some(Reply::Error(400, "ResourceNotFoundException", "no such bus")),
        "ListRules" if on_bus => Some(Reply::Json(json!({ "Rules": [
            { "Name": "ctguard-acme-a", "State": "ENABLED", "EventPattern": "{\"hub\":[1]}" },
            { "Name": "theirs", "State": "ENABLED", "EventPattern": "{\"source\":[\"x\"]}" },
            { "Name": "theirs-off", "State": "DISABLED", "EventPattern": "{\"source\":[\"x\"]}" },
        ] }))),
        "ListTargetsByRule" if on_bus => Some(Reply::Json(
            json!({ "Targets": [{ "Id": "hub", "Arn": arn("sns", "ctguard-acme-secops") }] }),
        )),
        "GetResources" => {
            let tags = json!([{ "Key": BLUEPRINT_TAG, "Value": "acme" }]);
            let entry =
                |resource: &str| json!({ "ResourceARN": arn("events", resource), "Tags": tags });
            Some(Reply::Json(json!({ "ResourceTagMappingList": [
                entry("event-bus/ctguard-acme"),
                entry("rule/ctguard-acme/ctguard-acme-a"),
            ] })))
        }
        "ListTagsForResource" | "ListQueueTags" if !call.has("ResourceArn") => {
            Some(Reply::Json(json!({})))
        }
        "ListTagsForResource" => Some(Reply::Xml("<Tags/>".to_owned())),
        "ListTags" => Some(Reply::Json(json!({ "ResourceTagList": [] }))),
        _ => in_sync(call),
    }
}

#[tokio::test]
async fn a_bus_is_read_with_its_rules_whether_it_is_named_or_only_tagged() {
    let stub = Stub::start(with_bus);
    let aws = connect(&stub).await;
    for buses in [BTreeSet::from([BUS.to_owned()]), BTreeSet::new()] {
        let named = !buses.is_empty();
        let seen = aws.observe(&here(), &ReadSet { buses, ..reads() }).await;
        assert_eq!(seen.buses.keys().collect::<Vec<_>>(), [BUS], "named: {named}");
        let bus = seen.buses[BUS].known().unwrap_or_else(|| panic!("{seen:?}"));
        assert_eq!(bus.bus.policy, Some(policy()));
        assert_eq!(bus.tags, Observed::Known(owned()));
        let rules = bus.rules.known().unwrap();
        let rule = &rules["ctguard-acme-a"];
        assert_eq!(rule.rule.event_pattern.as_deref(), Some("{\"hub\":[1]}"));
        assert_eq!(rule.tags, Observed::Known(owned()));
        assert_eq!(rule.targets.known().unwrap().keys().collect::<Vec<_>>(), ["hub"]);
        // Of the rules of others, those that are on have their targets.
        let others = bus.others.known().unwrap();
        assert_eq!(others.keys().collect::<Vec<_>>(), ["theirs", "theirs-off"]);
        assert_eq!(others["theirs"].targets.known().map(|all| all.len()), Some(1));
        assert_eq!(others["theirs-off"].targets, Observed::Absent);
        let key = "arn:aws:kms:eu-west-1:111122223333:key/k";
        assert_eq!(seen.default_bus_key, Observed::Known(key.to_owned()));
        // The rule of the same name on the default bus is another rule.
        let default = &seen.rules.known().unwrap()["ctguard-acme-a"];
        assert_eq!(default.targets.known().unwrap().keys().collect::<Vec<_>>(), ["one", "two"]);
    }
    // Of the default bus and of this one, twice.
    assert_eq!(stub.counts()["DescribeEventBus"], 4);
}

#[tokio::test]
async fn a_bus_that_is_not_there_is_absent_and_without_the_search_others_are_unknown() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "GetResources" => Some(Reply::Error(400, "AccessDeniedException", "not authorized")),
        _ => with_bus(call),
    });
    let reads = ReadSet { buses: BTreeSet::from(["missing".to_owned()]), ..reads() };
    let seen = connect(&stub).await.observe(&here(), &reads).await;
    assert_eq!(seen.buses["missing"], Observed::Absent);
    let any = seen.buses["ctguard-acme-*"].unreadable();
    assert_eq!(any.map(|why| why.operation.as_str()), Some("tag:GetResources"));
}

#[tokio::test]
async fn a_role_is_read_with_its_policies_and_one_that_is_not_there_costs_one_call() {
    let encoded = |value: &Value| -> String {
        value.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect()
    };
    let trust = encoded(&json!({ "Statement": [{ "Action": "sts:AssumeRole" }] }));
    let puts = encoded(&json!({ "Statement": [{ "Action": "events:PutEvents" }] }));
    let stub = Stub::start(move |call| {
        Some(match (call.operation.as_str(), call.has("Marker")) {
            ("GetRole", _) if call.form("RoleName") != "ctguard-acme" => {
                Reply::Error(404, "NoSuchEntity", "The role with name x cannot be found.")
            }
            ("GetRole", _) => Reply::Xml(format!(
                "<Role><Path>/</Path><RoleName>ctguard-acme</RoleName><RoleId>AROA</RoleId><Arn>arn</Arn>\
                 <CreateDate>2026-01-01T00:00:00Z</CreateDate>\
                 <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>\
                 <PermissionsBoundary><PermissionsBoundaryArn>arn:b</PermissionsBoundaryArn></PermissionsBoundary>\
                 <Tags><member><Key>ctguard:blueprint</Key><Value>acme</Value></member></Tags></Role>"
            )),
            ("ListRolePolicies", false) => Reply::Xml(
                "<PolicyNames><member>one</member></PolicyNames><IsTruncated>true</IsTruncated><Marker>2</Marker>"
                    .to_owned(),
            ),
            ("ListRolePolicies", true) => Reply::Xml(
                "<PolicyNames><member>two</member></PolicyNames><IsTruncated>false</IsTruncated>"
                    .to_owned(),
            ),
            ("GetRolePolicy", _) => Reply::Xml(format!(
                "<RoleName>ctguard-acme</RoleName><PolicyName>{}</PolicyName><PolicyDocument>{puts}</PolicyDocument>",
                call.form("PolicyName")
            )),
            _ => return None,
        })
    });
    let aws = connect(&stub).await;
    let reads = |name: &str| AccountReads {
        roles: BTreeSet::from([name.to_owned()]),
        ..AccountReads::default()
    };
    let none = aws.observe_account(&here().account, &reads("missing")).await;
    assert_eq!(none.roles["missing"], Observed::Absent);
    assert_eq!(stub.counts(), counts(&[("GetCallerIdentity", 1), ("GetRole", 1)]));

    let seen = aws.observe_account(&here().account, &reads("ctguard-acme")).await;
    let role = seen.roles["ctguard-acme"].known().unwrap_or_else(|| panic!("{seen:?}"));
    assert_eq!(role.role.trust["Statement"][0]["Action"], "sts:AssumeRole");
    assert_eq!(role.role.policies.keys().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(role.role.policies["two"]["Statement"][0]["Action"], "events:PutEvents");
    assert_eq!(role.role.permissions_boundary.as_deref(), Some("arn:b"));
    assert_eq!(role.tags, Observed::Known(owned()));
}

#[tokio::test]
async fn a_role_of_the_same_name_passes_for_created_only_if_it_is_the_same() {
    let trust = |who: &str| json!({ "Statement": [{ "Principal": { "Service": who } }] });
    let live = trust("events.amazonaws.com").to_string().replace('"', "&quot;");
    let stub = Stub::start(move |call| match call.operation.as_str() {
        "CreateRole" => Some(Reply::Error(409, "EntityAlreadyExists", "exists")),
        "GetRole" => Some(Reply::Xml(format!(
            "<Role><Path>/</Path><RoleName>r</RoleName><RoleId>AROA</RoleId><Arn>arn</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>{live}</AssumeRolePolicyDocument>\
             <Tags><member><Key>ctguard:blueprint</Key><Value>acme</Value></member></Tags></Role>"
        ))),
        _ => None,
    });
    let aws = connect(&stub).await;
    let create = |who: &str, tags: Tags| Action::CreateRole {
        name: "r".to_owned(),
        trust: trust(who),
        tags,
    };
    let same = create("events.amazonaws.com", owned());
    assert_eq!(aws.perform(&here(), &same).await, Ok(()));
    let foreign = Tags::from([(BLUEPRINT_TAG.to_owned(), "other".to_owned())]);
    for other in [create("ec2.amazonaws.com", owned()), create("events.amazonaws.com", foreign)] {
        let error = aws.perform(&here(), &other).await.unwrap_err();
        assert_eq!(error.code, "EntityAlreadyExists", "{other:?}");
    }
}

fn rule(role_arn: Option<&str>) -> Rule {
    Rule {
        state: RuleState::Enabled,
        event_pattern: Some("{}".to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: role_arn.map(str::to_owned),
        managed_by: None,
    }
}

fn hub() -> Place {
    Place::new(here().account, Region::new("us-east-1").unwrap())
}

const ROLE: &str = "arn:aws:iam::111122223333:role/ctguard-acme";

fn forward(rule: &str) -> Action {
    let target = Target {
        arn: hub().arn("events", "event-bus/ctguard-acme"),
        role_arn: Some(ROLE.to_owned()),
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    Action::PutTargets { rule: rule.into(), targets: Targets::from([(BUS.to_owned(), target)]) }
}

#[tokio::test]
async fn every_call_about_a_rule_names_its_bus_unless_it_is_the_default_one() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "PutRule" => Some(Reply::Json(json!({ "RuleArn": "arn" }))),
        "PutTargets" | "RemoveTargets" => Some(Reply::Json(json!({ "FailedEntryCount": 0 }))),
        "TagResource" | "DeleteRule" => Some(Reply::Json(json!({}))),
        _ => None,
    });
    let aws = connect(&stub).await;
    for (key, bus) in [("ctguard-acme/ctguard-acme-a", json!(BUS)), ("ctguard-acme-a", Value::Null)]
    {
        let before = stub.calls().len();
        for action in [
            Action::PutRule { name: key.into(), rule: rule(None), tags: owned() },
            forward(key),
            Action::RemoveTargets { rule: key.into(), ids: BTreeSet::from([BUS.to_owned()]) },
            Action::DeleteRule { name: key.into() },
            Action::TagRule { name: key.into(), tags: owned() },
        ] {
            assert_eq!(aws.perform(&here(), &action).await, Ok(()), "{action:?}");
        }
        for call in stub.calls().split_off(before) {
            match call.operation.as_str() {
                "TagResource" => {
                    let arn = arn("events", &format!("rule/{key}"));
                    assert_eq!(call.parameter("ResourceARN"), json!(arn));
                }
                "GetCallerIdentity" => {}
                operation => {
                    assert_eq!(call.parameter("EventBusName"), bus, "{operation}");
                    let name = ["Name", "Rule"].map(|name| call.parameter(name));
                    assert!(name.contains(&json!("ctguard-acme-a")), "{operation}: {}", call.body);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_policy_of_a_bus_is_written_whole() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "PutPermission" => Some(Reply::Json(json!({}))),
        _ => None,
    });
    let put = Action::PutBusPolicy { bus: BUS.to_owned(), policy: policy() };
    assert_eq!(connect(&stub).await.perform(&here(), &put).await, Ok(()));
    let sent = stub.calls().pop().unwrap();
    assert_eq!(sent.parameter("EventBusName"), BUS);
    let text = sent.parameter("Policy");
    let written: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    assert_eq!(written, policy());
}

#[tokio::test]
async fn a_refusal_of_what_carries_a_role_says_that_the_role_must_be_passed() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "PutRule" | "PutTargets" => {
            Some(Reply::Error(400, "AccessDeniedException", "not authorized"))
        }
        _ => None,
    });
    let aws = connect(&stub).await;
    let with_role = Action::PutRule { name: "r".into(), rule: rule(Some(ROLE)), tags: Tags::new() };
    for action in [with_role, forward("r")] {
        let error = aws.perform(&here(), &action).await.unwrap_err();
        assert_eq!(error.kind, CloudErrorKind::AccessDenied);
        assert!(error.message.contains("iam:PassRole") && error.message.contains(ROLE), "{error}");
    }
    let without = Action::PutRule { name: "r".into(), rule: rule(None), tags: Tags::new() };
    let error = aws.perform(&here(), &without).await.unwrap_err();
    assert!(!error.message.contains("iam:PassRole"), "{error}");
    assert_eq!(stub.counts()["PutTargets"], 1, "a refusal is heard at once");
}

#[tokio::test]
async fn a_spoke_waits_for_the_role_and_the_policy_that_this_run_has_written() {
    let not_yet = "Provided role 'r' cannot be assumed by principal 'events.amazonaws.com'.";
    let stub = Stub::start(move |call| match (call.operation.as_str(), call.before) {
        ("PutTargets", 0) => Some(Reply::Error(400, "AccessDeniedException", "bus")),
        ("PutTargets", 1 | 2) => Some(Reply::Error(400, "ValidationException", not_yet)),
        ("PutTargets", 3) => Some(Reply::Error(400, "AccessDeniedException", "bus")),
        ("PutTargets", _) => Some(Reply::Json(json!({ "FailedEntryCount": 0 }))),
        ("CreateRole", _) => Some(Reply::Xml(
            "<Role><Path>/</Path><RoleName>r</RoleName><RoleId>A</RoleId><Arn>a</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>"
                .to_owned(),
        )),
        ("PutPermission", _) => Some(Reply::Json(json!({}))),
        _ => None,
    });
    let aws = connect_as(&stub, TIMING, None).await;
    let error = aws.perform(&here(), &forward("r")).await.unwrap_err();
    assert_eq!(error.code, "AccessDeniedException", "nothing was written that could make it pass");
    let create = Action::CreateRole { name: BUS.to_owned(), trust: policy(), tags: owned() };
    let admit = Action::PutBusPolicy { bus: BUS.to_owned(), policy: policy() };
    assert_eq!(aws.perform(&hub(), &create).await, Ok(()));
    assert_eq!(aws.perform(&hub(), &admit).await, Ok(()));
    assert_eq!(aws.perform(&here(), &forward("r")).await, Ok(()));
    assert_eq!(stub.counts()["PutTargets"], 5);
}

#[tokio::test]
async fn deleting_a_bus_or_a_role_that_is_gone_succeeds() {
    let stub = Stub::start(|call| {
        Some(match call.operation.as_str() {
            "DeleteEventBus" => Reply::Error(400, "ResourceNotFoundException", "gone"),
            "DeleteRole" | "DeleteRolePolicy" => Reply::Error(404, "NoSuchEntity", "gone"),
            _ => return None,
        })
    });
    let aws = connect(&stub).await;
    for action in [
        Action::DeleteEventBus { name: BUS.to_owned() },
        Action::DeleteRolePolicy { role: BUS.to_owned(), name: BUS.to_owned() },
        Action::DeleteRole { name: BUS.to_owned() },
    ] {
        assert_eq!(aws.perform(&here(), &action).await, Ok(()), "{action:?}");
    }
}
