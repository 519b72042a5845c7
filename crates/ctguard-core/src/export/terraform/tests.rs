//! What is written is read back by an interpreter of its own, and is what the blueprint wants: object by object,
//! setting by setting, in every place.

mod interpreter;
mod read_back;

use crate::blueprint::{Blueprint, load_text};
use crate::desired::{Desired, Scope, compile};
use crate::export::items::{Item, items};
use crate::export::{self, Files, kinds};
use crate::scope::{AccountId, Place};
use crate::snapshot::{Member, Organization};
use interpreter::{Called, calls, instance};
use jiff::civil::{Date, date};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const TODAY: Date = date(2026, 11, 22);
const OWN: &str = "111122223333";

const ALERTS: &str = r#"destinations:
  people: { topic: people, format: mail, subscribers: [{ email: a@b.example }] }
  machines: { topic: machines, format: json, kms_key: alias/alerts, subscribers: [{ https: "https://user:word@hooks.example/in" }, { https: "https://hooks.example/x${y}" }] }
  short: { topic: short, format: text, subscribers: [{ email: c@b.example }] }
routes: { high: [people, machines, short], medium: [short] }
alerts:
  - { id: route, title: 'Route ${x} %{y} $${z} %%{z} "q" \ back é ✓ $', risk: high, events: [ec2:CreateRoute], why: 'w ${a}', next: 'n %{if}' }
  - { id: user, title: User, risk: medium, events: [iam:CreateUser], why: w, next: n }
"#;

fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

fn read(head: &str, alerts: &str) -> Blueprint {
    let text = format!("version: 1\nname: acme\n{head}{alerts}");
    let loaded = load_text("b.yaml", &text, None, TODAY);
    loaded.blueprint.unwrap_or_else(|| panic!("{:#?}\n{text}", loaded.diagnostics))
}

/// An organization of these accounts, of which the first one manages it.
fn organization(ids: &[&str]) -> Organization {
    let member = |id: &&str| (account(id), Member { name: format!("n{id}"), active: true });
    Organization {
        id: "o-a1b2c3d4e5".to_owned(),
        management: account(ids[0]),
        members: ids.iter().map(member).collect(),
        unit_paths: BTreeMap::new(),
    }
}

/// What should be where: everything that a compilation for all accounts wants.
fn wanted(blueprint: &Blueprint, found: Option<&Organization>) -> (Desired, Vec<Place>) {
    let mut scope = Scope::of_accounts(blueprint, &account(OWN), found).unwrap();
    let regions = kinds::regions(blueprint, TODAY).0;
    for id in scope.accounts.keys().cloned().collect::<Vec<_>>() {
        scope.add_regions(blueprint, &id, Ok(&regions), TODAY).unwrap();
    }
    let places: BTreeSet<Place> = scope.places.iter().cloned().collect();
    let desired = compile(blueprint, &scope, TODAY).unwrap_or_else(|all| panic!("{all:#?}"));
    (desired, places.into_iter().collect())
}

fn parsed(files: &Files, path: &str) -> Option<Value> {
    files.get(path).map(|text| serde_json::from_str(text).unwrap())
}

/// Every call of the roots: the accounts that are known, and each account of the organization.
fn all_calls(files: &Files, found: Option<&Organization>) -> Vec<Called> {
    let mut all = Vec::new();
    if let Some(root) = parsed(files, "accounts/main.tf.json") {
        all.extend(calls(&root, &account(OWN)));
    }
    if let Some(root) = parsed(files, "member/main.tf.json") {
        for id in found.unwrap().members.keys() {
            all.extend(calls(&root, id));
        }
    }
    all
}

/// In one order, and without what no file says.
fn comparable(mut all: Vec<Item>) -> Vec<Item> {
    for item in &mut all {
        if let Item::Topic { subscriptions, .. } = item {
            subscriptions.iter_mut().for_each(|one| one.shown = String::new());
            subscriptions.sort_by(|a, b| (&a.protocol, &a.address).cmp(&(&b.protocol, &b.address)));
        }
    }
    let rank = |item: &Item| serde_json::to_value(item).unwrap()["kind"].to_string();
    all.sort_by_key(|item| (rank(item), item.name().to_owned()));
    all
}

