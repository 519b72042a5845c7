//! Law 2 at its edges: what is ctguard's own is told by its name and its tag together, and what
//! could not be read is never taken for gone.

use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard_core::scope::{Place, Region};
use ctguard_sandbox::State;
use ctguard_sandbox::state::{Denied, Regional, StoredQueue, StoredTopic};

const EMPTIED: &str = "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\nalerts: []\n";

fn region(name: &str) -> Region {
    Region::new(name).unwrap()
}

fn regional<'a>(state: &'a mut State, name: &str) -> &'a mut Regional {
    let place = Place::new(state.caller.account.clone(), region(name));
    state.region_mut(&place)
}

fn deny(world: &World, operation: &str, place: Option<&str>) {
    world.change(|state| {
        state.denied.push(Denied {
            operation: operation.into(),
            account: None,
            region: place.map(region),
        });
    });
}

fn our_tag() -> ctguard_core::resource::Tags {
    [("ctguard:blueprint".to_owned(), "acme".to_owned())].into()
}

#[test]
fn the_tag_alone_makes_nobodys_queue_or_topic_its_own() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        let queue = StoredQueue { tags: our_tag(), ..StoredQueue::default() };
        let topic = StoredTopic { tags: our_tag(), ..StoredTopic::default() };
        let here = regional(state, "eu-west-1");
        here.queues.insert("orders".into(), queue);
        here.topics.insert("orders".into(), topic);
    });
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    world.write("ctguard.yaml", EMPTIED);
    world.run(&["apply", "--yes", "--allow-lost-coverage", "--allow-deletion"]).expect(0);
    let mut state = world.state();
    let here = regional(&mut state, "eu-west-1");
    assert!(here.queues.contains_key("orders"), "a tagged queue of another name is deleted");
    assert!(here.topics.contains_key("orders"), "a tagged topic of another name is deleted");
    assert_eq!((here.queues.len(), here.topics.len()), (1, 1));
}

#[test]
fn what_a_denied_search_by_tag_would_have_found_is_unknown() {
    let world = World::settled(&keeping_a_trail());
    deny(&world, "tag:GetResources", Some("eu-west-1"));
    for verb in ["plan", "drift"] {
        let ran = world.run(&[verb]).expect(4);
        assert!(ran.out.contains("topics that the blueprint no longer needs"), "{}", ran.out);
        assert!(ran.out.contains("queues that the blueprint no longer needs"), "{}", ran.out);
        let machines = "state machines that the blueprint no longer needs";
        assert!(ran.out.contains(machines), "{}", ran.out);
        assert!(ran.out.contains("3 parts could not be read"), "{}", ran.out);
    }
}

#[test]
fn a_topic_that_may_still_be_sent_to_stays() {
    let world = World::settled(&keeping_a_trail());
    deny(&world, "events:ListRules", Some("eu-west-1"));
    world.write("ctguard.yaml", EMPTIED);
    world.run(&["apply", "--yes", "--allow-lost-coverage", "--allow-deletion"]).expect(4);
    let mut state = world.state();
    let here = regional(&mut state, "eu-west-1");
    assert!(!here.rules.is_empty(), "the rules could not be seen");
    assert_eq!(here.topics.len(), 1, "a rule that was not read may send to it");
    assert_eq!(here.queues.len(), 2);
    assert!(regional(&mut state, "us-east-1").topics.is_empty());
    world.change(|state| state.denied.clear());
    world.run(&["apply", "--yes", "--allow-lost-coverage", "--allow-deletion"]).expect(0);
    assert!(regional(&mut world.state(), "eu-west-1").topics.is_empty());
}

