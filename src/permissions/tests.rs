use super::*;
use crate::blueprint::{Account, Accounts, AssumedRole, Hub, OrganizationAccounts};
use crate::scope::AccountId;
use std::collections::{BTreeMap, BTreeSet};

/// What the adapter's files say, so that a call added there and forgotten here is found.
fn adapter() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cloud/aws");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let code = |text: String| text.split("mod tests {").next().unwrap_or_default().to_owned();
    let texts = files.filter(|path| path.is_file()).map(std::fs::read_to_string);
    texts.map(|text| code(text.unwrap())).collect()
}

/// What stands in the adapter's files and needs no grant: whoever has credentials may ask whose they are,
/// and asking IAM what they may do is a courtesy that does without.
const UNGRANTED: [&str; 2] = ["iam:SimulatePrincipalPolicy", "sts:GetCallerIdentity"];

fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

/// A blueprint that uses everything there is.
fn blueprint() -> Blueprint {
    let role =
        |role: &str| AssumedRole { role: role.to_owned(), external_id: None, session_name: None };
    let listed = Account {
        id: account("222222222222"),
        name: None,
        role: Some(role("ops/ctguard")),
        omit: BTreeSet::new(),
        routes: BTreeMap::new(),
        span: None,
    };
    let organization = OrganizationAccounts {
        include_units: BTreeSet::from(["ou-ab12-11111111".to_owned()]),
        exclude: BTreeSet::new(),
        role: role("ctguard"),
        span: None,
    };
    Blueprint {
        accounts: Some(Accounts {
            listed: BTreeMap::from([(listed.id.clone(), listed)]),
            organization: Some(organization),
        }),
        hub: Some(Hub {
            account: account("111122223333"),
            region: Region::new("eu-west-1").unwrap(),
            organization: None,
            span: None,
        }),
        ..in_one_account()
    }
}

fn in_one_account() -> Blueprint {
    let text = "version: 1\nname: acme\nregions: [eu-west-1]\ntrail: { name: main, bucket: logs, home_region: eu-west-1 }\ndestinations: { func: { topic: func, format: json, subscribers: [{ lambda: 'arn:aws:lambda:eu-west-1:111122223333:function:triage' }] } }\nalerts: []\n";
    let loaded = crate::blueprint::load_text("b.yaml", text, None, jiff::civil::date(2026, 11, 22));
    loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

/// What stands in the text as `"service:Operation"`.
fn operations(text: &str) -> BTreeSet<String> {
    text.split('"')
        .filter(|word| {
            word.split_once(':').is_some_and(|(service, name)| {
                service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                    && name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.bytes().all(|b| b.is_ascii_alphanumeric())
            })
        })
        .map(str::to_owned)
        .collect()
}

/// What the calls of these operations are made on.
fn made_on(operation: &str) -> &'static str {
    let (service, name) = operation.split_once(':').unwrap();
    match (service, name) {
        ("events", "ListRules") => "arn:aws:events:eu-west-1:111122223333:rule/*",
        ("events", "ListEventBuses") => "?",
        ("events", "PutPermission") => "?",
        ("events", call) if call.ends_with("EventBus") => {
            "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme"
        }
        ("iam", _) => "arn:aws:iam::111122223333:role/ctguard-acme",
        ("sts", _) => "arn:aws:iam::222222222222:role/ops/ctguard",
        ("events", _) => "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-root-login",
        // AWS asks for these with no resource at all.
        ("sns", "GetSubscriptionAttributes" | "SetSubscriptionAttributes" | "Unsubscribe") => "?",
        ("sns", _) => "arn:aws:sns:eu-west-1:111122223333:ctguard-acme-secops",
        ("sqs", _) => "arn:aws:sqs:eu-west-1:111122223333:ctguard-acme-targets",
        ("cloudtrail", "DescribeTrails") => "?",
        ("cloudtrail", _) => "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main",
        ("s3", _) => "arn:aws:s3:::logs",
        ("lambda", _) => "arn:aws:lambda:eu-west-1:111122223333:function:triage:prod",
        ("kms", _) => "arn:aws:kms:eu-west-1:111122223333:key/1",
        _ => "?",
    }
}

/// The operations that a policy grants, each with its resources.
fn granted(purpose: Purpose) -> BTreeMap<String, Vec<String>> {
    granted_by(&document(&blueprint(), purpose))
}

fn granted_by(policy: &Value) -> BTreeMap<String, Vec<String>> {
    let mut granted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in policy::statements(policy) {
        for action in strings(&statement["Action"]) {
            let resources = strings(&statement["Resource"]).into_iter().map(str::to_owned);
            granted.entry(action.to_owned()).or_default().extend(resources);
        }
    }
    granted
}

fn writes() -> BTreeSet<String> {
    let port = include_str!("../cloud.rs");
    let names = port.split_once("pub fn operation(&self)").unwrap().1;
    operations(names.split_once("/// A call that did not succeed").unwrap().0)
}

fn reads() -> BTreeSet<String> {
    let all: BTreeSet<String> = adapter().iter().flat_map(|text| operations(text)).collect();
    all.difference(&writes()).filter(|name| !UNGRANTED.contains(&name.as_str())).cloned().collect()
}

