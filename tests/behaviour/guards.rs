//! What an apply stops at until its flag says that it is meant: each guard trips where it should, and nowhere else.

use crate::fleet;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use crate::world::{Ran, World};
use serde_json::Value;

/// Applied with an account's own trail, and everybody has confirmed.
fn settled(blueprint: &str) -> World {
    let world = World::with_trail(blueprint);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world
}

fn guards(world: &World) -> Vec<Value> {
    plan_json(world)["guards"].as_array().cloned().unwrap_or_default()
}

fn plan_json(world: &World) -> Value {
    world.run(&["plan", "--format", "json"]).json()
}

fn kinds(world: &World) -> Vec<String> {
    guards(world).iter().map(|guard| guard["kind"].as_str().unwrap().to_owned()).collect()
}

/// An apply stops, names the flag and writes nothing; with the flag it goes on.
#[track_caller]
fn stops_until(world: &World, flag: &str, words: &[&str]) -> Ran {
    let before = world.read("account.json");
    let plan = world.run(&["plan"]).expect(0);
    assert!(plan.out.contains(flag), "the plan does not show it: {}", plan.out);
    assert!(!plan.out.contains("ctguard apply"), "it would be refused: {}", plan.out);
    let ran = world.run(&["apply", "--yes"]).expect(5);
    for word in words.iter().chain(&[flag]) {
        assert!(ran.err.contains(word), "`{word}` is not said: {}", ran.err);
    }
    world.typing(&["apply"], "yes\n").expect(5);
    assert_eq!(world.read("account.json"), before, "something was written");
    let json = world.run(&["apply", "--yes", "--format", "json"]).expect(5).json();
    assert_eq!(json["guards"], plan_json(world)["guards"]);
    // A saved plan is no way around.
    let file = world.path("plan.json").display().to_string();
    world.run(&["plan", "--out", &file]).expect(0);
    world.run(&["apply", &file, "--yes"]).expect(5);
    assert_eq!(world.read("account.json"), before, "a saved plan went around it");
    world.run(&["apply", &file, "--yes", flag]).expect(0)
}

const HIGH: &str = "  - id: route
    title: A route was made
    risk: high
    events: [ec2:CreateRoute]
    why: Routes should be planned.
    next: Ask whoever made it.
";

