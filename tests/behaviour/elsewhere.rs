//! Topics of other accounts, which rules reach by a role.

use crate::fleet::event;
use crate::laws::{apply, plan, read, survey, wait};
use crate::world::TODAY;
use ctguard::run;
use ctguard::run::OutcomeKind;
use ctguard_core::blueprint::Blueprint;
use ctguard_core::cause::{Cause, Obstacle};
use ctguard_core::desired::Intent;
use ctguard_core::event::sample::Identity;
use ctguard_core::proof::{FixedBy, Link, LinkCode, Proof, Status, prove};
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes, Topic};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_core::snapshot::{LiveKey, Observed, Unreadable};
use ctguard_sandbox::fresh::{AccountKind, new_account};
use ctguard_sandbox::state::{StoredKey, StoredRole, StoredSubscription, StoredTopic};
use ctguard_sandbox::{Sandbox, State};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];
const OWNER: &str = "444455556666";
const ROLE: &str = "arn:aws:iam::111122223333:role/ctguard-acme";
const THEIRS: &str = "arn:aws:iam::111122223333:role/publisher";
const HOOK: &str = "https://hooks.acme.example/in";

fn place(account: &str, region: &str) -> Place {
    Place::new(AccountId::new(account).unwrap(), Region::new(region).unwrap())
}

fn topic_arn(region: &str) -> String {
    place(OWNER, region).arn("sns", "central")
}

fn with(destination: &str, head: &str) -> Blueprint {
    read(&format!(
        "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\n{head}destinations:\n  central: {{ topic_arn: \"arn:aws:sns:{{region}}:{OWNER}:central\", format: json, {destination}, subscribers: [{{ https: \"{HOOK}\" }}] }}\nroutes: {{ high: [central] }}\nalerts:\n  - {{ id: route, title: Route, risk: high, events: [ec2:CreateRoute], why: w, next: n }}\n"
    ))
}

fn created() -> Blueprint {
    with("role: create", "")
}

fn allow(who: Value, actions: Value, region: &str) -> Value {
    json!({ "Sid": "theirs", "Effect": "Allow", "Principal": who, "Action": actions, "Resource": topic_arn(region) })
}

/// The blueprint's account, and topics of another account that admit its role. Few topics let
/// others read them.
pub fn accounts(readable: bool) -> State {
    let regions = REGIONS.map(|name| Region::new(name).unwrap());
    let mut state =
        new_account(AccountKind::WithTrail, &AccountId::new("111122223333").unwrap(), &regions);
    let other = new_account(AccountKind::Bare, &AccountId::new(OWNER).unwrap(), &regions);
    state.accounts.extend(other.accounts);
    for region in REGIONS {
        let mut statements = vec![allow(json!({ "AWS": ROLE }), json!("sns:Publish"), region)];
        if readable {
            let reads = json!(["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"]);
            statements.push(allow(json!({ "AWS": "111122223333" }), reads, region));
        }
        let subscription = StoredSubscription::Confirmed {
            arn: format!("{}:0a1b", topic_arn(region)),
            attributes: SubscriptionAttributes::default(),
        };
        let topic = StoredTopic {
            topic: Topic {
                policy: Some(json!({ "Version": "2012-10-17", "Statement": statements })),
                ..Topic::default()
            },
            subscriptions: [(Endpoint::new(Protocol::Https, HOOK), subscription)].into(),
            tags: Default::default(),
        };
        state.region_mut(&place(OWNER, region)).topics.insert("central".into(), topic);
    }
    state
}

/// Applies, and says what did not work.
fn failed(sandbox: &Sandbox, blueprint: &Blueprint) -> Vec<String> {
    let outcomes = apply(sandbox, blueprint).outcomes.into_iter();
    let bad = outcomes.filter(|outcome| !matches!(outcome.kind, OutcomeKind::Done));
    bad.map(|outcome| format!("{outcome:?}")).collect()
}

