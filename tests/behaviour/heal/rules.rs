//! Rules that are put back: somebody disables, deletes or changes one of them.

use super::{ACCOUNT, blueprint, event, heal, home, notices};
use crate::laws;
use crate::world::{TODAY, World};
use ctguard::run;
use ctguard_core::blueprint::Blueprint;
use ctguard_core::desired::{Intent, Narrow};
use ctguard_core::plan::{Stage, diff};
use ctguard_core::scope::Place;
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::deliver::Delivery;
use ctguard_sandbox::state::{State, StoredRule};
use serde_json::{Value, json};
use std::sync::atomic::AtomicBool;

const RULES: &str =
    "heal: { logging: { trails: managed, notify: secops }, rules: true, limit: 3 }\n";

const RULE: &str = "ctguard-acme-trail-changed";

const HEALER: &str = "ctguard-acme-heal-rules";

fn healing() -> World {
    World::settled(&blueprint(RULES))
}

/// The event of a call on a rule.
fn call(name: &str, parameters: Value) -> Value {
    let mut event = event(name, parameters);
    event["source"] = json!("aws.events");
    event["detail"]["eventSource"] = json!("events.amazonaws.com");
    // Each call has an id of its own.
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    event["detail"]["eventID"] = json!(format!("0f8a7c1e-0000-4000-8000-{number:012}"));
    event
}

static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);

/// Somebody makes a call on the rule: what it changes, and its event.
fn somebody(world: &World, name: &str, change: impl FnOnce(&mut StoredRule)) -> Delivery {
    let field = if name.ends_with("Targets") { "rule" } else { "name" };
    made(world, &call(name, json!({ field: RULE })), |state| {
        change(state.region_mut(&home()).rules.get_mut(RULE).unwrap());
    })
}

fn made(world: &World, event: &Value, change: impl FnOnce(&mut State)) -> Delivery {
    let sandbox = Sandbox::open(&world.path("account.json")).unwrap();
    sandbox.call_made(event, change).unwrap()
}

fn disable(rule: &mut StoredRule) {
    rule.rule.state = ctguard_core::resource::rule::RuleState::Disabled;
}

fn rule_in(world: &World, place: &Place, name: &str) -> StoredRule {
    world.state().region(place).rules[name].clone()
}

fn rule(world: &World) -> StoredRule {
    rule_in(world, &home(), RULE)
}

/// The only notice, which names what was put back.
fn told(delivery: &Delivery, put_back: &str) -> String {
    let [notice] = notices(delivery)[..] else { panic!("{delivery:#?}") };
    let line = format!("\nPut back: {put_back}\n");
    assert!(notice.text.contains(&line), "{}", notice.text);
    notice.text.clone()
}

fn in_sync(world: &World) {
    world.run(&["verify"]).expect(0);
    world.run(&["drift"]).expect(0);
}

#[test]
fn a_rule_that_was_disabled_is_on_again_and_the_notice_says_who_it_was() {
    let world = healing();
    world.run(&["verify", "--strict"]).expect(0);
    let before = rule(&world);
    let delivery = somebody(&world, "DisableRule", disable);
    assert_eq!(rule(&world), before, "{delivery:#?}");
    let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
    assert_eq!(
        notice.subject.as_deref(),
        Some("[HIGH] A rule of ctguard was put back: 111122223333 us-east-1")
    );
    // The number of the event depends on what other tests have sent.
    let (text, _) = notice.text.rsplit_once('-').unwrap();
    insta::assert_snapshot!("heal_rules_notice", format!("{text}-000000000001\n"));
    in_sync(&world);
}

