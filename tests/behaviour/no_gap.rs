//! Law 7, no gap: an apply never opens a window in which an event that reached somebody no longer does.
//! Checked after every single call of an apply, by sending the event through the sandbox.

use crate::laws::{account, apply, confirm, read};
use ctguard_core::event::sample::{Identity, Sample, sample_event};
use ctguard_core::event::{Access, EventKind};
use ctguard_core::scope::{Place, Region};
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::fresh::AccountKind;
use ctguard_sandbox::state::Denied;
use serde_json::Value;

fn blueprint(alerts: &str, destinations: &str, route: &str) -> ctguard_core::blueprint::Blueprint {
    read(&format!(
        "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\ndestinations:\n{destinations}\nroutes: {{ high: [{route}] }}\nalerts:\n{alerts}\n"
    ))
}

const MAIL: &str =
    "  mail: { topic: mail, format: text, subscribers: [{ email: a@acme.example }] }";
const OTHER: &str =
    "  other: { topic: other, format: text, subscribers: [{ email: b@acme.example }] }";
const ROUTE: &str =
    "  - { id: route, title: Route, risk: high, events: [ec2:CreateRoute], why: w, next: n }";

fn sample(sandbox: &Sandbox, region: &str) -> Value {
    let state = sandbox.state();
    sample_event(&Sample {
        source: "ec2.amazonaws.com".into(),
        name: "CreateRoute".into(),
        kind: EventKind::Api,
        access: Access::Write,
        place: Place::new(state.caller.account.clone(), Region::new(region).unwrap()),
        identity: Identity::User("mallory".into()),
        time: state.clock,
        detail: Value::Null,
    })
}

fn heard(sandbox: &Sandbox) -> bool {
    ["us-east-1", "eu-west-1"]
        .iter()
        .all(|region| !sandbox.deliver(&sample(sandbox, region)).received.is_empty())
}

/// Goes from one blueprint to another, stopping after every call, and checks that somebody hears
/// all the way, confirmed or not, to the end.
fn moves_without_a_gap(
    from: &ctguard_core::blueprint::Blueprint,
    to: &ctguard_core::blueprint::Blueprint,
) {
    moves_from(
        || {
            let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
            apply(&sandbox, from);
            confirm(&sandbox);
            sandbox
        },
        to,
    );
}

fn moves_from(before: impl Fn() -> Sandbox, to: &ctguard_core::blueprint::Blueprint) {
    let start = || {
        let sandbox = before();
        assert!(heard(&sandbox), "somebody hears before the move");
        sandbox
    };
    let whole = start();
    whole.forget_calls();
    apply(&whole, to);
    let calls = whole.calls().iter().filter(|call| call.mutating).count();
    assert!(calls > 0, "the move makes no call");
    assert!(heard(&whole), "nobody hears after the move and before anybody confirms");
    confirm(&whole);
    whole.forget_calls();
    apply(&whole, to);
    let removals = whole.calls().iter().filter(|call| call.mutating).count();
    assert!(heard(&whole), "nobody hears after the move");
    let end = crate::laws::plan(&whole, to);
    let left = (end.changes.len(), end.waiting.len(), end.refusals.len());
    assert_eq!(left, (0, 0, 0), "the move does not come to an end: {end:#?}");

    for stop in 0..calls {
        let sandbox = start();
        sandbox.stop_after(stop);
        apply(&sandbox, to);
        assert!(heard(&sandbox), "nobody hears after call {stop} of the move");
        sandbox.go_on();
        apply(&sandbox, to);
        assert!(heard(&sandbox), "nobody hears when the move stopped at {stop} is resumed");
    }
    for stop in 0..removals {
        let sandbox = start();
        apply(&sandbox, to);
        confirm(&sandbox);
        sandbox.stop_after(stop);
        apply(&sandbox, to);
        assert!(heard(&sandbox), "nobody hears after call {stop} of the removals");
    }
}

#[test]
fn renaming_an_alert() {
    let renamed = ROUTE.replace("id: route", "id: routing");
    moves_without_a_gap(&blueprint(ROUTE, MAIL, "mail"), &blueprint(&renamed, MAIL, "mail"));
}

fn with_hub(alerts: &str) -> ctguard_core::blueprint::Blueprint {
    read(&format!(
        "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\naccounts: [{{ id: \"111122223333\" }}]\nhub: {{ account: \"111122223333\", region: us-east-1 }}\ndestinations:\n{MAIL}\nroutes: {{ high: [mail] }}\nalerts:\n{alerts}\n"
    ))
}

/// Two alerts behind a hub, the first under this condition on the user's name.
fn where_user(condition: &str) -> ctguard_core::blueprint::Blueprint {
    let route = ROUTE
        .replace(", why", &format!(", where: {{ userIdentity.userName: [{condition}] }}, why"));
    let other = ROUTE.replace("route", "user").replace("ec2:CreateRoute", "iam:CreateUser");
    with_hub(&format!("{route}\n{other}"))
}

