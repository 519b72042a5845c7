//! Rules of other tools become a blueprint.

use crate::world::{Ran, WIDE, World};
use serde_json::Value;

const RULES: &str = "title: A trail stops
level: high
logsource: { product: aws, service: cloudtrail }
detection:
  selection: { eventSource: cloudtrail.amazonaws.com, eventName: StopLogging }
  condition: selection
---
title: Many calls
logsource: { product: aws, service: cloudtrail }
detection:
  selection: { eventName: GetSecretValue }
  condition: selection | count() by userIdentity.arn > 20
";

const GOOD: &str = "title: A user is made
logsource: { product: aws, service: cloudtrail }
detection:
  selection: { eventSource: iam.amazonaws.com, eventName: CreateUser, userAgent|contains: Probe }
  condition: selection
";

const PATTERN: &str = r#"{"source": ["aws.cloudtrail"], "detail-type": ["AWS API Call via CloudTrail"],
 "detail": {"eventName": ["StopLogging"]}}"#;

fn import(world: &World, words: &[&str]) -> Ran {
    world.on(WIDE, &[&["import"], words].concat())
}

fn rules() -> (World, String) {
    let world = World::empty();
    world.write("rules.yml", RULES);
    let file = world.path("rules.yml").display().to_string();
    (world, file)
}

#[test]
fn what_comes_over_is_printed_and_what_does_not_is_listed() {
    let (world, file) = rules();
    let ran = import(&world, &["sigma", &file, "--email", "secops@acme.example"]).expect(4);
    assert!(ran.err.contains("Many calls") && ran.err.contains("over time"), "{}", ran.err);
    assert!(ran.err.contains("1 alert imported; 1 rule could not come over."), "{}", ran.err);
    world.write("made.yaml", &ran.out);
    let made = world.path("made.yaml").display().to_string();
    let valid = world.on(WIDE, &["validate", &made]).expect(0);
    assert!(valid.out.contains("1 alert"), "{}", valid.out);
}

/// Files have no region and no account; nothing that is asked for is passed over without a word.
#[test]
fn a_place_is_refused_where_files_are_read() {
    let (world, file) = rules();
    for place in [["--region", "eu-west-1"], ["--account", "111122223333"]] {
        for what in ["sigma", "pattern"] {
            let ran = import(&world, &[&[what, &file][..], &place].concat()).expect(64);
            assert!(ran.err.contains("read from files"), "{}", ran.err);
        }
    }
}

#[test]
fn the_list_alone_stands_below_alerts() {
    let (world, file) = rules();
    let ran = import(&world, &["sigma", &file, "--alerts", "-q"]).expect(4);
    assert!(ran.out.starts_with("# From "), "{}", ran.out);
    assert!(ran.out.contains("- id: a-trail-stops\n"), "{}", ran.out);
    let indented: String = ran.out.lines().map(|line| format!("  {line}\n")).collect();
    let around = "version: 1\nname: acme\ndestinations:\n  p: { topic: p, subscribers: [{ email: a@acme.example }] }\n\
                  routes: { high: [p] }\nalerts:\n";
    world.write("made.yaml", &format!("{around}{indented}"));
    let made = world.path("made.yaml").display().to_string();
    world.on(WIDE, &["validate", &made]).expect(0);
}

#[test]
fn a_file_is_written_and_not_replaced_unasked() {
    let world = World::empty();
    world.write("rules.yml", GOOD);
    let (file, out) = (world.path("rules.yml"), world.path("made.yaml"));
    let (file, out) = (file.display().to_string(), out.display().to_string());
    let ran = import(&world, &["sigma", &file, "--out", &out]).expect(0);
    assert!(ran.out.contains("Wrote"), "{}", ran.out);
    assert!(ran.err.contains("letter by letter"), "{}", ran.err);
    assert!(ran.err.contains("nobody is told"), "{}", ran.err);
    import(&world, &["sigma", &file, "--out", &out]).expect(5);
    import(&world, &["sigma", &file, "--out", &out, "--force"]).expect(0);
    import(&world, &["sigma", &file, "--email", "nobody"]).expect(64);
    import(&world, &["sigma", &world.path("none.yml").display().to_string()]).expect(1);
    import(&world, &["sigma"]).expect(64);
}

#[test]
fn a_folder_is_looked_through() {
    let world = World::empty();
    std::fs::create_dir_all(world.path("rules/deep")).unwrap();
    world.write("rules/deep/one.yml", GOOD);
    world.write("rules/two.yaml", &GOOD.replace("A user is made", "Another"));
    world.write("rules/notes.txt", "none");
    let folder = world.path("rules").display().to_string();
    let json = import(&world, &["sigma", &folder, "--format", "json"]).expect(0).json();
    let ids: Vec<&str> = json["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["alert"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["a-user-is-made", "another"]);
}

#[test]
fn json_has_alerts_notes_refusals_and_the_text() {
    let (world, file) = rules();
    let json = import(&world, &["sigma", &file, "--format", "json"]).expect(4).json();
    assert_eq!(json["complete"], Value::Bool(false));
    assert_eq!(json["alerts"][0]["alert"], "a-trail-stops");
    assert_eq!(json["refused"][0]["rule"], "Many calls");
    assert_eq!(json["refused"][0]["line"], 8);
    assert!(json["blueprint"].as_str().unwrap().contains("cloudtrail:StopLogging"));
}

#[test]
fn patterns_come_over_from_standard_input_too() {
    let world = World::empty();
    world.write("trail.json", PATTERN);
    let file = world.path("trail.json").display().to_string();
    let ran = import(&world, &["pattern", &file, "--risk", "high", "--alerts"]).expect(0);
    assert!(ran.out.contains("- id: trail\n  title: trail\n  risk: high\n"), "{}", ran.out);
    assert!(ran.out.contains("- cloudtrail:StopLogging"), "{}", ran.out);
    world.write("other.json", r#"{"source": ["aws.ec2"], "detail-type": ["EC2 Spot"]}"#);
    let other = world.path("other.json").display().to_string();
    let ran = import(&world, &["pattern", &other]).expect(4);
    assert!(ran.err.contains("not about CloudTrail"), "{}", ran.err);
    import(&world, &["pattern", &file, "--risk", "grave"]).expect(64);
}
