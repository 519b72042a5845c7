//! The statements for one account: which calls, on what, and why.

mod calls;

pub(super) use calls::every_call;

use super::{Identity, Purpose, keeper, partition};
use crate::blueprint::{
    Blueprint, DestinationTopic, Format, SecretReference, SecretSource, SecretStore, Subscriber,
    TopicRole,
};
use crate::resource::names::Names;
use crate::resource::{ALERT_TAG, BLUEPRINT_TAG, RELEASED_TAG, VERSION_TAG};
use crate::scope::{AccountId, Arn};
use calls::{
    DECRYPT_SECRETS, DELETE_BUS, DELETE_MACHINES, DELETE_QUEUES, DELETE_ROLE, DELETE_RULES,
    DELETE_SUBSCRIPTIONS, DELETE_TOPICS, DRILL_TRAIL, MARK_TRAILS, PAUSE_HEALING, READ_ANYWHERE,
    READ_BUCKET, READ_BUS, READ_DEFAULT_BUS, READ_FUNCTIONS, READ_HISTORY, READ_MACHINES,
    READ_METRICS, READ_ORGANIZATION, READ_PARAMETERS, READ_POLICIES, READ_QUEUES, READ_ROLE,
    READ_RULES, READ_SECRETS, READ_SUBSCRIPTIONS, READ_TOPICS, READ_UNITS, RECEIVE, RELEASE_BUCKET,
    RELEASE_TRAILS, TAG_BUCKET, WRITE_BUCKET, WRITE_BUS, WRITE_BUS_POLICY, WRITE_MACHINES,
    WRITE_QUEUES, WRITE_ROLE, WRITE_RULES, WRITE_SUBSCRIPTIONS, WRITE_TOPICS, WRITE_TRAIL,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Purpose {
    fn makes(self) -> bool {
        matches!(self, Self::Apply | Self::All)
    }

    fn deletes(self) -> bool {
        matches!(self, Self::Apply | Self::Destroy | Self::All)
    }
}

/// The tasks in an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Duties {
    /// It is the hub's: the bus, and the rules on it.
    hub: bool,
    /// Alerts are raised there: topics and their subscriptions.
    raises: bool,
    /// Its events go to the hub, through a role.
    forwards: bool,
    /// It keeps the trail.
    trail: bool,
    /// The accounts whose subscribed queues and functions are read.
    subscribers: Subscribers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Subscribers {
    #[default]
    OfOthers,
    OfTheHub,
    All,
}

impl Duties {
    /// What is done in the accounts of a kind; `None` where the blueprint has none of it.
    pub(super) fn of(blueprint: &Blueprint, identity: Identity) -> Option<Self> {
        let hub = blueprint.hub.as_ref();
        let keeper = keeper(blueprint);
        let keeps = |account: Option<&AccountId>| account.is_some() && account == keeper;
        let everywhere = Self { raises: hub.is_none(), forwards: hub.is_some(), ..Self::default() };
        Some(match identity {
            Identity::Hub => Self {
                hub: true,
                raises: true,
                trail: keeps(hub.map(|hub| &hub.account)),
                subscribers: Subscribers::OfTheHub,
                ..hub.map(|_| everywhere)?
            },
            Identity::Trail => {
                keeper.filter(|keeper| hub.is_none_or(|hub| hub.account != **keeper))?;
                // Healing tells what it put back where the trail is.
                let raises = everywhere.raises || blueprint.heal.is_some();
                Self { trail: true, raises, ..everywhere }
            }
            Identity::Spoke => everywhere,
            Identity::Ci => return None,
        })
    }

    /// All tasks, for a single covered account.
    pub(super) fn everything(blueprint: &Blueprint) -> Self {
        let hub = blueprint.hub.is_some();
        let trail = blueprint.trail.is_some();
        Self { hub, raises: true, forwards: hub, trail, subscribers: Subscribers::All }
    }

    /// The union of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            hub: self.hub || other.hub,
            raises: self.raises || other.raises,
            forwards: self.forwards || other.forwards,
            trail: self.trail || other.trail,
            subscribers: match self.subscribers == other.subscribers {
                true => self.subscribers,
                false => Subscribers::All,
            },
        }
    }
}

