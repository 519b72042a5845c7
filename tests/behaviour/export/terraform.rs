//! `export terraform`: every argument is one that the provider has, and what exists is imported by its id. That the
//! files make what the blueprint wants, `ctguard_core::export::terraform` proves place by place.

use crate::world::{Ran, World};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What the provider takes, from its schema: `tests/terraform/schema.py` makes it.
const ARGUMENTS: &str = include_str!("../../terraform/arguments.json");

/// A trail with healing, mail, and a subscriber whose address is secret.
const EVERYTHING: &str = r#"trail: { name: acme, bucket: acme-logs, account: "111122223333", home_region: us-east-1 }
heal: { logging: { trails: managed, notify: people }, rules: true }
destinations:
  people: { topic: people, format: mail, subscribers: [{ email: SecOps@acme.example }] }
  machines: { topic: machines, format: json, subscribers: [{ https: "https://hooks.acme.example/in?token=planted" }] }
routes: { critical: [people], high: [people, machines], medium: [machines], low: [people] }
alerts:
  - { id: route, title: "Route ${x} %{y}", risk: high, events: [ec2:CreateRoute], why: w, next: n }
  - { id: user, title: User, risk: medium, events: [iam:CreateUser], why: w, next: n }
"#;

const ACCOUNTS: [&str; 4] = ["111122223333", "222233334444", "333344445555", "444455556666"];

/// A world of four accounts in an organization, of which one is listed, with a hub.
fn fleet() -> World {
    let world = World::empty();
    let head = "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\naccounts:\n  - { id: \"111122223333\" }\n  - organization: { role: ctguard }\nhub: { account: \"222233334444\", region: us-east-1 }\n";
    world.write("ctguard.yaml", &format!("{head}{EVERYTHING}"));
    let mut line = vec!["sandbox", "new", "--bare", "--organization"];
    ACCOUNTS.iter().for_each(|account| line.extend(["--account", *account]));
    line.extend(["--region", "us-east-1", "--region", "eu-west-1"]);
    world.run(&line).expect(0);
    world
}

fn export(world: &World, more: &[&str]) -> Ran {
    let out = world.path("tf").display().to_string();
    let file = world.path("ctguard.yaml").display().to_string();
    world.run(&[&["export", "terraform", &file, "--out", &out], more].concat())
}

fn parsed(world: &World, path: &str) -> Value {
    serde_json::from_str(&world.read(&format!("tf/{path}"))).unwrap()
}

fn modules(world: &World) -> BTreeMap<String, Value> {
    let folders = std::fs::read_dir(world.path("tf/modules")).unwrap();
    let names = folders.map(|one| one.unwrap().file_name().into_string().unwrap());
    names
        .map(|name| (name.clone(), parsed(world, &format!("modules/{name}/main.tf.json"))))
        .collect()
}

/// Every resource of a module: its address and its arguments.
fn resources(module: &Value) -> Vec<(String, &str, &Map<String, Value>)> {
    let all = module["resource"].as_object().unwrap().iter();
    all.flat_map(|(kind, of)| {
        of.as_object().unwrap().iter().map(move |(label, arguments)| {
            (format!("{kind}.{label}"), kind.as_str(), arguments.as_object().unwrap())
        })
    })
    .collect()
}

