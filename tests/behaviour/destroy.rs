//! `destroy`: everything that the blueprint owns goes, and nothing else is touched.

use crate::fleet;
use crate::laws::{self, wait};
use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard::run;
use ctguard::run::OutcomeKind;
use ctguard_core::blueprint::Blueprint;
use ctguard_core::desired::{Intent, Narrow};
use ctguard_core::plan::{Stage, diff};
use ctguard_core::scope::{Place, Region};
use ctguard_sandbox::fresh::AccountKind;
use ctguard_sandbox::state::{Denied, StoredQueue, StoredTopic};
use ctguard_sandbox::{Sandbox, State};
use proptest::prelude::*;
use std::sync::atomic::AtomicBool;

/// Objects of others, with names and tags that come close.
fn add_foreigners(state: &mut State) {
    let regions = ["us-east-1", "eu-west-1"].map(|name| Region::new(name).unwrap());
    for region in regions {
        let place = Place::new(state.caller.account.clone(), region);
        let here = state.region_mut(&place);
        let other = [("ctguard:blueprint".to_owned(), "other".to_owned())];
        let ours = [("ctguard:blueprint".to_owned(), "acme".to_owned())];
        let topic = |tags: &[(String, String)]| StoredTopic {
            tags: tags.iter().cloned().collect(),
            ..StoredTopic::default()
        };
        here.topics.insert("ctguard-acme-theirs".into(), topic(&[]));
        here.topics.insert("ctguard-acme-others".into(), topic(&other));
        here.topics.insert("orders".into(), topic(&ours));
        here.queues.insert("ctguard-acme-theirs".into(), StoredQueue::default());
    }
}

#[test]
fn an_account_is_as_it_was_before_byte_for_byte() {
    let world = World::with_trail(PLAIN);
    world.change(add_foreigners);
    let before = world.read("account.json");
    let first = world.run(&["plan", "--format", "json"]).expect(0).out;
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    assert_ne!(world.read("account.json"), before);
    let ran = world.run(&["destroy", "--yes"]).expect(0);
    assert!(!ran.out.contains("--allow-"), "whoever destroys has said so: {}", ran.out);
    assert_eq!(world.read("account.json"), before, "something is left, or of others is gone");
    assert_eq!(
        world.run(&["plan", "--format", "json"]).out,
        first,
        "a plan is not as from nothing"
    );
    let again = world.run(&["destroy", "--yes"]).expect(0);
    assert!(again.out.contains("No changes"), "{}", again.out);
}

#[test]
fn trails_and_their_buckets_are_let_go_and_go_on() {
    let world = World::settled(&keeping_a_trail());
    let told = world.run(&["destroy", "--yes"]).expect(0);
    // The user asked for it: nothing is said of a blueprint that has changed.
    assert!(!told.out.contains("the blueprint no longer"), "{}", told.out);
    assert!(told.out.contains("destroy removes all that is the blueprint's"), "{}", told.out);
    for word in ["it is released and goes on logging", "it is released, with everything in it"] {
        assert!(told.out.contains(word), "`{word}` is not said: {}", told.out);
    }
    let state = world.state();
    let account = state.accounts.values().next().unwrap();
    let bucket = &account.global.buckets["acme-logs-111122223333"];
    let mark: ctguard_core::resource::Tags =
        [("ctguard:released".to_owned(), "acme".to_owned())].into();
    assert!(bucket.tags == mark && bucket.bucket.policy.is_some(), "{bucket:?}");
    let home = &account.regions[&Region::new("us-east-1").unwrap()];
    let trail = &home.trails["acme-management"];
    assert!(trail.tags == mark && trail.status.logging, "{trail:?}");
    for here in account.regions.values() {
        assert!(here.rules.is_empty() && here.topics.is_empty() && here.queues.is_empty());
    }
    world.run(&["destroy", "--yes"]).expect(0);
}

