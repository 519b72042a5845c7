//! The whole life of a fleet under exactly the printed policies and trust policies: what they grant is enough, each
//! statement is needed, and nothing is granted that is never called.
//!
//! ministack with `AUTH=true` checks signatures, sessions, trust policies with their conditions, and identity policies.
//! What it sees otherwise than AWS is made good in what it is given ([`as_ministack_sees_it`]); what it does not check at
//! all, the proxy before it does (`asked`): the exact resource of each call, the permission to tag while creating, and
//! to pass a role. So a call goes through only where both say yes.

mod asked;

use super::lane::nothing_counted;
use super::{Emulator, perform_all, tags, url};
use crate::program;
use crate::stub::{Call, Reply, Stub};
use crate::wire;
use crate::world::Ran;
use asked::{Needed, allows, asked, grants};
use ctguard_core::action::{Action, SubscriptionAttribute};
use ctguard_core::resource::queue::Queue;
use ctguard_core::resource::trail::{BasicSelector, ReadWrite, Selectors, Trail};
use ctguard_core::scope::{AccountId, Place, Region};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// The accounts of a life.
#[derive(Clone, Copy)]
struct Accounts {
    ci: &'static str,
    hub: &'static str,
    spoke: &'static str,
}

const FIRST: Accounts = Accounts { ci: CI, hub: HUB, spoke: SPOKE };
const SECOND: Accounts =
    Accounts { ci: "410000000004", hub: "410000000005", spoke: "410000000006" };

const CI: &str = "410000000001";
const HUB: &str = "410000000002";
const SPOKE: &str = "410000000003";
const HOME: &str = "us-east-1";
const EXTERNAL_ID: &str = "least-7";

/// What is granted and not called in this life, and why it is granted all the same.
const NOT_CALLED: &[(&str, &str, &str)] = &[
    ("*", "iam:GetPolicy", "no policy is attached to the forwarding role here"),
    ("*", "iam:GetPolicyVersion", "no policy is attached to the forwarding role here"),
    ("*", "account:ListRegions", "asked with `regions: enabled`; here the regions are listed"),
    ("*", "kms:DescribeKey", "asked of a topic, queue or bus with a key; here none has one"),
    ("*", "kms:GetKeyPolicy", "as above"),
    ("*", "events:ListTagsForResource", "asked where the search by tag does not list a rule"),
    ("*", "sns:ListTagsForResource", "the same for topics"),
    ("*", "sqs:ListQueueTags", "the same for queues"),
    ("*", "states:DescribeStateMachine", "state machines: here no mail is sent"),
    ("*", "states:ListTagsForResource", "as above"),
    ("*", "states:DeleteStateMachine", "what a blueprint with mails has left"),
    ("spoke", "cloudtrail:ListTags", "the same for a trail, which no spoke has"),
    ("spoke", "sns:GetTopicAttributes", "topics that were there before there was a hub"),
    ("spoke", "sns:ListSubscriptionsByTopic", "as above"),
    ("spoke", "sns:DeleteTopic", "as above"),
    ("spoke", "events:DeleteEventBus", "the bus of a hub that was there before"),
    ("spoke", "cloudtrail:RemoveTags", "a trail that was kept there before"),
    ("spoke", "cloudtrail:AddTags", "as above: the mark that it was released"),
];

fn blueprint(at: Accounts, email: &str) -> String {
    let Accounts { hub, spoke, .. } = at;
    format!(
        "\
version: 1
name: least
accounts:
  - {{ id: '{hub}', role: ctguard, external_id: {EXTERNAL_ID} }}
  - {{ id: '{spoke}', role: ctguard, external_id: {EXTERNAL_ID} }}
regions: [{HOME}]
hub: {{ account: '{hub}', region: {HOME} }}
trail: {{ name: least-management, bucket: least-logs-{hub}, home_region: {HOME}, account: '{hub}' }}
destinations:
  secops: {{ topic: secops, format: text, subscribers: [{{ email: {email} }}] }}
  siem: {{ topic: siem, format: json, subscribers: [{{ sqs: 'arn:aws:sqs:{HOME}:{hub}:siem' }}] }}
alerts:
  - {{ id: route, title: Route, risk: high, events: [ec2:CreateRoute], notify: [secops, siem], why: w, next: n }}
"
    )
}