/// That the files make what the blueprint wants, nothing else, and by the right role.
fn holds(case: &str, head: &str, alerts: &str, found: Option<&Organization>) -> Files {
    let blueprint = read(head, alerts);
    let export = export::export(&blueprint, &account(OWN), found, TODAY)
        .unwrap_or_else(|error| panic!("{case}: {error:?}"));
    let files = super::files(&export, None, &Files::new()).unwrap();
    let (desired, places) = wanted(&blueprint, found);
    let mut made: BTreeMap<Place, Vec<Item>> = BTreeMap::new();
    for called in all_calls(&files, found) {
        let module = parsed(&files, &format!("{}/main.tf.json", called.module)).unwrap();
        let resources = instance(&module, &called.variables, &called.place);
        is_in_order(&resources);
        let items = read_back::items(resources, called.place.region.as_str());
        assert!(
            made.insert(called.place.clone(), items).is_none(),
            "{case}: {} is made twice, by {} too",
            called.place,
            called.name
        );
        reaches(&blueprint, &called, found.is_some());
    }
    for place in places {
        let wanted = comparable(items(&desired, &place, place.region == export.home));
        let made = comparable(made.remove(&place).unwrap_or_default());
        assert_eq!(names(&made), names(&wanted), "{case}: {place}");
        for (made, wanted) in made.iter().zip(&wanted) {
            assert_eq!(made, wanted, "{case}: {place}");
        }
    }
    assert!(made.is_empty(), "{case}: nobody wants {:?}", made.keys());
    files
}

fn names(all: &[Item]) -> Vec<&str> {
    all.iter().map(Item::name).collect()
}

/// The provider of a call is the account's, and assumes the role that the blueprint says.
fn reaches(blueprint: &Blueprint, called: &Called, organization: bool) {
    let id = called.place.account.as_str();
    match (&blueprint.accounts, &called.allowed) {
        (None, None) => {}
        (_, allowed) => assert_eq!(*allowed, Some(serde_json::json!([id])), "{}", called.name),
    }
    // An account that does not exist: the caller is nowhere at home.
    let caller = match organization {
        true => account("999999999999"),
        false => account(OWN),
    };
    let role =
        blueprint.accounts.as_ref().and_then(|all| all.role_in(&called.place.account, &caller));
    let partition = called.place.region.partition();
    let arn = role.map(|role| Value::String(role.arn(partition, &called.place.account)));
    assert_eq!(called.role, arn, "{}", called.name);
}

/// What must be there first is a resource of the module, and there is no circle.
fn is_in_order(resources: &[interpreter::Made]) {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while done.len() < resources.len() {
        let next = resources.iter().find(|one| {
            !done.contains(one.address.as_str())
                && one.after.iter().all(|before| done.contains(before.as_str()))
        });
        done.insert(&next.expect("an order without a circle or a gap").address);
    }
    for target in resources.iter().filter(|one| one.type_name == "aws_cloudwatch_event_target") {
        let arn = target.arguments["arn"].as_str().unwrap();
        let name = arn.rsplit([':', '/']).next().unwrap();
        let sent_to = |one: &&interpreter::Made| {
            let kinds = ["aws_sns_topic", "aws_sfn_state_machine", "aws_cloudwatch_event_bus"];
            kinds.contains(&one.type_name.as_str()) && one.arguments["name"] == name
        };
        for needed in resources.iter().filter(sent_to) {
            assert!(target.after.contains(&needed.address), "{} before {arn}", target.address);
        }
    }
}

const LISTED: &str = "regions: [us-east-1, eu-west-1, eu-central-1]
accounts:
  - { id: '111122223333', name: security }
  - { id: '222233334444', name: prod, role: path/ctguard, external_id: 'acme-7' }
  - { id: '333344445555', name: test, role: ctguard }
";

#[test]
fn one_account() {
    let files = holds("one", "regions: [us-east-1, eu-west-1]\n", ALERTS, None);
    assert!(!files.contains_key("member/main.tf.json"));
    assert!(!files.values().any(|text| text.contains("user:word")), "a secret is in a file");
    assert!(files["README.md"].contains("TF_VAR_endpoint_"));
}

#[test]
fn listed_accounts_and_a_hub() {
    let hub = "hub: { account: '111122223333', region: eu-west-1 }\n";
    let files = holds("hub", &format!("{LISTED}{hub}"), ALERTS, None);
    let root = parsed(&files, "accounts/main.tf.json").unwrap();
    for (name, call) in root["module"].as_object().unwrap() {
        let after = serde_json::to_string(&call["depends_on"]).unwrap();
        assert_eq!(after.contains("module.hub_"), !name.starts_with("hub_"), "{name}: {after}");
    }
}