/// The resources of a blueprint, as IAM's patterns.
struct Resources {
    bus: Value,
    default_bus: Value,
    role: Value,
    /// Of state machines: the one that mails, and those that heal the trail and rules.
    machine_roles: [String; 3],
    machines: [String; 3],
    /// The same in one pattern, for what is granted of all of them.
    every_machine: String,
    every_machine_role: String,
    policies: Value,
    /// On the default bus.
    rules: String,
    /// On the hub's bus.
    hub_rules: String,
    /// All rules of the hub's bus, those of others too.
    rules_of_hub: String,
    own_topics: String,
    own_queues: String,
}

impl Resources {
    fn of(blueprint: &Blueprint) -> Self {
        let names = Names::new(&blueprint.name);
        let prefix = names.prefix();
        let partition = partition(blueprint);
        let arn =
            |service: &str, resource: &str| format!("arn:{partition}:{service}:*:*:{resource}");
        Self {
            bus: json!(arn("events", &format!("event-bus/{}", names.bus()))),
            default_bus: json!(arn("events", "event-bus/default")),
            role: json!(format!("arn:{partition}:iam::*:role/{}", names.role())),
            machine_roles: names
                .machines()
                .map(|name| format!("arn:{partition}:iam::*:role/{name}")),
            machines: names.machines().map(|name| arn("states", &format!("stateMachine:{name}"))),
            every_machine: arn("states", &format!("stateMachine:{prefix}*")),
            every_machine_role: format!("arn:{partition}:iam::*:role/{prefix}*"),
            policies: json!(format!("arn:{partition}:iam::*:policy/*")),
            rules: arn("events", &format!("rule/{prefix}*")),
            hub_rules: arn("events", &format!("rule/{}/{prefix}*", names.bus())),
            rules_of_hub: arn("events", &format!("rule/{}/*", names.bus())),
            own_topics: arn("sns", &format!("{prefix}*")),
            own_queues: arn("sqs", &format!("{prefix}*")),
        }
    }
}

