//! Organization policies that keep everybody but named roles from what the alerts rest on: a
//! service control policy, and a resource control policy for the objects that have one.
//!
//! Neither grants anything. Both leave out the management account and service-linked roles.
//!
//! Sources: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>,
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>

use super::{grants, partition, path_and_name};
use crate::blueprint::{Blueprint, DestinationTopic};
use crate::resource::names::Names;
use crate::resource::policy;
use crate::scope::{AccountId, Arn, Partition};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Most characters of a service or resource control policy. White space counts where the policy is
/// saved by a program.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
pub const CONTROL_POLICY_MAX_CHARS: usize = 5_120;

/// Most policies of one type that a root, unit or account takes; one of them is AWS's own that
/// allows everything.
///
/// Source: the page of [`CONTROL_POLICY_MAX_CHARS`].
pub const CONTROL_POLICIES_MAX: usize = 5;

/// Keys that a statement names; more go into further statements.
const KEYS_OF_A_STATEMENT: usize = 20;

/// The role by which StackSets of an organization make roles in its accounts.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-enable-trusted-access.html>
const STACK_SETS: &str = "stacksets-exec-*";

const TRAIL: &[&str] = &[
    "cloudtrail:AddTags",
    "cloudtrail:DeleteTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:PutInsightSelectors",
    "cloudtrail:RemoveTags",
    "cloudtrail:StopLogging",
    "cloudtrail:UpdateTrail",
];

const RULES: &[&str] = &[
    "events:DeleteRule",
    "events:DisableRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:TagResource",
    "events:UntagResource",
];

const BUS: &[&str] = &[
    "events:DeleteEventBus",
    "events:TagResource",
    "events:UntagResource",
    "events:UpdateEventBus",
];

/// AWS defines no resource type for them: they are denied for every bus and every subscription of
/// the hub's account.
///
/// Sources: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>
const WITHOUT_RESOURCE: &[&str] = &[
    "events:PutPermission",
    "events:RemovePermission",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
];

const TOPICS: &[&str] = &[
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:PutDataProtectionPolicy",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sns:TagResource",
    "sns:UntagResource",
];

/// State machines that write mails or put the trail back. Another definition does what it likes, or
/// nothing, and a tag pauses healing.
const MACHINES: &[&str] = &[
    "states:DeleteStateMachine",
    "states:StopExecution",
    "states:TagResource",
    "states:UntagResource",
    "states:UpdateStateMachine",
];

const STARTS: &[&str] = &["states:StartExecution"];

const QUEUES: &[&str] = &[
    "sqs:AddPermission",
    "sqs:DeleteQueue",
    "sqs:PurgeQueue",
    "sqs:RemovePermission",
    "sqs:SetQueueAttributes",
    "sqs:TagQueue",
    "sqs:UntagQueue",
];

/// Whoever could make or change an exempted role would be exempted.
const ROLES: &[&str] = &[
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
];

/// S3's permissions have other names than its calls.
const BUCKET: &[&str] = &[
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
];

/// CloudTrail writes as a service, which neither policy holds back.
const LOGS: &[&str] = &[
    "s3:BypassGovernanceRetention",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
];

const KEYS: &[&str] = &["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"];

/// The type of an organization's policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Control {
    /// A service control policy: what members' users and roles may do.
    Scp,
    /// A resource control policy: what anybody may do to members' objects.
    Rcp,
}

impl Control {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Whom the policies let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exempt {
    /// ARNs, in which `*` stands for any text.
    arns: BTreeSet<String>,
}

/// Why somebody cannot be let through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExemptError {
    #[error("`{0}` is no role and no user: write a role's name, or an ARN")]
    NoRole(String),
    #[error("`{0}` begins with a wildcard, so that anybody could make a role that it lets through")]
    Anybody(String),
    #[error("`{0}` is of another partition than the blueprint, `{1}`")]
    Partition(String, Partition),
    #[error("`{0}` is no ARN of an account: its number has 12 digits, or is `*`")]
    Account(String),
    #[error("`{0}` can be no role's name: {1}")]
    Name(String, &'static str),
    #[error(
        "`{0}` is a role of IAM Identity Center, which has a path: write aws-reserved/sso.amazonaws.com/*{0}"
    )]
    Sso(String),
}