fn settled(blueprint: &Blueprint, state: State) -> Sandbox {
    let sandbox = Sandbox::in_memory(state);
    assert_eq!(failed(&sandbox, blueprint), [""; 0]);
    let left = plan(&sandbox, blueprint);
    assert!(left.changes.is_empty(), "{:#?}", left.changes);
    sandbox
}

/// What verify says that is not proven, as `status code`, and who can mend it.
fn said(sandbox: &Sandbox, blueprint: &Blueprint) -> BTreeSet<(String, FixedBy)> {
    let survey = survey(sandbox, blueprint);
    let proof = prove(&survey.desired, &survey.live);
    assert!(!proof.paths.is_empty());
    open(&proof)
        .map(|link| {
            assert!(!link.fix.is_empty(), "{link:#?}");
            (said_of(&link), link.fixed_by)
        })
        .collect()
}

/// The links that are not proven.
fn open(proof: &Proof) -> impl Iterator<Item = Link> {
    let links = proof.paths.iter().flat_map(|path| path.links.iter().map(|link| (**link).clone()));
    links.filter(|link| link.status > Status::Proven)
}

fn said_of(link: &Link) -> String {
    format!("{} {}", link.status.as_str(), link.code)
}

fn heard(sandbox: &Sandbox) -> bool {
    let state = sandbox.state();
    REGIONS.iter().all(|region| {
        let event =
            event(&state, "ec2", "CreateRoute", &place("111122223333", region), Identity::Root);
        let received = sandbox.deliver(&event).received;
        received.iter().any(|received| received.topic == topic_arn(region))
    })
}

#[test]
fn a_topic_of_another_account_is_reached_by_a_role_that_ctguard_keeps() {
    for readable in [false, true] {
        let sandbox = settled(&created(), accounts(readable));
        assert!(heard(&sandbox));
        let unread = ("assumed topic-unread".to_owned(), FixedBy::Person);
        let expected = if readable { BTreeSet::new() } else { [unread].into() };
        assert_eq!(said(&sandbox, &created()), expected);
        let state = sandbox.state();
        let role = &state.role(&AccountId::new("111122223333").unwrap(), "ctguard-acme").unwrap();
        let policy = &role.policies["ctguard-acme-central.444455556666"];
        let statement = &policy["Statement"][0];
        assert_eq!(statement["Action"], "sns:Publish");
        assert_eq!(statement["Resource"], json!([topic_arn("eu-west-1"), topic_arn("us-east-1")]));
        assert_eq!(role.policies.len(), 1);
    }
}

/// A key of another account whose policy may not be read is taken on trust; a read that was cut
/// short says nothing.
#[test]
fn only_a_denied_read_of_a_keys_policy_is_taken_on_trust() {
    let mut state = accounts(true);
    encrypt(&mut state, &key_for(&json!({ "AWS": ROLE })));
    let sandbox = settled(&created(), state);
    for (cause, expected) in [
        (Cause::DENIED, "assumed topic-unread"),
        (Cause::Unreachable(Obstacle::Timeout), "unknown topic-key-policy"),
        (Cause::RunTime, "unknown topic-key-policy"),
        (Cause::TooLarge, "unknown topic-key-policy"),
    ] {
        let mut survey = survey(&sandbox, &created());
        let why = Unreadable {
            operation: "kms:GetKeyPolicy".to_owned(),
            code: "code".to_owned(),
            message: "message".to_owned(),
            kind: cause.kind(),
            cause,
        };
        for region in REGIONS {
            let arn = place(OWNER, region).arn("kms", "key/0000-key");
            let places = survey.live.places.values_mut();
            let keys = places.filter_map(|seen| seen.keys.get_mut(&arn));
            for key in keys {
                *key = Observed::Known(LiveKey {
                    arn: arn.clone(),
                    enabled: true,
                    aws_managed: false,
                    asymmetric: false,
                    policy: Observed::Unreadable(why.clone()),
                });
            }
        }
        let proof = prove(&survey.desired, &survey.live);
        let said: BTreeSet<String> = open(&proof).map(|link| said_of(&link)).collect();
        assert_eq!(said, [expected.to_owned()].into(), "{cause:?}");
    }
}

