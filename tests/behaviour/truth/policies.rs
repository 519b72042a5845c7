//! The law of policies: the proof's evaluator and the sandbox's, written apart from each other,
//! over generated policies.
//!
//! What the sandbox refuses, the proof calls neither admitted nor assumed; what the sandbox allows,
//! the proof does not call refused; and what the proof assumes rests on something that the sandbox
//! does not know either, such as a source of which AWS does not say whether it is sent.

use ctguard_core::desired::ScopeOrganization;
use ctguard_core::proof::policy::principal::Asker;
use ctguard_core::proof::policy::{Admission, Request, Sent, admission};
use ctguard_core::resource::Tags;
use ctguard_core::scope::AccountId;
use ctguard_sandbox::policy::{self, Principal, Weighed};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ACCOUNT: &str = "111122223333";
const RULE: &str = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-x";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:ctguard-acme-ops";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:siem";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:f";
const FILE: &str = "arn:aws:s3:::logs/AWSLogs/111122223333/CloudTrail/a.json.gz";
const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";
const BUS: &str = "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

/// A service, what it asks of what, and the sources that it sends: for sure, or perhaps.
#[derive(Debug, Clone, Copy)]
struct Call {
    service: &'static str,
    action: &'static str,
    resource: &'static str,
    source: Option<&'static str>,
    perhaps: bool,
    account: bool,
    /// The service that uses a key for it.
    through: Option<&'static str>,
    /// Further keys, in lower case, with their values.
    extra: &'static [(&'static str, &'static str)],
}

const CALLS: &[Call] = &[
    Call {
        service: "events.amazonaws.com",
        action: "sns:Publish",
        resource: TOPIC,
        source: Some(RULE),
        perhaps: true,
        account: false,
        through: None,
        extra: &[],
    },
    Call {
        service: "sns.amazonaws.com",
        action: "sqs:SendMessage",
        resource: QUEUE,
        source: Some(TOPIC),
        perhaps: false,
        account: true,
        through: None,
        extra: &[],
    },
    Call {
        service: "sns.amazonaws.com",
        action: "lambda:InvokeFunction",
        resource: FUNCTION,
        source: Some(TOPIC),
        perhaps: false,
        account: true,
        through: None,
        extra: &[],
    },
    Call {
        service: "events.amazonaws.com",
        action: "kms:Decrypt",
        resource: KEY,
        source: None,
        perhaps: false,
        account: false,
        through: Some("sns"),
        extra: &[("kms:encryptioncontext:aws:sns:topicarn", TOPIC)],
    },
    Call {
        service: "sns.amazonaws.com",
        action: "kms:GenerateDataKey",
        resource: KEY,
        source: Some(TOPIC),
        perhaps: true,
        account: true,
        through: Some("sqs"),
        extra: &[],
    },
    Call {
        service: "events.amazonaws.com",
        action: "kms:GenerateDataKey",
        resource: KEY,
        source: Some(BUS),
        perhaps: false,
        account: true,
        through: None,
        extra: &[("kms:encryptioncontext:aws:events:event-bus:arn", BUS)],
    },
    Call {
        service: "events.amazonaws.com",
        action: "sqs:SendMessage",
        resource: QUEUE,
        source: Some(RULE),
        perhaps: false,
        account: true,
        through: None,
        extra: &[],
    },
    Call {
        service: "cloudtrail.amazonaws.com",
        action: "s3:PutObject",
        resource: FILE,
        source: Some(TRAIL),
        perhaps: false,
        account: true,
        through: None,
        extra: &[
            ("s3:x-amz-acl", "bucket-owner-full-control"),
            ("aws:resourceaccount", ACCOUNT),
            ("aws:requestedregion", "eu-west-1"),
        ],
    },
];

impl Call {
    fn proof(self, policy: &Value) -> Admission {
        let extra: Vec<_> =
            self.extra.iter().map(|(key, value)| (*key, Sent::Value(value))).collect();
        let request = Request {
            service: self.service,
            action: self.action,
            resource: self.resource,
            source_arn: match self.source {
                Some(arn) if self.perhaps => Sent::Perhaps(arn),
                Some(arn) => Sent::Value(arn),
                None => Sent::Never,
            },
            source_account: if self.account { Sent::Perhaps(ACCOUNT) } else { Sent::Never },
            through: self.through,
            extra: &extra,
        };
        admission(Some(policy), &request)
    }

