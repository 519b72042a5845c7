//! Whom the policies hold back, asked of a small evaluator that knows nothing of how they are made.

use super::*;
use crate::permissions::grants;

const FLEET: &str = "
version: 1
name: acme
accounts:
  - { id: '111111111111', name: tools }
  - { id: '222222222222', name: security, role: ops/ctguard }
  - organization: { role: ctguard-member }
regions: [eu-west-1]
hub: { account: '222222222222', region: eu-west-1 }
trail: { name: main, bucket: acme-logs, home_region: eu-west-1, account: '222222222222', kms_key: 'arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555' }
destinations: { people: { topic: people, format: mail, subscribers: [{ email: a@acme.example }] } }
alerts: []
";

fn load(text: &str) -> Blueprint {
    let loaded = crate::blueprint::load_text("b.yaml", text, None, jiff::civil::date(2026, 11, 29));
    loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn policies(text: &str, control: Control) -> Vec<Value> {
    let blueprint = load(text);
    let named = ["break-glass".to_owned()];
    guard(&blueprint, control, &Exempt::new(&blueprint, &named).expect("a role"))
}

/// `*` and `?` as IAM reads them.
fn like(pattern: &str, text: &str) -> bool {
    let pattern = regex_syntax::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
    let hir = regex::Regex::new(&format!("^(?:{pattern})$"));
    hir.expect("a pattern").is_match(text)
}

fn texts(element: &Value) -> Vec<&str> {
    match element {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

struct Call<'a> {
    who: &'a str,
    action: &'a str,
    on: &'a str,
    by_service: bool,
}

fn denied(policies: &[Value], call: &Call<'_>) -> bool {
    let account = call.who.split(':').nth(4).unwrap_or_default();
    policies.iter().flat_map(policy::statements).any(|statement| {
        assert_eq!(statement["Effect"], "Deny");
        let condition = &statement["Condition"];
        let known = ["ArnNotLike", "StringEquals", "BoolIfExists"];
        let operators = condition.as_object().expect("an object").keys();
        assert!(operators.into_iter().all(|operator| known.contains(&operator.as_str())));
        let exempted = texts(&condition["ArnNotLike"]["aws:PrincipalArn"])
            .iter()
            .any(|arn| like(arn, call.who));
        let of_account = condition["StringEquals"]["aws:PrincipalAccount"].as_str();
        let of_services = condition["BoolIfExists"]["aws:PrincipalIsAWSService"] == "false";
        texts(&statement["Action"]).contains(&call.action)
            && texts(&statement["Resource"]).iter().any(|of| like(of, call.on))
            && !exempted
            && of_account.is_none_or(|of| of == account)
            && !(of_services && call.by_service)
    })
}

const ADMIN: &str = "arn:aws:iam::333333333333:role/admin";

fn by<'a>(who: &'a str, action: &'a str, on: &'a str) -> Call<'a> {
    Call { who, action, on, by_service: false }
}

#[test]
fn whoever_is_not_named_is_held_back_and_those_who_are_named_are_not() {
    let scp = policies(FLEET, Control::Scp);
    let trail = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/main";
    let rule = "arn:aws:events:eu-west-1:333333333333:rule/ctguard-acme-forward-0";
    let hub_rule = "arn:aws:events:eu-west-1:222222222222:rule/ctguard-acme/ctguard-acme-x-0";
    let topic = "arn:aws:sns:eu-west-1:222222222222:ctguard-acme-secops";
    let queue = "arn:aws:sqs:eu-west-1:222222222222:ctguard-acme-targets-dlq";
    let calls = [
        ("cloudtrail:StopLogging", trail),
        ("cloudtrail:DeleteTrail", trail),
        ("cloudtrail:UpdateTrail", trail),
        ("cloudtrail:PutEventSelectors", trail),
        ("events:DisableRule", rule),
        ("events:RemoveTargets", rule),
        ("events:PutRule", hub_rule),
        ("events:DeleteEventBus", "arn:aws:events:eu-west-1:222222222222:event-bus/ctguard-acme"),
        ("sns:SetTopicAttributes", topic),
        ("sns:DeleteTopic", topic),
        ("sqs:PurgeQueue", queue),
        ("s3:PutLifecycleConfiguration", "arn:aws:s3:::acme-logs"),
        ("s3:DeleteObject", "arn:aws:s3:::acme-logs/AWSLogs/1/x.json.gz"),
        (
            "kms:ScheduleKeyDeletion",
            "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555",
        ),
    ];
    let through = [
        "arn:aws:iam::333333333333:role/break-glass",
        "arn:aws:iam::222222222222:role/ops/ctguard",
        "arn:aws:iam::333333333333:role/ctguard-member",
    ];
    for (action, on) in calls {
        assert!(denied(&scp, &by(ADMIN, action, on)), "{action} on {on}");
        assert!(denied(&scp, &by("arn:aws:iam::333333333333:root", action, on)), "root: {action}");
        for who in through {
            assert!(!denied(&scp, &by(who, action, on)), "{who}: {action} on {on}");
        }
    }
    for (action, on) in [
        ("cloudtrail:StopLogging", "arn:aws:cloudtrail:eu-west-1:333333333333:trail/own"),
        ("events:DisableRule", "arn:aws:events:eu-west-1:333333333333:rule/nightly"),
        ("events:PutRule", "arn:aws:events:eu-west-1:333333333333:rule/other-bus/nightly"),
        ("sns:DeleteTopic", "arn:aws:sns:eu-west-1:333333333333:orders"),
        ("s3:DeleteObject", "arn:aws:s3:::acme-logs-2/x"),
        ("iam:CreateRole", "arn:aws:iam::333333333333:role/app"),
    ] {
        assert!(!denied(&scp, &by(ADMIN, action, on)), "{action} on {on} is nobody's business");
    }
}

