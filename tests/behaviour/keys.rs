//! Keys that the blueprint names are judged before anything is encrypted with them.

use crate::world::blueprints::{PLAIN, TRAIL, keeping_a_trail};
use crate::world::{Ran, World};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::fresh::{AccountKind, new_account};
use ctguard_sandbox::state::{Denied, StoredKey};
use serde_json::{Value, json};

const KEY: &str = "1a2b3c4d-0000-0000-0000-000000000000";
const OTHER: &str = "arn:aws:kms:us-east-1:444455556666:key/9f8e7d6c-0000-0000-0000-000000000000";

fn place(region: &str) -> Place {
    Place::new(AccountId::new("111122223333").unwrap(), Region::new(region).unwrap())
}

/// What a key's policy says for a service; the owner of the key may always use it.
fn policy(effect: &str, service: &str, actions: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "Service": service }, "Action": actions, "Resource": "*" },
        { "Effect": effect, "Principal": { "Service": service }, "Action": "kms:Decrypt", "Resource": "*" },
    ] })
}

fn usable(service: &str) -> Value {
    policy("Allow", service, &json!(["kms:GenerateDataKey*", "kms:DescribeKey"]))
}

fn put_key(world: &World, region: &str, enabled: bool, policy: &Value) {
    let key = StoredKey {
        aliases: ["alias/alerts".to_owned()].into(),
        enabled,
        aws_managed: false,
        asymmetric: false,
        policy: policy.clone(),
    };
    world.change(|state| drop(state.region_mut(&place(region)).keys.insert(KEY.to_owned(), key)));
}

