//! The IAM policies that ctguard's identity needs: one that reads, one that also applies.
//!
//! Resources are as narrow as names computed from the blueprint allow. A test holds these lists against
//! every call that the port can make.

use crate::blueprint::{Blueprint, Subscriber};
use crate::cloud::Permission;
use crate::desired::Names;
use crate::resource::topic::Protocol;
use crate::resource::{ALERT_TAG, BLUEPRINT_TAG, VERSION_TAG, policy};
use crate::scope::{Partition, Place, Region};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the identity is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `plan`, `drift`, `verify`.
    Read,
    /// `apply`, which reads too.
    Apply,
}

/// Calls that read and whose resource cannot be narrowed.
const READ_ANYWHERE: &[&str] = &[
    "account:ListRegions",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTags",
    "cloudwatch:GetMetricData",
    "events:ListEventBuses",
    "events:ListRules",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "sns:GetSubscriptionAttributes",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListQueueTags",
    "tag:GetResources",
];

/// Calls that read a topic; a blueprint may name topics that it does not own.
const READ_TOPICS: &[&str] =
    &["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"];

/// Calls that read a function that subscribes; asked for only where a blueprint names one.
const READ_FUNCTIONS: &[&str] = &["lambda:GetPolicy"];

const READ_RULES: &[&str] = &["events:ListTagsForResource", "events:ListTargetsByRule"];

const READ_BUS: &[&str] = &["events:DescribeEventBus", "events:ListTagsForResource"];

const READ_ROLE: &[&str] = &["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies"];

/// The organization's accounts; these calls are answered to the management account and to delegated administrators.
const READ_ORGANIZATION: &[&str] =
    &["organizations:DescribeOrganization", "organizations:ListAccounts"];

const READ_UNITS: &[&str] = &[
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListParents",
];

/// S3 names these permissions otherwise than its calls.
const READ_BUCKET: &[&str] = &[
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",
];

const WRITE_RULES: &[&str] = &[
    "events:DeleteRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:TagResource",
];

const WRITE_BUS: &[&str] = &["events:CreateEventBus", "events:TagResource"];

/// AWS names no resource for it, so nothing narrower than all is ever matched.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
const WRITE_BUS_POLICY: &[&str] = &["events:PutPermission"];

/// What a hub that the blueprint had once has left behind is taken away.
const DELETE_BUS: &[&str] = &["events:DeleteEventBus"];

const WRITE_ROLE: &[&str] =
    &["iam:CreateRole", "iam:PutRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy"];

const DELETE_ROLE: &[&str] = &["iam:DeleteRole", "iam:DeleteRolePolicy"];

const WRITE_TOPICS: &[&str] = &[
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sns:TagResource",
];

/// AWS names no resource for them, so nothing narrower than all is ever matched.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>
const WRITE_SUBSCRIPTIONS: &[&str] = &["sns:SetSubscriptionAttributes", "sns:Unsubscribe"];

const WRITE_QUEUES: &[&str] =
    &["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"];

/// Never StopLogging or DeleteTrail: ctguard does neither.
const WRITE_TRAIL: &[&str] = &[
    "cloudtrail:AddTags",
    "cloudtrail:CreateTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
];

/// Taking ctguard's own tags off, and no others.
const RELEASE_TRAILS: &[&str] = &["cloudtrail:RemoveTags"];

/// Never DeleteBucket.
const WRITE_BUCKET: &[&str] = &[
    "s3:CreateBucket",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
];

/// The policy of the identity that runs ctguard: what it does in its own account, and how it gets into others.
pub fn document(blueprint: &Blueprint, purpose: Purpose) -> Value {
    let mut statements = in_account(blueprint, purpose);
    statements.extend(entering(blueprint));
    policy::document(statements)
}