    fn sandbox(self, policy: &Value) -> Weighed {
        let mut context = Vec::new();
        context.extend(self.source.map(|arn| ("aws:sourcearn", arn)));
        if self.account {
            context.push(("aws:sourceaccount", ACCOUNT));
        }
        let via = self.through.map(|name| format!("{name}.eu-west-1.amazonaws.com"));
        match &via {
            None => context
                .extend([("aws:securetransport", "true"), ("aws:principalisawsservice", "true")]),
            Some(via) => context.push(("kms:viaservice", via)),
        }
        context.extend(self.extra);
        let mut unsure = vec!["aws:sourceaccount", "kms:viaservice"];
        unsure.extend(self.perhaps.then_some("aws:sourcearn"));
        let request = policy::Request {
            principal: Principal::Service(self.service),
            action: self.action,
            resource: self.resource,
            context: &context,
            unsure: &unsure,
        };
        policy::weigh([policy], &request)
    }
}

/// Keys of all kinds, and values that hold, do not hold, or reach far.
const KEYS: &[&str] = &[
    "aws:SourceArn",
    "aws:SourceAccount",
    "AWS:SourceOwner",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalType",
    "aws:PrincipalTag/team",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:ViaAWSService",
    "aws:CalledVia",
    "aws:SecureTransport",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceTag/team",
    "aws:ResourceOrgID",
    "aws:CurrentTime",
    "aws:TokenIssueTime",
    "aws:EpochTime",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:userid",
    "aws:UserAgent",
    "aws:Referer",
    "aws:username",
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "aws:TagKeys",
    "sns:Protocol",
    "kms:ViaService",
    "kms:CallerAccount",
    "kms:KeySpec",
    "kms:GrantIsForAWSResource",
    "kms:EncryptionContext:team",
    "kms:EncryptionContext:aws:sns:topicArn",
    "kms:EncryptionContext:aws:events:event-bus:arn",
    "s3:x-amz-acl",
    "events:eventBusInvocation",
    "events:source",
    "events:detail-type",
    "something:Else",
];

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Bool",
    "Null",
    "IpAddress",
    "NotIpAddress",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateGreaterThan",
    "BinaryEquals",
    "Unheard",
];

const VALUES: &[&str] = &[
    ACCOUNT,
    "999988887777",
    RULE,
    TOPIC,
    "arn:aws:events:*:111122223333:rule/ctguard-*",
    "arn:aws:events:eu-west-1:111122223333:rule/other",
    "arn:aws:iam::111122223333:role/ctguard",
    "arn:aws:iam::*:role/*",
    "*",
    "o-a1b2c3d4e5",
    "events.amazonaws.com",
    "sns.amazonaws.com",
    "eu-west-1",
    "EU-WEST-1",
    "us-*",
    "AROA0000000000000000:session",
    "AROA0000000000000000:*",
    "AROA*",
    "AIDA*",
    "aroa0000000000000000:x",
    "A?OA",
    "sns.eu-west-1.amazonaws.com",
    "sqs.*.amazonaws.com",
    "true",
    "false",
    "192.0.2.0/24",
    "0.0.0.0/0",
    "128.0.0.0/1",
    "::/0",
    "bucket-owner-full-control",
    "arn:aws:*",
    "*.amazonaws.com",
    "??1122223333",
    "2020-01-01T00:00:00Z",
    "2020-01-01",
    "2999-01-01T00:00:00Z",
    "SYMMETRIC_DEFAULT",
    "1000",
    "https",
    "aws.ec2",
    "aws.*",
    "AWS API Call via CloudTrail",
    "${events:source}",
    "${aws:ResourceAccount}",
    "${aws:RequestedRegion}",
    "${aws:username}",
    "${aws:username, 'eu-west-1'}",
    "eu-west-${*}",
    "",
];

fn condition() -> impl Strategy<Value = (String, String, Vec<&'static str>)> {
    let set = prop_oneof![4 => Just(""), 1 => Just("ForAnyValue:"), 1 => Just("ForAllValues:")];
    let suffix = prop_oneof![3 => Just(""), 1 => Just("IfExists")];
    let operator = (set, proptest::sample::select(OPERATORS), suffix)
        .prop_map(|(set, operator, suffix)| format!("{set}{operator}{suffix}"));
    let key = proptest::sample::select(KEYS).prop_map(str::to_owned);
    (operator, key, proptest::collection::vec(proptest::sample::select(VALUES), 1..3))
}