#[test]
fn targets_pattern_and_a_deleted_rule_are_put_back_too() {
    let world = healing();
    let before = rule(&world);
    let delivery = somebody(&world, "RemoveTargets", |rule| rule.targets.clear());
    told(&delivery, "its targets");
    assert_eq!(rule(&world), before);

    let delivery = somebody(&world, "PutTargets", |rule| {
        let (id, mut target) =
            rule.targets.iter().next().map(|(a, b)| (a.clone(), b.clone())).unwrap();
        target.arn = format!("arn:aws:sns:us-east-1:{ACCOUNT}:theirs");
        rule.targets.insert(id, target);
    });
    told(&delivery, "its targets");
    assert_eq!(rule(&world), before);

    let narrow = r#"{"source":["aws.cloudtrail"],"detail":{"eventName":["StopLogging"]}}"#;
    let delivery = somebody(&world, "PutRule", |rule| {
        rule.rule.event_pattern = Some(narrow.to_owned());
    });
    told(&delivery, "its pattern");
    assert_eq!(rule(&world), before);

    let delivery = somebody(&world, "PutRule", |rule| {
        disable(rule);
        rule.rule.event_pattern = Some(r#"{"source":["nobody"]}"#.to_owned());
    });
    // The fourth within the hour.
    let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
    assert!(notice.subject.as_ref().unwrap().contains("stopped itself"), "{notice:?}");
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "advance"]).expect(0);

    let delivery = made(&world, &call("DeleteRule", json!({ "name": RULE })), |state| {
        state.region_mut(&home()).rules.remove(RULE).unwrap();
    });
    told(&delivery, "the rule was created again, its targets");
    assert_eq!(rule(&world), before);
    in_sync(&world);
}

#[test]
fn what_is_wider_stays_and_what_changes_nothing_is_not_counted() {
    let world = healing();
    for name in ["PutRule", "PutTargets", "RemoveTargets", "DisableRule", "TagResource", "PutRule"]
    {
        let delivery = somebody(&world, name, |_| {});
        assert_eq!(notices(&delivery).len(), 0, "{name}: {delivery:#?}");
        assert_eq!(delivery.failed_executions.len(), 0, "{name}");
    }
    let mut wide = Value::Null;
    let delivery = somebody(&world, "PutRule", |rule| {
        let mut pattern: Value =
            serde_json::from_str(rule.rule.event_pattern.as_ref().unwrap()).unwrap();
        let names = pattern["detail"]["eventName"].as_array_mut().unwrap();
        names.insert(0, json!("CreateTrail"));
        rule.rule.event_pattern = Some(pattern.to_string());
        wide = pattern;
    });
    assert_eq!(notices(&delivery).len(), 0, "{delivery:#?}");
    assert_eq!(rule(&world).rule.event_pattern, Some(wide.to_string()));
    // None of these is one of the three that are allowed within the hour.
    for _ in 0..3 {
        told(&somebody(&world, "DisableRule", disable), "it was enabled");
    }
    let delivery = somebody(&world, "DisableRule", disable);
    let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
    assert!(notice.text.contains("healing began 3 times within the hour"), "{}", notice.text);
    let seen = world.run(&["verify"]).expect(3).out;
    assert!(seen.contains("rule-disabled") && seen.contains("executions-failed"), "{seen}");
}

#[test]
fn the_tag_that_says_whose_it_is_comes_back_and_a_rule_of_others_is_left_alone() {
    let world = healing();
    let before = rule(&world);
    let arn = format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/{RULE}");
    let untag =
        call("UntagResource", json!({ "resourceARN": arn, "tagKeys": ["ctguard:blueprint"] }));
    let delivery = made(&world, &untag, |state| {
        let rule = state.region_mut(&home()).rules.get_mut(RULE).unwrap();
        rule.tags.remove("ctguard:blueprint");
        disable(rule);
    });
    told(&delivery, "its tags, it was enabled");
    assert_eq!(rule(&world), before);

    // A rule that has the name, and was never the blueprint's.
    let delivery = somebody(&world, "DisableRule", |rule| {
        rule.tags.clear();
        disable(rule);
    });
    assert_eq!(notices(&delivery).len(), 0, "{delivery:#?}");
    assert_eq!(rule(&world).rule.state.as_str(), "DISABLED");

    // Rules of which this blueprint knows nothing.
    for name in ["ctguard-acme-other", "theirs"] {
        let delivery = made(&world, &call("DisableRule", json!({ "name": name })), |_| {});
        assert_eq!(notices(&delivery).len(), 0, "{name}");
    }
}

#[test]
fn each_region_has_its_own_and_the_sandbox_shows_it() {
    let world = healing();
    let other = Place::new(home().account, ctguard_core::scope::Region::new("eu-west-1").unwrap());
    for place in [home(), other] {
        assert!(world.state().region(&place).machines.contains_key(HEALER), "{place}");
    }
    let send = ["sandbox", "send", "events:DisableRule", "--made"];
    let told = world.run(&send).expect(0).out;
    assert!(told.contains("was disabled and is as the blueprint says again"), "{told}");
    world.run(&["sandbox", "send", "events:RemoveTargets", "--made"]).expect(0);
    world.run(&["sandbox", "send", "events:DeleteRule", "--made"]).expect(0);
    in_sync(&world);
    // Without `rules: true` it stays off.
    let bare = heal();
    bare.run(&send).expect(0);
    bare.run(&["verify"]).expect(3);
}

