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
use ctguard::cloud::{Action, SubscriptionAttribute};
use ctguard::resource::queue::Queue;
use ctguard::resource::trail::{BasicSelector, ReadWrite, Selectors, Trail};
use ctguard::scope::{AccountId, Place, Region};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const CI: &str = "410000000001";
const HUB: &str = "410000000002";
const SPOKE: &str = "410000000003";
const HOME: &str = "us-east-1";
const EXTERNAL_ID: &str = "least-7";

/// What is granted and not called in this life, and why it is granted all the same.
const NOT_CALLED: &[(&str, &str, &str)] = &[
    ("*", "account:ListRegions", "asked with `regions: enabled`; here the regions are listed"),
    ("*", "kms:DescribeKey", "asked of a topic or queue with a key; here none has one"),
    ("*", "kms:GetKeyPolicy", "as above"),
    ("*", "events:ListTagsForResource", "asked where the search by tag does not list a rule"),
    ("*", "sns:ListTagsForResource", "the same for topics"),
    ("*", "sqs:ListQueueTags", "the same for queues"),
    ("spoke", "sns:GetTopicAttributes", "topics that were there before there was a hub"),
    ("spoke", "sns:ListSubscriptionsByTopic", "as above"),
    ("spoke", "sns:DeleteTopic", "as above"),
    ("spoke", "events:DescribeEventBus", "the bus of a hub that was there before"),
    ("spoke", "events:DeleteEventBus", "as above"),
    ("spoke", "cloudtrail:ListTags", "asked of the trail that the blueprint keeps"),
    ("spoke", "cloudtrail:RemoveTags", "a trail that was kept there before"),
];

fn blueprint(email: &str) -> String {
    format!(
        "\
version: 1
name: least
accounts:
  - {{ id: '{HUB}', role: ctguard, external_id: {EXTERNAL_ID} }}
  - {{ id: '{SPOKE}', role: ctguard, external_id: {EXTERNAL_ID} }}
regions: [{HOME}]
hub: {{ account: '{HUB}', region: {HOME} }}
trail: {{ name: least-management, bucket: least-logs-{HUB}, home_region: {HOME}, account: '{HUB}' }}
destinations:
  secops: {{ topic: secops, format: text, subscribers: [{{ email: {email} }}] }}
  siem: {{ topic: siem, format: json, subscribers: [{{ sqs: 'arn:aws:sqs:{HOME}:{HUB}:siem' }}] }}
alerts:
  - {{ id: route, title: Route, risk: high, events: [ec2:CreateRoute], notify: [secops, siem], why: w, next: n }}
"
    )
}

/// The same accounts, and nothing to watch: everything goes.
fn empty() -> String {
    let text = blueprint("x@acme.example");
    let (accounts, _) = text.split_once("hub:").unwrap();
    format!("{accounts}alerts: []\n")
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
    /// Every permission that was needed, by role.
    needed: BTreeSet<(String, Needed)>,
}