/// Characters of a role's name at most, and of its path.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const NAME_MAX: usize = 64;
const PATH_MAX: usize = 512;

impl Exempt {
    /// The roles that ctguard assumes, and these: names of roles, with their paths, or ARNs.
    ///
    /// # Errors
    /// When a text is neither, or would let anybody through.
    pub fn new(blueprint: &Blueprint, named: &[String]) -> Result<Self, ExemptError> {
        let partition = partition(blueprint);
        let mut arns = BTreeSet::new();
        for text in named {
            arns.insert(arn_of(text, partition)?);
        }
        if let Some(accounts) = &blueprint.accounts {
            let listed = accounts.listed.values().filter_map(|account| account.role.as_ref());
            let found = accounts.organization.as_ref().map(|organization| &organization.role);
            for role in listed.chain(found) {
                arns.insert(format!("arn:{partition}:iam::*:role/{}", path_and_name(role)));
            }
        }
        Ok(Self { arns })
    }

    /// Whether the account of who runs ctguard has no role that it would assume.
    pub fn lacks_the_caller(blueprint: &Blueprint) -> bool {
        match &blueprint.accounts {
            None => true,
            Some(all) => all.listed.values().any(|account| account.role.is_none()),
        }
    }
}

/// The ARN pattern of a role or user.
fn arn_of(text: &str, partition: Partition) -> Result<String, ExemptError> {
    let good = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_/*?".contains(c);
    let (arn, resource) = match Arn::parse(text) {
        Some(arn) if arn.service == "iam" => {
            if arn.account != "*" && AccountId::new(arn.account).is_none() {
                return Err(ExemptError::Account(text.to_owned()));
            }
            if arn.partition != partition.as_str() {
                return Err(ExemptError::Partition(text.to_owned(), partition));
            }
            (text.to_owned(), arn.resource)
        }
        Some(_) => return Err(ExemptError::NoRole(text.to_owned())),
        None => {
            // IAM shows paths with a slash before them, and ARNs have none.
            let name = text.strip_prefix('/').unwrap_or(text);
            (format!("arn:{partition}:iam::*:role/{name}"), name)
        }
    };
    let name = match Arn::parse(text) {
        None => Some(resource),
        Some(_) => resource.strip_prefix("role/").or_else(|| resource.strip_prefix("user/")),
    };
    match name {
        Some(name) if !name.is_empty() && name.chars().all(good) => {
            possible(text, name)?;
            let first = name.trim_start_matches('/').chars().next();
            match first {
                None | Some('*' | '?') => Err(ExemptError::Anybody(text.to_owned())),
                Some(_) => Ok(arn),
            }
        }
        _ => Err(ExemptError::NoRole(text.to_owned())),
    }
}

/// Refuses what no role can be called: a policy that names it would let nobody through.
fn possible(text: &str, name: &str) -> Result<(), ExemptError> {
    let (path, last) = name.rsplit_once('/').unwrap_or(("", name));
    let wrong = match () {
        () if last.is_empty() => "it ends with a slash",
        () if last.len() > NAME_MAX => "it has more than 64 characters",
        () if path.len() > PATH_MAX => "its path has more than 512 characters",
        () if name.contains("//") => "its path has two slashes side by side",
        () if path.is_empty() && last.starts_with("AWSReservedSSO_") => {
            return Err(ExemptError::Sso(text.to_owned()));
        }
        () => return Ok(()),
    };
    Err(ExemptError::Name(text.to_owned(), wrong))
}

/// The policies of a type, each within its size, statements kept whole. Several are to be attached
/// together.
pub fn guard(blueprint: &Blueprint, control: Control, exempt: &Exempt) -> Vec<Value> {
    let statements = match control {
        Control::Scp => scp(blueprint, exempt),
        Control::Rcp => rcp(blueprint, exempt),
    };
    let mut parts: Vec<Vec<Value>> = Vec::new();
    for statement in statements {
        match parts.last_mut() {
            Some(last) if fits(last, &statement) => last.push(statement),
            _ => parts.push(vec![statement]),
        }
    }
    parts.into_iter().map(policy::document).collect()
}

fn fits(statements: &[Value], next: &Value) -> bool {
    let all = statements.iter().chain([next]).cloned().collect();
    size(&policy::document(all)) <= CONTROL_POLICY_MAX_CHARS
}

/// Characters of a policy as it is printed: without white space between its parts.
pub fn size(document: &Value) -> usize {
    document.to_string().chars().count()
}

fn scp(blueprint: &Blueprint, exempt: &Exempt) -> Vec<Value> {
    let names = Names::new(&blueprint.name);
    let prefix = names.prefix();
    let partition = partition(blueprint);
    let arn = |service: &str, resource: &str| format!("arn:{partition}:{service}:*:*:{resource}");
    let role_arn = |name: &str| format!("arn:{partition}:iam::*:role/{name}");
    let deny = |sid: &str, actions: &[&str], resources: Vec<String>| {
        deny(sid, actions, resources, &exempt.arns)
    };
    let mut statements = Vec::new();
    if let Some(trail) = &blueprint.trail {
        let arn = arn("cloudtrail", &format!("trail/{}", trail.name));
        // What puts the trail back is let through there, and nowhere else.
        let mut exempt = exempt.arns.clone();
        exempt.extend(blueprint.heal.iter().map(|_| role_arn(&names.heal())));
        statements.push(self::deny("GuardTrail", TRAIL, vec![arn], &exempt));
    }
    let mut rules = vec![arn("events", &format!("rule/{prefix}*"))];
    if let Some(hub) = &blueprint.hub {
        rules.push(arn("events", &format!("rule/{}/*", names.bus())));
        let bus = arn("events", &format!("event-bus/{}", names.bus()));
        statements.push(deny("GuardBus", BUS, vec![bus]));
        let mut in_hub = deny("GuardHub", WITHOUT_RESOURCE, vec!["*".to_owned()]);
        in_hub["Condition"]["StringEquals"] =
            json!({ "aws:PrincipalAccount": hub.account.as_str() });
        statements.push(in_hub);
    }
    // What puts rules back is let through there.
    let mut healer = exempt.arns.clone();
    let heals_rules = blueprint.heal.as_ref().is_some_and(|heal| heal.rules.is_some());
    healer.extend(heals_rules.then(|| role_arn(&names.heal_rules())));
    statements.push(self::deny("GuardRules", RULES, rules, &healer));
    let own = vec![arn("sns", &format!("{prefix}*"))];
    let named =
        blueprint.destinations.values().filter_map(|destination| match &destination.topic {
            DestinationTopic::Existing(arn) => {
                Some(arn.replace("{account}", "*").replace("{region}", "*"))
            }
            DestinationTopic::Managed(_) => None,
        });
    let topics: BTreeSet<String> = own.into_iter().chain(named).collect();
    statements.push(deny("GuardTopics", TOPICS, topics.into_iter().collect()));
    statements.push(deny("GuardQueues", QUEUES, vec![arn("sqs", &format!("{prefix}*"))]));
    let mails = grants::mails(blueprint).then(|| names.machine());
    let heals = blueprint.heal.as_ref().map(|_| names.heal());
    let rules = heals_rules.then(|| names.heal_rules());
    let machines: Vec<String> = mails.into_iter().chain(heals).chain(rules).collect();
    if !machines.is_empty() {
        let arns = machines.iter().map(|name| arn("states", &format!("stateMachine:{name}")));
        let runs = machines.iter().map(|name| arn("states", &format!("execution:{name}:*")));
        statements.push(deny("GuardMachines", MACHINES, arns.chain(runs).collect()));
    }
    // Whoever starts what heals uses up its limit.
    let healers: Vec<String> = blueprint
        .heal
        .iter()
        .map(|_| names.heal())
        .chain(heals_rules.then(|| names.heal_rules()))
        .collect();
    if !healers.is_empty() {
        let arns = healers.iter().map(|name| arn("states", &format!("stateMachine:{name}")));
        let mut starters = exempt.arns.clone();
        starters.insert(role_arn(&names.role()));
        starters.extend(healers.iter().map(|name| role_arn(name)));
        statements.push(self::deny("GuardHealing", STARTS, arns.collect(), &starters));
    }
    let exec = format!("arn:{partition}:iam::*:role/{STACK_SETS}");
    let in_organization =
        blueprint.accounts.as_ref().is_some_and(|accounts| accounts.organization.is_some());
    // Only roles can be made or changed by these calls.
    let mut roles: BTreeSet<String> =
        exempt.arns.iter().filter(|arn| arn.contains(":role/")).cloned().collect();
    roles.insert(role_arn(&names.role()));
    roles.extend(machines.iter().map(|name| role_arn(name)));
    let mut makers = exempt.arns.clone();
    if in_organization {
        roles.insert(exec.clone());
        makers.insert(exec);
    }
    statements.push(self::deny("GuardRoles", ROLES, roles.into_iter().collect(), &makers));
    statements.extend(of_objects(blueprint, deny));
    statements
}

fn rcp(blueprint: &Blueprint, exempt: &Exempt) -> Vec<Value> {
    let names = Names::new(&blueprint.name);
    let queues = format!("arn:{}:sqs:*:*:{}*", partition(blueprint), names.prefix());
    let deny = |sid: &str, actions: &[&str], resources: Vec<String>| {
        let mut statement = deny(sid, actions, resources, &exempt.arns);
        // An RCP is for every caller, those of other organizations too, and holds services back.
        statement["Principal"] = json!("*");
        statement["Condition"]["BoolIfExists"] = json!({ "aws:PrincipalIsAWSService": "false" });
        statement
    };
    let mut statements = vec![deny("GuardQueues", QUEUES, vec![queues])];
    statements.extend(of_objects(blueprint, deny));
    statements
}

/// The bucket with its logs, and the keys that the blueprint names.
fn of_objects(
    blueprint: &Blueprint,
    deny: impl Fn(&str, &[&str], Vec<String>) -> Value,
) -> Vec<Value> {
    let partition = partition(blueprint);
    let mut statements = Vec::new();
    if let Some(trail) = &blueprint.trail {
        let bucket = format!("arn:{partition}:s3:::{}", trail.bucket);
        statements.push(deny("GuardLogs", LOGS, vec![format!("{bucket}/*")]));
        statements.push(deny("GuardBucket", BUCKET, vec![bucket]));
    }
    for (index, keys) in keys(blueprint).chunks(KEYS_OF_A_STATEMENT).enumerate() {
        statements.push(deny(&format!("GuardKeys{}", index + 1), KEYS, keys.to_vec()));
    }
    statements
}

/// Keys by ARN. IAM knows an alias by a condition of the call only, so those are left out.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html>
fn keys(blueprint: &Blueprint) -> Vec<String> {
    let of_trail = blueprint.trail.iter().filter_map(|trail| trail.kms_key.as_deref());
    let of_topics = blueprint.destinations.values().filter_map(|of| of.kms_key.as_deref());
    let keys = of_trail.chain(of_topics).filter(|key| key.contains(":key/"));
    let places = |key: &str| key.replace("{account}", "*").replace("{region}", "*");
    keys.map(places).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Keys that the blueprint names by an alias, which no statement can name.
pub fn keys_by_alias(blueprint: &Blueprint) -> Vec<&str> {
    let of_trail = blueprint.trail.iter().filter_map(|trail| trail.kms_key.as_deref());
    let of_topics = blueprint.destinations.values().filter_map(|of| of.kms_key.as_deref());
    let keys = of_trail.chain(of_topics).filter(|key| key.contains("alias/"));
    keys.collect::<BTreeSet<_>>().into_iter().collect()
}

fn deny(sid: &str, actions: &[&str], resources: Vec<String>, exempt: &BTreeSet<String>) -> Value {
    let resource = match <[String; 1]>::try_from(resources) {
        Ok([one]) => json!(one),
        Err(several) => json!(several),
    };
    json!({
        "Sid": sid,
        "Effect": "Deny",
        "Action": actions,
        "Resource": resource,
        "Condition": { "ArnNotLike": { "aws:PrincipalArn": exempt } },
    })
}

#[cfg(test)]
mod tests;
