use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard_core::resource::topic::{Endpoint, Protocol};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::state::{State, StoredSubscription, StoredTopic};

#[test]
fn an_event_reaches_its_subscriber_with_everything_they_need() {
    let world = World::settled(&keeping_a_trail());
    let ran = world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1"]).expect(0);
    insta::assert_snapshot!(ran.seen());
}

#[test]
fn nobody_hears_of_an_event_without_a_trail() {
    let world = World::bare(PLAIN);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let ran = world.run(&["sandbox", "send", "ec2:CreateRoute"]).expect(0);
    assert!(ran.out.contains("Nobody is notified"), "{}", ran.out);
}

#[test]
fn a_pending_subscriber_receives_nothing_until_they_confirm() {
    let world = World::bare(&keeping_a_trail());
    world.run(&["apply", "--yes"]).expect(0);
    let before = world.run(&["sandbox", "send", "iam:CreateUser"]).expect(0);
    assert!(before.out.contains("Nobody is notified"), "{}", before.out);
    world.run(&["sandbox", "confirm", "secops@acme.example"]).expect(0);
    let after = world.run(&["sandbox", "send", "iam:CreateUser"]).expect(0);
    assert!(after.out.contains("email:secops@acme.example reads:"), "{}", after.out);
}

#[test]
fn mistakes_are_answered_with_what_there_is() {
    let world = World::with_trail(PLAIN);
    let event = world.run(&["sandbox", "send", "ec2:CreateRout"]).expect(64);
    assert!(event.err.contains("CreateRoute"), "{}", event.err);
    let ambiguous = world.run(&["sandbox", "send", "CreateRoute"]).expect(64);
    assert!(
        ambiguous.err.contains("ec2:CreateRoute")
            && ambiguous.err.contains("apigateway:CreateRoute"),
        "{}",
        ambiguous.err
    );
    let fault = world.run(&["sandbox", "break", "nonsense"]).expect(64);
    assert!(fault.err.contains("--help"), "{}", fault.err);
    let nothing = world.run(&["sandbox", "break", "disable-rule"]).expect(1);
    assert!(nothing.err.contains("rule"), "{}", nothing.err);
    let exists = world.run(&["sandbox", "new"]).expect(5);
    assert!(exists.err.contains("--force"), "{}", exists.err);
}

#[test]
fn several_accounts_share_a_file_and_options_choose_among_them() {
    let (first, second) = ("111122223333", "444455556666");
    let world = World::empty();
    let both = ["--account", first, "--account", second];
    let ran = world.run(&[&["sandbox", "new", "--organization"][..], &both].concat()).expect(0);
    let said = "Accounts 111122223333, 444455556666 with a trail each that is logging, in organization o-sandbox0000 of 111122223333";
    assert!(ran.out.starts_with(said), "{}", ran.out);
    let state = world.state();
    assert_eq!(state.caller.account.as_str(), first);
    let organization = state.organization.as_ref().unwrap();
    assert_eq!((organization.management.as_str(), organization.members.len()), (first, 2));

    // A topic in each account waits for the same address; one account hears of what happens in it.
    world.change(|state| {
        for account in [first, second] {
            waiting(state, account);
        }
    });
    let ran = world.run(&["sandbox", "confirm", "--account", second]).expect(0);
    assert!(ran.out.starts_with("1 subscription confirmed"), "{}", ran.out);
    assert!(ran.out.contains(&format!(":{second}:")), "{}", ran.out);
    let ran = world.run(&["sandbox", "send", "iam:CreateUser"]).expect(0);
    assert!(ran.out.starts_with("iam:CreateUser in 111122223333/us-east-1"), "{}", ran.out);
    let send = ["sandbox", "send", "ec2:CreateRoute", "--account", second, "--region", "eu-west-1"];
    let ran = world.run(&send).expect(0);
    assert!(ran.out.starts_with("ec2:CreateRoute in 444455556666/eu-west-1"), "{}", ran.out);
    let broken = world.run(&["sandbox", "break", "stop-trail", "--account", second]).expect(0);
    assert!(broken.out.contains("444455556666/us-east-1"), "{}", broken.out);
    let lapsed = world.run(&["sandbox", "lapse"]).expect(0);
    assert!(lapsed.out.contains(&format!(":{first}:")), "{}", lapsed.out);
    let strange = world.run(&["sandbox", "confirm", "--account", "999988887777"]).expect(64);
    assert!(strange.err.contains(second), "{}", strange.err);
}