/// The same accounts, and nothing to watch: everything goes.
fn empty(at: Accounts) -> String {
    let text = blueprint(at, "x@acme.example");
    let (accounts, _) = text.split_once("hub:").unwrap();
    format!("{accounts}alerts: []\n")
}

/// The same with a machine that composes mails, and one that puts the trail back.
fn with_machines() -> String {
    let text = blueprint(SECOND, "secops@acme.example").replace("format: text", "format: mail");
    let heal = "heal: { logging: { trails: managed, notify: secops } }\n";
    let (before, destinations) = text.split_once("destinations:").unwrap();
    format!("{before}{heal}destinations:{destinations}")
}

/// What the proxy knows and has seen.
#[derive(Default)]
struct Watch {
    /// Roles by the keys of their sessions.
    sessions: BTreeMap<String, String>,
    /// What each role is granted, as printed.
    policies: BTreeMap<String, Value>,
    /// ministack does not understand a bus's whole policy: it is kept here.
    buses: BTreeMap<String, Value>,
    /// ministack's search by tag misses trails: those that carry tags are added, by ARN, with their tags.
    trails: BTreeMap<String, Value>,
    /// Every permission that was needed and granted, by role, in runs that were not meant to be kept from reading.
    needed: BTreeSet<(String, Needed)>,
    kept_from_reading: bool,
}

struct Fleet {
    accounts: Accounts,
    url: String,
    proxy: Stub,
    watch: Arc<Mutex<Watch>>,
    folder: TempDir,
    /// CI's session.
    credentials: [String; 3],
}

fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

fn place(account: &str) -> Place {
    Place::new(AccountId::new(account).unwrap(), Region::new(HOME).unwrap())
}

/// Whom an account belongs to, who may do everything there, past the proxy.
fn owner(account: &'static str) -> Emulator {
    Emulator { url: url("CTGUARD_TEST_AUTH_URL"), account, is_moto: false }
}

fn by_owner(account: &'static str, actions: &[Action]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        perform_all(&owner(account).connect().await, &place(account), actions).await;
    });
}

/// A token as GitHub signs it for a job; the emulator does not check by whom it is signed.
fn token(subject: &str) -> String {
    let part = |value: Value| -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let text = value.to_string();
        let of = |three: &[u8]| -> String {
            let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
            let bits = bits << (8 * (3 - three.len()));
            let letter = |index: usize| char::from(LETTERS[bits >> (18 - 6 * index) & 63]);
            (0..=three.len()).map(letter).collect()
        };
        text.as_bytes().chunks(3).map(of).collect()
    };
    let issuer = "https://token.actions.githubusercontent.com";
    let claims = json!({ "iss": issuer, "aud": "sts.amazonaws.com", "sub": subject });
    format!("{}.{}.x", part(json!({ "alg": "RS256", "typ": "JWT" })), part(claims))
}

/// The policy with the resources for which ministack takes some calls, and that AWS does not: a rule of the default
/// bus has the bus's name in its ARN, a bus is taken for a rule, and calls about tags and targets are made on nothing.
fn as_ministack_sees_it(policy: &Value) -> Value {
    let mut policy = policy.clone();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        let mut resources: Vec<Value> = match statement["Resource"].take() {
            Value::Array(list) => list,
            one => vec![one],
        };
        for resource in resources.clone() {
            let text = resource.as_str().unwrap();
            for (ours, theirs) in
                [(":rule/ctguard-", ":rule/default/ctguard-"), (":event-bus/", ":rule/default/")]
            {
                if text.contains(ours) {
                    resources.push(json!(text.replace(ours, theirs)));
                }
            }
        }
        let actions = statement["Action"].to_string();
        let on_nothing = ["TagResource", "TagsForResource", "AddTags", "RemoveTags", "Targets"];
        if on_nothing.iter().any(|call| actions.contains(call)) {
            resources.push(json!("*"));
        }
        statement["Resource"] = json!(resources);
    }
    policy
}