/// The statements for whoever works in an account: the identity that runs ctguard in its own, a role that
/// it assumes in another.
pub fn in_account(blueprint: &Blueprint, purpose: Purpose) -> Vec<Value> {
    let names = Names::new(&blueprint.name);
    let prefix = names.prefix();
    let partition = partition(blueprint);
    let arn = |service: &str, resource: &str| format!("arn:{partition}:{service}:*:*:{resource}");
    let bus = json!(arn("events", &format!("event-bus/{}", names.bus())));
    let role = json!(format!("arn:{partition}:iam::*:role/{}", names.role()));
    let rules = json!([
        arn("events", &format!("rule/{prefix}*")),
        arn("events", &format!("rule/{}/{prefix}*", names.bus())),
    ]);
    let topics = arn("sns", &format!("{prefix}*"));
    let queues = arn("sqs", &format!("{prefix}*"));
    let mut statements = vec![
        allow("ReadAnywhere", READ_ANYWHERE, &json!("*")),
        allow("ReadTopics", READ_TOPICS, &json!(arn("sns", "*"))),
        allow("ReadRules", READ_RULES, &rules),
        allow("ReadBus", READ_BUS, &bus),
        allow("ReadForwardRole", READ_ROLE, &role),
    ];
    if calls_functions(blueprint) {
        statements.push(allow(
            "ReadFunctions",
            READ_FUNCTIONS,
            &json!(arn("lambda", "function:*")),
        ));
    }
    if purpose == Purpose::Apply {
        statements.push(allow("WriteRules", WRITE_RULES, &rules));
        statements.push(allow("WriteTopics", WRITE_TOPICS, &json!(topics)));
        statements.push(allow("WriteSubscriptions", WRITE_SUBSCRIPTIONS, &json!("*")));
        statements.push(allow("WriteQueues", WRITE_QUEUES, &json!(queues)));
        statements.push(allow("DeleteBus", DELETE_BUS, &bus));
        statements.push(allow("DeleteForwardRole", DELETE_ROLE, &role));
        // A trail that the blueprint no longer keeps, and so no longer names, is released.
        let mut release =
            allow("ReleaseTrails", RELEASE_TRAILS, &json!(arn("cloudtrail", "trail/*")));
        release["Condition"] = json!({ "ForAllValues:StringEquals": {
            "aws:TagKeys": [BLUEPRINT_TAG, VERSION_TAG, ALERT_TAG],
        } });
        statements.push(release);
    }
    if purpose == Purpose::Apply && blueprint.hub.is_some() {
        statements.push(allow("WriteBus", WRITE_BUS, &bus));
        statements.push(allow("WriteBusPolicy", WRITE_BUS_POLICY, &json!("*")));
        statements.push(allow("WriteForwardRole", WRITE_ROLE, &role));
        // AWS advises against a condition on the role's tags: it is not reliably heeded for this action.
        // Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
        let mut pass = allow("PassForwardRole", &["iam:PassRole"], &role);
        pass["Condition"] =
            json!({ "StringEquals": { "iam:PassedToService": "events.amazonaws.com" } });
        statements.push(pass);
    }
    if let Some(trail) = &blueprint.trail {
        let bucket = json!(format!("arn:{partition}:s3:::{}", trail.bucket));
        statements.push(allow("ReadTrailBucket", READ_BUCKET, &bucket));
        if purpose == Purpose::Apply {
            let trail_arn = arn("cloudtrail", &format!("trail/{}", trail.name));
            statements.push(allow("WriteTrail", WRITE_TRAIL, &json!(trail_arn)));
            statements.push(allow("WriteTrailBucket", WRITE_BUCKET, &bucket));
        }
    }
    statements
}

/// The statements for the identity that runs ctguard alone: finding the accounts, and assuming their roles.
pub fn entering(blueprint: &Blueprint) -> Vec<Value> {
    let Some(accounts) = &blueprint.accounts else { return Vec::new() };
    let partition = partition(blueprint);
    let listed = accounts
        .listed
        .values()
        .filter_map(|account| account.role.as_ref().map(|role| role.arn(partition, &account.id)));
    let mut roles: BTreeSet<String> = listed.collect();
    let mut statements = Vec::new();
    if let Some(organization) = &accounts.organization {
        let role = &organization.role.role;
        roles.insert(match role.starts_with("arn:") {
            true => role.clone(),
            false => format!("arn:{partition}:iam::*:role/{role}"),
        });
        let mut calls = READ_ORGANIZATION.to_vec();
        if !organization.include_units.is_empty() {
            calls.extend(READ_UNITS);
        }
        statements.push(allow("FindAccounts", &calls, &json!("*")));
    }
    if !roles.is_empty() {
        statements.push(allow("EnterAccounts", &["sts:AssumeRole"], &json!(roles)));
    }
    statements
}

