use crate::world::World;
use crate::world::blueprints::PLAIN;
use serde_json::Value;

fn validated(text: &str) -> crate::world::Ran {
    let world = World::empty();
    world.write("ctguard.yaml", text);
    world.run(&["validate"])
}

#[test]
fn a_good_blueprint_is_said_to_be_good() {
    let ran = validated(PLAIN).expect(0);
    assert!(ran.out.contains("is valid: 2 alerts, 1 destination"), "{}", ran.out);
}

/// All problems at once, each with its code, place, snippet and what to do.
#[test]
fn every_problem_is_reported_with_its_place() {
    let text = r#"version: 1
name: Acme Corp
regions: [us-east-1, nowhere]
destinations:
  secops: { topic: secops, format: text, subscribers: [{ email: nobody }] }
routes: { high: [secop] }
alerts:
  - id: route
    title: A route was made
    risk: hihg
    events: [ec2:CreateRout]
    why: w
    next: n
    wen: later
  - id: route
    title: Twice
    risk: high
    events: [CreateRoute]
    why: w
    next: n
"#;
    let ran = validated(text).expect(64);
    insta::assert_snapshot!(ran.seen());
}

#[test]
fn hostile_files_are_refused_quickly_and_cleanly() {
    let bomb = {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let before = level - 1;
            let many = vec![format!("*a{before}"); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{many}]\n"));
        }
        text
    };
    let deep = format!("version: 1\nname: a\nalerts: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    for (what, text, says) in [
        ("alias bomb", bomb.as_str(), ""),
        ("deep nesting", deep.as_str(), ""),
        ("empty", "", ""),
        ("only a comment", "# nothing\n", ""),
        ("a list", "- version: 1\n", ""),
        ("two documents", "version: 1\nname: a\nalerts: []\n---\nversion: 1\n", ""),
        ("duplicate key", "version: 1\nname: a\nname: b\nalerts: []\n", "name"),
        ("merge key", "x: &x { a: 1 }\nversion: 1\nname: a\nalerts: []\ny:\n  <<: *x\n", ""),
        ("tab", "version: 1\n\tname: a\n", ""),
        ("another version", "version: 2\nname: a\nalerts: []\n", "version"),
        (
            "an account id as a number",
            "version: 1\nname: a\naccounts: [{ id: 111122223333, name: x }]\nalerts: []\n",
            "quote",
        ),
    ] {
        let ran = validated(text);
        assert_eq!(ran.code, 64, "{what}: {}", ran.out);
        assert!(ran.err.contains("error["), "{what} has no code:\n{}", ran.err);
        assert!(ran.err.to_lowercase().contains(says), "{what}:\n{}", ran.err);
    }
}

#[test]
fn a_missing_file_or_a_folder_is_said_plainly() {
    let world = World::empty();
    let missing = world.run(&["validate"]).expect(64);
    assert!(missing.err.contains("ctguard.yaml"), "{}", missing.err);
    std::fs::create_dir(world.path("ctguard.yaml")).unwrap();
    world.run(&["validate"]).expect(64);
}

/// Everything about the fleet is judged offline, in one go.
#[test]
fn problems_of_accounts_hub_and_trail_are_reported_together() {
    let text = format!(
        r#"{PLAIN}
accounts:
  - {{ id: "111122223333", name: security }}
  - {{ id: "222233334444", name: prod, role: "arn:aws:iam::333344445555:role/ctguard" }}
  - {{ id: 444455556666, name: dev, rol: ctguard }}
hub: {{ account: "999988887777", region: eu-central-1 }}
"#
    );
    let ran = validated(&text).expect(64);
    for code in ["role-invalid", "account-id-number", "unknown-key", "hub-out-of-scope"] {
        assert!(ran.err.contains(&format!("error[{code}]")), "{code}:\n{}", ran.err);
    }
    assert!(ran.err.contains("did you mean `role`?"), "{}", ran.err);
}

#[test]
fn includes_stay_inside_the_blueprints_folder() {
    let world = World::empty();
    world.write(
        "ctguard.yaml",
        &PLAIN.replace("alerts:\n", "include: [{ path: ../outside.yaml }]\nalerts:\n"),
    );
    world.run(&["validate"]).expect(64);
    world.write("network.yaml", "version: 1\nalerts:\n  - { id: acl, title: ACL, risk: high, events: [ec2:CreateNetworkAclEntry], why: w, next: n }\n");
    world.write(
        "ctguard.yaml",
        &PLAIN.replace("alerts:\n", "include: [{ path: ./network.yaml }]\nalerts:\n"),
    );
    let ran = world.run(&["validate"]).expect(0);
    assert!(ran.out.contains("3 alerts"), "{}", ran.out);
}