struct Fleet {
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
/// bus has the bus's name in its ARN, a bus is taken for a rule, and calls about tags are made on nothing.
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
        if ["TagResource", "TagsForResource", "AddTags", "RemoveTags"]
            .iter()
            .any(|c| actions.contains(c))
        {
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
        watch.needed.extend(needs.iter().map(|needed| (role.clone(), needed.clone())));
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
            by_owner(HUB, &[Action::TagTrail { name, tags }]);
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
    fn new() -> Self {
        let upstream = url("CTGUARD_TEST_AUTH_URL");
        let watch = Arc::new(Mutex::new(Watch::default()));
        let (seen, behind) = (Arc::clone(&watch), upstream.clone());
        let proxy = Stub::start(move |call| Some(pass_on(&seen, &behind, call)));
        let folder = TempDir::new().unwrap();
        let credentials = Default::default();
        let mut fleet = Self { url: upstream, proxy, watch, folder, credentials };
        fleet.write(&blueprint("secops@acme.example"));
        let printed = |args: &[&str]| {
            fleet.run(&[&["policy"], args, &["--ci-account", CI]].concat()).expect(0).json()
        };

        let trust = ["--trust", "github", "--repository", "acme/security", "--branch", "main"];
        let template = printed(&["--bootstrap", "--format", "json"]);
        let member = &template["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"];
        let mut member = member.clone();
        let statement = &mut member["Statement"][0];
        assert_eq!(statement["Principal"]["AWS"]["Ref"], "Principal");
        statement["Principal"]["AWS"] = json!(role(CI, "ci"));
        statement["Condition"] = statement["Condition"]["Fn::If"][1].clone();
        assert_eq!(statement["Condition"]["StringEquals"]["sts:ExternalId"]["Ref"], "ExternalId");
        statement["Condition"]["StringEquals"]["sts:ExternalId"] = json!(EXTERNAL_ID);
        let roles = [
            (CI, "ci", printed(&trust), "ci"),
            (HUB, "ctguard", member.clone(), "hub"),
            (SPOKE, "ctguard", member, "spoke"),
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
        fleet.watch.lock().unwrap().sessions.insert(session, role(CI, "ci"));
        fleet
    }

    /// The session of a job, or what it is refused with.
    fn job(&self, subject: &str) -> Result<[String; 3], String> {
        let (arn, token) = (role(CI, "ci"), token(subject));
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
    fn without(&self, args: &[&str], lacking: &[(&str, &str)]) -> Ran {
        let whole = self.policies();
        for (role, sid) in lacking {
            let mut watch = self.watch.lock().unwrap();
            let policy = watch.policies.get_mut(*role).unwrap();
            policy["Statement"].as_array_mut().unwrap().retain(|one| one["Sid"] != **sid);
        }
        let ran = self.run(args);
        self.watch.lock().unwrap().policies = whole;
        ran
    }

    /// Runs a command without these statements: it must not succeed, and must name a missing action of the first.
    fn names_what_is_missing(&self, args: &[&str], lacking: &[(&str, &str)]) {
        let (role, sid) = lacking[0];
        let policies = self.policies();
        let statements = policies[role]["Statement"].as_array().unwrap();
        let statement = statements.iter().find(|statement| statement["Sid"] == *sid).unwrap();
        let ran = self.without(args, lacking);
        assert!([1, 4].contains(&ran.code), "{role} without {sid}: {}", ran.seen());
        let actions = statement["Action"].as_array().unwrap();
        let mut actions = actions.iter().map(|action| action.as_str().unwrap());
        let said = ran.seen();
        assert!(actions.any(|action| said.contains(action)), "{role} without {sid}: {said}");
    }
}

/// Statements of one role that begin so, each with the role.
fn sids<'a>(
    policies: &'a BTreeMap<String, Value>,
    role: &'a str,
    words: &[&str],
) -> Vec<(&'a str, &'a str)> {
    let statements = policies[role]["Statement"].as_array().unwrap().iter();
    let sids = statements.map(|statement| statement["Sid"].as_str().unwrap());
    let meant = |sid: &&str| words.iter().any(|word| sid.starts_with(word));
    sids.filter(meant).map(|sid| (role, sid)).collect()
}

/// Runs a command again and again, granted one more of these statements each time, in their order: each time the next
/// one is missed by name, until all are there and it succeeds.
fn granted_one_by_one(fleet: &Fleet, args: &[&str], order: &[(&str, &str)]) {
    for first in 0..order.len() {
        fleet.names_what_is_missing(args, &order[first..]);
    }
    fleet.run(args).expect(0);
}

#[test]
fn the_printed_policies_are_enough_each_statement_is_needed_and_nothing_is_granted_in_vain() {
    let fleet = Fleet::new();
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
    let inbox = Queue {
        policy: Some(json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage",
            "Resource": place(HUB).arn("sqs", "siem"),
        }] })),
        message_retention_seconds: 3600,
        ..Queue::default()
    };
    by_owner(
        HUB,
        &[Action::CreateQueue { name: "siem".to_owned(), queue: inbox, tags: tags(&[]) }],
    );
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
            Action::CreateBucket { name: bucket.clone() },
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
            (hub, "WriteTrailBucket"),
            (hub, "WriteTrail"),
            (hub, "WriteBus"),
            (hub, "WriteBusPolicy"),
            (hub, "WriteForwardRole"),
            (spoke, "WriteForwardRole"),
            (hub, "WriteQueues"),
            (spoke, "WriteQueues"),
            (hub, "WriteTopics"),
            (hub, "WriteRules"),
            (spoke, "WriteRules"),
            (hub, "PassForwardRole"),
            (spoke, "PassForwardRole"),
        ],
    );
    for verb in [&["plan", "--detailed-exitcode"][..], &["verify"], &["drift"]] {
        fleet.run(verb).expect(0);
    }

    // Each reading statement that a plan rests on, taken away alone.
    let used = |role: &str, sid: &str| {
        let statements = policies[role]["Statement"].as_array().unwrap();
        let statement = statements.iter().find(|one| one["Sid"] == *sid).unwrap();
        let watch = fleet.watch.lock().unwrap();
        watch.needed.iter().any(|(by, needed)| by == role && grants(statement, needed))
    };
    let mut read = 0;
    for role in [ci, hub, spoke] {
        for (role, sid) in sids(&policies, role, &["Read", "Enter"]) {
            if used(role, sid) {
                fleet.names_what_is_missing(&["plan"], &[(role, sid)]);
                read += 1;
            }
        }
    }
    assert!(read >= 11, "only {read} statements are read with");

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
    fleet.write(&blueprint("somebody-else@acme.example"));
    fleet.names_what_is_missing(&["apply", "--yes"], &[(hub, "WriteSubscriptions")]);
    fleet.run(&["apply", "--yes"]).expect(0);
    fleet.run(&["plan", "--detailed-exitcode"]).expect(0);

    // Taken away again, with one statement more each time.
    fleet.write(&empty());
    granted_one_by_one(
        &fleet,
        &["apply", "--yes"],
        &[
            (hub, "ReleaseTrails"),
            (spoke, "DeleteRules"),
            (hub, "DeleteRules"),
            (hub, "DeleteTopics"),
            (hub, "DeleteQueues"),
            (spoke, "DeleteQueues"),
            (hub, "DeleteBus"),
            (hub, "DeleteForwardRole"),
            (spoke, "DeleteForwardRole"),
        ],
    );
    fleet.run(&["plan", "--detailed-exitcode"]).expect(0);

    fleet.nothing_in_vain(&[("ci", ci), ("hub", hub), ("spoke", spoke)]);
}

impl Fleet {
    /// The ARN of the topic's subscription of this protocol, from its owner.
    fn subscription(&self, protocol: &str) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            use ctguard::cloud::{Cloud, ReadSet};
            use ctguard::snapshot::LiveSubscription;
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
                    let excepted = NOT_CALLED.iter().any(|row| excepted(row));
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
