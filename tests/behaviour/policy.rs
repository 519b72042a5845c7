//! `policy`: what is printed for whom, and what is refused. That it is enough and no more,
//! `emulators::least` proves.

use crate::world::{Ran, World};
use serde_json::{Value, json};

const FLEET: &str = "
version: 1
name: acme
accounts:
  - { id: '111111111111', name: tools }
  - { id: '222222222222', name: security, role: ctguard }
  - { id: '333333333333', name: prod, role: ctguard }
regions: [eu-west-1]
hub: { account: '222222222222', region: eu-west-1 }
alerts: []
";

fn policy(blueprint: &str, args: &[&str]) -> Ran {
    let world = World::empty();
    world.write("ctguard.yaml", blueprint);
    let path = world.path("ctguard.yaml").display().to_string();
    world.run(&[&["policy"], args, &["-q", &path]].concat())
}

fn actions(document: &Value) -> Vec<&str> {
    let statements = document["Statement"].as_array().unwrap().iter();
    let actions = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap()).collect()
}

#[test]
fn every_identity_is_told_with_its_accounts_and_its_size() {
    let ran = policy(FLEET, &["apply"]).expect(0);
    for said in [
        "hub: role ctguard in 222222222222, for apply. ",
        "spoke: role ctguard in 333333333333, for apply. ",
        "ci: who runs ctguard in 111111111111, for apply. ",
        " characters: fits a managed policy, which holds 6144.",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    let all = policy(FLEET, &["apply", "--format", "json"]).expect(0).json();
    assert_eq!((&all["format_version"], &all["purpose"]), (&json!(1), &json!("apply")));
    let entries = all["policies"].as_array().unwrap();
    let told: Vec<&Value> = entries.iter().map(|entry| &entry["for"]).collect();
    assert_eq!(told, ["hub", "spoke", "ci"]);
    for entry in entries {
        let whose = entry["for"].as_str().unwrap();
        let alone = policy(FLEET, &["apply", "--for", whose]).expect(0).json();
        assert_eq!(alone, entry["document"], "{whose}: the document alone is the same");
        let characters = alone.to_string().replace(' ', "").len();
        assert_eq!(entry["characters"], json!(characters), "{whose}");
    }
}

#[test]
fn a_verb_is_granted_what_it_calls_and_no_more() {
    let of = |purpose: &str| {
        let document = policy(FLEET, &[purpose, "--for", "hub"]).expect(0).json();
        actions(&document).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for (action, verbs) in [
        ("events:ListRules", "plan drift verify apply destroy all"),
        ("cloudtrail:LookupEvents", "drift all"),
        ("cloudwatch:GetMetricData", "verify all"),
        ("events:PutRule", "apply all"),
        ("events:DeleteRule", "apply destroy all"),
        ("iam:PassRole", "apply all"),
    ] {
        let found = ["plan", "drift", "verify", "apply", "destroy", "all"]
            .into_iter()
            .filter(|verb| of(verb).iter().any(|granted| granted == action))
            .collect::<Vec<_>>();
        assert_eq!(found.join(" "), verbs, "{action}");
    }
}

#[test]
fn one_account_needs_one_policy_and_has_no_role() {
    let one = "version: 1\nname: acme\nregions: [eu-west-1]\nalerts: []\n";
    let all = policy(one, &["plan", "--format", "json"]).expect(0).json();
    assert_eq!(all["policies"].as_array().unwrap().len(), 1);
    assert_eq!(all["policies"][0]["for"], "ci");
    let ran = policy(one, &["plan", "--for", "hub"]).expect(64);
    assert!(ran.err.contains("no role for `hub`") && ran.err.contains("It has: ci"), "{}", ran.err);
}

#[test]
fn the_verb_comes_before_the_blueprint_and_is_asked_for() {
    let ran = policy(FLEET, &[]).expect(64);
    assert!(ran.err.contains("plan, drift, verify, read, apply, destroy or all"), "{}", ran.err);
    let ran = policy(FLEET, &["aply"]).expect(64);
    assert!(ran.err.contains("`aply` is not a purpose"), "{}", ran.err);
    let bootstrap = policy(FLEET, &["--bootstrap", "--format", "json"]).expect(0).json();
    let whole = policy(FLEET, &["all", "--bootstrap", "--format", "json"]).expect(0).json();
    assert_eq!(bootstrap, whole);
}

#[test]
fn a_part_is_a_policy_of_its_own_and_there_are_no_more() {
    let part = policy(FLEET, &["all", "--for", "hub", "--part", "1"]).expect(0).json();
    assert_eq!(part["Version"], "2012-10-17");
    let ran = policy(FLEET, &["all", "--for", "hub", "--part", "9"]).expect(64);
    assert!(ran.err.contains("there is no part 9 of"), "{}", ran.err);
    policy(FLEET, &["all", "--for", "hub", "--part", "0"]).expect(64);
    let ran = policy(FLEET, &["all", "--part", "1"]).expect(64);
    assert!(ran.err.contains("--for"), "{}", ran.err);
}

#[test]
fn cis_role_trusts_named_jobs_of_one_repository() {
    let github = ["--trust", "github", "--repository", "acme/security"];
    let trust = policy(FLEET, &[&github[..], &["--branch", "main"]].concat()).expect(0).json();
    let statement = &trust["Statement"][0];
    let provider = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com";
    assert_eq!(statement["Principal"]["Federated"], provider);
    let subject =
        &statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"];
    assert_eq!(*subject, "repo:acme/security:ref:refs/heads/main");

    let ran = policy(FLEET, &github).expect(64);
    assert!(ran.err.contains("every job of the repository"), "{}", ran.err);
    let elsewhere = FLEET.replace("  - { id: '111111111111', name: tools }\n", "");
    let ran = policy(&elsewhere, &[&github[..], &["--branch", "main"]].concat()).expect(64);
    assert!(ran.err.contains("--ci-account"), "{}", ran.err);
    let named = [&github[..], &["--branch", "main", "--ci-account", "999999999999"]].concat();
    let trust = policy(&elsewhere, &named).expect(0).json();
    let provider = trust["Statement"][0]["Principal"]["Federated"].as_str().unwrap();
    assert!(provider.contains(":999999999999:"), "{provider}");
    let gitlab = ["--trust", "gitlab", "--repository", "acme/alerts", "--pull-requests"];
    let ran = policy(FLEET, &gitlab).expect(64);
    assert!(ran.err.contains("GitLab's tokens do not name"), "{}", ran.err);
    policy(FLEET, &["plan", "--ci-account", "1234"]).expect(64);
}

#[test]
fn a_guard_is_one_line_that_fits_and_says_what_it_leaves_open() {
    let scp = policy(FLEET, &["--guard", "scp", "--break-glass", "break-glass"]);
    // `-q` stands before the path: notes are not printed, the document is.
    let scp = scp.expect(0);
    assert_eq!(scp.out.lines().count(), 1, "{}", scp.out);
    assert!(scp.out.trim_end().len() <= 5_120);
    let document: Value = serde_json::from_str(&scp.out).unwrap();
    assert_eq!(document["Version"], "2012-10-17");
    assert!(actions(&document).contains(&"events:DisableRule"));

    let all = policy(FLEET, &["--guard", "rcp", "--break-glass", "x", "--format", "json"]);
    let all = all.expect(0).json();
    assert_eq!((&all["format_version"], &all["guard"]), (&json!(1), &json!("rcp")));
    let limits = all["limits"].to_string();
    assert!(limits.contains("topics, rules and trails have none"), "{limits}");
    let part = &all["policies"][0];
    assert_eq!(part["characters"], json!(part["document"].to_string().len()));

    let scp = ["--guard", "scp", "--break-glass", "x", "--format", "json"];
    let limits = policy(FLEET, &scp).expect(0).json()["limits"].to_string();
    assert!(limits.contains("management account"), "{limits}");
    assert!(limits.contains("--ci-role"), "{limits}");
    let named = policy(FLEET, &[&scp[..], &["--ci-role", "ci"]].concat()).expect(0).json();
    assert!(!named["limits"].to_string().contains("--ci-role"), "{named}");
}

#[test]
fn a_guard_that_is_too_long_comes_in_parts() {
    let names: Vec<String> = (0..12).map(|n| format!("incident-response/team-{n}")).collect();
    let named: Vec<&str> = names.iter().flat_map(|name| ["--break-glass", name]).collect();
    let asked = [&["--guard", "scp"][..], &named].concat();
    let refused = policy(FLEET, &asked).expect(64);
    assert!(refused.err.contains("it comes in "), "{}", refused.err);
    let mut sids = 0;
    let mut number = 1;
    loop {
        let ran = policy(FLEET, &[&asked[..], &["--part", &number.to_string()]].concat());
        if ran.code != 0 {
            assert!(ran.err.contains("there is no part"), "{}", ran.err);
            break;
        }
        assert!(ran.out.trim_end().len() <= 5_120, "part {number}");
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        sids += document["Statement"].as_array().unwrap().len();
        number += 1;
    }
    let whole = policy(FLEET, &["--guard", "scp", "--break-glass", "x"]).expect(0);
    let whole: Value = serde_json::from_str(&whole.out).unwrap();
    assert!(number > 2);
    assert_eq!(sids, whole["Statement"].as_array().unwrap().len());
}

#[test]
fn a_guard_without_a_way_through_or_with_one_for_everybody_is_refused() {
    for (args, said) in [
        (&["--guard", "scp"][..], "--break-glass"),
        (&["--guard", "scp", "--break-glass", "*"], "anybody could make"),
        (&["--guard", "scp", "--break-glass", "arn:aws:iam::111122223333:root"], "is no role"),
        (&["--break-glass", "x", "plan"], "--guard"),
        (&["--guard", "scp", "--break-glass", "x", "--for", "ci"], "--for"),
        (&["--guard", "tcp", "--break-glass", "x"], "scp"),
    ] {
        let refused = policy(FLEET, args).expect(64);
        assert!(refused.err.contains(said), "{args:?}: {}", refused.err);
    }
}

/// The account of the credentials in use.
const ONE: &str = "version: 1\nname: acme\nregions: [eu-west-1]\nalerts: []\n";

#[test]
fn taking_rules_over_is_granted_on_these_rules_alone() {
    let adopting = |purpose| policy(ONE, &[purpose, "--for", "ci", "--adopt=rule/old"]).expect(0);
    let document = adopting("apply").json();
    let of = |sid: &str| {
        let statements = document["Statement"].as_array().unwrap().iter();
        statements.into_iter().find(|one| one["Sid"] == sid).cloned().unwrap_or_default()
    };
    let rule = "arn:aws:events:*:*:rule/old";
    assert_eq!(of("ReadTakenRules")["Resource"], rule);
    assert_eq!(of("DeleteTakenRules")["Resource"], rule);
    assert_eq!(
        of("DeleteTakenRules")["Action"],
        serde_json::json!(["events:DeleteRule", "events:RemoveTargets"])
    );
    let plan = adopting("plan");
    assert!(plan.out.contains("ReadTakenRules") && !plan.out.contains("DeleteTakenRules"));
    let without = policy(ONE, &["apply", "--for", "ci"]).expect(0);
    assert!(!without.out.contains("TakenRules"), "{}", without.out);
}
