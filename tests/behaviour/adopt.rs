//! `--adopt`: what is in the way is taken over, and nothing else.

use crate::fleet;
use crate::laws::{self, wait};
use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard::run;
use ctguard_core::desired::{Adoption, Intent, Narrow};
use ctguard_core::plan::{Stage, Verb, diff};
use ctguard_core::resource::Tags;
use ctguard_core::scope::{Place, Region};
use ctguard_sandbox::state::{StoredRule, StoredTopic};
use ctguard_sandbox::{Sandbox, State};
use std::sync::atomic::AtomicBool;

fn tag(name: &str) -> Tags {
    [("ctguard:blueprint".to_owned(), name.to_owned()), ("team".to_owned(), "net".to_owned())]
        .into()
}

fn here(state: &State) -> Place {
    Place::new(state.caller.account.clone(), Region::new("eu-west-1").unwrap())
}

/// Puts foreign objects where the blueprint's should be, and some that are in nobody's way.
fn occupy(state: &mut State, tags: &Tags) {
    let place = here(state);
    let regional = state.region_mut(&place);
    let mut rule = regional.rules["ctguard-acme-route"].clone();
    rule.tags = tags.clone();
    rule.rule = ctguard_core::resource::rule::Rule {
        event_pattern: Some(r#"{"source":["aws.health"]}"#.into()),
        description: Some("theirs".into()),
        ..rule.rule
    };
    regional.rules.insert("ctguard-acme-route".into(), rule.clone());
    let bystander = StoredRule { tags: Tags::new(), ..rule };
    regional.rules.insert("ctguard-acme-bystander".into(), bystander);
    for name in ["ctguard-acme-secops", "ctguard-acme-bystander"] {
        let topic = regional.topics.get(name).cloned().unwrap_or_default();
        regional.topics.insert(name.into(), StoredTopic { tags: tags.clone(), ..topic });
    }
    for queue in regional.queues.values_mut() {
        queue.tags = tags.clone();
        queue.queue.message_retention_seconds = 60;
    }
}

fn occupied(tags: &Tags) -> World {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| occupy(state, tags));
    world
}

