//! `policy --bootstrap`: the role that a first run in other accounts needs.

use crate::world::World;
use serde_json::Value;

fn fleet() -> World {
    let world = World::empty();
    world.write("ctguard.yaml", include_str!("../../examples/fleet/ctguard.yaml"));
    world
}

fn printed(world: &World, args: &[&str]) -> (String, Value) {
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let mut line = vec!["policy", "apply", "--bootstrap", "-q", &blueprint];
    line.extend(args);
    let ran = world.run(&line).expect(0);
    let template = serde_yaml::from_str(&ran.out).unwrap();
    (ran.out, template)
}

/// A value as CloudFormation makes it in the `aws` partition.
fn resolved(value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("Fn::Sub") => {
            let text = fields["Fn::Sub"].as_str().unwrap();
            Value::from(text.replace("${AWS::Partition}", "aws"))
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), resolved(value)));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(resolved).collect(),
        other => other.clone(),
    }
}

/// Whoever plans without review enters by a role that changes nothing.
#[test]
fn a_role_that_reads_stands_beside_the_one_that_writes() {
    let world = fleet();
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let by = ["--assume-role", "audit/ctguard-read"];
    let line = ["policy", "read", "--bootstrap", "-q", &blueprint, by[0], by[1]];
    let template: Value = serde_yaml::from_str(&world.run(&line).expect(0).out).unwrap();
    let properties = &template["Resources"]["Role"]["Properties"];
    assert_eq!(
        (&properties["RoleName"], &properties["Path"]),
        (&Value::from("ctguard-read"), &Value::from("/audit/"))
    );
    let granted = properties["Policies"][0]["PolicyDocument"].to_string();
    assert!(
        granted.contains("cloudtrail:LookupEvents") && granted.contains("cloudwatch:GetMetricData")
    );
    assert!(!granted.contains("events:Put") && !granted.contains("iam:PassRole"), "{granted}");

    let line = ["policy", "read", "--for", "ci", "-q", &blueprint, by[0], by[1]];
    let ci = world.run(&line).expect(0).json();
    let assumed: Vec<String> = ci["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["Action"].to_string().contains("sts:AssumeRole"))
        .map(|one| one["Resource"].to_string())
        .collect();
    assert!(
        !assumed.is_empty()
            && assumed.iter().all(|roles| roles.contains(":role/audit/ctguard-read"))
    );
    assert!(!ci.to_string().contains(":role/ctguard\""), "the role that writes: {ci:#}");

    // An ARN is of one account, and this stands for the role in each.
    let arn = "arn:aws:iam::111122223333:role/ctguard-read";
    let ran = world.run(&["policy", "read", "-q", &blueprint, by[0], arn]).expect(64);
    assert!(ran.err.contains("it is an ARN"), "{}", ran.err);
}

#[test]
fn a_run_says_by_which_role_it_enters() {
    let world = World::bare(
        &crate::world::blueprints::PLAIN
            .replace("regions:", "accounts: [{ id: \"444455556666\", role: ctguard }]\nregions:"),
    );
    let said = |args: &[&str]| world.run(args).err;
    assert!(said(&["plan"]).contains("by the role ctguard."), "{}", said(&["plan"]));
    let by = ["plan", "--assume-role", "ctguard-read"];
    assert!(said(&by).contains("by the role ctguard-read."), "{}", said(&by));
}

#[test]
fn the_template_makes_a_role_with_the_printed_policy() {
    let world = fleet();
    let (text, template) = printed(&world, &[]);
    assert!(text.contains("leaves the management account out"), "{text}");
    assert_eq!(template["AWSTemplateFormatVersion"], "2010-09-09");
    let role = &template["Resources"]["Role"];
    assert_eq!(role["Type"], "AWS::IAM::Role");
    let properties = &role["Properties"];
    assert_eq!(properties["RoleName"], "ctguard");
    let trust = &properties["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Principal"]["AWS"]["Ref"], "Principal");
    assert_eq!(trust["Action"], "sts:AssumeRole");
    for name in ["Principal", "ExternalId"] {
        assert_eq!(template["Parameters"][name]["Type"], "String", "{name}");
    }

    let blueprint = world.path("ctguard.yaml").display().to_string();
    let line = ["policy", "apply", "-q", "--for", "spoke", &blueprint];
    let policy = world.run(&line).expect(0).json();
    assert_eq!(resolved(&properties["Policies"][0]["PolicyDocument"]), policy);
}

#[test]
fn what_reads_only_gets_a_role_that_reads_only() {
    let world = fleet();
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let ran = world
        .run(&["policy", "plan", "--bootstrap", "-q", "--format", "json", &blueprint])
        .expect(0);
    assert!(ran.out.contains("events:ListRules") && !ran.out.contains("events:PutRule"));
    assert_eq!(ran.json()["Resources"]["Role"]["Type"], "AWS::IAM::Role");
}

#[test]
fn a_blueprint_of_one_account_has_no_role_to_make() {
    let world = World::empty();
    world.write("ctguard.yaml", "version: 1\nname: a\nalerts: []\n");
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let ran = world.run(&["policy", "apply", "--bootstrap", &blueprint]).expect(64);
    assert!(ran.err.contains("names no role") && ran.err.contains("accounts:"), "{}", ran.err);
    let both = world.run(&["policy", "apply", "--bootstrap", "--check", &blueprint]).expect(64);
    assert!(both.err.contains("cannot be used with"), "{}", both.err);
}

#[test]
fn of_several_roles_one_is_chosen() {
    let world = World::empty();
    world.write(
        "ctguard.yaml",
        "version: 1\nname: a\naccounts: [{ id: '111122223333', role: a }, { id: '222233334444', role: x/b }]\nalerts: []\n",
    );
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let ran = world.run(&["policy", "apply", "--bootstrap", &blueprint]).expect(64);
    assert!(ran.err.contains("several roles: a, x/b") && ran.err.contains("--role"), "{}", ran.err);
    let (_, template) = printed(&world, &["--role", "x/b"]);
    assert_eq!(template["Resources"]["Role"]["Properties"]["Path"], "/x/");
}