#[test]
fn calls_without_a_resource_are_denied_in_the_hubs_account_alone() {
    let scp = policies(FLEET, Control::Scp);
    for action in [
        "events:PutPermission",
        "events:RemovePermission",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    ] {
        let in_hub = by("arn:aws:iam::222222222222:role/admin", action, "*");
        assert!(denied(&scp, &in_hub), "{action}");
        assert!(!denied(&scp, &by(ADMIN, action, "*")), "{action} in another account");
    }
}

#[test]
fn nobody_makes_or_changes_a_role_that_is_let_through() {
    let scp = policies(FLEET, Control::Scp);
    let exec = "arn:aws:iam::333333333333:role/stacksets-exec-0123456789abcdef";
    let ways = [
        "iam:CreateRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:AttachRolePolicy",
        "iam:PutRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary",
        "iam:DetachRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
    ];
    for role in ["break-glass", "ops/ctguard", "ctguard-member", "stacksets-exec-0"] {
        let on = format!("arn:aws:iam::333333333333:role/{role}");
        for action in &ways {
            assert!(denied(&scp, &by(ADMIN, action, &on)), "{action} on {role}");
            assert!(!denied(&scp, &by(exec, action, &on)), "a StackSet: {action} on {role}");
        }
    }
    let stop = ("cloudtrail:StopLogging", "arn:aws:cloudtrail:eu-west-1:1:trail/main");
    assert!(denied(&scp, &by(exec, stop.0, stop.1)), "a StackSet makes roles and no more");
}

#[test]
fn the_resource_control_policy_holds_strangers_back_and_services_not() {
    let rcp = policies(FLEET, Control::Rcp);
    let stranger = "arn:aws:iam::999999999999:role/stranger";
    let object = "arn:aws:s3:::acme-logs/AWSLogs/1/x.json.gz";
    assert!(denied(&rcp, &by(stranger, "s3:DeleteObject", object)));
    assert!(!denied(&rcp, &by("arn:aws:iam::1:role/break-glass", "s3:DeleteObject", object)));
    let call = Call { who: "", action: "s3:PutObject", on: object, by_service: true };
    assert!(!denied(&rcp, &call), "CloudTrail writes its logs");
    assert!(denied(&rcp, &Call { by_service: false, ..call }), "nobody else does");
    for statement in rcp.iter().flat_map(policy::statements) {
        assert_eq!(statement["Principal"], "*");
    }
    // The services that have resource control policies.
    for action in rcp.iter().flat_map(policy::statements).flat_map(|one| texts(&one["Action"])) {
        let service = action.split(':').next().unwrap_or_default();
        assert!(["s3", "sqs", "kms"].contains(&service), "{action}");
    }
}

#[test]
fn each_policy_fits_and_nothing_is_lost_by_cutting() {
    let named: Vec<String> = (0..12).map(|n| format!("incident-response/team-{n}")).collect();
    let blueprint = load(FLEET);
    let exempt = Exempt::new(&blueprint, &named).expect("roles");
    let parts = guard(&blueprint, Control::Scp, &exempt);
    assert!(parts.len() > 1, "twelve exemptions a statement need several policies");
    assert!(parts.iter().all(|part| size(part) <= CONTROL_POLICY_MAX_CHARS));
    let sids: Vec<&Value> =
        parts.iter().flat_map(policy::statements).map(|one| &one["Sid"]).collect();
    let whole: Vec<Value> =
        scp(&blueprint, &exempt).into_iter().map(|one| one["Sid"].clone()).collect();
    assert_eq!(sids, whole.iter().collect::<Vec<_>>());
}