fn pass_on(watch: &Mutex<Watch>, upstream: &str, call: &Call) -> Reply {
    let role = watch.lock().unwrap().sessions.get(&call.key).cloned();
    let role = role.unwrap_or_else(|| panic!("a call of nobody's: {call:?}"));
    let account = role.split(':').nth(4).unwrap().to_owned();
    let needs = asked(call, &account);
    {
        let mut watch = watch.lock().unwrap();
        let denied = needs.iter().find(|needed| !allows(&watch.policies[&role], needed)).cloned();
        if !watch.kept_from_reading {
            let granted = needs.iter().filter(|needed| allows(&watch.policies[&role], needed));
            let granted: Vec<_> = granted.map(|needed| (role.clone(), needed.clone())).collect();
            watch.needed.extend(granted);
        }
        if let Some(denied) = denied {
            let message = format!(
                "User: {role} is not authorized to perform: {} on resource: {} because no identity-based policy allows the {} action",
                denied.action, denied.resource, denied.action
            );
            let code = match denied.action.split(':').next() {
                Some("sns") => "AuthorizationError",
                Some("s3" | "sts" | "sqs" | "iam" | "cloudwatch") => "AccessDenied",
                _ => "AccessDeniedException",
            };
            return Reply::Error(403, code, Box::leak(message.into_boxed_str()));
        }
    }
    if call.operation == "GetMetricData" {
        return Reply::Json(nothing_counted(&serde_json::from_str(&call.body).unwrap()));
    }
    let headers = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let host = &call.headers["host"];
    let mut answer = wire::send_for(upstream, host, &call.method, &call.path, headers, &call.body);
    if answer.status != 200 {
        return Reply::Whole(answer);
    }
    let bus =
        |name: &str| format!("{account}/{}", call.parameter(name).as_str().unwrap_or_default());
    match call.operation.as_str() {
        "AssumeRole" => {
            let key = between(&answer.body, "<AccessKeyId>");
            watch.lock().unwrap().sessions.insert(key, call.form("RoleArn"));
        }
        "PutPermission" => {
            watch.lock().unwrap().buses.insert(bus("EventBusName"), call.parameter("Policy"));
        }
        "DescribeEventBus" => {
            let mut told = answer.json();
            if let Some(policy) = watch.lock().unwrap().buses.get(&bus("Name")) {
                told["Policy"] = policy.clone();
            }
            answer.body = told.to_string();
        }
        // ministack drops the tags that CreateTrail is given.
        "CreateTrail" => {
            let list = call.parameter("TagsList");
            let pair = |tag: &Value| {
                (tag["Key"].as_str().unwrap().to_owned(), tag["Value"].as_str().unwrap().to_owned())
            };
            let tags = list.as_array().unwrap().iter().map(pair).collect();
            let name = call.parameter("Name").as_str().unwrap().to_owned();
            let arn = answer.json()["TrailARN"].as_str().unwrap().to_owned();
            watch.lock().unwrap().trails.insert(arn, list.clone());
            by_owner(
                Box::leak(account.clone().into_boxed_str()),
                &[Action::TagTrail { name, tags }],
            );
        }
        "RemoveTags" => {
            let arn = call.parameter("ResourceId");
            watch.lock().unwrap().trails.remove(arn.as_str().unwrap());
        }
        "GetResources" => {
            let mut told = answer.json();
            let list = told["ResourceTagMappingList"].as_array_mut().unwrap();
            for (arn, tags) in &watch.lock().unwrap().trails {
                if arn.contains(&format!(":{account}:")) {
                    list.push(json!({ "ResourceARN": arn, "Tags": tags }));
                }
            }
            answer.body = told.to_string();
        }
        _ => {}
    }
    Reply::Whole(answer)
}