fn words(ran: &Ran) -> String {
    ran.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn one_region(text: &str) -> String {
    text.replace("regions: [us-east-1, eu-west-1]", "regions: [us-east-1]")
}

/// Applied beside a trail of others, and everybody has confirmed.
fn heard(blueprint: &str) -> World {
    let world = World::with_trail(blueprint);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world
}

fn encrypted(key: &str) -> String {
    one_region(&PLAIN.replace("topic: secops", &format!("topic: secops, kms_key: \"{key}\"")))
}

const EVENTS: &str = "events.amazonaws.com";
const TRAILS: &str = "cloudtrail.amazonaws.com";

/// A key that is wrong: whether it is on, its policy, and what is said of it.
type Wrong = (&'static str, bool, Value, &'static str, &'static str);

fn wrong(service: &'static str, call: &'static str) -> [Wrong; 3] {
    let only = policy("Allow", service, &json!("kms:Encrypt"));
    let mut denied = usable(service);
    denied["Statement"][2]["Effect"] = json!("Deny");
    denied["Statement"][2]["Action"] = json!("kms:GenerateDataKey");
    [
        ("disabled", false, usable(service), "the key is disabled", "aws kms cancel-key-deletion"),
        ("not allowed", true, only, call, "Allow "),
        ("denied", true, denied, "denies", "an Allow does not undo a Deny"),
    ]
}

#[test]
fn a_new_topic_is_refused_in_the_first_plan_where_its_key_lets_nobody_publish() {
    let missing = World::with_trail(&encrypted("alias/alerts"));
    let plan = words(&missing.run(&["plan"]).expect(5));
    assert!(plan.contains("the key does not exist"), "{plan}");
    assert!(plan.contains("Name a customer-managed key that exists"), "{plan}");
    for (what, enabled, policy, cause, fix) in wrong(EVENTS, "kms:GenerateDataKey") {
        let world = World::with_trail(&encrypted("alias/alerts"));
        put_key(&world, "us-east-1", enabled, &policy);
        let plan = words(&world.run(&["plan"]).expect(5));
        assert!(plan.contains(cause) && plan.contains(fix), "{what}: {plan}");
        assert!(!plan.contains("Warnings"), "{what} is said once: {plan}");
        assert!(!plan.contains("gained") && !plan.contains("+ topic"), "{what}: {plan}");
        let verify = words(&world.run(&["verify"]).expect(3));
        assert!(verify.contains(cause), "{what}: {verify}");
        world.run(&["apply", "--yes"]).expect(5);
        assert!(world.state().region(&place("us-east-1")).topics.is_empty(), "{what}");
        // Once the key is right, the next apply makes the topic.
        put_key(&world, "us-east-1", true, &usable(EVENTS));
        let plan = words(&world.run(&["plan"]).expect(0));
        assert!(plan.contains("gained") && !plan.contains("alias/alerts,"), "{what}: {plan}");
        world.run(&["apply", "--yes"]).expect(0);
        world.run(&["sandbox", "confirm"]).expect(0);
        world.run(&["verify"]).expect(0);
        world.run(&["plan", "--detailed-exitcode"]).expect(0);
    }
}

/// Such a key is enabled and its policy right, and AWS makes no data keys by it.
#[test]
fn a_key_that_is_no_symmetric_one_for_encryption_silences_and_is_named() {
    let turn = |world: &World| {
        world.change(|state| {
            for key in state.region_mut(&place("us-east-1")).keys.values_mut() {
                key.asymmetric = true;
            }
        });
    };
    let cause = "it is not a symmetric key for encryption";
    let world = World::with_trail(&encrypted("alias/alerts"));
    put_key(&world, "us-east-1", true, &usable(EVENTS));
    turn(&world);
    let plan = words(&world.run(&["plan"]).expect(5));
    assert!(plan.contains(cause) && plan.contains("SYMMETRIC_DEFAULT"), "{plan}");
    world.run(&["apply", "--yes"]).expect(5);

    put_key(&world, "us-east-1", true, &usable(EVENTS));
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["verify"]).expect(0);
    turn(&world);
    let verify = words(&world.run(&["verify"]).expect(3));
    assert!(verify.contains("topic-key-disabled") && verify.contains(cause), "{verify}");
    assert!(!verify.contains("enable-key"), "that does not help: {verify}");
    let drift = words(&world.run(&["drift"]).expect(2));
    assert!(drift.contains(cause), "{drift}");
}

#[test]
fn a_topic_that_people_hear_keeps_its_encryption_where_the_new_key_would_silence_it() {
    for (what, enabled, policy, cause, _) in wrong(EVENTS, "kms:GenerateDataKey") {
        let world = heard(&one_region(PLAIN));
        put_key(&world, "us-east-1", enabled, &policy);
        world.write("ctguard.yaml", &encrypted("alias/alerts"));
        let plan = words(&world.run(&["plan"]).expect(5));
        assert!(plan.contains(cause), "{what}: {plan}");
        assert!(plan.contains("keeps its encryption as it is"), "{what}: {plan}");
        assert!(!plan.contains("lost in"), "{what}: {plan}");
        world.run(&["apply", "--yes"]).expect(5);
        world.run(&["drift"]).expect(5);
        world.run(&["verify"]).expect(0);
        put_key(&world, "us-east-1", true, &usable(EVENTS));
        world.run(&["apply", "--yes"]).expect(0);
        world.run(&["verify"]).expect(0);
        let state = world.state();
        let topics = &state.region(&place("us-east-1")).topics;
        assert!(topics.values().all(|topic| topic.topic.kms_key.is_some()), "{what}");
    }
}

#[test]
fn a_key_that_may_not_be_read_is_unknown_and_nothing_is_encrypted_with_it() {
    for call in ["kms:DescribeKey", "kms:GetKeyPolicy"] {
        let world = heard(&one_region(PLAIN));
        put_key(&world, "us-east-1", true, &usable(EVENTS));
        world.write("ctguard.yaml", &encrypted("alias/alerts"));
        let denied = Denied { operation: call.to_owned(), account: None, region: None };
        world.change(|state| state.denied.push(denied));
        let plan = words(&world.run(&["plan"]).expect(4));
        assert!(plan.contains(call), "{plan}");
        world.run(&["apply", "--yes"]).expect(4);
        let state = world.state();
        let topics = &state.region(&place("us-east-1")).topics;
        assert!(topics.values().all(|topic| topic.topic.kms_key.is_none()), "{call}");
    }
}

/// Nobody is given the policy of another account's key, so asking for it is no gap.
#[test]
fn a_key_of_another_account_is_assumed_and_that_is_said() {
    let world = World::with_trail(&encrypted(OTHER));
    let plan = words(&world.run(&["plan"]).expect(0));
    assert!(plan.contains("it is in another account, which gives nobody its policy"), "{plan}");
    assert!(plan.contains("gained"), "{plan}");
    let owner = Place::new(AccountId::new("444455556666").unwrap(), place("us-east-1").region);
    let id = OTHER.rsplit('/').next().unwrap();
    let key = StoredKey {
        aliases: Default::default(),
        enabled: true,
        aws_managed: false,
        asymmetric: false,
        policy: usable(EVENTS),
    };
    world.change(|state| {
        let other =
            new_account(AccountKind::Bare, &owner.account, std::slice::from_ref(&owner.region));
        state.accounts.extend(other.accounts);
        state.region_mut(&owner).keys.insert(id.to_owned(), key);
    });
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let verify = words(&world.run(&["verify"]).expect(0));
    assert!(verify.contains("topic-unread") && verify.contains("2 assumed"), "{verify}");
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

fn keyed_trail(key: &str) -> String {
    let trail = TRAIL.replace("home_region", &format!("kms_key: \"{key}\", home_region"));
    format!("{PLAIN}{trail}")
}

fn own_key() -> String {
    place("us-east-1").arn("kms", &format!("key/{KEY}"))
}

/// AWS refuses such a trail, and the bucket would be left behind.
#[test]
fn a_trail_is_refused_in_the_first_plan_where_its_key_does_not_let_cloudtrail_in() {
    let missing = World::bare(&keyed_trail(&own_key()));
    let plan = words(&missing.run(&["plan"]).expect(5));
    assert!(plan.contains("the key does not exist"), "{plan}");
    assert!(plan.contains("Name a key that exists in `trail.kms_key`"), "{plan}");
    for (what, enabled, policy, cause, fix) in wrong(TRAILS, "kms:GenerateDataKey") {
        let world = World::bare(&keyed_trail(&own_key()));
        put_key(&world, "us-east-1", enabled, &policy);
        let plan = words(&world.run(&["plan"]).expect(5));
        assert!(plan.contains(cause) && plan.contains(fix), "{what}: {plan}");
        assert!(!plan.contains("+ trail") && !plan.contains("+ bucket"), "{what}: {plan}");
        assert!(!plan.contains("gained"), "{what}: {plan}");
        world.run(&["apply", "--yes"]).expect(5);
        assert!(world.state().bucket("acme-logs-111122223333").is_none(), "{what}");
        put_key(&world, "us-east-1", true, &usable(TRAILS));
        world.run(&["apply", "--yes"]).expect(0);
        world.run(&["sandbox", "confirm"]).expect(0);
        world.run(&["verify", "--strict"]).expect(0);
    }
}

/// CloudTrail refuses the whole UpdateTrail for its key: what else is to change goes without it.
#[test]
fn a_trail_that_is_there_is_corrected_without_the_key_that_it_cannot_use() {
    let world = World::settled(&keeping_a_trail());
    put_key(&world, "us-east-1", false, &usable(TRAILS));
    world.write("ctguard.yaml", &keyed_trail(&own_key()));
    world.run(&["sandbox", "break", "single-region-trail"]).expect(0);
    world.run(&["sandbox", "break", "stop-trail"]).expect(0);
    let plan = words(&world.run(&["plan"]).expect(5));
    assert!(plan.contains("The trail keeps its encryption as it is"), "{plan}");
    assert!(plan.contains("gained"), "{plan}");
    world.run(&["apply", "--yes"]).expect(5);
    world.run(&["verify"]).expect(0);
    world.run(&["drift"]).expect(5);
    put_key(&world, "us-east-1", true, &usable(TRAILS));
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(world.read("account.json").contains(&own_key()));
}

#[test]
fn a_bucket_in_another_region_than_the_key_is_told_before_the_trail_is_made() {
    let key = place("eu-west-1").arn("kms", &format!("key/{KEY}"));
    let text = keyed_trail(&key).replace("home_region", "foreign_bucket: true, home_region");
    let world = World::bare(&text);
    put_key(&world, "eu-west-1", true, &usable(TRAILS));
    let plan = words(&world.run(&["plan"]).expect(5));
    assert!(plan.contains("the key is in eu-west-1 and the bucket in us-east-1"), "{plan}");
    assert!(plan.contains("Name a key of us-east-1"), "{plan}");
}

#[test]
fn keys_out_of_place_are_errors_offline() {
    let here = |key: &str| keyed_trail(key);
    let topic =
        |key: &str| PLAIN.replace("topic: secops", &format!("topic: secops, kms_key: \"{key}\""));
    let in_china = |text: String| {
        text.replace("regions: [us-east-1, eu-west-1]", "regions: [cn-north-1]")
            .replace("home_region: us-east-1", "home_region: cn-north-1")
    };
    let mrk = "arn:aws:kms:eu-west-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef";
    for (what, text, said) in [
        (
            "another region",
            here("arn:aws:kms:eu-west-1:111122223333:key/k"),
            "name a key in `us-east-1`",
        ),
        (
            "its own bucket",
            here("arn:aws:kms:eu-west-1:111122223333:key/k"),
            "`foreign_bucket: true`",
        ),
        ("a replica", here(mrk), "replica in `us-east-1`"),
        ("another partition", here("arn:aws-cn:kms:cn-north-1:111122223333:key/k"), "`us-east-1`"),
        (
            "a partition without the region",
            here("arn:aws-cn:kms:us-east-1:111122223333:key/k"),
            "is in `aws`",
        ),
        (
            "a topic's partition",
            topic("arn:aws-cn:kms:{region}:{account}:key/k"),
            "its partition is `aws-cn`",
        ),
        (
            "a topic in China",
            in_china(topic("arn:aws:kms:{region}:{account}:key/k")),
            "is in `aws-cn`",
        ),
        (
            "a foreign bucket in another partition",
            here("arn:aws-cn:kms:cn-north-1:111122223333:key/k")
                .replace("home_region", "foreign_bucket: true, home_region"),
            "name a key in `us-east-1`",
        ),
    ] {
        let world = World::empty();
        world.write("ctguard.yaml", &text);
        let ran = world.run(&["validate"]).expect(64);
        assert!(
            ran.err.contains("kms-key") || ran.out.contains("kms-key"),
            "{what}: {}",
            ran.seen()
        );
        assert!(ran.seen().contains(said), "{what}: {}", ran.seen());
    }
    for text in [
        here(&own_key()),
        here("arn:aws:kms:us-east-1:444455556666:alias/logs"),
        here("arn:aws:kms:eu-west-1:111122223333:key/k")
            .replace("home_region", "foreign_bucket: true, home_region"),
        topic("arn:aws:kms:{region}:{account}:alias/alerts"),
        in_china(topic("arn:aws-cn:kms:{region}:{account}:key/k")),
        topic("arn:aws-cn:kms:{region}:{account}:key/k")
            .replace("regions: [us-east-1, eu-west-1]", "regions: enabled"),
    ] {
        let world = World::empty();
        world.write("ctguard.yaml", &text);
        world.run(&["validate"]).expect(0);
    }
}