#[test]
fn names_of_accounts_in_messages() {
    holds("names", LISTED, ALERTS, None);
    let odd = LISTED.replace("name: test", r#"name: 'te"st ${x}'"#);
    holds("odd names", &odd, ALERTS, None);
}

#[test]
fn an_organization_with_its_trail_healing_and_mail() {
    let head = "regions: [us-east-1, eu-west-1, eu-central-1]
accounts:
  - { organization: { role: ctguard, exclude: ['666677778888'] } }
trail: { name: main, bucket: acme-logs, account: '111122223333', organization: true, home_region: us-east-1 }
heal: { logging: { trails: managed, notify: people }, rules: true }
";
    let all = ["111122223333", "222233334444", "333344445555", "555566667777", "666677778888"];
    let found = organization(&all);
    holds("organization", head, ALERTS, Some(&found));
    let hub = "hub: { account: '222233334444', region: us-east-1, organization: o-a1b2c3d4e5 }\n";
    let files = holds("organization with a hub", &format!("{head}{hub}"), ALERTS, Some(&found));
    assert!(files.contains_key("member/main.tf.json"));
}

#[test]
fn listed_accounts_of_an_organization_are_not_like_one_that_joins() {
    let head = "regions: [us-east-1, eu-west-1]
accounts:
  - { id: '222233334444', role: ctguard, omit: [user] }
  - { id: '333344445555', role: ctguard, omit: [user] }
  - { organization: { role: ctguard } }
";
    let all = ["111122223333", "222233334444", "333344445555", "444455556666", "555566667777"];
    let files = holds("omitting", head, ALERTS, Some(&organization(&all)));
    let member = parsed(&files, "member/main.tf.json").unwrap();
    // One that joins is given each object once.
    let joined = calls(&member, &account("888899990000"));
    let places: BTreeSet<Place> = joined.iter().map(|called| called.place.clone()).collect();
    assert_eq!(places.len(), joined.len());
    assert_eq!(places.len(), 2);
}

/// What the list says of an account goes before what is found, also where it is deployed like those that are found.
#[test]
fn listed_accounts_of_an_organization_are_entered_by_their_own_roles() {
    let head = "regions: [us-east-1, eu-west-1]
accounts:
  - { id: '222233334444', role: special, external_id: 'acme-7', session_name: alerts }
  - { id: '333344445555' }
  - { organization: { role: ctguard } }
hub: { account: '444455556666', region: us-east-1, organization: o-a1b2c3d4e5 }
";
    let all = ["111122223333", "222233334444", "333344445555", "444455556666", "555566667777"];
    let files = holds("roles", head, ALERTS, Some(&organization(&all)));
    let member = parsed(&files, "member/main.tf.json").unwrap();
    let roles = &member["locals"]["roles"];
    assert_eq!(roles["222233334444"][0]["external_id"], "acme-7");
    assert_eq!(roles["222233334444"][0]["session_name"], "alerts");
    assert_eq!(roles["333344445555"], serde_json::json!([]));
    assert_eq!(roles["others"][0]["external_id"], Value::Null);
    // The hub's other regions are of the member's root.
    assert!(files["README.md"].contains("made in 444455556666"), "{}", files["README.md"]);
    let plain =
        head.replace("role: special, external_id: 'acme-7', session_name: alerts", "role: ctguard");
    let plain = plain.replace("  - { id: '333344445555' }\n", "");
    let files = holds("the same role", &plain, ALERTS, Some(&organization(&all)));
    assert_eq!(parsed(&files, "member/main.tf.json").unwrap()["locals"]["roles"], Value::Null);
}

/// The export of a blueprint after that of another into the same folder.
fn after(former: &Files, head: &str, found: Option<&Organization>) -> (Files, Vec<String>) {
    let blueprint = read(head, ALERTS);
    let export = export::export(&blueprint, &account(OWN), found, TODAY).unwrap();
    let files = super::files(&export, None, former).unwrap();
    let changes = super::changes(&export, former, &files);
    // What is said once is written until somebody deletes it.
    let again = super::files(&export, None, &files).unwrap();
    assert_eq!(again, files);
    assert_eq!(super::changes(&export, &files, &files), [""; 0]);
    (files, changes)
}

/// From where and to where, as a root's `former.tf.json` says.
fn moved(files: &Files, root: &str) -> BTreeMap<String, String> {
    let all = parsed(files, &format!("{root}/former.tf.json")).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = all["moved"].as_array().into_iter().flatten();
    all.map(|one| (text(&one["from"]), text(&one["to"]))).collect()
}

#[test]
fn what_moves_to_another_module_is_moved_in_the_state() {
    let one = "regions: [us-east-1, eu-west-1, eu-west-2, eu-west-3]\n";
    let (before, changes) = after(&Files::new(), one, None);
    assert_eq!((moved(&before, "accounts").len(), changes), (0, vec![]));
    // The account is listed now: it was that of the credentials.
    let listed = format!(
        "{one}accounts:\n  - {{ id: '{OWN}', name: a }}\n  - {{ id: '222233334444', name: b, role: r }}\n"
    );
    let (now, changes) = after(&before, &listed, None);
    let moves = moved(&now, "accounts");
    assert_eq!(moves.len(), 4, "{moves:#?}");
    assert!(moves.values().all(|to| to.contains(OWN)), "{moves:#?}");
    assert!(changes[0].contains("made in 4 places moves"), "{changes:#?}");
    // Back again: nothing leads in a circle.
    let (back, _) = after(&now, one, None);
    let declared = moved(&back, "accounts");
    let starts: BTreeSet<&String> = declared.keys().collect();
    assert!(declared.values().all(|to| !starts.contains(to)), "{declared:#?}");
}

#[test]
fn a_region_more_or_less_moves_nothing() {
    let all = ["us-east-1", "eu-west-1", "eu-west-2", "eu-central-1"];
    let (mut before, _) = after(&Files::new(), "regions: [us-east-1, eu-west-1]\n", None);
    for count in [3, 4, 2, 4] {
        let (now, changes) =
            after(&before, &format!("regions: [{}]\n", all[..count].join(", ")), None);
        assert_eq!(moved(&now, "accounts"), BTreeMap::new());
        assert_eq!(changes, [""; 0]);
        before = now;
    }
}

#[test]
fn the_provider_of_an_account_that_leaves_stays_until_its_file_is_deleted() {
    let (before, _) = after(&Files::new(), LISTED, None);
    let less = LISTED.replace("  - { id: '333344445555', name: test, role: ctguard }\n", "");
    let (now, changes) = after(&before, &less, None);
    let former = parsed(&now, "accounts/former.tf.json").unwrap();
    let kept = former["provider"]["aws"].as_array().unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["alias"], "account_333344445555");
    assert!(changes.iter().any(|one| one.contains("any longer in 333344445555")), "{changes:#?}");
    // It comes back: one provider of the name.
    let (back, _) = after(&now, LISTED, None);
    assert!(!back.contains_key("accounts/former.tf.json"));
    // Once the file is deleted, nothing brings it back.
    let mut applied = now.clone();
    applied.remove("accounts/former.tf.json");
    let (after_it, _) = after(&applied, &less, None);
    assert!(!after_it.contains_key("accounts/former.tf.json"));
}