fn between(text: &str, tag: &str) -> String {
    let (_, rest) = text.split_once(tag).unwrap_or_else(|| panic!("no {tag} in {text}"));
    rest.split_once('<').unwrap().0.to_owned()
}

impl Fleet {
    /// Three accounts with a role each, trusted and permitted as printed, and CI's session.
    fn of(accounts: Accounts, blueprint: &str) -> Self {
        let Accounts { ci, hub, spoke } = accounts;
        let upstream = url("CTGUARD_TEST_AUTH_URL");
        let watch = Arc::new(Mutex::new(Watch::default()));
        let (seen, behind) = (Arc::clone(&watch), upstream.clone());
        let proxy = Stub::start(move |call| Some(pass_on(&seen, &behind, call)));
        let folder = TempDir::new().unwrap();
        let credentials = Default::default();
        let mut fleet = Self { accounts, url: upstream, proxy, watch, folder, credentials };
        fleet.write(blueprint);
        let printed = |args: &[&str]| {
            fleet.run(&[&["policy"], args, &["--ci-account", ci]].concat()).expect(0).json()
        };

        let trust = ["--trust", "github", "--repository", "acme/security", "--branch", "main"];
        let template = printed(&["--bootstrap", "--format", "json"]);
        let member = &template["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"];
        let mut member = member.clone();
        let statement = &mut member["Statement"][0];
        assert_eq!(statement["Principal"]["AWS"]["Ref"], "Principal");
        statement["Principal"]["AWS"] = json!(role(ci, "ci"));
        statement["Condition"] = statement["Condition"]["Fn::If"][1].clone();
        assert_eq!(statement["Condition"]["StringEquals"]["sts:ExternalId"]["Ref"], "ExternalId");
        statement["Condition"]["StringEquals"]["sts:ExternalId"] = json!(EXTERNAL_ID);
        let roles = [
            (ci, "ci", printed(&trust), "ci"),
            (hub, "ctguard", member.clone(), "hub"),
            (spoke, "ctguard", member, "spoke"),
        ];
        let mut policies = BTreeMap::new();
        for (account, name, trust, whose) in roles {
            let policy = printed(&["all", "--for", whose]);
            by_owner(
                account,
                &[
                    Action::CreateRole { name: name.to_owned(), trust, tags: tags(&[]) },
                    Action::PutRolePolicy {
                        role: name.to_owned(),
                        name: "printed".to_owned(),
                        policy: as_ministack_sees_it(&policy),
                    },
                ],
            );
            policies.insert(role(account, name), policy);
        }
        fleet.watch.lock().unwrap().policies = policies;
        fleet.credentials = fleet.job("repo:acme/security:ref:refs/heads/main").unwrap();
        let session = fleet.credentials[0].clone();
        fleet.watch.lock().unwrap().sessions.insert(session, role(ci, "ci"));
        fleet
    }

