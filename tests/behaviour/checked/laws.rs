//! The law: if `validate` is silent, no verb calls the blueprint invalid; and it makes no error up.

use super::{alert, blueprint};
use crate::laws::wait;
use crate::world::{TODAY, World};
use ctguard::run;
use ctguard::run::SurveyError;
use ctguard_core::blueprint::load_text;
use ctguard_core::desired::Narrow;
use ctguard_core::offline::rules;
use ctguard_core::scope::{AccountId, Partition, Region};
use ctguard_sandbox::fresh::{AccountKind, new_accounts, organize};
use ctguard_sandbox::{Sandbox, State};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;

const ACCOUNTS: [&str; 3] = ["111122223333", "222233334444", "333344445555"];

/// Accounts as a blueprint says them. The caller's is the first: where none is listed, no other is named.
const FLEETS: [&str; 5] = [
    "",
    "accounts: [{ id: \"111122223333\", name: a }]\n",
    "accounts: [{ id: \"111122223333\", name: a }, { id: \"222233334444\", name: b, role: ctguard, omit: [a0] }]\n",
    "accounts: [{ organization: { role: ctguard } }]\n",
    "accounts: [{ id: \"111122223333\", name: a, routes: { high: [] } }, { organization: { role: ctguard, exclude: [\"333344445555\"] } }]\n",
];

const REGIONS: [&str; 5] = [
    "regions: [us-east-1]\n",
    "regions: [us-east-1, eu-west-1]\n",
    "regions: [eu-west-1]\n",
    "regions: enabled\n",
    "regions: { enabled: true, except: [{ region: us-west-2, reason: r }] }\n",
];

const HUBS: [&str; 4] = [
    "",
    "hub: { account: \"111122223333\", region: us-east-1 }\n",
    "hub: { account: \"111122223333\", region: eu-west-1 }\n",
    "trail: { name: own, bucket: acme-logs, account: \"111122223333\", home_region: us-east-1 }\n",
];

const TOPICS: [&str; 6] = [
    "topic: t, subscribers: []",
    "topic_arn: \"arn:aws:sns:{region}:{account}:t\", subscribers: []",
    "topic_arn: \"arn:aws:sns:{region}:111122223333:t\", subscribers: []",
    "topic_arn: \"arn:aws:sns:us-east-1:111122223333:t\", subscribers: []",
    "topic: t, subscribers: [{ lambda: \"arn:aws:lambda:ap-northeast-3:111122223333:function:f\" }]",
    "topic: t, subscribers: [{ sqs: \"arn:aws:sqs:eu-west-1:111122223333:q\" }]",
];

const EVENTS: [&str; 6] = [
    "iam:CreateUser",
    "ec2:CreateRoute",
    "ec2:CreateRoute, iam:CreateUser",
    "signin:ConsoleLogin",
    "sts:AssumeRole",
    "networkmanager:CreateDevice",
];

const CONDITIONS: [&str; 10] = [
    "",
    "eventName: [CreateUser]",
    "eventName: [{ prefix: Create }]",
    "errorCode: [{ exists: true }]",
    "errorCode: [{ prefix: Access }, { exists: false }]",
    "userIdentity.type: [Root]",
    "userIdentity.arn: [{ wildcard: \"*:user/x-*\" }]",
    "$or: [{ userIdentity.type: [Root] }, { sourceIPAddress: [{ cidr: 10.0.0.0/8 }] }]",
    "resources.ARN: [x]",
    "requestParameters.count: [{ numeric: [\">\", 5] }]",
];

const EXCEPTIONS: [&str; 7] = [
    "userIdentity.type: [Root]",
    "resources.ARN: [x]",
    "userIdentity.arn: [{ suffix: /admin }]",
    "sourceIPAddress: [{ cidr: 10.0.0.0/8 }]",
    "eventName: [CreateUser]",
    "requestParameters.count: [{ numeric: [\">\", 3] }]",
    "$or: [{ userIdentity.type: [Root] }, { errorCode: [{ exists: true }] }]",
];