fn allow(sid: &str, actions: &[&str], resource: &Value) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn calls_functions(blueprint: &Blueprint) -> bool {
    blueprint.destinations.values().flat_map(|destination| &destination.subscribers).any(
        |subscriber| {
            matches!(subscriber, Subscriber::Endpoint(to) if to.protocol == Protocol::Lambda)
        },
    )
}

/// The partition that the blueprint is for; `aws` when it names no region.
fn partition(blueprint: &Blueprint) -> Partition {
    blueprint.first_region().map_or(Partition::Aws, Region::partition)
}

/// Every permission of the policy document, on a resource of this place, except for passing roles.
pub fn wanted(blueprint: &Blueprint, purpose: Purpose, place: &Place) -> BTreeSet<Permission> {
    let document = document(blueprint, purpose);
    let mut wanted = BTreeSet::new();
    for statement in policy::statements(&document) {
        let operations = strings(&statement["Action"]);
        for resource in strings(&statement["Resource"]) {
            let resource = match resource {
                "*" => "*".to_owned(),
                pattern => pattern
                    .replacen(":*:*:", &format!(":{}:{}:", place.region, place.account), 1)
                    .replacen("::*:", &format!("::{}:", place.account), 1)
                    .replace('*', "check"),
            };
            for operation in operations.iter().filter(|name| **name != "iam:PassRole") {
                wanted.insert(Permission {
                    operation: (*operation).to_owned(),
                    resource: resource.clone(),
                });
            }
        }
    }
    wanted
}