    /// The session of a job, or what it is refused with.
    fn job(&self, subject: &str) -> Result<[String; 3], String> {
        let (arn, token) = (role(self.accounts.ci, "ci"), token(subject));
        let form = wire::form(&[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &arn),
            ("RoleSessionName", "run"),
            ("WebIdentityToken", &token),
        ]);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let host = "sts.us-east-1.amazonaws.com";
        let answer = wire::send_for(&self.url, host, "POST", "/", headers, &form);
        match answer.status {
            200 => Ok(["<AccessKeyId>", "<SecretAccessKey>", "<SessionToken>"]
                .map(|tag| between(&answer.body, tag))),
            _ => Err(answer.body),
        }
    }

    fn write(&self, blueprint: &str) {
        std::fs::write(self.folder.path().join("ctguard.yaml"), blueprint).unwrap();
    }

    fn run(&self, args: &[&str]) -> Ran {
        let [id, secret, token] = self.credentials.each_ref().map(String::as_str);
        let credentials = [
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_SESSION_TOKEN", token),
        ];
        program::against(&self.proxy.url(), self.folder.path(), args, credentials)
    }

    fn policies(&self) -> BTreeMap<String, Value> {
        self.watch.lock().unwrap().policies.clone()
    }

    /// Runs a command while each role lacks these of its statements.
    fn without(&self, args: &[&str], lacking: &[Statement<'_>]) -> Ran {
        let whole = self.policies();
        for (role, sid) in lacking {
            let mut watch = self.watch.lock().unwrap();
            let policy = watch.policies.get_mut(*role).unwrap();
            policy["Statement"].as_array_mut().unwrap().retain(|one| one["Sid"] != **sid);
        }
        self.watch.lock().unwrap().kept_from_reading = args[0] == "plan";
        let ran = self.run(args);
        let mut watch = self.watch.lock().unwrap();
        (watch.policies, watch.kept_from_reading) = (whole, false);
        ran
    }

    /// Runs a command without these statements: it must not succeed, and must name a missing action of each of the
    /// first so many.
    fn names_what_is_missing(&self, args: &[&str], lacking: &[Statement<'_>], first: usize) {
        let policies = self.policies();
        // In JSON, places are not folded.
        let ran = self.without(&[args, &["--format", "json"]].concat(), lacking);
        assert!([1, 4].contains(&ran.code), "without {:?}: {}", &lacking[..first], ran.seen());
        let said = ran.seen();
        for (role, sid) in &lacking[..first] {
            let statement = statement(&policies, role, sid);
            let actions = statement["Action"].as_array().unwrap().iter();
            let named = |action: &str| {
                let denial = format!("User: {role} is not authorized to perform: {action}");
                // HeadBucket is refused without a word.
                let head = action == "s3:ListBucket" && said.contains(action);
                said.contains(&denial) || head
            };
            let mut actions = actions.map(|action| action.as_str().unwrap());
            assert!(actions.any(named), "{role} without {sid}: {said}");
        }
    }
}

/// A statement of a role: the role's ARN and the Sid.
type Statement<'a> = (&'a str, &'a str);

fn statement<'a>(policies: &'a BTreeMap<String, Value>, role: &str, sid: &str) -> &'a Value {
    let mut statements = policies[role]["Statement"].as_array().unwrap().iter();
    statements.find(|one| one["Sid"] == *sid).unwrap_or_else(|| panic!("{role} has no {sid}"))
}