/// Does something to accounts in which everything is right.
type Wound = fn(&mut State);

fn role(state: &mut State, change: impl FnOnce(&mut StoredRole)) {
    let account = state.accounts.get_mut(&AccountId::new("111122223333").unwrap()).unwrap();
    change(account.global.roles.get_mut("ctguard-acme").unwrap());
}

fn topics(state: &mut State, change: impl Fn(&mut StoredTopic, &str)) {
    for region in REGIONS {
        let topics = &mut state.region_mut(&place(OWNER, region)).topics;
        change(topics.get_mut("central").unwrap(), region);
    }
}

fn statements(topic: &mut StoredTopic) -> &mut Vec<Value> {
    topic.topic.policy.as_mut().unwrap()["Statement"].as_array_mut().unwrap()
}

fn encrypt(state: &mut State, policy: &Value) {
    for region in REGIONS {
        let key = StoredKey {
            aliases: ["alias/alerts".to_owned()].into(),
            enabled: true,
            aws_managed: false,
            asymmetric: false,
            policy: policy.clone(),
        };
        state.region_mut(&place(OWNER, region)).keys.insert("0000-key".into(), key);
    }
    topics(state, |topic, region| {
        topic.topic.kms_key = Some(place(OWNER, region).arn("kms", "key/0000-key"));
    });
}

fn key_for(who: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": who,
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*" }] })
}