#[test]
fn tags_of_others_on_a_bucket_stay() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        let account = state.accounts.values_mut().next().unwrap();
        let bucket = account.global.buckets.get_mut("acme-logs-111122223333").unwrap();
        bucket.tags.insert("team".into(), "net".into());
    });
    world.run(&["destroy", "--yes"]).expect(0);
    let state = world.state();
    let account = state.accounts.values().next().unwrap();
    let tags = &account.global.buckets["acme-logs-111122223333"].tags;
    assert_eq!(tags.get("team").map(String::as_str), Some("net"));
    assert!(!tags.contains_key("ctguard:blueprint") && tags.len() == 2, "{tags:?}");
}

#[test]
fn what_was_released_is_taken_back_by_the_same_blueprint() {
    let world = World::settled(&keeping_a_trail());
    let before = world.state();
    let told = world.run(&["destroy", "--yes"]).expect(0);
    assert!(told.out.contains("takes what it keeps back"), "{}", told.out);
    let plan = world.run(&["plan"]).expect(0);
    assert!(plan.out.contains("this blueprint released it, and takes it back"), "{}", plan.out);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let left = world.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(left.out.contains("No changes"), "{}", left.out);
    world.run(&["verify", "--strict"]).expect(0);
    world.run(&["drift"]).expect(0);
    let kept = |state: &State| {
        let account = state.accounts.values().next().unwrap().clone();
        let home = account.regions[&Region::new("us-east-1").unwrap()].clone();
        (account.global.buckets, home.trails)
    };
    assert_eq!(kept(&world.state()), kept(&before));
}

#[test]
fn what_another_blueprint_released_is_not_taken() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["destroy", "--yes"]).expect(0);
    world.write("ctguard.yaml", &keeping_a_trail().replace("name: acme\n", "name: other\n"));
    let ran = world.run(&["plan"]).expect(5);
    assert!(ran.out.contains("--adopt --allow-shared-trail"), "{}", ran.out);
}

/// Versions before the mark left nothing on what they released: the refusal says what works.
#[test]
fn what_an_older_version_released_is_taken_back_as_the_refusal_says() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["destroy", "--yes"]).expect(0);
    world.change(|state| {
        let account = state.accounts.values_mut().next().unwrap();
        account.global.buckets.values_mut().for_each(|bucket| bucket.tags.clear());
        let trails = account.regions.values_mut().flat_map(|here| here.trails.values_mut());
        trails.for_each(|trail| trail.tags.clear());
    });
    let ran = world.run(&["apply", "--yes"]).expect(5);
    let said = "apply --adopt --allow-shared-trail";
    assert!(ran.out.contains(said), "{}", ran.out);
    let words: Vec<&str> = said.split(' ').chain(["--yes"]).collect();
    world.run(&words).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    world.run(&["verify", "--strict"]).expect(0);
}

/// Stopped after any call, a release and a taking back go on.
#[test]
fn a_release_and_a_taking_back_go_on_wherever_they_stop() {
    let blueprint = laws::read(&keeping_a_trail());
    let start = || {
        let sandbox = Sandbox::in_memory(laws::account(AccountKind::Bare));
        laws::apply(&sandbox, &blueprint);
        laws::confirm(&sandbox);
        sandbox
    };
    let there = start().state();
    for stop in 0..40 {
        let sandbox = start();
        sandbox.stop_after(stop);
        destroy(&sandbox, &blueprint);
        sandbox.go_on();
        destroy(&sandbox, &blueprint);
        sandbox.stop_after(stop);
        laws::apply(&sandbox, &blueprint);
        sandbox.go_on();
        laws::apply(&sandbox, &blueprint);
        laws::confirm(&sandbox);
        assert!(laws::plan(&sandbox, &blueprint).is_empty(), "stopped after call {stop}");
        let (after, before) = (sandbox.state(), &there);
        let kept = |state: &State| {
            let account = state.accounts.values().next().unwrap().clone();
            let home = account.regions[&Region::new("us-east-1").unwrap()].clone();
            (account.global.buckets, home.trails)
        };
        assert_eq!(kept(&after), kept(before), "stopped after call {stop}");
    }
}