/// Runs a command again and again, granted one more group of these statements each time, in their order: each time the
/// next group is missed, all of it by name, until all are there and it succeeds.
fn granted_one_by_one(fleet: &Fleet, args: &[&str], order: &[&[Statement<'_>]]) {
    for (index, group) in order.iter().enumerate() {
        fleet.names_what_is_missing(args, &order[index..].concat(), group.len());
    }
    fleet.run(args).expect(0);
}

#[test]
fn the_printed_policies_are_enough_each_statement_is_needed_and_nothing_is_granted_in_vain() {
    let fleet = Fleet::of(FIRST, &blueprint(FIRST, "secops@acme.example"));
    let (ci, hub, spoke) = (role(CI, "ci"), role(HUB, "ctguard"), role(SPOKE, "ctguard"));
    let (ci, hub, spoke) = (ci.as_str(), hub.as_str(), spoke.as_str());
    let policies = fleet.policies();

    // The trust policy lets jobs of one branch in, and no others.
    for stranger in [
        "repo:acme/security:ref:refs/heads/other",
        "repo:acme/security:pull_request",
        "repo:acme/security2:ref:refs/heads/main",
    ] {
        let refused = fleet.job(stranger).expect_err(stranger);
        assert!(refused.contains("AccessDenied"), "{stranger}: {refused}");
    }

    // What is there before: the queue of a subscriber, and a trail of the spoke's own.
    by_owner(HUB, &[inbox(HUB)]);
    let own = || "own".to_owned();
    let trail = |bucket: &str| Trail {
        bucket: bucket.to_owned(),
        key_prefix: None,
        multi_region: true,
        organization: false,
        global_service_events: true,
        log_file_validation: true,
        kms_key: None,
    };
    let bucket = format!("own-logs-{SPOKE}");
    by_owner(
        SPOKE,
        &[
            Action::CreateBucket { name: bucket.clone(), tags: tags(&[]) },
            Action::CreateTrail { name: own(), trail: trail(&bucket), tags: tags(&[]) },
            Action::StartLogging { name: own() },
        ],
    );

    // Made, with one statement more each time.
    fleet.run(&["plan"]).expect(0);
    granted_one_by_one(
        &fleet,
        &["apply", "--yes"],
        &[
            &[(hub, "WriteTrailBucket"), (hub, "WriteBus"), (spoke, "WriteForwardRole")],
            &[(hub, "WriteTrail"), (hub, "WriteBusPolicy"), (hub, "WriteForwardRole")],
            &[(hub, "WriteQueues"), (spoke, "WriteQueues")],
            &[(hub, "WriteTopics")],
            &[(hub, "WriteRules"), (spoke, "WriteRules")],
            &[(hub, "PassForwardRole"), (spoke, "PassForwardRole")],
        ],
    );
    for verb in [&["plan", "--detailed-exitcode"][..], &["verify"], &["drift"]] {
        fleet.run(verb).expect(0);
    }

    // Each reading statement that a plan rests on, taken away alone from each role that has it.
    let used = |role: &str, sid: &str| {
        let statement = statement(&policies, role, sid);
        let watch = fleet.watch.lock().unwrap();
        watch.needed.iter().any(|(by, needed)| by == role && grants(statement, needed))
    };
    let mut reading: BTreeMap<&str, Vec<Statement<'_>>> = BTreeMap::new();
    for role in [ci, hub, spoke] {
        for statement in policies[role]["Statement"].as_array().unwrap() {
            let sid = statement["Sid"].as_str().unwrap();
            if ["Read", "Enter"].iter().any(|word| sid.starts_with(word)) && used(role, sid) {
                reading.entry(sid).or_default().push((role, sid));
            }
        }
    }
    let found: BTreeMap<&str, usize> = reading.iter().map(|(sid, all)| (*sid, all.len())).collect();
    let expected = [
        ("EnterAccounts", 1),
        ("ReadAnywhere", 2),
        ("ReadBus", 1),
        ("ReadDefaultBus", 2),
        ("ReadForwardRole", 2),
        ("ReadQueues", 2),
        ("ReadRules", 2),
        ("ReadTopics", 1),
        ("ReadTrailBucket", 1),
    ];
    assert_eq!(found, BTreeMap::from(expected));
    for statements in reading.values() {
        fleet.names_what_is_missing(&["plan"], statements, statements.len());
    }

    // Moved by somebody else, found, and put right.
    let narrow = BasicSelector {
        read_write: ReadWrite::ReadOnly,
        management_events: true,
        exclude_management_sources: Vec::new(),
        data_resources: Vec::new(),
    };
    let managed = || "least-management".to_owned();
    let anybody = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let retrusted = || Action::UpdateAssumeRolePolicy {
        role: "ctguard-least".to_owned(),
        trust: anybody.clone(),
    };
    let forgetful = |name: &str| Action::SetQueueAttributes {
        name: name.to_owned(),
        queue: Queue { message_retention_seconds: 60, ..Queue::default() },
    };
    let subscription = fleet.subscription("sqs");
    let single = Trail { multi_region: false, ..trail(&format!("least-logs-{HUB}")) };
    by_owner(
        HUB,
        &[
            Action::UpdateTrail { name: managed(), trail: single },
            Action::PutEventSelectors {
                name: managed(),
                selectors: Selectors::Basic(vec![narrow]),
            },
            retrusted(),
            forgetful("ctguard-least-targets"),
            Action::SetSubscriptionAttribute {
                arn: subscription,
                attribute: SubscriptionAttribute::RawMessageDelivery(true),
            },
        ],
    );
    by_owner(SPOKE, &[retrusted(), forgetful("ctguard-least-targets")]);
    fleet.run(&["drift"]).expect(2);
    fleet.write(&blueprint(FIRST, "somebody-else@acme.example"));
    let subscribing = [(hub, "WriteSubscriptions"), (hub, "DeleteSubscriptions")];
    fleet.names_what_is_missing(&["apply", "--yes"], &subscribing, 1);
    fleet.run(&["apply", "--yes"]).expect(0);
    fleet.run(&["plan", "--detailed-exitcode"]).expect(0);

    // Taken away again, with one statement more each time.
    granted_one_by_one(
        &fleet,
        &["destroy", "--yes"],
        &[
            &[(hub, "ReleaseTrails"), (hub, "DeleteRules"), (spoke, "DeleteRules")],
            &[(hub, "DeleteTopics"), (hub, "DeleteBus"), (hub, "DeleteForwardRole")],
            &[(hub, "DeleteQueues"), (spoke, "DeleteQueues"), (spoke, "DeleteForwardRole")],
        ],
    );
    fleet.write(&empty(FIRST));
    fleet.run(&["plan", "--detailed-exitcode"]).expect(0);

    fleet.nothing_in_vain(&[("ci", ci), ("hub", hub), ("spoke", spoke)]);
}

#[test]
fn mails_and_healing_need_no_more_than_is_printed_and_each_statement_of_theirs() {
    let fleet = Fleet::of(SECOND, &with_machines());
    let (hub, spoke) = (role(SECOND.hub, "ctguard"), role(SECOND.spoke, "ctguard"));
    let (hub, spoke) = (hub.as_str(), spoke.as_str());
    by_owner(SECOND.hub, &[inbox(SECOND.hub)]);
    fleet.run(&["plan"]).expect(0);
    fleet.names_what_is_missing(&["apply", "--yes"], &[(hub, "WriteMachines")], 1);
    fleet.names_what_is_missing(&["apply", "--yes"], &[(hub, "PassMachineRole")], 1);
    fleet.run(&["apply", "--yes"]).expect(0);
    fleet.run(&["plan", "--detailed-exitcode"]).expect(0);
    fleet.run(&["drift"]).expect(0);
    fleet.names_what_is_missing(&["plan"], &[(hub, "ReadMachines")], 1);

    // Healing is paused by a tag of the machine's, which is taken off again.
    fleet.run(&["heal", "pause", "--until", "2h", "--reason", "moving", "--yes"]).expect(0);
    fleet.run(&["heal", "resume", "--yes"]).expect(0);

    // Somebody lets others have the roles of both.
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    for name in ["ctguard-least-mail", "ctguard-least-heal"] {
        let (role, trust) = (name.to_owned(), trust.clone());
        by_owner(SECOND.hub, &[Action::UpdateAssumeRolePolicy { role, trust }]);
    }
    fleet.run(&["drift"]).expect(2);
    // Another limit is another machine.
    let edited = with_machines().replace("notify: secops }", "notify: secops }, limit: 3");
    assert_ne!(edited, with_machines());
    fleet.write(&edited);
    fleet.run(&["apply", "--yes"]).expect(0);
    fleet.run(&["plan", "--detailed-exitcode"]).expect(0);

    fleet.names_what_is_missing(&["destroy", "--yes"], &[(hub, "DeleteMachines")], 1);
    fleet.run(&["destroy", "--yes"]).expect(0);
    fleet.write(&empty(SECOND));
    fleet.run(&["plan", "--detailed-exitcode"]).expect(0);
    let called = fleet.called(hub);
    for action in [
        "states:CreateStateMachine",
        "states:DeleteStateMachine",
        "states:DescribeStateMachine",
        "states:TagResource",
        "states:UntagResource",
        "states:UpdateStateMachine",
    ] {
        assert!(called.contains(action), "{action} is not called: {called:?}");
    }
    let spoken: Vec<String> = fleet.called(spoke).into_iter().collect();
    let machines = spoken.iter().filter(|action| action.starts_with("states:"));
    let writes: Vec<&String> = machines.filter(|action| !action.contains("Describe")).collect();
    assert!(writes.is_empty(), "a spoke has no machine: {writes:?}");
}

/// The queue of a subscriber.
fn inbox(hub: &str) -> Action {
    let queue = Queue {
        policy: Some(json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage",
            "Resource": place(hub).arn("sqs", "siem"),
        }] })),
        message_retention_seconds: 3600,
        ..Queue::default()
    };
    Action::CreateQueue { name: "siem".to_owned(), queue, tags: tags(&[]) }
}