/// The text or texts of a policy's element.
fn strings(element: &Value) -> Vec<&str> {
    match element {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::{Account, Accounts, AssumedRole, Hub, OrganizationAccounts};
    use crate::scope::AccountId;
    use std::collections::{BTreeMap, BTreeSet};

    /// What the adapter's files say, so that a call added there and forgotten here is found.
    fn adapter() -> Vec<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cloud/aws");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let code = |text: String| text.split("mod tests {").next().unwrap_or_default().to_owned();
        let texts = files.filter(|path| path.is_file()).map(std::fs::read_to_string);
        texts.map(|text| code(text.unwrap())).collect()
    }

    /// What stands in the adapter's files and needs no grant: whoever has credentials may ask whose they are,
    /// and asking IAM what they may do is a courtesy that does without.
    const UNGRANTED: [&str; 2] = ["iam:SimulatePrincipalPolicy", "sts:GetCallerIdentity"];

    fn account(id: &str) -> AccountId {
        AccountId::new(id).unwrap()
    }

    /// A blueprint that uses everything there is.
    fn blueprint() -> Blueprint {
        let role = |role: &str| AssumedRole {
            role: role.to_owned(),
            external_id: None,
            session_name: None,
        };
        let listed = Account {
            id: account("222222222222"),
            name: None,
            role: Some(role("ops/ctguard")),
            omit: BTreeSet::new(),
            routes: BTreeMap::new(),
            span: None,
        };
        let organization = OrganizationAccounts {
            include_units: BTreeSet::from(["ou-ab12-11111111".to_owned()]),
            exclude: BTreeSet::new(),
            role: role("ctguard"),
            span: None,
        };
        Blueprint {
            accounts: Some(Accounts {
                listed: BTreeMap::from([(listed.id.clone(), listed)]),
                organization: Some(organization),
            }),
            hub: Some(Hub {
                account: account("111122223333"),
                region: Region::new("eu-west-1").unwrap(),
                organization: None,
                span: None,
            }),
            ..in_one_account()
        }
    }

    fn in_one_account() -> Blueprint {
        let text = "version: 1\nname: acme\nregions: [eu-west-1]\ntrail: { name: main, bucket: logs, home_region: eu-west-1 }\ndestinations: { func: { topic: func, format: json, subscribers: [{ lambda: 'arn:aws:lambda:eu-west-1:111122223333:function:triage' }] } }\nalerts: []\n";
        let loaded =
            crate::blueprint::load_text("b.yaml", text, None, jiff::civil::date(2026, 11, 22));
        loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    /// What stands in the text as `"service:Operation"`.
    fn operations(text: &str) -> BTreeSet<String> {
        text.split('"')
            .filter(|word| {
                word.split_once(':').is_some_and(|(service, name)| {
                    service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                        && name.starts_with(|c: char| c.is_ascii_uppercase())
                        && name.bytes().all(|b| b.is_ascii_alphanumeric())
                })
            })
            .map(str::to_owned)
            .collect()
    }

    /// What the calls of these operations are made on.
    fn made_on(operation: &str) -> &'static str {
        let (service, name) = operation.split_once(':').unwrap();
        match (service, name) {
            ("events", "ListRules") => "arn:aws:events:eu-west-1:111122223333:rule/*",
            ("events", "ListEventBuses") => "?",
            ("events", "PutPermission") => "?",
            ("events", call) if call.ends_with("EventBus") => {
                "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme"
            }
            ("iam", _) => "arn:aws:iam::111122223333:role/ctguard-acme",
            ("sts", _) => "arn:aws:iam::222222222222:role/ops/ctguard",
            ("events", _) => "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-root-login",
            // AWS asks for these with no resource at all.
            ("sns", "GetSubscriptionAttributes" | "SetSubscriptionAttributes" | "Unsubscribe") => {
                "?"
            }
            ("sns", _) => "arn:aws:sns:eu-west-1:111122223333:ctguard-acme-secops",
            ("sqs", _) => "arn:aws:sqs:eu-west-1:111122223333:ctguard-acme-targets",
            ("cloudtrail", "DescribeTrails") => "?",
            ("cloudtrail", _) => "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main",
            ("s3", _) => "arn:aws:s3:::logs",
            ("lambda", _) => "arn:aws:lambda:eu-west-1:111122223333:function:triage:prod",
            ("kms", _) => "arn:aws:kms:eu-west-1:111122223333:key/1",
            _ => "?",
        }
    }

    /// The operations that a policy grants, each with its resources.
    fn granted(purpose: Purpose) -> BTreeMap<String, Vec<String>> {
        granted_by(&document(&blueprint(), purpose))
    }

    fn granted_by(policy: &Value) -> BTreeMap<String, Vec<String>> {
        let mut granted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for statement in policy::statements(policy) {
            for action in strings(&statement["Action"]) {
                let resources = strings(&statement["Resource"]).into_iter().map(str::to_owned);
                granted.entry(action.to_owned()).or_default().extend(resources);
            }
        }
        granted
    }

    fn writes() -> BTreeSet<String> {
        let port = include_str!("cloud.rs");
        let names = port.split_once("pub fn operation(&self)").unwrap().1;
        operations(names.split_once("/// A call that did not succeed").unwrap().0)
    }

    fn reads() -> BTreeSet<String> {
        let all: BTreeSet<String> = adapter().iter().flat_map(|text| operations(text)).collect();
        all.difference(&writes())
            .filter(|name| !UNGRANTED.contains(&name.as_str()))
            .cloned()
            .collect()
    }

    fn allows(granted: &BTreeMap<String, Vec<String>>, operation: &str) -> bool {
        let glob = crate::cloud::sandbox::policy::glob;
        granted.get(operation).is_some_and(|resources| {
            resources.iter().any(|resource| resource == "*" || glob(resource, made_on(operation)))
        })
    }

    #[test]
    fn every_call_is_granted_on_what_it_is_made_on() {
        assert!(
            writes().len() > 25 && reads().len() > 20,
            "the lists are not found in the sources"
        );
        let (read, apply) = (granted(Purpose::Read), granted(Purpose::Apply));
        for operation in reads() {
            assert!(allows(&read, &operation), "the read policy does not grant {operation}");
            assert!(allows(&apply, &operation), "the apply policy does not grant {operation}");
        }
        for operation in writes() {
            assert!(allows(&apply, &operation), "the apply policy does not grant {operation}");
            assert!(!read.contains_key(&operation), "the read policy grants {operation}");
        }
    }

    #[test]
    fn nothing_is_granted_that_is_not_called() {
        let called: BTreeSet<String> = reads().union(&writes()).cloned().collect();
        for operation in granted(Purpose::Apply).keys().filter(|name| *name != "iam:PassRole") {
            assert!(called.contains(operation), "{operation} is granted and never called");
        }
    }

    #[test]
    fn nothing_of_others_can_be_written() {
        let apply = granted(Purpose::Apply);
        for operation in writes().iter().filter(|name| made_on(name) != "?") {
            let others = made_on(operation)
                .replace("acme", "other")
                .replace("logs", "theirs")
                .replace("trail/main", "trail/theirs");
            let reached = apply[operation]
                .iter()
                .any(|resource| crate::cloud::sandbox::policy::glob(resource, &others));
            assert!(
                !reached || operation == "cloudtrail:RemoveTags",
                "{operation} reaches {others}"
            );
        }
    }

    #[test]
    fn rules_of_the_hubs_bus_are_granted_as_those_of_the_default_one() {
        let apply = granted(Purpose::Apply);
        let glob = crate::cloud::sandbox::policy::glob;
        for operation in WRITE_RULES.iter().chain(READ_RULES) {
            let rule = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme/ctguard-acme-login";
            assert!(apply[*operation].iter().any(|arn| glob(arn, rule)), "{operation}");
            let other = rule.replace("/ctguard-acme/", "/theirs/");
            assert!(!apply[*operation].iter().any(|arn| glob(arn, &other)), "{operation}");
        }
    }

    #[test]
    fn what_is_only_for_fleets_and_hubs_is_granted_only_there() {
        let one = granted_by(&document(&in_one_account(), Purpose::Apply));
        for operation in ["iam:PassRole", "iam:CreateRole", "iam:PutRolePolicy", "sts:AssumeRole"] {
            assert!(!one.contains_key(operation), "{operation}");
        }
        assert!(!one.keys().any(|operation| operation.starts_with("organizations:")));
        assert_eq!(one["iam:DeleteRole"], ["arn:aws:iam::*:role/ctguard-acme"]);
        // A role that is assumed does not go on from account to account.
        let inside = granted_by(&policy::document(in_account(&blueprint(), Purpose::Apply)));
        assert!(!inside.contains_key("sts:AssumeRole"));

        let fleet = granted(Purpose::Read);
        let roles = ["arn:aws:iam::*:role/ctguard", "arn:aws:iam::222222222222:role/ops/ctguard"];
        assert_eq!(fleet["sts:AssumeRole"], roles);
        assert!(fleet.contains_key("organizations:ListAccountsForParent"));
        let mut whole = blueprint();
        whole.accounts.as_mut().unwrap().organization.as_mut().unwrap().include_units.clear();
        let whole = granted_by(&document(&whole, Purpose::Read));
        assert!(whole.contains_key("organizations:ListAccounts"));
        assert!(!whole.contains_key("organizations:ListAccountsForParent"));
    }

    #[test]
    fn the_role_is_passed_to_eventbridge_alone() {
        let policy = document(&blueprint(), Purpose::Apply);
        let passing: Vec<_> = policy::statements(&policy)
            .into_iter()
            .filter(|statement| strings(&statement["Action"]).contains(&"iam:PassRole"))
            .collect();
        assert_eq!(passing.len(), 1);
        assert_eq!(passing[0]["Resource"], "arn:aws:iam::*:role/ctguard-acme");
        let to = &passing[0]["Condition"]["StringEquals"]["iam:PassedToService"];
        assert_eq!(to, "events.amazonaws.com");
    }

    #[test]
    fn what_is_asked_of_the_simulator_is_in_the_account_that_asks() {
        let place = Place::new(account("111122223333"), Region::new("eu-west-1").unwrap());
        let wanted = wanted(&blueprint(), Purpose::Apply, &place);
        let has = |operation: &str, resource: &str| {
            wanted.contains(&Permission {
                operation: operation.to_owned(),
                resource: resource.to_owned(),
            })
        };
        assert!(has("iam:CreateRole", "arn:aws:iam::111122223333:role/ctguard-acme"));
        assert!(has("sts:AssumeRole", "arn:aws:iam::222222222222:role/ops/ctguard"));
        let rule = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme/ctguard-acme-check";
        assert!(has("events:PutRule", rule));
        assert!(!wanted.iter().any(|permission| permission.operation == "iam:PassRole"));
    }
}