#[test]
fn it_asks_first_and_takes_only_yes() {
    let world = World::settled(&keeping_a_trail());
    let before = world.read("account.json");
    world.run(&["destroy"]).expect(5);
    world.typing(&["destroy"], "y\n").expect(5);
    assert_eq!(world.read("account.json"), before);
    let ran = world.typing(&["destroy"], "yes\n").expect(0);
    assert!(ran.out.contains("to delete"), "{}", ran.out);
}

#[test]
fn what_cannot_be_read_is_named_and_destroyed_by_the_next_run() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        let region = Region::new("eu-west-1");
        state.denied.push(Denied { operation: "events:ListRules".into(), account: None, region });
    });
    let ran = world.run(&["destroy", "--yes"]).expect(4);
    assert!(ran.out.contains("111122223333/eu-west-1"), "{}", ran.out);
    world.change(|state| state.denied.clear());
    world.run(&["destroy", "--yes"]).expect(0);
    let state = world.state();
    let account = state.accounts.values().next().unwrap();
    assert!(account.regions.values().all(|here| here.rules.is_empty() && here.topics.is_empty()));
}

#[test]
fn a_plan_of_it_can_be_reviewed_and_applied() {
    let world = World::settled(&keeping_a_trail());
    let file = world.path("plan.json").display().to_string();
    let told = world.run(&["plan", "--destroy", "--out", &file]).expect(0);
    assert!(told.out.contains("to delete"), "{}", told.out);
    let next = world.run(&["plan", "--destroy"]).expect(0).out;
    assert!(next.contains("Next: ctguard destroy"), "{next}");
    world.run(&["apply", &file, "--yes"]).expect(5);
    world.run(&["apply", &file, "--yes", "--allow-lost-coverage", "--allow-deletion"]).expect(0);
    let left = world.run(&["plan", "--destroy", "--detailed-exitcode"]).expect(0);
    assert!(left.out.contains("No changes"), "{}", left.out);
    let ran = world.offline(&["destroy"]).expect(64);
    assert!(ran.err.contains("snapshot"), "{}", ran.err);
}

fn destroy(sandbox: &Sandbox, blueprint: &Blueprint) -> run::Applied {
    let intent = Intent { destroy: true, ..Intent::default() };
    let (date, narrow) = (crate::world::TODAY, Narrow::default());
    let survey = run::survey_for(sandbox, blueprint, &intent, date, &narrow, 4, &|_| {});
    let survey = wait(survey).unwrap();
    let plan = diff(&survey.desired, &survey.live, Stage::Planned);
    wait(run::apply(sandbox, &survey.desired, &plan, 4, &AtomicBool::new(false), &|_| {}))
}

/// The sandbox keeps the empty shell of a region that something was in.
fn without_shells(mut state: State) -> State {
    for account in state.accounts.values_mut() {
        account.regions.retain(|_, here| *here != Default::default());
    }
    state
}