#[test]
fn a_topic_that_somebody_elses_rule_sends_to_stays() {
    let world = World::settled(&keeping_a_trail());
    world
        .run(&["sandbox", "break", "strip-tags", "ctguard-acme-route", "--region", "eu-west-1"])
        .expect(0);
    world.write("ctguard.yaml", &keeping_a_trail().replace("topic: secops", "topic: other"));
    world.run(&["apply", "--yes"]).expect(5);
    world.run(&["sandbox", "confirm"]).expect(0);
    let ran = world.run(&["apply", "--yes"]).expect(5);
    assert!(ran.out.contains("still sends to it"), "{}", ran.out);
    let mut state = world.state();
    let here = regional(&mut state, "eu-west-1");
    assert!(here.topics.contains_key("ctguard-acme-secops"), "the untagged rule reaches people");
    assert!(here.topics.contains_key("ctguard-acme-other"));
    let there = regional(&mut state, "us-east-1");
    assert!(!there.topics.contains_key("ctguard-acme-secops"));
}

#[test]
fn nothing_goes_while_what_refers_to_it_could_not_be_removed() {
    for operation in ["events:RemoveTargets", "sns:DeleteTopic"] {
        let world = World::settled(&keeping_a_trail());
        deny(&world, operation, Some("eu-west-1"));
        world.write("ctguard.yaml", EMPTIED);
        let report = world
            .run(&[
                "apply",
                "--yes",
                "--allow-lost-coverage",
                "--allow-deletion",
                "--format",
                "json",
            ])
            .expect(4)
            .json();
        let outcomes = |kind: &str| -> Vec<String> {
            report["outcomes"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|o| o["address"]["kind"] == kind && o["address"]["region"] == "eu-west-1")
                .map(|o| o["outcome"].as_str().unwrap().to_owned())
                .collect()
        };
        // Once the targets are gone, only the topic's subscriptions still use a queue.
        let (topic, queues) = match operation {
            "sns:DeleteTopic" => ("failed", ["not-attempted", "done"]),
            _ => ("not-attempted", ["not-attempted", "not-attempted"]),
        };
        assert_eq!(outcomes("topic"), [topic], "{operation}");
        assert_eq!(outcomes("queue"), queues, "{operation}");
        world.change(|state| state.denied.clear());
        world.run(&["apply", "--yes", "--allow-lost-coverage", "--allow-deletion"]).expect(0);
        world.run(&["plan", "--detailed-exitcode"]).expect(0);
    }
}

#[test]
fn a_rule_that_a_service_manages_is_never_deleted() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        let rule = regional(state, "eu-west-1").rules.get_mut("ctguard-acme-route").unwrap();
        rule.rule.managed_by = Some("securityhub.amazonaws.com".into());
    });
    world.write("ctguard.yaml", &keeping_a_trail().replace("id: route", "id: routing"));
    let ran = world.run(&["plan"]).expect(5);
    assert!(ran.out.contains("managed by securityhub"), "{}", ran.out);
}

#[test]
fn an_unlisted_subscriber_is_not_called_a_stranger_before_that_is_known() {
    let two = PLAIN.replace(
        "[{ email: secops@acme.example }]",
        "[{ email: secops@acme.example }, { email: gone@acme.example }]",
    );
    let world = World::with_trail(&two);
    world.run(&["apply", "--yes"]).expect(0);
    world.write("ctguard.yaml", PLAIN);
    let ran = world.run(&["plan"]).expect(0);
    assert!(ran.out.contains("has a pending subscription"), "{}", ran.out);
    assert!(!ran.out.contains("was not made by ctguard"), "it was: {}", ran.out);

    world.run(&["sandbox", "confirm"]).expect(0);
    deny(&world, "sns:GetSubscriptionAttributes", Some("eu-west-1"));
    let ran = world.run(&["plan"]).expect(4);
    let unread = ran.out.split("Not known").nth(1).unwrap_or_default();
    assert!(unread.contains("email:gone@acme.example"), "{}", ran.out);
    assert!(unread.contains("111122223333/eu-west-1"), "{}", ran.out);
    assert!(!ran.out.contains("was not made by ctguard"), "{}", ran.out);
}