const WOUNDS: &[(&str, Wound, &str, FixedBy)] = &[
    (
        "delete the role",
        |state| {
            let account = state.accounts.get_mut(&AccountId::new("111122223333").unwrap()).unwrap();
            account.global.roles.clear();
        },
        "broken role-missing",
        FixedBy::Apply,
    ),
    (
        "trust another account's rules",
        |state| {
            role(state, |role| {
                role.trust["Statement"][0]["Condition"]["StringEquals"]["aws:SourceAccount"] =
                    json!("000000000000");
            });
        },
        "broken role-trust",
        FixedBy::Apply,
    ),
    (
        "take the role's policy away",
        |state| role(state, |role| role.policies.clear()),
        "broken role-policy",
        FixedBy::Apply,
    ),
    (
        "attach a denial",
        |state| {
            role(state, |role| {
                role.attached.insert("arn:aws:iam::aws:policy/AWSDenyAll".into());
            });
        },
        "broken role-policy",
        FixedBy::Person,
    ),
    (
        "bound the role",
        |state| {
            role(state, |role| {
                role.permissions_boundary = Some("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
            });
        },
        "broken role-boundary",
        FixedBy::Person,
    ),
    (
        "send without the role",
        |state| {
            for region in REGIONS {
                let rules = &mut state.region_mut(&place("111122223333", region)).rules;
                let targets = rules.values_mut().flat_map(|rule| rule.targets.values_mut());
                targets.for_each(|target| target.role_arn = None);
            }
        },
        "broken target-role",
        FixedBy::Apply,
    ),
    (
        "admit EventBridge in place of the role",
        |state| {
            topics(state, |topic, _| {
                statements(topic)[0]["Principal"] = json!({ "Service": "events.amazonaws.com" });
            });
        },
        "broken topic-policy",
        FixedBy::Person,
    ),
    (
        "leave the topic its first policy only",
        |state| {
            topics(state, |topic, _| {
                statements(topic)[0]["Principal"] = json!({ "AWS": "*" });
                statements(topic)[0]["Condition"] =
                    json!({ "StringEquals": { "AWS:SourceOwner": OWNER } });
            });
        },
        "broken topic-policy-condition",
        FixedBy::Person,
    ),
    (
        "ask for another principal",
        |state| {
            topics(state, |topic, _| {
                statements(topic)[0]["Condition"] = json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/other" } });
            });
        },
        "broken topic-policy-condition",
        FixedBy::Person,
    ),
    (
        "deny the account",
        |state| {
            topics(state, |topic, region| {
                statements(topic).push(json!({ "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic_arn(region),
                    "Condition": { "StringNotEquals": { "aws:PrincipalAccount": OWNER } } }));
            });
        },
        "broken topic-policy-deny",
        FixedBy::Person,
    ),
    (
        "delete the topic",
        |state| {
            for region in REGIONS {
                state.region_mut(&place(OWNER, region)).topics.clear();
            }
        },
        // SNS says of a topic of another account that is gone what it says of one that is closed.
        "assumed topic-unread",
        FixedBy::Person,
    ),
];

/// Whatever the sandbox does not deliver is not called proven, and what rests on a topic that can
/// be read is not called assumed.
#[test]
fn each_link_of_the_way_is_judged_as_it_is_delivered() {
    let sandbox = settled(&created(), accounts(true));
    for (name, wound, expected, fixed_by) in WOUNDS {
        let mut state = sandbox.state();
        wound(&mut state);
        let wounded = Sandbox::in_memory(state);
        assert!(!heard(&wounded), "after `{name}` alerts are still heard");
        let said = said(&wounded, &created());
        assert!(said.contains(&((*expected).to_owned(), *fixed_by)), "{name}: {said:?}");
        if *fixed_by == FixedBy::Apply {
            apply(&wounded, &created());
            assert!(heard(&wounded), "apply does not mend `{name}`");
            assert!(self::said(&wounded, &created()).is_empty(), "{name}");
        }
    }
}

#[test]
fn an_encrypted_topic_asks_for_the_key_on_both_sides() {
    let key = "role: create, kms_key: \"arn:aws:kms:{region}:444455556666:key/0000-key\"";
    let owner = json!({ "AWS": "arn:aws:iam::444455556666:root" });
    let both =
        json!({ "AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"] });
    for (destination, who, heard_then) in [
        (key, &both, true),
        (key, &owner, false),
        // The key admits the account, and the role's own policy does not name the key.
        ("role: create", &both, false),
    ] {
        let blueprint = with(destination, "");
        let mut state = accounts(true);
        encrypt(&mut state, &key_for(who));
        let sandbox = settled(&blueprint, state);
        assert_eq!(heard(&sandbox), heard_then, "{destination} {who}");
        let said = said(&sandbox, &blueprint);
        let broken = said.iter().any(|(said, _)| said.starts_with("broken"));
        let sure = !broken || !heard_then;
        assert!(sure, "{destination} {who}: {said:?}");
        // A key of another account is mostly not readable from here.
        assert!(heard_then || !said.is_empty(), "{destination} {who}");
    }
}

#[test]
fn a_role_of_others_is_judged_and_left_alone() {
    let blueprint = with("role: \"arn:aws:iam::{account}:role/publisher\"", "");
    let mut state = accounts(true);
    topics(&mut state, |topic, _| statements(topic)[0]["Principal"] = json!({ "AWS": THEIRS }));
    // A role that does not exist cannot be put into a target.
    let sandbox = Sandbox::in_memory(state.clone());
    assert!(!failed(&sandbox, &blueprint).is_empty());
    assert!(
        said(&sandbox, &blueprint).contains(&("broken role-missing".to_owned(), FixedBy::Person))
    );
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "events.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let publish = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Action": "sns:Publish", "Resource": "*" }] });
    let theirs = StoredRole {
        trust,
        policies: [("publish".to_owned(), publish)].into(),
        permissions_boundary: None,
        attached: Default::default(),
        tags: Default::default(),
    };
    let account = state.accounts.get_mut(&AccountId::new("111122223333").unwrap()).unwrap();
    account.global.roles.insert("publisher".into(), theirs.clone());
    let sandbox = settled(&blueprint, state);
    assert!(heard(&sandbox));
    assert!(said(&sandbox, &blueprint).is_empty(), "{:?}", said(&sandbox, &blueprint));
    let after = sandbox.state();
    assert_eq!(after.role(&AccountId::new("111122223333").unwrap(), "publisher"), Some(&theirs));
    assert_eq!(after.role(&AccountId::new("111122223333").unwrap(), "ctguard-acme"), None);
}