#[test]
fn removing_an_alert_that_people_hear_stops_an_apply() {
    let world = settled(PLAIN);
    world.write("ctguard.yaml", &PLAIN.replace(HIGH, ""));
    let words = ["`route` (high) for ec2:CreateRoute in 2 places"];
    stops_until(&world, "--allow-lost-coverage", &words);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn removing_an_alert_of_lower_risk_or_that_nobody_hears_does_not() {
    let world = settled(PLAIN);
    let low = PLAIN.split("  - id: new-user").next().unwrap();
    world.write("ctguard.yaml", low);
    assert_eq!(kinds(&world), [""; 0]);
    world.run(&["apply", "--yes"]).expect(0);
    let world = World::with_trail(PLAIN);
    world.run(&["apply", "--yes"]).expect(0);
    world.write("ctguard.yaml", &PLAIN.replace(HIGH, ""));
    assert_eq!(kinds(&world), [""; 0], "nobody has confirmed, so nobody loses anything");
}

#[test]
fn a_risk_that_is_lowered_in_the_same_change_hides_nothing() {
    let world = settled(PLAIN);
    // Low risk has no route here: nobody would hear of it any more.
    world.write("ctguard.yaml", &PLAIN.replace("risk: high", "risk: low"));
    stops_until(&world, "--allow-lost-coverage", &["`route` (high)"]);
}

#[test]
fn an_event_that_no_alert_takes_any_more_is_lost_and_one_that_moves_is_not() {
    let both = PLAIN.replace("[ec2:CreateRoute]", "[ec2:CreateRoute, ec2:DeleteRoute]");
    let world = settled(&both);
    world.write("ctguard.yaml", PLAIN);
    assert_eq!(kinds(&world), ["loses-coverage"]);
    assert!(guards(&world)[0]["message"].as_str().unwrap().contains("ec2:DeleteRoute in 2 places"));
    let moved = format!(
        "{PLAIN}  - {{ id: gone, title: Gone, risk: low, notify: [secops], events: [ec2:DeleteRoute], why: w, next: n }}\n"
    );
    world.write("ctguard.yaml", &moved);
    assert_eq!(kinds(&world), [""; 0], "another alert takes it over");
}

#[test]
fn who_hears_over_a_topic_that_nobody_names_any_more_is_not_known_and_counts() {
    let existing = PLAIN.replace("  secops: {", "  siem: { topic_arn: \"arn:aws:sns:{region}:{account}:siem\", format: json, subscribers: [] }\n  secops: {");
    let existing = existing.replacen("risk: high\n", "risk: high\n    notify: [siem]\n", 1);
    let world = World::with_trail(&existing);
    world.change(|state| {
        for account in state.accounts.values_mut() {
            for region in account.global.enabled_regions.clone() {
                let here = account.regions.entry(region).or_default();
                here.topics.insert("siem".into(), Default::default());
            }
        }
    });
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.write("ctguard.yaml", &PLAIN.replace(HIGH, ""));
    assert_eq!(kinds(&world), ["loses-coverage"]);
}

#[test]
fn renaming_an_alert_loses_nothing() {
    let world = settled(PLAIN);
    world.write("ctguard.yaml", &PLAIN.replace("id: route", "id: routing"));
    assert_eq!(kinds(&world), [""; 0]);
}

#[test]
fn restoring_what_was_broken_trips_no_guard() {
    for fault in
        ["disable-rule", "narrow-pattern", "delete-rule", "rewrite-topic-policy", "queue-policy"]
    {
        let world = World::settled(&keeping_a_trail());
        world.run(&["sandbox", "break", fault]).expect(0);
        assert_eq!(kinds(&world), [""; 0], "{fault}");
        world.run(&["apply", "--yes"]).expect(0);
    }
}

/// Ten alerts of medium risk, as many as are asked for.
fn many(alerts: usize) -> String {
    let one = |n: usize| {
        let event = [
            "CreateVpc",
            "DeleteVpc",
            "CreateSubnet",
            "DeleteSubnet",
            "CreateRoute",
            "DeleteRoute",
            "StopInstances",
            "RunInstances",
        ][n];
        format!(
            "  - {{ id: a{n}, title: A, risk: medium, events: [ec2:{event}], why: w, next: n }}\n"
        )
    };
    let alerts: String = (0..alerts).map(one).collect();
    format!("{}alerts:\n{alerts}", PLAIN.split("alerts:").next().unwrap())
}

#[test]
fn deleting_more_than_a_third_stops_an_apply() {
    // Per region a topic, two queues, and a rule for each alert: 22 objects.
    let world = settled(&many(8));
    world.write("ctguard.yaml", &many(5));
    assert_eq!(kinds(&world), [""; 0], "6 of 22 are 27 %");
    world.write("ctguard.yaml", &many(4));
    stops_until(&world, "--allow-deletion", &["8 of the 22"]);
    // Below ten objects everything may go.
    let world = settled(PLAIN);
    world.write(
        "ctguard.yaml",
        &PLAIN.replace(HIGH, "").replace("[us-east-1, eu-west-1]", "[us-east-1]"),
    );
    assert!(!kinds(&world).contains(&"deletes-much".to_owned()));
}

/// What composed mails goes once other rules' targets have taken over: nobody hears less.
#[test]
fn another_format_is_no_mass_deletion() {
    // Two state machines and their two roles, of 13 objects.
    let mails = PLAIN.replace("format: text", "format: mail");
    let world = settled(&mails);
    let plain = mails.replace("format: mail", "format: text");
    world.write("ctguard.yaml", &plain);
    assert_eq!(kinds(&world), [""; 0]);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["verify"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    let state = world.state();
    let here = state.accounts.values().flat_map(|account| account.regions.values());
    assert!(here.into_iter().all(|region| region.machines.is_empty()), "the machines are gone");
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    // Rules that go are counted as ever, with the machines that nothing starts any more.
    let world = settled(&mails);
    let none = mails.split("alerts:").next().unwrap().to_owned() + "alerts: []\n";
    world.write("ctguard.yaml", &none);
    assert!(kinds(&world).contains(&"deletes-much".to_owned()));
}

/// Three accounts, applied and confirmed.
fn fleet_of(blueprint: &str) -> World {
    let world = World::empty();
    world.write("ctguard.yaml", blueprint);
    let accounts = fleet::ACCOUNTS.map(|id| ["--account", id]);
    let line: Vec<&str> =
        ["sandbox", "new"].into_iter().chain(accounts.as_flattened().iter().copied()).collect();
    world.run(&line).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world
}

#[test]
fn behind_a_hub_every_place_counts() {
    let world = fleet_of(&fleet::text(fleet::HUB, fleet::ALERTS));
    let without = fleet::ALERTS.lines().filter(|line| !line.contains("id: route"));
    let without = without.collect::<Vec<_>>().join("\n");
    world.write("ctguard.yaml", &fleet::text(fleet::HUB, &without));
    // ReplaceRoute has another alert.
    stops_until(
        &world,
        "--allow-lost-coverage",
        &["`route` (high) for ec2:CreateRoute in 6 places"],
    );
    let omitted =
        fleet::text(fleet::HUB, &without).replace("name: test,", "name: test, omit: [stop],");
    world.write("ctguard.yaml", &omitted);
    let guards = guards(&world);
    assert_eq!(guards[0]["kind"], "loses-coverage", "{guards:#?}");
    let message = guards[0]["message"].as_str().unwrap();
    assert!(
        message.contains("`stop` (critical) for cloudtrail:StopLogging in 2 places"),
        "{message}"
    );
}

#[test]
fn letting_a_whole_organization_in_is_widening_and_restoring_a_policy_is_not() {
    let world = fleet_of(&fleet::text(fleet::HUB, fleet::ALERTS));
    world.run(&["sandbox", "break", "shut-bus"]).expect(0);
    assert_eq!(kinds(&world), [""; 0]);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "break", "condition-bus"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    let hub = fleet::HUB.replace(" }", ", organization: o-a1b2c3d4e5 }");
    world.write("ctguard.yaml", &fleet::text(&hub, fleet::ALERTS));
    stops_until(&world, "--allow-wider-policy", &["all of organization o-a1b2c3d4e5"]);
    world.run(&["sandbox", "break", "shut-bus"]).expect(0);
    assert_eq!(kinds(&world), [""; 0], "the statement is the blueprint's own by now");
}

#[test]
fn taking_a_trail_over_is_said_to_be_meant() {
    let blueprint = format!(
        "{PLAIN}trail: {{ name: management-events, bucket: other-logs-111122223333, home_region: us-east-1, adopt: true }}\n"
    );
    let world = World::with_trail(&blueprint);
    let trail = |world: &World| {
        let state = world.state();
        let regions =
            state.accounts.into_values().flat_map(|account| account.regions.into_values());
        regions.flat_map(|here| here.trails.into_values()).next().unwrap()
    };
    let before = trail(&world);
    let ran = world.run(&["apply", "--yes"]).expect(5);
    assert!(
        ran.err.contains("management-events") && ran.err.contains("--allow-shared-trail"),
        "{}",
        ran.err
    );
    assert_eq!(trail(&world), before);
    world.run(&["apply", "--yes", "--allow-shared-trail"]).expect(0);
    assert_ne!(trail(&world), before);
}