#[test]
fn a_wildcard_comes_and_goes_behind_a_hub() {
    let (plain, wild) = (where_user("mallory"), where_user("{ wildcard: 'm*y' }"));
    moves_without_a_gap(&plain, &wild);
    moves_without_a_gap(&wild, &plain);
}

/// As earlier versions packed: one rule, with everybody's conditions.
#[test]
fn a_wildcard_that_was_packed_with_others_gets_a_rule_of_its_own() {
    let wild = where_user("{ wildcard: 'm*y' }");
    let packed = || {
        let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
        apply(&sandbox, &wild);
        confirm(&sandbox);
        let mut state = sandbox.state();
        for region in ["us-east-1", "eu-west-1"] {
            let place = Place::new(state.caller.account.clone(), Region::new(region).unwrap());
            let rules = &mut state.region_mut(&place).rules;
            let own = rules.remove("ctguard-acme-forward-route.own").expect("its own rule");
            let pattern = |rule: &ctguard_core::resource::rule::Rule| -> Value {
                serde_json::from_str(rule.event_pattern.as_deref().unwrap()).unwrap()
            };
            // Where only the wildcard is wanted, it was in the first rule.
            match rules.get_mut("ctguard-acme-forward-1") {
                Some(first) => {
                    let both =
                        serde_json::json!({ "$or": [pattern(&own.rule), pattern(&first.rule)] });
                    first.rule.event_pattern = Some(both.to_string());
                }
                None => drop(rules.insert("ctguard-acme-forward-1".into(), own)),
            }
        }
        Sandbox::in_memory(state)
    };
    moves_from(packed, &wild);
}

#[test]
fn moving_to_a_topic_of_another_account_and_back() {
    let central = "  central: { topic_arn: \"arn:aws:sns:{region}:444455556666:central\", role: create, format: text, subscribers: [{ https: \"https://hooks.acme.example/in\" }] }";
    let (here, there) = (blueprint(ROUTE, MAIL, "mail"), blueprint(ROUTE, central, "central"));
    for (from, to) in [(&here, &there), (&there, &here)] {
        moves_from(
            || {
                let sandbox = Sandbox::in_memory(crate::elsewhere::accounts(true));
                apply(&sandbox, from);
                confirm(&sandbox);
                sandbox
            },
            to,
        );
    }
}

#[test]
fn renaming_an_alert_behind_a_hub() {
    let renamed = ROUTE.replace("id: route", "id: routing");
    moves_without_a_gap(&with_hub(ROUTE), &with_hub(&renamed));
}

#[test]
fn an_alerts_old_rule_stays_while_the_new_one_cannot_be_made_to_work() {
    let renamed = ROUTE.replace("id: route", "id: routing");
    let (from, to) = (blueprint(ROUTE, MAIL, "mail"), blueprint(&renamed, MAIL, "mail"));
    for operation in ["events:PutRule", "events:PutTargets"] {
        let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
        apply(&sandbox, &from);
        confirm(&sandbox);
        let mut state = sandbox.state();
        let denied = Denied { operation: operation.into(), account: None, region: None };
        state.denied.push(denied);
        let sandbox = Sandbox::in_memory(state);
        apply(&sandbox, &to);
        assert!(heard(&sandbox), "the old rule went although {operation} of the new one failed");
        let mut state = sandbox.state();
        state.denied.clear();
        let sandbox = Sandbox::in_memory(state);
        apply(&sandbox, &to);
        assert!(heard(&sandbox));
        let state = sandbox.state();
        let regions = state.accounts.values().flat_map(|account| account.regions.values());
        let rules: Vec<&String> = regions.flat_map(|here| here.rules.keys()).collect();
        assert_eq!(rules, ["ctguard-acme-routing", "ctguard-acme-routing"], "{operation}");
    }
}

#[test]
fn moving_a_destination_to_another_topic() {
    let moved = MAIL.replace("topic: mail", "topic: post");
    moves_without_a_gap(&blueprint(ROUTE, MAIL, "mail"), &blueprint(ROUTE, &moved, "mail"));
}

#[test]
fn routing_to_another_destination() {
    let both = format!("{MAIL}\n{OTHER}");
    moves_without_a_gap(&blueprint(ROUTE, MAIL, "mail"), &blueprint(ROUTE, &both, "other"));
}

#[test]
fn replacing_the_only_subscriber() {
    let replaced = MAIL.replace("a@acme.example", "b@acme.example");
    moves_without_a_gap(&blueprint(ROUTE, MAIL, "mail"), &blueprint(ROUTE, &replaced, "mail"));
}

#[test]
fn merging_the_alert_into_another() {
    let merged = "  - { id: network, title: Network, risk: high, events: [ec2:CreateRoute, ec2:DeleteRoute], why: w, next: n }";
    moves_without_a_gap(&blueprint(ROUTE, MAIL, "mail"), &blueprint(merged, MAIL, "mail"));
}