/// What follows an alert's events.
fn keys() -> impl Strategy<Value = String> {
    let long = prop_oneof![8 => Just(0_usize), 1 => 20..400_usize];
    let outcome = select(vec!["any", "success", "failure"]);
    let excepted = subsequence(EXCEPTIONS.to_vec(), 0..=2);
    (select(CONDITIONS.to_vec()), long, outcome, excepted, any::<[bool; 2]>()).prop_map(
        |(condition, long, outcome, excepted, [conditioned, excepting])| {
            let values: Vec<String> = (0..long).map(|n| format!("value-number-{n}")).collect();
            let mut fields: Vec<String> = Vec::new();
            fields.extend((conditioned && !condition.is_empty()).then(|| condition.to_owned()));
            if long > 0 {
                fields.push(format!("requestParameters.userName: [{}]", values.join(", ")));
            }
            let mut keys = format!(", outcome: {outcome}");
            if !fields.is_empty() {
                keys.push_str(&format!(", where: {{ {} }}", fields.join(", ")));
            }
            if excepting && !excepted.is_empty() {
                let of = |filter: &&str| format!("{{ where: {{ {filter} }}, reason: r }}");
                let all: Vec<String> = excepted.iter().map(of).collect();
                keys.push_str(&format!(", except: [{}]", all.join(", ")));
            }
            keys
        },
    )
}

/// Blueprints, good and bad ones.
fn blueprints() -> impl Strategy<Value = String> {
    let fleet = (select(FLEETS.to_vec()), select(REGIONS.to_vec()), select(HUBS.to_vec()));
    let alerts = proptest::collection::vec((select(EVENTS.to_vec()), keys()), 1..4);
    let copies = prop_oneof![12 => Just(1_usize), 1 => 28..40_usize, 1 => 290..310_usize];
    (fleet, select(TOPICS.to_vec()), alerts, copies).prop_map(
        |((accounts, regions, hub), topic, alerts, copies)| {
            let mut all = Vec::new();
            for (number, (events, keys)) in alerts.iter().enumerate() {
                let copies = if number == 0 { copies } else { 1 };
                for _ in 0..copies {
                    let id = format!("a{}", all.len());
                    all.push(alert(&id, events, keys));
                }
            }
            blueprint(&format!("{accounts}{regions}{hub}"), topic, &all)
        },
    )
}

/// An empty organization of three accounts, each with the regions that a new account has.
fn accounts() -> State {
    let regions = Partition::Aws.default_regions().iter().map(|name| Region::new(name).unwrap());
    let regions: Vec<Region> = regions.collect();
    let [first, second, third] = ACCOUNTS.map(|id| AccountId::new(id).unwrap());
    let mut state = new_accounts(AccountKind::Bare, &first, &[second, third], &regions);
    organize(&mut state);
    state
}

/// Whether a verb would refuse the blueprint if it were not checked before.
fn is_refused_live(text: &str) -> bool {
    let Some(blueprint) = load_text("b.yaml", text, None, TODAY).blueprint else { return true };
    let sandbox = Sandbox::in_memory(accounts());
    let narrow = Narrow::default();
    let survey = wait(run::survey(&sandbox, &blueprint, TODAY, &narrow, 4, &|_| {}));
    rules(&blueprint, TODAY).is_err() || matches!(survey, Err(SurveyError::Compile(_)))
}

/// What `validate` passes no verb calls invalid, and what it refuses some verb would refuse, too.
#[test]
fn what_validate_passes_no_verb_calls_invalid() {
    let asked = std::env::var_os("PROPTEST_CASES").map(|_| Config::default().cases);
    let cases = asked.unwrap_or(48);
    let config = Config { cases, max_shrink_iters: 200, ..Config::default() };
    let (passed, refused) = (Cell::new(0), Cell::new(0));
    let world = World::empty();
    Sandbox::replace(&world.path("account.json"), accounts()).unwrap();
    world.write("events.json", "[]");
    let path = world.path("ctguard.yaml").display().to_string();
    let events = world.path("events.json").display().to_string();
    let law = |text: String| {
        world.write("ctguard.yaml", &text);
        let ran = world.run(&["validate"]);
        if ran.code == 64 {
            refused.set(refused.get() + 1);
            prop_assert!(is_refused_live(&text), "made up: {}\n{}", text, ran.seen());
            return Ok(());
        }
        prop_assert_eq!(ran.code, 0, "{}", ran.seen());
        passed.set(passed.get() + 1);
        for verb in
            [vec!["test", &path], vec!["match", "--blueprint", &path, &events], vec!["plan"]]
        {
            let ran = world.run(&verb);
            prop_assert_ne!(ran.code, 64, "{:?} on\n{}\n{}", verb, text, ran.seen());
        }
        Ok(())
    };
    TestRunner::new(config).run(&blueprints(), law).unwrap();
    // Some 10 of 48 pass in the mean, so that chance leaves none once in a hundred thousand runs.
    assert!(passed.get() > 0, "none was passed");
    assert!(refused.get() > 0, "none was refused");
}