#[test]
fn a_hub_sends_with_the_role_that_its_own_events_are_forwarded_with() {
    let hub = "accounts: [{ id: \"111122223333\" }]\nhub: { account: \"111122223333\", region: us-east-1 }\n";
    let blueprint = with("role: create", hub);
    let sandbox = settled(&blueprint, accounts(true));
    assert!(said(&sandbox, &blueprint).is_empty(), "{:?}", said(&sandbox, &blueprint));
    let event = event(
        &sandbox.state(),
        "ec2",
        "CreateRoute",
        &place("111122223333", "eu-west-1"),
        Identity::Root,
    );
    let received = sandbox.deliver(&event).received;
    assert!(
        received.iter().any(|received| received.topic == topic_arn("us-east-1")),
        "{received:#?}"
    );
    let account = AccountId::new("111122223333").unwrap();
    assert_eq!(sandbox.state().role(&account, "ctguard-acme").unwrap().policies.len(), 2);
    // Without the destination the permission goes, once nothing is sent there.
    let local = read(
        "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\naccounts: [{ id: \"111122223333\" }]\nhub: { account: \"111122223333\", region: us-east-1 }\ndestinations: { hook: { topic: hook, format: json, subscribers: [{ https: \"https://hooks.acme.example/in\" }] } }\nroutes: { high: [hook] }\nalerts:\n  - { id: route, title: Route, risk: high, events: [ec2:CreateRoute], why: w, next: n }\n",
    );
    apply(&sandbox, &local);
    let waiting = sandbox.state();
    assert_eq!(
        waiting.role(&account, "ctguard-acme").unwrap().policies.len(),
        2,
        "nobody has confirmed"
    );
    assert!(sandbox.deliver(&event).received.iter().any(|one| one.topic == topic_arn("us-east-1")));
    crate::laws::confirm(&sandbox);
    apply(&sandbox, &local);
    assert_eq!(sandbox.state().role(&account, "ctguard-acme").unwrap().policies.len(), 1);
    assert!(plan(&sandbox, &local).changes.is_empty());
}

#[test]
fn destroy_takes_the_role_away_and_leaves_the_topic() {
    let sandbox = settled(&created(), accounts(true));
    let before = sandbox.state().accounts[&AccountId::new(OWNER).unwrap()].clone();
    let mut survey = survey(&sandbox, &created().emptied());
    survey.desired.intent = Intent { destroy: true, ..Intent::default() };
    let plan =
        ctguard_core::plan::diff(&survey.desired, &survey.live, ctguard_core::plan::Stage::Planned);
    wait(run::apply(
        &sandbox,
        &survey.desired,
        &plan,
        4,
        &std::sync::atomic::AtomicBool::new(false),
        &|_| {},
    ));
    let after = sandbox.state();
    assert_eq!(after.role(&AccountId::new("111122223333").unwrap(), "ctguard-acme"), None);
    assert_eq!(after.accounts[&AccountId::new(OWNER).unwrap()], before);
}