#[test]
fn a_removal_that_waits_is_said_and_done_once_everybody_confirmed() {
    let moved = MAIL.replace("topic: mail", "topic: post");
    let (from, to) = (blueprint(ROUTE, MAIL, "mail"), blueprint(ROUTE, &moved, "mail"));
    let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
    apply(&sandbox, &from);
    confirm(&sandbox);
    apply(&sandbox, &to);
    let plan = crate::laws::plan(&sandbox, &to);
    assert!(plan.is_empty(), "{:#?}", plan.changes);
    let waits = |name: &str| plan.waiting.iter().any(|waiting| waiting.address.name == name);
    assert!(waits("ctguard-acme-mail"), "{:#?}", plan.waiting);
    assert!(waits("ctguard-acme-route/ctguard-acme-mail"), "{:#?}", plan.waiting);
    confirm(&sandbox);
    apply(&sandbox, &to);
    let topics: Vec<String> = sandbox
        .state()
        .accounts
        .values()
        .flat_map(|a| a.regions.values())
        .flat_map(|r| r.topics.keys().cloned())
        .collect();
    assert_eq!(topics, ["ctguard-acme-post", "ctguard-acme-post"]);
}

#[test]
fn giving_an_event_to_an_alert_of_its_own() {
    let both = "  - { id: network, title: Network, risk: high, events: [ec2:CreateRoute, ec2:DeleteRoute], why: w, next: n }";
    let split = "  - { id: network, title: Network, risk: high, events: [ec2:DeleteRoute], why: w, next: n }\n  - { id: route, title: Route, risk: high, events: [ec2:CreateRoute], notify: [other], why: w, next: n }";
    let destinations = format!("{MAIL}\n{OTHER}");
    moves_without_a_gap(
        &blueprint(both, &destinations, "mail"),
        &blueprint(split, &destinations, "mail"),
    );
}

#[test]
fn exchanging_the_events_of_two_alerts() {
    let alerts = |route: &str, user: &str| {
        format!(
            "  - {{ id: one, title: One, risk: high, events: [{route}], why: w, next: n }}\n  - {{ id: two, title: Two, risk: high, events: [{user}], notify: [other], why: w, next: n }}"
        )
    };
    let destinations = format!("{MAIL}\n{OTHER}");
    moves_without_a_gap(
        &blueprint(&alerts("ec2:CreateRoute", "ec2:DeleteRoute"), &destinations, "mail"),
        &blueprint(&alerts("ec2:DeleteRoute", "ec2:CreateRoute"), &destinations, "mail"),
    );
}

#[test]
fn moving_to_a_topic_of_the_same_short_name_that_somebody_else_keeps() {
    let existing = "  mail: { topic_arn: \"arn:aws:sns:{region}:{account}:mail\", format: text, subscribers: [{ email: a@acme.example }] }";
    let (from, to) = (blueprint(ROUTE, MAIL, "mail"), blueprint(ROUTE, existing, "mail"));
    let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
    apply(&sandbox, &from);
    confirm(&sandbox);
    // The topic does not exist, so nothing may be taken from the one that works.
    apply(&sandbox, &to);
    assert!(heard(&sandbox));
}

/// Destinations `d0` to `d5`, each with a mailbox of its own.
fn many() -> String {
    let one = |n| {
        format!(
            "  d{n}: {{ topic: d{n}, format: text, subscribers: [{{ email: d{n}@acme.example }}] }}"
        )
    };
    (0..6).map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn taking_one_of_six_destinations_off_an_alert() {
    moves_without_a_gap(
        &blueprint(ROUTE, &many(), "d0, d1, d2, d3, d4, d5"),
        &blueprint(ROUTE, &many(), "d1, d2, d3, d4, d5"),
    );
}

#[test]
fn moving_one_of_five_destinations_to_another_topic() {
    moves_without_a_gap(
        &blueprint(ROUTE, &many(), "d0, d1, d2, d3, d4"),
        &blueprint(ROUTE, &many().replace("topic: d2", "topic: moved"), "d0, d1, d2, d3, d4"),
    );
}

#[test]
fn a_move_of_more_targets_than_a_rule_takes_is_refused_and_can_be_made_in_steps() {
    let (all, none) = ("d0, d1, d2, d3", "d4, d5, d0");
    let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
    apply(&sandbox, &blueprint(ROUTE, &many(), all));
    confirm(&sandbox);
    let plan = crate::laws::plan(&sandbox, &blueprint(ROUTE, &many(), none));
    assert_eq!(plan.refusals.len(), 2, "{:#?}", plan.refusals);
    assert!(plan.refusals[0].reason.contains("five targets"), "{:#?}", plan.refusals);
    apply(&sandbox, &blueprint(ROUTE, &many(), none));
    assert!(heard(&sandbox));
    for step in ["d0, d1, d2, d4", "d0, d1, d4, d5", none] {
        let to = blueprint(ROUTE, &many(), step);
        for _ in 0..2 {
            apply(&sandbox, &to);
            assert!(heard(&sandbox), "{step}");
            confirm(&sandbox);
        }
    }
    let plan = crate::laws::plan(&sandbox, &blueprint(ROUTE, &many(), none));
    assert!(plan.is_empty() && plan.refusals.is_empty(), "{plan:#?}");
}
