//! What a plan and a verdict say of alerts that not everybody hears, or nobody any longer: how many
//! places it concerns, how grave it is, and whether somebody hears all the same.

use crate::fleet::{self, ACCOUNTS, ALERTS, HUB};
use crate::world::{Ran, World};
use serde_json::{Value, json};

/// Three accounts with a hub, applied and confirmed.
fn settled(blueprint: &str) -> World {
    let world = World::empty();
    world.write("ctguard.yaml", blueprint);
    let accounts = ACCOUNTS.iter().flat_map(|account| ["--account", account]);
    let line: Vec<&str> = ["sandbox", "new"].into_iter().chain(accounts).collect();
    world.run(&line).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world
}

fn effect(plan: &Value, alert: &str) -> Value {
    let all = plan["effects"].as_array().unwrap();
    all.iter().find(|one| one["alert"] == alert).unwrap_or_else(|| panic!("{all:#?}")).clone()
}

fn plan(world: &World) -> Value {
    world.run(&["plan", "--format", "json", "--no-culprit"]).json()
}

/// What the parts of the fleet add up to, and the whole.
fn merged(world: &World, verb: &str) -> (Ran, Ran) {
    let mut line = vec!["merge".to_owned()];
    for n in 1..=3 {
        let ran = world.run(&[verb, "--shard", &format!("{n}/3"), "--format", "json"]);
        let file = format!("{verb}-{n}.json");
        world.write(&file, &ran.out);
        line.push(world.path(&file).display().to_string());
    }
    line.extend(["--format".to_owned(), "json".to_owned()]);
    let sum = world.run(&line.iter().map(String::as_str).collect::<Vec<_>>());
    (sum, world.run(&[verb, "--format", "json"]))
}