/// Subscribes an address that has not confirmed.
fn waiting(state: &mut State, account: &str) {
    let region = Region::new("us-east-1").unwrap();
    let at = Place::new(AccountId::new(account).unwrap(), region);
    let pending =
        StoredSubscription::Pending { since: state.clock, attributes: Default::default() };
    let mut topic = StoredTopic::default();
    topic.subscriptions.insert(Endpoint::new(Protocol::Email, "a@acme.example"), pending);
    state.region_mut(&at).topics.insert("secops".to_owned(), topic);
}

#[test]
fn a_file_that_is_no_sandbox_is_refused_and_left_alone() {
    let world = World::empty();
    world.write("ctguard.yaml", PLAIN);
    for text in ["", "{", "[]", "{\"format_version\": 99}"] {
        world.write("account.json", text);
        let ran = world.run(&["plan"]).expect(1);
        assert!(ran.err.contains("account.json"), "{}", ran.err);
        assert_eq!(world.read("account.json"), text);
    }
}

/// Runs each command of the README's block that has `sandbox new`, with the account's file of the test.
#[test]
fn the_example_of_a_fleet_is_proven_by_its_readme() {
    let readme = include_str!("../../examples/fleet/README.md");
    let blocks = readme.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let block = blocks.into_iter().find(|block| block.contains("sandbox new")).unwrap();
    let world = World::empty();
    let mut ran = Vec::new();
    for line in block.lines().filter_map(|line| line.strip_prefix("ctguard ")) {
        let line = line.split(" #").next().unwrap();
        let args: Vec<&str> = line.split_whitespace().collect();
        ran.push(world.run(&args).expect(0).out);
    }
    let verdict = ran.last().unwrap();
    assert!(verdict.contains("0 broken, 0 unknown, "), "{verdict}");
    assert!(ran.iter().any(|out| out.starts_with("Made queue siem (111122223333/us-east-1)")));
}

const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:siem";

#[test]
fn a_queue_is_made_as_the_fix_says_and_what_is_there_keeps_its_policy() {
    let mail = "{ email: secops@acme.example }";
    let both = PLAIN.replacen(mail, &format!("{mail}, {{ sqs: \"{QUEUE}\" }}"), 1);
    assert_ne!(both, PLAIN);
    let world = World::with_trail(&both.replace("[us-east-1, eu-west-1]", "[us-east-1]"));
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let missing = world.run(&["verify"]).expect(3).out;
    assert!(
        missing.contains("Make the queue, with a policy that allows sns.amazonaws.com"),
        "{missing}"
    );
    let topic = "arn:aws:sns:us-east-1:111122223333:ctguard-acme-secops";
    assert!(missing.contains(topic), "{missing}");
    // Another topic may send: the one that is subscribed may not.
    let other = format!("{topic}-other");
    world.run(&["sandbox", "queue", QUEUE, "--topic", &other]).expect(0);
    assert!(world.run(&["verify"]).expect(3).out.contains("queue-policy"));
    let ran = world.run(&["sandbox", "queue", QUEUE, "--topic", topic]).expect(0);
    assert!(ran.out.contains("was there"), "{}", ran.out);
    assert!(!world.run(&["verify"]).out.contains("queue-"));
    let place =
        Place::new(AccountId::new("111122223333").unwrap(), Region::new("us-east-1").unwrap());
    let state = world.state();
    let queue = &state.region(&place).queues["siem"].queue;
    assert_eq!(queue.message_retention_seconds, 345_600, "SQS's default of four days");
    let policy = queue.policy.as_ref().unwrap().to_string();
    assert!(policy.contains(&other) && policy.contains(topic), "{policy}");
    // What SQS refuses is refused, and what is not said is asked for.
    let refused = world.run(&["sandbox", "queue", &format!("{QUEUE}.fifo")]).expect(1);
    assert!(refused.err.contains("InvalidParameterValue"), "{}", refused.err);
    let long = world.run(&["sandbox", "queue", &"q".repeat(81), "--region", "us-east-1"]).expect(1);
    assert!(long.err.contains("InvalidParameterValue"), "{}", long.err);
    let which = world.run(&["sandbox", "queue", "q"]).expect(64);
    assert!(which.err.contains("us-east-1") && which.err.contains("eu-west-1"), "{}", which.err);
    let nowhere = QUEUE.replace("us-east-1", "us-west-2");
    assert!(
        world
            .run(&["sandbox", "queue", &nowhere])
            .expect(64)
            .err
            .contains("is not in this sandbox")
    );
    world.run(&["sandbox", "queue", topic]).expect(64);
    world.run(&["sandbox", "queue", QUEUE, "--topic", QUEUE]).expect(64);
}