#[test]
fn what_is_remarkable_is_a_warning_and_can_be_allowed() {
    let legacy = PLAIN.replace("[ec2:CreateRoute]", "[rds:CreateDBSecurityGroup]");
    let ran = validated(&legacy).expect(0);
    assert!(ran.err.contains("warning[legacy-event]"), "{}", ran.err);
    let allowed = validated(&format!("{legacy}\nallow: [legacy-event]\n")).expect(0);
    assert!(!allowed.err.contains("legacy-event"), "{}", allowed.err);
}

#[test]
fn diagnostics_are_data_too() {
    let world = World::empty();
    world.write("ctguard.yaml", &PLAIN.replace("ec2:CreateRoute", "ec2:CreateRout"));
    let report = world.run(&["validate", "--format", "json"]).expect(64).json();
    assert_eq!(report["valid"], false);
    let first = &report["diagnostics"][0];
    assert_eq!(first["severity"], "error");
    assert_eq!(first["span"]["line"], 12);
    assert!(first["help"].as_str().unwrap().contains("CreateRoute"), "{first}");
}

#[test]
fn a_subscriber_that_sns_does_not_deliver_to_is_refused_where_regions_are_known() {
    let world = World::bare(&PLAIN.replace(
        "{ email: secops@acme.example }",
        "{ lambda: \"arn:aws:lambda:ap-east-1:111122223333:function:triage\" }",
    ));
    let ran = world.run(&["plan"]).expect(64);
    let said = format!("{}{}", ran.out, ran.err);
    assert!(said.contains("subscriber-out-of-reach"), "{said}");
    assert!(said.contains("SNS does not deliver from eu-west-1 to ap-east-1"), "{said}");
}

#[test]
fn the_examples_are_valid_and_nothing_is_to_be_warned_about() {
    for (folder, name) in
        [("fleet", "ctguard.yaml"), ("fleet", "organization.yaml"), ("story", "ctguard.yaml")]
    {
        let path = format!("examples/{folder}/{name}");
        let ran = World::empty().run(&["validate", &path]).expect(0);
        assert!(ran.out.contains("0 warnings"), "{path}:\n{}{}", ran.out, ran.err);
    }
}