/// The statements for these tasks in an account.
pub(super) fn statements(blueprint: &Blueprint, duties: &Duties, purpose: Purpose) -> Vec<Value> {
    let at = Resources::of(blueprint);
    let all_rules = json!([at.rules, at.hub_rules]);
    let mut statements = reads(blueprint, duties, purpose, &at);
    if purpose.makes() {
        let rules = if duties.hub { all_rules.clone() } else { json!(at.rules) };
        statements.push(allow("WriteRules", WRITE_RULES, &rules));
        statements.push(allow("WriteQueues", WRITE_QUEUES, &json!(at.own_queues)));
        if duties.raises {
            statements.push(allow("WriteTopics", WRITE_TOPICS, &json!(at.own_topics)));
            statements.push(allow("WriteSubscriptions", WRITE_SUBSCRIPTIONS, &json!("*")));
        }
        if duties.hub {
            statements.push(allow("WriteBus", WRITE_BUS, &at.bus));
            statements.push(allow("WriteBusPolicy", WRITE_BUS_POLICY, &json!("*")));
        }
        let publishes = duties.raises && has_role(blueprint, |role| *role == TopicRole::Created);
        let mails = duties.raises && mails(blueprint);
        let heals = duties.trail && blueprint.heal.is_some();
        let heals_rules = duties.raises && heals_rules(blueprint);
        let kept = |all: &[String; 3]| -> Value {
            let kept = all.iter().zip([mails, heals, heals_rules]).filter(|(_, kept)| *kept);
            kept.map(|(arn, _)| json!(arn)).collect()
        };
        if mails || heals || heals_rules {
            let (machines, roles) = (kept(&at.machines), kept(&at.machine_roles));
            statements.push(allow("WriteMachines", WRITE_MACHINES, &machines));
            statements.push(allow("WriteMachineRole", WRITE_ROLE, &roles));
            let mut pass = allow("PassMachineRole", &["iam:PassRole"], &roles);
            pass["Condition"] =
                json!({ "StringEquals": { "iam:PassedToService": "states.amazonaws.com" } });
            statements.push(pass);
        }
        let healers: Vec<&String> = [(heals, 1), (heals_rules, 2)]
            .into_iter()
            .filter(|(kept, _)| *kept)
            .map(|(_, index)| &at.machines[index])
            .collect();
        if !healers.is_empty() {
            statements.push(allow("PauseHealing", PAUSE_HEALING, &json!(healers)));
        }
        if duties.forwards || publishes || mails || !healers.is_empty() {
            statements.push(allow("WriteForwardRole", WRITE_ROLE, &at.role));
            // AWS advises against a condition on the role's tags: it is not reliably evaluated for
            // this action.
            // Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
            let mut pass = allow("PassForwardRole", &["iam:PassRole"], &at.role);
            pass["Condition"] =
                json!({ "StringEquals": { "iam:PassedToService": "events.amazonaws.com" } });
            statements.push(pass);
        }
        if duties.raises && has_role(blueprint, |role| *role != TopicRole::Created) {
            let roles = json!(used_roles(blueprint));
            let mut pass = allow("PassTopicRoles", &["iam:PassRole"], &roles);
            pass["Condition"] =
                json!({ "StringEquals": { "iam:PassedToService": "events.amazonaws.com" } });
            statements.push(pass);
        }
        if let Some(trail) = blueprint.trail.as_ref().filter(|_| duties.trail) {
            let partition = partition(blueprint);
            let arn = format!("arn:{partition}:cloudtrail:*:*:trail/{}", trail.name);
            statements.push(allow("WriteTrail", WRITE_TRAIL, &json!(arn)));
            let bucket = json!(format!("arn:{partition}:s3:::{}", trail.bucket));
            statements.push(allow("WriteTrailBucket", WRITE_BUCKET, &bucket));
            if !blueprint.tags.is_empty() {
                statements.push(allow("TagTrailBucket", TAG_BUCKET, &bucket));
            }
        }
    }
    if purpose == Purpose::Drill {
        statements.extend(drill(blueprint, duties, &at));
    }
    if purpose.deletes() {
        // Obsolete objects may be anywhere: buses, roles and topics of an earlier hub, or of none.
        statements.push(allow("DeleteRules", DELETE_RULES, &all_rules));
        statements.push(allow("DeleteTopics", DELETE_TOPICS, &json!(at.own_topics)));
        if duties.raises {
            statements.push(allow("DeleteSubscriptions", DELETE_SUBSCRIPTIONS, &json!("*")));
        }
        statements.push(allow("DeleteQueues", DELETE_QUEUES, &json!(at.own_queues)));
        statements.push(allow("DeleteBus", DELETE_BUS, &at.bus));
        statements.push(allow("DeleteMachines", DELETE_MACHINES, &json!(at.every_machine)));
        let roles = json!([at.role, at.every_machine_role]);
        statements.push(allow("DeleteForwardRole", DELETE_ROLE, &roles));
        // A trail that the blueprint no longer keeps, and so no longer names, is released.
        let trails = json!(format!("arn:{}:cloudtrail:*:*:trail/*", partition(blueprint)));
        let mut release = allow("ReleaseTrails", RELEASE_TRAILS, &trails);
        release["Condition"] = json!({ "ForAllValues:StringEquals": {
            "aws:TagKeys": [BLUEPRINT_TAG, VERSION_TAG, ALERT_TAG, RELEASED_TAG],
        } });
        statements.push(release);
        let mut mark = allow("MarkReleasedTrails", MARK_TRAILS, &trails);
        mark["Condition"] =
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": [RELEASED_TAG] } });
        statements.push(mark);
        // Whoever creates the bucket may tag it anyway.
        if let Some(trail) = blueprint.trail.as_ref().filter(|_| duties.trail && !purpose.makes()) {
            let bucket = json!(format!("arn:{}:s3:::{}", partition(blueprint), trail.bucket));
            statements.push(allow("ReleaseTrailBucket", RELEASE_BUCKET, &bucket));
        }
    }
    statements
}