#[test]
fn every_argument_is_one_that_the_provider_has() {
    let world = fleet();
    export(&world, &[]).expect(0);
    let table: Value = serde_json::from_str(ARGUMENTS).unwrap();
    let mut used = BTreeSet::new();
    for (name, module) in modules(&world) {
        for (address, kind, arguments) in resources(&module) {
            used.insert(kind.to_owned());
            let mut own = arguments.clone();
            own.remove("depends_on");
            own.remove("lifecycle");
            fits(&format!("{name}: {address}"), &own, &table["resources"][kind]);
        }
    }
    let known: BTreeSet<String> = table["resources"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(used, known, "the table is of what an export has");
}

/// Whether a block has what is required and nothing unknown, each of its type.
fn fits(what: &str, block: &Map<String, Value>, known: &Value) {
    let known = known.as_object().unwrap_or_else(|| panic!("{what}: no such type"));
    for (name, argument) in known {
        assert!(argument["required"] == false || block.contains_key(name), "{what}: needs {name}");
    }
    for (name, value) in block {
        let argument = known.get(name).unwrap_or_else(|| panic!("{what}: has no {name}"));
        is(&format!("{what}.{name}"), value, &argument["is"]);
    }
}

fn is(what: &str, value: &Value, kind: &Value) {
    let right = match (kind.as_str(), value) {
        (Some("string"), Value::String(_)) | (Some("boolean"), Value::Bool(_)) => true,
        (Some("number"), Value::Number(_)) => true,
        (Some(_), _) => false,
        (None, Value::Array(list)) => {
            // A block that may be given once may stand in a list, too.
            let inner = if kind.is_array() { &kind[0] } else { kind };
            list.iter().for_each(|one| is(what, one, inner));
            kind.is_array() || list.len() == 1
        }
        (None, Value::Object(map)) if kind.get("map").is_some() => {
            map.values().for_each(|one| is(what, one, &kind["map"]));
            true
        }
        (None, Value::Object(map)) => {
            fits(what, map, &kind["block"]);
            true
        }
        _ => false,
    };
    assert!(right, "{what}: {value} is no {kind}");
}

/// The ids of all imports, by the address in the root.
fn imports(world: &World, root: &str) -> BTreeMap<String, Value> {
    let blocks = parsed(world, &format!("{root}/imports.tf.json"))["import"].clone();
    let blocks = blocks.as_array().unwrap().iter();
    blocks.map(|one| (one["to"].as_str().unwrap().to_owned(), one["id"].clone())).collect()
}

#[test]
fn what_exists_is_imported_and_nothing_else() {
    let world = fleet();
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let snapshot = world.path("live.snap").display().to_string();
    world.run(&["snapshot", "--out", &snapshot]);
    export(&world, &["--existing", &snapshot]).expect(0);
    let known = imports(&world, "accounts");
    let made = modules(&world);
    let root = parsed(&world, "accounts/main.tf.json");
    // Whatever a root makes is imported: an apply has made all of it.
    let mut expected = BTreeSet::new();
    for (call, arguments) in root["module"].as_object().unwrap() {
        let module = arguments["source"].as_str().unwrap().trim_start_matches("../modules/");
        for region in ["us-east-1", "eu-west-1"] {
            if !arguments["for_each"].as_str().unwrap().contains(region) {
                continue;
            }
            for (address, _, _) in resources(&made[module]) {
                expected.insert(format!("module.{call}[\"{region}\"].{address}"));
            }
        }
    }
    let imported: BTreeSet<String> = known.keys().cloned().collect();
    assert_eq!(imported, expected);
    let ids: BTreeSet<&str> = known.values().map(|id| id.as_str().unwrap()).collect();
    for id in [
        "acme-logs@us-east-1",
        "arn:aws:cloudtrail:us-east-1:111122223333:trail/acme@us-east-1",
        "arn:aws:sns:us-east-1:222233334444:ctguard-acme-machines@us-east-1",
    ] {
        assert!(ids.contains(id), "{id} in {ids:#?}");
    }
    assert!(
        ids.iter().any(|id| id.starts_with("https://sqs.us-east-1.amazonaws.com/222233334444/"))
    );
    let sandboxed = serde_json::to_string(&world.state()).unwrap();
    let subscriptions = known.iter().filter(|(to, _)| to.contains("aws_sns_topic_subscription"));
    for (to, id) in subscriptions {
        let arn = id.as_str().unwrap().split('@').next().unwrap();
        assert!(sandboxed.contains(arn), "{to}: {arn}");
    }
    // The accounts of the organization have a file each, which their root reads.
    let blocks = imports(&world, "member");
    let ids = parsed(&world, "member/imports/333344445555.json");
    assert_eq!(ids.as_object().unwrap().len(), blocks.len());
    let rule = ids
        .as_object()
        .unwrap()
        .values()
        .any(|id| id.as_str().unwrap().starts_with("ctguard-acme-"));
    assert!(rule, "{ids:#}");
    assert!(!world.path("tf/member/imports/111122223333.json").exists());

    // Without a tag an object is somebody else's.
    world.change(|state| {
        for account in state.accounts.values_mut() {
            for here in account.regions.values_mut() {
                for topic in here.topics.values_mut() {
                    topic.tags = Default::default();
                }
            }
        }
    });
    world.run(&["snapshot", "--out", &snapshot]);
    export(&world, &["--existing", &snapshot]).expect(0);
    let left = imports(&world, "accounts");
    assert!(left.len() < known.len());
    assert!(!left.keys().any(|to| to.contains("aws_sns_topic")), "{left:#?}");
    // Nothing is left behind once everything is imported.
    export(&world, &[]).expect(0);
    assert!(!world.path("tf/accounts/imports.tf.json").exists());
    assert!(!world.path("tf/member/imports/333344445555.json").exists());
}

#[test]
fn the_snapshot_is_of_the_blueprint_and_for_terraform() {
    let world = fleet();
    let snapshot = world.path("live.snap").display().to_string();
    world.run(&["snapshot", "--out", &snapshot]);
    let out = world.path("cfn").display().to_string();
    let file = world.path("ctguard.yaml").display().to_string();
    let ran =
        world.run(&["export", "cloudformation", &file, "--out", &out, "--existing", &snapshot]);
    assert!(ran.expect(64).err.contains("--existing is for terraform"));
    let other = world.read("ctguard.yaml").replace("name: acme\n", "name: other\n");
    world.write("ctguard.yaml", &other);
    let ran = export(&world, &["--existing", &snapshot]);
    assert!(ran.err.contains("is of the blueprint acme, not of other"), "{}", ran.err);
    assert_ne!(ran.code, 0);
}

#[test]
fn a_text_that_terraform_would_change_is_refused() {
    let world = fleet();
    let text = world.read("ctguard.yaml").replace("title: User", "title: \"Cafe\u{301}\"");
    world.write("ctguard.yaml", &text);
    let ran = export(&world, &[]);
    assert!(ran.err.contains("NFC"), "{}\n{}", ran.out, ran.err);
    assert_ne!(ran.code, 0);
    assert!(!world.path("tf").exists());
}

#[test]
fn an_account_that_leaves_is_told_and_its_provider_stays() {
    let world = fleet();
    export(&world, &[]).expect(0);
    let hub = world.read("ctguard.yaml");
    let moved = hub.replace("hub: { account: \"222233334444\"", "hub: { account: \"333344445555\"");
    assert_ne!(hub, moved);
    world.write("ctguard.yaml", &moved);
    let ran = export(&world, &["--quiet"]).expect(0);
    let told = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("warning: 222233334444 moves from accounts/ to member/"), "{told}");
    let former = parsed(&world, "accounts/former.tf.json");
    assert_eq!(former["provider"]["aws"][0]["alias"], "account_222233334444");
    let out = world.path("tf").display().to_string();
    let file = world.path("ctguard.yaml").display().to_string();
    world.run(&["export", "--check", &out, &file]).expect(0);
    // Applied: whoever deletes the file is rid of it.
    std::fs::remove_file(world.path("tf/accounts/former.tf.json")).unwrap();
    export(&world, &[]).expect(0);
    assert!(!world.path("tf/accounts/former.tf.json").exists());
    world.run(&["export", "--check", &out, &file]).expect(0);
}