#[test]
fn what_carries_no_tag_is_taken_over_with_every_field_shown() {
    let untagged: Tags = [("team".to_owned(), "net".to_owned())].into();
    let world = occupied(&untagged);
    let ran = world.run(&["plan"]).expect(5);
    assert!(ran.out.contains("--adopt"), "the refusal does not say how: {}", ran.out);
    let plan = world.run(&["plan", "--adopt", "--format", "json"]).expect(0).json();
    let adopted: Vec<&serde_json::Value> =
        plan["changes"].as_array().unwrap().iter().filter(|one| one["action"] == "adopt").collect();
    let names: Vec<&str> =
        adopted.iter().map(|one| one["address"]["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "ctguard-acme-subscriptions",
            "ctguard-acme-targets",
            "ctguard-acme-secops",
            "ctguard-acme-route"
        ]
    );
    let rule = adopted[3];
    let fields: Vec<&str> =
        rule["fields"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    assert_eq!(fields, ["event_pattern", "description", "tags"]);
    assert_eq!(rule["calls"][0]["call"], "TagRule", "an apply that stops goes on as the owner");
    let text = world.run(&["plan", "--adopt"]).expect(0);
    assert!(
        text.out.contains("4 to adopt") && text.out.contains("Next: ctguard apply"),
        "{}",
        text.out
    );
    assert!(text.out.contains("ctguard.yaml --adopt"), "{}", text.out);
    world.run(&["apply", "--yes"]).expect(5);
    world.run(&["apply", "--adopt", "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    let mut state = world.state();
    let place = here(&state);
    let regional = state.region_mut(&place);
    assert!(regional.rules["ctguard-acme-bystander"].tags.is_empty(), "nobody needed it");
    assert_eq!(regional.topics["ctguard-acme-bystander"].tags, untagged);
    assert_eq!(regional.rules["ctguard-acme-route"].tags.get("team").unwrap(), "net");
}

#[test]
fn what_belongs_to_another_blueprint_must_be_named() {
    let world = occupied(&tag("other"));
    let ran = world.run(&["plan", "--adopt"]).expect(5);
    assert!(ran.out.contains("it belongs to the blueprint `other`"), "{}", ran.out);
    assert!(ran.out.contains("--adopt=ctguard-acme-secops"), "{}", ran.out);
    let before = world.read("account.json");
    world.run(&["apply", "--adopt", "--yes"]).expect(5);
    let names = "--adopt=ctguard-acme-route,ctguard-acme-secops,ctguard-acme-targets,ctguard-acme-subscriptions";
    let plan = world.run(&["plan", names, "--format", "json"]).expect(0).json();
    let changes = plan["changes"].as_array().unwrap();
    let rule = changes.iter().find(|one| one["address"]["name"] == "ctguard-acme-route").unwrap();
    let tags = rule["fields"].as_array().unwrap().iter().find(|one| one["path"] == "tags").unwrap();
    assert_eq!(tags["before"]["ctguard:blueprint"], "other", "what it was is not shown");
    assert_eq!(world.read("account.json"), before, "something of another blueprint was written");
    world.run(&["apply", names, "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_saved_plan_takes_over_what_it_says_and_no_option_adds_to_it() {
    let world = occupied(&Tags::new());
    let file = world.path("plan.json").display().to_string();
    world.run(&["plan", "--adopt", "--out", &file]).expect(0);
    world.run(&["apply", &file, "--adopt", "--yes"]).expect(64);
    world.run(&["apply", &file, "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn an_empty_variable_takes_nothing_over() {
    let world = occupied(&Tags::new());
    world.run(&["plan", "--adopt="]).expect(5);
    world.run(&["plan", "--adopt=ctguard-acme-other"]).expect(5);
}

/// The hub's bus and the roles, too; stopped after any call and run again, it comes to the same end.
#[test]
fn taking_over_is_gone_on_with_after_a_stop_at_any_call() {
    let blueprint = fleet::over_accounts(fleet::HUB, fleet::ALERTS);
    let start = || {
        let sandbox = Sandbox::in_memory(fleet::fleet());
        laws::apply(&sandbox, &blueprint);
        laws::confirm(&sandbox);
        let mut state = sandbox.state();
        for account in state.accounts.values_mut() {
            account.global.roles.values_mut().for_each(|role| role.tags.clear());
            for regional in account.regions.values_mut() {
                regional.buses.values_mut().for_each(|bus| bus.tags.clear());
                regional.topics.values_mut().for_each(|topic| topic.tags.clear());
            }
        }
        Sandbox::in_memory(state)
    };
    let adopt = |sandbox: &Sandbox| {
        let adopt = Adoption { untagged: true, ..Adoption::default() };
        let intent = Intent { adopt, ..Intent::default() };
        let (date, narrow) = (crate::world::TODAY, Narrow::default());
        let survey = run::survey_for(sandbox, &blueprint, &intent, date, &narrow, 4, &|_| {});
        let survey = wait(survey).unwrap();
        let plan = diff(&survey.desired, &survey.live, Stage::Planned);
        wait(run::apply(sandbox, &survey.desired, &plan, 4, &AtomicBool::new(false), &|_| {}));
        plan
    };
    let whole = start();
    whole.forget_calls();
    let plan = adopt(&whole);
    let kinds: std::collections::BTreeSet<_> = plan
        .changes
        .iter()
        .filter(|c| c.action == Verb::Adopt)
        .map(|c| c.address.kind.as_str())
        .collect();
    assert_eq!(kinds, ["bus", "role", "topic"].into());
    assert!(laws::plan(&whole, &blueprint).is_empty(), "it is not the owner afterwards");
    let calls = whole.calls().iter().filter(|call| call.mutating).count();
    for stop in 0..calls {
        let sandbox = start();
        sandbox.stop_after(stop);
        adopt(&sandbox);
        sandbox.go_on();
        adopt(&sandbox);
        assert_eq!(sandbox.state(), whole.state(), "stopped after call {stop}");
    }
}

#[test]
fn a_trail_in_the_way_is_taken_over_too_when_that_is_meant() {
    let blueprint = format!(
        "{PLAIN}trail: {{ name: management-events, bucket: acme-logs-111122223333, home_region: us-east-1 }}\n"
    );
    let world = World::with_trail(&blueprint);
    world.run(&["plan"]).expect(5);
    world.run(&["apply", "--adopt", "--yes"]).expect(5);
    world.run(&["apply", "--adopt", "--allow-shared-trail", "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}
