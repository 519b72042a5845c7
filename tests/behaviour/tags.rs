//! `tags:`: what organizations ask for is on everything from the first call on, and what others put
//! there stays.

use crate::fleet;
use crate::laws;
use crate::world::World;
use crate::world::blueprints::keeping_a_trail;
use ctguard_core::resource::Tags;
use ctguard_core::scope::Region;
use ctguard_sandbox::{Sandbox, State};

const TAGS: &str = "
tags:
  CostCenter: \"42\"
  Owner: secops
  topic: { DataClass: internal, Owner: mail }
";

fn tagged() -> String {
    format!("{}{TAGS}", keeping_a_trail())
}

/// Every tag set of what ctguard made, with its kind and name.
fn all_tags(state: &State) -> Vec<(String, Tags)> {
    let mut all = Vec::new();
    let mut add = |what: String, tags: &Tags| all.push((what, tags.clone()));
    for account in state.accounts.values() {
        for (name, bucket) in &account.global.buckets {
            add(format!("bucket {name}"), &bucket.tags);
        }
        for (name, role) in &account.global.roles {
            add(format!("role {name}"), &role.tags);
        }
        for here in account.regions.values() {
            for (name, rule) in &here.rules {
                add(format!("rule {name}"), &rule.tags);
            }
            for (name, bus) in &here.buses {
                add(format!("bus {name}"), &bus.tags);
                for (rule, stored) in &bus.rules {
                    add(format!("rule {name}/{rule}"), &stored.tags);
                }
            }
            for (name, topic) in &here.topics {
                add(format!("topic {name}"), &topic.tags);
            }
            for (name, queue) in &here.queues {
                add(format!("queue {name}"), &queue.tags);
            }
            for (name, trail) in &here.trails {
                add(format!("trail {name}"), &trail.tags);
            }
        }
    }
    all.retain(|(_, tags)| tags.contains_key("ctguard:blueprint"));
    all
}

