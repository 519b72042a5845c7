//! A drill with a hub: events of every account are forwarded to it.

use super::{DRILLED, OTHERS, drill, settle, standing, with_keys};
use crate::world::World;
use serde_json::Value;

/// Two accounts, whose events go to a hub.
pub fn with_a_hub(text: &str) -> World {
    let listed = "accounts:
  - { id: \"111122223333\", name: security }
  - { id: \"222233334444\", name: prod, role: ctguard }
hub: { account: \"111122223333\", region: us-east-1 }
";
    let text = text.replace("regions: [", &format!("{listed}regions: ["));
    let trail = text.lines().find(|line| line.starts_with("trail:")).unwrap().to_owned();
    let text = text.replace(&trail, "");
    let world = World::empty();
    world.write("ctguard.yaml", &text);
    let accounts = ["--account", "111122223333", "--account", "222233334444"];
    let regions = ["--region", "us-east-1", "--region", "eu-west-1"];
    world.run(&[&["sandbox", "new"][..], &accounts, &regions].concat()).expect(0);
    // All topics are the hub's.
    with_keys(&world, &["us-east-1"]);
    settle(&world);
    world
}

#[test]
fn with_a_hub_the_way_from_each_account_is_tried() {
    let world = with_a_hub(DRILLED);
    let before = standing(&world.state());
    let report = drill(&world, &["--all-safe", "--yes", "--format", "json"]).expect(0).json();
    let received = |report: &Value| report["counts"]["received"].as_u64().unwrap();
    // Three alerts in two regions and one in one, of two accounts.
    assert_eq!(received(&report), 2 * (3 * 2 + 1), "{report:#}");
    no_call_failed(&report);
    let asked = [&OTHERS[..], &["--yes", "--format", "json"]].concat();
    let report = drill(&world, &asked).expect(0).json();
    assert_eq!(received(&report), 2 * 2 * 4, "{report:#}");
    no_call_failed(&report);
    assert_eq!(standing(&world.state()), before);
}

fn no_call_failed(report: &Value) {
    for call in report["calls"].as_array().unwrap() {
        assert_eq!(call["error"], Value::Null, "{call}");
    }
}

/// [`DRILLED`] with one alert, of an event that no harmless call raises: the hub's rules forward
/// nothing else, so that the drill's own event gets there by the rule that stands in alone.
fn with_one_alert() -> World {
    let routes = |line: &&str| !line.starts_with("  - { id:") || line.contains("id: route,");
    let text: Vec<&str> = DRILLED.lines().filter(routes).collect();
    with_a_hub(&text.join("\n"))
}

#[test]
fn a_rule_stands_in_for_the_one_that_forwards() {
    let world = with_one_alert();
    let before = standing(&world.state());
    let report = drill(&world, &["route", "--yes", "--format", "json"]).expect(0).json();
    assert_eq!(report["counts"]["received"], 4, "{report:#}");
    no_call_failed(&report);
    assert_eq!(standing(&world.state()), before);
}

#[test]
fn a_rule_to_the_hub_that_could_not_be_made_says_nothing_of_the_alert() {
    let world = with_one_alert();
    let deny = ["sandbox", "break", "deny-calls", "events:PutTargets"];
    world.run(&[&deny[..], &["--account", "222233334444"]].concat()).expect(0);
    let report = drill(&world, &["route", "--yes", "--format", "json"]).expect(4).json();
    let counts = &report["counts"];
    assert_eq!(
        (&counts["received"], &counts["missing"], &counts["unknown"]),
        (&2.into(), &0.into(), &2.into())
    );
    for alert in report["alerts"].as_array().unwrap() {
        if alert["lands"]["account"] == "222233334444" {
            let why = alert["receipts"][0]["why"].as_str().unwrap();
            assert!(why.contains("stands in could not be made"), "{why}");
        }
    }
}