/// The statements for rules of others that a blueprint takes over.
pub(super) fn taking_over(rules: &Value, purpose: Purpose) -> Vec<Value> {
    let mut statements = vec![allow("ReadTakenRules", READ_RULES, rules)];
    if purpose.makes() {
        statements.push(allow("DeleteTakenRules", DELETE_RULES, rules));
    }
    statements
}

/// What a drill makes and deletes: objects of names that only drills use.
fn drill(blueprint: &Blueprint, duties: &Duties, at: &Resources) -> Vec<Value> {
    let names = Names::new(&blueprint.name);
    let (prefix, drill) = (names.prefix(), names.drill());
    let partition = partition(blueprint);
    let arn = |service: &str, resource: &str| format!("arn:{partition}:{service}:*:*:{resource}");
    let mut rules = vec![arn("events", &format!("rule/{drill}.*"))];
    if duties.forwards {
        rules.push(arn("events", &format!("rule/{prefix}forward-drill.*")));
    }
    if duties.hub {
        rules.push(arn("events", &format!("rule/{}/{drill}.*", names.bus())));
    }
    let joined = |lists: &[&[&'static str]]| lists.concat();
    let role = json!(format!("arn:{partition}:iam::*:role/{drill}"));
    let mut statements = vec![
        allow("DrillRules", &joined(&[WRITE_RULES, DELETE_RULES]), &json!(rules)),
        allow(
            "DrillQueues",
            &joined(&[WRITE_QUEUES, DELETE_QUEUES, RECEIVE]),
            &json!(arn("sqs", &format!("{drill}*"))),
        ),
        allow("DrillTopic", &joined(&[WRITE_TOPICS, DELETE_TOPICS]), &json!(arn("sns", &drill))),
        allow("DrillRole", &joined(&[READ_ROLE, WRITE_ROLE, DELETE_ROLE]), &role),
    ];
    if duties.raises {
        let own = std::iter::once(at.own_topics.clone());
        let topics: BTreeSet<String> = own.chain(existing_topics(blueprint)).collect();
        statements.push(allow(
            "DrillSubscribes",
            &["sns:Subscribe", "sns:Publish"],
            &json!(topics),
        ));
        if blueprint.destinations.values().any(|one| one.kms_key.is_some() || is_existing(one)) {
            statements.push(publish_encrypted(partition.as_str()));
        }
        statements.push(allow("DrillUnsubscribes", DELETE_SUBSCRIPTIONS, &json!("*")));
    }
    // A rule that stands in has the targets of the one that it stands for, and their role.
    let mut passed: Vec<Value> = Vec::new();
    let publishes = duties.raises && has_role(blueprint, |role| *role == TopicRole::Created);
    let heals = duties.trail && blueprint.heal.is_some() || duties.raises && heals_rules(blueprint);
    if duties.forwards || publishes || (duties.raises && mails(blueprint)) || heals {
        passed.push(at.role.clone());
    }
    if duties.raises {
        passed.extend(used_roles(blueprint).into_iter().map(Value::from));
    }
    if !passed.is_empty() {
        let mut pass = allow("DrillPassesRole", &["iam:PassRole"], &json!(passed));
        pass["Condition"] =
            json!({ "StringEquals": { "iam:PassedToService": "events.amazonaws.com" } });
        statements.push(pass);
    }
    if let Some(trail) = blueprint.trail.as_ref().filter(|_| duties.trail) {
        let trail = json!(arn("cloudtrail", &format!("trail/{}", trail.name)));
        statements.push(allow("DrillTrail", DRILL_TRAIL, &trail));
    }
    statements
}

fn is_existing(destination: &crate::blueprint::Destination) -> bool {
    matches!(destination.topic, DestinationTopic::Existing(_))
}

/// The use of a topic's key, through SNS alone.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
fn publish_encrypted(partition: &str) -> Value {
    let keys = json!(format!("arn:{partition}:kms:*:*:key/*"));
    let mut encrypt = allow("DrillTopicKeys", &["kms:GenerateDataKey", "kms:Decrypt"], &keys);
    encrypt["Condition"] = json!({ "StringLike": { "kms:ViaService": "sns.*.amazonaws.com" } });
    encrypt
}

fn reads(blueprint: &Blueprint, duties: &Duties, purpose: Purpose, at: &Resources) -> Vec<Value> {
    let mut anywhere = READ_ANYWHERE.to_vec();
    if matches!(purpose, Purpose::Verify | Purpose::Read | Purpose::All) {
        anywhere.extend(READ_METRICS);
    }
    if matches!(purpose, Purpose::Drift | Purpose::Read | Purpose::Drill | Purpose::All) {
        anywhere.extend(READ_HISTORY);
    }
    if duties.raises {
        anywhere.extend(READ_SUBSCRIPTIONS);
    }
    anywhere.sort_unstable();
    let mut topics = BTreeSet::from([at.own_topics.clone()]);
    if duties.raises {
        topics.extend(existing_topics(blueprint));
    }
    let used = if duties.raises { used_roles(blueprint) } else { BTreeSet::new() };
    let own = std::iter::once(at.role.clone());
    let own = own.chain(at.machine_roles.iter().map(|role| json!(role)));
    let roles: Value = used.iter().map(|arn| json!(arn)).chain(own).collect();
    let subscribers = subscribers(blueprint, duties.subscribers);
    let mut queues = subscribers.queues;
    queues.insert(at.own_queues.clone());
    let mut statements = vec![
        allow("ReadAnywhere", &anywhere, &json!("*")),
        allow("ReadTopics", READ_TOPICS, &json!(topics)),
        allow("ReadQueues", READ_QUEUES, &json!(queues)),
        allow("ReadRules", READ_RULES, &json!([at.rules, at.rules_of_hub])),
        allow("ReadBus", READ_BUS, &at.bus),
        allow("ReadDefaultBus", READ_DEFAULT_BUS, &at.default_bus),
        allow("ReadForwardRole", READ_ROLE, &roles),
        allow("ReadMachines", READ_MACHINES, &json!(at.every_machine)),
        allow("ReadAttachedPolicies", READ_POLICIES, &at.policies),
    ];
    if !subscribers.functions.is_empty() {
        let functions = json!(subscribers.functions);
        statements.push(allow("ReadFunctions", READ_FUNCTIONS, &functions));
    }
    if let Some(trail) = blueprint.trail.as_ref().filter(|_| duties.trail) {
        let bucket = format!("arn:{}:s3:::{}", partition(blueprint), trail.bucket);
        statements.push(allow("ReadTrailBucket", READ_BUCKET, &json!(bucket)));
    }
    statements
}

/// Whether some destination's messages are mails, which a state machine composes.
pub(super) fn mails(blueprint: &Blueprint) -> bool {
    blueprint.destinations.values().any(|destination| destination.format == Format::Mail)
}

/// Whether rules are put back, where alerts are raised.
fn heals_rules(blueprint: &Blueprint) -> bool {
    blueprint.heal.as_ref().is_some_and(|heal| heal.rules.is_some())
}

/// Whether a destination has such a role.
fn has_role(blueprint: &Blueprint, is_such: impl Fn(&TopicRole) -> bool) -> bool {
    blueprint.destinations.values().filter_map(|destination| destination.role.as_ref()).any(is_such)
}

/// Roles that the blueprint names and does not keep.
fn used_roles(blueprint: &Blueprint) -> BTreeSet<String> {
    let roles = blueprint.destinations.values().filter_map(|destination| destination.role.as_ref());
    let named = roles.filter_map(|role| match role {
        TopicRole::Existing(arn) => Some(arn.replace("{account}", "*")),
        TopicRole::Created => None,
    });
    named.collect()
}

/// Topics that the blueprint names and does not keep.
fn existing_topics(blueprint: &Blueprint) -> impl Iterator<Item = String> {
    blueprint.destinations.values().filter_map(|destination| match &destination.topic {
        DestinationTopic::Existing(arn) => {
            Some(arn.replace("{account}", "*").replace("{region}", "*"))
        }
        DestinationTopic::Managed(_) => None,
    })
}

#[derive(Default)]
struct SubscribedArns {
    queues: BTreeSet<String>,
    functions: BTreeSet<String>,
}

/// Queues and functions that subscribe, as far as they are in the accounts that are meant.
fn subscribers(blueprint: &Blueprint, whose: Subscribers) -> SubscribedArns {
    let hub = blueprint.hub.as_ref().map(|hub| hub.account.as_str());
    let mut found = SubscribedArns::default();
    let all = blueprint.destinations.values().flat_map(|destination| &destination.subscribers);
    for subscriber in all {
        let Subscriber::Endpoint(endpoint) = subscriber else { continue };
        let Some(arn) = Arn::parse(endpoint.address()) else { continue };
        let meant = match whose {
            Subscribers::All => true,
            Subscribers::OfTheHub => Some(arn.account) == hub,
            Subscribers::OfOthers => Some(arn.account) != hub,
        };
        match arn.service {
            "sqs" if meant => drop(found.queues.insert(endpoint.address().to_owned())),
            "lambda" if meant => {
                found.functions.insert(endpoint.address().to_owned());
                // Of a version or alias, AWS does not say whether it takes the call to be made on
                // it or on the function.
                let function = endpoint.address().splitn(8, ':').take(7).collect::<Vec<_>>();
                found.functions.insert(function.join(":"));
            }
            _ => {}
        }
    }
    found
}

/// Finding the accounts of the organization, or of some of its units.
pub(super) fn organization(in_units: bool) -> Value {
    let calls = if in_units { READ_UNITS } else { READ_ORGANIZATION };
    allow("FindAccounts", calls, &json!("*"))
}

/// Reading what subscribers' `secret` names, which who runs ctguard does itself.
pub(super) fn secrets(blueprint: &Blueprint) -> Vec<Value> {
    let partition = partition(blueprint);
    let (mut parameters, mut secrets) = (BTreeSet::new(), BTreeSet::new());
    for source in blueprint.secrets() {
        let SecretSource::Kept(SecretReference { store, id, .. }) = source else { continue };
        let named = id.starts_with("arn:");
        match store {
            SecretStore::Parameters if named => drop(parameters.insert(id)),
            SecretStore::Parameters => {
                // Neither the version nor the first slash is part of the ARN.
                let name = id.split(':').next().unwrap_or_default().trim_start_matches('/');
                parameters.insert(format!("arn:{partition}:ssm:*:*:parameter/{name}"));
            }
            SecretStore::Secrets if named && has_suffix(&id) => drop(secrets.insert(id)),
            SecretStore::Secrets if named => drop(secrets.insert(format!("{id}-??????"))),
            // Secrets Manager adds six characters to each name.
            SecretStore::Secrets => {
                secrets.insert(format!("arn:{partition}:secretsmanager:*:*:secret:{id}-??????"));
            }
        }
    }
    let mut statements = Vec::new();
    let mut through = Vec::new();
    if !parameters.is_empty() {
        statements.push(allow("ReadParameters", READ_PARAMETERS, &json!(parameters)));
        through.push("ssm.*.amazonaws.com");
    }
    if !secrets.is_empty() {
        statements.push(allow("ReadSecrets", READ_SECRETS, &json!(secrets)));
        through.push("secretsmanager.*.amazonaws.com");
    }
    if !through.is_empty() {
        let keys = json!(format!("arn:{partition}:kms:*:*:key/*"));
        let mut decrypt = allow("DecryptSecrets", DECRYPT_SECRETS, &keys);
        decrypt["Condition"] = json!({ "StringLike": { "kms:ViaService": through } });
        statements.push(decrypt);
    }
    statements
}

/// Whether the ARN of a secret ends as those do that AWS gives.
fn has_suffix(arn: &str) -> bool {
    let suffix = arn.rsplit_once('-').map(|(_, suffix)| suffix).unwrap_or_default();
    suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn allow(sid: &str, actions: &[&str], resource: &Value) -> Value {
    let resource = match resource {
        Value::Array(one) if one.len() == 1 => one[0].clone(),
        other => other.clone(),
    };
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource })
}