#[test]
fn a_purged_queue_no_longer_fails_the_check_and_is_purged_once_a_minute() {
    let world = World::settled(&keeping_a_trail());
    let lose = || {
        world.run(&["sandbox", "break", "rewrite-topic-policy", "--region", "eu-west-1"]).expect(0);
        world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1"]).expect(0);
        world.run(&["apply", "--yes"]).expect(0);
        assert!(world.run(&["verify"]).expect(3).out.contains("dead-letters"));
    };
    lose();
    let ran = world.run(&["sandbox", "purge"]).expect(0);
    assert!(
        ran.out.contains("ctguard-acme-targets (111122223333/eu-west-1): 1 message is gone."),
        "{}",
        ran.out
    );
    assert!(!world.run(&["verify"]).out.contains("dead-letters"));
    let nothing = world.run(&["sandbox", "purge"]).expect(1);
    assert!(nothing.err.contains("queue"), "{}", nothing.err);
    // The clock stands still until it is moved.
    lose();
    let soon = world.run(&["sandbox", "purge", "targets", "--region", "eu-west-1"]).expect(1);
    assert!(
        soon.err.contains("PurgeQueueInProgress") && soon.err.contains("advance"),
        "{}",
        soon.err
    );
    assert!(world.run(&["verify"]).expect(3).out.contains("dead-letters"));
    world.run(&["sandbox", "advance"]).expect(0);
    world.run(&["sandbox", "purge", "targets", "--region", "eu-west-1"]).expect(0);
    assert!(!world.run(&["verify"]).out.contains("dead-letters"));
    world.run(&["sandbox", "purge", "no-such-queue"]).expect(1);
    world.run(&["sandbox", "purge", "arn:aws:sns:us-east-1:111122223333:t"]).expect(64);
}

#[test]
fn messages_go_when_their_queue_has_kept_them_for_as_long_as_it_may() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "rewrite-topic-policy", "--region", "eu-west-1"]).expect(0);
    world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    // 14 days of 48 hours each: they stay until the last.
    for _ in 0..6 {
        world.run(&["sandbox", "advance"]).expect(0);
        assert!(world.run(&["verify"]).expect(3).out.contains("dead-letters"));
    }
    world.run(&["sandbox", "advance"]).expect(0);
    assert!(!world.run(&["verify"]).out.contains("dead-letters"));
}

/// Whatever changes a queue's policy is a call that the event history has.
#[test]
fn opening_a_queue_is_in_the_event_history() {
    let world = World::with_trail(PLAIN);
    world.run(&["sandbox", "queue", "siem", "--region", "us-east-1"]).expect(0);
    let written = || world.read("account.json").matches("SetQueueAttributes").count();
    let before = written();
    world.run(&["sandbox", "break", "open-queue"]).expect(0);
    assert_eq!(written(), before + 1);
}

#[test]
fn a_place_that_is_not_covered_is_named_beside_those_that_are() {
    let world = World::with_trail(PLAIN);
    for verb in ["plan", "verify"] {
        let ran = world.run(&[verb, "--region", "us-west-2"]).expect(64);
        assert!(ran.err.contains("asked for (--region us-west-2)"), "{}", ran.err);
        assert!(
            ran.err.contains("it covers `eu-west-1` and `us-east-1` in `111122223333`"),
            "{}",
            ran.err
        );
    }
}