#[test]
fn a_blueprint_is_formatted_in_place_and_checked_in_ci() {
    let world = World::empty();
    let odd = "name: acme\nversion: 1 # the format\nalerts: []\n";
    world.write("b.yaml", odd);
    let file = world.path("b.yaml").display().to_string();
    let refused = world.run(&["fmt", "--check", "--diff", &file]).expect(3);
    assert!(
        refused.out.contains("+version: 1 # the format\n name: acme\n-version: 1"),
        "{refused:?}"
    );
    assert!(refused.err.contains("1 file not formatted"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), odd, "--check changes nothing");
    let changed = world.run(&["fmt", &file]).expect(0).out;
    assert!(changed.ends_with("b.yaml\n"), "{changed}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "version: 1 # the format\nname: acme\nalerts: []\n");
    assert_eq!(world.run(&["fmt", "--check", &file]).expect(0).out, "");
    world.write("bad.yaml", "version: [\n");
    let bad = world.path("bad.yaml").display().to_string();
    let refused = world.run(&["fmt", &bad, &file]).expect(64);
    assert!(refused.err.contains("yaml"), "{refused:?}");
    world.run(&["fmt", "/nonexistent.yaml"]).expect(1);
}

/// A blueprint may be private, and may be shared by a link.
#[cfg(unix)]
#[test]
fn who_may_read_a_blueprint_and_a_link_to_it_stay_as_they_were() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let world = World::empty();
    world.write("theirs.yaml", "name: acme\nversion: 1\nalerts: []\n");
    let (file, link) = (world.path("theirs.yaml"), world.path("link.yaml"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&file, &link).unwrap();
    world.run(&["fmt", &link.display().to_string()]).expect(0);
    assert_eq!(std::fs::read_link(&link).unwrap(), file);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "version: 1\nname: acme\nalerts: []\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn warnings_are_errors_where_that_is_asked_for() {
    let world = World::empty();
    world.write("ctguard.yaml", &PLAIN.replace("why: ", "# why: "));
    let ran = world.run(&["validate"]).expect(0);
    assert!(ran.err.contains("alert-unexplained"), "{}", ran.err);
    world.run(&["validate", "--strict"]).expect(64);
    world.run(&["validate", "--strict", "--format", "json"]).expect(64);
    world.write("ctguard.yaml", PLAIN);
    world.run(&["validate", "--strict"]).expect(0);
}

#[test]
fn a_blueprint_is_read_from_standard_input() {
    let world = World::empty();
    let line = || ["ctguard", "validate", "-"].map(Into::into).to_vec();
    let ran = world.command(line(), Some(PLAIN)).expect(0);
    assert!(ran.out.starts_with("- is valid"), "{}", ran.out);
    let ran = world.command(line(), Some("version: 1\nname: [a\n")).expect(64);
    assert!(ran.err.contains("this `[` is not closed"), "{}", ran.err);
}

#[test]
fn forgotten_routes_are_one_error_and_no_warning_for_each_alert() {
    let world = World::empty();
    let text = "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\ninclude: [{ builtin: network }]\n\
        destinations: { ops: { topic: ops, format: text, subscribers: [{ email: a@b.example }] } }\n";
    world.write("ctguard.yaml", text);
    let found = world.run(&["validate", "--format", "json"]).expect(64).json();
    let codes: Vec<&str> = found["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["code"].as_str())
        .collect();
    assert_eq!(codes, ["routes-missing"], "{found:#}");
    world.write("ctguard.yaml", &format!("{text}allow: [alert-without-destination]\n"));
    let allowed = world.run(&["validate", "--format", "json"]).expect(0).json();
    assert!(!allowed.to_string().contains("routes-missing"), "{allowed:#}");
}

/// What `validate` says of three built-in blueprints: code, message, and where it points.
fn told(text: &str) -> Vec<(String, String, String)> {
    let world = World::empty();
    world.write("ctguard.yaml", text);
    let found = world.run(&["validate", "--format", "json"]).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let diagnostics = found["diagnostics"].as_array().unwrap().iter();
    diagnostics
        .map(|one| {
            let file = text(&one["span"]["file"]);
            let file = file.rsplit('/').next().unwrap_or_default().to_owned();
            let place = format!("{file}:{}", one["span"]["line"]);
            (text(&one["code"]), text(&one["message"]), place)
        })
        .collect()
}

const THREE: &str = "version: 1
name: acme
regions: [eu-west-1, eu-central-1]
destinations:
  ops: { topic: ops, format: json, subscribers: [{ sqs: \"arn:aws:sqs:us-east-1:111122223333:ops\" }] }
routes:
  critical: [ops]
  high: [ops]
  low: [ops]
include: [{ builtin: account-security }, { builtin: self-protection }, { builtin: network }]
";

#[test]
fn a_missing_region_is_one_error_however_many_events_lack_it() {
    let [(code, message, place)] = &told(THREE)[..] else { panic!("{:#?}", told(THREE)) };
    assert_eq!(code, "event-out-of-scope");
    assert!(message.contains(" events of ") && message.contains("us-east-1"), "{message}");
    assert_eq!(place, "ctguard.yaml:3", "the regions can be changed, the built-in cannot");
    // Other mistakes stand beside it.
    let also = told(&THREE.replace("low: [ops]", "low: [opps]"));
    let codes: Vec<&str> = also.iter().map(|(code, ..)| code.as_str()).collect();
    assert_eq!(codes, ["event-out-of-scope", "reference-unknown"]);
    // One for each region that is missing, and none where it is covered.
    let china = told(&THREE.replace("eu-west-1, eu-central-1", "cn-north-1"));
    let china: Vec<_> = china.iter().filter(|(code, ..)| code == "event-out-of-scope").collect();
    assert!(china.iter().all(|(_, message, _)| message.contains("cn-northwest-1")), "{china:#?}");
    assert_eq!(china.len(), 1);
    let covered = told(&THREE.replace("eu-central-1", "us-east-1"));
    assert!(covered.iter().all(|(code, ..)| code != "event-out-of-scope"), "{covered:#?}");
}

#[test]
fn a_region_that_is_excepted_is_to_be_excepted_no_longer() {
    let except = "{ enabled: true, except: [{ region: us-east-1, reason: r }] }";
    let world = World::empty();
    world.write("ctguard.yaml", &THREE.replace("[eu-west-1, eu-central-1]", except));
    let ran = world.run(&["validate"]).expect(64);
    assert_eq!(ran.err.matches("[event-out-of-scope]").count(), 1, "{}", ran.err);
    let flat = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("take the exception of `us-east-1` out of `regions`"), "{flat}");
}

#[test]
fn a_missing_route_is_one_warning_and_an_alert_that_allows_it_is_not_counted() {
    let all = THREE.replace("eu-central-1", "us-east-1");
    let unrouted = |text: &str| {
        let told = told(text).into_iter();
        told.filter(|(code, ..)| code == "alert-without-destination").collect::<Vec<_>>()
    };
    let before = unrouted(&all);
    let places: Vec<&str> = before.iter().map(|(.., place)| place.as_str()).collect();
    assert_eq!(places, ["ctguard.yaml:7"], "the routes, in which medium is missing");
    let number = |said: &[(String, String, String)]| -> usize {
        let medium = said.iter().find(|(_, message, _)| message.contains("risk `medium`")).unwrap();
        medium.1.split(' ').next().unwrap().parse().unwrap()
    };
    let own = |allow: &str| {
        format!(
            "{all}alerts:\n  - {{ id: mine, title: t, risk: medium, events: [ec2:CreateVpc], why: w, next: n, allow: [{allow}] }}\n"
        )
    };
    assert_eq!(number(&unrouted(&own("alert-duplicated"))), number(&before) + 1);
    assert_eq!(number(&unrouted(&own("alert-without-destination"))), number(&before));
    // One alert alone is pointed at where it stands.
    let alone = format!(
        "{}alerts:\n  - {{ id: mine, title: t, risk: medium, events: [ec2:CreateVpc], why: w, next: n }}\n",
        all.split("include:").next().unwrap()
    );
    let [(_, message, place)] = &unrouted(&alone)[..] else { panic!("one") };
    assert_eq!(message, "`mine` reaches nobody: no route for risk `medium`");
    assert_eq!(place, "ctguard.yaml:11");
}

#[test]
fn calls_that_are_made_all_day_are_warned_about_unless_something_narrows_them() {
    let all = "[kms:Decrypt, sts:AssumeRole, ec2:DescribeInstances]";
    let warned = |events: &str, more: &str| {
        let text = format!(
            "{}alerts:\n  - {{ id: mine, title: t, risk: high, events: {events}, why: w, next: n{more} }}\n",
            THREE.replace("eu-central-1", "us-east-1").split("include:").next().unwrap()
        );
        let told = told(&text).into_iter();
        told.filter(|(code, ..)| code == "event-frequent").collect::<Vec<_>>()
    };
    let [(_, message, place)] = &warned(all, "")[..] else { panic!("one warning") };
    for event in ["kms:Decrypt", "sts:AssumeRole", "ec2:DescribeInstances"] {
        assert!(message.contains(event), "{message}");
    }
    assert_eq!(place, "ctguard.yaml:11");
    for more in [
        ", where: { userIdentity.type: [Root] }",
        ", outcome: failure",
        ", allow: [event-frequent]",
    ] {
        assert_eq!(warned(all, more), [], "{more}");
    }
    // Rare reads, and what changes something, are what alerts are for.
    assert_eq!(warned("[ec2:GetPasswordData, sts:GetFederationToken, ec2:CreateRoute]", ""), []);
}

#[test]
fn no_built_in_is_called_frequent() {
    let ids = std::fs::read_dir("blueprints").unwrap().map(|entry| {
        let path = entry.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    let includes: Vec<String> = ids.map(|id| format!("{{ builtin: {id} }}")).collect();
    assert!(includes.len() > 10);
    let text = format!(
        "{}include: [{}]\n",
        THREE.replace("eu-central-1", "us-east-1").split("include:").next().unwrap(),
        includes.join(", ")
    );
    let told = told(&text);
    assert!(told.iter().any(|(code, ..)| code == "alert-without-destination"), "{told:#?}");
    assert!(told.iter().all(|(code, ..)| code != "event-frequent"), "{told:#?}");
}

/// What is wrong in a hundred thousand places is told in some, with the number of the others.
#[test]
fn a_kind_of_mistake_is_listed_a_hundred_times_and_then_counted() {
    let world = World::empty();
    let keys: String = (0..1_000).map(|n| format!("zz{n}: 1\n")).collect();
    world.write("ctguard.yaml", &format!("{PLAIN}{keys}"));
    let ran = world.run(&["validate"]).expect(64);
    assert!(ran.err.contains("900 more of `unknown-key`, which are not listed"), "{}", ran.err);
    assert_eq!(ran.err.matches("error[unknown-key]").count(), 101);
    let listed = world.run(&["validate", "--format", "json"]).expect(64).json();
    assert_eq!(listed["diagnostics"].as_array().unwrap().len(), 101);
}

/// Alerts that are alike are compared with few others: each is found redundant by the first.
#[test]
fn many_alike_alerts_are_checked_in_the_time_of_few() {
    let world = World::empty();
    let alert = |n: usize| {
        format!(
            "  - {{ id: same{n}, title: T, risk: high, events: [ec2:DeleteRoute], why: w, next: n }}\n"
        )
    };
    let alerts: String = (0..3_000).map(alert).collect();
    world.write("ctguard.yaml", &format!("{PLAIN}{alerts}"));
    // So many rules fit no bus, which is all that is wrong.
    let ran = world.run(&["validate"]).expect(64);
    assert_eq!(ran.err.matches("error[").count(), 1, "{}", ran.err);
    assert!(ran.err.contains("raises `same0`, too"), "{}", ran.err);
    assert!(ran.err.contains("2899 more of `alert-duplicated`"), "{}", ran.err);
}
