//! The event history in place of log files.

use super::{BLUEPRINT, record};
use crate::world::{Ran, World};
use ctguard_core::scope::Region;
use ctguard_sandbox::state::Denied;
use serde_json::{Value, json};

/// A sandbox with 120 new users in us-east-1, three each second, and one route in eu-west-1.
fn world() -> World {
    let world = World::bare(BLUEPRINT);
    world.change(|state| {
        for account in state.accounts.values_mut() {
            let users = (0..120).map(|n| {
                let time = format!("2026-11-20T10:{:02}:{:02}Z", n / 3 / 60, n / 3 % 60);
                record("iam", "CreateUser", &time, &format!("e-{n}"), "alice")
            });
            let old = record("iam", "CreateUser", "2026-11-01T10:00:00Z", "old", "alice");
            let mut route = record("ec2", "DeleteRoute", "2026-11-21T10:00:00Z", "r", "bob");
            route["awsRegion"] = json!("eu-west-1");
            let regions = [("us-east-1", users.chain([old]).collect()), ("eu-west-1", vec![route])];
            for (region, history) in regions {
                let region = Region::new(region).unwrap();
                account.regions.entry(region).or_default().history = history;
            }
        }
    });
    world
}

fn look_up(world: &World, more: &[&str]) -> Ran {
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let mut args = vec!["replay", "--blueprint", &blueprint, "--format", "json", "--lookup", "7d"];
    args.extend(more);
    world.run(&args)
}

fn counts(report: &Value) -> [u64; 3] {
    let alert = |index: usize| report["alerts"][index]["count"].as_u64().unwrap();
    [alert(0), alert(1), report["alerts"][0]["duplicates"].as_u64().unwrap()]
}

#[test]
fn every_place_is_looked_up_page_by_page() {
    let world = world();
    let ran = look_up(&world, &["--progress", "json"]).expect(0);
    let report = ran.json();
    assert_eq!(counts(&report), [120, 1, 0], "and not what is older than seven days");
    assert_eq!(report["events"], 121);
    assert_eq!(
        report["lookup"],
        json!({ "places": 2, "from": "2026-11-15T00:00:00Z", "to": "2026-11-22T23:59:59Z" })
    );
    let pages =
        ran.err.lines().filter(|line| line.contains("lookup-page") && line.contains("us-east-1"));
    assert_eq!(pages.count(), 3, "{}", ran.err);
}

#[test]
fn one_region_or_account_can_be_asked_for() {
    let report = look_up(&world(), &["--region", "eu-west-1"]).expect(0).json();
    assert_eq!(counts(&report), [0, 1, 0]);
    assert_eq!(report["lookup"]["places"], 1);
}

#[test]
fn a_place_that_refuses_is_named_and_gone_on_with_later() {
    let world = world();
    let folder = world.path("kept").display().to_string();
    world.change(|state| {
        state.denied.push(Denied {
            operation: "cloudtrail:LookupEvents".to_owned(),
            account: None,
            region: Region::new("eu-west-1"),
        });
    });
    let report = look_up(&world, &["--resume", &folder]).expect(4).json();
    assert_eq!(counts(&report), [120, 0, 0]);
    let broken = &report["files"]["broken"][0];
    assert_eq!(broken["path"], "111122223333/eu-west-1");
    assert!(broken["why"].as_str().unwrap().contains("AccessDenied"), "{broken}");
    world.change(|state| state.denied.clear());
    assert_eq!(counts(&look_up(&world, &["--resume", &folder]).expect(0).json()), [120, 1, 0]);
}

/// As if the program had been killed after its first page: what is there is not asked for again, what was of the same
/// second is not counted twice.
#[test]
fn an_interrupted_look_up_goes_on_where_it_was() {
    let world = world();
    let folder = world.path("kept").display().to_string();
    let whole = look_up(&world, &["--resume", &folder]).expect(0).json();
    let state: Value = serde_json::from_str(&world.read("kept/lookup.state")).unwrap();
    let first = "kept/111122223333_CloudTrail_us-east-1_lookup-000001.json";
    let page: Value = serde_json::from_str(&world.read(first)).unwrap();
    let records = page["Records"].as_array().unwrap();
    let oldest = &records.last().unwrap()["eventTime"];
    let same: Vec<&Value> = records
        .iter()
        .filter(|record| record["eventTime"] == *oldest)
        .map(|record| &record["eventID"])
        .collect();
    assert!(
        records.len() == 50 && same.len() == 2,
        "the page must end within a second for this test"
    );
    let mut cut = state.clone();
    cut["places"]["111122223333/us-east-1"] =
        json!({ "pages": 1, "events": 50, "done": false, "oldest": oldest, "at_oldest": same });
    world.write("kept/lookup.state", &cut.to_string());
    for later in ["2", "3"] {
        std::fs::remove_file(world.path(&first.replace("000001", &format!("00000{later}"))))
            .unwrap();
    }
    let ran = look_up(&world, &["--resume", &folder, "--progress", "json"]).expect(0);
    assert_eq!(ran.json()["alerts"], whole["alerts"]);
    let asked = ran.err.lines().filter(|line| line.contains("lookup-page")).count();
    assert_eq!(asked, 2, "the two pages that were left, and no other place: {}", ran.err);
}

#[test]
fn a_folder_of_another_look_up_is_refused() {
    let world = world();
    let folder = world.path("kept").display().to_string();
    look_up(&world, &["--resume", &folder]).expect(0);
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let ran =
        world.run(&["replay", "--blueprint", &blueprint, "--lookup", "8d", "--resume", &folder]);
    assert!(ran.expect(1).err.contains("is one of 7 days, not of 8"));
    world.write("kept/lookup.state", "{}");
    assert!(
        look_up(&world, &["--resume", &folder])
            .expect(1)
            .err
            .contains("is not the state of a look-up")
    );
}

#[test]
fn a_snapshot_has_no_history() {
    let world = world();
    let out = world.path("live.json").display().to_string();
    world.run(&["snapshot", "--out", &out]);
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let ran =
        world.offline(&["replay", "--blueprint", &blueprint, "--lookup", "7d", "--format", "json"]);
    assert!(
        ran.expect(4).json()["files"]["broken"][0]["why"].as_str().unwrap().contains("NotRecorded")
    );
}