#[test]
fn a_call_that_is_made_once_more_is_not_the_same_event_twice() {
    let world = healing();
    for _ in 0..3 {
        let told = world.run(&["sandbox", "send", "events:DisableRule", "--made"]).expect(0).out;
        assert!(told.contains("was disabled and is as the blueprint says again"), "{told}");
    }
    in_sync(&world);
}

#[test]
fn during_a_pause_no_rule_is_put_back_and_everybody_hears_of_it() {
    let world = healing();
    let pause = ["heal", "pause", "--until", "2h", "--reason", "new alerts", "--yes"];
    let told = world.run(&pause).expect(0).out;
    assert_eq!(told.matches("Call: states:TagResource on ").count(), 3, "{told}");
    let delivery = somebody(&world, "DisableRule", disable);
    let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
    assert!(notice.subject.as_ref().unwrap().contains("during a pause"), "{notice:?}");
    assert_eq!(rule(&world).rule.state.as_str(), "DISABLED");
    let seen = world.run(&["verify"]).expect(3).out;
    assert!(seen.contains("what is changed of rules is not put back"), "{seen}");
    world.run(&["heal", "resume", "--yes"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    in_sync(&world);
}

/// The event of a call on another service.
fn from(source: &str, mut event: Value) -> Value {
    event["source"] = json!(format!("aws.{source}"));
    event["detail"]["eventSource"] = json!(format!("{source}.amazonaws.com"));
    event
}

fn watched(delivery: &Delivery) -> bool {
    delivery.received.iter().any(|one| one.text.contains("Healing was paused or changed"))
}

#[test]
fn a_rule_that_enable_rule_took_read_only_events_from_has_them_again() {
    let reads =
        "  - { id: reads, title: R, risk: high, why: w, next: n, events: [iam:ListUsers] }\n";
    let world = World::settled(&format!("{}{reads}", blueprint(RULES)));
    let name = "ctguard-acme-reads";
    let before = rule_in(&world, &home(), name);
    let delivery = made(&world, &call("EnableRule", json!({ "name": name })), |state| {
        let rule = state.region_mut(&home()).rules.get_mut(name).unwrap();
        rule.rule.state = ctguard_core::resource::rule::RuleState::Enabled;
    });
    let text = told(&delivery, "its read-only events");
    assert!(text.contains("lost its read-only events and is as"), "{text}");
    assert_eq!(rule_in(&world, &home(), name), before);
    in_sync(&world);
}

#[test]
fn tags_that_the_tagging_api_takes_off_come_back_on_each_rule() {
    let world = healing();
    let names = [RULE, "ctguard-acme-heal.watch"];
    let before = names.map(|name| rule_in(&world, &home(), name));
    let arns = names.map(|name| format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/{name}"));
    let untag = call("UntagResources", json!({ "resourceARNList": arns, "tagKeys": ["x"] }));
    let delivery = made(&world, &from("tagging", untag), |state| {
        for name in names {
            let rule = state.region_mut(&home()).rules.get_mut(name).unwrap();
            rule.tags.clear();
            disable(rule);
        }
    });
    assert_eq!(notices(&delivery).len(), 2, "{delivery:#?}");
    assert_eq!(names.map(|name| rule_in(&world, &home(), name)), before);
    in_sync(&world);
}

#[test]
fn a_rule_that_was_deleted_and_made_again_by_somebody_is_put_back() {
    let world = healing();
    let before = rule(&world);
    let delivery = made(&world, &call("DeleteRule", json!({ "name": RULE })), |state| {
        let rule = state.region_mut(&home()).rules.get_mut(RULE).unwrap();
        rule.tags.clear();
        rule.targets.clear();
        disable(rule);
    });
    told(&delivery, "its tags, it was enabled, its targets");
    assert_eq!(rule(&world), before);
    in_sync(&world);
}

#[test]
fn a_call_without_its_parameters_is_told() {
    let world = healing();
    let event = call("PutRule", json!({ "omitted": true, "originalSize": 150_000 }));
    let delivery = made(&world, &event, |state| {
        disable(state.region_mut(&home()).rules.get_mut(RULE).unwrap());
    });
    let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
    assert!(notice.text.contains("a call of PutRule changed is not known"), "{}", notice.text);
    assert!(notice.text.contains("CloudTrail left out the parameters"), "{}", notice.text);
}

#[test]
fn whoever_disables_what_heals_is_told_of() {
    let world = healing();
    for (name, field) in [
        ("DisableRule", "name"),
        ("DeleteRule", "name"),
        ("PutRule", "name"),
        ("RemoveTargets", "rule"),
        ("PutTargets", "rule"),
        ("EnableRule", "name"),
    ] {
        let event = call(name, json!({ field: "ctguard-acme-heal.rules" }));
        let delivery = made(&world, &event, |state| {
            state.region_mut(&home()).rules.remove("ctguard-acme-heal.rules");
        });
        assert!(watched(&delivery), "{name}: {delivery:#?}");
    }
    let arn = format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/ctguard-acme-heal.rules");
    let machine = format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{HEALER}");
    let execution = format!("arn:aws:states:us-east-1:{ACCOUNT}:execution:{HEALER}:heal-1");
    for (source, name, parameters) in [
        ("events", "TagResource", json!({ "resourceARN": arn })),
        ("events", "UntagResource", json!({ "resourceARN": arn })),
        ("tagging", "TagResources", json!({ "resourceARNList": ["arn:aws:s3:::b", machine] })),
        ("tagging", "UntagResources", json!({ "resourceARNList": [arn] })),
        ("states", "StartExecution", json!({ "stateMachineArn": machine })),
        ("states", "StopExecution", json!({ "executionArn": execution })),
    ] {
        let delivery = made(&world, &from(source, call(name, parameters)), |_| {});
        assert!(watched(&delivery), "{source}:{name}: {delivery:#?}");
    }
    // EventBridge starts it, and it starts itself.
    for role in ["ctguard-acme", HEALER] {
        let start = call("StartExecution", json!({ "stateMachineArn": machine }));
        let mut start = from("states", start);
        start["detail"]["userIdentity"] = json!({
            "type": "AssumedRole",
            "sessionContext": { "sessionIssuer": {
                "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
            } },
        });
        assert!(!watched(&made(&world, &start, |_| {})), "{role}");
    }
    // The rule that tells of it is put back as any other.
    world.run(&["apply", "--yes"]).expect(0);
    let event = call("DisableRule", json!({ "name": "ctguard-acme-heal.watch" }));
    let delivery = made(&world, &event, |state| {
        disable(state.region_mut(&home()).rules.get_mut("ctguard-acme-heal.watch").unwrap());
    });
    told(&delivery, "it was enabled");
}

#[test]
fn an_apply_that_changes_rules_is_not_undone() {
    let world = healing();
    let text = blueprint(RULES).replace(
        "events: [cloudtrail:StopLogging, cloudtrail:DeleteTrail]",
        "events: [cloudtrail:StopLogging]",
    );
    world.write("ctguard.yaml", &text);
    let plan = world.run(&["plan", "--format", "json"]).expect(0).json();
    let changes = plan["changes"].as_array().unwrap();
    let at = |kind: &str, name: &str| {
        let is =
            |change: &Value| change["address"]["kind"] == kind && change["address"]["name"] == name;
        changes.iter().position(is).unwrap_or_else(|| panic!("{kind} {name}: {changes:#?}"))
    };
    assert!(at("machine", HEALER) < at("rule", RULE));
    let needs = changes[at("rule", RULE)]["needs"].to_string();
    assert!(needs.contains(HEALER), "{needs}");
    world.run(&["apply", "--yes", "--allow-lost-coverage"]).expect(0);
    // The event of the apply comes late, and the machine knows the new pattern by then.
    let after = rule(&world);
    assert_eq!(notices(&somebody(&world, "PutRule", |_| {})).len(), 0);
    assert_eq!(rule(&world), after);
    // An alert that goes takes its rule with it, and nothing brings it back.
    let gone = made(&world, &call("DeleteRule", json!({ "name": "ctguard-acme-gone" })), |_| {});
    assert_eq!(notices(&gone).len(), 0);
}

/// Every call of an apply is an event at once: whatever rules are put back meanwhile would show.
#[test]
fn neither_an_apply_nor_a_destroy_is_fought() {
    let world = healing();
    let sandbox = Sandbox::open(&world.path("account.json")).unwrap().with_events();
    let (all, first) = (
        "events: [cloudtrail:StopLogging, cloudtrail:DeleteTrail]",
        "events: [cloudtrail:StopLogging]",
    );
    let second = "  - { id: second, title: Second, risk: high, why: w, next: n, events: [cloudtrail:DeleteTrail, ec2:CreateRoute] }\n";
    let apart = format!("{}{second}", blueprint(RULES).replace(all, first));
    let none =
        "  - { id: other, title: Other, risk: high, why: w, next: n, events: [ec2:CreateRoute] }\n";
    let (begin, _) = apart.split_once("alerts:\n").unwrap();
    let other = format!("{begin}alerts:\n{none}");
    let elsewhere = blueprint(RULES).replace("secops", "pages");
    for (step, text) in [
        apart.clone(),
        blueprint(RULES),
        other,
        blueprint(super::HEAL),
        apart.clone(),
        elsewhere,
        blueprint(RULES),
    ]
    .iter()
    .enumerate()
    {
        let wanted = laws::read(text);
        // AWS makes no state machine of the name of one that is still being deleted.
        sandbox.advance().unwrap();
        laws::apply(&sandbox, &wanted);
        laws::confirm(&sandbox);
        // What had to wait for people goes now.
        laws::apply(&sandbox, &wanted);
        let plan = laws::plan(&sandbox, &wanted);
        assert!(plan.changes.is_empty(), "{step}: {:#?}", plan.changes);
        let state = sandbox.state();
        for place in state.places() {
            let told: Vec<_> = state.region(&place).outbox.iter().collect();
            let notice = told.iter().find(|one| one.text.contains("Heal:     the blueprint"));
            assert!(notice.is_none(), "{step}: {notice:#?}");
        }
    }
    let (rules, machines) = destroyed(&sandbox, &laws::read(&blueprint(RULES)));
    assert_eq!((rules, machines), (Vec::<String>::new(), 0));
}

/// The rules that are left after a destroy, and the state machines.
fn destroyed(sandbox: &Sandbox, blueprint: &Blueprint) -> (Vec<String>, usize) {
    let intent = Intent { destroy: true, ..Intent::default() };
    let narrow = Narrow::default();
    let survey = run::survey_for(sandbox, blueprint, &intent, TODAY, &narrow, 4, &|_| {});
    let survey = laws::wait(survey).unwrap();
    let plan = diff(&survey.desired, &survey.live, Stage::Planned);
    let first = &plan.changes[0].address.name;
    assert!(first.starts_with("ctguard-acme-heal.rules/"), "{first}");
    laws::wait(run::apply(sandbox, &survey.desired, &plan, 4, &AtomicBool::new(false), &|_| {}));
    let state = sandbox.state();
    let here = state.region(&home());
    let machines = here.machines.values().filter(|machine| !machine.deleting).count();
    (here.rules.keys().cloned().collect(), machines)
}

#[test]
fn without_the_key_what_heals_rules_goes_and_the_rest_stays() {
    let world = healing();
    world.write("ctguard.yaml", &blueprint(super::HEAL));
    world.run(&["apply", "--yes", "--allow-lost-coverage"]).expect(0);
    let after = world.state();
    let here = after.region(&home());
    assert!(here.machines.get(HEALER).is_none_or(|machine| machine.deleting));
    assert!(!here.rules.contains_key("ctguard-acme-heal.rules"));
    assert!(here.rules.contains_key("ctguard-acme-heal.logging"));
    let roles = &after.accounts.values().next().unwrap().global.roles;
    assert!(!roles.contains_key(HEALER));
    world.run(&["plan"]).expect(0);
    world.run(&["verify"]).expect(0);
}

#[test]
fn with_a_hub_its_rules_and_those_at_the_home_of_the_trail_are_put_back() {
    let hub = "hub: { account: \"111122223333\", region: eu-west-1 }\n";
    let world = World::settled(&blueprint(&format!("{hub}{RULES}")));
    world.run(&["verify"]).expect(0);
    let at_hub = Place::new(home().account, ctguard_core::scope::Region::new("eu-west-1").unwrap());
    let mut event = call("DisableRule", json!({ "name": RULE, "eventBusName": "ctguard-acme" }));
    event["region"] = json!("eu-west-1");
    event["detail"]["awsRegion"] = json!("eu-west-1");
    let delivery = made(&world, &event, |state| {
        let bus = state.region_mut(&at_hub).buses.get_mut("ctguard-acme").unwrap();
        disable(bus.rules.get_mut(RULE).unwrap());
    });
    told(&delivery, "it was enabled");
    let state = world.state();
    assert_eq!(
        state.region(&at_hub).buses["ctguard-acme"].rules[RULE].rule.state.as_str(),
        "ENABLED"
    );
    let forward = "ctguard-acme-forward-1";
    let delivery = made(&world, &call("RemoveTargets", json!({ "rule": forward })), |state| {
        state.region_mut(&home()).rules.get_mut(forward).unwrap().targets.clear();
    });
    told(&delivery, "its targets");
    in_sync(&world);
}

#[test]
fn each_call_of_its_role_is_judged_and_what_it_cannot_do_is_told() {
    let world = healing();
    let role = |state: &State| {
        state.accounts.values().next().unwrap().global.roles[HEALER].policies[HEALER].clone()
    };
    let policy = role(&world.state()).to_string();
    for exact in [
        "arn:aws:events:us-east-1:111122223333:rule/ctguard-acme-*",
        "arn:aws:iam::111122223333:role/ctguard-acme\"",
    ] {
        assert!(policy.contains(exact), "{exact}: {policy}");
    }
    for missing in ["events:PutRule", "events:PutTargets", "iam:PassRole", "states:StartExecution"]
    {
        let world = healing();
        world.change(|state| {
            let account = state.accounts.values_mut().next().unwrap();
            let policies = &mut account.global.roles.get_mut(HEALER).unwrap().policies;
            let text = policies[HEALER].to_string().replace(missing, "s3:ListBucket");
            policies.insert(HEALER.to_owned(), serde_json::from_str(&text).unwrap());
        });
        let seen = world.run(&["verify"]).expect(3).out;
        assert!(seen.contains("role-policy") && seen.contains("heal.rules"), "{missing}: {seen}");
        let delivery = somebody(&world, "RemoveTargets", |rule| {
            disable(rule);
            rule.targets.clear();
        });
        let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
        match missing {
            // It heals by itself then.
            "states:StartExecution" => assert_eq!(rule(&world).rule.state.as_str(), "ENABLED"),
            "iam:PassRole" => {
                assert!(notice.text.contains("\nFailed:   PutTargets"), "{}", notice.text);
                assert_eq!(rule(&world).rule.state.as_str(), "ENABLED");
            }
            call => {
                let failed = format!("\nFailed:   {}", call.replace("events:", ""));
                assert!(notice.text.contains(&failed), "{}", notice.text);
            }
        }
    }
}

#[test]
fn a_plan_says_what_is_healed_and_what_it_costs() {
    let world = World::bare(&blueprint(RULES));
    let told = world.run(&["plan"]).expect(0).out;
    assert!(told.contains("Healing of rules: when somebody disables or deletes a rule"), "{told}");
    let told = healing().run(&["explain", "heal.rules"]).expect(0).out;
    assert!(told.contains("it puts rules back as the blueprint says"), "{told}");
}

#[test]
fn whoever_changes_what_heals_is_among_what_is_tried_out_and_replayed() {
    let world = healing();
    let file = |name: &str| world.path(name).display().to_string();
    let (own, record_file, event_file) =
        (file("ctguard.yaml"), file("log.json"), file("event.json"));
    let tried = world.run(&["test", &own, "--format", "json"]).expect(0).json();
    let ids = |value: &Value| -> Vec<String> {
        let alerts = value["alerts"].as_array().unwrap().iter();
        alerts.map(|alert| alert["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&tried), ["trail-changed", "heal.watch"]);
    let event = call("DisableRule", json!({ "name": "ctguard-acme-heal.rules" }));
    world.write("event.json", &event.to_string());
    let told = world.run(&["match", "--blueprint", &own, &event_file]).expect(0).out;
    assert!(told.contains("heal.watch") && !told.contains("trail-changed"), "{told}");
    let record = json!({ "Records": [event["detail"]] });
    world.write("log.json", &record.to_string());
    let told = world.run(&["replay", "--blueprint", &own, &record_file]).expect(0).out;
    assert!(told.contains("heal.watch"), "{told}");
}