/// The search by tag is minutes behind on AWS: names are looked up as well.
#[test]
fn what_the_search_by_tag_does_not_know_yet_goes_too() {
    let world = World::bare(&keeping_a_trail());
    world.run(&["sandbox", "break", "lag-tag-search"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["destroy", "--yes"]).expect(0);
    let state = world.state();
    let account = state.accounts.values().next().unwrap();
    for (region, here) in &account.regions {
        assert!(here.rules.is_empty(), "{region}: {:?}", here.rules.keys());
        assert!(here.topics.is_empty(), "{region}: {:?}", here.topics.keys());
        assert!(here.queues.is_empty(), "{region}: {:?}", here.queues.keys());
        let owned = |tags: &ctguard_core::resource::Tags| tags.contains_key("ctguard:blueprint");
        assert!(here.trails.values().all(|trail| !owned(&trail.tags)), "{:?}", here.trails);
    }
    let again = world.run(&["destroy", "--yes"]).expect(0);
    assert!(again.out.contains("No changes"), "{}", again.out);
}

/// A blueprint that no longer compiles made its names while it did.
#[test]
fn names_are_known_although_the_blueprint_does_not_compile_any_more() {
    let plain = PLAIN.replace("[us-east-1, eu-west-1]", "enabled");
    let world = World::with_trail(&plain);
    world.run(&["sandbox", "break", "lag-tag-search"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    let nowhere = "  - { id: nowhere, title: N, risk: high, events: [globalaccelerator:CreateAccelerator], why: w, next: n }\n";
    world.write("ctguard.yaml", &format!("{plain}{nowhere}"));
    assert_ne!(world.run(&["plan"]).code, 0);
    world.run(&["destroy", "--yes"]).expect(0);
    let state = world.state();
    let account = state.accounts.values().next().unwrap();
    assert!(account.regions.values().all(|here| here.rules.is_empty() && here.topics.is_empty()));
}

#[test]
fn a_fleet_is_as_it_was_before_while_the_search_by_tag_lags() {
    for hub in ["", fleet::HUB] {
        let blueprint = fleet::over_accounts(hub, fleet::ALERTS);
        let mut state = fleet::fleet();
        state.lag_tag_search();
        let sandbox = Sandbox::in_memory(state);
        laws::apply(&sandbox, &blueprint);
        destroy(&sandbox, &blueprint);
        let left = State { indexed: None, ..without_shells(sandbox.state()) };
        assert_eq!(left, fleet::fleet(), "something is left");
    }
}

/// The blueprint says another hub, or none: what the first one made is found through what refers to
/// it.
#[test]
fn an_earlier_hub_goes_while_the_search_by_tag_lags() {
    let elsewhere = "hub: { account: \"222233334444\", region: eu-west-1 }\n";
    for next in ["", elsewhere] {
        let mut state = fleet::fleet();
        state.lag_tag_search();
        let sandbox = Sandbox::in_memory(state);
        laws::apply(&sandbox, &fleet::over_accounts(fleet::HUB, fleet::ALERTS));
        laws::confirm(&sandbox);
        let blueprint = fleet::over_accounts(next, fleet::ALERTS);
        for _ in 0..3 {
            laws::apply(&sandbox, &blueprint);
            laws::confirm(&sandbox);
        }
        let hub = fleet::place(fleet::ACCOUNTS[0], fleet::REGIONS[0]);
        assert!(sandbox.state().region(&hub).buses.is_empty(), "the old hub's bus stays");
        destroy(&sandbox, &blueprint);
        let left = State { indexed: None, ..without_shells(sandbox.state()) };
        assert_eq!(left, fleet::fleet(), "something is left");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// While the search by tag knows of nothing: apply, apply another version, destroy, and nothing
    /// of the blueprint's is left.
    #[test]
    fn nothing_is_left_while_the_search_by_tag_lags(first in laws::choice(), second in laws::choice(), confirmed in any::<bool>()) {
        let second = laws::with_the_trail_of(&first, second);
        let mut state = laws::account(AccountKind::Bare);
        state.lag_tag_search();
        let sandbox = Sandbox::in_memory(state);
        for choice in [&first, &second] {
            laws::apply(&sandbox, &laws::blueprint(choice));
            if confirmed {
                laws::confirm(&sandbox);
                laws::apply(&sandbox, &laws::blueprint(choice));
            }
        }
        destroy(&sandbox, &laws::blueprint(&second));
        let state = without_shells(sandbox.state());
        for here in state.accounts.values().flat_map(|account| account.regions.values()) {
            prop_assert!(here.rules.is_empty(), "{:?}", here.rules.keys());
            prop_assert!(here.topics.is_empty(), "{:?}", here.topics.keys());
            prop_assert!(here.queues.is_empty(), "{:?}", here.queues.keys());
            let owned = |tags: &ctguard_core::resource::Tags| tags.contains_key("ctguard:blueprint");
            prop_assert!(here.trails.values().all(|trail| !owned(&trail.tags)));
        }
    }
}

/// Across accounts, hub and all: stopped after any call and run again, it comes to the same end, which is where it began.
#[test]
fn a_fleet_is_as_it_was_before_wherever_it_is_stopped() {
    let blueprint = fleet::over_accounts(fleet::HUB, fleet::ALERTS);
    let start = || {
        let sandbox = Sandbox::in_memory(fleet::fleet());
        laws::apply(&sandbox, &blueprint);
        laws::confirm(&sandbox);
        sandbox
    };
    let whole = start();
    whole.forget_calls();
    let applied = destroy(&whole, &blueprint);
    let undone = applied.outcomes.iter().filter(|one| one.kind != OutcomeKind::Done);
    assert_eq!(undone.count(), 0);
    assert_eq!(
        without_shells(whole.state()),
        fleet::fleet(),
        "something is left, or of others is gone"
    );
    let order: Vec<&str> = whole
        .calls()
        .iter()
        .filter(|call| call.mutating)
        .map(|call| call.operation.as_str().to_owned())
        .map(|operation| match operation.as_str() {
            "events:RemoveTargets" => "targets",
            "events:DeleteRule" => "rules",
            "events:DeleteEventBus" => "bus",
            "iam:DeleteRole" | "iam:DeleteRolePolicy" => "role",
            "sns:DeleteTopic" => "topics",
            "sqs:DeleteQueue" => "queues",
            _ => "other",
        })
        .collect();
    let last = |what: &str| order.iter().rposition(|one| *one == what).unwrap();
    let first = |what: &str| order.iter().position(|one| *one == what).unwrap();
    for (before, after) in [
        ("targets", "rules"),
        ("rules", "bus"),
        ("bus", "role"),
        ("topics", "queues"),
        ("rules", "topics"),
    ] {
        assert!(last(before) < first(after), "{before} go before {after}: {order:?}");
    }
    for stop in 0..order.len() {
        let sandbox = start();
        sandbox.stop_after(stop);
        destroy(&sandbox, &blueprint);
        sandbox.go_on();
        destroy(&sandbox, &blueprint);
        assert_eq!(without_shells(sandbox.state()), fleet::fleet(), "stopped after call {stop}");
    }
}

/// A destination goes together with the alert that used it, while a new one waits for somebody: its
/// topic goes with its last rule, since no later apply would find it.
#[test]
fn a_topic_goes_with_its_last_rule_while_others_wait() {
    let text = |destinations: &str, alerts: &str| {
        laws::read(&format!(
            "version: 1\nname: acme\nregions: [us-east-1]\ndestinations:\n  mail: {{ topic: mail, subscribers: [{{ email: a@acme.example }}] }}\n{destinations}routes: {{ critical: [mail], high: [mail], medium: [mail], low: [mail] }}\nalerts:\n{alerts}"
        ))
    };
    let alert = |id: &str, event: &str, notify: &str| {
        format!(
            "  - {{ id: {id}, title: T, risk: high, events: [\"{event}\"], why: w, next: n, notify: [{notify}] }}\n"
        )
    };
    let other = "  other: { topic: other, subscribers: [{ email: b@acme.example }] }\n";
    let later = "  later: { topic: later, subscribers: [{ email: c@acme.example }] }\n";
    let keys = alert("keys", "iam:CreateAccessKey", "mail");
    let first =
        text(other, &format!("{keys}{}", alert("trail", "cloudtrail:StopLogging", "other")));
    let second = text(later, &alert("users", "iam:CreateAccessKey", "mail, later"));
    let mut state = laws::account(AccountKind::Bare);
    state.lag_tag_search();
    let sandbox = Sandbox::in_memory(state);
    laws::apply(&sandbox, &first);
    laws::confirm(&sandbox);
    laws::apply(&sandbox, &second);
    let topics = |state: &State| -> Vec<String> {
        state
            .accounts
            .values()
            .flat_map(|a| a.regions.values())
            .flat_map(|here| here.topics.keys().cloned())
            .collect()
    };
    assert_eq!(topics(&sandbox.state()), ["ctguard-acme-later", "ctguard-acme-mail"]);
    destroy(&sandbox, &second);
    assert!(topics(&sandbox.state()).is_empty());
}