#[derive(Debug, Clone)]
struct Drawn {
    effect: &'static str,
    principal: usize,
    action: usize,
    resource: usize,
    conditions: Vec<(String, String, Vec<&'static str>)>,
}

fn statement() -> impl Strategy<Value = Drawn> {
    let effect = prop_oneof![Just("Allow"), Just("Deny")];
    let some = proptest::collection::vec(condition(), 0..3);
    (effect, 0usize..7, 0usize..6, 0usize..6, some).prop_map(
        |(effect, principal, action, resource, conditions)| Drawn {
            effect,
            principal,
            action,
            resource,
            conditions,
        },
    )
}

/// Writes a statement about a call, mostly one that means it.
fn written(drawn: &Drawn, call: &Call) -> Value {
    let mut out = json!({ "Effect": drawn.effect });
    let (name, who) = match drawn.principal {
        0 | 1 => ("Principal", json!({ "Service": call.service })),
        2 => ("Principal", json!("*")),
        3 => ("Principal", json!({ "AWS": ["*"] })),
        4 => ("Principal", json!({ "AWS": ACCOUNT })),
        5 => ("NotPrincipal", json!({ "AWS": "arn:aws:iam::111122223333:root" })),
        _ => ("NotPrincipal", json!({ "Service": [call.service] })),
    };
    out[name] = who;
    let (name, action) = match drawn.action {
        0 | 1 => ("Action", json!(call.action)),
        2 => ("Action", json!([call.action.to_ascii_uppercase(), "x:Y"])),
        3 => ("Action", json!("*")),
        4 => ("NotAction", json!("iam:*")),
        _ => ("NotAction", json!([call.action])),
    };
    out[name] = action;
    let (name, resource) = match drawn.resource {
        0..=2 => ("Resource", json!(call.resource)),
        3 => ("Resource", json!(["*"])),
        4 => ("NotResource", json!("arn:aws:sns:us-east-1:*")),
        _ => ("Resource", json!(call.resource.replace(ACCOUNT, "${aws:ResourceAccount}"))),
    };
    out[name] = resource;
    let mut block: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for (operator, key, values) in &drawn.conditions {
        let values = if let [one] = values.as_slice() { json!(one) } else { json!(values) };
        block.entry(operator).or_default().insert(key, values);
    }
    if !block.is_empty() {
        out["Condition"] = json!(block);
    }
    out
}

type Case = (usize, Vec<Drawn>, bool);

fn case() -> impl Strategy<Value = Case> {
    let statements = proptest::collection::vec(statement(), 1..3);
    (0..CALLS.len(), statements, proptest::bool::weighted(0.8))
}

/// Holds the two evaluators against each other; returns what the proof says.
fn hold((call, drawn, new): &Case) -> Result<Admission, String> {
    let call = CALLS[*call];
    let statements: Vec<Value> = drawn.iter().map(|drawn| written(drawn, &call)).collect();
    let version = if *new { "2012-10-17" } else { "2008-10-17" };
    let policy = json!({ "Version": version, "Statement": statements });
    let (proof, sandbox) = (call.proof(&policy), call.sandbox(&policy));
    let agree = matches!(
        (&proof, &sandbox),
        (Admission::Admits, Weighed::Allowed)
            | (Admission::Assumes(_), Weighed::Unsure(_))
            | (Admission::Refuses(_), Weighed::Refused(_))
    );
    if agree {
        return Ok(proof);
    }
    Err(format!("{call:?}\n{policy:#}\nproof: {proof:?}\nsandbox: {sandbox:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_sandbox_refuses_is_not_assumed_and_what_is_assumed_is_not_known(case in case()) {
        let held = hold(&case);
        prop_assert!(held.is_ok(), "{}", held.err().unwrap());
    }
}

/// The law is not empty: every answer comes up often.
#[test]
fn the_law_of_policies_speaks_of_every_answer() {
    let mut runner = TestRunner::deterministic();
    let mut counts = [0; 3];
    let mut broken = Vec::new();
    for _ in 0..4000 {
        let case = case().new_tree(&mut runner).unwrap().current();
        match hold(&case) {
            Ok(Admission::Admits) => counts[0] += 1,
            Ok(Admission::Assumes(_)) => counts[1] += 1,
            Ok(Admission::Refuses(_)) => counts[2] += 1,
            Err(why) => broken.push(why),
        }
    }
    broken.sort_by_key(String::len);
    broken.truncate(10);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}

/// AWS's services call under their own name, which is among the names of theirs: whoever asks for
/// it lets them in, and whoever denies those without a name keeps no service out.
#[test]
fn a_service_that_calls_itself_has_its_name_among_its_names() {
    let key = "aws:PrincipalServiceNamesList";
    for call in CALLS.iter().filter(|call| call.through.is_none()) {
        let grant = json!({
            "Effect": "Allow", "Principal": { "Service": call.service },
            "Action": call.action, "Resource": call.resource,
        });
        let everybody = json!({
            "Principal": "*", "Action": call.action, "Resource": call.resource,
        });
        let with = |effect: &str, condition: Value| {
            let mut statement = everybody.clone();
            statement["Effect"] = json!(effect);
            statement["Condition"] = condition;
            statement
        };
        let any = |name: &str| json!({ "ForAnyValue:StringEquals": { key: name } });
        for (statements, admits) in [
            (vec![with("Allow", any(call.service))], true),
            (vec![grant.clone(), with("Deny", json!({ "Null": { key: "true" } }))], true),
            (vec![grant.clone(), with("Deny", json!({ "Null": { key: "false" } }))], false),
            (vec![grant.clone(), with("Deny", any(call.service))], false),
        ] {
            let policy = json!({ "Version": "2012-10-17", "Statement": statements });
            let (proof, sandbox) = (call.proof(&policy), call.sandbox(&policy));
            let agree = match admits {
                true => proof == Admission::Admits && sandbox == Weighed::Allowed,
                false => {
                    matches!(proof, Admission::Refuses(_)) && matches!(sandbox, Weighed::Refused(_))
                }
            };
            assert!(agree, "{call:?}\n{policy:#}\nproof: {proof:?}\nsandbox: {sandbox:?}");
        }
    }
}

/// The role that forwards events, and the account that it is of.
const SPOKE: &str = "222233334444";
const ROLE: &str = "arn:aws:iam::222233334444:role/ctguard-acme";
const SESSION: &str = "arn:aws:sts::222233334444:assumed-role/ctguard-acme/x";

/// Whom a statement of a bus's policy names, by a number.
fn named(drawn: usize) -> (&'static str, Value) {
    let root = "arn:aws:iam::222233334444:root";
    match drawn {
        0 => ("Principal", json!({ "AWS": root })),
        1 => ("Principal", json!({ "AWS": [ROLE, "999988887777"] })),
        2 => ("Principal", json!("*")),
        3 => ("NotPrincipal", json!({ "AWS": [root, ROLE] })),
        4 => ("NotPrincipal", json!({ "AWS": [root, ROLE, SESSION] })),
        5 => ("NotPrincipal", json!({ "AWS": "*" })),
        _ => ("Principal", json!({ "Service": "events.amazonaws.com" })),
    }
}

/// Holds the two evaluators against each other for the role that puts an event on the hub's bus.
fn hold_role((_, drawn, new): &Case) -> Result<Admission, String> {
    let account = AccountId::new(SPOKE).expect("twelve digits");
    let call = Call { action: "events:PutEvents", resource: BUS, ..CALLS[0] };
    let statements = drawn.iter().map(|drawn| {
        let mut statement = written(drawn, &call);
        let object = statement.as_object_mut().expect("an object");
        object.retain(|key, _| !key.ends_with("Principal"));
        let (name, who) = named(drawn.principal);
        object.insert(name.to_owned(), who);
        statement
    });
    let version = if *new { "2012-10-17" } else { "2008-10-17" };
    let policy = json!({ "Version": version, "Statement": statements.collect::<Vec<_>>() });
    let organization = ScopeOrganization {
        id: "o-a1b2c3d4e5".to_owned(),
        unit_paths: Default::default(),
        management: None,
        excluded: Default::default(),
    };
    let tags = Tags::default();
    let asker = Asker {
        role_arn: ROLE,
        account: &account,
        organization: Some(&organization),
        resource_account: ACCOUNT,
        resource_organization: Some("o-a1b2c3d4e5"),
        resource_service: "events",
        said_organization: None,
        tags: Some(&tags),
        resource_region: "eu-west-1",
        resource_tags: None,
        event: Some(("aws.ec2", "AWS API Call via CloudTrail")),
        alias: None,
        service: "EventBridge",
    };
    let proof = asker.admitted(Some(&policy), call.action, BUS);
    let context = [
        ("aws:principalarn", ROLE),
        ("aws:principalaccount", SPOKE),
        ("aws:principalisawsservice", "false"),
        ("aws:securetransport", "true"),
        ("events:eventbusinvocation", "true"),
        ("events:source", "aws.ec2"),
        ("events:detail-type", "AWS API Call via CloudTrail"),
        ("aws:principalorgid", "o-a1b2c3d4e5"),
        ("aws:resourceorgid", "o-a1b2c3d4e5"),
        ("aws:principalorgpaths", "o-a1b2c3d4e5/r-1/"),
    ];
    let request = policy::Request {
        principal: Principal::Role { arn: ROLE, account: &account },
        action: call.action,
        resource: BUS,
        context: &context,
        unsure: &[],
    };
    let sandbox = policy::weigh([&policy], &request);
    let agree = match (&proof, &sandbox) {
        (Admission::Admits, Weighed::Allowed)
        | (Admission::Assumes(_), Weighed::Unsure(_))
        | (Admission::Refuses(_), Weighed::Refused(_)) => true,
        // In which unit the account is, is not known to the proof.
        (Admission::Assumes(_), _) => policy.to_string().contains("OrgPaths"),
        _ => false,
    };
    if agree {
        return Ok(proof);
    }
    Err(format!("{policy:#}\nproof: {proof:?}\nsandbox: {sandbox:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_role_is_judged_as_the_sandbox_judges_it(case in case()) {
        let held = hold_role(&case);
        prop_assert!(held.is_ok(), "{}", held.err().unwrap());
    }
}