fn without(id: &str) -> String {
    let left = ALERTS.lines().filter(|line| !line.contains(&format!("id: {id},")));
    left.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_alert_that_goes_from_the_hub_counts_every_place_and_keeps_its_risk() {
    let world = settled(&fleet::text(HUB, ALERTS));
    world.write("ctguard.yaml", &fleet::text(HUB, &without("route")));
    let gone = effect(&plan(&world), "route");
    assert_eq!(gone["risk"], "high", "{gone}");
    assert_eq!((&gone["places"], &gone["alerting_now"]), (&json!(6), &json!(6)), "{gone}");
    assert_eq!((&gone["dropped"], &gone["dropped_to_others"]), (&json!(6), &Value::Null), "{gone}");
    let text = world.run(&["plan"]).out;
    assert!(text.contains("no longer watched in 6 places"), "{text}");
    let annotations = world.run(&["plan", "--format", "github"]).out;
    assert!(annotations.contains("in 6 of 6 places now, in 0 after an apply"), "{annotations}");
    // IAM's events land in one region.
    world.write("ctguard.yaml", &fleet::text(HUB, &without("user")));
    let gone = effect(&plan(&world), "user");
    assert_eq!((&gone["risk"], &gone["places"]), (&json!("medium"), &json!(3)), "{gone}");
}

#[test]
fn a_renamed_alert_counts_every_place_and_says_that_its_events_go_on() {
    let world = settled(&fleet::text(HUB, ALERTS));
    world.write("ctguard.yaml", &fleet::text(HUB, ALERTS).replace("id: route,", "id: routes,"));
    let gone = effect(&plan(&world), "route");
    assert_eq!((&gone["dropped"], &gone["dropped_to_others"]), (&json!(6), &json!(6)), "{gone}");
    let text = world.run(&["plan"]).out;
    let said = "no longer watched in 6 places; other alerts name its events";
    assert!(text.contains(said), "{text}");
}

#[test]
fn a_rule_of_the_hub_that_is_off_or_whose_events_no_longer_come_reaches_nobody() {
    let world = settled(&fleet::text(HUB, ALERTS));
    world.run(&["sandbox", "break", "disable-rule", "ctguard-acme-route"]).expect(0);
    world.write("ctguard.yaml", &fleet::text(HUB, &without("route")));
    let gone = effect(&plan(&world), "route");
    assert_eq!((&gone["places"], &gone["alerting_now"]), (&json!(6), &json!(0)), "{gone}");

    let world = settled(&fleet::text(HUB, ALERTS));
    for account in &ACCOUNTS[1..] {
        for region in fleet::REGIONS {
            world
                .run(&[
                    "sandbox",
                    "break",
                    "disable-rule",
                    "forward-1",
                    "--account",
                    account,
                    "--region",
                    region,
                ])
                .expect(0);
        }
    }
    world.write("ctguard.yaml", &fleet::text(HUB, &without("route")));
    let gone = effect(&plan(&world), "route");
    assert_eq!((&gone["places"], &gone["alerting_now"]), (&json!(6), &json!(2)), "{gone}");
}

#[test]
fn an_alert_that_an_account_omits_counts_its_places_as_dropped() {
    for hub in [HUB, ""] {
        let world = settled(&fleet::text(hub, ALERTS));
        let omitted = fleet::text(hub, ALERTS).replace("name: test,", "name: test, omit: [stop],");
        world.write("ctguard.yaml", &omitted);
        let kept = effect(&plan(&world), "stop");
        assert_eq!((&kept["removed"], &kept["dropped"]), (&json!(false), &json!(2)), "{hub}{kept}");
        let text = world.run(&["plan"]).out;
        assert!(text.contains("no longer watched in 2 places"), "{text}");
        let other = effect(&plan(&world), "route");
        assert_eq!(other["dropped"], Value::Null, "{other}");
    }
}

#[test]
fn the_parts_of_a_fleet_count_what_goes_as_the_whole_does() {
    let world = settled(&fleet::text(HUB, ALERTS));
    let renamed = fleet::text(HUB, ALERTS).replace("id: route,", "id: routes,");
    let omitted = fleet::text(HUB, ALERTS).replace("name: test,", "name: test, omit: [stop],");
    for changed in [fleet::text(HUB, &without("route")), renamed, omitted] {
        world.write("ctguard.yaml", &changed);
        for verb in ["plan", "drift"] {
            let (sum, whole) = merged(&world, verb);
            assert_eq!(sum.json()["effects"], whole.json()["effects"], "{verb}");
        }
    }
}

/// With a queue that nobody made, beside a mailbox.
fn with_a_missing_queue() -> String {
    fleet::text(HUB, ALERTS).replace(
        "subscribers: [{ email: a@acme.example }]",
        "subscribers: [{ email: a@acme.example }, { sqs: \"arn:aws:sqs:us-east-1:111122223333:siem\" }]",
    )
}

#[test]
fn who_hears_all_the_same_is_told_from_total_silence() {
    let world = settled(&with_a_missing_queue());
    let route = effect(&plan(&world), "route");
    assert_eq!((&route["alerting_now"], &route["partly_now"]), (&json!(0), &json!(6)), "{route}");
    assert_eq!(route["partly_confirmed"], 6, "{route}");
    // Its only recipient is the hook, which hears.
    let user = effect(&plan(&world), "user");
    assert_eq!((&user["alerting_now"], &user["partly_now"]), (&json!(3), &Value::Null), "{user}");
    let text = world.run(&["plan"]).out;
    assert!(text.contains("reaches only some in 6 places"), "{text}");
    assert!(!text.contains("stays silent"), "{text}");
    let annotations = world.run(&["plan", "--format", "github"]).out;
    assert!(annotations.contains("plan-partly"), "{annotations}");
    assert!(!annotations.contains("plan-silent"), "{annotations}");

    let verdict = world.run(&["verify", "--format", "json"]).expect(3).json();
    assert_eq!(verdict["partly"], verdict["counts"]["broken"], "{verdict:#}");
    let text = world.run(&["verify"]).expect(3).out;
    assert!(text.contains("still reach some of those listed, and 0 reach nobody"), "{text}");
    assert!(text.contains("Route (reaches some in 6)"), "{text}");
    let (sum, whole) = merged(&world, "verify");
    assert_eq!(sum.out, whole.out);
}

#[test]
fn where_nobody_hears_nothing_else_is_said() {
    let world = settled(&with_a_missing_queue());
    world.run(&["sandbox", "break", "unsubscribe", "a@acme.example"]).expect(0);
    let route = effect(&plan(&world), "route");
    assert_eq!(route["partly_now"], Value::Null, "{route}");
    // An apply subscribes the mailbox again, and somebody must confirm.
    assert_eq!(
        (&route["partly_after"], &route["partly_confirmed"]),
        (&Value::Null, &json!(6)),
        "{route}"
    );
    // Both of its destinations: the hook still hears.
    let stop = effect(&plan(&world), "stop");
    assert_eq!(stop["partly_now"], 6, "{stop}");
    let verdict = world.run(&["verify", "--format", "json"]).expect(3).json();
    let alerts = verdict["alerts"].as_array().unwrap();
    let route = alerts.iter().find(|one| one["alert"] == "route").unwrap();
    assert_eq!(route["partly"], Value::Null, "{route}");
    // Before the hub nobody hears, whoever has confirmed.
    let world = settled(&with_a_missing_queue());
    world.run(&["sandbox", "break", "stop-trail", "--account", ACCOUNTS[1]]).expect(0);
    let verdict = world.run(&["verify", "--format", "json"]).json();
    let alerts = verdict["alerts"].as_array().unwrap();
    let route = alerts.iter().find(|one| one["alert"] == "route").unwrap();
    assert_eq!((&route["counts"]["broken"], &route["partly"]), (&json!(6), &json!(4)), "{route}");
}

#[test]
fn a_part_says_what_differs_in_the_hub_that_another_part_changes() {
    let world = settled(&fleet::text(HUB, ALERTS));
    world.run(&["sandbox", "break", "delete-bus"]).expect(0);
    let parts: Vec<Ran> =
        (1..=3).map(|n| world.run(&["plan", "--shard", &format!("{n}/3")])).collect();
    let hub = "111122223333/us-east-1";
    let told = |ran: &&Ran| ran.out.contains(&format!("{hub} is another part of the fleet: "));
    let some = parts.iter().filter(told).count();
    let nothing = parts.iter().filter(|ran| ran.out.contains("No changes")).count();
    assert!(some > 0 && nothing > 0, "{parts:#?}");
    for part in parts.iter().filter(|ran| ran.out.contains("gained in")) {
        let own = part.out.contains("to create");
        assert_ne!(own, told(&part), "a gain has its reason: {}", part.out);
    }
    let (sum, whole) = merged(&world, "plan");
    for part in ["effects", "changes", "waiting"] {
        assert_eq!(sum.json()[part], whole.json()[part], "{part}");
    }
    assert!(!sum.out.contains("elsewhere"), "{}", sum.out);
    assert!(!whole.out.contains("elsewhere"), "{}", whole.out);
}

#[test]
fn what_belongs_to_no_combination_and_fails_the_check_stands_in_the_headline() {
    let world = settled(&fleet::text(HUB, ALERTS));
    assert!(!world.run(&["verify"]).expect(0).out.contains("Beside the combinations"));
    world.change(|state| {
        let hub = fleet::place(ACCOUNTS[0], "us-east-1");
        for queue in state.region_mut(&hub).queues.values_mut() {
            queue.messages = 2;
        }
    });
    let text = world.run(&["verify"]).expect(3).out;
    let said = "proven.\nBeside the combinations: 2 broken (dead-letters).\n";
    assert!(text.contains(said), "{text}");
    let markdown = world.run(&["verify", "--format", "markdown"]).expect(3).out;
    assert!(markdown.contains("Beside the combinations: 2 broken (dead-letters)."), "{markdown}");
}

#[test]
fn a_bus_without_a_policy_is_said_to_take_the_events_of_its_own_region_alone() {
    let world = settled(&fleet::text(HUB, ALERTS));
    world.run(&["sandbox", "break", "shut-bus"]).expect(0);
    let text = world.run(&["verify"]).expect(3).out;
    let at =
        "broken bus-policy  111122223333 (security), 222233334444 (prod), 333344445555 (test)\n";
    assert!(text.contains(at), "{text}");
    let cause = "it has no policy, so it takes events of its own account in us-east-1 only.";
    assert!(text.contains(cause), "{text}");
    // Those that land beside the bus get there: the verdict says what the cause says.
    let route = world.run(&["explain", "route"]).expect(3).out;
    assert!(route.contains("proven in 111122223333/us-east-1"), "{route}");
    assert!(route.contains("broken in 111122223333/eu-west-1"), "{route}");
}

#[test]
fn a_remedy_names_the_role_that_is_refused_in_another_account() {
    let world = settled(&fleet::text(HUB, ALERTS));
    let deny = ["sandbox", "break", "deny-calls", "events:ListRules", "--account", ACCOUNTS[2]];
    world.run(&deny).expect(0);
    for verb in ["plan", "verify", "drift"] {
        let text = world.run(&[verb]).expect(4).out;
        let fix = "Allow events:ListRules to the role ctguard in account 333344445555, and run";
        assert!(text.contains(fix), "{text}");
        let who = "User: arn:aws:sts::333344445555:assumed-role/ctguard/ctguard is not authorized";
        assert!(text.contains(who), "{text}");
        assert!(!text.contains("the identity that runs ctguard"), "{text}");
    }
    let text = world.run(&["verify"]).expect(4).out;
    assert!(text.contains("unknown rule-missing (not read)  "), "{text}");
    // In its own account it is the caller who is refused.
    world.run(&["sandbox", "break", "mend-calls"]).expect(0);
    let deny = ["sandbox", "break", "deny-calls", "events:ListRules", "--account", ACCOUNTS[0]];
    world.run(&deny).expect(0);
    let text = world.run(&["plan"]).expect(4).out;
    assert!(text.contains("Allow events:ListRules to the identity that runs ctguard"), "{text}");
}