#[test]
fn an_organization_that_asks_for_a_tag_gets_it_in_every_creating_call() {
    let world = World::bare(&tagged());
    world.run(&["sandbox", "break", "require-tag", "CostCenter"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    world.run(&["verify", "--strict"]).expect(0);
    let all = all_tags(&world.state());
    for kind in ["bucket", "trail", "rule", "topic", "queue"] {
        assert!(all.iter().any(|(what, _)| what.starts_with(kind)), "no {kind}: {all:?}");
    }
    for (what, tags) in all {
        assert_eq!(tags.get("CostCenter").map(String::as_str), Some("42"), "{what}");
        let is_topic = what.starts_with("topic");
        assert_eq!(tags.contains_key("DataClass"), is_topic, "{what}");
        let owner = if is_topic { "mail" } else { "secops" };
        assert_eq!(tags.get("Owner").map(String::as_str), Some(owner), "{what}");
    }
    // A rule that exists is put under the same policy.
    world.write("ctguard.yaml", &tagged().replace("A route was made", "Somebody made a route"));
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn without_the_tag_the_refusal_says_whose_policy_it_is_and_names_the_key_of_the_blueprint() {
    let world = World::bare(&keeping_a_trail());
    world.run(&["sandbox", "break", "require-tag"]).expect(0);
    let ran = world.run(&["apply", "--yes"]).expect(4);
    assert!(ran.out.contains("service control policy"), "{}", ran.out);
    let said = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("write them into the blueprint, as in `tags: { CostCenter:"), "{said}");
    assert!(all_tags(&world.state()).is_empty());
}

#[test]
fn across_a_fleet_roles_and_the_bus_carry_them_too_and_nothing_is_tagged_afterwards() {
    let text = format!(
        "{}tags: {{ CostCenter: \"42\", role: {{ Path: hop }} }}\n",
        fleet::text(fleet::HUB, fleet::ALERTS)
    );
    let blueprint = laws::read(&text);
    let mut state = fleet::fleet();
    state.required_tags.insert("CostCenter".to_owned());
    let sandbox = Sandbox::in_memory(state);
    laws::apply(&sandbox, &blueprint);
    assert!(sandbox.calls().iter().all(|call| {
        let operation = call.operation.split(':').nth(1).unwrap_or_default();
        !call.mutating || call.succeeded && !operation.starts_with("Tag")
    }));
    laws::confirm(&sandbox);
    laws::apply(&sandbox, &blueprint);
    assert!(laws::plan(&sandbox, &blueprint).is_empty());
    let all = all_tags(&sandbox.state());
    for kind in ["role", "bus", "rule ctguard-acme/", "queue", "topic"] {
        assert!(all.iter().any(|(what, _)| what.starts_with(kind)), "no {kind}");
    }
    for (what, tags) in all {
        assert!(tags.contains_key("CostCenter"), "{what}");
        assert_eq!(tags.contains_key("Path"), what.starts_with("role"), "{what}");
    }
}

fn change_topic_tags(world: &World, change: impl Fn(&mut Tags)) {
    world.change(|state| {
        let account = state.accounts.values_mut().next().unwrap();
        let here = account.regions.get_mut(&Region::new("eu-west-1").unwrap()).unwrap();
        here.topics.values_mut().for_each(|topic| change(&mut topic.tags));
    });
}

#[test]
fn a_missing_or_changed_tag_is_a_change_and_tags_of_others_are_none() {
    let world = World::settled(&tagged());
    change_topic_tags(&world, |tags| {
        tags.insert("team".into(), "net".into());
    });
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    world.run(&["drift"]).expect(0);
    change_topic_tags(&world, |tags| {
        tags.insert("CostCenter".into(), "7".into());
        tags.remove("DataClass");
    });
    let plan = world.run(&["plan"]).expect(0).out;
    for word in ["CostCenter", "DataClass", "42"] {
        assert!(plan.contains(word), "{word}: {plan}");
    }
    world.run(&["drift"]).expect(2);
    world.run(&["apply", "--yes"]).expect(0);
    change_topic_tags(&world, |tags| {
        tags.remove("CostCenter");
    });
    let drift = world.run(&["drift"]).expect(2).out;
    assert!(drift.contains("CostCenter"), "a missing tag alone is drift: {drift}");
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    let all = all_tags(&world.state());
    let (_, tags) = all.iter().find(|(_, tags)| tags.contains_key("team")).expect("it stays");
    assert_eq!(tags.get("CostCenter").map(String::as_str), Some("42"));
}

/// Nothing on a resource says who put a tag there.
#[test]
fn a_tag_that_the_blueprint_no_longer_names_stays() {
    let world = World::settled(&tagged());
    world.write("ctguard.yaml", &keeping_a_trail());
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    world.run(&["drift"]).expect(0);
    world.write("ctguard.yaml", &tagged().replace("\"42\"", "\"43\""));
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    for (what, tags) in all_tags(&world.state()) {
        assert_eq!(tags.get("CostCenter").map(String::as_str), Some("43"), "{what}");
    }
}

#[test]
fn what_destroy_releases_keeps_them() {
    let world = World::settled(&tagged());
    world.run(&["destroy", "--yes"]).expect(0);
    let state = world.state();
    let account = state.accounts.values().next().unwrap();
    let bucket = &account.global.buckets["acme-logs-111122223333"];
    assert_eq!(bucket.tags.get("CostCenter").map(String::as_str), Some("42"));
    assert_eq!(bucket.tags.get("ctguard:released").map(String::as_str), Some("acme"));
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn creating_a_bucket_with_tags_is_granted_where_it_is_done() {
    for (text, granted) in [(tagged(), true), (keeping_a_trail(), false)] {
        let world = World::bare(&text);
        let blueprint = world.path("ctguard.yaml").display().to_string();
        let ran = world.run(&["policy", "apply", &blueprint, "--format", "json"]).expect(0);
        assert_eq!(ran.out.contains("s3:TagResource"), granted, "{}", ran.out);
    }
}