/// What ctguard may do to an object, nobody else shall; what has no object or takes nothing away is
/// named here.
#[test]
fn every_call_that_changes_an_object_is_guarded() {
    const LEFT: [&str; 13] = [
        // They make an object where there is none, or start what nobody shall stop.
        "cloudtrail:CreateTrail",
        "cloudtrail:StartLogging",
        "events:CreateEventBus",
        "s3:CreateBucket",
        "s3:TagResource",
        "sns:CreateTopic",
        "sqs:CreateQueue",
        "states:CreateStateMachine",
        // They change no object.
        "kms:Decrypt",
        "iam:PassRole",
        "sns:Publish",
        "sqs:ReceiveMessage",
        "sts:AssumeRole",
    ];
    let scp = policies(FLEET, Control::Scp);
    let guarded: BTreeSet<&str> =
        scp.iter().flat_map(policy::statements).flat_map(|one| texts(&one["Action"])).collect();
    let reads = ["Get", "List", "Describe", "Lookup", "Simulate"];
    for call in grants::every_call() {
        let name = call.split(':').nth(1).unwrap_or_default();
        if reads.iter().any(|verb| name.starts_with(verb)) || LEFT.contains(&call) {
            continue;
        }
        assert!(guarded.contains(call), "{call} is not guarded");
    }
}

#[test]
fn who_is_let_through_is_named_and_never_everybody() {
    let blueprint = load(FLEET);
    let exempt = |text: &str| Exempt::new(&blueprint, &[text.to_owned()]);
    for good in [
        "break-glass",
        "ops/break-glass",
        "arn:aws:iam::111122223333:role/break-glass",
        "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Break_*",
        "arn:aws:iam::111122223333:user/emergency",
    ] {
        assert!(exempt(good).is_ok(), "{good}");
    }
    for bad in ["*", "*glass", "arn:aws:iam::*:role/*", "arn:aws:iam::*:user/?x"] {
        assert_eq!(exempt(bad), Err(ExemptError::Anybody(bad.to_owned())), "{bad}");
    }
    for bad in
        ["", "/", "a b", "arn:aws:iam::111122223333:root", "arn:aws:s3:::x", "rôle", "role:x"]
    {
        assert_eq!(exempt(bad), Err(ExemptError::NoRole(bad.to_owned())), "{bad}");
    }
    // IAM shows a path with a slash before it.
    assert_eq!(exempt("/ops/break-glass"), exempt("ops/break-glass"));
    let long = "x".repeat(65);
    for never in ["ops/", "ops//x", long.as_str()] {
        assert!(matches!(exempt(never), Err(ExemptError::Name(..))), "{never}");
    }
    let account = "arn:aws:iam::123:role/x";
    assert_eq!(exempt(account), Err(ExemptError::Account(account.to_owned())));
    let sso = "AWSReservedSSO_Admin_*";
    assert_eq!(exempt(sso), Err(ExemptError::Sso(sso.to_owned())));
    let foreign = "arn:aws-cn:iam::111122223333:role/x";
    let other = Err(ExemptError::Partition(foreign.to_owned(), Partition::Aws));
    assert_eq!(exempt(foreign), other);
}

#[test]
fn one_account_of_another_partition_has_its_arns() {
    let text = "version: 1\nname: acme\nregions: [cn-north-1]\nalerts: []\n";
    let scp = policies(text, Control::Scp);
    let resources = scp.iter().flat_map(policy::statements).flat_map(policy_resources);
    assert!(resources.into_iter().all(|arn| arn.starts_with("arn:aws-cn:")));
    let sids: Vec<Value> =
        scp.iter().flat_map(policy::statements).map(|one| one["Sid"].clone()).collect();
    assert_eq!(sids, ["GuardRules", "GuardTopics", "GuardQueues", "GuardRoles"]);
}

fn policy_resources(statement: &Value) -> Vec<&str> {
    texts(&statement["Resource"])
}

#[test]
fn what_heals_the_trail_is_let_through_there_and_is_guarded_itself() {
    let mut blueprint = load(FLEET);
    blueprint.heal = crate::permissions::tests::healing("secops");
    assert!(blueprint.heal.is_some());
    let exempt = Exempt::new(&blueprint, &["break-glass".to_owned()]).expect("a role");
    let statements = scp(&blueprint, &exempt);
    let of = |sid: &str| {
        let found = statements.iter().find(|one| one["Sid"] == sid).expect(sid);
        (found["Resource"].to_string(), found["Condition"].to_string())
    };
    let (trail, rules) = ("role/ctguard-acme-heal\"", "role/ctguard-acme-heal-rules\"");
    for (sid, resource, exempted) in [
        ("GuardTrail", "trail/main", Some(trail)),
        ("GuardRules", "rule/ctguard-acme-*", Some(rules)),
        ("GuardMachines", "stateMachine:ctguard-acme-heal\"", None),
        ("GuardMachines", "stateMachine:ctguard-acme-heal-rules\"", None),
        ("GuardMachines", "execution:ctguard-acme-heal-rules:*\"", None),
        ("GuardRoles", trail, None),
        ("GuardRoles", rules, None),
    ] {
        let (resources, condition) = of(sid);
        assert!(resources.contains(resource), "{sid}: {resources}");
        for role in [trail, rules] {
            assert_eq!(condition.contains(role), exempted == Some(role), "{sid}: {condition}");
        }
    }
}