#[test]
fn a_role_is_asked_for_where_only_a_role_reaches() {
    let load = |destination: &str| {
        let text = format!(
            "version: 1\nname: acme\nregions: [us-east-1]\naccounts: [{{ id: \"111122223333\" }}]\ndestinations:\n  central: {{ {destination}, format: json, subscribers: [{{ https: \"{HOOK}\" }}] }}\nroutes: {{ high: [central] }}\nalerts:\n  - {{ id: route, title: Route, risk: high, events: [ec2:CreateRoute], why: w, next: n }}\n"
        );
        let loaded = ctguard_core::blueprint::load_text("test.yaml", &text, None, TODAY);
        let mut codes: Vec<String> =
            loaded.diagnostics.iter().map(|one| one.code.to_string()).collect();
        if let Some(blueprint) = &loaded.blueprint {
            let sandbox = Sandbox::in_memory(accounts(true));
            let survey = wait(run::survey(
                &sandbox,
                blueprint,
                TODAY,
                &ctguard_core::desired::Narrow::default(),
                4,
                &|_| {},
            ));
            codes.extend(survey.err().map(|error| format!("{error:#?}")));
        }
        codes.join(" ")
    };
    let there = "topic_arn: \"arn:aws:sns:us-east-1:444455556666:central\"";
    assert_eq!(load(&format!("{there}, role: create")), "");
    assert!(load(there).contains("topic-out-of-place"));
    assert!(load("topic: central, role: create").contains("arn-invalid"));
    assert!(
        load(&format!("{there}, role: \"arn:aws:iam::111122223333:user/x\""))
            .contains("arn-invalid")
    );
    assert!(
        load(&format!("{there}, role: \"arn:aws:iam::444455556666:role/x\""))
            .contains("topic-out-of-place")
    );
    let far = "topic_arn: \"arn:aws:sns:eu-west-1:444455556666:central\", role: create";
    assert!(
        load(far).contains("topic-invalid") || load(far).contains("topic-out-of-place"),
        "{}",
        load(far)
    );
    assert_eq!(LinkCode::TopicUnread.as_str(), "topic-unread");
}

/// The first plan says what the topic's owner must allow, in words that can be put in as they are.
#[test]
fn the_statements_that_the_first_plan_prints_let_the_role_in() {
    use crate::world::World;
    let text = format!(
        "version: 1\nname: acme\nregions: [us-east-1]\ndestinations:\n  central: {{ topic_arn: \"arn:aws:sns:us-east-1:{OWNER}:central\", format: json, role: create, subscribers: [{{ https: \"{HOOK}\" }}] }}\nroutes: {{ high: [central] }}\nalerts:\n  - {{ id: route, title: Route, risk: high, events: [ec2:CreateRoute], why: w, next: n }}\n"
    );
    let world = World::with_trail(&text);
    world.change(|state| {
        let topics = accounts(false);
        state.accounts.extend(topics.accounts.into_iter().filter(|(id, _)| id.as_str() == OWNER));
        for region in REGIONS {
            let topics = &mut state.region_mut(&place(OWNER, region)).topics;
            topics.get_mut("central").unwrap().topic.policy =
                Some(json!({ "Version": "2012-10-17", "Statement": [] }));
        }
    });
    let plan = world.run(&["plan", "--format", "json"]).expect(0).json();
    let warnings = plan["warnings"].as_array().unwrap().iter();
    let said: Vec<&str> = warnings.filter_map(|one| one["message"].as_str()).collect();
    let said = said.iter().find(|text| text.contains("Statements that let")).unwrap();
    let printed = &said[said.find("{\"").unwrap()..];
    let printed = printed.replace("{region}", "us-east-1").replace("{account}", "111122223333");
    let statements: Vec<Value> =
        serde_json::from_str(&format!("[{}]", printed.trim_end_matches('.'))).unwrap();
    world.change(|state| {
        let topics = &mut state.region_mut(&place(OWNER, "us-east-1")).topics;
        topics.get_mut("central").unwrap().topic.policy =
            Some(json!({ "Version": "2012-10-17", "Statement": statements }));
    });
    world.run(&["apply", "--yes"]).expect(0);
    let verify = world.run(&["verify"]).expect(0);
    assert!(verify.out.contains("1 proven"), "{}", verify.out);
    let sent = world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "us-east-1"]);
    assert!(sent.out.contains("central"), "{}", sent.out);
    // Once all is in place, nothing is left to say.
    let plan = world.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(!plan.out.contains("Statements that let"), "{}", plan.out);
}