#[test]
fn an_account_that_moves_to_the_other_root_is_told() {
    let found = organization(&["111122223333", "222233334444", "333344445555", "444455556666"]);
    let alike =
        "regions: [us-east-1, eu-west-1]\naccounts:\n  - { organization: { role: ctguard } }\n";
    let special = alike.replace(
        "accounts:\n",
        "accounts:\n  - { id: '333344445555', role: ctguard, omit: [user] }\n",
    );
    let (before, _) = after(&Files::new(), &special, Some(&found));
    let (now, changes) = after(&before, alike, Some(&found));
    let told = |changes: &[String], way: &str| {
        changes.iter().any(|one| one.contains(&format!("333344445555 moves from {way}")))
    };
    assert!(told(&changes, "accounts/ to member/"), "{changes:#?}");
    assert!(now["accounts/former.tf.json"].contains("account_333344445555"));
    let (_, changes) = after(&now, &special, Some(&found));
    assert!(told(&changes, "member/ to accounts/"), "{changes:#?}");
}

/// The last account of a root leaves: the root stays for its provider, with the variable that it needs.
#[test]
fn a_root_stays_for_the_provider_of_its_last_account() {
    let found = organization(&["111122223333", "222233334444", "333344445555"]);
    let head = "regions: [us-east-1]
accounts:
  - { organization: { role: ctguard } }
hub: { account: '222233334444', region: us-east-1 }
";
    let (before, _) = after(&Files::new(), head, Some(&found));
    let root = parsed(&before, "accounts/main.tf.json").unwrap();
    assert!(root["variable"]["own_account"].is_object());
    let (now, _) = after(&before, &head.replace("222233334444", "333344445555"), Some(&found));
    assert!(now["accounts/former.tf.json"].contains("var.own_account"));
    let root = parsed(&now, "accounts/main.tf.json").unwrap();
    assert!(root["variable"]["own_account"].is_object());
}

#[test]
fn a_folder_that_cannot_be_read_is_told() {
    let blueprint = read(LISTED, ALERTS);
    let export = export::export(&blueprint, &account(OWN), None, TODAY).unwrap();
    let former = Files::from([("accounts/main.tf.json".to_owned(), "{".to_owned())]);
    let files = super::files(&export, None, &former).unwrap();
    assert!(super::changes(&export, &former, &files)[0].contains("cannot be read"));
}

#[test]
fn regions_that_are_opted_in_to_and_a_trail() {
    let head = "regions: [us-east-1, me-south-1, af-south-1]
trail: { name: main, bucket: acme-logs, home_region: us-east-1, kms_key: 'arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-0000-0000-0000-000000000000' }
accounts: [{ id: '111122223333', name: Überblick }]
tags: { '${k}': 'v%{x}' }
";
    let head = head.replace("'${k}': 'v%{x}'", "'a+b': 'v=@'");
    holds("opt-in", &head, ALERTS, None);
}