fn allows(granted: &BTreeMap<String, Vec<String>>, operation: &str) -> bool {
    let glob = crate::cloud::sandbox::policy::glob;
    granted.get(operation).is_some_and(|resources| {
        resources.iter().any(|resource| resource == "*" || glob(resource, made_on(operation)))
    })
}

#[test]
fn every_call_is_granted_on_what_it_is_made_on() {
    assert!(writes().len() > 25 && reads().len() > 20, "the lists are not found in the sources");
    let (read, apply) = (granted(Purpose::Read), granted(Purpose::Apply));
    for operation in reads() {
        assert!(allows(&read, &operation), "the read policy does not grant {operation}");
        assert!(allows(&apply, &operation), "the apply policy does not grant {operation}");
    }
    for operation in writes() {
        assert!(allows(&apply, &operation), "the apply policy does not grant {operation}");
        assert!(!read.contains_key(&operation), "the read policy grants {operation}");
    }
}

#[test]
fn nothing_is_granted_that_is_not_called() {
    let called: BTreeSet<String> = reads().union(&writes()).cloned().collect();
    for operation in granted(Purpose::Apply).keys().filter(|name| *name != "iam:PassRole") {
        assert!(called.contains(operation), "{operation} is granted and never called");
    }
}

#[test]
fn nothing_of_others_can_be_written() {
    let apply = granted(Purpose::Apply);
    for operation in writes().iter().filter(|name| made_on(name) != "?") {
        let others = made_on(operation)
            .replace("acme", "other")
            .replace("logs", "theirs")
            .replace("trail/main", "trail/theirs");
        let reached = apply[operation]
            .iter()
            .any(|resource| crate::cloud::sandbox::policy::glob(resource, &others));
        assert!(!reached || operation == "cloudtrail:RemoveTags", "{operation} reaches {others}");
    }
}

#[test]
fn rules_of_the_hubs_bus_are_granted_as_those_of_the_default_one() {
    let apply = granted(Purpose::Apply);
    let glob = crate::cloud::sandbox::policy::glob;
    for operation in WRITE_RULES.iter().chain(READ_RULES) {
        let rule = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme/ctguard-acme-login";
        assert!(apply[*operation].iter().any(|arn| glob(arn, rule)), "{operation}");
        let other = rule.replace("/ctguard-acme/", "/theirs/");
        assert!(!apply[*operation].iter().any(|arn| glob(arn, &other)), "{operation}");
    }
}

#[test]
fn what_is_only_for_fleets_and_hubs_is_granted_only_there() {
    let one = granted_by(&document(&in_one_account(), Purpose::Apply));
    for operation in ["iam:PassRole", "iam:CreateRole", "iam:PutRolePolicy", "sts:AssumeRole"] {
        assert!(!one.contains_key(operation), "{operation}");
    }
    assert!(!one.keys().any(|operation| operation.starts_with("organizations:")));
    assert_eq!(one["iam:DeleteRole"], ["arn:aws:iam::*:role/ctguard-acme"]);
    // A role that is assumed does not go on from account to account.
    let inside = granted_by(&policy::document(in_account(&blueprint(), Purpose::Apply)));
    assert!(!inside.contains_key("sts:AssumeRole"));

    let fleet = granted(Purpose::Read);
    let roles = ["arn:aws:iam::*:role/ctguard", "arn:aws:iam::222222222222:role/ops/ctguard"];
    assert_eq!(fleet["sts:AssumeRole"], roles);
    assert!(fleet.contains_key("organizations:ListAccountsForParent"));
    let mut whole = blueprint();
    whole.accounts.as_mut().unwrap().organization.as_mut().unwrap().include_units.clear();
    let whole = granted_by(&document(&whole, Purpose::Read));
    assert!(whole.contains_key("organizations:ListAccounts"));
    assert!(!whole.contains_key("organizations:ListAccountsForParent"));
}

#[test]
fn the_role_is_passed_to_eventbridge_alone() {
    let policy = document(&blueprint(), Purpose::Apply);
    let passing: Vec<_> = policy::statements(&policy)
        .into_iter()
        .filter(|statement| strings(&statement["Action"]).contains(&"iam:PassRole"))
        .collect();
    assert_eq!(passing.len(), 1);
    assert_eq!(passing[0]["Resource"], "arn:aws:iam::*:role/ctguard-acme");
    let to = &passing[0]["Condition"]["StringEquals"]["iam:PassedToService"];
    assert_eq!(to, "events.amazonaws.com");
}

#[test]
fn what_is_asked_of_the_simulator_is_in_the_account_that_asks() {
    let place = Place::new(account("111122223333"), Region::new("eu-west-1").unwrap());
    let wanted = wanted(&blueprint(), Purpose::Apply, &place);
    let has = |operation: &str, resource: &str| {
        wanted.contains(&Permission {
            operation: operation.to_owned(),
            resource: resource.to_owned(),
        })
    };
    assert!(has("iam:CreateRole", "arn:aws:iam::111122223333:role/ctguard-acme"));
    assert!(has("sts:AssumeRole", "arn:aws:iam::222222222222:role/ops/ctguard"));
    let rule = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme/ctguard-acme-check";
    assert!(has("events:PutRule", rule));
    assert!(!wanted.iter().any(|permission| permission.operation == "iam:PassRole"));
}