impl Fleet {
    /// The ARN of the topic's subscription of this protocol, from its owner.
    fn subscription(&self, protocol: &str) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            use ctguard_core::cloud::Cloud;
            use ctguard_core::snapshot::LiveSubscription;
            use ctguard_core::snapshot::ReadSet;
            let topic = place(HUB).arn("sns", "ctguard-least-siem");
            let reads = ReadSet { topics: BTreeSet::from([topic.clone()]), ..ReadSet::default() };
            let seen = owner(HUB).connect().await.observe(&place(HUB), &reads).await;
            let subscriptions = seen.topics[&topic].known().unwrap().subscriptions.known().unwrap();
            let arn = subscriptions.iter().find_map(|(endpoint, live)| match live {
                LiveSubscription::Confirmed { arn, .. }
                    if endpoint.to_string().starts_with(protocol) =>
                {
                    Some(arn.clone())
                }
                _ => None,
            });
            arn.unwrap()
        })
    }

    /// What a role called in this life.
    fn called(&self, role: &str) -> BTreeSet<String> {
        let watch = self.watch.lock().unwrap();
        let by = watch.needed.iter().filter(|(by, _)| by == role);
        by.map(|(_, needed)| needed.action.clone()).collect()
    }

    /// Holds what was granted against what was called, both ways.
    fn nothing_in_vain(&self, roles: &[(&str, &str)]) {
        let watch = self.watch.lock().unwrap();
        let mut wrong = Vec::new();
        for (whose, role) in roles {
            let policy = &watch.policies[*role];
            let called =
                || watch.needed.iter().filter(|(by, _)| by == role).map(|(_, needed)| needed);
            for needed in called().filter(|needed| !allows(policy, needed)) {
                wrong.push(format!("{whose}: {needed} is called and not granted"));
            }
            for statement in policy["Statement"].as_array().unwrap() {
                for action in statement["Action"].as_array().unwrap() {
                    let action = action.as_str().unwrap();
                    let excepted = |&(who, what, _): &(&str, &str, &str)| {
                        what == action && (who == "*" || who == *whose)
                    };
                    let excepted = NOT_CALLED.iter().any(excepted);
                    let used =
                        called().any(|needed| needed.action == action && grants(statement, needed));
                    if !used && !excepted {
                        wrong.push(format!("{whose}: {action} is granted and never called"));
                    }
                }
            }
        }
        for (who, what, why) in NOT_CALLED {
            let by = |role: &str| {
                roles.iter().any(|(whose, arn)| *arn == role && (*who == "*" || who == whose))
            };
            if watch.needed.iter().any(|(role, needed)| by(role) && needed.action == *what) {
                wrong.push(format!("{who}: {what} is called, though it should not be: {why}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
